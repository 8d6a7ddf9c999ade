from __future__ import annotations

from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from store import Store, open_store
from tests.dashboard.pages import Browser, Page
from tests.dashboard.support import SetBackClock


def names_of_all_pages(page: Page, column: int = 0) -> list[str]:
    names = page.column(column)
    while page.has("Next page »"):
        page = page.click("Next page »")
        assert page.has("« First page")
        names += page.column(column)
    return names


def test_an_empty_store_says_how_to_begin(browser: Browser) -> None:
    page = browser.get("/")

    assert "The store is empty" in page.text
    assert page.click("add one here").path == "/add"


def test_a_group_is_shown_with_its_count_and_size(state: Store, browser: Browser) -> None:
    state.set_many("orders", {f"o{n}": "x" * 510 for n in range(1000)})

    assert browser.get("/").rows == [["orders", "1,000", "500 KB", "idle 0 s", "never", "open"]]


def test_a_group_is_shown_with_how_long_it_is_idle(state: Store, browser: Browser, clock: SetBackClock) -> None:
    clock.behind = 3 * 3600 + 60
    state.set("old", "k", 1)
    clock.behind = 0
    state.set("new", "k", 1)

    assert [(row[0], row[3]) for row in browser.get("/").rows] == [("new", "idle 0 s"), ("old", "idle 3 h")]


def test_a_group_is_shown_with_its_next_expiry(state: Store, browser: Browser) -> None:
    state.set("g", "later", 1, ttl=7200)
    state.set("g", "sooner", 1, ttl=290.9)
    state.set("g", "never", 1)

    assert browser.get("/").rows[0][4] == "4:50"


def test_an_expired_item_is_not_counted(state: Store, browser: Browser, clock: SetBackClock) -> None:
    state.set("g", "k", 1, ttl=5)
    state.set("g", "other", 1)
    clock.behind = -6

    assert browser.get("/").rows[0][1] == "1"


def test_a_finished_group_is_marked(state: Store, browser: Browser) -> None:
    state.set("wf-1", "k", 1)
    state.finish("wf-1")

    assert browser.get("/").rows[0][5] == "finished"


def test_a_group_with_a_default_ttl_shows_it(state: Store, browser: Browser) -> None:
    state.configure("g", default_ttl=300)

    assert browser.get("/").rows == [["g", "0", "0 B", "idle 0 s", "never", "open TTL 5m"]]


def test_a_groups_name_leads_to_it(state: Store, browser: Browser) -> None:
    state.set("orders", "k", 1)

    assert browser.get("/").click("orders").content.one("h1").text == "orders"


def test_search_finds_groups_by_a_part_of_their_name(state: Store, browser: Browser) -> None:
    for name in ("orders", "ORDER-logs", "reports", "100%"):
        state.set(name, "k", 1)
    page = browser.get("/")

    assert page.submit("Search", search="order").column(0) == ["ORDER-logs", "orders"]
    assert page.submit("Search", search="%").column(0) == ["100%"]
    assert page.submit("Search", search=" order ").field("search") == "order"


def test_a_search_without_a_hit_says_so_and_leads_back(state: Store, browser: Browser) -> None:
    state.set("orders", "k", 1)
    page = browser.get("/").submit("Search", search="<nothing>")

    assert "No group’s name contains “<nothing>”." in page.text
    assert page.click("Show all groups").column(0) == ["orders"]


@pytest.mark.parametrize(
    ("head", "first", "second"),
    [
        ("Group ▲", ["c", "b", "a"], ["a", "b", "c"]),
        ("Items", ["b", "a", "c"], ["a", "c", "b"]),
        ("Size", ["c", "b", "a"], ["a", "b", "c"]),
        ("Last change", ["c", "b", "a"], ["a", "b", "c"]),
        ("Next expiry", ["b", "a", "c"], ["a", "c", "b"]),
    ],
)
def test_a_click_on_a_columns_head_sorts_by_it_and_another_turns_it_round(
    state: Store, browser: Browser, clock: SetBackClock, head: str, first: list[str], second: list[str]
) -> None:
    clock.behind = 600
    state.set("a", "k", 1)
    clock.behind = 300
    state.set_many("b", {"k": 1, "l": 2}, ttl=3600)
    clock.behind = 0
    state.set("c", "k", "long text")
    once = browser.get("/").click(head)
    twice = once.click(next(th.text for th in once.tree.all("th") if "aria-sort" in th.attrs))

    assert [once.column(0), twice.column(0)] == [first, second]
    assert once.tree.one("th", aria_sort="ascending" if head == "Next expiry" else "descending").text[:-2] in head
    twice.tree.one("th", aria_sort="descending" if head == "Next expiry" else "ascending")


def test_search_keeps_the_order(state: Store, browser: Browser) -> None:
    for name in ("a1", "a2", "b"):
        state.set(name, "k", 1)
    page = browser.get("/").click("Group ▲").submit("Search", search="a")

    assert page.column(0) == ["a2", "a1"]
    assert page.click("Group ▼").column(0) == ["a1", "a2"]


@pytest.mark.parametrize("sort", ["id", "-id", "items", "-items", "updated", "expires", "-size", "created"])
def test_walking_all_pages_shows_every_group_once(state: Store, browser: Browser, sort: str) -> None:
    expected = {f"g{number:03}" for number in range(230)}
    for number, name in enumerate(sorted(expected)):
        state.set_many(name, {str(key): 1 for key in range(1 + number % 3)}, ttl=60 + number % 5)
    names = names_of_all_pages(browser.get(f"/?sort={sort}"))

    assert len(names) == 230
    assert set(names) == expected


def test_pages_keep_the_search(state: Store, browser: Browser) -> None:
    for number in range(120):
        state.set(f"a{number:03}", "k", 1)
        state.set(f"b{number:03}", "k", 1)
    page = browser.get("/").submit("Search", search="a")

    assert names_of_all_pages(page) == [f"a{number:03}" for number in range(120)]
    assert page.click("Next page »").click("« First page").column(0) == page.column(0)


def test_a_page_behind_the_last_group_does_not_say_that_the_store_is_empty(state: Store, browser: Browser) -> None:
    for number in range(120):
        state.set(f"g{number:03}", "k", 1)
    behind = browser.get("/").link("Next page »")
    for number in range(50, 120):
        state.clear(f"g{number:03}")
    page = browser.get(behind)

    assert "The store is empty" not in page.text
    assert page.click("First page").rows


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("sort=colour", "Cannot sort by 'colour'; sorts are id, items, size, created, updated, expires"),
        ("after=nonsense", "After is not a page token of this store."),
        ("sort=size&after=WyJpZCIsImEiLCJhIl0", "After was made for sort='id', not for sort='size'."),
    ],
)
def test_an_address_that_asks_for_no_list_is_refused_in_words(browser: Browser, query: str, message: str) -> None:
    page = browser.get(f"/?{query}")

    assert page.status == 400
    assert message in page.text
    assert page.click("All groups").status == 200


def test_the_page_names_the_store(browser: Browser) -> None:
    assert browser.get("/").tree.one(class_="where").text == "memory"


def test_navigation_shows_where_one_is(browser: Browser) -> None:
    assert [node.text for node in browser.get("/").tree.one("nav", aria_label="Pages").all(class_="on")] == ["Groups"]


def test_counts_that_may_hold_expired_items_are_marked(client: TestClient, clock: SetBackClock, tmp_path: Path) -> None:
    clock.behind = 100
    with open_store(f"sqlite:///{tmp_path}/state.db", clock=clock, sweep_interval=None) as state:
        assert isinstance(client.app, Starlette)
        client.app.state.store = state
        state.set_many("orders", {str(number): 1 for number in range(10_001)}, ttl=10)
        state.set("orders", "stays", 1)
        assert Browser(client).get("/").column(1) == ["10,002"]
        clock.behind = 0
        assert Browser(client).get("/").column(1) == ["≈ 2"]
        state.sweep()
        assert Browser(client).get("/").column(1) == ["1"]
