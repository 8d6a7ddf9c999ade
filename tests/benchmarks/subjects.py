"""This store, and the frame that every subject of the benchmark fits.

A subject has a method for each operation that it really offers: get, set, set_ttl, increment, increment_field, delete,
list, page and clear, called as `operation(group, key, ...)`. What it lacks is left out of that row.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from time import perf_counter
from typing import Any, ClassVar, TypeAlias

from store import Store, open_store

Call: TypeAlias = tuple[Callable[..., Any], tuple[Any, ...]]
Items: TypeAlias = Iterable[tuple[str, Any]]

CHUNK = 5_000

# How the store is opened: the defaults, since nearly everyone uses those. Options under test (cache_bytes=0) go here.
OPTIONS: dict[str, Any] = {}


def chunks(items: Items) -> Iterator[dict[str, Any]]:
    """Parts small enough for one transaction."""
    remaining = iter(items)
    while part := dict(islice(remaining, CHUNK)):
        yield part


def operation(subject: Subject, name: str) -> Callable[..., Any]:
    """A subject's method by name; only some have it."""
    method: Callable[..., Any] = getattr(subject, name)
    return method


class Subject:
    """Something that keeps values, opened at a path of its own."""

    name: ClassVar[str]
    on_disk: ClassVar[bool] = True  # what it holds outlives it, and other processes see it
    only_objects: ClassVar[bool] = False
    only: ClassVar[str] = ""  # a variant: the one operation it does differently, in which alone it has a part

    def fill(self, group: str, items: Items) -> None:
        """Store many items by the fastest road there is; never timed."""
        raise NotImplementedError

    def close(self) -> None:
        """Release what was opened."""

    def run(self, calls: list[Call]) -> float:
        """Seconds that all calls took together."""
        start = perf_counter()
        for function, arguments in calls:
            function(*arguments)
        return perf_counter() - start

    def run_until(self, end: float, calls: Iterator[Call]) -> list[float]:
        """Make calls until the clock says `end`; the seconds of each."""
        times: list[float] = []
        before = perf_counter()
        while before < end:
            function, arguments = next(calls)
            function(*arguments)
            after = perf_counter()
            times.append(after - before)
            before = after
        return times

    def result(self, call: Call) -> Any:
        """What one call gives."""
        function, arguments = call
        return function(*arguments)


class AsyncSubject(Subject):
    """A subject whose methods are coroutines: each block of calls runs inside one turn of one event loop."""

    def __init__(self) -> None:
        self._loop = asyncio.Runner()

    def close(self) -> None:
        self._loop.close()

    def run(self, calls: list[Call]) -> float:
        async def block() -> float:
            start = perf_counter()
            for function, arguments in calls:
                await function(*arguments)
            return perf_counter() - start

        return self._loop.run(block())

    def run_until(self, end: float, calls: Iterator[Call]) -> list[float]:
        async def block() -> list[float]:
            times: list[float] = []
            before = perf_counter()
            while before < end:
                function, arguments = next(calls)
                await function(*arguments)
                after = perf_counter()
                times.append(after - before)
                before = after
            return times

        return self._loop.run(block())

    def result(self, call: Call) -> Any:
        async def one() -> Any:
            function, arguments = call
            return await function(*arguments)

        return self._loop.run(one())


class Stepstate(Subject):
    """This store over SQLite."""

    name = "stepstate"

    def __init__(self, path: Path) -> None:
        self.store = self._opened(path)

    def _opened(self, path: Path) -> Store:
        return open_store(f"sqlite:///{path / 'state.db'}", **OPTIONS)

    def fill(self, group: str, items: Items) -> None:
        for part in chunks(items):
            self.store.set_many(group, part)

    def close(self) -> None:
        self.store.close()

    # These have the right shape as they are: nothing stands between the clock and the store.
    @property
    def get(self) -> Any:
        return self.store.get

    @property
    def set(self) -> Any:
        return self.store.set

    @property
    def delete(self) -> Any:
        return self.store.delete

    @property
    def list(self) -> Any:
        return self.store.list

    @property
    def clear(self) -> Any:
        return self.store.clear

    def set_ttl(self, group: str, key: str, value: Any, ttl: float) -> Any:
        return self.store.set(group, key, value, ttl=ttl)

    def increment(self, group: str, key: str) -> Any:
        return self.store.update(group, key, [{"type": "increment", "path": "", "by": 1}])

    def increment_field(self, group: str, key: str) -> Any:
        return self.store.update(group, key, [{"type": "increment", "path": "attempts", "by": 1}])

    def page(self, group: str, after: str | None) -> Any:
        return self.store.items(group, after=after, limit=50).items

    def group_page(self, after: str | None) -> Any:
        return self.store.groups(after=after, limit=50).items

    def place(self, group: str, number: int) -> str | None:
        """The token behind the first `number` items."""
        after = None
        for start in range(0, number, 1000):
            after = self.store.items(group, after=after, limit=min(1000, number - start)).next
        return after


class StepstateMemory(Stepstate):
    """This store in memory."""

    name = "stepstate memory"
    on_disk = False

    def _opened(self, _path: Path) -> Store:
        return open_store("memory://")
