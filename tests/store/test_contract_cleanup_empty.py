"""Contract: cleanups by whether groups hold anything, and the store's own groups, which cleanups leave alone."""

from __future__ import annotations

from typing import Any

import pytest

from store import InvalidArgument, Store
from tests.conftest import ManualClock


def stale(state: Store, **rules: Any) -> list[str]:
    return [group.id for group in state.stale(**rules)]


def remaining(state: Store) -> list[str]:
    return [group.id for group in state.groups().items]


def fill(state: Store, clock: ManualClock) -> None:
    """Groups that hold an item, that never held any, and whose items are gone: some in each state."""
    state.set("full", "k", 1)
    state.set("full-finished", "k", 1)
    state.finish("full-finished")
    state.configure("configured", default_ttl=60)
    state.configure("configured-full", default_ttl=60)
    state.set("configured-full", "k", 1)
    state.set("finished", "k", 1)
    state.finish("finished")
    state.delete("finished", "k")
    state.configure("expired", default_ttl=1)
    state.set_many("expired", {"a": 1, "b": 2})
    state.set_many("half", {"a": 1, "b": 2}, ttl=1)
    state.set("half", "c", 3)
    state.set("gone", "k", 1, ttl=1)
    clock.advance(1)


def test_empty_chooses_by_whether_a_group_holds_an_item_that_is_alive(state: Store, clock: ManualClock) -> None:
    fill(state, clock)
    assert stale(state, empty=True) == ["configured", "expired", "finished"]
    assert stale(state, empty=False) == ["configured-full", "full", "full-finished", "half"]


def test_empty_groups_are_the_same_once_they_are_swept(state: Store, clock: ManualClock) -> None:
    fill(state, clock)
    before = state.stale(empty=True)
    assert state.sweep() == 5
    assert state.stale(empty=True) == before


def test_a_cleanup_of_empty_groups_removes_them_with_their_default_ttls(state: Store, clock: ManualClock) -> None:
    fill(state, clock)
    report = state.cleanup(empty=True)
    assert ([group.id for group in report.groups], report.items) == (["configured", "expired", "finished"], 0)
    assert remaining(state) == ["configured-full", "full", "full-finished", "half"]
    assert state.cleanup(empty=True).groups == []
    state.set("expired", "k", 1)
    item = state.item("expired", "k")
    assert item is not None
    assert item.expires_at is None, "the default TTL is gone"


def test_a_cleanup_of_groups_that_hold_something_keeps_their_default_ttls(state: Store, clock: ManualClock) -> None:
    fill(state, clock)
    assert state.cleanup(empty=False).items == 4
    assert remaining(state) == ["configured", "configured-full", "expired", "finished"]


def test_empty_goes_with_the_other_rules(state: Store, clock: ManualClock) -> None:
    fill(state, clock)
    assert stale(state, empty=True, finished=True) == ["finished"]
    assert stale(state, empty=True, finished=False, match="c*") == ["configured"]
    assert stale(state, empty=True, idle=10) == []
    clock.advance(10)
    state.delete("half", "c")
    state.configure("half", default_ttl=5)
    assert stale(state, empty=True, idle=10) == ["configured", "expired", "finished"]


def test_a_group_that_is_filled_before_it_is_cleared_stays(state: Store, clock: ManualClock) -> None:
    fill(state, clock)
    seen = [group.id for group in state.stale(empty=True)]
    state.set("configured", "k", 1)
    assert [group.id for group in state.cleanup(empty=True, groups=seen).groups] == ["expired", "finished"]
    assert state.list("configured") == [1]


def test_more_expired_items_than_are_counted_off_are_an_empty_group(state: Store, clock: ManualClock) -> None:
    keys = [f"k{number}" for number in range(10_050)]
    for group in ("expired", "half"):
        state.configure(group, default_ttl=1)
        state.set_many(group, dict.fromkeys(keys, 1))
    state.set("half", "k", 1, ttl=60)
    clock.advance(1)
    assert stale(state, empty=True) == ["expired"]
    assert stale(state, empty=False) == ["half"]
    (found,) = state.stale(empty=True)
    assert (found.items, found.size, found.approximate) == (0, 0, False)


@pytest.mark.parametrize("sort", ["items", "size"])
def test_a_group_whose_items_have_all_expired_sorts_as_an_empty_one(
    state: Store, clock: ManualClock, sort: str
) -> None:
    state.set("one", "k", 1)
    state.configure("expired", default_ttl=1)
    state.set_many("expired", {"a": 1, "b": 2})
    clock.advance(1)
    assert [group.id for group in state.groups(sort=sort).items] == ["expired", "one"]


def test_a_group_whose_items_have_all_expired_needs_no_cleanup_if_nothing_else_lists_it(
    state: Store, clock: ManualClock
) -> None:
    state.set("gone", "k", 1, ttl=1)
    clock.advance(1)
    assert stale(state, empty=True) == stale(state, match="*") == []
    assert state.sweep() == 1
    assert state.group("gone") is None


@pytest.mark.parametrize("rules", [{"empty": 1}, {"empty": "yes"}, {"finished": 0}, {"match": 7}, {"match": b"*"}])
def test_rules_must_be_of_their_types(state: Store, rules: Any) -> None:
    state.set("g", "k", 1)
    for refused in (state.stale, state.cleanup):
        with pytest.raises(InvalidArgument, match=f"{next(iter(rules))} must be"):
            refused(**rules)
    assert state.list("g") == [1]


OWN = ["stepstate:cache", "stepstate:leases", "stepstate:mine"]


def fill_own(state: Store, clock: ManualClock) -> None:
    for group in (*OWN, "stepstate", "orders"):
        state.set(group, "k", 1)
        state.finish(group)
    clock.advance(10)


@pytest.mark.parametrize(
    "rules",
    [{"idle": 5}, {"finished": True}, {"empty": False}, {"match": "*"}, {"match": "step*"}, {"match": "[s]*:*"}],
)
def test_the_stores_own_groups_are_never_chosen(state: Store, clock: ManualClock, rules: Any) -> None:
    fill_own(state, clock)
    assert not set(OWN).intersection(stale(state, **rules))
    state.cleanup(**rules)
    assert set(OWN) <= set(remaining(state))


def test_nor_are_they_if_they_are_named_or_empty(state: Store, clock: ManualClock) -> None:
    fill_own(state, clock)
    state.configure("stepstate:bare", default_ttl=5)
    assert state.cleanup(finished=True, groups=OWN).groups == []
    assert stale(state, empty=True) == []


def test_a_pattern_that_begins_as_they_do_chooses_them(state: Store, clock: ManualClock) -> None:
    fill_own(state, clock)
    assert stale(state, match="stepstate:*") == OWN
    assert stale(state, match="stepstate:c*", idle=5) == ["stepstate:cache"]
    state.cleanup(match="stepstate:*")
    assert remaining(state) == ["orders", "stepstate"]
