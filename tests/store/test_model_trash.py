"""The model test with undo: any sequence of calls that keep what they remove, and of restores, on every backend."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from store import UNDO_SECONDS, NotInTrash, RestoreConflict, RestoreReport
from tests.store.test_model import BOUNDED, GROUPS, KEYS, VALUES, ModelGroup, ModelItem, ModelTest

IDS = st.sampled_from(["x", "y"])
MODES = st.sampled_from(["raise", "skip", "overwrite"])


@dataclass
class Kept:
    group: str
    key: str
    was: ModelItem | None
    left: ModelItem | None
    removed_at: int


@dataclass
class Entry:
    removed_at: int
    kept: list[Kept] = field(default_factory=list)
    marks: dict[str, tuple[int, int | None, int]] = field(default_factory=dict)

    @property
    def groups(self) -> set[str]:
        return {kept.group for kept in self.kept} | self.marks.keys()


class TrashModelTest(ModelTest):
    """What took the place of a removed item is told by identity: each write of the model makes a new one."""

    def __init__(self) -> None:
        super().__init__()
        self.trash: dict[str, Entry] = {}

    def there(self, name: str) -> Entry | None:
        entry = self.trash.get(name)
        return entry if entry and self.now < entry.removed_at + UNDO_SECONDS * 1000 else None

    def added_to(self, name: str) -> Entry:
        entry = self.there(name)
        if entry is None:
            entry = self.trash[name] = Entry(self.now)
        entry.removed_at = self.now
        return entry

    def keep(self, name: str, group: str, key: str, was: ModelItem | None, left: ModelItem | None) -> None:
        entry = self.added_to(name)
        before = next((kept for kept in reversed(entry.kept) if (kept.group, kept.key) == (group, key)), None)
        if before is None or before.left is not was:
            entry.kept.append(Kept(group, key, was, left, self.now))
            return
        before.left = left
        if before.was is None and left is None:
            entry.kept.remove(before)
            self.drop_if_empty(name)

    def drop_if_empty(self, name: str) -> None:
        if not self.trash[name].kept and not self.trash[name].marks:
            del self.trash[name]

    def keep_group(self, name: str, group: str) -> None:
        for key, item in self.live(group).items():
            self.keep(name, group, key, item, None)
        held = self.groups[group]
        if held.finished is not None:
            self.added_to(name).marks[group] = (held.finished, held.clear_at, self.now)

    @rule(name=IDS, group=GROUPS, key=KEYS, value=VALUES, ttl=st.sampled_from([None, 2]))
    def set_with_undo(self, name: str, group: str, key: str, value: Any, ttl: Any) -> None:
        self.state.set(group, key, value, ttl=ttl, undo=name)
        was = self.live(group).get(key)
        self.write(group, key, value, ttl)
        self.keep(name, group, key, was, self.groups[group].items[key])

    @rule(name=IDS, group=GROUPS, keys=st.lists(KEYS, unique=True))
    def delete_with_undo(self, name: str, group: str, keys: list[str]) -> None:
        self.state.delete_many(group, keys, undo=name)
        for key in set(keys) & self.live(group).keys():
            self.keep(name, group, key, self.live(group)[key], None)
            self.remove(group, key)

    @rule(name=IDS, group=GROUPS)
    def clear_with_undo(self, name: str, group: str) -> None:
        self.state.clear(group, undo=name)
        if self.listed(group):
            self.keep_group(name, group)
            self.empty(group)

    @rule(name=IDS, finished=st.booleans())
    def cleanup_with_undo(self, name: str, finished: bool) -> None:
        self.state.cleanup(finished=finished, undo=name)
        for group in filter(self.listed, list(self.groups)):
            if (self.groups[group].finished is not None) == finished and (self.live(group) or finished):
                self.keep_group(name, group)
                self.empty(group)

    @rule(name=IDS)
    def discard(self, name: str) -> None:
        assert self.state.discard(name) == (self.there(name) is not None)
        self.trash.pop(name, None)

    @rule()
    def ten_minutes_pass(self) -> None:
        self.clock.advance(UNDO_SECONDS)
        assert self.now >= self.clock.now

    @rule(name=IDS, mode=MODES)
    def restore(self, name: str, mode: Any) -> None:
        entry = self.there(name)
        if entry is None:
            with pytest.raises(NotInTrash):
                self.state.restore(name, on_conflict=mode)
            return
        conflicts = [kept for kept in entry.kept if self.in_conflict(kept)]
        if mode == "raise" and conflicts:
            with pytest.raises(RestoreConflict) as caught:
                self.state.restore(name, on_conflict=mode)
            assert caught.value.conflicts == len(conflicts)
            return
        chosen = entry.kept[:] if mode == "overwrite" else list(self.restorable(entry))
        left = [kept for kept in entry.kept if not any(kept is one for one in chosen)]
        assert self.state.restore(name, on_conflict=mode) == RestoreReport(len(chosen), len(left))
        for kept in chosen:
            self.bring_back(kept)
        for group, mark in entry.marks.items():
            self.bring_back_mark(group, *mark)
        self.trash[name] = Entry(entry.removed_at, left)
        self.drop_if_empty(name)

    def in_conflict(self, kept: Kept) -> bool:
        found = self.live(kept.group).get(kept.key)
        return found is not kept.left and not (kept.was is None and found is None)

    def restorable(self, entry: Entry) -> Iterator[Kept]:
        seen = set()
        for kept in reversed(entry.kept):
            if (kept.group, kept.key) not in seen and not self.in_conflict(kept):
                yield kept
            seen.add((kept.group, kept.key))

    def bring_back(self, kept: Kept) -> None:
        group, was = kept.group, kept.was
        if was is None:
            self.remove(group, kept.key)
            return
        self.write(group, kept.key, was.value, 1)
        item = self.groups[group].items[kept.key]
        item.created = was.created
        item.expires = None if was.expires is None else self.now + was.expires - kept.removed_at

    def bring_back_mark(self, group: str, finished: int, clear_at: int | None, removed_at: int) -> None:
        if not self.listed(group):
            self.groups[group] = ModelGroup({}, self.now, self.now)
        held = self.groups[group]
        if held.finished is None:
            held.finished = finished
            held.clear_at = None if clear_at is None else clear_at + self.now - removed_at

    @invariant()
    def the_trash_agrees(self) -> None:
        found = {entry.id: entry for entry in self.state.trash().items}
        assert found.keys() == set(filter(self.there, self.trash))
        for name, entry in found.items():
            kept = self.trash[name]
            assert (entry.items, entry.groups) == (len(kept.kept), len(kept.groups))
            assert entry.group_id == (min(kept.groups) if len(kept.groups) == 1 else None)
            assert entry.key == (kept.kept[0].key if len(kept.kept) == 1 else None)


class SqliteTrashModelTest(TrashModelTest):
    url = "sqlite:///{folder}/state.db"


TestMemory = TrashModelTest.TestCase
TestMemory.settings = BOUNDED
TestSqlite = SqliteTrashModelTest.TestCase
TestSqlite.settings = BOUNDED
