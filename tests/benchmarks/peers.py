"""The peers, each used as its documentation shows, with the options that make it fast.

Those without groups get the group as a part of the key. Neither diskcache nor py-key-value nor sqlitedict returns what
a write replaced or what a delete removed: there they are timed doing less.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from cachetools import TLRUCache
from diskcache import Cache
from key_value.aio.stores.disk import DiskStore
from key_value.aio.stores.memory import MemoryStore
from orjson import dumps, loads
from sqlitedict import SqliteDict

from tests.benchmarks.subjects import AsyncSubject, Items, Subject, chunks


class Tlru(Subject):
    """Bare cachetools: a TLRUCache that nothing protects from other threads, holding JSON."""

    name = "TLRUCache"
    on_disk = False

    def __init__(self, _path: Path) -> None:
        self._lifetime = math.inf
        self._cache: TLRUCache[tuple[str, str], bytes] = TLRUCache(
            10**7, lambda _key, _value, now: now + self._lifetime
        )

    def fill(self, group: str, items: Items) -> None:
        for key, value in items:
            self._cache[group, key] = dumps(value)

    def get(self, group: str, key: str) -> Any:
        value = self._cache.get((group, key))
        return None if value is None else loads(value)

    def set(self, group: str, key: str, value: Any) -> Any:
        old = self._cache.get((group, key))
        self._cache[group, key] = dumps(value)
        return None if old is None else loads(old)

    def set_ttl(self, group: str, key: str, value: Any, ttl: float) -> Any:
        self._lifetime = ttl
        return self.set(group, key, value)

    def delete(self, group: str, key: str) -> Any:
        return loads(self._cache.pop((group, key)))

    def list(self, group: str) -> Any:
        return [loads(value) for (name, _), value in self._cache.items() if name == group]


class TlruSubscript(Tlru):
    """The same read with a subscript: half the look-ups of `get`, and KeyError for what is not there."""

    name = "TLRUCache[key]"
    only = "get"

    def get(self, group: str, key: str) -> Any:
        try:
            return loads(self._cache[group, key])
        except KeyError:
            return None


class Diskcache(Subject):
    """diskcache.Cache with its defaults."""

    name = "diskcache"

    def __init__(self, path: Path) -> None:
        self._cache = Cache(str(path))

    def fill(self, group: str, items: Items) -> None:
        for part in chunks(items):
            with self._cache.transact():
                for key, value in part.items():
                    self.set(group, key, value)

    def close(self) -> None:
        self._cache.close()

    def get(self, group: str, key: str) -> Any:
        return self._cache.get(f"{group}/{key}")

    def set(self, group: str, key: str, value: Any) -> Any:
        self._cache.set(f"{group}/{key}", value)

    def set_ttl(self, group: str, key: str, value: Any, ttl: float) -> Any:
        self._cache.set(f"{group}/{key}", value, expire=ttl)

    def increment(self, group: str, key: str) -> Any:
        name = f"{group}/{key}"
        with self._cache.transact():
            self._cache.set(name, self._cache.get(name, 0) + 1)

    def increment_field(self, group: str, key: str) -> Any:
        name = f"{group}/{key}"
        with self._cache.transact():
            value = self._cache.get(name)
            value["attempts"] += 1
            self._cache.set(name, value)

    def delete(self, group: str, key: str) -> Any:
        self._cache.delete(f"{group}/{key}")

    def list(self, group: str) -> Any:
        return [self._cache[key] for key in self._cache.iterkeys() if key.startswith(f"{group}/")]


class DiskcacheIncr(Diskcache):
    """Its road for bare counters."""

    name = "diskcache.incr"
    only = "increment"

    def increment(self, group: str, key: str) -> Any:
        return self._cache.incr(f"{group}/{key}")


class KeyValue(AsyncSubject):
    """py-key-value-aio, over one of its stores."""

    only_objects = True

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._store = self._opened(path)

    def _opened(self, path: Path) -> Any:
        raise NotImplementedError

    def fill(self, group: str, items: Items) -> None:
        for part in chunks(items):
            self._loop.run(self._store.put_many(list(part), list(part.values()), collection=group))

    async def get(self, group: str, key: str) -> Any:
        return await self._store.get(key, collection=group)

    async def set(self, group: str, key: str, value: Any) -> Any:
        await self._store.put(key, value, collection=group)

    async def set_ttl(self, group: str, key: str, value: Any, ttl: float) -> Any:
        await self._store.put(key, value, collection=group, ttl=ttl)

    async def delete(self, group: str, key: str) -> Any:
        await self._store.delete(key, collection=group)


class KeyValueMemory(KeyValue):
    """Its memory store, which keeps a TLRUCache for each collection. It alone can enumerate."""

    name = "py-key-value memory"
    on_disk = False

    def _opened(self, _path: Path) -> Any:
        return MemoryStore()

    async def list(self, group: str) -> Any:
        return await self._store.get_many(await self._store.keys(group), collection=group)


class KeyValueDisk(KeyValue):
    """Its disk store, which is diskcache underneath."""

    name = "py-key-value disk"

    def _opened(self, path: Path) -> Any:
        self._cache = Cache(str(path), eviction_policy="none")  # as DiskStore(directory=...) makes it, but to be closed
        return DiskStore(disk_cache=self._cache)

    def close(self) -> None:
        self._cache.close()
        super().close()


class Sqlitedict(Subject):
    """sqlitedict, each write acknowledged by its commit."""

    name = "sqlitedict"

    def __init__(self, path: Path) -> None:
        self._dict = SqliteDict(str(path / "dict.sqlite"), journal_mode="WAL", outer_stack=False)

    def fill(self, group: str, items: Items) -> None:
        for part in chunks(items):
            self._dict.update((f"{group}/{key}", value) for key, value in part.items())
            self._dict.commit()

    def close(self) -> None:
        self._dict.close()

    def get(self, group: str, key: str) -> Any:
        return self._dict.get(f"{group}/{key}")

    def set(self, group: str, key: str, value: Any) -> Any:
        self._dict[f"{group}/{key}"] = value
        self._dict.commit()

    def delete(self, group: str, key: str) -> Any:
        del self._dict[f"{group}/{key}"]
        self._dict.commit()

    def list(self, group: str) -> Any:
        return [value for key, value in self._dict.iteritems() if key.startswith(f"{group}/")]
