"""SQLite: many processes with many threads on one file, doing everything at once for a bounded time."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from store import Store, open_store
from tests.store.counts import check_counts, check_integrity, left_to_remove
from tests.store.support import in_children

PROCESSES = 8
THREADS = 4
SECONDS = 4.0
TIMEOUT = 5.0  # open_store's default
COUNT = [{"type": "increment", "path": "n", "by": 1}]


class Worker:
    """One thread's work; it times each call."""

    def __init__(self, state: Store, process: int, thread: int) -> None:
        self._state = state
        self._own = f"{process}-{thread}"
        self._chance = random.Random(process * THREADS + thread)  # noqa: S311
        self.slowest = 0.0

    def run(self) -> None:
        until, done, last = time.monotonic() + SECONDS, 0, 0
        while time.monotonic() < until:
            counted = self._timed(lambda: self._state.update("counters", "shared", COUNT)).new_value["n"]
            assert counted > last, "the counter went back"
            last, done = counted, done + 1
            self._timed(self._chance.choice(self._calls(done)))
        self._state.set("done", self._own, done)

    def _timed(self, call: Callable[[], Any]) -> Any:
        started = time.monotonic()
        result = call()
        self.slowest = max(self.slowest, time.monotonic() - started)
        return result

    def _calls(self, number: int) -> list[Callable[[], object]]:
        state, group, key = self._state, f"g{number % 3}", f"k{number % 17}"
        return [
            lambda: state.set(group, key, {"number": number}, ttl=self._chance.choice([None, 0.02, 1, 60])),
            lambda: state.get(group, key),
            lambda: state.list(group),
            lambda: state.update(group, key, [{"type": "set", "path": "last", "value": number}], on_error="skip"),
            lambda: state.delete(group, key),
            lambda: state.set_many(group, {f"k{n}": n for n in range(5)}),
            lambda: state.clear(group) if number % 50 == 0 else None,
            state.groups,
        ]


def test_eight_processes_of_four_threads_count_exactly_and_none_waits_longer_than_the_timeout(tmp_path: Path) -> None:
    path = tmp_path / "state.db"

    def work(process: int) -> Callable[[], int]:
        def run() -> int:
            with open_store(f"sqlite:///{path}", sweep_interval=1) as state:
                workers = [Worker(state, process, thread) for thread in range(THREADS)]
                with ThreadPoolExecutor(THREADS) as threads:
                    for running in [threads.submit(worker.run) for worker in workers]:
                        running.result()  # StoreBusy for one is raised here
                slowest = max(worker.slowest for worker in workers)
                state.set("slowest", str(process), slowest)
            return 0 if slowest < TIMEOUT else 1

        return run

    assert in_children(*[work(process) for process in range(PROCESSES)]) == [0] * PROCESSES
    with open_store(f"sqlite:///{path}", sweep_interval=None) as state:
        counted = state.list("done")
        assert len(counted) == PROCESSES * THREADS
        assert state.get("counters", "shared") == {"n": sum(counted)}
        waited = max(state.list("slowest")) * 1000
        print(f"{sum(counted):,} increments, each with another call; one waited {waited:.0f} ms at most")  # noqa: T201
        assert min(counted) > 20, "a thread hardly got its turn"
        state.sweep()
    check_integrity(path)
    check_counts(path)
    assert left_to_remove(path) == 0
