"""Under fire: holders that are killed, functions that raise, and runs that take longer than a lease."""

from __future__ import annotations

import contextlib
import itertools
import os
import random
import signal
import threading
import time
from pathlib import Path
from typing import NamedTuple

import pytest

from store import open_store
from tests.store.sources import Down
from tests.store.test_caching_processes import Journal

pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")

SECONDS = 4.0
LEASE = 1.2
KEYS = [f"k{number}" for number in range(6)]
WORKERS = 3
THREADS = 4


def work(url: str, journal: Journal, seed: int, *, steady: bool) -> None:
    """Call for one key after the other, until killed; one that is steady has some runs that outlast the lease."""
    state = open_store(url, sweep_interval=None, timeout=30)
    chance = random.Random(seed)  # noqa: S311
    numbers = itertools.count()

    @state.cached("g", ttl=0.03, lease=LEASE, wait=60, stale=0.03 if seed % 2 else None)
    def get(key: str) -> str:
        run = f"{os.getpid()}:{threading.get_ident()}:{chance.random()}"
        journal.note("begin", key, run, os.getpid())
        slow = steady and next(numbers) % 8 == 0
        time.sleep(1.7 * LEASE if slow else chance.random() * 0.06)
        raises = chance.random() < 0.2
        journal.note("raised" if raises else "end", key, run, os.getpid())
        if raises:
            raise Down
        return run

    def call() -> None:
        while True:
            with contextlib.suppress(Down):
                get(chance.choice(KEYS))

    for _ in range(THREADS):
        threading.Thread(target=call, daemon=True).start()
    signal.pause()


class Workers:
    """Processes that work; the first of them is never killed before the end."""

    def __init__(self, url: str, journal: Journal) -> None:
        self.url = url
        self.journal = journal
        self.alive: list[int] = []
        self.killed: dict[str, float] = {}

    def start(self) -> None:
        number = len(self.alive) + len(self.killed)
        pid = os.fork()
        if pid == 0:
            signal.alarm(60)
            try:
                work(self.url, self.journal, number, steady=number == 0)
            finally:
                os._exit(1)
        self.alive.append(pid)

    def kill(self, pid: int) -> None:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        self.killed[str(pid)] = time.monotonic()
        self.alive.remove(pid)


class Run(NamedTuple):
    begun: float
    ended: float
    pid: str
    how: str


def runs(journal: Journal, killed: dict[str, float]) -> dict[str, list[Run]]:
    """All runs of the function by key, in the order of their beginning; those of a killed process end with it."""
    open_runs: dict[str, tuple[str, str, float]] = {}
    done: dict[str, list[Run]] = {key: [] for key in KEYS}
    for how, key, run, pid, at in journal.lines():
        if how == "begin":
            open_runs[run] = (key, pid, float(at))
        else:
            _, _, begun = open_runs.pop(run)
            done[key].append(Run(begun, float(at), pid, how))
    for key, pid, begun in open_runs.values():
        done[key].append(Run(begun, killed[pid], pid, "killed"))
    return {key: sorted(found) for key, found in done.items()}


def test_no_two_runs_for_one_key_at_once_and_no_key_is_stuck(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/state.db"
    open_store(url, sweep_interval=None).close()
    journal = Journal(tmp_path / "journal")
    workers = Workers(url, journal)
    chance = random.Random(4)  # noqa: S311
    for _ in range(WORKERS):
        workers.start()
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        time.sleep(0.1 + chance.random() * 0.4)
        workers.kill(chance.choice(workers.alive[1:]))
        workers.start()
    while workers.alive:
        workers.kill(workers.alive[0])

    check_runs(runs(journal, workers.killed))
    check_nothing_is_stuck(url)


def check_runs(found: dict[str, list[Run]]) -> None:
    for key, of_key in found.items():
        for before, after in itertools.pairwise(of_key):
            assert after.begun >= before.ended, f"{key}: {after} began in the middle of {before}"
    everything = [run for of_key in found.values() for run in of_key]
    ends = [run.how for run in everything]
    longest = max(run.ended - run.begun for run in everything if run.how != "killed")
    print({how: ends.count(how) for how in sorted(set(ends))}, f"longest run {longest:.1f} s")  # noqa: T201
    assert ends.count("end") > 40
    assert ends.count("raised") > 10
    assert ends.count("killed") >= 4
    assert longest > LEASE


def check_nothing_is_stuck(url: str) -> None:
    with open_store(url, sweep_interval=None) as state:

        @state.cached("g", ttl=60, lease=LEASE, wait=30, on_timeout="raise")
        def get(key: str) -> str:
            return key

        begun_at = time.monotonic()
        for key in KEYS:
            get(key)  # which raises StoreBusy if it is
        assert time.monotonic() - begun_at < LEASE + 5
        assert state.list("stepstate:leases") == []
