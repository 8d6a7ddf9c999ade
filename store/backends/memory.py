"""One process, no disk: cachetools' TLRUCache drops records at their expiry and evicts the least recently used."""

from __future__ import annotations

import contextlib
import math
import threading
from typing import TYPE_CHECKING

from store.backends.base import cleared, is_live, live, refreshed
from store.backends.memory_cache import ExpiringCache
from store.backends.memory_trash import MemoryTrash
from store.errors import UnsupportedBackend
from store.forking import Rank, survives_fork
from store.gathering import gathered
from store.model import BranchRecord, GroupRecord, ReadCounts, Record, Settings
from store.paging import GROUP_SORTS, ITEM_SORTS, Query, Seen
from store.revision import Revision
from store.selecting import in_order, narrow, select
from store.tally import Tally

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from store.backends.base import Change, SettingsChange
    from store.backends.memory_cache import Place
    from store.backends.trashing import Keeping
    from store.clock import Clock


class _Group:
    """A group's records beside the cache, for listings, and what outlives them."""

    def __init__(self, now: int) -> None:
        self.records: dict[str, Record] = {}
        self.settings = Settings()
        self.created_at = self.changed_at = now


class _Rows:
    """The live records of a group at one moment, with their keys."""

    def __init__(self, records: Mapping[str, Record], now: int) -> None:
        # Two lists: one of pairs would be many new objects, which the garbage collector looks at again and again.
        self._keys, self._records, self._now = list(records), list(records.values()), now

    def __iter__(self) -> Iterator[tuple[str, Record]]:
        return (row for row in zip(self._keys, self._records, strict=True) if is_live(row[1], self._now))


class MemoryBackend:
    """Records of this process; `max_items` bounds how many there are, over all groups."""

    location = "memory"

    def __init__(self, clock: Clock, max_items: int | None) -> None:
        self._clock = clock
        self._lock = threading.RLock()
        survives_fork(self._lock, Rank.BACKEND)
        self._groups: dict[str, _Group] = {}
        self._bounded = max_items is not None
        self._cache = ExpiringCache(max_items or math.inf, clock, self._forget)
        self._size = 0
        self._revision = Revision()
        self._version_floor = 0  # the highest version among removed records
        self.trash = MemoryTrash(self, self._lock, clock, self._revision, max_items)
        self._peeked, self._absent = Tally(), Tally()

    def peek(self, group: str, key: str) -> bytes | None:
        try:
            held = self._groups.get(group)
            record = held and held.records.get(key)
        except TypeError:  # no names: the caller will say so
            return None
        if not record or (record.expires_at is not None and self._clock() >= record.expires_at):
            return None
        self._peeked.add()
        if self._bounded:
            with self._lock:
                self._cache.get((group, key))  # it counts as used
        return record.value

    def fetch(self, group: str, key: str) -> bytes | None:  # noqa: ARG002 - there is nowhere else to look
        self._absent.add()
        return None

    def counts(self) -> ReadCounts:
        return ReadCounts(self._peeked.total(), 0, self._absent.total())

    def read(self, group: str, key: str) -> Record | None:
        with self._lock:
            return self._cache.get((group, key))

    def read_many(self, group: str, keys: Iterable[str]) -> dict[str, Record]:
        with self._lock:
            found = {key: self._cache.get((group, key)) for key in keys}
        return {key: record for key, record in found.items() if record is not None}

    def read_values(self, group: str) -> bytes:
        return b"[%s]" % b",".join([record.value for _, record in sorted(self._rows(group))])

    def mutate(self, group: str, key: str, change: Change, keep: Keeping | None = None) -> tuple[Record | None, bool]:
        olds, written = self.mutate_many(group, {key: change}, keep)
        return olds[key], bool(written)

    def mutate_many(
        self, group: str, changes: Mapping[str, Change], keep: Keeping | None = None
    ) -> tuple[dict[str, Record | None], int]:
        with self._lock:
            self._cache.expire()
            held = self._groups.get(group)
            default_ttl = None if held is None else held.settings.default_ttl
            now = self._clock()
            olds = {key: live(self._cache.get((group, key)), now) for key in changes}
            # Every change is computed before the first is written: one that raises leaves nothing behind.
            news = {key: change(olds[key], now, default_ttl) for key, change in changes.items()}
            written = [key for key in changes if news[key] is not olds[key]]
            for key in written:
                version = self._write(group, key, olds[key], news[key])
                if keep is not None:
                    self.trash.keep_item(keep, group, key, olds[key], version, now)
            self.trash.fit()
            return olds, len(written)

    def scan_items(self, group: str, query: Query) -> list[tuple[str, Record]]:
        return select(self._rows(group), query, ITEM_SORTS[query.sort], lambda row: row[0])

    @contextlib.contextmanager
    def walk_items(self, group: str, query: Query) -> Iterator[Iterator[Seen]]:
        rows = self._rows(group)
        yield in_order(lambda: narrow(rows, query), query)

    @contextlib.contextmanager
    def look_through(self, group: str, query: Query) -> Iterator[Iterator[Seen]]:
        yield narrow(self._rows(group), query)

    def scan_groups(self, query: Query) -> list[GroupRecord]:
        with self._lock:
            rows = self._listed()
        return select(rows, query, GROUP_SORTS[query.sort], lambda row: row.name)

    @contextlib.contextmanager
    def walk_branches(
        self, low: str, high: str | None, end_of: Callable[[str], str | None]
    ) -> Iterator[Iterator[BranchRecord]]:
        with self._lock:
            names = sorted(name for name in self._groups if low <= name and (high is None or name < high))
        yield gathered(filter(None, map(self.read_group, names)), end_of)

    def read_group(self, group: str) -> GroupRecord | None:
        with self._lock:
            held = self._groups.get(group)
            return None if held is None else _summary(group, held, self._clock())

    def configure(self, group: str, change: SettingsChange) -> None:
        with self._lock:
            self._cache.expire()
            known = self.read_group(group)
            settings = change(known)
            if known is not None or settings.kept:
                self._groups.setdefault(group, _Group(self._clock())).settings = settings
                self._revision.step()
                self._drop_if_idle(group)

    def clear(
        self,
        groups: Sequence[str] | None,
        chosen: Callable[[GroupRecord], bool],
        left: Callable[[Settings], Settings] = cleared,
        keep: Keeping | None = None,
    ) -> list[GroupRecord]:
        with self._lock:
            gone = [group for group in self._listed(groups) if chosen(group)]
            for group in gone:
                held = self._groups[group.name]
                if keep is not None:
                    self.trash.keep_group(keep, group, held.records, left(held.settings))
                held.settings = left(held.settings)
                held.changed_at = self._clock()
                self._revision.step()
                for key in list(held.records):
                    self._remove(group.name, key)
                self._drop_if_idle(group.name)
            self.trash.fit()
            return gone

    def sweep(self, *, yielding: bool = False) -> int:  # noqa: ARG002 - nobody else has these records
        with self._lock:
            self._cache.expire()
            self.trash.sweep()
            expired, self._cache.expired = self._cache.expired, 0
            now = self._clock()
            due = [name for name, held in self._groups.items() if (held.settings.clear_at or math.inf) <= now]
            return expired + sum(group.items for group in self.clear(due, lambda _: True))

    def backup(self, path: Path) -> None:
        raise UnsupportedBackend(f"memory:// cannot be copied to {path}: export its items instead")

    def revision(self) -> int:
        return self._revision.number

    def size(self) -> int:
        return self._size

    def close(self) -> None:
        with self._lock:
            self._cache.clear()
            self._groups.clear()
            self.trash.clear()
            self._size = 0

    def _rows(self, group: str) -> _Rows:
        with self._lock:
            held = self._groups.get(group)
            return _Rows({} if held is None else held.records, self._clock())

    def _listed(self, names: Iterable[str] | None = None) -> list[GroupRecord]:
        now = self._clock()
        wanted = self._groups if names is None else [name for name in names if name in self._groups]
        found = (_summary(name, self._groups[name], now) for name in wanted)
        return [group for group in found if group is not None]

    def _write(self, group: str, key: str, old: Record | None, new: Record | None) -> int:
        if new is None:
            self._groups[group].changed_at = self._clock()
            self._remove(group, key)
            self._drop_if_idle(group)
            return 0
        if not new.version:
            held = self._groups.get(group)
            # One whose time was up a moment ago may still be listed: it is not among the removed ones yet.
            before = held.records.get(key) if held else None
            new = new._replace(version=max(self._version_floor, before.version if before else 0) + 1)
        held = self._put(group, key, new)
        if old is None:
            held.changed_at = max(held.changed_at, new.updated_at)
        elif new.version != old.version:
            held.changed_at = refreshed(held.changed_at, new.updated_at)
        return new.version

    def _put(self, group: str, key: str, record: Record) -> _Group:
        place = (group, key)
        with contextlib.suppress(KeyError):  # TLRUCache refuses a record whose time is up already
            self._cache[place] = record
        # Storing may have expired or evicted others, and their groups with them: only now is the group looked up.
        held = self._groups.setdefault(group, _Group(record.updated_at))
        before = held.records.get(key)
        self._size += len(record.value) - (len(before.value) if before else 0)
        held.records[key] = record
        self._revision.step()
        if place not in self._cache:
            self._forget(place, record)
        return held

    def _remove(self, group: str, key: str) -> None:
        record = self._groups[group].records[key]
        with contextlib.suppress(KeyError):  # TLRUCache reports a record whose time is up as missing, and removes it
            del self._cache[group, key]
        self._unlist(group, key, record)

    def _forget(self, place: Place, record: Record) -> None:
        group, key = place
        held = self._groups.get(group)
        if held is not None and held.records.get(key) is record:
            self._unlist(group, key, record)
            self._drop_if_idle(group)

    def _unlist(self, group: str, key: str, record: Record) -> None:
        del self._groups[group].records[key]
        self._revision.step()
        self._size -= len(record.value)
        self._version_floor = max(self._version_floor, record.version)

    def _drop_if_idle(self, group: str) -> None:
        held = self._groups[group]
        if not held.records and not held.settings.kept:
            del self._groups[group]


def _summary(name: str, held: _Group, now: int) -> GroupRecord | None:
    found = [record for record in held.records.values() if is_live(record, now)]
    if not found and not held.settings.kept:
        return None
    return GroupRecord(
        name,
        len(found),
        sum(len(record.value) for record in found),
        held.created_at,
        held.changed_at,
        min((record.expires_at for record in found if record.expires_at is not None), default=None),
        held.settings,
    )
