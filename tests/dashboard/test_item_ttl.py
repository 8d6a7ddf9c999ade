"""The form for an item's TTL."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import pytest

from store import Store
from tests.dashboard.pages import Browser

ITEM = "/groups/g/items/k"


def left(state: Store) -> float:
    seconds = state.ttl("g", "k")
    assert seconds is not None
    return seconds


@pytest.mark.parametrize(
    ("preset", "seconds", "told"),
    [
        ("5m", 300, "k expires in 5 min."),
        ("1h", 3600, "k expires in 1 h."),
        ("1d", 86400, "k expires in 1 d."),
        ("never", math.inf, "k never expires."),
    ],
)
def test_a_preset_is_one_press(state: Store, browser: Browser, preset: str, seconds: float, told: str) -> None:
    state.set("g", "k", 1, ttl=60)
    page = browser.get(ITEM).submit(preset, ttl="typed, but not pressed")

    assert page.notice == told
    assert left(state) == seconds or 0 <= seconds - left(state) < 5


def test_enter_presses_the_button_for_what_is_typed(state: Store, browser: Browser) -> None:
    state.set("g", "k", 1)
    (form,) = browser.get(ITEM).side.all("form", class_="expiry")

    assert form.all("button")[0].text == "Set TTL"


def test_a_plus_adds_to_the_time_left(state: Store, browser: Browser) -> None:
    state.set("g", "k", 1, ttl=3600)
    page = browser.get(ITEM).submit("+10m")

    assert page.notice in ("k expires in 1 h 10 min.", "k expires in 1 h 9 min.")
    assert 4190 < left(state) <= 4200


def test_what_never_expires_cannot_be_extended(state: Store, browser: Browser) -> None:
    state.set("g", "k", 1)
    page = browser.get(ITEM).submit("Set TTL", ttl="+10m")

    assert page.status == 422
    assert page.errors == ["The item never expires, so there is no time to extend; write when it is to expire."]
    assert page.field("ttl") == "+10m"
    assert left(state) == math.inf


def test_a_moment_is_in_the_zone_that_the_browser_sends(state: Store, browser: Browser) -> None:
    state.set("g", "k", 1)
    at = (datetime.now(UTC) + timedelta(hours=5)).strftime("%Y-%m-%d %H:%M:%S")
    page = browser.get(ITEM).submit("Set TTL", ttl=at, zone="Nowhere/Town +02:00")

    assert "UTC" not in page.notice
    assert 3 * 3600 - 10 < left(state) <= 3 * 3600


def test_a_moment_is_in_utc_without_javascript_and_that_is_said(state: Store, browser: Browser) -> None:
    state.set("g", "k", 1)
    at = (datetime.now(UTC) + timedelta(hours=5)).strftime("%Y-%m-%d %H:%M:%S")
    page = browser.get(ITEM)

    assert "A time without a zone is in UTC." in page.side.text
    assert page.submit("Set TTL", ttl=f"{at}Z").notice in ("k expires in 4 h 59 min.", "k expires in 5 h.")
    assert page.submit("Set TTL", ttl=at).notice.endswith(". A time without a zone is taken as UTC.")
    assert 5 * 3600 - 10 < left(state) <= 5 * 3600


def test_what_is_no_time_is_told_what_is_allowed(state: Store, browser: Browser) -> None:
    state.set("g", "k", 1)
    (error,) = browser.get(ITEM).submit("Set TTL", ttl="soon").errors

    assert "1h 30m" in error
    assert "2026-11-25 14:00" in error
    assert "+10m" in error


@pytest.mark.parametrize("ttl", ["5m", "soon"])
@pytest.mark.parametrize("path", ["/json?from=20", "?at=%5B%22a%22%5D&from=100"])
def test_the_view_of_the_value_stays(state: Store, browser: Browser, ttl: str, path: str) -> None:
    state.set("g", "k", {"a": list(range(300))})
    before = browser.get(f"{ITEM}{path}&sort=-key")
    after = before.submit("Set TTL", ttl=ttl)

    assert after.side.one("a", aria_current="page").text == before.side.one("a", aria_current="page").text
    assert [node.text for node in after.side.all(class_="way")] == [node.text for node in before.side.all(class_="way")]
    assert "sort=-key" in after.link("Edit")
    if ttl == "5m":
        assert after.path == before.path
