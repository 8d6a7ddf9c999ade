"""Bringing back, in batches, what is in SQLite's trash; see `trash` and `trashed` in schema.sql."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from store.backends import sqlite_groups as groups
from store.backends import sqlite_items as items
from store.backends.generations import slots_of
from store.backends.sqlite_keeping import EXPECTED, WAS_LIVE, drop_empty, find_entry
from store.backends.trashing import RESTORE_MS, UNDO_MS, Standing, batch_size
from store.model import Record, Settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    import apsw

    from store.backends.base import Change
    from store.backends.trashing import Restoring
    from store.clock import Clock

BATCH_BYTES: Final = 16 * 1024 * 1024
"""Where a batch ends even if it has few items."""

_NEXT_PARTS = """
  SELECT id, name, group_id, removed_at FROM trashed
  WHERE trash_id = :entry AND name >= :group AND (name > :group OR id {further} :part)
  ORDER BY name, id {order} LIMIT :room
"""
_NEXT_OLDEST = _NEXT_PARTS.format(further=">=", order="ASC")
_NEXT_LATEST = _NEXT_PARTS.format(further="<=", order="DESC")
_NEXT_ITEMS = f"""
  SELECT k.id, k.key, octet_length(k.value), {WAS_LIVE}, {EXPECTED}, coalesce((
    SELECT c.version FROM items AS c
    WHERE c.group_id = (SELECT id FROM groups WHERE name = p.name) AND c.key = k.key
      AND (c.expires_at IS NULL OR c.expires_at > :now)
  ), 0)
  FROM trashed AS p JOIN items AS k ON k.group_id = p.group_id
  WHERE p.id = :part AND k.key > :after ORDER BY k.key LIMIT :limit
"""
_REMOVE = "DELETE FROM items WHERE id = ?"
_SETTINGS = """
  SELECT removed_at, default_ttl, finished_at, clear_at FROM trashed
  WHERE trash_id = ? AND name = ? AND (default_ttl IS NOT NULL OR finished_at IS NOT NULL) ORDER BY id DESC
"""
_WITHOUT_SETTINGS = """
  UPDATE trashed SET default_ttl = NULL, finished_at = NULL, clear_at = NULL WHERE trash_id = ? AND name = ?
"""
_DROP_EMPTY_PART = """
  DELETE FROM trashed WHERE id = ? AND NOT EXISTS (SELECT 1 FROM items WHERE group_id = trashed.group_id)
"""
_COUNT_OFF = """
  UPDATE trash SET items = max(items - ?, 0), size = max(size - ?, 0), removed_at = max(removed_at, ?) WHERE id = ?
"""


class Place(NamedTuple):
    """An item in the order of a restore."""

    group: str
    part: int
    key: str


class _Part(NamedTuple):
    id: int
    group: str
    group_id: int
    removed_at: int


class _Row(NamedTuple):
    part: _Part
    id: int
    size: int
    standing: Standing


class _Batch(NamedTuple):
    parts: list[_Part]
    rows: list[_Row]
    outlived: list[int]  # rows of items whose time was up when they were removed
    last: Place | None  # None: there is nothing behind it


def restore_batch(
    db: apsw.Cursor, name: str, restoring: Restoring, last: Place | None, clock: Clock
) -> tuple[tuple[int, Place | None] | None, Sequence[int]]:
    """Restore the next batch of an entry, as a transaction: how many items, and the last one that was looked at.

    Nothing if there is no such entry; no last one if there is nothing behind it.
    """
    now = clock()
    entry_id = find_entry(db, name, now)
    if entry_id is None:
        return None, ()
    batch = _next_batch(db, entry_id, last, now, oldest_first=restoring.oldest_first)
    whole = last is None and batch.last is None
    chosen = restoring.chosen([row.standing for row in batch.rows], whole=whole)
    rows = list(itertools.compress(batch.rows, chosen))
    _Returning(db, restoring, now).put_back(rows)
    db.executemany(_REMOVE, [(item_id,) for item_id in batch.outlived])
    for group in dict.fromkeys(part.group for part in batch.parts):
        _restore_settings(db, entry_id, group, restoring, now)
    db.executemany(_DROP_EMPTY_PART, [(part.id,) for part in batch.parts])
    lasts_from = 0 if batch.last is None else now + RESTORE_MS - UNDO_MS
    db.execute(_COUNT_OFF, (len(rows), sum(row.size for row in rows), lasts_from, entry_id))
    drop_empty(db, entry_id)
    return (len(rows), batch.last), slots_of({(row.standing.group, row.standing.key) for row in rows})


def _next_batch(db: apsw.Cursor, entry_id: int, last: Place | None, now: int, *, oldest_first: bool) -> _Batch:
    place = last or Place("", 0, "")
    sql = _NEXT_OLDEST if oldest_first else _NEXT_LATEST
    room = limit = batch_size(db.execute("SELECT items FROM trash WHERE id = ?", (entry_id,)).get)
    after = {"entry": entry_id, "group": place.group, "part": place.part, "room": room}
    parts: list[Any] = db.execute(sql, after).fetchall()
    batch, key, size = _Batch([], [], [], None), "", 0
    for part_id, group, group_id, removed_at in parts:
        part = _Part(part_id, group, group_id, removed_at)
        batch.parts.append(part)
        key = place.key if part_id == place.part else ""
        found: list[Any] = db.execute(
            _NEXT_ITEMS, {"part": part_id, "after": key, "limit": room, "now": now}
        ).fetchall()
        for item_id, key, item_size, was_live, *versions in found:
            if was_live:
                batch.rows.append(_Row(part, item_id, item_size, Standing(group, key, item_size > 0, *versions)))
            else:
                batch.outlived.append(item_id)
            room, size = room - 1, size + item_size
            if not room or size >= BATCH_BYTES:
                return batch._replace(last=Place(group, part_id, key))
    return batch._replace(last=Place(group, part_id, key)) if len(parts) == limit else batch


def _restore_settings(db: apsw.Cursor, entry_id: int, group: str, restoring: Restoring, now: int) -> None:
    lost: list[Any] = db.execute(_SETTINGS, (entry_id, group)).fetchall()
    for removed_at, *settings in lost:
        change = restoring.settings(Settings(*settings), now - removed_at)
        groups.configure(db, group, change(groups.read(db, group, now)), now)
    if lost:
        db.execute(_WITHOUT_SETTINGS, (entry_id, group))


class _Returning:
    """Puts kept items back. Those that find their place empty are moved there, and counted together."""

    def __init__(self, db: apsw.Cursor, restoring: Restoring, now: int) -> None:
        self._db, self._restoring, self._now = db, restoring, now
        self._name = ""
        self._group: groups.Found | None = None
        self._moved: list[Record] = []

    def put_back(self, rows: Sequence[_Row]) -> None:
        """Put back all of a batch."""
        for row in rows:
            kept = Record(*self._db.execute(items.READ_ROW, (row.id,)).get)
            removed_at = kept.updated_at if row.part.group_id < 0 else row.part.removed_at
            change = self._restoring.change(kept if kept.value else None, removed_at)
            if row.standing.found or not row.standing.existed or not self._move(row, change):
                self._count()  # before anything is removed: a group ends with its last item
                self._db.execute(_REMOVE, (row.id,))
                items.mutate(self._db, row.standing.group, row.standing.key, change, self._now)
        self._count()

    def _move(self, row: _Row, change: Change) -> bool:
        """False if there is something in its place, be it an item whose time is up."""
        group = self._group_of(row.standing.group)
        new = change(None, self._now, group.default_ttl)
        if new is None or not items.move(self._db, row.id, group, new):
            return False
        self._moved.append(new)
        return True

    def _group_of(self, name: str) -> groups.Found:
        if self._group is None or name != self._name:
            self._count()
            self._name, self._group = name, groups.begun(self._db, name, self._now)
        return self._group

    def _count(self) -> None:
        if self._group is not None and self._moved:
            groups.added_items(self._db, self._group, self._moved)
        self._group, self._moved = None, []
