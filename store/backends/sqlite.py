"""Records in one SQLite file, shared by any number of threads and processes of one machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from store.backends.base import cleared
from store.backends.sqlite_file import SqliteFile
from store.model import GroupRecord, Record, Settings
from store.paging import NEVER_EXPIRES, Query

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    import apsw

    from store.backends.base import Change, SettingsChange
    from store.clock import Clock

_RECORD = "CAST(value AS BLOB), created_at, updated_at, expires_at, version"
_LIVE = "(expires_at IS NULL OR expires_at > :now)"
_SETTINGS = "default_ttl, finished_at, clear_at, configured_at"
_SWEEP_ROWS = 1000  # rows removed in one transaction, so that writers never wait long

_READ = f"SELECT {_RECORD} FROM items WHERE group_name = ? AND key = ?"
_READ_MANY = f"SELECT key, {_RECORD} FROM items WHERE group_name = ? AND key IN (SELECT value FROM json_each(?))"
_READ_VALUES = f"SELECT CAST(value AS BLOB) FROM items WHERE group_name = :group AND {_LIVE} ORDER BY key"
_WRITE = """
  INSERT INTO items (value, created_at, updated_at, expires_at, version, group_name, key)
  VALUES (CAST(? AS TEXT), ?, ?, ?, ?, ?, ?)
  ON CONFLICT DO UPDATE SET value = excluded.value, created_at = excluded.created_at,
    updated_at = excluded.updated_at, expires_at = excluded.expires_at, version = excluded.version
"""
_TOUCH_GROUP = """
  INSERT INTO groups (name, changed_at) VALUES (:group, :now)
  ON CONFLICT DO UPDATE SET changed_at = max(changed_at, excluded.changed_at)
"""
_CONFIGURE = f"""
  INSERT INTO groups (name, changed_at, {_SETTINGS}) VALUES (?, ?, ?, ?, ?, ?)
  ON CONFLICT DO UPDATE SET default_ttl = excluded.default_ttl, finished_at = excluded.finished_at,
    clear_at = excluded.clear_at, configured_at = excluded.configured_at
"""
_DROP_IDLE_GROUP = """
  DELETE FROM groups WHERE name = :group AND default_ttl IS NULL AND finished_at IS NULL
  AND NOT EXISTS (SELECT 1 FROM items WHERE group_name = :group)
"""
_REMEMBER_VERSION = "UPDATE removed SET version = :version WHERE version < :version"

_ITEM_SORTS: Mapping[str, str] = {
    "key": "key",
    "size": "octet_length(value)",
    "created": "created_at",
    "updated": "updated_at",
    "expires": f"coalesce(expires_at, {NEVER_EXPIRES})",
}
_GROUP_SORTS: Mapping[str, str] = {
    "id": "name",
    "items": "items",
    "size": "size",
    "created": "created",
    "updated": "updated",
    "expires": f"coalesce(next_expiry, {NEVER_EXPIRES})",
}
# {where} chooses among the groups before they are summed up. Expired items count for the last change until they are
# swept, which then hands their time on to changed_at: whether the sweep came by makes no difference.
_GROUPS = f"""
  SELECT name, items, size, created, updated, next_expiry, {_SETTINGS} FROM (
    SELECT g.name AS name,
      count(i.key) FILTER (WHERE {_LIVE}) AS items,
      coalesce(sum(octet_length(i.value)) FILTER (WHERE {_LIVE}), 0) AS size,
      coalesce(min(i.created_at) FILTER (WHERE {_LIVE}), g.configured_at) AS created,
      max(g.changed_at, coalesce(max(i.updated_at), 0)) AS updated,
      min(i.expires_at) FILTER (WHERE {_LIVE}) AS next_expiry,
      {_SETTINGS}
    FROM groups AS g LEFT JOIN items AS i ON i.group_name = g.name
    WHERE {{where}} GROUP BY g.name
  ) WHERE (items > 0 OR default_ttl IS NOT NULL OR finished_at IS NOT NULL)
"""


class SqliteBackend:
    """Records in one SQLite file in WAL mode."""

    def __init__(self, path: Path, clock: Clock, timeout: float, *, create: bool) -> None:
        self._clock = clock
        self._file = SqliteFile(path, timeout, create=create)
        self.location = f"sqlite · {path}"

    def read(self, group: str, key: str) -> Record | None:
        with self._file.reading() as db:
            row = db.execute(_READ, (group, key)).fetchone()
        return None if row is None else Record(*row)

    def read_many(self, group: str, keys: Iterable[str]) -> dict[str, Record]:
        with self._file.reading() as db:
            rows: list[Any] = db.execute(_READ_MANY, (group, orjson.dumps(list(keys)).decode())).fetchall()
        return {key: Record(*row) for key, *row in rows}

    def read_values(self, group: str) -> list[bytes]:
        with self._file.reading() as db:
            return [value for (value,) in db.execute(_READ_VALUES, {"group": group, "now": self._clock()})]

    def mutate_many(self, group: str, changes: Mapping[str, Change]) -> dict[str, tuple[Record | None, Record | None]]:
        with self._file.writing() as db:
            return {key: self._mutate(db, group, key, change) for key, change in changes.items()}

    def scan_items(self, group: str, query: Query) -> list[tuple[str, Record]]:
        where = f"group_name = :group AND {_LIVE} AND (:search = '' OR instr(lower(key), :search))"
        paged = _paged(query, _ITEM_SORTS[query.sort], "key")
        sql = f"SELECT key, {_RECORD} FROM items WHERE {where} {paged}"
        with self._file.reading() as db:
            rows: list[Any] = db.execute(sql, {"group": group, "now": self._clock(), **_bindings(query)}).fetchall()
        return [(key, Record(*row)) for key, *row in rows]

    def scan_groups(self, query: Query) -> list[GroupRecord]:
        where = "(:search = '' OR instr(lower(g.name), :search))"
        sql = _GROUPS.format(where=where) + _paged(query, _GROUP_SORTS[query.sort], "name")
        with self._file.reading() as db:
            return [_group(row) for row in db.execute(sql, {"now": self._clock(), **_bindings(query)})]

    def read_group(self, group: str) -> GroupRecord | None:
        with self._file.reading() as db:
            return self._read_group(db, group)

    def configure(self, group: str, change: SettingsChange) -> None:
        with self._file.writing() as db:
            known = self._read_group(db, group)
            settings = change(known)
            if known is not None or settings.kept:
                now = self._clock()
                db.execute(_CONFIGURE, (group, now, *settings))
                if known is None:
                    db.execute(_TOUCH_GROUP, {"group": group, "now": now})
                db.execute(_DROP_IDLE_GROUP, {"group": group})

    def clear(self, groups: Sequence[str] | None, chosen: Callable[[GroupRecord], bool]) -> list[GroupRecord]:
        with self._file.writing() as db:
            now = self._clock()
            where = "1" if groups is None else "g.name IN (SELECT value FROM json_each(:groups))"
            names = None if groups is None else orjson.dumps(list(groups)).decode()
            rows = db.execute(_GROUPS.format(where=where), {"now": now, "groups": names}).fetchall()
            gone = [group for group in map(_group, rows) if chosen(group)]
            for group in gone:
                self._clear_group(db, group, now)
            return gone

    def sweep(self) -> int:
        swept = 0
        while self._anything_expired():
            swept += self._sweep_batch()
        return swept + self._clear_due()

    def size(self) -> int:
        return self._file.size()

    def close(self) -> None:
        self._file.close()

    def _mutate(self, db: apsw.Connection, group: str, key: str, change: Change) -> tuple[Record | None, Record | None]:
        row = db.execute(_READ, (group, key)).fetchone()
        old = None if row is None else Record(*row)
        new = change(old, lambda: self._settings(db, group))
        if new is old:
            return old, new
        if new is not None:
            return old, self._write(db, group, key, old, new)
        if old is not None:
            self._remove(db, group, key, old)
        return old, None

    def _write(self, db: apsw.Connection, group: str, key: str, old: Record | None, new: Record) -> Record:
        if not new.version:
            floor = old.version if old else db.execute("SELECT version FROM removed").get
            new = new._replace(version=floor + 1)
        db.execute(_WRITE, (*new, group, key))
        if old is None:
            db.execute(_TOUCH_GROUP, {"group": group, "now": new.updated_at})
        return new

    def _remove(self, db: apsw.Connection, group: str, key: str, old: Record) -> None:
        db.execute("DELETE FROM items WHERE group_name = ? AND key = ?", (group, key))
        db.execute(_REMEMBER_VERSION, {"version": old.version})
        db.execute(_TOUCH_GROUP, {"group": group, "now": self._clock()})
        db.execute(_DROP_IDLE_GROUP, {"group": group})

    def _settings(self, db: apsw.Connection, group: str) -> Settings:
        row = db.execute(f"SELECT {_SETTINGS} FROM groups WHERE name = ?", (group,)).fetchone()
        return Settings() if row is None else Settings(*row)

    def _read_group(self, db: apsw.Connection, group: str) -> GroupRecord | None:
        row = db.execute(_GROUPS.format(where="g.name = :group"), {"group": group, "now": self._clock()}).fetchone()
        return None if row is None else _group(row)

    def _clear_group(self, db: apsw.Connection, group: GroupRecord, now: int) -> None:
        top = db.execute("SELECT max(version) FROM items WHERE group_name = ?", (group.name,)).get
        db.execute(_REMEMBER_VERSION, {"version": top or 0})
        db.execute("DELETE FROM items WHERE group_name = ?", (group.name,))
        db.execute(_CONFIGURE, (group.name, now, *cleared(group.settings)))
        db.execute(_TOUCH_GROUP, {"group": group.name, "now": now})
        db.execute(_DROP_IDLE_GROUP, {"group": group.name})

    def _clear_due(self) -> int:
        with self._file.reading() as db:
            due: list[Any] = db.execute("SELECT name FROM groups WHERE clear_at <= ?", (self._clock(),)).fetchall()
        if not due:
            return 0
        # Looked at again under the write lock: a group may have been reopened since.
        gone = self.clear([name for (name,) in due], lambda group: (group.settings.clear_at or 0) <= self._clock())
        return sum(group.items for group in gone)

    def _anything_expired(self) -> bool:
        with self._file.reading() as db:
            row = db.execute("SELECT 1 FROM items WHERE expires_at <= ? LIMIT 1", (self._clock(),)).fetchone()
        return row is not None

    def _sweep_batch(self) -> int:
        with self._file.writing() as db:
            sql = "SELECT rowid, group_name, updated_at, version FROM items WHERE expires_at <= ? LIMIT ?"
            rows: list[Any] = db.execute(sql, (self._clock(), _SWEEP_ROWS)).fetchall()
            changed: dict[str, int] = {}
            for _, group, updated_at, _ in rows:
                changed[group] = max(updated_at, changed.get(group, 0))
            db.executemany("DELETE FROM items WHERE rowid = ?", [(rowid,) for rowid, *_ in rows])
            for group, updated_at in changed.items():
                db.execute(_TOUCH_GROUP, {"group": group, "now": updated_at})
                db.execute(_DROP_IDLE_GROUP, {"group": group})
            if rows:
                db.execute(_REMEMBER_VERSION, {"version": max(row[3] for row in rows)})
            return len(rows)


def _paged(query: Query, value: str, name: str) -> str:
    further, order = ("<", "DESC") if query.descending else (">", "ASC")
    after = f"AND ({value} {further} :value OR ({value} = :value AND {name} > :name))" if query.after else ""
    if value == name:
        after = f"AND {name} {further} :name" if query.after else ""
    return f" {after} ORDER BY {value} {order}, {name} LIMIT :limit"


def _bindings(query: Query) -> dict[str, Any]:
    value, name = query.after or (None, None)
    return {"search": query.search, "value": value, "name": name, "limit": query.limit}


def _group(row: tuple[Any, ...]) -> GroupRecord:
    name, items, size, created_at, updated_at, next_expiry, *settings = row
    return GroupRecord(name, items, size, created_at, updated_at, next_expiry, Settings(*settings))
