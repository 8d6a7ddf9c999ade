"""Putting into SQLite's trash what a transaction removes; see `trash` and `trashed` in schema.sql."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from store.backends import sqlite_groups as groups
from store.backends.trashing import UNDO_MS, lost
from store.model import Settings

if TYPE_CHECKING:
    import apsw

    from store.backends.trashing import Keeping
    from store.model import GroupRecord, Record

REMOVED_AT: Final = "iif(p.group_id < 0, k.updated_at, p.removed_at)"
"""When an item was removed: `p` is its part, `k` its row."""
EXPECTED: Final = "iif(p.group_id < 0, k.version, 0)"
"""The version that its removal left."""
WAS_LIVE: Final = f"(k.expires_at IS NULL OR k.expires_at > {REMOVED_AT})"

_NOTHING = Settings()
_VERSION = "SELECT version FROM items WHERE group_id = (SELECT id FROM groups WHERE name = ?) AND key = ?"
_NEW_ENTRY = "INSERT INTO trash (name, action, removed_at) VALUES (?, ?, ?)"
_NEW_PART = """
  INSERT INTO trashed (trash_id, name, group_id, removed_at, default_ttl, finished_at, clear_at)
  VALUES (?, ?, ?, ?, ?, ?, ?)
"""
_COUNT = """
  UPDATE trash SET items = items + ?, size = size + ?, removed_at = max(removed_at, ?),
    seq = (SELECT max(seq) + 1 FROM trash) WHERE id = ?
"""
_COPY = """
  INSERT OR IGNORE INTO items (value, created_at, updated_at, expires_at, version, group_id, key)
  VALUES (CAST(? AS TEXT), ?, ?, ?, ?, ?, ?)
"""
_LATEST_PART = "SELECT group_id FROM trashed WHERE trash_id = ? AND name = ? ORDER BY id DESC LIMIT 1"
_LATEST_OF_ITEM = f"""
  SELECT k.id, {EXPECTED}, octet_length(k.value), p.group_id < 0, p.removed_at
  FROM trashed AS p JOIN items AS k ON k.group_id = p.group_id AND k.key = ?
  WHERE p.trash_id = ? AND p.name = ? AND {WAS_LIVE} ORDER BY p.id DESC LIMIT 1
"""
_INTO_COPIES = """
  UPDATE items SET group_id = ?, version = ?, updated_at = ?, expiry_bucket = NULL WHERE id = ?
"""
# Items of a group that is cleared which were written under the same id, and by nobody else since.
_WRITTEN_BEFORE = """
  SELECT k.id, octet_length(k.value), c.id, octet_length(c.value)
  FROM trashed AS p JOIN items AS k ON k.group_id = p.group_id
  JOIN items AS c ON c.group_id = ? AND c.key = k.key AND c.version = k.version
  WHERE p.trash_id = ? AND p.name = ? AND p.group_id < 0 AND k.version > 0
    AND (c.expires_at IS NULL OR c.expires_at > ?)
"""
_DROP_EMPTY_PARTS = """
  DELETE FROM trashed WHERE trash_id = ? AND default_ttl IS NULL AND finished_at IS NULL
    AND NOT EXISTS (SELECT 1 FROM items WHERE group_id = trashed.group_id)
"""
_DROP_EMPTY = "DELETE FROM trash WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM trashed WHERE trash_id = ?1)"


def find_entry(db: apsw.Cursor, name: str, now: int) -> int | None:
    """The row of an entry that can be restored."""
    found: int | None = db.execute("SELECT id FROM trash WHERE name = ? AND removed_at > ?", (name, now - UNDO_MS)).get
    return found


def drop_empty(db: apsw.Cursor, entry_id: int) -> None:
    """Drop an entry that has no parts any more."""
    db.execute(_DROP_EMPTY, (entry_id,))


class Keeper:
    """Adds to an entry of the trash, in a transaction that is under way and has something to keep.

    Args:
        db: the connection.
        keep: the entry, which is made if it is not there, or no longer.
        now: when the removal happens.
    """

    def __init__(self, db: apsw.Cursor, keep: Keeping, now: int) -> None:
        self._db, self._now = db, now
        self._items = self._size = 0
        self._emptied = False
        self._copies: dict[str, int] = {}
        found = find_entry(db, keep.name, now)
        self._is_new = found is None
        self._id = self._new_entry(keep) if found is None else found

    def item(self, group: str, key: str, old: Record | None) -> None:
        """Keep the record that was written over or removed, or note that there was none."""
        expected: int = self._db.execute(_VERSION, (group, key)).get or 0
        latest = None if self._is_new else self._db.execute(_LATEST_OF_ITEM, (key, self._id, group)).get
        if latest is not None and latest[1] == (0 if old is None else old.version):
            self._continue(group, latest, expected)
            return
        if old is None:
            row: tuple[Any, ...] = (b"", self._now, self._now, None, expected)
        else:
            row = (old.value, old.created_at, self._now, old.expires_at, expected)
            self._size += len(old.value)
        self._copy(group, key, row)
        self._items += 1

    def clear(self, group: GroupRecord, left: Settings) -> bool:
        """Clear a group as `sqlite_groups.clear` does, but keep what was in it; False if there is nothing to keep."""
        gone = lost(group.settings, left)
        if not group.items and not gone.kept:
            return False
        group_id: int = self._db.execute("SELECT id FROM groups WHERE name = ?", (group.name,)).get
        self._new_part(group.name, group_id, gone)
        groups.clear(self._db, group, left, self._now, keep=True)
        self._items += group.items
        self._size += group.size
        if not self._is_new:
            self._continue_cleared(group.name, group_id)
        return True

    def close(self) -> None:
        """Note what was added. An entry that has nothing goes."""
        self._db.execute(_COUNT, (self._items, self._size, self._now, self._id))
        if self._emptied:
            self._db.execute(_DROP_EMPTY_PARTS, (self._id,))
        if self._items <= 0:
            drop_empty(self._db, self._id)

    def _continue(self, group: str, latest: tuple[int, int, int, int, int], expected: int) -> None:
        """Nobody else has written the item since the entry was given it: undoing goes back to the start."""
        item_id, _, size, is_copy, removed_at = latest
        if not size and not expected:  # made and removed again
            self._remove(item_id, size)
        elif is_copy:
            self._db.execute("UPDATE items SET version = ? WHERE id = ?", (expected, item_id))
        else:
            self._db.execute(_INTO_COPIES, (self._copies_of(group), expected, removed_at, item_id))

    def _continue_cleared(self, group: str, group_id: int) -> None:
        bindings = (group_id, self._id, group, self._now)
        rows: list[Any] = self._db.execute(_WRITTEN_BEFORE, bindings).fetchall()
        for item_id, size, cleared_id, cleared_size in rows:
            self._remove(cleared_id, cleared_size)
            if size:
                self._db.execute("UPDATE items SET version = 0 WHERE id = ?", (item_id,))
            else:
                self._remove(item_id, size)

    def _remove(self, item_id: int, size: int) -> None:
        self._db.execute("DELETE FROM items WHERE id = ?", (item_id,))
        self._items -= 1
        self._size -= size
        self._emptied = True

    def _copy(self, group: str, key: str, row: tuple[Any, ...]) -> None:
        self._db.execute(_COPY, (*row, self._copies_of(group), key))
        if not self._db.connection.changes():  # an earlier record of the item is there
            self._copies[group] = self._new_part(group)
            self._db.execute(_COPY, (*row, self._copies[group], key))

    def _copies_of(self, group: str) -> int:
        found = self._copies.get(group)
        if found is None:
            # A later part comes first when restoring, so copies are not put into one that has others behind it.
            latest = None if self._is_new else self._db.execute(_LATEST_PART, (self._id, group)).get
            found = self._copies[group] = latest if latest is not None and latest < 0 else self._new_part(group)
        return found

    def _new_entry(self, keep: Keeping) -> int:
        self._db.execute("UPDATE trash SET name = NULL WHERE name = ?", (keep.name,))
        self._db.execute(_NEW_ENTRY, (*keep, self._now))
        return self._db.connection.last_insert_rowid()

    def _new_part(self, group: str, group_id: int = 0, settings: Settings = _NOTHING) -> int:
        self._db.execute(_NEW_PART, (self._id, group, group_id, self._now, *settings))
        part_id = self._db.connection.last_insert_rowid()
        if not group_id:
            self._db.execute("UPDATE trashed SET group_id = -id WHERE id = ?", (part_id,))
        return group_id or -part_id
