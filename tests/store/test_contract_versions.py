"""Contract: an item's version, and writing only if it is still the one that was read."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest

from store import Store, VersionConflict, open_store
from tests.conftest import ManualClock


def version(state: Store, key: str = "k", group: str = "g") -> int:
    item = state.item(group, key)
    return 0 if item is None else item.version


def test_a_version_grows_with_every_write_of_the_value(state: Store) -> None:
    state.set("g", "k", 1)
    seen = [version(state)]
    assert seen[0] >= 1
    state.set("g", "k", 1)
    seen.append(version(state))
    state.update("g", "k", [{"type": "increment", "path": "", "by": 1}])
    seen.append(version(state))
    state.set_many("g", {"k": 5, "other": 1})
    seen.append(version(state))
    assert seen == sorted(set(seen))


def test_writes_of_other_items_leave_a_version_alone(state: Store) -> None:
    state.set("g", "k", 1)
    before = version(state)
    state.set("g", "l", 1)
    state.set("h", "k", 1)
    state.delete("g", "l")
    state.clear("h")
    assert version(state) == before


def delete(state: Store, _clock: ManualClock) -> None:
    state.delete("g", "k")


def delete_many(state: Store, _clock: ManualClock) -> None:
    state.delete_many("g", ["k", "l"])


def clear(state: Store, _clock: ManualClock) -> None:
    state.clear("g")


def cleanup(state: Store, _clock: ManualClock) -> None:
    state.cleanup(match="g")


def expire(state: Store, clock: ManualClock) -> None:
    state.expire("g", "k", 1)
    clock.advance(1)


def expire_and_sweep(state: Store, clock: ManualClock) -> None:
    expire(state, clock)
    assert state.sweep() == 1


def expire_and_clear(state: Store, clock: ManualClock) -> None:
    state.set("g", "live", 1)
    expire(state, clock)
    state.clear("g")


def finish_and_sweep(state: Store, clock: ManualClock) -> None:
    state.finish("g", keep_for=1)
    clock.advance(1)
    assert state.sweep() == 2


@pytest.mark.parametrize(
    "remove", [delete, delete_many, clear, cleanup, expire, expire_and_sweep, expire_and_clear, finish_and_sweep]
)
def test_a_version_is_never_used_again_for_a_key(
    state: Store, clock: ManualClock, remove: Callable[[Store, ManualClock], None]
) -> None:
    for value in range(5):
        state.set("g", "k", value)
    state.set("g", "l", 1)
    used = version(state)
    remove(state, clock)
    assert version(state) == 0
    state.set("g", "k", "new")
    again = version(state)
    assert again > used
    state.delete("g", "k")
    state.update("g", "k", [])
    assert version(state) > again


def test_set_at_the_version_it_was_read_writes(state: Store) -> None:
    state.set("g", "k", 1)
    state.set("g", "k", 2, if_version=version(state))
    assert state.get("g", "k") == 2


def test_set_at_version_0_writes_only_if_there_is_no_item(state: Store) -> None:
    state.set("g", "k", 1, if_version=0)
    with pytest.raises(VersionConflict, match="expected it to be absent") as caught:
        state.set("g", "k", 2, if_version=0)
    assert caught.value.current == state.item("g", "k")
    assert caught.value.expected == 0
    assert state.get("g", "k") == 1


def test_an_expired_item_is_at_version_0(state: Store, clock: ManualClock) -> None:
    state.set("g", "k", 1, ttl=10)
    old = version(state)
    clock.advance(10)
    with pytest.raises(VersionConflict) as caught:
        state.set("g", "k", 2, if_version=old)
    assert caught.value.current is None
    state.set("g", "k", 2, if_version=0)
    assert state.get("g", "k") == 2


def stale_set(state: Store, at: int) -> None:
    state.set("g", "k", "lost", if_version=at)


def stale_update(state: Store, at: int) -> None:
    state.update("g", "k", [{"type": "set", "path": "", "value": "lost"}], if_version=at)


def stale_delete(state: Store, at: int) -> None:
    state.delete("g", "k", if_version=at)


STALE = pytest.mark.parametrize("write", [stale_set, stale_update, stale_delete])


@STALE
def test_a_conflict_writes_nothing_and_tells_what_is_there(state: Store, write: Callable[[Store, int], None]) -> None:
    state.set("g", "k", "mine")
    read = version(state)
    state.set("g", "k", "theirs", ttl=60)
    there = state.item("g", "k")
    assert there is not None
    with pytest.raises(VersionConflict, match=f"is at version {there.version}.*expected version {read}") as caught:
        write(state, read)
    assert caught.value.current == there
    assert caught.value.expected == read
    assert state.item("g", "k") == there


@STALE
def test_a_conflict_over_a_removed_item_has_no_current(state: Store, write: Callable[[Store, int], None]) -> None:
    state.set("g", "k", 1)
    read = version(state)
    state.delete("g", "k")
    with pytest.raises(VersionConflict, match="does not exist") as caught:
        write(state, read)
    assert caught.value.current is None
    assert state.group("g") is None


def test_update_at_version_0_makes_an_item_only_once(state: Store) -> None:
    one_more = [{"type": "increment", "path": "n", "by": 1}]
    assert state.update("g", "k", one_more, if_version=0).new_value == {"n": 1}
    with pytest.raises(VersionConflict):
        state.update("g", "k", one_more, if_version=0)
    assert state.update("g", "k", one_more, if_version=version(state)).new_value == {"n": 2}


def test_delete_at_the_version_it_was_read_removes(state: Store) -> None:
    state.set("g", "k", 1)
    assert state.delete("g", "k", if_version=version(state)) == 1
    assert state.item("g", "k") is None


def test_delete_at_version_0_accepts_that_there_is_no_item(state: Store) -> None:
    assert state.delete("g", "k", if_version=0) is None
    state.set("g", "k", 1)
    with pytest.raises(VersionConflict):
        state.delete("g", "k", if_version=0)


def test_a_conflict_carries_a_value_of_its_own(state: Store) -> None:
    state.set("g", "k", {"a": [1]})
    with pytest.raises(VersionConflict) as caught:
        state.set("g", "k", 2, if_version=99)
    assert caught.value.current is not None
    caught.value.current.value["a"].append(2)
    assert state.get("g", "k") == {"a": [1]}


def test_a_version_is_not_used_twice_when_the_clock_ticks_at_every_look(url: str) -> None:
    ticks = itertools.count(1_800_000_000_000)
    with open_store(url, clock=lambda: next(ticks), sweep_interval=None) as state:
        latest = 0
        for lifetime in range(1, 40):
            for _ in range(3):
                state.set("g", "k", 1, ttl=lifetime / 1000)
                item = state.item("g", "k")
                if item is not None:
                    assert item.version > latest
                    latest = item.version
        assert latest
