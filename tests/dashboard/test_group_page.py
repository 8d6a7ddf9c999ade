from __future__ import annotations

import pytest

from store import Store
from tests.dashboard.pages import Browser, Page
from tests.dashboard.support import SetBackClock


def keys_of_all_pages(page: Page) -> list[str]:
    keys = page.column(1)
    while page.has("Next page »"):
        page = page.click("Next page »")
        keys += page.column(1)
    return keys


def test_the_head_sums_the_group_up(state: Store, browser: Browser, clock: SetBackClock) -> None:
    clock.behind = 2 * 3600
    state.configure("orders", default_ttl=100_000)
    state.set("orders", "a", "x" * 98, ttl=7200 + 290.9)
    state.set("orders", "b", "x" * 98)
    state.finish("orders", keep_for=86400)
    clock.behind = 0
    head = browser.get("/groups/orders").content

    assert head.one("h1").text == "orders finished"
    line = head.all("p")[0].text
    assert line.startswith(
        "2 items · 200 B · changed 2 h ago · next expiry in 4:50 · default TTL 100000s · will be cleared in "
    )
    assert line.endswith("21 h 59 min")


def test_an_item_is_shown_with_preview_type_size_ttl_and_change(
    state: Store, browser: Browser, clock: SetBackClock
) -> None:
    clock.behind = 300
    order = {"id": "o-1", "status": "paid", "total": 9.5, "customer": {"name": "Ada"}, "items": [1, 2], "note": None}
    state.set("orders", "o-1", order, ttl=900.9)
    clock.behind = 0

    (row,) = browser.get("/groups/orders?columns=value").rows
    assert row[1:3] == ["o-1", 'status "paid" total 9.5 customer {"name":"Ada"} items [1,2] +1']
    assert row[3:] == ["object", "92 B", "10:00", "5 min"]


def test_every_type_of_value_has_its_name(state: Store, browser: Browser) -> None:
    state.set_many("g", {"1": None, "2": True, "3": 1.5, "4": "text", "5": [], "6": {}})

    assert browser.get("/groups/g").column(3) == ["null", "boolean", "number", "string", "array", "object"]


def test_big_integers_are_exact_in_the_preview(state: Store, browser: Browser) -> None:
    state.set("g", "k", {"a": 9007199254740993, "b": 18446744073709551615})

    assert browser.get("/groups/g?columns=value").column(2) == ["a 9007199254740993 b 18446744073709551615"]


def test_search_finds_items_by_a_part_of_their_key(state: Store, browser: Browser) -> None:
    state.set_many("g", {"order-1": 1, "ORDER-2": 1, "other": 1, "100%": 1})
    page = browser.get("/groups/g")

    assert page.submit("Search", search="order").column(1) == ["ORDER-2", "order-1"]
    assert page.submit("Search", search="%").column(1) == ["100%"]
    none = page.submit("Search", search="nothing")
    assert "No key contains “nothing”." in none.text
    assert len(none.click("Show all items").rows) == 4


@pytest.mark.parametrize(
    ("head", "first"),
    [("Key ▲", ["c", "b", "a"]), ("Size", ["b", "c", "a"]), ("TTL", ["c", "a", "b"]), ("Changed", ["c", "b", "a"])],
)
def test_a_click_on_a_columns_head_sorts_and_another_turns_it_round(
    state: Store, browser: Browser, clock: SetBackClock, head: str, first: list[str]
) -> None:
    clock.behind = 60
    state.set("g", "a", 1, ttl=7200)
    clock.behind = 30
    state.set("g", "b", "the longest")
    clock.behind = 0
    state.set("g", "c", "long", ttl=600)
    once = browser.get("/groups/g").click(head)
    (sorted_by,) = [node for node in once.tree.all("th") if "aria-sort" in node.attrs]

    assert once.column(1) == first
    assert once.click(sorted_by.text).column(1) == first[::-1]


@pytest.mark.parametrize("sort", ["key", "-key", "size", "-size", "updated", "-updated", "expires", "-expires"])
def test_walking_all_pages_shows_every_item_once(state: Store, browser: Browser, sort: str) -> None:
    expected = {f"k{number:03}" for number in range(170)}
    for number, key in enumerate(sorted(expected)):
        state.set("g", key, "x" * (number % 3), ttl=3600 + number % 2)
    keys = keys_of_all_pages(browser.get(f"/groups/g?sort={sort}"))

    assert len(keys) == 170
    assert set(keys) == expected


def test_pages_keep_search_and_order(state: Store, browser: Browser) -> None:
    state.set_many("g", {f"{letter}{number:03}": 1 for letter in "ab" for number in range(70)})
    page = browser.get("/groups/g?sort=-key").submit("Search", search="a")
    second = page.click("Next page »")

    assert keys_of_all_pages(page) == [f"a{number:03}" for number in reversed(range(70))]
    assert second.click("« First page").column(1) == page.column(1)
    assert second.click("a005").click("Close").column(1) == second.column(1)


@pytest.mark.parametrize("search", ["", "k"])
def test_a_page_behind_the_last_item_says_so_and_leads_back(state: Store, browser: Browser, search: str) -> None:
    state.set_many("g", {f"k{number:02}": 1 for number in range(60)})
    behind = browser.get(f"/groups/g?search={search}").link("Next page »")
    state.delete_many("g", [f"k{number:02}" for number in range(10, 60)])
    page = browser.get(behind)

    assert "There is nothing more behind this page." in page.text
    assert len(page.click("First page").rows) == 10


def test_a_group_without_items_offers_to_add_one(state: Store, browser: Browser) -> None:
    state.configure("g", default_ttl=60)
    page = browser.get("/groups/g")

    assert "This group holds no items." in page.text
    assert page.click("Add one").path == "/groups/g/add"


def test_the_other_groups_stand_beside_it(state: Store, browser: Browser) -> None:
    for name in ("a", "b", "c"):
        state.set(name, "k", 1)
    aside = browser.get("/groups/b").tree.one("aside")

    assert [node.text for node in aside.all(class_="n")] == ["a", "b", "c"]
    assert aside.one("a", aria_current="true").text == "b1"


def test_a_group_beyond_the_sidebar_stands_there_nevertheless(state: Store, browser: Browser) -> None:
    for number in range(80):
        state.set(f"g{number:02}", "k", 1)
    page = browser.get("/groups/g79")

    assert page.tree.one("aside").one("a", aria_current="true").text == "g791"
    assert page.click("All groups").path == "/"


def test_after_the_last_item_the_list_of_groups_follows(state: Store, browser: Browser) -> None:
    state.set("g", "k", 1)
    page = browser.get("/groups/g/items/k").submit("Delete")

    assert (page.status, page.path, page.notice) == (200, "/", "Deleted k.")


def test_a_notice_is_shown_once(state: Store, browser: Browser) -> None:
    state.set_many("g", {"a": 1, "b": 2})

    assert browser.get("/groups/g/items/a").submit("Delete").notice == "Deleted a."
    assert browser.get("/groups/g").notice == ""
