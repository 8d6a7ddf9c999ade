"""What bounds the store from below: SQLite, LMDB and orjson with nothing around them.

They check nothing, count nothing and know no TTL.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import apsw
import lmdb
from orjson import dumps, loads

from tests.benchmarks.subjects import Items, Subject, chunks
from tests.benchmarks.values import key_of

LMDB_BYTES = 8 * 1024**3


class Apsw(Subject):
    """Bare SQLite: the same durability, and nothing but the statements that the work takes. The floor."""

    name = "bare apsw"
    _GET = "SELECT value FROM items WHERE group_name = ? AND key = ?"
    _SET = "INSERT INTO items VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value"

    def __init__(self, path: Path) -> None:
        self._db = apsw.Connection(str(path / "floor.db"))
        self._db.set_busy_timeout(5000)
        self._db.setlk_timeout(5000, 0)
        self._db.pragma("journal_mode", "wal")
        self._db.pragma("synchronous", "normal")
        # Reading 240 bytes would be 4% quicker WITHOUT ROWID, and reading 10 KB half as quick.
        self._db.execute(
            "CREATE TABLE IF NOT EXISTS items (group_name TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL, "
            "PRIMARY KEY (group_name, key))"
        )

    def fill(self, group: str, items: Items) -> None:
        for part in chunks(items):
            with self._db:
                self._db.executemany(self._SET, ((group, key, dumps(value)) for key, value in part.items()))

    def close(self) -> None:
        self._db.close()

    def get(self, group: str, key: str) -> Any:
        value = self._db.execute(self._GET, (group, key)).get
        return None if value is None else loads(value)

    def set(self, group: str, key: str, value: Any) -> Any:
        self._db.execute("BEGIN IMMEDIATE")
        old = self._db.execute(self._GET, (group, key)).get
        self._db.execute(self._SET, (group, key, dumps(value)))
        self._db.execute("COMMIT")
        return None if old is None else loads(old)

    def increment(self, group: str, key: str) -> Any:
        self._db.execute("BEGIN IMMEDIATE")
        value = loads(self._db.execute(self._GET, (group, key)).get) + 1
        self._db.execute(self._SET, (group, key, dumps(value)))
        self._db.execute("COMMIT")
        return value

    def increment_field(self, group: str, key: str) -> Any:
        self._db.execute("BEGIN IMMEDIATE")
        value = loads(self._db.execute(self._GET, (group, key)).get)
        value["attempts"] += 1
        self._db.execute(self._SET, (group, key, dumps(value)))
        self._db.execute("COMMIT")
        return value

    def delete(self, group: str, key: str) -> Any:
        sql = "DELETE FROM items WHERE group_name = ? AND key = ? RETURNING value"
        return loads(self._db.execute(sql, (group, key)).get)

    def list(self, group: str) -> Any:
        sql = "SELECT value FROM items WHERE group_name = ? ORDER BY key"
        return [loads(value) for (value,) in self._db.execute(sql, (group,))]

    def page(self, group: str, after: str) -> Any:
        sql = "SELECT key, value FROM items WHERE group_name = ? AND key > ? ORDER BY key LIMIT 50"
        return [(key, loads(value)) for key, value in self._db.execute(sql, (group, after))]

    def place(self, _group: str, number: int) -> str:
        return key_of(number - 1) if number else ""

    def clear(self, group: str) -> Any:
        self._db.execute("DELETE FROM items WHERE group_name = ?", (group,))


class Lmdb(Subject):
    """LMDB without fsync: what an embedded store can reach at all. A power cut may corrupt it."""

    name = "LMDB"

    def __init__(self, path: Path) -> None:
        self._env = lmdb.open(str(path), map_size=LMDB_BYTES, sync=False)

    def fill(self, group: str, items: Items) -> None:
        for part in chunks(items):
            with self._env.begin(write=True) as transaction:
                for key, value in part.items():
                    transaction.put(f"{group}\0{key}".encode(), dumps(value))

    def close(self) -> None:
        self._env.close()

    def get(self, group: str, key: str) -> Any:
        with self._env.begin() as transaction:
            value = transaction.get(f"{group}\0{key}".encode())
        return None if value is None else loads(value)

    def set(self, group: str, key: str, value: Any) -> Any:
        with self._env.begin(write=True) as transaction:
            old = transaction.replace(f"{group}\0{key}".encode(), dumps(value))
        return None if old is None else loads(old)

    def increment(self, group: str, key: str) -> Any:
        name = f"{group}\0{key}".encode()
        with self._env.begin(write=True) as transaction:
            value = loads(transaction.get(name)) + 1
            transaction.put(name, dumps(value))
        return value

    def increment_field(self, group: str, key: str) -> Any:
        name = f"{group}\0{key}".encode()
        with self._env.begin(write=True) as transaction:
            value = loads(transaction.get(name))
            value["attempts"] += 1
            transaction.put(name, dumps(value))
        return value

    def delete(self, group: str, key: str) -> Any:
        with self._env.begin(write=True) as transaction:
            return loads(transaction.pop(f"{group}\0{key}".encode()))

    def list(self, group: str) -> Any:
        values = []
        with self._env.begin() as transaction:
            cursor = transaction.cursor()
            cursor.set_range(f"{group}\0".encode())
            for key, value in cursor:
                if not key.startswith(f"{group}\0".encode()):
                    break
                values.append(loads(value))
        return values


class JustLoads(Subject):
    """orjson.loads of the same values and nothing else."""

    name = "orjson.loads"
    on_disk = False
    only = "list"

    def __init__(self, _path: Path) -> None:
        self._values: list[bytes] = []

    def fill(self, _group: str, items: Items) -> None:
        self._values += [dumps(value) for _, value in items]

    def list(self, _group: str) -> Any:
        return [loads(value) for value in self._values]
