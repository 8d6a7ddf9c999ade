"""Many threads of several processes call a cached function at once for a key that is not there."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing.synchronize import Barrier
from pathlib import Path
from signal import SIG_IGN, SIGINT, signal
from tempfile import TemporaryDirectory
from threading import Barrier as ThreadBarrier
from time import perf_counter, sleep
from typing import Any, TypeAlias

from tests.benchmarks import caching_peers as peers
from tests.benchmarks.caching import CACHED
from tests.benchmarks.rounds import Figure, Row, Settings
from tests.benchmarks.values import order

RUNS_ID = f"{CACHED}stampede-runs"
SERVED_ID = f"{CACHED}stampede-served"

PROCESSES = 4
THREADS = 16
SECONDS = 0.2  # that the function takes
PATIENCE = 60.0

KINDS: Sequence[type[peers.Cacher]] = (
    peers.Stepstate,
    peers.DiskcacheStampede,
    peers.DiskcacheBarrier,
    peers.DogpileDbm,
)

Asked: TypeAlias = tuple[type[peers.Cacher], Path, str]


class _Worker:
    """What a worker process holds on to between its orders."""

    def __init__(self, everybody: Barrier) -> None:
        self.everybody = everybody
        self.threads = ThreadPoolExecutor(THREADS)
        self._opened: dict[Path, tuple[peers.Cacher, Any]] = {}

    def function(self, kind: type[peers.Cacher], path: Path) -> Any:
        """A cached function that writes down each of its returns."""
        if path not in self._opened:

            def slow(order_id: str) -> dict[str, Any]:
                sleep(SECONDS)
                result = order(0)
                with (path / order_id).open("ab", buffering=0) as returns:  # one write, behind those of the others
                    returns.write(f"{perf_counter()}\n".encode())
                return result

            cacher = kind(path)
            self._opened[path] = cacher, cacher.cached(slow)
        return self._opened[path][1]

    def close(self) -> None:
        for cacher, _ in self._opened.values():
            cacher.close()
        self._opened.clear()


_worker: _Worker


def _begin(everybody: Barrier) -> None:
    global _worker  # noqa: PLW0603 - an initializer has no other way
    signal(SIGINT, SIG_IGN)  # the parent ends its workers
    _worker = _Worker(everybody)


def _wait() -> None:
    _worker.everybody.wait(PATIENCE)


def _callers(asked: Asked) -> list[float]:
    """One process's part: when each of its threads had the result."""
    kind, path, key = asked
    function = _worker.function(kind, path)
    # The last thread of each process waits for the other processes, so that all threads of all set off together.
    gate = ThreadBarrier(THREADS, _wait)

    def call(_number: int) -> float:
        gate.wait(PATIENCE)
        result = function(key)
        served_at = perf_counter()
        if result != order(0):
            raise RuntimeError(f"{kind.name} gave {result}")
        return served_at

    return list(_worker.threads.map(call, range(THREADS)))


def _leave(_number: int) -> None:
    _worker.close()
    _wait()  # so that each process gets one of these orders


class _Stampedes:
    def __init__(self, pool: ProcessPoolExecutor, folder: Path) -> None:
        self._pool = pool
        self._folder = folder

    def once(self, kind: type[peers.Cacher], key: str) -> tuple[int, float]:
        """How often the function ran, and milliseconds from its first return until everybody was served."""
        path = self._folder / kind.name
        path.mkdir(exist_ok=True)
        asked = [(kind, path, key)] * PROCESSES
        served = [time for times in self._pool.map(_callers, asked) for time in times]
        returns = [float(line) for line in (path / key).read_text(encoding="ascii").split()]
        return len(returns), (max(served) - min(returns)) * 1000


def run(settings: Settings, wanted: Callable[[str], bool]) -> Iterator[Row]:
    """How often the function ran, and when the last one was served. perf_counter is one clock for all processes."""
    if not (wanted(RUNS_ID) or wanted(SERVED_ID)):
        return
    context = multiprocessing.get_context("spawn")
    runs = {kind.name: Figure([]) for kind in KINDS}
    served = {kind.name: Figure([]) for kind in KINDS}
    with (
        TemporaryDirectory(dir=settings.folder, ignore_cleanup_errors=True) as folder,
        ProcessPoolExecutor(PROCESSES, context, _begin, (context.Barrier(PROCESSES),)) as pool,
    ):
        stampedes = _Stampedes(pool, Path(folder))
        for turn in range(-1, settings.rounds):
            for kind in KINDS:
                ran, last = stampedes.once(kind, f"key-{turn}")
                if turn >= 0:  # the turn before, everybody imports and opens
                    runs[kind.name].rounds.append(ran)
                    served[kind.name].rounds.append(last)
        list(pool.map(_leave, range(PROCESSES)))
    yield Row(RUNS_ID, f"{PROCESSES} x {THREADS} cold: runs", runs)
    yield Row(SERVED_ID, "last one served, ms", served)
