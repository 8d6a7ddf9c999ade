"""Removing in SQLite what nobody sees any more, in batches so small that writers hardly wait."""

from __future__ import annotations

import contextlib
import fcntl
import os
from typing import TYPE_CHECKING, Any, TypeAlias

import apsw

from store.backends import sqlite_groups as groups
from store.backends.generations import SUFFIX
from store.backends.sqlite_waiting import give_way
from store.backends.trashing import UNDO_MS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from store.backends.sqlite_file import SqliteFile
    from store.clock import Clock
    from store.model import GroupRecord

_BATCH = 250  # items removed in one transaction, which takes a few milliseconds
_LOOK = 10_000  # items looked up at once
_CLEARED_BATCH = 1000  # items of a cleared group, which lie together and are in fewer indexes
_DUE = "SELECT id FROM groups WHERE next_expiry <= ? ORDER BY next_expiry LIMIT 100"
_EXPIRED = f"""
  SELECT id FROM items WHERE group_id = ?1 AND expiry_bucket <= ?2 >> 16 AND expires_at <= ?2 LIMIT {_LOOK}
"""
_REMOVE = "DELETE FROM items WHERE id = ? AND group_id = ? AND expires_at <= ? RETURNING octet_length(value), version"
_PARTS = "SELECT id, group_id FROM trashed WHERE trash_id = ? LIMIT ?"
_TOO_OLD = "SELECT id FROM trash WHERE name IS NULL OR removed_at <= ? LIMIT 1"
# Where the first bucket is too full to look through, its start is enough: nothing expires before it.
_RAISE_NEXT_EXPIRY = f"""
  UPDATE groups SET next_expiry = (
    SELECT max(
      iif(count(*) < {_BATCH} OR min(expiry_bucket) < max(expiry_bucket), min(expires_at), min(expiry_bucket) << 16),
      ?2 + 1, coalesce(groups.next_expiry, 0) -- two sweeps may overlap: neither takes back what the other found
    ) FROM (
      SELECT expires_at, expiry_bucket FROM items WHERE group_id = ?1 AND expiry_bucket IS NOT NULL
      ORDER BY expiry_bucket LIMIT {_BATCH}
    )
  ) WHERE id = ?1
"""

Clear: TypeAlias = "Callable[[Sequence[str] | None, Callable[[GroupRecord], bool]], list[GroupRecord]]"


def sweep(file: SqliteFile, clock: Clock, clear: Clear, *, yielding: bool) -> int:
    """Remove expired items, clear groups whose time is up, remove what is left of cleared groups; how many items."""
    with _only_sweeper(f"{file.path}{SUFFIX}") as alone:
        if yielding and not alone:
            return 0
        swept = _sweep_expired(file, clock())
        with file.connected() as db:
            due: list[Any] = db.execute("SELECT name FROM groups WHERE clear_at <= ?", (clock(),)).fetchall()
        if due:
            # Looked at again under the write lock: a group may have been reopened since.
            gone = clear([name for (name,) in due], lambda group: (group.settings.clear_at or clock() + 1) <= clock())
            swept += sum(group.items for group in gone)
        remove_trash(file, clock())
        remove_cleared(file)
    return swept


def remove_trash(file: SqliteFile, now: int) -> None:
    """Leave to `remove_cleared` what is in the trash and too old to be restored, or given up."""
    while True:
        with file.connected() as db:
            if db.execute(_TOO_OLD, (now - UNDO_MS,)).get is None:
                return
        file.write(_remove_trashed, now)
        give_way(file.generations)


def remove_cleared(file: SqliteFile) -> None:
    """Remove the items of groups that were cleared."""
    while True:
        with file.connected() as db:
            if not db.execute("SELECT count(*) FROM cleared").get:
                return
        file.write(_remove_batch)
        give_way(file.generations)


def _remove_batch(db: apsw.Cursor) -> tuple[None, Sequence[int]]:
    left = _CLEARED_BATCH
    while left > 0 and (group_id := db.execute("SELECT group_id FROM cleared LIMIT 1").get) is not None:
        rows = db.execute("SELECT id FROM items WHERE group_id = ? LIMIT ?", (group_id, left)).fetchall()
        db.executemany("DELETE FROM items WHERE id = ?", rows)
        if len(rows) < left:
            db.execute("DELETE FROM cleared WHERE group_id = ?", (group_id,))
        if not db.connection.changes():
            raise apsw.CorruptError("what was cleared cannot be removed")
        left -= max(len(rows), 1)
    return None, ()


def _remove_trashed(db: apsw.Cursor, now: int) -> tuple[None, Sequence[int]]:
    left = _CLEARED_BATCH
    while left > 0 and (entry_id := db.execute(_TOO_OLD, (now - UNDO_MS,)).get) is not None:
        rows: list[Any] = db.execute(_PARTS, (entry_id, left)).fetchall()
        db.executemany("INSERT INTO cleared VALUES (?)", [(group_id,) for _, group_id in rows])
        db.executemany("DELETE FROM trashed WHERE id = ?", [(part_id,) for part_id, _ in rows])
        gone = "DELETE FROM trash WHERE id = ?" if len(rows) < left else "UPDATE trash SET name = NULL WHERE id = ?"
        db.execute(gone, (entry_id,))
        if not db.connection.changes():
            raise apsw.CorruptError("what is too old cannot be removed from the trash")
        left -= max(len(rows), 1)
    return None, ()


def _sweep_expired(file: SqliteFile, now: int) -> int:
    """Remove what had expired by a moment. What expires meanwhile is left to the next sweep, so that this one ends."""
    swept, before = 0, (-1, list[Any]())
    while True:
        with file.connected() as db:
            due: list[Any] = db.execute(_DUE, (now,)).fetchall()
            if before == (swept, due):  # an index that names what is not there would keep this busy for ever
                raise apsw.CorruptError("what is due cannot be swept")
        if not due:
            return swept
        before = (swept, due)
        for (group_id,) in due:
            swept += _sweep_group(file, group_id, now)


def _sweep_group(file: SqliteFile, group_id: int, now: int) -> int:
    swept = 0
    while True:
        # Looked for before the write lock is taken: there may be many that are alive among the expired.
        with file.connected() as db:
            found = [item_id for (item_id,) in db.execute(_EXPIRED, (group_id, now))]
        for start in range(0, len(found) or 1, _BATCH):
            last = len(found) < _LOOK and start + _BATCH >= len(found)
            swept += file.write(_sweep_batch, group_id, found[start : start + _BATCH], now, last)
            if last:
                return swept
            give_way(file.generations)


def _sweep_batch(
    db: apsw.Cursor, group_id: int, item_ids: list[int], now: int, last: bool
) -> tuple[int, Sequence[int]]:
    rows: list[Any] = db.executemany(_REMOVE, [(item_id, group_id, now) for item_id in item_ids]).fetchall()
    if last:
        db.execute(_RAISE_NEXT_EXPIRY, (group_id, now))
    if rows:
        size, version = sum(row[0] for row in rows), max(row[1] for row in rows)
        groups.removed_items(db, group_id, items=len(rows), expiring=len(rows), size=size, version=version, now=0)
    return len(rows), ()


@contextlib.contextmanager
def _only_sweeper(path: str) -> Iterator[bool]:
    """Whether no other process is sweeping; none begins meanwhile, and the lock goes with a process that is killed."""
    with contextlib.ExitStack() as cleanup:
        alone = True
        with contextlib.suppress(OSError):
            descriptor = os.open(path, os.O_RDONLY)
            cleanup.callback(os.close, descriptor)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                cleanup.callback(fcntl.flock, descriptor, fcntl.LOCK_UN)  # a child forked meanwhile has it open as well
            except BlockingIOError:
                alone = False
        yield alone
