"""A group of a million orders, written straight into a new store's file: through the store it would take a minute."""

from __future__ import annotations

import time
from pathlib import Path

import apsw

from store import open_store

ITEMS = 1_000_000
PENDING = 48  # so many orders are not paid, all over the group; they expire within 20 minutes
_FILL = """
  WITH RECURSIVE number(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < :items)
  INSERT INTO items (group_id, key, created_at, updated_at, expires_at, expiry_bucket, version, value)
  SELECT :group, printf('order-%07d', n), :now - n, :now - n, expires_at, expires_at >> 16, n,
    printf('{"id":"order-%07d","status":"%s","total":%d.5,"trace":%d}', n,
      iif(n % 20999 = 7, 'pending', 'paid'), n % 1000, 9007199254740992 + n)
  FROM (
    SELECT n, CASE WHEN n % 20999 = 7 THEN :now + 1200000 WHEN n % 100 = 0 THEN :now + 3600000 + n END AS expires_at
    FROM number
  )
"""
_SUM_UP = """
  UPDATE groups SET (items, expiring, size, next_expiry, top) =
    (SELECT count(*), count(expires_at), sum(octet_length(value)), min(expires_at), max(version) FROM items)
"""


def fill(path: Path) -> str:
    """Make a store with one such group, `orders`; its URL."""
    url = f"sqlite:///{path}"
    with open_store(url, sweep_interval=None) as state:
        state.set("orders", "first", 1)
    db = apsw.Connection(str(path))
    with db:
        (group,) = next(db.execute("SELECT id FROM groups"))
        db.execute("DELETE FROM items")
        db.execute(_FILL, {"items": ITEMS, "group": group, "now": time.time_ns() // 1_000_000})
        db.execute(_SUM_UP)
    db.close()
    return url
