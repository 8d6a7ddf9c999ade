"""Items of a group in SQLite, listed and looked through: each time by the road on which the fewest pages are read."""

from __future__ import annotations

import contextlib
import itertools
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from store.backends.sqlite_paging import bindings, paged
from store.model import Record, Unread, make_record
from store.paging import NEVER_EXPIRES, STRETCHES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    import apsw

    from store.paging import Bound, Query, Seen

# Items that were not made in the order of their keys lie all over the file: reading a million took 2.2 s by key, and
# 0.4 s as they lie.
_BY_KEY: Final = "INDEXED BY sqlite_autoindex_items_1"
_BY_EXPIRY: Final = "INDEXED BY items_by_expiry"
_AS_THEY_LIE: Final = "NOT INDEXED"

_FEW = 20_000  # items that may be read by their expiry and sorted
_NEVER_SHARE = 20  # by key, one of so many items must be one that never expires

_REST: Final = "created_at, updated_at, expires_at, version, key"
_VALUE: Final = "CAST(value AS BLOB)"
_LIVE: Final = "(expires_at IS NULL OR expires_at > :now)"
_TEXTS: Final = ("value", "lower(value)")
_COLUMNS: Final[Mapping[str, str]] = {
    "key": "key",
    "size": "octet_length(value)",
    "created": "created_at",
    "updated": "updated_at",
    "expires": "expires_at",
}
_SORTS: Final = {**_COLUMNS, "expires": f"coalesce(expires_at, {NEVER_EXPIRES})"}


class _Group(NamedTuple):
    """What is to be known of a group to find a road; its counts include expired items."""

    id: int
    items: int
    expiring: int


def scan(db: apsw.Cursor, name: str, query: Query, now: int) -> list[tuple[str, Record]]:
    """Live items of a group, as the query asks."""
    with _one_moment(db):
        group = _find(db, name)
        if group is None:
            return []
        if query.sort == "key":
            sql = f"SELECT {_row(query)} FROM items {_BY_KEY} WHERE {_where(query)} {paged(query, 'key', 'key')}"
            return list(_rows(db.execute(sql, _bound(query, group, now)), query))
        if query.sort == "expires" and not query.search:
            return _by_expiry(db, group, query, now)
        value = _SORTS[query.sort]
        road = _road(db, group, query)
        ids = f"SELECT id FROM items {road} WHERE {_where(query)} {paged(query, value, 'key')}"
        return _fetched(db, ids, query, _bound(query, group, now))


def walk(db: apsw.Cursor, name: str, query: Query, now: int) -> Iterator[Seen]:
    """Live items of a group in the order of their keys, as the query asks but for its limit; see Backend.walk_items."""
    group = _find(db, name)
    if group is None:
        return
    if not _few_by_expiry(db, group, query, now):
        yield from _walk_by_key(db, group, query, now)
        return
    ids = f"SELECT id FROM items {_BY_EXPIRY} WHERE {_where(query)} {paged(query, 'key', 'key')}"
    bound = {**_bound(query, group, now), "limit": -1}
    yield from _fetched(db, ids, query, bound)


def look_through(db: apsw.Cursor, name: str, query: Query, now: int) -> Iterator[Seen]:
    """Live items of a group in any order; see Backend.look_through."""
    group = _find(db, name)
    if group is None:
        return iter(())
    if _few_by_expiry(db, group, query, now):
        sql = f"SELECT {_row(query)} FROM items {_BY_EXPIRY} WHERE {_where(query)}"
        return _rows(db.execute(sql, _bound(query, group, now)), query)
    if _road(db, group, query) == _AS_THEY_LIE:
        return _as_they_lie(db, group, query, now)
    return _walk_by_key(db, group, replace(query, sort="key", descending=False, after=None), now)


@contextlib.contextmanager
def looking(db: apsw.Cursor) -> Iterator[apsw.Cursor]:
    """A cursor for statements that need not be read to their ends, all of one moment."""
    with _one_moment(db), contextlib.closing(db.connection.cursor()) as rows:
        yield rows


@contextlib.contextmanager
def _one_moment(db: apsw.Cursor) -> Iterator[None]:
    inside = db.connection.in_transaction
    if not inside:
        db.execute("BEGIN")
    try:
        yield
    finally:
        if not inside and db.connection.in_transaction:  # an error may have ended it
            db.execute("COMMIT")


def _find(db: apsw.Cursor, name: str) -> _Group | None:
    row: Any = db.execute("SELECT id, items, expiring FROM groups WHERE name = ?", (name,)).get
    return None if row is None else _Group(*row)


def _road(db: apsw.Cursor, group: _Group, query: Query) -> str:
    """Where the order does not matter: by key if keys are searched, or most of the file is not of this group."""
    pages: int = db.execute("PRAGMA page_count").get
    return _BY_KEY if query.search or 2 * group.items < pages else _AS_THEY_LIE


def _by_expiry(db: apsw.Cursor, group: _Group, query: Query, now: int) -> list[tuple[str, Record]]:
    """A page by expiry: first those that have one, in the order of its index, then the others; or the reverse."""
    rows: list[tuple[str, Record]] = []
    for part in (_never, _expiring) if query.descending else (_expiring, _never):
        rows += part(db, group, replace(query, limit=query.limit - len(rows)), now)
        if len(rows) == query.limit:
            break
    return rows


def _expiring(db: apsw.Cursor, group: _Group, query: Query, now: int) -> list[tuple[str, Record]]:
    further, order = ("<=", "DESC") if query.descending else (">=", "ASC")
    from_bucket = f"AND expiry_bucket {further} :value >> 16" if query.after else ""
    page = paged(query, "expires_at", "key").replace("ORDER BY", f"ORDER BY expiry_bucket {order},")
    live = "expiry_bucket >= :now >> 16 AND expires_at > :now"
    ids = f"SELECT id FROM items {_BY_EXPIRY} WHERE group_id = :group AND {live} {from_bucket} {page}"
    return _fetched(db, ids, query, _bound(query, group, now))


def _never(db: apsw.Cursor, group: _Group, query: Query, now: int) -> list[tuple[str, Record]]:
    never, after = group.items - group.expiring, query.after
    if not never or (query.descending and after and after[0] != NEVER_EXPIRES):
        return []
    road = _BY_KEY if never * _NEVER_SHARE >= group.items else _road(db, group, query)
    behind = "AND key > :name" if after and after[0] == NEVER_EXPIRES else ""
    where = f"group_id = :group AND expires_at IS NULL {behind}"
    ids = f"SELECT id FROM items {road} WHERE {where} ORDER BY key LIMIT :limit"
    return _fetched(db, ids, query, _bound(query, group, now))


def _few_by_expiry(db: apsw.Cursor, group: _Group, query: Query, now: int) -> bool:
    """Whether the query asks for expiries that so few items have that they are best read by expiry."""
    for bound in query.bounds:
        if bound.column == "expires":
            buckets = f"expiry_bucket BETWEEN {max(bound.low, now) >> 16} AND {bound.high >> 16}"
            some = f"SELECT 1 FROM items {_BY_EXPIRY} WHERE group_id = ? AND {buckets} LIMIT {_FEW + 1}"
            if db.execute(f"SELECT count(*) FROM ({some})", (group.id,)).get <= _FEW:
                return True
    return False


def _walk_by_key(db: apsw.Cursor, group: _Group, query: Query, now: int) -> Iterator[Seen]:
    further, up_to, order = ("<", ">=", "DESC") if query.descending else (">", "<=", "ASC")
    bound = _bound(query, group, now)
    behind = f"AND key {further} :name" if query.after else ""
    for step in _steps():
        of_group = f"FROM items {_BY_KEY} WHERE group_id = :group {behind}"
        end: str | None = db.execute(f"SELECT key {of_group} ORDER BY key {order} LIMIT 1 OFFSET {step}", bound).get
        stretch = "" if end is None else f"AND key {up_to} :end"
        sql = f"SELECT {_row(query)} {of_group} {stretch} AND {_where(query)} ORDER BY key {order}"
        yield from _rows(db.execute(sql, {**bound, "end": end}), query)
        if end is None:
            return
        yield end, None
        bound["name"], behind = end, f"AND key {further} :name"


def _as_they_lie(db: apsw.Cursor, group: _Group, query: Query, now: int) -> Iterator[Seen]:
    # What was written last lies behind: in the order that is asked for, most of the others are too late for the page.
    order, stretch = "DESC" if query.descending else "ASC", STRETCHES[1]
    last: int = db.execute("SELECT coalesce(max(id), 0) FROM items").get
    some = f"SELECT {_row(query)} FROM items {_AS_THEY_LIE} WHERE id > :id AND id <= :id + {stretch}"
    starts = range(0, last, stretch)
    for start in reversed(starts) if query.descending else starts:
        bound = {**_bound(query, group, now), "id": start}
        yield from _rows(db.execute(f"{some} AND {_where(query)} ORDER BY id {order}", bound), query)
        yield "", None


def _steps() -> Iterator[int]:
    yield STRETCHES[0]
    yield from itertools.repeat(STRETCHES[1])


def _where(query: Query) -> str:
    searched = "AND instr(lower(key), :search)" if query.search else ""
    held = " ".join(f"AND instr({_TEXTS[part.folded]}, :part{index})" for index, part in enumerate(query.parts))
    return f"group_id = :group AND {_LIVE} {searched} {' '.join(map(_within, query.bounds))} {held}"


def _within(bound: Bound) -> str:
    low, high = bound.low, bound.high
    buckets = f"AND expiry_bucket BETWEEN {low >> 16} AND {high >> 16}" if bound.column == "expires" else ""
    return f"AND {_COLUMNS[bound.column]} BETWEEN {low} AND {high} {buckets}"


def _bound(query: Query, group: _Group, now: int) -> dict[str, Any]:
    parts = {f"part{index}": part.text.decode() for index, part in enumerate(query.parts)}
    return {"group": group.id, "now": now, **bindings(query), **parts}


def _fetched(db: apsw.Cursor, ids: str, query: Query, bound: dict[str, Any]) -> list[tuple[str, Record]]:
    """The items whose ids a statement gives, in its order: what it sorts are the ids, not the values."""
    sql = f"SELECT {_row(query)} FROM items WHERE id = ?"
    return list(_rows(db.executemany(sql, db.execute(ids, bound).fetchall()), query))


def _row(query: Query) -> str:
    """What is read of an item; of a value that is too large, the length."""
    if query.largest is None:
        return f"{_VALUE}, {_REST}"
    return f"CASE WHEN octet_length(value) > {query.largest} THEN octet_length(value) ELSE {_VALUE} END, {_REST}"


def _rows(rows: Iterable[Any], query: Query) -> Iterator[tuple[str, Record]]:
    if query.largest is not None:
        rows = ((Unread(row[0]), *row[1:]) if type(row[0]) is int else row for row in rows)
    for value, created_at, updated_at, expires_at, version, key in rows:
        yield key, make_record(Record, (value, created_at, updated_at, expires_at, version))
