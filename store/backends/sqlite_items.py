"""Items in SQLite: the statements that read and write one, and the group's counts that go with them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from store.backends import sqlite_groups as groups
from store.backends.base import refreshed
from store.model import Record, make_record

if TYPE_CHECKING:
    from collections.abc import Sequence

    import apsw

    from store.backends.base import Change
    from store.clock import Clock

_GROUP_ID = "(SELECT id FROM groups WHERE name = {})"
_RECORD = "CAST(value AS BLOB), created_at, updated_at, expires_at, version"
_LIVE = "(expires_at IS NULL OR expires_at > :now)"
_OF_GROUP = f"group_id = {_GROUP_ID.format(':group')}"

GET = f"SELECT CAST(value AS BLOB), expires_at FROM items WHERE group_id = {_GROUP_ID.format('?1')} AND key = ?2"
READ = f"SELECT {_RECORD} FROM items WHERE group_id = {_GROUP_ID.format('?1')} AND key = ?2"
READ_ROW = f"SELECT {_RECORD} FROM items WHERE id = ?"
READ_MANY = f"""
  SELECT key, {_RECORD} FROM items
  WHERE group_id = {_GROUP_ID.format("?1")} AND key IN (SELECT value FROM json_each(?2))
"""
READ_EACH_VALUE = f"SELECT CAST(value AS BLOB) FROM items WHERE {_OF_GROUP} AND {_LIVE} ORDER BY key"
# One text for all values is one call instead of thousands, and is decoded in one go.
READ_VALUES = f"""
  SELECT CAST(coalesce(group_concat(value, ','), '') AS BLOB)
  FROM (SELECT value FROM items WHERE {_OF_GROUP} AND {_LIVE} ORDER BY key)
"""

_FIND = f"""
  SELECT {_RECORD}, id, group_id, expiry_bucket,
    (SELECT changed_at FROM groups WHERE groups.id = group_id),
    (SELECT default_ttl FROM groups WHERE groups.id = group_id)
  FROM items WHERE group_id = {_GROUP_ID.format("?1")} AND key = ?2
"""
_INSERT = """
  INSERT INTO items (value, created_at, updated_at, expires_at, version, expiry_bucket, group_id, key)
  VALUES (CAST(? AS TEXT), ?, ?, ?, ?, ?, ?, ?)
"""
_UPDATE = """
  UPDATE items SET value = CAST(? AS TEXT), created_at = ?, updated_at = ?, expires_at = ?, version = ? WHERE id = ?
"""
_UPDATE_BUCKET = "UPDATE items SET expiry_bucket = ? WHERE id = ?"
_MOVE = """
  UPDATE OR IGNORE items
  SET created_at = ?, updated_at = ?, expires_at = ?, version = ?, expiry_bucket = ?, group_id = ? WHERE id = ?
"""
_DELETE = "DELETE FROM items WHERE id = ?"


def mutate_one(
    db: apsw.Cursor, group: str, key: str, change: Change, clock: Clock, slots: Sequence[int]
) -> tuple[tuple[Record | None, bool], Sequence[int]]:
    """`mutate` as a transaction of its own; the slots stand for the item."""
    done = mutate(db, group, key, change, clock())
    return done, slots if done[1] else ()


def mutate(db: apsw.Cursor, group: str, key: str, change: Change, now: int) -> tuple[Record | None, bool]:
    """Run a change of one item; the record it started from, and whether anything was written."""
    row: Any = db.execute(_FIND, (group, key)).get
    if row is None:
        return None, _create(db, group, key, change, now)
    value, created_at, updated_at, expires_at, version, item_id, group_id, bucket, changed_at, default_ttl = row
    stored = make_record(Record, (value, created_at, updated_at, expires_at, version))
    old = stored if expires_at is None or now < expires_at else None
    new = change(old, now, default_ttl)
    if new is old:
        return old, False
    if new is None:
        db.execute(_DELETE, (item_id,))
        expiring = expires_at is not None
        groups.removed_items(db, group_id, items=1, expiring=expiring, size=len(value), version=version, now=now)
        return old, True
    if old is None:
        groups.begun(db, group, now)
    if not new.version:
        new = new._replace(version=version + 1)
    db.execute(_UPDATE, (*new, item_id))
    if new.expires_at != expires_at and bucket_of(new) != bucket:
        db.execute(_UPDATE_BUCKET, (bucket_of(new), item_id))
    if new.version != version:
        # An item that had expired counts as added, whether or not it was swept.
        changed_at = max(changed_at, now) if old is None else refreshed(changed_at, now)
    groups.rewrote_item(db, group_id, stored, new, row[8], changed_at)
    return old, True


def _create(db: apsw.Cursor, group: str, key: str, change: Change, now: int) -> bool:
    found = groups.find(db, group, now)
    new = change(None, now, None if found is None else found.default_ttl)
    if new is None:
        return False
    if found is None or not found.listed:
        found = groups.begun(db, group, now)
    if not new.version:
        new = new._replace(version=found.floor + 1)
    db.execute(_INSERT, (*new, bucket_of(new), found.id, key))
    groups.added_item(db, found, new)
    return True


def move(db: apsw.Cursor, item_id: int, group: groups.Found, new: Record) -> bool:
    """Put a row into a group with the times of a record, its own value and the next free version; it is not counted.

    False if its key is taken there.
    """
    row = (new.created_at, new.updated_at, new.expires_at, group.floor + 1, bucket_of(new), group.id, item_id)
    db.execute(_MOVE, row)
    return db.connection.changes() > 0


def bucket_of(record: Record) -> int | None:
    """The stretch of time, about a minute, in which a record expires."""
    return None if record.expires_at is None else record.expires_at >> 16
