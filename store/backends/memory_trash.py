"""What was removed from memory with `keep`: in this process only, and never more of it than there may be live items."""

from __future__ import annotations

import itertools
import math
from collections import Counter, deque
from typing import TYPE_CHECKING, NamedTuple

from store.backends.base import is_live, live
from store.backends.trashing import RESTORE_MS, UNDO_MS, Standing, TrashRecord, batch_size, lost
from store.selecting import select

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterator, Mapping

    from store.backends.memory import MemoryBackend
    from store.backends.trashing import Action, Keeping, Restoring
    from store.clock import Clock
    from store.model import GroupRecord, Record, Settings
    from store.paging import Query
    from store.revision import Revision


class _Kept(NamedTuple):
    group: str
    key: str
    record: Record | None
    removed_at: int
    expected: int


class _Entry:
    """What is kept under one id, by number."""

    def __init__(self, keep: Keeping) -> None:
        self.name: str = keep.name
        self.action: Action = keep.action
        self.seq = self.removed_at = self.size = 0
        self.kept: dict[int, _Kept] = {}
        self.latest: dict[tuple[str, str], int] = {}
        self.settings: list[tuple[str, Settings, int]] = []  # what groups lost, and when
        self.groups = Counter[str]()

    def add(self, number: int, kept: _Kept) -> None:
        """Keep one more item."""
        self.kept[number] = kept
        self.latest[kept.group, kept.key] = number
        self.groups[kept.group] += 1
        self.size += _size(kept)

    def take(self, number: int) -> None:
        """Keep an item no longer."""
        kept = self.kept.pop(number)
        if self.latest.get((kept.group, kept.key)) == number:
            del self.latest[kept.group, kept.key]
        self.groups[kept.group] -= 1
        if not self.groups[kept.group]:
            del self.groups[kept.group]
        self.size -= _size(kept)

    def record(self) -> TrashRecord:
        """The entry summed up."""
        names = self.groups.keys() | {group for group, _, _ in self.settings}
        key = next(iter(self.kept.values())).key if len(self.kept) == 1 else None
        group = min(names) if len(names) == 1 else None
        sums = len(names), len(self.kept), self.size, self.removed_at
        return TrashRecord(self.seq, self.name, self.action, group, key, *sums)


class MemoryTrash:
    """The trash of a memory backend, under that one's lock; if it is full, the oldest entries go."""

    def __init__(
        self,
        backend: MemoryBackend,
        lock: threading.RLock,
        clock: Clock,
        revision: Revision,
        max_items: int | None,
    ) -> None:
        self._backend, self._lock, self._clock, self._revision = backend, lock, clock, revision
        self._max_items = max_items or math.inf
        self._entries: dict[str, _Entry] = {}  # the one that was last added to comes last
        self._numbers = itertools.count(1)
        self._items = 0

    def keep_item(self, keep: Keeping, group: str, key: str, old: Record | None, expected: int, now: int) -> None:
        """Keep the record that was written over or removed, which left the version `expected`."""
        entry = self._added_to(keep, now)
        number = entry.latest.get((group, key), 0)
        before = entry.kept.get(number)
        if before is None or before.expected != (0 if old is None else old.version):
            entry.add(next(self._numbers), _Kept(group, key, old, now, expected))
            self._items += 1
        elif before.record is None and not expected:
            self._take(entry, number)
            self._drop_if_empty(entry)
        else:  # nobody else wrote it in between: undoing goes back to the start
            entry.kept[number] = before._replace(expected=expected)

    def keep_group(self, keep: Keeping, group: GroupRecord, records: Mapping[str, Record], left: Settings) -> None:
        """Keep what a group loses when it is cleared."""
        now, gone = self._clock(), lost(group.settings, left)
        for key, record in records.items():
            if is_live(record, now):
                self.keep_item(keep, group.name, key, record, 0, now)
        if gone.kept:
            self._added_to(keep, now).settings.append((group.name, gone, now))

    def scan(self, query: Query) -> list[TrashRecord]:
        with self._lock:
            rows = [entry.record() for entry in self._entries.values() if self._is_there(entry)]
        return select(rows, query, lambda row: row.seq, lambda row: row.name)

    def read(self, name: str) -> TrashRecord | None:
        with self._lock:
            entry = self._find(name)
            return None if entry is None else entry.record()

    def contested(self, name: str) -> Iterator[Standing]:
        with self._lock:
            entry = self._find(name)
            standings = [] if entry is None else [self._standing(kept) for kept in entry.kept.values()]
        return (standing for standing in standings if standing.found != standing.expected)

    def restore(self, name: str, restoring: Restoring) -> Iterator[int]:
        left: deque[int] | None = None
        first = True
        while left is None or left:
            with self._lock:
                entry = self._find(name)
                if entry is None:
                    return
                if left is None:
                    left = deque(entry.kept if restoring.oldest_first else reversed(entry.kept))
                taken = [left.popleft() for _ in range(min(len(left), batch_size(len(entry.kept))))]
                numbers = [number for number in taken if number in entry.kept]
                done = self._restore(entry, numbers, restoring, whole=first and not left)
                first = False
                if left:
                    entry.removed_at = max(entry.removed_at, self._clock() + RESTORE_MS - UNDO_MS)
                self._drop_if_empty(entry)
            yield done

    def discard(self, name: str) -> bool:
        with self._lock:
            entry = self._find(name)
            if entry is not None:
                self._drop(entry)
                self._revision.step()
            return entry is not None

    def sweep(self) -> None:
        """Drop what is too old to be restored."""
        for entry in list(self._entries.values()):
            if not self._is_there(entry):
                self._drop(entry)

    def fit(self) -> None:
        """Drop the oldest entries until no more is kept than there may be."""
        while self._items > self._max_items:
            self._drop(next(iter(self._entries.values())))

    def clear(self) -> None:
        """Drop everything."""
        self._entries.clear()
        self._items = 0

    def _added_to(self, keep: Keeping, now: int) -> _Entry:
        entry = self._entries.pop(keep.name, None)
        if entry is None or not self._is_there(entry):
            self._items -= len(entry.kept) if entry else 0
            entry = _Entry(keep)
        self._entries[keep.name] = entry
        entry.seq, entry.removed_at = next(self._numbers), now
        return entry

    def _find(self, name: str) -> _Entry | None:
        entry = self._entries.get(name)
        return entry if entry is not None and self._is_there(entry) else None

    def _is_there(self, entry: _Entry) -> bool:
        return self._clock() < entry.removed_at + UNDO_MS

    def _standing(self, kept: _Kept) -> Standing:
        now = live(self._backend.read(kept.group, kept.key), self._clock())
        return Standing(kept.group, kept.key, kept.record is not None, kept.expected, now.version if now else 0)

    def _restore(self, entry: _Entry, numbers: list[int], restoring: Restoring, *, whole: bool) -> int:
        standings = [self._standing(entry.kept[number]) for number in numbers]
        chosen = list(itertools.compress(numbers, restoring.chosen(standings, whole=whole)))
        for number in chosen:
            kept = entry.kept[number]
            self._take(entry, number)
            self._backend.mutate(kept.group, kept.key, restoring.change(kept.record, kept.removed_at))
        for group, settings, removed_at in reversed(entry.settings):
            self._backend.configure(group, restoring.settings(settings, self._clock() - removed_at))
        entry.settings.clear()
        return len(chosen)

    def _take(self, entry: _Entry, number: int) -> None:
        entry.take(number)
        self._items -= 1

    def _drop_if_empty(self, entry: _Entry) -> None:
        if not entry.kept and not entry.settings:
            self._drop(entry)

    def _drop(self, entry: _Entry) -> None:
        del self._entries[entry.name]
        self._items -= len(entry.kept)


def _size(kept: _Kept) -> int:
    return 0 if kept.record is None else len(kept.record.value)
