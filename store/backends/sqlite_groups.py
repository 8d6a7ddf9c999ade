"""Groups in SQLite: their rows, in which what they hold is counted as it changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from store.backends.sqlite_paging import bindings, paged
from store.model import BranchRecord, GroupRecord, Record, Settings
from store.paging import NEVER_EXPIRES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import apsw

    from store.paging import Query

COUNTED = 10_000
"""The most expired items of one group that are counted off it, and the most that are looked at for the next expiry."""
FEW = 200
"""The most items that go at once with their groups; more are taken out of sight, and removed in batches afterwards."""
_STEP = 64  # `top` is raised in steps, so that rewriting an item, each time one version up, seldom writes its group

_SETTINGS = "default_ttl, finished_at, clear_at"
_EXPIRED = "group_id = g.id AND expiry_bucket <= :now >> 16 AND expires_at <= :now"
_LIVE = "group_id = g.id AND expiry_bucket >= :now >> 16 AND expires_at > :now"
_HOLDS_ANY = f"""(
  items > expiring OR (expiring AND next_expiry > :now)
  OR EXISTS (SELECT 1 FROM items WHERE {_LIVE} ORDER BY expiry_bucket DESC LIMIT 1)
)"""
_LISTED = f"(default_ttl IS NOT NULL OR finished_at IS NOT NULL OR {_HOLDS_ANY})"
_GONE = f"""iif(next_expiry <= :now, iif({_HOLDS_ANY}, (
  SELECT count(*) FROM (SELECT 1 FROM items WHERE {_EXPIRED} LIMIT {COUNTED})
), items), 0)"""
_GONE_SIZE = f"""iif(next_expiry <= :now, iif({_HOLDS_ANY}, (
  SELECT coalesce(sum(octet_length(value)), 0) FROM (SELECT value FROM items WHERE {_EXPIRED} LIMIT {COUNTED})
), size), 0)"""
# Mostly there is an item that expires at `next_expiry`, among the first of those that expire in the same minute.
_NEXT_EXPIRY = f"""iif(expiring, iif(next_expiry > :now AND EXISTS (
  SELECT 1 FROM (
    SELECT expires_at FROM items WHERE group_id = g.id AND expiry_bucket = next_expiry >> 16 LIMIT {COUNTED}
  ) WHERE expires_at = next_expiry
), next_expiry, (
  SELECT min(expires_at) FROM (
    SELECT expires_at FROM items WHERE {_LIVE} AND expiry_bucket = (
      SELECT expiry_bucket FROM items WHERE {_LIVE} ORDER BY expiry_bucket LIMIT 1
    ) LIMIT {COUNTED}
  )
)), NULL)"""
_SUMMARY = f"""
  name, items - {_GONE}, size - {_GONE_SIZE}, created_at, changed_at, {_NEXT_EXPIRY},
  {_GONE} BETWEEN {COUNTED} AND items - 1, {_SETTINGS}
"""
_SUMS = f"""
  count(*), sum(items - {_GONE}), sum(size - {_GONE_SIZE}), max(changed_at), count(finished_at),
  max({_GONE} BETWEEN {COUNTED} AND items - 1)
"""
_SORTS: Mapping[str, str] = {
    "id": "name",
    "items": f"items - {_GONE}",
    "size": f"size - {_GONE_SIZE}",
    "created": "created_at",
    "updated": "changed_at",
    "expires": f"coalesce({_NEXT_EXPIRY}, {NEVER_EXPIRES})",
}

_READ = f"SELECT {_SUMMARY} FROM groups AS g WHERE name = :group AND {_LISTED}"
_READ_ALL = f"SELECT {_SUMMARY} FROM groups AS g WHERE {_LISTED}"
_BETWEEN = "name >= :low AND name < :high"
_FIRST = f"SELECT {_SUMMARY} FROM groups AS g WHERE {_BETWEEN} AND {_LISTED} ORDER BY name LIMIT 1"
_SUM = f"SELECT {_SUMS} FROM groups AS g WHERE {_BETWEEN} AND {_LISTED}"
_EXPIRING = f"SELECT id, next_expiry FROM groups WHERE {_BETWEEN} AND expiring ORDER BY next_expiry"
_EXPIRES = f"SELECT {_NEXT_EXPIRY} FROM groups AS g WHERE id = :id"
_READ_MANY = f"{_READ_ALL} AND name IN (SELECT value FROM json_each(:groups))"
_FIND = f"SELECT id, floor, next_expiry, default_ttl, {_LISTED} FROM groups AS g WHERE name = :group"
_INSERT = f"INSERT INTO groups (name, created_at, changed_at, floor, top, {_SETTINGS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_CONFIGURE = "UPDATE groups SET default_ttl = ?, finished_at = ?, clear_at = ? WHERE name = ? RETURNING id, items"
_ADD = """
  UPDATE groups SET items = items + ?, expiring = expiring + ?, size = size + ?, changed_at = max(changed_at, ?),
    top = max(top, ?) WHERE id = ?
"""
_REWRITE = """
  UPDATE groups SET expiring = expiring + ?, size = size + ?, changed_at = ?, top = max(top, ?) WHERE id = ?
"""
_LOWER_NEXT_EXPIRY = "UPDATE groups SET next_expiry = ?1 WHERE id = ?2 AND (next_expiry IS NULL OR next_expiry > ?1)"
_REMOVE = """
  UPDATE groups SET items = items - ?, expiring = expiring - ?, size = size - ?, changed_at = max(changed_at, ?),
    floor = max(floor, ?) WHERE id = ? RETURNING items = 0 AND default_ttl IS NULL AND finished_at IS NULL
"""


class Found(NamedTuple):
    """What a new item needs to know of its group."""

    id: int
    floor: int
    next_expiry: int | None
    default_ttl: int | None
    listed: int


def scan(db: apsw.Cursor, query: Query, now: int) -> list[GroupRecord]:
    """Listed groups, as the query asks. Only those of the page are summed up."""
    value = _SORTS[query.sort]
    where = f"(:search = '' OR instr(lower(name), :search)) AND {_LISTED}"
    page = f"SELECT id, {value} AS sorted FROM groups AS g WHERE {where} {paged(query, value, 'name')}"
    order = "DESC" if query.descending else "ASC"
    sql = f"SELECT {_SUMMARY} FROM ({page}) JOIN groups AS g USING (id) ORDER BY sorted {order}, name"
    return [_record(row) for row in db.execute(sql, {"now": now, **bindings(query)})]


def read(db: apsw.Cursor, group: str, now: int) -> GroupRecord | None:
    """One group, if it is listed."""
    row: Any = db.execute(_READ, {"group": group, "now": now}).get
    return None if row is None else _record(row)


def read_many(db: apsw.Cursor, groups: Sequence[str] | None, now: int) -> list[GroupRecord]:
    """Those of the groups that are listed; None for all."""
    names = None if groups is None else orjson.dumps(list(groups)).decode()
    rows = db.execute(_READ_ALL if groups is None else _READ_MANY, {"now": now, "groups": names})
    return [_record(row) for row in rows]


def walk_branches(
    db: apsw.Cursor, low: str, high: str | None, end_of: Callable[[str], str | None], now: int
) -> Iterator[BranchRecord]:
    """Listed groups between two names, gathered; see Backend.walk_branches.

    Each branch is found behind the one before and summed up in SQL: no single group of a large one is looked at.
    """
    while (row := _between(db, _FIRST, low, high, now).get) is not None:
        first = _record(row)
        end = end_of(first.name)
        groups, items, size, updated_at, finished, approximate = _between(db, _SUM, first.name, end, now).get
        next_expiry = first.next_expiry if groups == 1 else _next_expiry(db, first.name, end, now)
        yield BranchRecord(first, groups, items, size, updated_at, next_expiry, finished, bool(approximate))
        if end is None:
            return
        low = end


def _next_expiry(db: apsw.Cursor, low: str, high: str | None, now: int) -> int | None:
    """The earliest of several groups. What they say may be too early: they are looked at closely while it matters."""
    earliest = None
    for id_, at in _between(db, _EXPIRING, low, high, now).fetchall():
        if earliest is not None and at >= earliest:
            break
        closely: int | None = db.execute(_EXPIRES, {"id": id_, "now": now}).get
        if closely is not None:
            earliest = closely if earliest is None else min(earliest, closely)
    return earliest


def _between(db: apsw.Cursor, sql: str, low: str, high: str | None, now: int) -> Any:
    # No text is behind a blob.
    return db.execute(sql, {"low": low, "high": b"" if high is None else high, "now": now})


def find(db: apsw.Cursor, group: str, now: int) -> Found | None:
    """A group's row."""
    row: Any = db.execute(_FIND, {"group": group, "now": now}).get
    return None if row is None else Found(*row)


def configure(db: apsw.Cursor, group: str, changed: Settings, now: int) -> None:
    """Give a group new settings; it comes into being, or ends, where they ask for it."""
    if changed.kept:
        begun(db, group, now)
    row: Any = db.execute(_CONFIGURE, (*changed, group)).get
    if row is not None and row[1] == 0 and not changed.kept:
        _retire(db, row[0])


def begun(db: apsw.Cursor, group: str, now: int) -> Found:
    """A group's row, which is made if there is none. The group begins anew unless it is listed."""
    found = find(db, group, now)
    if found is None:
        floor: int = db.execute("SELECT floor FROM store").get
        db.execute(_INSERT, (group, now, now, floor, floor, None, None, None))
        return Found(db.connection.last_insert_rowid(), floor, None, None, listed=1)
    if not found.listed:
        db.execute("UPDATE groups SET created_at = ?1, changed_at = ?1 WHERE id = ?2", (now, found.id))
    return found


def added_item(db: apsw.Cursor, group: Found, new: Record) -> None:
    """Count an item that was put into a group."""
    expires_at = new.expires_at
    db.execute(_ADD, (1, expires_at is not None, len(new.value), new.updated_at, _top(new.version), group.id))
    if expires_at is not None and (group.next_expiry is None or expires_at < group.next_expiry):
        db.execute(_LOWER_NEXT_EXPIRY, (expires_at, group.id))


def added_items(db: apsw.Cursor, group: Found, new: Sequence[Record]) -> None:
    """Count items that were put into a group."""
    expiries = [record.expires_at for record in new if record.expires_at is not None]
    size, changed_at = sum(len(record.value) for record in new), max(record.updated_at for record in new)
    db.execute(_ADD, (len(new), len(expiries), size, changed_at, _top(group.floor + 1), group.id))
    if expiries:
        db.execute(_LOWER_NEXT_EXPIRY, (min(expiries), group.id))


def rewrote_item(
    db: apsw.Cursor, group_id: int, old: Record, new: Record, was_changed_at: int, changed_at: int
) -> None:
    """Count what a new record in place of an old one changes."""
    size = len(new.value) - len(old.value)
    expiring = (new.expires_at is not None) - (old.expires_at is not None)
    if size or expiring or changed_at != was_changed_at or not old.version % _STEP:
        db.execute(_REWRITE, (expiring, size, changed_at, _top(new.version), group_id))
    if new.expires_at is not None and (old.expires_at is None or new.expires_at < old.expires_at):
        db.execute(_LOWER_NEXT_EXPIRY, (new.expires_at, group_id))


def removed_items(
    db: apsw.Cursor, group_id: int, *, items: int, expiring: int, size: int, version: int, now: int
) -> None:
    """Count items off a group; `version` is the highest of theirs. A group without items or settings ends."""
    if db.execute(_REMOVE, (items, expiring, size, now, version, group_id)).get:
        _retire(db, group_id)


def clear(db: apsw.Cursor, group: GroupRecord, left: Settings, now: int, few: int = FEW, *, keep: bool = False) -> int:
    """Remove all that is in a group, and its settings but those that are `left`; how many items went at once.

    They do unless there are more than `few`; then they are out of sight, and are removed later. `keep` only has them
    out of sight, under the id that the group had.
    """
    group_id, items = db.execute("SELECT id, items FROM groups WHERE name = ?", (group.name,)).get
    floor = _retire(db, group_id, few, keep=keep)
    if left.kept:
        db.execute(_INSERT, (group.name, group.created_at, now, floor, floor, *left))
    return items if items <= few else 0


def _retire(db: apsw.Cursor, group_id: int, few: int = FEW, *, keep: bool = False) -> int:
    """End a group, its items with it; the version that none of its items had more than."""
    floor: int
    items, floor, top = db.execute("SELECT items, floor, top FROM groups WHERE id = ?", (group_id,)).get
    if items > few:
        floor = top
        if not keep:
            db.execute("INSERT INTO cleared VALUES (?)", (group_id,))
    elif items:
        floor = max(floor, db.execute("SELECT max(version) FROM items WHERE group_id = ?", (group_id,)).get or 0)
        if not keep:
            db.execute("DELETE FROM items WHERE group_id = ?", (group_id,))
    db.execute("DELETE FROM groups WHERE id = ?", (group_id,))
    db.execute("UPDATE store SET floor = ?1 WHERE floor < ?1", (floor,))
    return floor


def _top(version: int) -> int:
    return -(-version // _STEP) * _STEP


def _record(row: tuple[Any, ...]) -> GroupRecord:
    name, items, size, created_at, changed_at, next_expiry, approximate, *found = row
    return GroupRecord(
        name, items, size, created_at, changed_at, next_expiry, Settings(*found), approximate=bool(approximate)
    )
