"""How long others are kept waiting: the seconds that the write lock is held, and those that calls take meanwhile."""

from __future__ import annotations

import mmap
import statistics
import time
from collections.abc import Callable
from typing import Any

import apsw

from store import Store
from store.backends.sqlite import SqliteBackend

NOTICED = 0.25  # seconds; what the tests keep small takes far longer if it is done in one go


def lock_times(state: Store) -> list[float]:
    """The seconds for which each transaction that this thread begins from now on holds the write lock."""
    backend, held, since = state._backend, list[float](), 0.0
    assert isinstance(backend, SqliteBackend)

    def trace(event: dict[str, Any]) -> None:
        nonlocal since
        if event["sql"].startswith("BEGIN"):
            since = time.monotonic()
        elif event["sql"] in ("COMMIT", "ROLLBACK"):
            held.append(time.monotonic() - since)

    with backend._file.connected() as cursor:
        cursor.connection.trace_v2(apsw.SQLITE_TRACE_PROFILE, trace)  # called after each statement
    return held


class Waits:
    """The longest and the median time of a call that several forked processes make until it is over."""

    def __init__(self, processes: int) -> None:
        self._shared = memoryview(mmap.mmap(-1, 8 * (1 + 2 * processes))).cast("d")
        self.longest = self._shared[1 : 1 + processes]
        self.median = self._shared[1 + processes :]

    def over(self) -> None:
        """Have all of them stop."""
        self._shared[0] = 1

    def watch(
        self, process: int, look: Callable[[int], object], untimed: Callable[[int], object] = lambda _: None
    ) -> None:
        """Call again and again, with pauses, until it is over; `look` gets how often it was called before."""
        waits: list[float] = []
        while not self._shared[0]:
            started = time.monotonic()
            look(len(waits))
            waits.append(time.monotonic() - started)
            untimed(len(waits))
            time.sleep(0.0005)
        self.longest[process], self.median[process] = max(waits), statistics.median(waits)

    def __str__(self) -> str:
        times = zip(self.longest, self.median, strict=True)
        return ", ".join(f"{longest * 1000:.1f} ms at most, {middle * 1000:.2f} mostly" for longest, middle in times)
