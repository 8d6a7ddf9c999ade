"""Contract: items in the order of a field of their values, and of the indexes that sorts go by."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from store import InvalidArgument, Page, Store, Where
from tests.conftest import ManualClock
from tests.store.support import walk

IN_ORDER: list[Any] = [
    None,
    False,
    True,
    -(2**63),
    -1.5,
    -1,
    0.5,
    1,
    1.0000000000000002,
    2,
    2**53,
    2**53 + 1,
    2.0**54,
    2**64 - 2,
    2**64 - 1,
    2.0**64,
    1e300,
    "",
    "A",
    "B",
    "a",
    "a" * 199,
    "a" * 199 + "b",
    "é",
    "\uffff",
    "\U00010000",
]


def keys(page: Page[Any]) -> list[str]:
    return [item.key for item in page.items]


def fill(state: Store) -> list[str]:
    """Items in an order that is not that of their fields; their keys as a sort by field f gives them."""
    names = [f"k{number * 7 % len(IN_ORDER):02}" for number in range(len(IN_ORDER))]
    state.set_many("g", dict(sorted((name, {"f": value}) for name, value in zip(names, IN_ORDER, strict=True))))
    state.set_many("g", {"not an object": "f", "without": {"g": 1}, "zero": {"f": 0}, "zero again": {"f": -0.0}})
    state.set_many("g", {"list": {"f": [0]}, "list 2": {"f": []}, "object": {"f": {"a": 1}}, "object 2": {"f": {}}})
    at = names.index(f"k{5 * 7 % len(IN_ORDER):02}") + 1
    middle = [*names[:at], "zero", "zero again", *names[at:]]
    return ["not an object", "without", *middle, "list", "list 2", "object", "object 2"]


def test_values_of_all_types_have_an_order(state: Store) -> None:
    expected = fill(state)
    assert keys(state.items("g", sort="$.f")) == expected


@pytest.mark.parametrize("limit", [1, 2, 7, 33, 34, 35])
@pytest.mark.parametrize("sort", ["$.f", "-$.f"])
def test_pages_in_the_order_of_a_field_cover_all_exactly_once(state: Store, sort: str, limit: int) -> None:
    expected = fill(state)
    assert len(expected) == 34
    found = [item.key for item in walk(lambda after: state.items("g", sort=sort, limit=limit, after=after))]
    whole = keys(state.items("g", sort=sort))
    assert found == whole
    assert sorted(found) == sorted(expected)
    ties = {"not an object", "without", "zero", "zero again", "list", "list 2", "object", "object 2"}
    apart = [key for key in expected if key not in ties]
    assert [key for key in found if key not in ties] == (apart if sort == "$.f" else apart[::-1])


@pytest.mark.parametrize("sort", ["$.f", "-$.f"])
def test_equal_values_are_in_key_order(state: Store, sort: str) -> None:
    state.set_many("g", {f"{number * 7 % 10}": {"f": [2, 2.0][number % 2]} for number in range(10)})
    found = walk(lambda after: state.items("g", sort=sort, limit=3, after=after))
    assert [item.key for item in found] == list("0123456789")


def test_strings_are_compared_by_their_first_200_characters(state: Store) -> None:
    state.set_many("g", {"a": {"f": "é" * 200 + "z"}, "b": {"f": "é" * 200 + "a"}, "c": {"f": "é" * 199 + "a"}})
    assert [item.key for item in walk(lambda after: state.items("g", sort="$.f", limit=1, after=after))] == list("cab")
    token = state.items("g", sort="-$.f", limit=1).next
    assert token is not None
    assert len(token) < 1000


def test_a_name_in_a_sort_is_literal(state: Store) -> None:
    state.set_many("g", {"a": {"x.y": 2, "x": {"y": 1}, "": 1}, "b": {"x.y": 1, "x": {"y": 2}, "": 2}})
    assert keys(state.items("g", sort="$.x.y")) == ["b", "a"]
    assert keys(state.items("g", sort="-$.")) == ["b", "a"]


def test_a_search_and_conditions_narrow_a_sort_by_field(state: Store) -> None:
    state.set_many("g", {f"k{number:02}": {"n": -number, "even": number % 2 == 0} for number in range(30)})
    found = state.items("g", sort="$.n", search="K1", where=[Where("even", "=", True)], limit=3)
    assert keys(found) == ["k18", "k16", "k14"]
    rest = state.items("g", sort="$.n", search="K1", where=[Where("even", "=", True)], after=found.next)
    assert (keys(rest), rest.next) == (["k12", "k10"], None)


def test_many_items_of_which_a_page_keeps_few(state: Store) -> None:
    state.set_many("g", {f"{number:04}": {"n": number * 7919 % 2003} for number in range(2003)})
    for sort, expected in [("$.n", range(5)), ("-$.n", range(2002, 1997, -1))]:
        assert [item.value["n"] for item in state.items("g", sort=sort, limit=5).items] == list(expected)


def forged(*parts: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "place",
    [
        None,
        5,
        "a",
        [],
        [4],
        [4, "a"],
        [4, True],
        [4, None],
        [4, 1, 1],
        [5, 1],
        [5, "a" * 201],
        [0, 1],
        [1, None],
        [3, False],
        [7, 5],
        [8, 0],
        [-1, 0],
        [True, 0],
        [4.0, 1],
        ["5", "a"],
    ],
    ids=repr,
)
def test_a_token_with_a_forged_place_is_refused(state: Store, place: Any) -> None:
    with pytest.raises(InvalidArgument, match="after is not a page token"):
        state.items("g", sort="$.f", after=forged("$.f", place, "k"))


@pytest.mark.parametrize("place", [[0, 0], [3, 0], [4, 2**64 - 1], [4, -1.5], [5, "a" * 200], [7, 0]], ids=repr)
def test_a_token_for_a_place_is_taken(state: Store, place: Any) -> None:
    assert state.items("g", sort="$.f", after=forged("$.f", place, "k")) == Page([], None)


@pytest.mark.parametrize(
    ("made", "used"), [("$.a", "$.b"), ("$.a", "-$.a"), ("key", "$.a"), ("$.a", "key"), ("size", "$.size")]
)
def test_a_token_of_another_sort_is_refused(state: Store, made: str, used: str) -> None:
    state.set_many("g", {"a": {"a": 1}, "b": {"a": 2}})
    token = state.items("g", sort=made, limit=1).next
    with pytest.raises(InvalidArgument, match="after was made for sort="):
        state.items("g", sort=used, after=token)


@pytest.mark.parametrize("sort", ["$", "$x", ".a", "-", "$.\ud800", "--$.a"], ids=ascii)
def test_what_names_no_field_is_refused(state: Store, sort: str) -> None:
    with pytest.raises(InvalidArgument, match=r"sorts are key, .*, \$\.NAME for a field, with - before it"):
        state.items("g", sort=sort)


def test_groups_cannot_be_sorted_by_a_field(state: Store) -> None:
    with pytest.raises(InvalidArgument, match="sorts are id"):
        state.groups(sort="$.a")


@pytest.mark.parametrize("never", [0, 1, 30, 59, 60])
@pytest.mark.parametrize("limit", [1, 7, 59])
@pytest.mark.parametrize("sort", ["expires", "-expires"])
def test_what_expires_comes_before_what_never_does(
    state: Store, clock: ManualClock, sort: str, limit: int, never: int
) -> None:
    """Over several of the index' buckets of about a minute, with ties, and some expired."""
    for number in range(60):
        ttl = None if number < never else 1 + (number * 31 % 50) * 10
        state.set("g", f"k{number * 37 % 60:02}", number, ttl=ttl)
    state.set("other", "k", 1, ttl=100)
    clock.advance(30)
    items = state.items("g").items
    expected = sorted(items, key=lambda item: item.expires_at.timestamp() if item.expires_at else 2.0**62)
    if sort == "-expires":
        expected.sort(key=lambda item: item.expires_at.timestamp() if item.expires_at else 2.0**62, reverse=True)
    assert walk(lambda after: state.items("g", sort=sort, limit=limit, after=after)) == expected


def test_a_page_by_expiry_after_one_that_has_been_persisted(state: Store) -> None:
    state.set_many("g", {"a": 1, "b": 2, "c": 3}, ttl=100)
    state.set("g", "d", 4)
    first = state.items("g", sort="expires", limit=2)
    state.persist("g", "a")
    assert keys(first) == ["a", "b"]
    assert keys(state.items("g", sort="expires", after=first.next)) == ["c", "a", "d"]
