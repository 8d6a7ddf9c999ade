"""Contract: items that expire."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from store import KEEP, NEVER, Store
from tests.conftest import ManualClock
from tests.store.support import moment

COUNT = [{"type": "increment", "path": "n", "by": 1}]


def everything_read(state: Store) -> list[Any]:
    """What every kind of read shows of group g, item k."""
    return [
        state.get("g", "k"),
        state.item("g", "k"),
        state.list("g"),
        state.get_many("g", ["k"]),
        state.items("g").items,
        state.group("g"),
        state.groups().items,
        state.ttl("g", "k"),
        state.stale(match="g"),
    ]


@pytest.mark.parametrize("sweep", [False, True], ids=["unswept", "swept"])
def test_an_item_is_gone_at_the_millisecond_its_time_is_up(state: Store, clock: ManualClock, sweep: bool) -> None:
    state.set("g", "k", {"a": 1}, ttl=1.5)
    clock.now += 1499
    assert all(everything_read(state))
    clock.now += 1
    if sweep:
        assert state.sweep() == 1
    assert not any(everything_read(state))


def test_sweep_counts_the_expired_items_it_drops(state: Store, clock: ManualClock) -> None:
    state.set_many("g", {"a": 1, "b": 2}, ttl=10)
    state.set("h", "a", 1, ttl=11)
    state.set("h", "b", 1)
    assert state.sweep() == 0
    clock.advance(10)
    assert state.sweep() == 2
    assert state.sweep() == 0
    assert state.list("h") == [1, 1]


def test_sweep_drops_thousands_of_items(state: Store, clock: ManualClock) -> None:
    state.set_many("g", {str(number): number for number in range(2500)}, ttl=1)
    state.set("g", "stays", 1)
    clock.advance(1)
    assert state.sweep() == 2500
    assert state.list("g") == [1]


def write_set(state: Store) -> Any:
    return state.set("g", "k", {"n": 1}).old_value


def write_set_many(state: Store) -> Any:
    return state.set_many("g", {"k": {"n": 1}})["k"].old_value


def write_update(state: Store) -> Any:
    return state.update("g", "k", COUNT).old_value


@pytest.mark.parametrize("write", [write_set, write_set_many, write_update])
def test_a_write_over_an_expired_item_starts_anew(
    state: Store, clock: ManualClock, write: Callable[[Store], Any]
) -> None:
    state.set("g", "k", {"n": 41, "old": True}, ttl=10)
    clock.advance(10)
    assert write(state) is None
    item = state.item("g", "k")
    assert item is not None
    assert (item.value, item.created_at, item.expires_at) == ({"n": 1}, moment(clock.now), None)


def test_removing_an_expired_item_finds_none(state: Store, clock: ManualClock) -> None:
    state.set_many("g", {"a": 1, "b": 2}, ttl=10)
    state.set("g", "c", 3)
    clock.advance(10)
    assert state.delete("g", "a") is None
    assert state.delete_many("g", ["a", "b", "c"]) == {"c": 3}
    state.set("h", "a", 1, ttl=10)
    clock.advance(10)
    assert state.clear("h") == 0


@pytest.mark.parametrize("ttl", [60, 60.0, timedelta(minutes=1)], ids=repr)
def test_a_ttl_is_seconds_or_a_timedelta(state: Store, clock: ManualClock, ttl: float | timedelta) -> None:
    state.set("g", "k", 1, ttl=ttl)
    item = state.item("g", "k")
    assert item is not None
    assert item.expires_at == moment(clock.now + 60_000)


def test_set_drops_an_earlier_expiry(state: Store, clock: ManualClock) -> None:
    state.set("g", "k", 1, ttl=10)
    state.set("g", "k", 2)
    assert state.ttl("g", "k") == math.inf
    clock.advance(10)
    assert state.get("g", "k") == 2


def test_set_with_a_ttl_starts_a_new_time(state: Store, clock: ManualClock) -> None:
    state.set("g", "k", 1, ttl=10)
    clock.advance(9)
    state.set("g", "k", 2, ttl=10)
    clock.advance(9)
    assert state.get("g", "k") == 2
    clock.advance(1)
    assert state.get("g", "k") is None


def test_set_with_keep_keeps_the_expiry(state: Store, clock: ManualClock) -> None:
    state.set_many("g", {"k": 1, "l": 1}, ttl=10)
    clock.advance(4)
    state.set("g", "k", 2, ttl=KEEP)
    state.set_many("g", {"l": 2}, ttl=KEEP)
    assert (state.ttl("g", "k"), state.ttl("g", "l")) == (6, 6)
    state.set("g", "forever", 1)
    state.configure("g", default_ttl=3)
    state.set("g", "forever", 2, ttl=KEEP)
    assert state.ttl("g", "forever") == math.inf


def test_keep_over_an_expired_item_does_not_keep_its_expiry(state: Store, clock: ManualClock) -> None:
    state.set("g", "k", 1, ttl=10)
    clock.advance(10)
    state.set("g", "k", 2, ttl=KEEP)
    assert state.ttl("g", "k") == math.inf


def test_update_keeps_the_expiry(state: Store, clock: ManualClock) -> None:
    state.configure("g", default_ttl=100)
    state.set("g", "k", {"n": 1}, ttl=10)
    clock.advance(4)
    state.update("g", "k", COUNT)
    assert state.ttl("g", "k") == 6
    state.set("g", "forever", {"n": 1}, ttl=NEVER)
    state.update("g", "forever", COUNT)
    assert state.ttl("g", "forever") == math.inf


def test_update_with_a_ttl_changes_the_expiry(state: Store) -> None:
    state.set("g", "k", {"n": 1}, ttl=10)
    state.update("g", "k", COUNT, ttl=60)
    assert state.ttl("g", "k") == 60
    state.update("g", "k", COUNT, ttl=NEVER)
    assert state.ttl("g", "k") == math.inf


def test_default_ttl_is_for_writes_that_name_none(state: Store) -> None:
    state.set("g", "before", 1)
    state.configure("g", default_ttl=60)
    state.set("g", "default", 1)
    state.set_many("g", {"many": 1})
    state.update("g", "updated", COUNT)
    state.set("g", "own", 1, ttl=5)
    state.set("g", "never", 1, ttl=NEVER)
    state.set("h", "other", 1)
    keys = ["before", "default", "many", "updated", "own", "never"]
    assert [state.ttl("g", key) for key in keys] == [math.inf, 60, 60, 60, 5, math.inf]
    assert state.ttl("h", "other") == math.inf


def test_default_ttl_starts_again_with_each_set(state: Store, clock: ManualClock) -> None:
    state.configure("g", default_ttl=60)
    state.set("g", "k", 1)
    clock.advance(50)
    state.set("g", "k", 2)
    assert state.ttl("g", "k") == 60


def test_a_default_ttl_can_be_taken_away(state: Store) -> None:
    state.configure("g", default_ttl=60)
    state.set("g", "k", 1)
    state.configure("g", default_ttl=None)
    state.set("g", "l", 1)
    assert (state.ttl("g", "k"), state.ttl("g", "l")) == (60, math.inf)


def test_ttl_tells_the_seconds_left(state: Store, clock: ManualClock) -> None:
    assert state.ttl("g", "k") is None
    state.set("g", "k", 1)
    assert state.ttl("g", "k") == math.inf
    state.set("g", "k", 1, ttl=10)
    clock.advance(9.999)
    assert state.ttl("g", "k") == 0.001
    clock.advance(0.001)
    assert state.ttl("g", "k") is None


def test_expire_gives_an_item_a_time(state: Store, clock: ManualClock) -> None:
    state.set("g", "k", 1)
    assert state.expire("g", "k", 10) is True
    assert state.ttl("g", "k") == 10
    assert state.expire("g", "k", timedelta(minutes=1)) is True
    clock.advance(59)
    assert state.get("g", "k") == 1
    clock.advance(1)
    assert state.get("g", "k") is None


def test_persist_drops_an_expiry(state: Store, clock: ManualClock) -> None:
    state.set("g", "k", 1, ttl=10)
    assert state.persist("g", "k") is True
    assert state.persist("g", "k") is False
    clock.advance(10)
    assert state.get("g", "k") == 1


@pytest.mark.parametrize("expired", [False, True])
def test_expire_and_persist_of_a_missing_item_do_nothing(state: Store, clock: ManualClock, expired: bool) -> None:
    if expired:
        state.set("g", "k", 1, ttl=10)
        clock.advance(10)
    assert state.expire("g", "k", 10) is False
    assert state.persist("g", "k") is False
    assert state.group("g") is None


def test_expire_and_persist_touch_neither_version_nor_times(state: Store, clock: ManualClock) -> None:
    state.set("g", "k", 1)
    before, group = state.item("g", "k"), state.group("g")
    assert before is not None
    assert group is not None
    clock.advance(5)
    state.expire("g", "k", 10)
    during = state.item("g", "k")
    assert during is not None
    assert during.expires_at == moment(clock.now + 10_000)
    assert (during.version, during.updated_at) == (before.version, before.updated_at)
    state.persist("g", "k")
    assert state.item("g", "k") == before
    assert state.group("g") == group


def test_a_clock_that_runs_backwards_brings_nothing_back(state: Store, clock: ManualClock) -> None:
    state.set("g", "k", 1, ttl=10)
    state.set("g", "l", 1)
    clock.advance(10)
    assert state.get("g", "k") is None
    clock.advance(-240)
    assert state.get("g", "k") is None
    assert state.list("g") == [1]
    assert [item.key for item in state.items("g").items] == ["l"]
    assert state.set("g", "k", 2).old_value is None


def test_a_clock_that_runs_backwards_does_not_lengthen_a_new_ttl_from_before(state: Store, clock: ManualClock) -> None:
    state.set("g", "a", 1)
    late = clock.now
    clock.advance(-240)
    state.set("g", "k", 1, ttl=10)
    clock.now = late + 10_000
    assert state.get("g", "k") is None
