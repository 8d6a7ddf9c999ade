"""Records in one SQLite file, shared by any number of threads and processes of one machine."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import apsw
import orjson

from store.backends import sqlite_groups as groups_sql
from store.backends import sqlite_items as items_sql
from store.backends.generations import EPOCH, slot_of
from store.backends.read_cache import ReadCache
from store.backends.sqlite_file import SqliteFile
from store.backends.sqlite_sweep import remove_cleared, sweep
from store.model import GroupRecord, Record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from store.backends.base import Change, SettingsChange
    from store.clock import Clock
    from store.paging import Query

_EVERYTHING = (EPOCH,)
_MANY = 64  # items changed in one transaction, beyond which everything that is cached is given up


class SqliteBackend:
    """Records in one SQLite file in WAL mode."""

    def __init__(
        self, path: Path, clock: Clock, timeout: float, cache_bytes: int, *, create: bool, durable: bool
    ) -> None:
        self._clock = clock
        self._file = SqliteFile(path, timeout, create=create, durable=durable)
        self._cache = ReadCache(self._file.generations, clock, cache_bytes if self._file.generations.shared else 0)
        self.location = f"sqlite · {path}"
        self.peek = self._cache.get

    def peeks(self) -> tuple[int, int]:
        return self._cache.hits, self._cache.misses

    def read(self, group: str, key: str) -> Record | None:
        connected = self._file.connected()
        slot = slot_of(group, key)
        if self._cache.is_due():
            self._file.check_place()
            moved, announced = connected.looked()
            self._cache.check(moved=moved, announced=announced)
        before = self._cache.state(slot)
        with connected as db:
            row = db.execute(items_sql.READ, (group, key)).fetchone()
        record = None if row is None else Record(*row)
        self._cache.put(group, key, record, slot, before)
        return record

    def read_many(self, group: str, keys: Iterable[str]) -> dict[str, Record]:
        with self._file.connected() as db:
            rows: list[Any] = db.execute(items_sql.READ_MANY, (group, orjson.dumps(list(keys)).decode())).fetchall()
        return {key: Record(*row) for key, *row in rows}

    def read_values(self, group: str) -> bytes:
        bindings = {"group": group, "now": self._clock()}
        with self._file.connected() as db:
            with contextlib.suppress(apsw.TooBigError):  # SQLite puts at most a gigabyte together
                return b"[%s]" % db.execute(items_sql.READ_VALUES, bindings).get
            return b"[%s]" % b",".join(value for (value,) in db.execute(items_sql.READ_EACH_VALUE, bindings))

    def mutate(self, group: str, key: str, change: Change) -> bool:
        slots = (slot_of(group, key),)

        def work(db: apsw.Connection) -> tuple[bool, Iterable[int]]:
            written = items_sql.mutate(db, group, key, change, self._clock())
            return written, slots if written else ()

        return self._file.write(work)

    def mutate_many(self, group: str, changes: Mapping[str, Change]) -> int:
        def work(db: apsw.Connection) -> tuple[int, Iterable[int]]:
            now = self._clock()
            written = [key for key, change in changes.items() if items_sql.mutate(db, group, key, change, now)]
            slots = _EVERYTHING if len(written) > _MANY else {slot_of(group, key) for key in written}
            return len(written), slots

        return self._file.write(work)

    def scan_items(self, group: str, query: Query) -> list[tuple[str, Record]]:
        with self._file.connected() as db:
            return items_sql.scan(db, group, query, self._clock())

    def scan_groups(self, query: Query) -> list[GroupRecord]:
        with self._file.connected() as db:
            return groups_sql.scan(db, query, self._clock())

    def read_group(self, group: str) -> GroupRecord | None:
        with self._file.connected() as db:
            return groups_sql.read(db, group, self._clock())

    def configure(self, group: str, change: SettingsChange) -> None:
        def work(db: apsw.Connection) -> tuple[None, Iterable[int]]:
            now = self._clock()
            groups_sql.configure(db, group, change(groups_sql.read(db, group, now)), now)
            return None, ()

        self._file.write(work)

    def clear(self, groups: Sequence[str] | None, chosen: Callable[[GroupRecord], bool]) -> list[GroupRecord]:
        def work(db: apsw.Connection) -> tuple[list[GroupRecord], Iterable[int]]:
            now = self._clock()
            found = groups_sql.read_many(db, groups, now)
            gone = [group for group in found if chosen(group)]
            for group in gone:
                groups_sql.clear(db, group, now)
            return gone, _EVERYTHING if gone else ()

        gone = self._file.write(work)
        if gone:
            remove_cleared(self._file)
        return gone

    def sweep(self, *, yielding: bool = False) -> int:
        return sweep(self._file, self._clock, self.clear, yielding=yielding)

    def backup(self, path: Path) -> None:
        self._file.backup(path)

    def size(self) -> int:
        return self._file.size()

    def close(self) -> None:
        self._cache.close()
        self._file.close()
