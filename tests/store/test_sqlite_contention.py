"""SQLite: many processes with many threads on one file, doing everything at once for a bounded time."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from pathlib import Path

from store import Store, open_store
from tests.store.support import in_children

PROCESSES = 8
THREADS = 4
SECONDS = 4.0
TIMEOUT = 5.0  # open_store's default
COUNT = [{"type": "increment", "path": "n", "by": 1}]


def do_anything(state: Store, chance: random.Random, number: int) -> None:
    group, key = f"g{number % 3}", f"k{number % 17}"
    calls: list[Callable[[], object]] = [
        lambda: state.set(group, key, {"number": number}, ttl=chance.choice([None, 1, 60])),
        lambda: state.get(group, key),
        lambda: state.list(group),
        lambda: state.delete(group, key),
        lambda: state.set_many(group, {f"k{n}": n for n in range(5)}),
        lambda: state.clear(group) if number % 50 == 0 else None,
        state.groups,
    ]
    chance.choice(calls)()


def test_eight_processes_of_four_threads_count_exactly_and_none_waits_longer_than_the_timeout(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/state.db"

    def work(seed: int) -> Callable[[], int]:
        def thread(state: Store, number: int, slowest: list[float]) -> None:
            chance = random.Random(seed * THREADS + number)  # noqa: S311
            own = f"{seed}-{number}"
            until = time.monotonic() + SECONDS
            done = 0
            while time.monotonic() < until:
                started = time.monotonic()
                state.update("counters", "shared", COUNT)
                do_anything(state, chance, done)
                done += 1
                slowest.append(time.monotonic() - started)
            state.set("done", own, done)

        def run() -> int:
            slowest: list[float] = []
            with open_store(url, sweep_interval=1) as state:
                threads = [threading.Thread(target=thread, args=(state, n, slowest)) for n in range(THREADS)]
                for each in threads:
                    each.start()
                for each in threads:
                    each.join()
            return 0 if max(slowest) < TIMEOUT else 1

        return run

    assert in_children(*[work(seed) for seed in range(PROCESSES)]) == [0] * PROCESSES
    with open_store(url, sweep_interval=None) as state:
        counted = state.list("done")
        assert len(counted) == PROCESSES * THREADS, "a thread ended with an error, StoreBusy for one"
        assert state.get("counters", "shared") == {"n": sum(counted)}
