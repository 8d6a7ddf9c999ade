"""Records in one SQLite file, shared by any number of threads and processes of one machine."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Any

import apsw
import orjson

from store.backends import sqlite_groups as groups_sql
from store.backends import sqlite_items as items_sql
from store.backends import sqlite_listing as listing_sql
from store.backends.base import cleared
from store.backends.generations import EPOCH, slot_of, slots_of
from store.backends.read_cache import ReadCache
from store.backends.sqlite_backup import backup
from store.backends.sqlite_file import SqliteFile
from store.backends.sqlite_keeping import Keeper
from store.backends.sqlite_revision import Watch
from store.backends.sqlite_sweep import remove_cleared, sweep
from store.backends.sqlite_trash import SqliteTrash
from store.errors import StoreError
from store.model import BranchRecord, GroupRecord, ReadCounts, Record, Settings
from store.names import check_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from store.backends.base import Change, SettingsChange
    from store.backends.trashing import Keeping
    from store.clock import Clock
    from store.paging import Query, Seen

_EVERYTHING = (EPOCH,)


class SqliteBackend:
    """Records in one SQLite file in WAL mode."""

    def __init__(
        self, path: Path, clock: Clock, timeout: float, cache_bytes: int, *, create: bool, durable: bool
    ) -> None:
        self._clock = clock
        self._file = SqliteFile(path, timeout, create=create, durable=durable)
        self._watch = Watch(self._file)
        self._cache = ReadCache(self._file.generations, clock, cache_bytes if self._file.generations.shared else 0)
        self.location = f"sqlite · {path}"
        self.peek = self._cache.get
        self.trash = SqliteTrash(self._file, clock)

    def counts(self) -> ReadCounts:
        return self._cache.counts()

    def fetch(self, group: str, key: str) -> bytes | None:
        if type(group) is not str or type(key) is not str:
            check_name("group", group)  # SQLite would take a number for its text
            check_name("key", key)
        cache, connected = self._cache, self._file.connected()
        if time.monotonic() >= cache.check_at:
            self._file.check_place()
            moved, announced = connected.looked()
            cache.check(moved=moved, announced=announced)
        try:
            vouched = cache.before((group, key))
            row: tuple[bytes, int | None] | None = connected.row(items_sql.GET, (group, key))
        except UnicodeEncodeError:
            return None  # no name, as the caller will say
        text, expires_at = row or (None, None)
        if text is None or (expires_at is not None and self._clock() >= expires_at):
            cache.absent.add()
            return None
        cache.fetched.add()
        if vouched is not None:
            cache.put(text, expires_at, vouched)
        return text

    def read(self, group: str, key: str) -> Record | None:
        self._file.look()
        row = self._file.connected().row(items_sql.READ, (group, key))
        return None if row is None else Record(*row)

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

    def mutate(self, group: str, key: str, change: Change, keep: Keeping | None = None) -> tuple[Record | None, bool]:
        if keep is not None:
            olds, written = self.mutate_many(group, {key: change}, keep)
            return olds[key], bool(written)
        return self._file.write(items_sql.mutate_one, group, key, change, self._clock, (slot_of(group, key),))

    def mutate_many(
        self, group: str, changes: Mapping[str, Change], keep: Keeping | None = None
    ) -> tuple[dict[str, Record | None], int]:
        return self._file.write(self._mutate_many, group, changes, keep)

    def scan_items(self, group: str, query: Query) -> list[tuple[str, Record]]:
        with self._file.connected() as db:
            return listing_sql.scan(db, group, query, self._clock())

    @contextlib.contextmanager
    def walk_items(self, group: str, query: Query) -> Iterator[Iterator[Seen]]:
        with self._file.connected() as db, listing_sql.looking(db) as rows:
            yield listing_sql.walk(rows, group, query, self._clock())

    @contextlib.contextmanager
    def look_through(self, group: str, query: Query) -> Iterator[Iterator[Seen]]:
        with self._file.connected() as db, listing_sql.looking(db) as rows:
            yield listing_sql.look_through(rows, group, query, self._clock())

    def scan_groups(self, query: Query) -> list[GroupRecord]:
        with self._file.connected() as db:
            return groups_sql.scan(db, query, self._clock())

    @contextlib.contextmanager
    def walk_branches(
        self, low: str, high: str | None, end_of: Callable[[str], str | None]
    ) -> Iterator[Iterator[BranchRecord]]:
        with self._file.connected() as db, listing_sql.looking(db) as rows:
            yield groups_sql.walk_branches(rows, low, high, end_of, self._clock())

    def read_group(self, group: str) -> GroupRecord | None:
        with self._file.connected() as db:
            return groups_sql.read(db, group, self._clock())

    def configure(self, group: str, change: SettingsChange) -> None:
        def work(db: apsw.Cursor) -> tuple[None, Sequence[int]]:
            now = self._clock()
            groups_sql.configure(db, group, change(groups_sql.read(db, group, now)), now)
            return None, ()

        self._file.write(work)

    def clear(
        self,
        groups: Sequence[str] | None,
        chosen: Callable[[GroupRecord], bool],
        left: Callable[[Settings], Settings] = cleared,
        keep: Keeping | None = None,
    ) -> list[GroupRecord]:
        def work(db: apsw.Cursor) -> tuple[list[GroupRecord], Sequence[int]]:
            now = self._clock()
            found = groups_sql.read_many(db, groups, now)
            gone = [group for group in found if chosen(group)]
            keeper = None if keep is None or not gone else Keeper(db, keep, now)
            few = groups_sql.FEW
            for group in gone:
                if keeper is None or not keeper.clear(group, left(group.settings)):
                    few -= groups_sql.clear(db, group, left(group.settings), now, few)
            if keeper is not None:
                keeper.close()
            return gone, _EVERYTHING if gone else ()

        gone = self._file.write(work)
        if gone:
            with contextlib.suppress(StoreError):  # all is out of sight; the next sweep goes on
                remove_cleared(self._file)
        return gone

    def sweep(self, *, yielding: bool = False) -> int:
        return sweep(self._file, self._clock, self.clear, yielding=yielding)

    def backup(self, path: Path) -> None:
        backup(self._file, path)

    def revision(self) -> int:
        return self._watch.revision()

    def size(self) -> int:
        return self._file.size()

    def close(self) -> None:
        self._cache.close()
        self._file.close()

    def _mutate_many(
        self, db: apsw.Cursor, group: str, changes: Mapping[str, Change], keep: Keeping | None
    ) -> tuple[tuple[dict[str, Record | None], int], Sequence[int]]:
        now = self._clock()
        done = {key: items_sql.mutate(db, group, key, change, now) for key, change in changes.items()}
        written = [key for key, (_, wrote) in done.items() if wrote]
        olds = {key: old for key, (old, _) in done.items()}
        if keep is not None and written:
            keeper = Keeper(db, keep, now)
            for key in written:
                keeper.item(group, key, olds[key])
            keeper.close()
        return (olds, len(written)), slots_of([(group, key) for key in written])
