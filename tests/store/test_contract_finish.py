"""Contract: marking a workflow's group as finished, and its clearing by itself."""

from __future__ import annotations

from datetime import timedelta

from store import GroupInfo, Store
from tests.conftest import ManualClock
from tests.store.support import moment


def summary(state: Store, group: str = "g") -> GroupInfo:
    found = state.group(group)
    assert found is not None
    return found


def test_finish_marks_a_group(state: Store, clock: ManualClock) -> None:
    state.set("g", "k", 1)
    clock.advance(5)
    assert state.finish("g") is True
    assert (summary(state).finished_at, summary(state).clear_at) == (moment(clock.now), None)
    assert state.list("g") == [1]


def test_finishing_an_unknown_group_makes_none(state: Store, clock: ManualClock) -> None:
    assert state.finish("g") is False
    assert state.reopen("g") is False
    state.set("g", "k", 1, ttl=1)
    clock.advance(1)
    assert state.finish("g", keep_for=5) is False
    assert state.group("g") is None


def test_a_finished_group_is_listed_without_items(state: Store) -> None:
    state.set("g", "k", 1)
    state.finish("g")
    state.delete("g", "k")
    assert summary(state).items == 0
    assert [group.id for group in state.groups().items] == ["g"]


def test_later_writes_leave_the_mark(state: Store, clock: ManualClock) -> None:
    state.set("g", "k", 1)
    state.finish("g")
    finished = summary(state).finished_at
    clock.advance(5)
    state.set("g", "l", 1)
    assert summary(state).finished_at == finished


def test_reopen_takes_the_mark_and_the_time_of_clearing_away(state: Store, clock: ManualClock) -> None:
    state.set("g", "k", 1)
    state.finish("g", keep_for=10)
    assert state.reopen("g") is True
    assert (summary(state).finished_at, summary(state).clear_at) == (None, None)
    clock.advance(60)
    assert state.sweep() == 0
    assert state.list("g") == [1]


def test_reopening_an_empty_group_forgets_it(state: Store) -> None:
    state.set("g", "k", 1)
    state.finish("g")
    state.delete("g", "k")
    assert state.reopen("g") is True
    assert state.group("g") is None


def test_clear_drops_the_mark(state: Store) -> None:
    state.set("g", "k", 1)
    state.finish("g", keep_for=10)
    state.clear("g")
    assert state.group("g") is None
    state.set("g", "k", 1)
    assert (summary(state).finished_at, summary(state).clear_at) == (None, None)


def test_clear_keeps_the_default_ttl_and_drops_the_mark(state: Store) -> None:
    state.configure("g", default_ttl=60)
    state.set("g", "k", 1)
    state.finish("g", keep_for=10)
    assert state.clear("g") == 1
    found = summary(state)
    assert (found.default_ttl, found.finished_at, found.clear_at) == (60, None, None)


def test_a_finished_group_is_cleared_at_the_first_sweep_after_its_time(state: Store, clock: ManualClock) -> None:
    state.set_many("g", {"a": 1, "b": 2})
    state.set("h", "a", 1)
    state.finish("g", keep_for=timedelta(seconds=10))
    assert summary(state).clear_at == moment(clock.now + 10_000)
    clock.now += 9_999
    assert state.sweep() == 0
    clock.now += 1
    assert state.list("g") == [1, 2]
    assert state.sweep() == 2
    assert state.group("g") is None
    assert state.list("h") == [1]


def test_items_written_after_finish_are_cleared_too(state: Store, clock: ManualClock) -> None:
    state.set("g", "a", 1)
    state.finish("g", keep_for=10)
    clock.advance(9)
    state.set("g", "b", 2)
    clock.advance(1)
    assert state.sweep() == 2
    assert state.group("g") is None


def test_a_sweep_that_clears_counts_expired_items_as_well(state: Store, clock: ManualClock) -> None:
    state.set("g", "expired", 1, ttl=1)
    state.set("g", "live", 1)
    state.finish("g", keep_for=10)
    clock.advance(10)
    assert state.sweep() == 2
    assert state.stats().expired == 2


def test_a_sweep_keeps_the_default_ttl_of_the_group_it_clears(state: Store, clock: ManualClock) -> None:
    state.configure("g", default_ttl=60)
    state.set("g", "k", 1)
    state.finish("g", keep_for=10)
    clock.advance(10)
    assert state.sweep() == 1
    assert (summary(state).default_ttl, summary(state).finished_at) == (60, None)
    assert state.sweep() == 0


def test_finishing_again_starts_a_new_time(state: Store, clock: ManualClock) -> None:
    state.set("g", "k", 1)
    state.finish("g", keep_for=10)
    clock.advance(9)
    state.finish("g", keep_for=10)
    assert summary(state).finished_at == moment(clock.now)
    clock.advance(9)
    assert state.sweep() == 0
    state.finish("g")
    clock.advance(60)
    assert state.sweep() == 0
    assert state.list("g") == [1]


def test_configuring_keeps_the_mark_and_finishing_keeps_the_default(state: Store) -> None:
    state.set("g", "k", 1)
    state.finish("g", keep_for=10)
    before = summary(state)
    state.configure("g", default_ttl=60)
    after = summary(state)
    assert (after.finished_at, after.clear_at) == (before.finished_at, before.clear_at)
    state.finish("g")
    assert summary(state).default_ttl == 60
    state.configure("g", default_ttl=None)
    assert summary(state).finished_at is not None
