"""What must hold in the database file itself, whatever was done to the store and however its processes ended."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import apsw

_COUNTED = """
  SELECT g.name, g.items, g.expiring, g.size, g.next_expiry, g.floor, g.top,
    g.default_ttl IS NOT NULL OR g.finished_at IS NOT NULL,
    count(i.id), count(i.expires_at), coalesce(sum(octet_length(i.value)), 0), min(i.expires_at), max(i.version)
  FROM groups AS g LEFT JOIN items AS i ON i.group_id = g.id GROUP BY g.id
"""
_ORPHANS = """
  SELECT count(*) FROM items
  WHERE group_id NOT IN (SELECT id FROM groups) AND group_id NOT IN (SELECT group_id FROM cleared)
"""
_CLEARED_BUT_THERE = "SELECT count(*) FROM cleared WHERE group_id IN (SELECT id FROM groups)"
_MISPLACED = "SELECT count(*) FROM items WHERE expiry_bucket IS NOT expires_at >> 16"


def check_counts(path: Path) -> None:
    """What each group's row says of its items is what a count of them gives, and no item is without a group."""
    db = apsw.Connection(str(path), apsw.SQLITE_OPEN_READONLY)
    db.set_busy_timeout(10_000)
    try:
        with db:  # all from one moment
            rows: list[Any] = db.execute(_COUNTED).fetchall()
            for name, items, expiring, size, next_expiry, floor, top, kept, *counted, first, version in rows:
                assert [items, expiring, size] == counted, f"group {name!r} is counted wrongly"
                assert items or kept, f"group {name!r} has nothing to be kept for"
                assert first is None or (next_expiry is not None and next_expiry <= first), f"{name!r} is swept late"
                assert floor <= top, f"group {name!r} gave a version above its top"
                assert top >= (version or 0), f"group {name!r} has an item above its top"
            for sql in (_ORPHANS, _CLEARED_BUT_THERE, _MISPLACED):
                assert db.execute(sql).get == 0, sql
    finally:
        db.close()


def check_integrity(path: Path) -> None:
    """SQLite finds nothing wrong with the file, the indexes included."""
    db = apsw.Connection(str(path))
    try:
        assert db.pragma("integrity_check") == "ok"
    finally:
        db.close()


def left_to_remove(path: Path) -> int:
    """How many items of cleared groups, and how many of these groups, are still in the file."""
    db = apsw.Connection(str(path), apsw.SQLITE_OPEN_READONLY)
    try:
        items: int = db.execute("SELECT count(*) FROM items WHERE group_id IN (SELECT group_id FROM cleared)").get
        groups: int = db.execute("SELECT count(*) FROM cleared").get
        return items + groups
    finally:
        db.close()
