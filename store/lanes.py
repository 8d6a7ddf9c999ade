"""The threads in which an AsyncStore waits for locks and disks."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from enum import Enum
from typing import TypeVar

from store.errors import StoreBusy
from store.forking import after_fork

R = TypeVar("R")


class Lane(Enum):
    """Calls that share threads: a lane that is held up leaves the others alone. The number says how many threads.

    One thread writes: SQLite has one write lock a file, for which a second thread could only wait as well. So writes
    happen in the order in which they were called, also where the caller was cancelled and no longer waits: what it
    writes next lands on top. Upkeep (restore, sweep, backup, load) takes long, in many small steps: no write queues
    behind it.
    """

    READS = "reads", 4
    WRITES = "writes", 1
    UPKEEP = "upkeep", 1


class Lanes:
    """The lanes of one store; a thread starts with the first call that needs it."""

    def __init__(self) -> None:
        self._start()
        after_fork(self, Lanes._after_fork)

    def submit(self, lane: Lane, work: Callable[[], R]) -> Future[R]:
        """Have work done in a lane; if the future is cancelled before its turn, it is never done.

        Raises:
            RuntimeError: after `end`.
        """
        if lane is Lane.WRITES:
            return self._lanes[lane].submit(self._write, work, time.monotonic())
        return self._lanes[lane].submit(work)

    def end(self, *, wait: bool) -> None:
        """Take no more work, and end the threads when they have done what was submitted; `wait` returns after that."""
        for executor in self._lanes.values():
            executor.shutdown(wait=wait)

    def _after_fork(self) -> None:
        """In a child process, which inherits no threads: start anew. What waited for them is the parent's to do."""
        self._start()

    def _start(self) -> None:
        # Not asyncio's own executor: it is shared with everything else, and all of its threads may be taken.
        self._lanes = {
            lane: ThreadPoolExecutor(lane.value[1], thread_name_prefix=f"stepstate-{lane.value[0]}") for lane in Lane
        }
        self._refused_at = -1.0
        self._refusal = ""

    def _write(self, work: Callable[[], R], called_at: float) -> R:
        # Behind a write that waited for the lock in vain, those that were called before it began have waited as long:
        # they fail with it. Otherwise each of a long queue would wait for the whole timeout after the one before it.
        if called_at < self._refused_at:
            raise StoreBusy(self._refusal)
        began_at = time.monotonic()
        try:
            return work()
        except StoreBusy as error:
            self._refused_at, self._refusal = began_at, str(error)
            raise


async def result_of(future: Future[R]) -> R:
    """Wait for what a thread does."""
    import asyncio  # noqa: PLC0415 - who awaits has it loaded; who only imports the store does not wait for it

    return await asyncio.wrap_future(future)
