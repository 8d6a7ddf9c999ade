"""Removing in SQLite what nobody sees any more, in batches so small that writers hardly wait."""

from __future__ import annotations

import contextlib
import fcntl
import functools
import os
import time
from typing import TYPE_CHECKING, Any, TypeAlias

from store.backends import sqlite_groups as groups
from store.backends.generations import SUFFIX

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    import apsw

    from store.backends.sqlite_file import SqliteFile
    from store.clock import Clock
    from store.model import GroupRecord

_BATCH = 250  # items removed in one transaction, which takes a few milliseconds
_PAUSE = 0.001  # seconds between batches: those who wait for the write lock get it
_DUE = "SELECT id FROM groups WHERE next_expiry <= ? ORDER BY next_expiry LIMIT 100"
_EXPIRED = """
  SELECT id, octet_length(value), version FROM items
  WHERE group_id = ?1 AND expiry_bucket <= ?2 >> 16 AND expires_at <= ?2 LIMIT ?3
"""
# A bucket's start is enough: it is a time before which nothing expires.
_RAISE_NEXT_EXPIRY = """
  UPDATE groups SET next_expiry = (
    SELECT max(min(expiry_bucket) << 16, ?2 + 1) FROM items WHERE group_id = ?1 AND expiry_bucket IS NOT NULL
  ) WHERE id = ?1
"""

Clear: TypeAlias = "Callable[[Sequence[str] | None, Callable[[GroupRecord], bool]], list[GroupRecord]]"


def sweep(file: SqliteFile, clock: Clock, clear: Clear, *, yielding: bool) -> int:
    """Remove expired items, clear groups whose time is up, remove what is left of cleared groups; how many items."""
    with _only_sweeper(f"{file.path}{SUFFIX}") as alone:
        if yielding and not alone:
            return 0
        swept = _sweep_expired(file, clock)
        with file.connected() as db:
            due: list[Any] = db.execute("SELECT name FROM groups WHERE clear_at <= ?", (clock(),)).fetchall()
        if due:
            # Looked at again under the write lock: a group may have been reopened since.
            gone = clear([name for (name,) in due], lambda group: (group.settings.clear_at or clock() + 1) <= clock())
            swept += sum(group.items for group in gone)
        remove_cleared(file)
    return swept


def remove_cleared(file: SqliteFile) -> None:
    """Remove the items of groups that were cleared."""
    while True:
        with file.connected() as db:
            if not db.execute("SELECT count(*) FROM cleared").get:
                return
        file.write(_remove_batch)
        time.sleep(_PAUSE)


def _remove_batch(db: apsw.Connection) -> tuple[None, Iterable[int]]:
    group_id = db.execute("SELECT group_id FROM cleared LIMIT 1").get
    if group_id is not None:
        rows = db.execute("SELECT id FROM items WHERE group_id = ? LIMIT ?", (group_id, _BATCH)).fetchall()
        db.executemany("DELETE FROM items WHERE id = ?", rows)
        if len(rows) < _BATCH:
            db.execute("DELETE FROM cleared WHERE group_id = ?", (group_id,))
    return None, ()


def _sweep_expired(file: SqliteFile, clock: Clock) -> int:
    swept = 0
    while True:
        with file.connected() as db:
            due: list[Any] = db.execute(_DUE, (clock(),)).fetchall()
        if not due:
            return swept
        for (group_id,) in due:
            gone = _BATCH
            while gone == _BATCH:
                gone = file.write(functools.partial(_sweep_batch, group_id=group_id, clock=clock))
                swept += gone
                if gone == _BATCH:
                    time.sleep(_PAUSE)


def _sweep_batch(db: apsw.Connection, group_id: int, clock: Clock) -> tuple[int, Iterable[int]]:
    now = clock()
    rows: list[Any] = db.execute(_EXPIRED, (group_id, now, _BATCH)).fetchall()
    db.executemany("DELETE FROM items WHERE id = ?", [(item_id,) for item_id, *_ in rows])
    if len(rows) < _BATCH:
        db.execute(_RAISE_NEXT_EXPIRY, (group_id, now))
    if rows:
        size, version = sum(row[1] for row in rows), max(row[2] for row in rows)
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
            except BlockingIOError:
                alone = False
        yield alone
