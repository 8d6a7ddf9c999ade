"""Caching decorators: this store's and its peers', each as its documentation shows, with the options that suit it.

`cached` decorates a function of one text; `hit` is such a function, decorated, that makes an order of 240 bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count, cycle
from pathlib import Path
from threading import Lock
from typing import Any, ClassVar

from aiocache import SimpleMemoryCache
from aiocache import cached as aiocache_cached
from cachetools import TLRUCache, cached
from cashews import Cache as CashewsCache
from diskcache import Cache, barrier, memoize_stampede
from diskcache import Lock as DiskcacheLock
from dogpile.cache import make_region

from store import open_store
from store.caching.stats import Counters
from tests.benchmarks.subjects import OPTIONS, AsyncSubject, Subject
from tests.benchmarks.values import TTL, order

NEAR = 1.0

_made = count()


def fetched(_order_id: str) -> dict[str, Any]:
    """An order; no two calls give the same."""
    return order(next(_made))


async def fetched_async(_order_id: str) -> dict[str, Any]:
    """The same for event loops."""
    return order(next(_made))


class Cacher(Subject):
    """A caching decorator."""

    caches: ClassVar[bool] = True
    keys: ClassVar[int] = 25  # that are called in turns

    def __init__(self, path: Path) -> None:
        self.open(path)
        self.hit = self.cached(fetched)

    def open(self, path: Path) -> None:
        """Make the cache."""

    def cached(self, function: Callable[[str], Any]) -> Any:
        """The function, decorated."""
        raise NotImplementedError


class Function(Cacher):
    """The function itself, for scale."""

    name = "function"
    caches = False

    def cached(self, function: Callable[[str], Any]) -> Any:
        return function


class Stepstate(Cacher):
    """`Store.cached` over SQLite. Each caller gets a fresh object."""

    name = "stepstate"
    near: ClassVar[float | None] = None

    def open(self, path: Path) -> None:
        self.store = open_store(f"sqlite:///{path / 'state.db'}", **OPTIONS)

    def cached(self, function: Callable[[str], Any]) -> Any:
        return self.store.cached(function.__name__, ttl=TTL, near=self.near)(function)

    def close(self) -> None:
        self.store.close()


class StepstateNear(Stepstate):
    """With results at hand."""

    name = "stepstate near"
    near = NEAR


class StepstateMemory(Stepstate):
    """Over the memory backend."""

    name = "stepstate memory"
    on_disk = False

    def open(self, _path: Path) -> None:
        self.store = open_store("memory://")


class StepstateMemoryNear(StepstateMemory):
    """The same with results at hand."""

    name = "stepstate memory near"
    near = NEAR


class _Uncounted(Stepstate):
    def cached(self, function: Callable[[str], Any]) -> Any:
        # Counters are made once for each group of a store, so that decorating once more has these replaced ones.
        counters: Counters = super().cached(function)._engine._counters
        counters.hit = cycle(range(1000)).__next__  # with results at hand, every eighth use of one is noted by it
        return super().cached(function)


class StepstateUncounted(_Uncounted):
    """Without counting hits: not an option there is, but what counting is measured against."""

    name = "stepstate uncounted"


class StepstateNearUncounted(_Uncounted):
    """The same with results at hand."""

    name = "stepstate near uncounted"
    near = NEAR


class Cachetools(Cacher):
    """cachetools.cached over a TLRUCache: nothing protects it from other threads, and all callers share one object."""

    name = "cachetools.cached"
    on_disk = False

    def cached(self, function: Callable[[str], Any]) -> Any:
        return cached(_tlru())(function)


class CachetoolsLocked(Cacher):
    """The same, safe with threads."""

    name = "cachetools.cached with a lock"
    on_disk = False

    def cached(self, function: Callable[[str], Any]) -> Any:
        return cached(_tlru(), lock=Lock())(function)


def _tlru() -> TLRUCache[Any, Any]:
    return TLRUCache(100_000, lambda _key, _value, now: now + TTL)


class DiskcacheMemoize(Cacher):
    """diskcache's memoize: nobody waits for anybody."""

    name = "diskcache.memoize"

    def open(self, path: Path) -> None:
        self.cache = Cache(str(path))

    def cached(self, function: Callable[[str], Any]) -> Any:
        return self.cache.memoize(expire=TTL)(function)

    def close(self) -> None:
        self.cache.close()


class DiskcacheStampede(DiskcacheMemoize):
    """memoize_stampede refreshes early; a key that is not there is everybody's."""

    name = "diskcache.memoize_stampede"

    def cached(self, function: Callable[[str], Any]) -> Any:
        return memoize_stampede(self.cache, expire=TTL)(function)


class DiskcacheBarrier(DiskcacheMemoize):
    """What its documentation offers for cold keys: a lock around the function, and a second look inside of it."""

    name = "diskcache.barrier"

    def cached(self, function: Callable[[str], Any]) -> Any:
        once = barrier(self.cache, DiskcacheLock)(self.cache.memoize(expire=TTL)(function))
        return self.cache.memoize(expire=TTL, name=f"outer {function.__name__}")(once)


class DogpileMemory(Cacher):
    """dogpile.cache in memory, pickled, so that each caller gets a fresh object."""

    name = "dogpile memory_pickle"
    on_disk = False

    def open(self, _path: Path) -> None:
        self.region = make_region().configure("dogpile.cache.memory_pickle", expiration_time=TTL)

    def cached(self, function: Callable[[str], Any]) -> Any:
        return self.region.cache_on_arguments()(function)


class DogpileDbm(DogpileMemory):
    """dogpile.cache in a file, by what dbm this Python has. Without gdbm, each read reads the whole index."""

    name = "dogpile dbm"
    on_disk = True
    keys = 10

    def open(self, path: Path) -> None:
        file = {"filename": str(path / "cache.dbm")}
        self.region = make_region().configure("dogpile.cache.dbm", expiration_time=TTL, arguments=file)
        self.region.get("")  # dbm loads its modules with its first use, which threads must not make at once


class AsyncCacher(AsyncSubject):
    """A caching decorator for coroutine functions."""

    caches: ClassVar[bool] = True
    keys: ClassVar[int] = 25  # that are called in turns

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.hit = self.cached(path)

    def cached(self, path: Path) -> Any:
        """A coroutine function, decorated."""
        raise NotImplementedError


class AsyncFunction(AsyncCacher):
    """The coroutine function itself, for scale."""

    name = "function"
    caches = False

    def cached(self, _path: Path) -> Any:
        return fetched_async


class AsyncStepstate(AsyncCacher):
    """This store, on one of the kinds above."""

    kind: ClassVar[type[Stepstate]] = Stepstate
    name = Stepstate.name

    def cached(self, path: Path) -> Any:
        self.subject = self.kind(path)
        return self.subject.cached(fetched_async)

    def close(self) -> None:
        self.subject.close()
        super().close()


class AsyncStepstateNear(AsyncStepstate):
    """With results at hand."""

    kind = StepstateNear
    name = StepstateNear.name


class AsyncStepstateMemory(AsyncStepstate):
    """Over the memory backend."""

    kind = StepstateMemory
    name = StepstateMemory.name


class Cashews(AsyncCacher):
    """cashews in memory; all callers share one object."""

    name = "cashews"

    def cached(self, _path: Path) -> Any:
        cache = CashewsCache()
        cache.setup("mem://?size=100000")
        return cache(ttl=TTL, key="order:{_order_id}")(fetched_async)


class Aiocache(AsyncCacher):
    """aiocache in memory; all callers share one object."""

    name = "aiocache"

    def cached(self, _path: Path) -> Any:
        return aiocache_cached(ttl=TTL, cache=SimpleMemoryCache)(fetched_async)
