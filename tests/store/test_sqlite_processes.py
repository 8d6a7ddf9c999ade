"""SQLite: one file used by several processes, forked before and after opening."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from store import Store, VersionConflict, open_store
from store.backends import sqlite_items
from tests.store.support import in_children

COUNT = [{"type": "increment", "path": "n", "by": 1}]


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/state.db"


def opened(url: str) -> Store:
    return open_store(url, sweep_interval=None, timeout=30)


def count(state: Store, times: int, key: str = "counter") -> int:
    for _ in range(times):
        state.update("g", key, COUNT)
    return 0


def test_processes_that_increment_one_counter_lose_nothing(url: str) -> None:
    def work() -> int:
        with opened(url) as state:
            return count(state, 250)

    assert in_children(*[work] * 4) == [0] * 4
    with opened(url) as state:
        assert state.get("g", "counter") == {"n": 1000}


def test_threads_of_several_processes_lose_nothing(url: str) -> None:
    def work() -> int:
        with opened(url) as state:
            threads = [threading.Thread(target=count, args=(state, 50)) for _ in range(3)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        return 0

    assert in_children(work, work) == [0, 0]
    with opened(url) as state:
        assert state.get("g", "counter") == {"n": 300}


def test_of_processes_that_create_one_item_one_wins(url: str) -> None:
    def work(number: int) -> Callable[[], int]:
        def create() -> int:
            with opened(url) as state:
                try:
                    state.set("g", "k", number, if_version=0)
                except VersionConflict:
                    return 1
                return 0

        return create

    codes = in_children(*[work(number) for number in range(4)])
    assert sorted(codes) == [0, 1, 1, 1]
    with opened(url) as state:
        assert state.get("g", "k") == codes.index(0)


@pytest.mark.parametrize("attempt", range(3))
def test_processes_can_open_a_new_store_at_the_same_moment(url: str, attempt: int) -> None:
    def work(number: int) -> Callable[[], int]:
        def write() -> int:
            with opened(url) as state:
                state.set("g", str(number), attempt)
            return 0

        return write

    assert in_children(*[work(number) for number in range(8)]) == [0] * 8
    with opened(url) as state:
        assert len(state.list("g")) == 8


def test_a_store_opened_before_fork_works_in_parent_and_child(url: str) -> None:
    with opened(url) as state:
        count(state, 1)

        def work() -> int:
            count(state, 20)
            return 0 if state.get("g", "child") is None else 1

        assert in_children(work, work) == [0, 0]
        count(state, 1)
        assert state.get("g", "counter") == {"n": 42}


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="looks at open files as Linux shows them")
def test_parent_and_child_open_the_file_anew_as_sqlite_demands(url: str) -> None:
    def times_open() -> int:
        links = [os.readlink(link) for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
        return sum(link.endswith("/state.db") for link in links)

    with opened(url) as state:
        state.set("g", "k", 1)
        before = times_open()

        def work() -> int:
            inherited = times_open()
            state.set("g", "k", 2)
            return 0 if (inherited, times_open()) == (before - 1, before) else 1

        assert in_children(work) == [0]
        assert times_open() == before - 1
        assert state.get("g", "k") == 2
        assert times_open() == before


def test_parent_and_child_write_at_the_same_time_after_fork(url: str) -> None:
    with opened(url) as state:
        state.set("g", "before", 1)
        child = os.fork()
        if child == 0:
            code = 99
            try:
                code = count(state, 200)
            finally:
                os._exit(code)
        count(state, 200)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert state.get("g", "counter") == {"n": 400}


def test_a_child_that_closes_its_store_leaves_the_parents_open(url: str) -> None:
    with opened(url) as state:
        count(state, 1)

        def work() -> int:
            count(state, 1)
            state.close()
            return 0

        assert in_children(work) == [0]
        count(state, 1)
        assert state.get("g", "counter") == {"n": 3}
    with opened(url) as state:
        assert state.get("g", "counter") == {"n": 3}


def test_a_writer_that_dies_in_the_middle_leaves_neither_lock_nor_half_a_write(url: str) -> None:
    def work() -> int:
        state = opened(url)
        state.set("g", "done", 1)
        whole, seen = sqlite_items.mutate, list[object]()

        def dying(*arguments: Any) -> Any:
            seen.append(arguments)
            if len(seen) == 4:
                os._exit(7)
            return whole(*arguments)

        sqlite_items.mutate = dying  # type: ignore[assignment]
        state.set_many("g", dict.fromkeys("abcdef", 1))
        return 0

    assert in_children(work) == [7]
    with opened(url) as state:
        state.set("g", "z", 1)
        assert [item.key for item in state.items("g").items] == ["done", "z"]


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_store_with_a_sweeper_can_be_used_and_closed_in_a_forked_child(url: str) -> None:
    with open_store(url, sweep_interval=3600) as state:
        count(state, 1)

        def work() -> int:
            count(state, 1)
            state.close()
            return 0

        assert in_children(work) == [0]
        assert state.get("g", "counter") == {"n": 2}


@pytest.mark.parametrize("parent", ["closes", "is killed"])
def test_what_a_forked_child_writes_outlives_its_parent(url: str, parent: str) -> None:
    """Without locks of its own, a child went on in a log that was removed under it, and nothing said so."""
    wrote, went, ended = os.pipe(), os.pipe(), os.pipe()

    def child(state: Store) -> None:
        state.set("g", "child", 1)
        os.write(wrote[1], b"!")
        os.read(went[0], 1)  # the parent is gone, and another process has come and gone
        state.set_many("h", dict.fromkeys(map(str, range(50)), 1))
        state.close()
        os.write(ended[1], b"!")
        os._exit(0)

    def work() -> int:
        state = opened(url)
        state.set("g", "parent", 1)
        if not os.fork():
            child(state)
        os.read(wrote[0], 1)
        if parent == "is killed":
            os.kill(os.getpid(), signal.SIGKILL)
        state.close()
        return 0

    def other() -> int:
        with opened(url) as state:
            state.set("g", "other", 1)
        return 0

    assert in_children(work) == [0 if parent == "closes" else -signal.SIGKILL]
    assert in_children(other) == [0]
    os.write(went[1], b"!")
    assert os.read(ended[0], 1) == b"!"
    with opened(url) as state:
        assert (len(state.list("g")), len(state.list("h"))) == (3, 50)
