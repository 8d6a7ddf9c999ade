"""Undo and the trash, on every backend."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from store import (
    NEVER,
    UNDO_SECONDS,
    InvalidArgument,
    Item,
    NotInTrash,
    RestoreConflict,
    RestoreReport,
    Store,
    StoreClosed,
    TrashEntry,
    open_store,
)
from tests.conftest import ManualClock
from tests.store.support import ODD_NAMES, moment, walk

COUNT = [{"type": "increment", "path": "n", "by": 1}]


def only_id(state: Store) -> str:
    """The id of the only entry of the trash."""
    (entry,) = state.trash().items
    return entry.id


def there(state: Store, group: str, key: str) -> Item:
    item = state.item(group, key)
    assert item is not None
    return item


def summed_up(entry: TrashEntry | None) -> tuple[Any, ...]:
    assert entry is not None
    return entry.action, entry.group_id, entry.key, entry.groups, entry.items, entry.size


class TestWithoutUndo:
    def test_nothing_is_kept(self, state: Store) -> None:
        state.set("g", "k", 1)
        state.set("g", "k", 2)
        state.update("g", "n", COUNT)
        state.delete("g", "k")
        state.delete_many("g", ["n"])
        state.set("g", "k", 1)
        state.clear("g")
        state.cleanup(match="*")
        assert state.trash().items == []

    def test_a_write_that_changes_nothing_keeps_nothing(self, state: Store) -> None:
        state.set("g", "k", 1)
        state.configure("listed", default_ttl=60)
        assert state.delete("g", "missing", undo="x") is None
        assert state.delete_many("g", {"k": 99, "missing": 1}, undo="x") == {}
        assert state.clear("missing", undo="x") == 0
        assert state.clear("listed", undo="x") == 0
        state.cleanup(match="nothing", undo="x")
        state.cleanup(match="g", dry_run=True, undo="x")
        state.update("g", "u", COUNT, dry_run=True, undo="x")
        assert state.trash_entry("x") is None
        assert state.trash().items == []

    def test_a_write_that_is_refused_keeps_nothing(self, state: Store) -> None:
        state.set("g", "k", 1)
        with pytest.raises(Exception, match="version"):
            state.set("g", "k", 2, if_version=7, undo="x")
        with pytest.raises(Exception, match="operation 0"):
            state.update("g", "k", [{"type": "merge", "value": 3}], undo="x")
        assert state.trash().items == []


def test_what_set_many_replaces_and_creates_is_kept_item_by_item(state: Store) -> None:
    for value in (1, 2, 3):
        state.set("g", "often written", value, ttl=60)
    state.set("g", "changed since", "old")
    state.set_many("g", {"often written": 4, "new": 1, "changed since": "mine"}, undo="x")
    state.set("g", "changed since", "theirs")

    with pytest.raises(RestoreConflict) as conflict:
        state.restore("x")
    assert conflict.value.sample == (("g", "changed since"),)
    assert state.restore("x", on_conflict="skip") == RestoreReport(2, 1)
    assert state.get_many("g", ["often written", "new", "changed since"]) == {
        "often written": 3,
        "changed since": "theirs",
    }
    assert state.ttl("g", "often written") == 60


class TestIds:
    @pytest.mark.parametrize("undo", ["", "x" * 129, "ä", "a\n", 1, None, 1.5])
    def test_what_is_no_id_is_refused_and_nothing_is_done(self, state: Store, undo: Any) -> None:
        state.set("g", "k", 1)
        for call in (
            lambda: state.set("g", "k", 2, undo=undo),
            lambda: state.update("g", "k", COUNT, undo=undo),
            lambda: state.delete("g", "k", undo=undo),
            lambda: state.set_many("g", {"k": 2}, undo=undo),
            lambda: state.delete_many("g", ["k"], undo=undo),
            lambda: state.clear("g", undo=undo),
            lambda: state.cleanup(match="*", undo=undo),
            lambda: state.trash_entry(undo),
            lambda: state.restore(undo),
            lambda: state.discard(undo),
        ):
            with pytest.raises(InvalidArgument, match="1 to 128 printable ASCII"):
                call()
        assert there(state, "g", "k").version == 1

    @pytest.mark.parametrize("undo", ["x", "a b", "~" * 128, "%2F/..?#"])
    def test_an_id_is_printable_ascii(self, state: Store, undo: str) -> None:
        state.set("g", "k", 1)
        state.delete("g", "k", undo=undo)
        assert only_id(state) == undo
        assert state.restore(undo) == RestoreReport(1, 0)

    def test_true_makes_a_fresh_id_each_time(self, state: Store) -> None:
        for number in range(5):
            state.set("g", str(number), number)
            state.delete("g", str(number), undo=True)
        ids = [entry.id for entry in state.trash().items]
        assert len(set(ids)) == 5
        assert min(map(len, ids)) >= 20

    def test_nothing_under_an_id(self, state: Store) -> None:
        assert state.trash_entry("x") is None
        assert not state.discard("x")
        for mode in ("raise", "skip", "overwrite"):
            with pytest.raises(NotInTrash, match="'x'"):
                state.restore("x", on_conflict=mode)

    def test_a_bad_mode(self, state: Store) -> None:
        with pytest.raises(InvalidArgument, match="on_conflict"):
            state.restore("x", on_conflict="merge")  # type: ignore[arg-type]


class TestEntries:
    def test_what_an_entry_tells(self, state: Store, clock: ManualClock) -> None:
        state.set("g", "k", "four")
        state.delete("g", "k", undo="x")
        assert state.trash_entry("x") == TrashEntry(
            "x", "delete", "g", "k", 1, 1, 6, moment(clock.now), moment(clock.now + 600_000)
        )

    def test_the_actions(self, state: Store) -> None:
        state.set_many("g", {"a": 1, "b": 22, "c": 333})
        state.set("h", "k", 1)
        state.set("g", "a", 4, undo="set")
        state.set("g", "new", 4, undo="made")
        state.update("g", "n", COUNT, undo="update")
        state.delete_many("g", ["b", "c"], undo="delete")
        state.clear("g", undo="clear")
        state.set("i", "k", 1)
        state.cleanup(match="[hi]", undo="cleanup")
        assert [summed_up(entry) for entry in state.trash().items] == [
            ("cleanup", None, None, 2, 2, 2),
            ("clear", "g", None, 1, 3, 9),
            ("delete", "g", None, 1, 2, 5),
            ("update", "g", "n", 1, 1, 0),
            ("set", "g", "new", 1, 1, 0),
            ("set", "g", "a", 1, 1, 1),
        ]

    def test_calls_with_one_id_add_to_one_entry(self, state: Store, clock: ManualClock) -> None:
        state.set_many("g", {"a": 1, "b": 22})
        state.set_many("h", {"a": 333})
        for group, key in (("g", "a"), ("g", "b"), ("h", "a")):
            clock.advance(1)
            state.delete(group, key, undo="x")
        (entry,) = state.trash().items
        assert summed_up(entry) == ("delete", None, None, 2, 3, 6)
        assert entry.removed_at == moment(clock.now)
        assert state.restore("x") == RestoreReport(3, 0)
        assert (state.list("g"), state.list("h")) == ([1, 22], [333])

    def test_the_latest_comes_first_page_by_page(self, state: Store) -> None:
        for number in range(7):
            state.set("g", str(number), number)
            state.delete("g", str(number), undo=f"id{number}")
        state.set("g", "again", 1)
        state.delete("g", "again", undo="id2")
        wanted = ["id2", "id6", "id5", "id4", "id3", "id1", "id0"]
        assert [entry.id for entry in state.trash().items] == wanted
        assert [entry.id for entry in walk(lambda after: state.trash(after=after, limit=3))] == wanted
        with pytest.raises(InvalidArgument):
            state.trash(limit=0)
        with pytest.raises(InvalidArgument):
            state.trash(after="nonsense")

    def test_discard(self, state: Store) -> None:
        state.set("g", "k", 1)
        state.delete("g", "k", undo="x")
        assert state.discard("x")
        assert not state.discard("x")
        assert state.trash().items == []
        with pytest.raises(NotInTrash):
            state.restore("x")

    def test_a_discarded_id_starts_anew(self, state: Store) -> None:
        state.set_many("g", {"a": 1, "b": 2})
        state.delete("g", "a", undo="x")
        state.discard("x")
        state.delete("g", "b", undo="x")
        assert state.restore("x") == RestoreReport(1, 0)
        assert state.list("g") == [2]

    def test_nothing_else_sees_what_is_kept(self, state: Store) -> None:
        state.set_many("g", {"a": 1, "b": 2}, ttl=60)
        state.delete("g", "a", undo="x")
        assert [item.key for item in state.items("g").items] == ["b"]
        assert (state.get("g", "a"), state.item("g", "a"), state.ttl("g", "a")) == (None, None, None)
        group = state.group("g")
        assert group is not None
        assert (group.items, group.size) == (1, 1)
        state.clear("g", undo="x")
        assert state.groups().items == []
        assert state.list("g") == []
        assert state.count("g").items == 0
        assert list(state.export()) == []
        assert not state.finish("g")

    def test_a_closed_store_has_no_trash(self, url: str) -> None:
        state = open_store(url, sweep_interval=None)
        state.close()
        with pytest.raises(StoreClosed):
            state.trash()


class TestRestoring:
    def test_a_deleted_item_is_as_it_was_and_written_now(self, state: Store, clock: ManualClock) -> None:
        state.set("g", "k", {"n": [1, 2.5, None]})
        before = there(state, "g", "k")
        clock.advance(5)
        state.delete("g", "k", undo="x")
        clock.advance(7)
        assert state.restore("x") == RestoreReport(1, 0)
        after = there(state, "g", "k")
        assert (after.value, after.size, after.expires_at) == (before.value, before.size, None)
        assert (after.created_at, after.updated_at) == (before.created_at, moment(clock.now))
        assert after.version > before.version
        assert state.get("g", "k") == {"n": [1, 2.5, None]}
        group = state.group("g")
        assert group is not None
        assert (group.items, group.size, group.updated_at) == (1, before.size, moment(clock.now))

    def test_the_entry_is_gone_then(self, state: Store) -> None:
        state.set("g", "k", 1)
        state.delete("g", "k", undo="x")
        state.restore("x")
        assert state.trash().items == []
        with pytest.raises(NotInTrash):
            state.restore("x")

    def test_the_clock_of_what_is_kept_stands_still(self, state: Store, clock: ManualClock) -> None:
        state.set("g", "k", 1, ttl=10)
        state.set("g", "j", 1, ttl=0.001)
        clock.advance(0)
        state.delete_many("g", ["k", "j"], undo="x")
        clock.advance(UNDO_SECONDS - 0.001)
        state.restore("x")
        assert (state.ttl("g", "k"), state.ttl("g", "j")) == (10, 0.001)
        clock.advance(0.001)
        assert state.get("g", "j") is None
        clock.advance(9.999)
        assert state.get("g", "k") is None

    def test_each_item_gets_the_time_it_had_left_when_it_was_removed(self, state: Store, clock: ManualClock) -> None:
        state.set_many("g", {"a": 1, "b": 1, "c": 1}, ttl=100)
        clock.advance(10)
        state.delete("g", "a", undo="x")
        clock.advance(10)
        state.delete("g", "b", undo="x")
        clock.advance(10)
        state.clear("g", undo="x")
        clock.advance(10)
        assert state.restore("x").items == 3
        assert [state.ttl("g", key) for key in "abc"] == [90, 80, 70]

    def test_what_had_expired_is_not_kept(self, state: Store, clock: ManualClock) -> None:
        state.set_many("g", {"a": 1, "b": 1}, ttl=5)
        state.set_many("g", {"c": 1, "d": 1}, ttl=50)
        clock.advance(5)
        state.delete_many("g", ["a", "c"], undo="x")
        state.clear("g", undo="x")
        assert summed_up(state.trash_entry("x")) == ("delete", "g", None, 1, 2, 2)
        assert state.restore("x") == RestoreReport(2, 0)
        assert [item.key for item in state.items("g").items] == ["c", "d"]
        assert state.trash().items == []

    def test_a_large_restore_tells_how_far_it_is_and_ends_where_it_is_told_to(self, state: Store) -> None:
        state.set_many("g", {f"k{number:04}": number for number in range(1500)})
        state.clear("g", undo="x")
        told: list[int] = []

        def go_on(items: int) -> bool:
            told.append(items)
            return len(told) < 2

        report = state.restore("x", go_on=go_on)
        assert told == [report.items // 2, report.items]
        assert 0 < report.items < 1500
        assert report.left == 1500 - report.items == 1500 - len(state.list("g"))
        assert state.restore("x", go_on=lambda _: True) == RestoreReport(report.left, 0)
        assert state.list("g") == list(range(1500))

    def test_a_replaced_item_comes_back(self, state: Store, clock: ManualClock) -> None:
        state.set("g", "k", {"n": 1}, ttl=60)
        before = there(state, "g", "k")
        clock.advance(1)
        state.set("g", "k", "other", undo="x")
        state.update("g", "m", COUNT)
        state.update("g", "m", COUNT, undo="y")
        assert state.restore("x") == RestoreReport(1, 0)
        after = there(state, "g", "k")
        assert (after.value, after.created_at, state.ttl("g", "k")) == ({"n": 1}, before.created_at, 59)
        assert after.version == before.version + 2
        state.restore("y")
        assert (state.get("g", "m"), state.ttl("g", "m")) == ({"n": 1}, math.inf)

    def test_an_item_that_was_made_is_removed_again(self, state: Store) -> None:
        state.set("g", "k", 1, undo="x")
        state.update("g", "m", COUNT, undo="x")
        assert state.restore("x") == RestoreReport(2, 0)
        assert state.group("g") is None

    def test_an_item_that_was_made_and_has_gone_by_itself_is_no_conflict(
        self, state: Store, clock: ManualClock
    ) -> None:
        state.set("g", "k", 1, ttl=5, undo="x")
        clock.advance(5)
        assert state.restore("x") == RestoreReport(1, 0)
        assert state.trash().items == []

    def test_made_in_place_of_an_expired_one(self, state: Store, clock: ManualClock) -> None:
        state.set("g", "k", 1, ttl=5)
        clock.advance(5)
        state.set("g", "k", 2, undo="x")
        state.restore("x")
        assert state.item("g", "k") is None

    def test_a_place_whose_item_has_expired_is_free(self, state: Store, clock: ManualClock) -> None:
        state.set("g", "k", 1)
        state.delete("g", "k", undo="x")
        state.set("g", "k", 2, ttl=5)
        version = there(state, "g", "k").version
        clock.advance(5)
        assert state.restore("x") == RestoreReport(1, 0)
        assert (there(state, "g", "k").value, there(state, "g", "k").version > version) == (1, True)

    def test_expire_and_persist_are_no_conflict(self, state: Store) -> None:
        state.set("g", "k", 1)
        state.set("g", "k", 2, undo="x")
        state.expire("g", "k", 60)
        assert state.restore("x") == RestoreReport(1, 0)

    def test_versions_are_never_used_twice(self, state: Store) -> None:
        seen = set[int]()
        for number in range(5):
            state.set("g", "k", number)
            seen.add(there(state, "g", "k").version)
            state.delete("g", "k", undo="d") if number % 2 else state.clear("g", undo="c")
            state.restore("d" if number % 2 else "c")
            seen.add(there(state, "g", "k").version)
            state.delete("g", "k")
        assert len(seen) == 10

    def test_a_cleared_group_comes_back_with_its_mark(self, state: Store, clock: ManualClock) -> None:
        state.set_many("g", {"a": 1, "b": 2})
        state.configure("g", default_ttl=60)
        finished_at = moment(clock.now)
        state.finish("g", keep_for=100)
        clock.advance(30)
        assert state.clear("g", undo="x") == 2
        clock.advance(500)
        assert state.restore("x") == RestoreReport(2, 0)
        group = state.group("g")
        assert group is not None
        assert (group.items, group.default_ttl, group.finished_at) == (2, 60, finished_at)
        assert group.clear_at == moment(clock.now + 70_000)
        clock.advance(70)
        state.sweep()
        assert state.list("g") == []

    def test_a_mark_that_the_group_has_by_now_stays(self, state: Store, clock: ManualClock) -> None:
        state.set("g", "k", 1)
        state.finish("g", keep_for=100)
        state.clear("g", undo="x")
        clock.advance(1)
        state.set("g", "new", 2)
        state.finish("g")
        state.restore("x")
        group = state.group("g")
        assert group is not None
        assert (group.finished_at, group.clear_at) == (moment(clock.now), None)

    @pytest.mark.parametrize("mode", ["raise", "skip", "overwrite"])
    def test_of_two_marks_the_latest_comes_back(self, state: Store, clock: ManualClock, mode: Any) -> None:
        for key in ("a", "b"):
            clock.advance(1)
            state.set("g", key, 1)
            state.finish("g")
            state.clear("g", undo="x")
        state.restore("x", on_conflict=mode)
        group = state.group("g")
        assert group is not None
        assert group.finished_at == moment(clock.now)

    @pytest.mark.parametrize("mode", ["raise", "skip", "overwrite"])
    def test_what_was_lost_one_after_the_other_comes_back_together(self, state: Store, mode: Any) -> None:
        state.configure("g", default_ttl=60)
        state.finish("g")
        state.clear("g", undo="x")
        state.cleanup(empty=True, undo="x")
        state.restore("x", on_conflict=mode)
        group = state.group("g")
        assert group is not None
        assert (group.default_ttl, group.finished_at is not None) == (60, True)

    def test_a_mark_alone_is_kept(self, state: Store) -> None:
        state.set("g", "k", 1)
        state.finish("g")
        state.delete("g", "k")
        assert state.clear("g", undo="x") == 0
        assert summed_up(state.trash_entry("x")) == ("clear", "g", None, 1, 0, 0)
        assert state.restore("x") == RestoreReport(0, 0)
        assert state.stale(finished=True) != []
        assert state.trash().items == []

    def test_an_empty_group_that_a_cleanup_took_wholly(self, state: Store) -> None:
        state.configure("g", default_ttl=60)
        state.cleanup(empty=True, undo="x")
        assert state.group("g") is None
        state.restore("x")
        group = state.group("g")
        assert group is not None
        assert group.default_ttl == 60

    def test_default_ttl_does_not_touch_what_comes_back(self, state: Store) -> None:
        state.set("g", "k", 1)
        state.delete("g", "k", undo="x")
        state.configure("g", default_ttl=5)
        state.restore("x")
        assert state.ttl("g", "k") == math.inf

    def test_odd_names(self, state: Store) -> None:
        for name in ODD_NAMES:
            state.set(name, name, name)
        state.delete(ODD_NAMES[0], ODD_NAMES[0], undo="x")
        state.cleanup(match="*", undo="x")
        assert state.restore("x").items == len(ODD_NAMES)
        assert [state.get(name, name) for name in ODD_NAMES] == ODD_NAMES

    @pytest.mark.parametrize("items", [1000, 1001, 2500])
    def test_many_items(self, state: Store, items: int) -> None:
        values = {f"k{number:05d}": number for number in range(items)}
        state.set_many("g", values)
        state.set("g", "k00001", "edited", undo="x")
        state.delete_many("g", list(values)[:700], undo="x")
        state.clear("g", undo="x")
        entry = state.trash_entry("x")
        assert entry is not None
        assert entry.items == items
        writes = state.stats().writes
        assert state.restore("x") == RestoreReport(items, 0)
        assert state.stats().writes == writes + items
        assert state.list("g") == list(values.values())
        assert state.trash().items == []

    def test_many_groups(self, state: Store) -> None:
        names = [f"wf-{number:04d}" for number in range(1200)]
        for name in names:
            state.set(name, "k", name)
            state.finish(name)
        state.cleanup(match="wf-0*", undo="x")
        state.cleanup(finished=True, undo="x")
        assert state.groups().items == []
        assert summed_up(state.trash_entry("x"))[3:5] == (1200, 1200)
        assert state.restore("x") == RestoreReport(1200, 0)
        assert [group.id for group in state.stale(finished=True)] == names

    def test_many_marks(self, state: Store) -> None:
        for number in range(1100):
            state.set(str(number), "k", 1)
            state.finish(str(number))
            state.delete(str(number), "k")
        state.cleanup(finished=True, undo="x")
        assert summed_up(state.trash_entry("x"))[3:5] == (1100, 0)
        assert state.restore("x") == RestoreReport(0, 0)
        assert len(state.stale(finished=True)) == 1100
        assert state.trash().items == []


class TestConflicts:
    def changed(self, state: Store) -> None:
        """Three items are removed, and one of them is written anew."""
        state.set_many("g", {"a": 1, "b": 2, "c": 3})
        state.delete_many("g", ["a", "b", "c"], undo="x")
        state.set("g", "b", "newer")

    def test_raise_restores_nothing(self, state: Store) -> None:
        self.changed(state)
        with pytest.raises(RestoreConflict, match="'b' of 'g'") as caught:
            state.restore("x")
        assert (caught.value.conflicts, caught.value.sample) == (1, (("g", "b"),))
        assert state.list("g") == ["newer"]
        assert summed_up(state.trash_entry("x")) == ("delete", "g", None, 1, 3, 3)

    def test_skip_leaves_them(self, state: Store) -> None:
        self.changed(state)
        assert state.restore("x", on_conflict="skip") == RestoreReport(2, 1)
        assert state.list("g") == [1, "newer", 3]
        assert summed_up(state.trash_entry("x")) == ("delete", "g", "b", 1, 1, 1)
        state.delete("g", "b")
        assert state.restore("x") == RestoreReport(1, 0)
        assert state.list("g") == [1, 2, 3]

    def test_overwrite_replaces_them(self, state: Store) -> None:
        self.changed(state)
        version = there(state, "g", "b").version
        assert state.restore("x", on_conflict="overwrite") == RestoreReport(3, 0)
        assert state.list("g") == [1, 2, 3]
        assert there(state, "g", "b").version > version

    @pytest.mark.parametrize("change", ["write", "delete", "rewrite"])
    def test_a_replaced_item_that_was_changed_since(self, state: Store, change: str) -> None:
        state.set("g", "k", 1)
        state.set("g", "k", 2, undo="x")
        if change == "write":
            state.set("g", "k", 3)
        else:
            state.delete("g", "k")
        if change == "rewrite":
            state.set("g", "k", 2)
        with pytest.raises(RestoreConflict):
            state.restore("x")
        assert state.restore("x", on_conflict="skip") == RestoreReport(0, 1)
        assert state.restore("x", on_conflict="overwrite") == RestoreReport(1, 0)
        assert state.get("g", "k") == 1

    def test_an_item_that_was_made_and_changed_since(self, state: Store) -> None:
        state.set("g", "k", 1, undo="x")
        state.update("g", "k", [{"type": "set", "path": "", "value": 2}])
        with pytest.raises(RestoreConflict):
            state.restore("x")
        assert state.restore("x", on_conflict="skip") == RestoreReport(0, 1)
        assert state.get("g", "k") == 2
        assert state.restore("x", on_conflict="overwrite") == RestoreReport(1, 0)
        assert state.group("g") is None

    def test_a_cleared_group_that_was_written_since(self, state: Store) -> None:
        state.set_many("g", {f"k{number}": number for number in range(8)})
        state.clear("g", undo="x")
        state.set_many("g", {f"k{number}": "newer" for number in range(7)})
        with pytest.raises(RestoreConflict, match="and 2 more") as caught:
            state.restore("x")
        assert caught.value.conflicts == 7
        assert sorted(caught.value.sample) == [("g", f"k{number}") for number in range(5)]
        assert state.restore("x", on_conflict="skip") == RestoreReport(1, 7)
        assert state.list("g") == ["newer"] * 7 + [7]
        assert state.restore("x", on_conflict="overwrite") == RestoreReport(7, 0)
        assert state.list("g") == list(range(8))

    def test_an_undo_of_an_undo(self, state: Store) -> None:
        state.set("g", "k", 1)
        state.set("g", "k", 2, undo="x")
        state.restore("x")
        state.set("g", "k", 2, undo="y")
        assert state.restore("y") == RestoreReport(1, 0)
        assert state.get("g", "k") == 1

    @pytest.mark.parametrize("mode", ["raise", "skip"])
    def test_conflicts_among_many(self, state: Store, mode: Any) -> None:
        values = {f"k{number:05d}": number for number in range(2500)}
        state.set_many("g", values)
        state.clear("g", undo="x")
        state.set_many("g", {"k00000": "newer", "k02499": "newer"})
        if mode == "raise":
            with pytest.raises(RestoreConflict) as caught:
                state.restore("x")
            assert caught.value.conflicts == 2
            assert len(state.list("g")) == 2
        assert state.restore("x", on_conflict="skip") == RestoreReport(2498, 2)
        assert state.list("g") == ["newer", *range(1, 2499), "newer"]


class TestMeanwhile:
    """What happens while an entry with many items is being restored."""

    def cleared(self, state: Store, items: int) -> None:
        state.set_many("g", {f"k{number:05d}": number for number in range(items)})
        state.clear("g", undo="x")

    def between_batches(self, state: Store, patch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
        """Have something done after each transaction of a restore."""
        real = state._backend.trash.restore

        def restore(*args: Any) -> Iterator[int]:
            for batch in real(*args):
                act()
                yield batch

        patch.setattr(state._backend.trash, "restore", restore)

    def test_a_conflict_that_comes_up_is_left(self, state: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        self.cleared(state, 2500)
        both = ["k00300", "k02200"]  # one of them is in the last batch, wherever a backend begins
        self.between_batches(state, monkeypatch, lambda: state.set_many("g", dict.fromkeys(both, "newer")))
        assert state.restore("x") == RestoreReport(2498, 2)
        assert [state.get("g", key) for key in both] == ["newer", "newer"]
        monkeypatch.undo()
        assert state.restore("x", on_conflict="overwrite") == RestoreReport(2, 0)
        assert [state.get("g", key) for key in both] == [300, 2200]

    def test_a_conflict_that_comes_up_before_refuses_the_whole_of_a_small_entry(
        self, state: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.cleared(state, 900)
        real = state._backend.trash.contested

        def contested(name: str) -> list[Any]:
            found = list(real(name))
            state.set("g", "k00899", "newer")
            return found

        monkeypatch.setattr(state._backend.trash, "contested", contested)
        with pytest.raises(RestoreConflict):
            state.restore("x")
        assert state.list("g") == ["newer"]

    def test_others_take_it_over(self, state: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        self.cleared(state, 2500)
        reports: list[RestoreReport] = []

        def take_over() -> None:
            monkeypatch.undo()
            if not reports:
                reports.append(state.restore("x"))

        self.between_batches(state, monkeypatch, take_over)
        report = state.restore("x")
        assert report.items + reports[0].items == 2500
        assert report.left == reports[0].left == 0
        assert state.list("g") == list(range(2500))

    def test_the_time_of_the_entry_is_not_up_in_the_middle(
        self, state: Store, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.cleared(state, 3500)
        clock.advance(UNDO_SECONDS - 0.001)

        def time_passes() -> None:
            clock.advance(30)
            state.sweep()

        self.between_batches(state, monkeypatch, time_passes)
        assert state.restore("x") == RestoreReport(3500, 0)


class TestOneItemUnderOneIdSeveralTimes:
    """As long as nobody else writes it in between, undoing goes back to what was there first."""

    def test_written_twice(self, state: Store) -> None:
        state.set("g", "k", 1)
        state.set("g", "k", 2, undo="x")
        state.update("g", "k", [{"type": "set", "path": "", "value": 3}], undo="x")
        assert summed_up(state.trash_entry("x")) == ("set", "g", "k", 1, 1, 1)
        assert state.restore("x") == RestoreReport(1, 0)
        assert state.get("g", "k") == 1

    @pytest.mark.parametrize("last", ["delete", "clear"])
    def test_written_then_removed(self, state: Store, last: str) -> None:
        state.set("g", "k", 1)
        state.set("g", "k", 22, undo="x")
        state.set("g", "made", 3, undo="x")
        state.set("g", "other", 4)
        _ = state.delete_many("g", ["k", "made"], undo="x") if last == "delete" else state.clear("g", undo="x")
        kept = 1 if last == "delete" else 2
        assert summed_up(state.trash_entry("x"))[4:] == (kept, kept)
        assert state.restore("x") == RestoreReport(kept, 0)
        assert state.get_many("g", ["k", "made", "other"]) == {"k": 1, "other": 4}

    @pytest.mark.parametrize("first", ["delete", "clear"])
    def test_removed_then_written(self, state: Store, first: str) -> None:
        state.set_many("g", {"j": 0, "k": 1})
        _ = state.delete("g", "k", undo="x") if first == "delete" else state.clear("g", undo="x")
        state.set("g", "k", 2, undo="x")
        state.set("g", "k", 3, undo="x")
        state.restore("x")
        assert state.get_many("g", ["j", "k"]) == {"j": 0, "k": 1}
        assert state.trash().items == []

    def test_one_that_had_expired_when_its_group_was_cleared_and_was_made_anew(
        self, state: Store, clock: ManualClock
    ) -> None:
        state.set("g", "k", 1, ttl=5)
        state.set("g", "j", 2)
        clock.advance(5)
        state.clear("g", undo="x")
        state.set("g", "k", 3, undo="x")
        assert state.restore("x") == RestoreReport(2, 0)
        assert [item.key for item in state.items("g").items] == ["j"]

    def test_made_and_removed_leaves_nothing(self, state: Store) -> None:
        state.set("g", "k", 1, undo="x")
        state.delete("g", "k", undo="x")
        assert state.trash_entry("x") is None
        assert state.trash().items == []

    @pytest.mark.parametrize("first", ["delete", "clear"])
    @pytest.mark.parametrize("second", ["delete", "clear"])
    def test_where_somebody_wrote_in_between_the_latest_comes_back(self, state: Store, first: str, second: str) -> None:
        def remove(how: str) -> None:
            _ = state.delete("g", "k", undo="x") if how == "delete" else state.clear("g", undo="x")

        def twice() -> None:
            state.set("g", "k", 1)
            remove(first)
            state.set("g", "k", 2)
            remove(second)

        twice()
        assert summed_up(state.trash_entry("x"))[4] == 2
        assert state.restore("x") == RestoreReport(1, 1)
        assert state.get("g", "k") == 2
        with pytest.raises(RestoreConflict):
            state.restore("x")
        assert state.discard("x")
        twice()
        assert state.restore("x", on_conflict="overwrite") == RestoreReport(2, 0)
        assert state.get("g", "k") == 2


class TestTime:
    def test_an_entry_is_gone_at_the_millisecond(self, state: Store, clock: ManualClock) -> None:
        state.set("g", "k", 1)
        state.delete("g", "k", undo="x")
        clock.advance(UNDO_SECONDS - 0.001)
        assert only_id(state) == "x"
        clock.advance(0.001)
        assert (state.trash().items, state.trash_entry("x"), state.discard("x")) == ([], None, False)
        with pytest.raises(NotInTrash):
            state.restore("x")

    def test_an_addition_starts_the_time_anew(self, state: Store, clock: ManualClock) -> None:
        state.set_many("g", {"a": 1, "b": 2})
        state.delete("g", "a", undo="x")
        clock.advance(UNDO_SECONDS - 1)
        state.delete("g", "b", undo="x")
        clock.advance(UNDO_SECONDS - 1)
        assert state.restore("x") == RestoreReport(2, 0)

    def test_an_id_whose_time_is_up_starts_anew(self, state: Store, clock: ManualClock) -> None:
        state.set_many("g", {"a": 1, "b": 2})
        state.delete("g", "a", undo="x")
        clock.advance(UNDO_SECONDS)
        state.set("g", "b", 3, undo="x")
        assert summed_up(state.trash_entry("x")) == ("set", "g", "b", 1, 1, 1)
        assert state.restore("x") == RestoreReport(1, 0)
        assert state.list("g") == [2]

    def test_the_sweep_frees_what_is_too_old_and_nothing_else(self, state: Store, clock: ManualClock) -> None:
        state.set_many("g", {"a": 1, "b": 2, "c": 3}, ttl=NEVER)
        state.delete("g", "a", undo="old")
        clock.advance(UNDO_SECONDS - 1)
        state.clear("g", undo="young")
        clock.advance(1)
        assert state.sweep() == 0
        assert only_id(state) == "young"
        assert state.restore("young") == RestoreReport(2, 0)
        assert state.list("g") == [2, 3]

    def test_a_sweep_does_not_take_what_is_kept_for_expired(self, state: Store, clock: ManualClock) -> None:
        state.set_many("g", {"a": 1, "b": 2}, ttl=5)
        state.delete("g", "a", undo="x")
        state.clear("g", undo="x")
        clock.advance(60)
        assert state.sweep() == 0
        assert state.restore("x") == RestoreReport(2, 0)
        clock.advance(5)
        assert state.sweep() == 2
        assert state.groups().items == []


def test_reads_that_are_cached_see_what_comes_back(state: Store) -> None:
    state.set("g", "k", 1)
    for _ in range(3):
        assert state.get("g", "k") == 1
    state.set("g", "k", 2, undo="x")
    for _ in range(3):
        assert state.get("g", "k") == 2
    state.restore("x")
    assert state.get("g", "k") == 1


def test_the_revision_moves(state: Store) -> None:
    state.set("g", "k", 1)
    seen = [state.revision()]
    state.delete("g", "k", undo="x")
    seen.append(state.revision())
    state.restore("x")
    seen.append(state.revision())
    state.clear("g", undo="x")
    seen.append(state.revision())
    state.discard("x")
    seen.append(state.revision())
    assert len(set(seen)) == 5
