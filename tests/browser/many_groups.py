"""A store of many groups, made by one statement: writing them one by one would take half a minute."""

from __future__ import annotations

import time
from pathlib import Path

import apsw

from store import open_store

GROUPS = 60_000
PER_BRANCH = 5000

_INSERT_GROUPS = """
  WITH RECURSIVE number(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM number WHERE n + 1 < :groups)
  INSERT INTO groups (id, name, items, size, created_at, changed_at, floor, top)
  SELECT n + 1, printf('wf-2026:%02d:%05d', n / :branch + 1, n), 1, 8, :now, :now, 0, 64 FROM number
"""
_INSERT_ITEMS = """
  INSERT INTO items (group_id, key, created_at, updated_at, version, value)
  SELECT id, 'step', created_at, created_at, 1, '"billed"' FROM groups
"""


def make_many_groups(path: Path) -> None:
    """A store with GROUPS groups `wf-2026:01:00000` to `wf-2026:12:59999`, of one item each."""
    open_store(f"sqlite:///{path}", sweep_interval=None).close()
    with apsw.Connection(str(path)) as db:
        db.execute(_INSERT_GROUPS, {"groups": GROUPS, "branch": PER_BRANCH, "now": time.time_ns() // 1_000_000})
        db.execute(_INSERT_ITEMS)
    db.close()
