"""Contract: which groups are stale, and clearing them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from store import CleanupReport, InvalidArgument, InvalidName, InvalidTTL, Store
from tests.conftest import ManualClock


def stale(state: Store, **rules: Any) -> list[str]:
    return [group.id for group in state.stale(**rules)]


def remaining(state: Store) -> list[str]:
    return [group.id for group in state.groups().items]


def test_idle_chooses_groups_unchanged_for_so_long(state: Store, clock: ManualClock) -> None:
    state.set("old", "k", 1)
    clock.advance(1)
    state.set("new", "k", 1)
    clock.advance(9)
    assert stale(state, idle=10) == ["old"]
    assert stale(state, idle=timedelta(seconds=9)) == ["new", "old"]
    assert stale(state, idle=10.001) == []


def test_every_write_makes_a_group_busy_again(state: Store, clock: ManualClock) -> None:
    for group in ("set", "update", "delete", "read"):
        state.set_many(group, {"k": {"n": 1}, "l": 1})
    clock.advance(10)
    state.set("set", "k", 1)
    state.update("update", "k", [])
    state.delete("delete", "k")
    state.get("read", "k")
    clock.advance(9)
    assert stale(state, idle=10) == ["read"]


@pytest.mark.parametrize("swept", [False, True])
def test_a_group_was_busy_when_an_item_since_expired_was_written(state: Store, clock: ManualClock, swept: bool) -> None:
    state.set("g", "stays", 1)
    clock.advance(10)
    state.set("g", "goes", 1, ttl=1)
    clock.advance(5)
    if swept:
        state.sweep()
    assert stale(state, idle=10) == []
    assert stale(state, idle=5) == ["g"]


def test_finished_chooses_by_the_mark(state: Store) -> None:
    for group in ("done", "running"):
        state.set(group, "k", 1)
    state.finish("done")
    assert stale(state, finished=True) == ["done"]
    assert stale(state, finished=False) == ["running"]


@pytest.mark.parametrize(
    ("pattern", "wanted"),
    [
        ("*", ["WF-3", "a\nb", "orders", "wf-1", "wf-22", "wf-é"]),
        ("wf-*", ["wf-1", "wf-22", "wf-é"]),
        ("wf-?", ["wf-1", "wf-é"]),
        ("wf-[0-9]*", ["wf-1", "wf-22"]),
        ("wf-[!0-9]", ["wf-é"]),
        ("orders", ["orders"]),
        ("order", []),
        ("*rder*", ["orders"]),
        ("a*b", ["a\nb"]),
        ("", []),
        (".*", []),
    ],
)
def test_match_is_a_pattern_for_the_whole_name(state: Store, pattern: str, wanted: list[str]) -> None:
    for group in ("wf-1", "wf-22", "WF-3", "wf-é", "orders", "a\nb"):
        state.set(group, "k", 1)
    assert stale(state, match=pattern) == wanted


def test_all_rules_must_hold(state: Store, clock: ManualClock) -> None:
    for group in ("wf-1", "wf-2", "other"):
        state.set(group, "k", 1)
    clock.advance(10)
    state.set("wf-2", "k", 2)
    for group in ("wf-1", "wf-2", "other"):
        state.finish(group)
    state.set("wf-3", "k", 1)
    assert stale(state, match="wf-*", finished=True, idle=10) == ["wf-1"]


def test_an_empty_group_is_stale_if_it_is_finished_but_not_for_its_default_ttl_alone(state: Store) -> None:
    state.configure("configured", default_ttl=60)
    state.set("finished", "k", 1)
    state.finish("finished")
    state.delete("finished", "k")
    assert stale(state, match="*") == ["finished"]
    assert state.cleanup(match="*").items == 0
    assert remaining(state) == ["configured"]  # its default TTL is configuration


def test_stale_tells_counts_and_sizes(state: Store, clock: ManualClock) -> None:
    state.set_many("g", {"a": "xx", "b": 1})
    clock.advance(1)
    assert state.stale(match="g") == state.groups().items
    assert (state.stale(match="g")[0].items, state.stale(match="g")[0].size) == (2, 5)


def test_cleanup_clears_what_the_rules_choose(state: Store, clock: ManualClock) -> None:
    state.set_many("wf-2", {"a": 1, "b": 22})
    state.set("wf-1", "a", "x")
    state.set("orders", "a", 1)
    clock.advance(1)
    chosen = state.stale(match="wf-*")
    assert [group.id for group in chosen] == ["wf-1", "wf-2"]
    assert state.cleanup(match="wf-*") == CleanupReport(groups=chosen, items=3, size=6)
    assert remaining(state) == ["orders"]
    assert state.list("wf-2") == []
    assert state.cleanup(match="wf-*") == CleanupReport(groups=[], items=0, size=0)


def test_cleanup_keeps_default_ttls_and_drops_marks(state: Store) -> None:
    state.configure("g", default_ttl=60)
    state.set("g", "k", 1)
    state.finish("g", keep_for=10)
    state.cleanup(finished=True)
    (group,) = state.groups().items
    assert (group.items, group.default_ttl, group.finished_at, group.clear_at) == (0, 60, None, None)


def test_a_dry_run_reports_and_clears_nothing(state: Store, clock: ManualClock) -> None:
    state.set_many("g", {"a": 1, "b": 2})
    state.finish("g")
    clock.advance(1)
    before = state.groups().items
    report = state.cleanup(finished=True, dry_run=True)
    assert (report.groups, report.items, report.size) == (before, 2, 2)
    assert state.groups().items == before
    assert state.list("g") == [1, 2]
    assert state.cleanup(finished=True) == report


def test_named_groups_are_cleared_only_if_the_rules_still_choose_them(state: Store, clock: ManualClock) -> None:
    for group in ("a", "b", "c"):
        state.set(group, "k", 1)
    clock.advance(10)
    state.set("b", "k", 2)  # busy again since somebody looked
    report = state.cleanup(idle=10, groups=["a", "b", "missing", "a"])
    assert [group.id for group in report.groups] == ["a"]
    assert remaining(state) == ["b", "c"]
    assert state.cleanup(match="*", groups=[]).groups == []
    assert [group.id for group in state.cleanup(match="*", groups=iter(["c"]), dry_run=True).groups] == ["c"]


def test_named_groups_must_have_names(state: Store) -> None:
    state.set("g", "k", 1)
    with pytest.raises(InvalidName):
        state.cleanup(match="*", groups=["g", ""])
    assert state.list("g") == [1]


def test_a_cleanup_without_any_rule_is_refused(state: Store) -> None:
    state.set("g", "k", 1)
    for refused in (state.stale, state.cleanup, lambda: state.cleanup(groups=["g"])):
        with pytest.raises(InvalidArgument, match="at least one rule: idle, finished, match or empty"):
            refused()
    assert state.list("g") == [1]


@pytest.mark.parametrize("idle", [0, -1, float("nan"), float("inf"), "7d", True], ids=repr)
def test_idle_must_be_a_time(state: Store, idle: Any) -> None:
    state.set("g", "k", 1)
    with pytest.raises(InvalidTTL, match="idle must be"):
        state.cleanup(idle=idle)
    with pytest.raises(InvalidTTL, match="idle must be"):
        state.stale(idle=idle)
    assert state.list("g") == [1]


def test_expired_items_are_not_counted(state: Store, clock: ManualClock) -> None:
    state.set("gone", "k", 1, ttl=1)
    state.set("half", "k", 1, ttl=1)
    state.set("half", "l", 22)
    clock.advance(1)
    report = state.cleanup(match="*")
    assert ([group.id for group in report.groups], report.items, report.size) == (["half"], 1, 2)


def test_cleanup_of_groups_as_they_were_seen_leaves_those_that_changed_since(state: Store, clock: ManualClock) -> None:
    state.set("a", "k", 1)
    state.set("b", "k", 1)
    clock.advance(1)
    seen = {group.id: group.updated_at for group in state.stale(match="*")}
    state.set("b", "k", 2)
    assert [group.id for group in state.cleanup(match="*", groups=seen).groups] == ["a"]
    assert state.list("b") == [2]


def test_a_group_seen_within_a_second_of_its_change_stays(state: Store, clock: ManualClock) -> None:
    state.set("a", "k", 1)
    clock.advance(0.5)
    seen = {group.id: group.updated_at for group in state.stale(match="*")}
    state.set("a", "k", 2)  # too early to move the group's time of change
    clock.advance(10)
    assert state.cleanup(match="*", groups=seen).groups == []
    assert state.list("a") == [2]


@pytest.mark.parametrize("seen", [None, 1, datetime(2027, 1, 15)], ids=repr)
def test_what_is_no_moment_that_was_seen_is_refused(state: Store, seen: Any) -> None:
    state.set("a", "k", 1)
    with pytest.raises(InvalidArgument, match="groups must map names to datetimes with a timezone"):
        state.cleanup(match="*", groups={"a": seen})
    assert state.list("a") == [1]
