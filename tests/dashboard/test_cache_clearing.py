"""Dropping what is kept of cached functions, on the dashboard."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from dashboard import create_app
from dashboard.pages import cache_clearing
from store import Store, open_store
from tests.dashboard.caches import COUNTERS, counted, keep
from tests.dashboard.pages import Browser
from tests.dashboard.support import ODD_NAMES, SetBackClock, dump
from tests.dashboard.test_hostile_text import HOSTILE, MARKUP

STALE = "Drop expired and stale…"


@pytest.fixture
def rates(state: Store) -> Store:
    """A store with a cached function of two results, and something else."""
    counted(state, "rates", hits=7)
    keep(state, "rates", a=60, b=60)
    keep(state, "other", k=None)
    return state


def test_clearing_a_function_asks_first(rates: Store, browser: Browser) -> None:
    before = dump(rates)
    question = browser.get("/cache").click("Clear rate")

    assert question.content.one("h1").text == "Clear rate?"
    assert "This drops everything in the group “rates”: 2 entries." in question.text
    assert question.click("Close").path == "/cache/groups/rates"
    assert dump(rates) == before
    assert browser.get("/cache/groups/rates").click("Clear…").path == question.path


def test_clearing_a_function_drops_its_results_alone(rates: Store, browser: Browser) -> None:
    page = browser.get("/cache").click("Clear rate").submit("Clear 2 entries")

    assert (page.path, page.notice) == ("/cache", "Cleared rate: 2 entries dropped.")
    assert page.rows[0][1:4] == ["0", "0 B", "7"]
    assert list(dump(rates)) == ["other", COUNTERS]


def test_one_entry_is_dropped_in_two_clicks_and_a_yes(rates: Store, browser: Browser) -> None:
    before = dump(rates)
    question = browser.get("/cache").click("rate app.steps").click("Drop a")
    assert question.content.one("h1").text == "Drop a?"
    assert dump(rates) == before

    page = question.submit("Drop the entry")
    assert (page.path, page.notice) == ("/cache/groups/rates", "Dropped a.")
    assert page.column(0) == ["b"]
    assert rates.get_many("rates", ["a", "b"]) == {"b": {"n": 1}}


def test_an_entry_is_dropped_from_the_part_of_the_list_that_was_looked_at(rates: Store, browser: Browser) -> None:
    question = browser.get("/cache/groups/rates?search=a&sort=-key").click("Drop a")

    assert question.click("Close").path == "/cache/groups/rates?search=a&sort=-key"
    assert question.submit("Drop the entry").path == "/cache/groups/rates?search=a&sort=-key"


def test_an_entry_that_is_gone_meanwhile_is_said_to_be(rates: Store, browser: Browser) -> None:
    question = browser.get("/cache/groups/rates").click("Drop a")
    rates.delete("rates", "a")

    assert question.submit("Drop the entry").notice == "a had gone already."


def test_a_function_that_is_gone_meanwhile_is_not_found(rates: Store, browser: Browser) -> None:
    question = browser.get("/cache").click("Clear rate")
    rates.delete(COUNTERS, "rates")
    page = question.submit("Clear 2 entries")

    assert page.status == 404
    assert "No cached function is known to keep its results in “rates”." in page.text
    assert page.click("All cached functions").path == "/cache"
    assert len(rates.list("rates")) == 2


def test_a_run_that_is_under_way_is_not_kept_then(state: Store, browser: Browser) -> None:
    began, end = threading.Event(), threading.Event()

    @state.cached("slow", ttl=60)
    def slow() -> int:
        began.set()
        assert end.wait(20)
        return 1

    caller = threading.Thread(target=slow)
    caller.start()
    assert began.wait(20)
    browser.post("/cache/groups/slow/clear")
    end.set()
    caller.join()

    assert state.list("slow") == []


@pytest.fixture
def old(url: str, client: Any, clock: SetBackClock) -> Iterator[Store]:
    """A store with fresh, stale and expired entries, in a file: memory drops what has expired at the next write."""
    clock.behind = 100
    with open_store(url, clock=clock, sweep_interval=None) as state:
        counted(state, "rates", stale=600)
        counted(state, "brief")
        keep(state, "brief", expired=1)
        keep(state, "other", expired=1, kept=60 * 60)
        clock.behind = 0
        keep(state, "rates", fresh=700, stale=590, staler=10, kept=None)
        client.app.state.store = state
        yield state


def test_expired_and_stale_entries_are_dropped_after_a_question(old: Store, browser: Browser) -> None:
    question = browser.get("/cache").click(STALE)
    assert question.content.one("h1").text == "Drop everything expired and stale?"
    assert question.click("Close").path == "/cache"
    assert len(old.list("rates")) == 4

    page = question.submit("Drop it")
    assert (page.path, page.notice) == ("/cache", "Dropped 2 stale results and swept 2 expired items.")
    assert [item.key for item in old.items("rates").items] == ["fresh", "kept"]
    assert len(old.list("other")) == 1


def test_what_is_too_much_for_a_page_is_dropped_in_parts(
    old: Store, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache_clearing, "AT_ONCE", 1)
    page = browser.get("/cache/stale").submit("Drop it")

    assert "Dropped 1 stale result and swept" in page.notice
    assert page.notice.endswith("There may be more that is stale: drop again.")
    assert [item.key for item in old.items("rates").items] == ["fresh", "kept", "stale"]


FORMS = ["/cache/stale", "/cache/groups/rates/clear", "/cache/groups/rates/entries/a/drop"]


@pytest.mark.parametrize("path", FORMS)
@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}])
def test_another_site_drops_nothing(rates: Store, client: TestClient, path: str, headers: dict[str, str]) -> None:
    counted(rates, "rates", stale=600)
    before = dump(rates)

    assert client.post(path, headers=headers).status_code == 403
    assert dump(rates) == before


@pytest.mark.parametrize("path", FORMS)
def test_a_link_drops_nothing(rates: Store, browser: Browser, path: str) -> None:
    before = dump(rates)

    assert browser.get(path).status == 200
    assert dump(rates) == before


@pytest.mark.parametrize("path", ["/cache", "/cache/groups/rates", *FORMS[1:]])
def test_a_closed_store_is_said_to_be(rates: Store, browser: Browser, path: str) -> None:
    rates.close()

    for answer in (browser.get(path), browser.post("/cache/stale")):
        assert answer.status == 503
        assert "The store does not answer" in answer.text


@pytest.mark.parametrize("name", ODD_NAMES)
def test_entries_and_functions_of_any_name_are_dropped(state: Store, browser: Browser, name: str) -> None:
    counted(state, name)
    state.set_many(name, {name: 1, "another": 1}, ttl=60)
    page = browser.get("/cache").click("rate app.steps")
    (drop,) = [
        node for node in page.content.all("a") if node.label.startswith("Drop ") and node.label != "Drop another"
    ]

    assert browser.get(drop.attrs["href"]).submit("Drop the entry").notice.startswith("Dropped ")
    assert state.get_many(name, [name, "another"]) == {"another": 1}
    assert page.click("Clear…").submit("Clear 1 entry").notice == "Cleared rate: 1 entry dropped."
    assert list(dump(state)) == [COUNTERS]


@pytest.mark.parametrize("part", [False, True])
def test_hostile_text_is_never_markup(state: Store, client: Any, part: bool) -> None:
    counted(state, HOSTILE, HOSTILE, stale=10)
    state.set(HOSTILE, HOSTILE, HOSTILE, ttl=60)
    browser = Browser(client, part=part)
    page = browser.get("/cache")
    links = page.content.one("tbody").all("a")
    function, clear = (browser.get(links[place].attrs["href"]) for place in (0, -1))
    drop = browser.get(function.content.one("tbody").all("a")[-1].attrs["href"])
    searched = page.submit("Search", search=f"{HOSTILE}x")
    answers = [page, function, clear, drop, searched]
    answers += [browser.get(f"{function.path}x"), drop.submit("Drop the entry"), clear.submit("Clear 1 entry")]

    for answer in answers:
        assert not [text for text in MARKUP if text in answer.source], answer.url
        assert "alert" in answer.text, answer.url


def test_everything_works_under_the_path_of_another_application(rates: Store) -> None:
    with TestClient(Starlette(routes=[Mount("/tools", create_app(rates))])) as client:
        page = Browser(client, "/tools").get("/tools/cache").click("rate app.steps")
        page = page.click("Drop a").submit("Drop the entry").click("Clear…").submit("Clear 1 entry")
        assert page.click(STALE).submit("Drop it").path == "/tools/cache"
    assert list(dump(rates)) == ["other", COUNTERS]
