"""What SQLite's trash holds; see `trash` and `trashed` in schema.sql."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from store.backends.sqlite_keeping import EXPECTED, WAS_LIVE, find_entry
from store.backends.sqlite_paging import bindings, paged
from store.backends.sqlite_restoring import restore_batch
from store.backends.sqlite_sweep import remove_cleared, remove_trash
from store.backends.sqlite_waiting import give_way
from store.backends.trashing import UNDO_MS, Standing, TrashRecord
from store.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import apsw

    from store.backends.sqlite_file import SqliteFile
    from store.backends.sqlite_restoring import Place
    from store.backends.trashing import Restoring
    from store.clock import Clock
    from store.paging import Query

_PARTS = "FROM trashed WHERE trash_id = t.id"
_GROUPS = f"(SELECT count(DISTINCT name) {_PARTS})"
_KEY = f"""(
  SELECT k.key FROM trashed AS p JOIN items AS k ON k.group_id = p.group_id WHERE p.trash_id = t.id AND {WAS_LIVE}
)"""
_ENTRY = f"""
  SELECT seq, name, action, iif({_GROUPS} = 1, (SELECT name {_PARTS}), NULL), iif(items = 1, {_KEY}, NULL), {_GROUPS},
    items, size, removed_at
  FROM trash AS t WHERE name IS NOT NULL AND removed_at > :since
"""
_CONTESTED = f"""
  SELECT p.name, k.key, octet_length(k.value) > 0, {EXPECTED} AS expected, coalesce(c.version, 0) AS found
  FROM trashed AS p JOIN items AS k ON k.group_id = p.group_id
  LEFT JOIN groups AS g ON g.name = p.name
  LEFT JOIN items AS c ON c.group_id = g.id AND c.key = k.key AND (c.expires_at IS NULL OR c.expires_at > :now)
  WHERE p.trash_id = :entry AND {WAS_LIVE} AND expected <> found
"""


class SqliteTrash:
    """The trash of a SQLite backend."""

    def __init__(self, file: SqliteFile, clock: Clock) -> None:
        self._file, self._clock = file, clock

    def scan(self, query: Query) -> list[TrashRecord]:
        with self._file.connected() as db:
            sql = f"{_ENTRY} {paged(query, 'seq', 'name')}"
            return [TrashRecord(*row) for row in db.execute(sql, {"since": self._since(), **bindings(query)})]

    def read(self, name: str) -> TrashRecord | None:
        with self._file.connected() as db:
            row: Any = db.execute(f"{_ENTRY} AND name = :name", {"since": self._since(), "name": name}).get
        return None if row is None else TrashRecord(*row)

    def contested(self, name: str) -> Iterator[Standing]:
        with self._file.connected() as db, contextlib.closing(db.connection.cursor()) as rows:
            now = self._clock()
            for group, key, existed, *versions in rows.execute(
                _CONTESTED, {"entry": find_entry(db, name, now), "now": now}
            ):
                yield Standing(group, key, bool(existed), *versions)

    def restore(self, name: str, restoring: Restoring) -> Iterator[int]:
        last: Place | None = None
        while True:
            restored = self._file.write(restore_batch, name, restoring, last, self._clock)
            if restored is None:
                return
            done, last = restored
            yield done
            if last is None:
                return
            give_way(self._file.generations)

    def discard(self, name: str) -> bool:
        there = self._file.write(_give_up, name, self._clock())
        if there:
            with contextlib.suppress(StoreError):  # it is out of sight; the next sweep goes on
                remove_trash(self._file, self._clock())
                remove_cleared(self._file)
        return there

    def _since(self) -> int:
        return self._clock() - UNDO_MS


def _give_up(db: apsw.Cursor, name: str, now: int) -> tuple[bool, Sequence[int]]:
    entry_id = find_entry(db, name, now)
    if entry_id is not None:
        db.execute("UPDATE trash SET name = NULL WHERE id = ?", (entry_id,))
    return entry_id is not None, ()
