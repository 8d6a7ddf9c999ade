"""Single flight across processes: leases that are renewed, run out, and are taken away."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from store import Cached, Store, open_store
from tests.store.sources import Down, in_threads, soon
from tests.store.support import in_children

# Python 3.12 and later warn of a fork() beside threads, which is what some of these tests are about.
pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")


class Journal:
    """A file in which all processes note what happens, and when: on Linux they share one monotonic clock."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_CREAT | os.O_APPEND | os.O_RDWR)

    def note(self, *words: object) -> None:
        os.write(self._file, f"{' '.join(map(str, words))} {time.monotonic()}\n".encode())

    def lines(self) -> list[list[str]]:
        return [line.split() for line in os.pread(self._file, 1 << 26, 0).decode().splitlines()]

    def times(self, *words: str) -> list[float]:
        return [float(line[-1]) for line in self.lines() if line[: len(words)] == list(words)]


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "journal")


@pytest.fixture
def url(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path}/state.db"
    open_store(url, sweep_interval=None).close()
    return url


@pytest.fixture
def state(url: str) -> Iterator[Store]:
    with open_store(url, sweep_interval=None, timeout=30) as opened:
        yield opened


def slowly(state: Store, journal: Journal, seconds: float, **options: Any) -> Cached[[str], dict[str, Any]]:
    """A function that takes its time, in the same group for every process."""

    @state.cached("slow", **{"ttl": 60, **options})
    def slow(name: str) -> dict[str, Any]:
        journal.note("begin", name, os.getpid())
        time.sleep(seconds)
        journal.note("end", name, os.getpid())
        return {"name": name, "by": os.getpid()}

    return slow


def child(work: Callable[[], object]) -> int:
    """A forked process that does something; its id."""
    pid = os.fork()
    if pid:
        return pid
    signal.alarm(60)
    try:
        work()
    finally:
        os._exit(0)


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def test_a_stampede_of_64_threads_in_4_processes_calls_once(url: str, journal: Journal) -> None:
    def work() -> int:
        with open_store(url, sweep_interval=None, timeout=30) as state:
            slow = slowly(state, journal, 0.2)

            def call() -> str:
                result = slow("k")
                journal.note("served")
                return str(result["name"])

            return 0 if in_threads(16, call) == ["k"] * 16 else 1

    assert in_children(*[work] * 4) == [0] * 4
    assert len(journal.times("begin")) == 1
    (ended,) = journal.times("end")
    served = sorted(at - ended for at in journal.times("served"))
    print(f"served {served[32] * 1000:.0f} ms after the return in the median, {served[-1] * 1000:.0f} ms at most")  # noqa: T201
    assert len(served) == 64
    assert served[-1] < 1, "250 ms on a machine that does nothing else"


def test_if_the_holder_is_killed_another_takes_over_after_the_lease(url: str, state: Store, journal: Journal) -> None:
    def work() -> None:
        slowly(open_store(url), journal, 60, lease=0.6)("k")

    holder = child(work)
    assert soon(lambda: journal.times("begin", "k", str(holder)))
    kill(holder)
    killed_at = time.monotonic()
    slow = slowly(state, journal, 0, lease=0.6)
    assert {result["by"] for result in in_threads(4, lambda: slow("k"))} == {os.getpid()}
    assert len(journal.times("begin", "k", str(os.getpid()))) == 1
    assert journal.times("begin", "k", str(os.getpid()))[0] - killed_at < 3
    assert state.list("stepstate:leases") == []


def test_a_lease_is_renewed_for_as_long_as_the_function_works(url: str, state: Store, journal: Journal) -> None:
    def work() -> None:
        slowly(open_store(url), journal, 1.8, lease=0.7)("k")

    holder = child(work)
    assert soon(lambda: journal.times("begin"))
    slow = slowly(state, journal, 0, lease=0.7)
    assert slow("k")["by"] == holder
    os.waitpid(holder, 0)
    assert len(journal.times("begin")) == 1


def test_if_the_holder_raises_another_process_tries_next(url: str, state: Store, journal: Journal) -> None:
    def work() -> int:
        @open_store(url).cached("slow", ttl=60)
        def slow(name: str) -> None:
            journal.note("begin")
            assert soon(lambda: journal.times("waits"))
            time.sleep(0.1)
            raise Down(name)

        with pytest.raises(Down):
            slow("k")
        journal.note("raised")
        return 0

    holder = child(work)
    assert soon(lambda: journal.times("begin"))
    journal.note("waits")
    begun_at = time.monotonic()
    assert slowly(state, journal, 0)("k")["by"] == os.getpid()
    assert time.monotonic() - begun_at < 5, "it did not have to wait for the lease to run out"
    os.waitpid(holder, 0)
    assert journal.times("raised")


def test_a_holder_that_was_stopped_for_longer_than_its_lease_does_not_write_over_its_successor(
    url: str, state: Store, journal: Journal
) -> None:
    def work() -> None:
        result = slowly(open_store(url), journal, 0.5, lease=0.6)("k")
        journal.note("returned", result["by"])

    holder = child(work)
    assert soon(lambda: journal.times("begin"))
    os.kill(holder, signal.SIGSTOP)
    slow = slowly(state, journal, 0, lease=0.6)
    assert slow("k")["by"] == os.getpid()
    os.kill(holder, signal.SIGCONT)
    os.waitpid(holder, 0)
    assert journal.times("returned", str(holder)), "its own caller has what it came up with"
    assert slow("k")["by"] == os.getpid()
    assert len(journal.times("begin", "k", str(os.getpid()))) == 1
    assert state.list("stepstate:leases") == []


@pytest.mark.parametrize("whole", [False, True])
def test_what_another_process_invalidates_is_not_stored(url: str, state: Store, journal: Journal, whole: bool) -> None:
    def work() -> None:
        slowly(open_store(url), journal, 0.7)("k")

    holder = child(work)
    assert soon(lambda: journal.times("begin"))
    slow = slowly(state, journal, 0)
    begun_at = time.monotonic()
    assert (slow.clear() if whole else slow.invalidate("k")) == 0
    assert slow("k")["by"] == os.getpid()
    assert time.monotonic() - begun_at < 0.6, "it does not wait for a result that nobody wants"
    os.waitpid(holder, 0)
    assert journal.times("end", "k", str(holder))
    assert slow("k")["by"] == os.getpid()


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_a_child_forked_amid_a_run_does_not_wait_for_threads_that_it_does_not_have(
    url: str, journal: Journal, kind: str
) -> None:
    with open_store("memory://" if kind == "memory" else url, sweep_interval=None) as state:
        slow = slowly(state, journal, 0.5, lease=0.6)

        def use() -> int:
            signal.alarm(20)
            return 0 if slow("k")["name"] == "k" else 1

        def forks() -> list[int]:
            assert soon(lambda: journal.times("begin"))
            return in_children(use)

        turns: list[Callable[[], Any]] = [forks, lambda: slow("k")["name"]]

        def take_turn() -> Any:
            return turns.pop()()

        results = in_threads(2, take_turn)
        assert sorted(map(str, results)) == ["[0]", "k"]
        assert len(journal.times("begin")) == (2 if kind == "memory" else 1)


def test_a_child_that_leaves_the_function_does_not_give_away_its_parents_lease(state: Store) -> None:
    parent = os.getpid()

    @state.cached("slow", ttl=60)
    def slow(name: str) -> str:
        pid = os.fork()
        if pid == 0:
            raise Down
        assert os.waitpid(pid, 0)[1] == 0
        assert len(state.list("stepstate:leases")) == 1
        return name

    try:
        assert slow("k") == "k"
    except Down:
        os._exit(0)
    finally:
        if os.getpid() != parent:
            os._exit(1)
    assert state.list("slow") == ["k"]


def test_a_stale_result_is_renewed_by_one_of_all_processes(url: str, journal: Journal) -> None:
    with open_store(url, sweep_interval=None) as state:
        slowly(state, journal, 0, ttl=0.2, stale=60)("k")
    time.sleep(0.3)

    def work() -> int:
        with open_store(url, sweep_interval=None, timeout=30) as state:
            slow = slowly(state, journal, 0.3, ttl=60, stale=60)

            def call() -> int:
                begun_at = time.monotonic()
                while slow("k")["by"] == os.getppid():
                    assert time.monotonic() - begun_at < 10
                    time.sleep(0.01)
                return 0

            return sum(in_threads(4, call))

    assert in_children(*[work] * 4) == [0] * 4
    assert len(journal.times("begin")) == 2


def test_what_another_process_invalidates_is_used_for_as_long_as_near_says(
    url: str, state: Store, journal: Journal
) -> None:
    slow = slowly(state, journal, 0, near=0.7)
    first = slow("k")
    assert slow("k") == first
    other = child(lambda: slowly(open_store(url), journal, 0, near=0.7).refresh("k"))
    os.waitpid(other, 0)
    renewed_at = time.monotonic()
    seen = slow("k")
    while seen == first:
        time.sleep(0.01)
        seen = slow("k")
        assert time.monotonic() - renewed_at < 5
    assert seen["by"] == other
    assert time.monotonic() - renewed_at < 0.7 + 0.5
