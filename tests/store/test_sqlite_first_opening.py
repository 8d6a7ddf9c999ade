"""SQLite: many processes open a store at once that none has opened before."""

from __future__ import annotations

import mmap
import os
import time
from collections.abc import Callable
from pathlib import Path

from store import Store, open_store
from store.backends.generations import COMMITS
from tests.store.counts import check_counts, check_integrity
from tests.store.support import in_children
from tests.store.test_generations import counters

PROCESSES = 16
ROUNDS = 20
PATIENCE = 20.0


class Meeting:
    """Forked processes wait here for each other."""

    def __init__(self) -> None:
        self._arrived = mmap.mmap(-1, PROCESSES)

    def wait(self, process: int) -> None:
        self._arrived[process] = 1
        deadline = time.monotonic() + PATIENCE
        while any(arrived == 0 for arrived in self._arrived[:]):
            assert time.monotonic() < deadline, "not all came"
            time.sleep(0.001)


def opened(path: Path) -> Store:
    return open_store(f"sqlite:///{path}", sweep_interval=None)


def opening(path: Path, process: int, written: Meeting, looked: Meeting) -> Callable[[], int]:
    def work() -> int:
        with opened(path) as state:
            state.set("g", f"{process:02d}", process)
            written.wait(process)
            assert state.list("g") == list(range(PROCESSES)), "they have different files"
            assert counters(state).words[COMMITS] == PROCESSES, "they have different counters"
            for _ in range(3):
                assert state.get("g", "00") == 0
            assert state.stats().cache_hits > 0
            looked.wait(process)
            if process == 0:
                state.set("g", "00", "new")
        return 0

    return work


def test_sixteen_processes_make_one_store_of_no_file(tmp_path: Path) -> None:
    for round_number in range(ROUNDS):
        path, written, looked = tmp_path / f"{round_number}" / "state.db", Meeting(), Meeting()
        codes = in_children(*[opening(path, process, written, looked) for process in range(PROCESSES)])
        assert codes == [0] * PROCESSES, f"in round {round_number}"
        assert {file.name for file in path.parent.iterdir()} <= {
            path.name + end for end in ("", "-gen", "-wal", "-shm")
        }
        with opened(path) as state:
            assert state.get("g", "00") == "new"
        check_integrity(path)
        check_counts(path)


def test_sixteen_processes_open_a_store_whose_counters_were_lost(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    for _ in range(3):
        opened(path).close()
        os.unlink(f"{path}-gen")
        written, looked = Meeting(), Meeting()
        codes = in_children(*[opening(path, process, written, looked) for process in range(PROCESSES)])
        assert codes == [0] * PROCESSES
        for beside in ("", "-wal", "-shm", "-gen"):
            path.with_name(path.name + beside).unlink(missing_ok=True)


def test_a_process_killed_while_it_makes_a_store_leaves_nothing_in_the_way(tmp_path: Path) -> None:
    for round_number in range(40):
        path = tmp_path / f"{round_number}" / "state.db"
        child = os.fork()
        if child == 0:
            opened(path).set("g", "k", 1)
            os._exit(0)
        time.sleep(0.0003 * round_number)
        os.kill(child, 9)
        os.waitpid(child, 0)
        with opened(path) as state:
            assert state.get("g", "k") in (None, 1)
            state.set("g", "k", 2)
        check_integrity(path)
