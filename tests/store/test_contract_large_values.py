"""Lists that leave large values where they are: they tell all of an item but its value."""

from __future__ import annotations

from typing import Any

import pytest

from store import NOT_READ, InvalidArgument, Property, Store, Where

LARGE = {"a": 1, "text": "x" * 1000}
SORTS = ["key", "-key", "size", "created", "updated", "expires", "-expires", "$.a"]
WHERES = [
    [],
    [Where("a", ">=", 1)],
    [Where(Property.SIZE, ">", 5)],
    [Where(Property.TTL, "exists")],
    [Where(Property.VALUE, "contains", "a")],
]


@pytest.fixture
def mixed(state: Store) -> Store:
    """A large item between two small ones."""
    state.set_many("g", {"1": {"a": 1}, "2": LARGE, "3": {"a": 3}}, ttl=60)
    return state


@pytest.mark.parametrize("where", WHERES, ids=str)
@pytest.mark.parametrize("sort", SORTS)
def test_a_large_value_is_not_read_and_everything_else_is(mixed: Store, sort: str, where: list[Where]) -> None:
    page = mixed.items("g", sort=sort, where=where, largest=100)
    whole = mixed.items("g", sort=sort, where=where)

    assert {item.key: item.value for item in page.items} == {"1": {"a": 1}, "2": NOT_READ, "3": {"a": 3}}
    assert [_but_for_value(item) for item in page.items] == [_but_for_value(item) for item in whole.items]


@pytest.mark.parametrize("sort", SORTS)
def test_pages_go_on_behind_a_large_value(mixed: Store, sort: str) -> None:
    first = mixed.items("g", sort=sort, limit=1, largest=0)
    second = mixed.items("g", sort=sort, limit=1, largest=0, after=first.next)
    third = mixed.items("g", sort=sort, limit=1, largest=0, after=second.next)

    assert sorted(page.items[0].key for page in (first, second, third)) == ["1", "2", "3"]
    assert third.next is None


def test_a_value_of_just_so_many_bytes_is_read(state: Store) -> None:
    state.set("g", "k", "xyz")

    assert [state.items("g", largest=largest).items[0].value for largest in (4, 5, 6)] == [NOT_READ, "xyz", "xyz"]


@pytest.mark.parametrize("largest", [-1, 1.5, "1", True])
def test_a_number_of_bytes_is_wanted(state: Store, largest: Any) -> None:
    with pytest.raises(InvalidArgument, match="largest must be a number of bytes, not "):
        state.items("g", largest=largest)


def _but_for_value(item: Any) -> tuple[Any, ...]:
    return (item.group_id, item.key, item.size, item.version, item.created_at, item.updated_at, item.expires_at)
