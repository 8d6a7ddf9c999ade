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
_KEPT = """
  SELECT t.name, t.items, t.size, count(k.id), coalesce(sum(octet_length(k.value)), 0), count(DISTINCT p.id)
  FROM trash AS t LEFT JOIN trashed AS p ON p.trash_id = t.id
  LEFT JOIN items AS k ON k.group_id = p.group_id
    AND (k.expires_at IS NULL OR k.expires_at > iif(p.group_id < 0, k.updated_at, p.removed_at))
  WHERE t.name IS NOT NULL GROUP BY t.id
"""
_ORPHANS = """
  SELECT count(*) FROM items WHERE group_id NOT IN (SELECT id FROM groups)
    AND group_id NOT IN (SELECT group_id FROM cleared) AND group_id NOT IN (SELECT group_id FROM trashed)
"""
_TWICE = """
  SELECT count(*) - count(DISTINCT id) FROM (
    SELECT id FROM groups UNION ALL SELECT group_id FROM cleared UNION ALL SELECT group_id FROM trashed
  )
"""
_PARTLESS = "SELECT count(*) FROM trashed WHERE trash_id NOT IN (SELECT id FROM trash)"
_MISPLACED = "SELECT count(*) FROM items WHERE expiry_bucket IS NOT iif(group_id > 0, expires_at >> 16, NULL)"


def check_counts(path: Path) -> None:
    """What each group's row says of its items is what a count of them gives, and no item is without a group."""
    db = apsw.Connection(str(path), apsw.SQLITE_OPEN_READONLY)
    db.set_busy_timeout(10_000)
    try:
        with db:  # all from one moment
            rows: list[Any] = db.execute(_COUNTED).fetchall()
            for name, items, expiring, size, next_expiry, floor, top, has_settings, *counted, first, version in rows:
                assert [items, expiring, size] == counted, f"group {name!r} is counted wrongly"
                assert items or has_settings, f"group {name!r} has nothing to be kept for"
                assert first is None or (next_expiry is not None and next_expiry <= first), f"{name!r} is swept late"
                assert floor <= top, f"group {name!r} gave a version above its top"
                assert top >= (version or 0), f"group {name!r} has an item above its top"
            kept: list[Any] = db.execute(_KEPT).fetchall()
            for name, items, size, *counted, parts in kept:
                assert [items, size] == counted, f"what is kept as {name!r} is counted wrongly"
                assert parts, f"nothing is kept as {name!r}"
            for sql in (_ORPHANS, _TWICE, _PARTLESS, _MISPLACED):
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
