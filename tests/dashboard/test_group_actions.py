"""What is done to a whole group: clearing, finishing, settings."""

from __future__ import annotations

import pytest

from store import Store
from tests.dashboard.pages import Browser
from tests.dashboard.support import dump


def test_clearing_asks_first(state: Store, browser: Browser) -> None:
    state.set_many("g", {f"k{number:04}": "x" * 98 for number in range(1200)})
    before = dump(state)
    question = browser.get("/groups/g").click("Clear…")

    assert question.side.one("h2").text == "Clear g?"
    assert (
        "This removes everything in the group: 1,200 items, 117 KB of JSON now. "
        "It can be undone for 10 minutes." in question.side.text
    )
    assert dump(state) == before


def test_clearing_removes_all_items(state: Store, browser: Browser) -> None:
    state.set_many("g", {"a": 1, "b": 2})
    state.set("other", "k", 1)
    page = browser.get("/groups/g").click("Clear…").submit("Clear 2 items")

    assert (page.path, page.notice) == ("/", "Cleared g: 2 items removed.")
    assert list(dump(state)) == ["other"]


def test_clearing_keeps_the_default_ttl_and_says_so(state: Store, browser: Browser) -> None:
    state.configure("g", default_ttl=300)
    state.set("g", "k", 1)
    question = browser.get("/groups/g").click("Clear…")

    assert "The default TTL of 5m stays." in question.side.text
    page = question.submit("Clear 1 item")
    assert (page.path, page.notice) == ("/groups/g", "Cleared g: 1 item removed.")
    assert dump(state) == {"g": (300, None, [])}


def test_closing_the_question_clears_nothing(state: Store, browser: Browser) -> None:
    state.set("g", "k", 1)
    page = browser.get("/groups/g?sort=-key").click("Clear…").click("Close")

    assert page.path == "/groups/g?sort=-key"
    assert state.get("g", "k") == 1


def test_finishing_and_reopening(state: Store, browser: Browser) -> None:
    state.set("g", "k", 1)
    finished = browser.get("/groups/g").submit("Finish")

    assert "g is marked finished" in finished.notice
    assert finished.content.one("h1").text == "g finished"
    assert not finished.has("Finish")
    assert state.groups().items[0].finished_at

    opened = finished.submit("Reopen")
    assert opened.notice == "g is open again."
    assert opened.content.one("h1").text == "g"
    assert not state.groups().items[0].finished_at


@pytest.mark.parametrize("action", ["Finish", "Reopen"])
def test_marking_a_group_that_is_gone_says_so(state: Store, browser: Browser, action: str) -> None:
    state.set("g", "k", 1)
    if action == "Reopen":
        state.finish("g")
    page = browser.get("/groups/g")
    state.clear("g")
    after = page.submit(action)

    assert after.status == 404
    assert "There is no group “g”." in after.text
    assert dump(state) == {}


@pytest.mark.parametrize(
    ("typed", "seconds", "shown", "notice"),
    [
        ("5m", 300, "5m", "New items of g expire after 5m unless they name a TTL."),
        (" 90 ", 90, "90s", "New items of g expire after 90s unless they name a TTL."),
        ("0.5s", 0.5, "0.5s", "New items of g expire after 0.5s unless they name a TTL."),
        ("1234567", 1234567, "1234567s", "New items of g expire after 1234567s unless they name a TTL."),
        ("never", None, "never", "New items of g have no expiry unless they name a TTL."),
    ],
)
def test_setting_the_default_ttl(
    state: Store, browser: Browser, typed: str, seconds: float | None, shown: str, notice: str
) -> None:
    state.set("g", "k", 1)
    state.configure("g", default_ttl=7)
    form = browser.get("/groups/g").click("Settings")
    page = form.submit("Save", default_ttl=typed)

    assert form.field("default_ttl") == "7s"
    assert page.notice == notice
    assert dump(state)["g"][0] == seconds
    assert state.ttl("g", "k") == float("inf")
    assert page.click("Settings").field("default_ttl") == shown


def test_settings_saved_unchanged_change_nothing(state: Store, browser: Browser) -> None:
    state.set("g", "k", 1)
    for seconds in (None, 0.001, 90, 100_000.5, 1_234_567):
        state.configure("g", default_ttl=seconds)
        assert browser.get("/groups/g").click("Settings").submit("Save").status == 200
        assert dump(state)["g"][0] == seconds


@pytest.mark.parametrize("typed", ["soon", "", "0", "-1", "nan", "<b>"])
def test_a_bad_default_ttl_is_refused_and_kept(state: Store, browser: Browser, typed: str) -> None:
    state.set("g", "k", 1)
    state.configure("g", default_ttl=60)
    page = browser.get("/groups/g").click("Settings").submit("Save", default_ttl=typed)

    assert page.status == 422
    assert page.field("default_ttl") == typed
    assert len(page.errors) == 1
    assert dump(state)["g"][0] == 60


@pytest.mark.parametrize("action", ["", "/clear", "/settings"])
def test_an_unknown_group_is_not_found(browser: Browser, action: str) -> None:
    page = browser.get(f"/groups/unknown{action}")

    assert page.status == 404
    assert "There is no group “unknown”. It may have expired or been cleared." in page.text
    assert page.click("All groups").path == "/"


@pytest.mark.parametrize("action", ["delete", "clear", "finish", "reopen"])
def test_doing_something_to_an_unknown_group_makes_none(state: Store, browser: Browser, action: str) -> None:
    page = browser.post(f"/groups/unknown/{action}", {"key": "k"})

    assert page.status == 404
    assert dump(state) == {}


def test_settings_may_be_saved_for_a_group_that_emptied_meanwhile(state: Store, browser: Browser) -> None:
    state.set("g", "k", 1)
    form = browser.get("/groups/g").click("Settings")
    state.clear("g")

    assert form.submit("Save", default_ttl="soon").status == 422
    assert form.submit("Save", default_ttl="5m").path == "/groups/g"
    assert dump(state) == {"g": (300, None, [])}
