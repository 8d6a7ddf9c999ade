"""Contract: extending expiries, changing many at once, and removing what is still at the version it was seen at."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from store import KEEP, NEVER, InvalidArgument, InvalidName, InvalidTTL, Store
from tests.conftest import ManualClock

CENTURY = 100 * 365 * 24 * 3600


@pytest.fixture
def filled(state: Store) -> Store:
    state.set_many("g", {"a": 1, "b": 2}, ttl=100)
    state.set("g", "never", 3)
    state.set("other", "a", 4, ttl=100)
    return state


def left(state: Store) -> dict[str, float | None]:
    return {key: state.ttl("g", key) for key in ("a", "b", "never")}


def test_many_items_expire_together(filled: Store) -> None:
    assert filled.expire_many("g", ["never", "a", "missing", "a"], 7) == 2
    assert left(filled) == {"a": 7, "b": 100, "never": 7}
    assert filled.ttl("other", "a") == 100
    assert filled.expire_many("g", iter(["b"]), timedelta(minutes=1)) == 1
    assert left(filled) == {"a": 7, "b": 60, "never": 7}
    assert filled.expire_many("g", [], 7) == filled.expire_many("nowhere", ["a"], 7) == 0


def test_values_and_versions_are_not_touched(filled: Store, clock: ManualClock) -> None:
    before = filled.items("g").items
    clock.advance(5)
    filled.expire_many("g", ["a", "b", "never"], 50)
    filled.expire("g", "a", 5, extend=True)
    for was, now in zip(before, filled.items("g").items, strict=True):
        assert (was.value, was.version, was.updated_at) == (now.value, now.version, now.updated_at)


def test_expired_items_are_not_reached(filled: Store, clock: ManualClock) -> None:
    clock.advance(100)
    assert filled.expire_many("g", ["a", "b", "never"], 7) == 1
    assert filled.expire_many("g", ["a", "b"], 7, extend=True) == 0
    assert not filled.expire("g", "a", 7, extend=True)
    assert left(filled) == {"a": None, "b": None, "never": 7}


def test_never_drops_expiries(filled: Store) -> None:
    assert filled.expire_many("g", ["a", "never", "missing"], NEVER) == 1
    assert left(filled) == {"a": math.inf, "b": 100, "never": math.inf}
    assert filled.group("g") is not None


def test_extending_adds_to_the_time_that_is_left(filled: Store, clock: ManualClock) -> None:
    filled.expire("g", "b", 10)
    clock.advance(5)
    assert filled.expire_many("g", ["a", "b", "never", "missing"], 60, extend=True) == 2
    assert left(filled) == {"a": 155, "b": 65, "never": math.inf}
    assert filled.expire("g", "a", timedelta(seconds=0.5), extend=True)
    assert not filled.expire("g", "never", 60, extend=True)
    assert not filled.expire("g", "missing", 60, extend=True)
    assert left(filled) == {"a": 155.5, "b": 65, "never": math.inf}


def test_extending_ends_at_a_century(filled: Store) -> None:
    for _ in range(3):
        assert filled.expire("g", "a", CENTURY, extend=True)
    assert filled.expire_many("g", ["b"], CENTURY, extend=True) == 1
    assert left(filled) == {"a": CENTURY, "b": CENTURY, "never": math.inf}


def test_only_items_at_their_versions_are_reached(filled: Store) -> None:
    versions = {item.key: item.version for item in filled.items("g").items}
    filled.set("g", "a", 5, ttl=100)
    assert filled.expire_many("g", {**versions, "missing": 1}, 7) == 2
    assert left(filled) == {"a": 100, "b": 7, "never": 7}
    assert filled.expire_many("g", versions, 7, extend=True) == 2
    assert left(filled) == {"a": 100, "b": 14, "never": 14}
    assert filled.expire_many("g", versions, NEVER) == 2
    assert left(filled) == {"a": 100, "b": math.inf, "never": math.inf}


def test_an_item_that_came_back_is_at_another_version(filled: Store) -> None:
    versions = {item.key: item.version for item in filled.items("g").items}
    filled.delete("g", "a")
    filled.set("g", "a", 1, ttl=100)
    assert filled.expire_many("g", {"a": versions["a"]}, 7) == 0
    assert filled.delete_many("g", {"a": versions["a"]}) == {}


def test_only_items_at_their_versions_are_removed(filled: Store) -> None:
    versions = {item.key: item.version for item in filled.items("g").items}
    filled.set("g", "a", 5)
    assert filled.delete_many("g", {**versions, "missing": 1}) == {"b": 2, "never": 3}
    assert filled.list("g") == [5]
    assert filled.delete_many("g", {"a": versions["a"] + 1}) == {"a": 5}
    assert filled.group("g") is None


def test_what_was_not_reached_was_not_written(filled: Store) -> None:
    writes = filled.stats().writes
    filled.expire_many("g", {"a": 99, "b": 99}, 7)
    filled.expire_many("g", ["never"], NEVER)
    filled.expire_many("g", ["never"], 7, extend=True)
    filled.expire("g", "never", 7, extend=True)
    filled.persist("g", "never")
    filled.delete_many("g", {"a": 99})
    assert filled.stats().writes == writes
    filled.expire_many("g", ["a", "b"], 7)
    assert filled.stats().writes == writes + 2


@pytest.mark.parametrize("ttl", [0, -1, math.nan, math.inf, "5", None, True, KEEP, CENTURY + 1], ids=repr)
@pytest.mark.parametrize("extend", [False, True])
def test_a_bad_ttl_is_refused(filled: Store, ttl: Any, extend: bool) -> None:
    with pytest.raises(InvalidTTL):
        filled.expire_many("g", ["a", "b"], ttl, extend=extend)
    with pytest.raises(InvalidTTL):
        filled.expire("g", "a", ttl, extend=extend)
    assert left(filled) == {"a": 100, "b": 100, "never": math.inf}


def test_never_cannot_be_added(filled: Store) -> None:
    with pytest.raises(InvalidTTL, match="ttl must be seconds or a timedelta to extend by, not"):
        filled.expire_many("g", ["a"], NEVER, extend=True)


@pytest.mark.parametrize("version", [True, 1.0, "1", None], ids=repr)
def test_a_version_that_is_none_is_refused_before_anything_is_written(filled: Store, version: Any) -> None:
    calls: list[Callable[[Any], Any]] = [
        lambda keys: filled.expire_many("g", keys, 7),
        lambda keys: filled.delete_many("g", keys),
    ]
    for call in calls:
        with pytest.raises(InvalidArgument, match="the version of 'b' must be an integer, not"):
            call({"a": 1, "b": version})
    assert left(filled) == {"a": 100, "b": 100, "never": math.inf}


@pytest.mark.parametrize("keys", ["a", 5, ["a", ""], {"a": 1, "": 1}, [1]], ids=repr)
def test_bad_keys_are_refused(filled: Store, keys: Any) -> None:
    with pytest.raises(InvalidName):
        filled.expire_many("g", keys, 7)
    with pytest.raises(InvalidName):
        filled.delete_many("g", keys)
    assert left(filled) == {"a": 100, "b": 100, "never": math.inf}
