"""Contract: keyset pages over items and groups, searching and sorting items, and bad queries."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from store import InvalidArgument, Item, Page, Store
from tests.conftest import ManualClock
from tests.store.support import walk

ITEM_SORTS = ["key", "size", "created", "updated", "expires"]
GROUP_SORTS = ["id", "items", "size", "created", "updated", "expires"]
DIRECTIONS = ["", "-"]


def fill(state: Store, clock: ManualClock) -> None:
    """23 items of group g with many ties in every sort."""
    for number in range(23):
        clock.now += number % 3 == 0
        ttl = None if number % 4 == 0 else 100 + number % 3
        state.set("g", f"key-{number * 7 % 23:02}", "x" * (number % 4), ttl=ttl)
    for number in range(0, 23, 5):
        state.set("g", f"key-{number:02}", number, ttl=100)


def item_keys(page: Page[Item]) -> list[str]:
    return [item.key for item in page.items]


def item_order(item: Item, sort: str) -> Any:
    expires = 2.0**62 if item.expires_at is None else item.expires_at.timestamp()
    by = {
        "key": 0,
        "size": item.size,
        "created": item.created_at.timestamp(),
        "updated": item.updated_at.timestamp(),
        "expires": expires,
    }
    return by[sort]


@pytest.mark.parametrize("direction", DIRECTIONS, ids=["ascending", "descending"])
@pytest.mark.parametrize("sort", ITEM_SORTS)
def test_items_are_sorted_with_ties_in_key_order(state: Store, clock: ManualClock, sort: str, direction: str) -> None:
    fill(state, clock)
    wanted = sorted(state.items("g").items, key=lambda item: item.key, reverse=direction + sort == "-key")
    wanted.sort(key=lambda item: item_order(item, sort), reverse=bool(direction))
    assert state.items("g", sort=direction + sort).items == wanted


@pytest.mark.parametrize("limit", [1, 2, 5, 22, 23, 24])
@pytest.mark.parametrize("direction", DIRECTIONS, ids=["ascending", "descending"])
@pytest.mark.parametrize("sort", ITEM_SORTS)
def test_pages_of_items_cover_all_exactly_once(
    state: Store, clock: ManualClock, sort: str, direction: str, limit: int
) -> None:
    fill(state, clock)
    sort = direction + sort
    whole = state.items("g", sort=sort)
    assert whole.next is None
    assert len(whole.items) == 23
    assert walk(lambda after: state.items("g", sort=sort, after=after, limit=limit)) == whole.items


@pytest.mark.parametrize("limit", [1, 3, 11, 12])
@pytest.mark.parametrize("direction", DIRECTIONS, ids=["ascending", "descending"])
@pytest.mark.parametrize("sort", GROUP_SORTS)
def test_pages_of_groups_cover_all_exactly_once(
    state: Store, clock: ManualClock, sort: str, direction: str, limit: int
) -> None:
    for number in range(12):
        clock.now += number % 2
        group = f"group-{number * 5 % 12:02}"
        for item in range(number % 3):
            state.set(group, str(item), "x" * (number % 2), ttl=100 + number % 2 if number % 4 else None)
        if number % 3 == 0:
            state.configure(group, default_ttl=60)
    sort = direction + sort
    whole = state.groups(sort=sort)
    assert whole.next is None
    assert len(whole.items) == 12
    assert walk(lambda after: state.groups(sort=sort, after=after, limit=limit)) == whole.items


def test_a_page_is_as_long_as_asked_for(state: Store) -> None:
    state.set_many("g", {str(number): 1 for number in range(10)})
    page = state.items("g", limit=4)
    assert item_keys(page) == ["0", "1", "2", "3"]
    assert page.next is not None
    page = state.items("g", limit=6, after=page.next)
    assert item_keys(page) == ["4", "5", "6", "7", "8", "9"]
    assert page.next is None


def test_a_page_has_100_rows_unless_told_otherwise(state: Store) -> None:
    state.set_many("g", {f"{number:03}": 1 for number in range(101)})
    assert len(state.items("g").items) == 100
    assert len(state.items("g", limit=1000).items) == 101


def test_a_group_that_is_not_there_has_an_empty_page(state: Store) -> None:
    assert state.items("nowhere") == Page([], None)


@pytest.mark.parametrize("direction", DIRECTIONS, ids=["ascending", "descending"])
def test_items_that_stay_are_seen_once_while_others_come_and_go(state: Store, direction: str) -> None:
    state.set_many("g", {f"{number:02}": 1 for number in range(0, 40, 2)})
    sort = f"{direction}key"
    seen: list[str] = []
    after = None
    while True:
        page = state.items("g", sort=sort, after=after, limit=3)
        seen += item_keys(page)
        if page.next is None or len(seen) > 1000:
            break
        after = page.next
        last = int(page.items[-1].key)
        state.delete("g", f"{last:02}")  # the row that the token names
        state.set("g", f"{last + 1:02}", 1)  # beside it, on either side
        state.set("g", f"{max(last - 1, 0):02}", 1)
    assert len(seen) == len(set(seen))
    assert {f"{number:02}" for number in range(0, 40, 2)} <= set(seen)


def test_groups_that_stay_are_seen_once_while_others_come_and_go(state: Store) -> None:
    for number in range(0, 20, 2):
        state.set(f"{number:02}", "k", 1)
    seen: list[str] = []
    after = None
    while True:
        page = state.groups(sort="size", after=after, limit=3)
        seen += [group.id for group in page.items]
        if page.next is None or len(seen) > 1000:
            break
        after = page.next
        state.clear(page.items[-1].id)
        state.set(f"{int(page.items[-1].id) + 1:02}", "k", 1)
    assert len(seen) == len(set(seen))
    assert {f"{number:02}" for number in range(0, 20, 2)} <= set(seen)


@pytest.mark.parametrize("sort", ["expires", "-expires"])
def test_items_that_expire_between_pages_are_left_out(state: Store, clock: ManualClock, sort: str) -> None:
    for number in range(6):
        state.set("g", str(number), 1, ttl=10 + number)
    first = state.items("g", sort=sort, limit=2)
    clock.advance(13)
    rest = state.items("g", sort=sort, limit=2, after=first.next)
    assert item_keys(rest) == (["4", "5"] if sort == "expires" else [])
    assert rest.next is None


def test_search_finds_a_part_of_the_key_in_either_case(state: Store) -> None:
    keys = ["Order-1", "order-2", "border", "100%", "a_b", "axb", "ÄRA", "ära"]
    state.set_many("g", dict.fromkeys(keys, 1))
    assert item_keys(state.items("g", search="ORDER")) == ["Order-1", "border", "order-2"]
    assert item_keys(state.items("g", search="%")) == ["100%"]
    assert item_keys(state.items("g", search="_")) == ["a_b"]
    assert item_keys(state.items("g", search="Är")) == ["ÄRA"]
    assert item_keys(state.items("g", search="äR")) == ["ära"]
    assert len(state.items("g", search="").items) == len(keys)
    assert item_keys(state.items("g", search="order-3")) == []


def test_pages_of_a_search_cover_what_it_finds(state: Store, clock: ManualClock) -> None:
    fill(state, clock)
    whole = state.items("g", search="-1", sort="-size").items
    assert [item.key for item in whole] != []
    found = walk(lambda after: state.items("g", search="-1", sort="-size", after=after, limit=2))
    assert found == whole


def test_odd_names_survive_in_page_tokens(state: Store) -> None:
    keys = ["\n", '"', "\\", "a/b?c=d&e#f", "é", "🛒", "🛒🛒"]
    state.set_many("g", dict.fromkeys(keys, 1))
    assert [item.key for item in walk(lambda after: state.items("g", after=after, limit=1))] == sorted(keys)


def test_page_tokens_fit_into_a_url(state: Store) -> None:
    state.set_many("g", {"ÿ>?" * 50: 1, "🛒": 1})
    token = state.items("g", limit=1).next
    assert token is not None
    assert token.replace("-", "").replace("_", "").isalnum()
    assert token.isascii()


def forged(*parts: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "token",
    [
        "",
        "x",
        "not a token",
        "é",
        "%%%",
        "\ud800",
        "W10",
        "bnVsbA",
        forged("key", "a"),
        forged("key", "a", "a", "a"),
        forged("key", 5, "a"),
        forged("key", None, "a"),
        forged("key", "a", 5),
        forged("key", ["a"], "a"),
        forged(None, "a", "a"),
    ],
    ids=ascii,
)
def test_a_bad_page_token_is_refused(state: Store, token: str) -> None:
    state.set("g", "k", 1)
    with pytest.raises(InvalidArgument, match="after"):
        state.items("g", after=token)
    with pytest.raises(InvalidArgument, match="after"):
        state.groups(after=token)


@pytest.mark.parametrize("value", [2**62 + 1, 2**64, -(2**63), 1.5, True, "x", None], ids=repr)
def test_a_page_token_with_a_forged_place_is_refused(state: Store, value: Any) -> None:
    with pytest.raises(InvalidArgument, match="after is not a page token"):
        state.items("g", sort="size", after=forged("size", value, "a"))


@pytest.mark.parametrize(("made", "used"), [("size", "updated"), ("key", "-key"), ("-size", "size"), ("key", "size")])
def test_a_page_token_of_another_sort_is_refused(state: Store, made: str, used: str) -> None:
    state.set_many("g", {"a": 1, "b": 2})
    token = state.items("g", sort=made, limit=1).next
    with pytest.raises(InvalidArgument, match=f"made for sort='{made}', not for sort='{used}'"):
        state.items("g", sort=used, after=token)


@pytest.mark.parametrize("limit", [0, -1, 1001, 1.5, "10", True, None], ids=repr)
def test_a_limit_outside_1_to_1000_is_refused(state: Store, limit: Any) -> None:
    with pytest.raises(InvalidArgument, match="limit must be an integer from 1 to 1000"):
        state.items("g", limit=limit)
    with pytest.raises(InvalidArgument, match="limit must be an integer from 1 to 1000"):
        state.groups(limit=limit)


@pytest.mark.parametrize("sort", ["", "-", "value", "KEY", "--key", "key ", "id; DROP TABLE items"])
def test_an_unknown_sort_is_refused_with_the_known_ones(state: Store, sort: str) -> None:
    with pytest.raises(InvalidArgument, match="sorts are key, size, created, updated, expires"):
        state.items("g", sort=sort)
    with pytest.raises(InvalidArgument, match="sorts are id, items, size, created, updated, expires"):
        state.groups(sort=sort)
