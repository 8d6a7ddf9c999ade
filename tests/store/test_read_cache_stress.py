"""The read cache under fire: whatever other processes do and however they end, no read is older than it may be."""

from __future__ import annotations

import itertools
import os
import random
import signal
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from store import Store, open_store
from tests.store.counts import check_counts, check_integrity
from tests.store.registers import COUNT, Board, Expiring, Writer, check_read
from tests.store.support import in_children
from tests.store.test_generations import counters

SECONDS = 5.0
KEYS = 4
GROUPS = ["w0", "w1", "forked", "killed"]  # each is written by one process at a time
SHARED = len(GROUPS) * KEYS  # registers of the one counter that all writers raise, one register a writer
READERS = [[0, 1, 6], [2, 3, 7], [4, 5]]  # threads of each process; the third begins in a forked child


def opened(path: Path) -> Store:
    return open_store(f"sqlite:///{path}", sweep_interval=0.5)


def read_until(deadline: float, state: Store, board: Board, reader: int) -> None:
    chance = random.Random(reader)  # noqa: S311
    reads, registers = 0, range(SHARED)
    while time.monotonic() < deadline:
        register = chance.choice(registers)
        group, key = GROUPS[register // KEYS], f"k{register % KEYS}"
        least = board.least(register)
        way = chance.randrange(10)
        if way == 0:
            value = state.get_many(group, [key]).get(key)
        elif way == 1:
            item = state.item(group, key)
            value = None if item is None else item.value
        else:
            value = state.get(group, key)
            reads += 1
        check_read(board, reader, register, least, value)
        # The counter is raised by several: what all of them were told, and what was read, is the least that it is.
        least = max(board.least(SHARED + writer) for writer in range(len(GROUPS)))
        counted = state.get("shared", "counter")
        reads += 1
        assert counted is None or counted["n"] >= least
        board.known[reader][SHARED] = max(board.known[reader][SHARED], 0 if counted is None else counted["n"])
        assert least == 0 or counted is not None
    board.counters[reader] = reads


def reading(path: Path, board: Board, readers: list[int]) -> Callable[[], int]:
    def work() -> int:
        deadline = time.monotonic() + SECONDS
        with opened(path) as state, ThreadPoolExecutor(2) as threads:
            running = [threads.submit(read_until, deadline, state, board, reader) for reader in readers[:2]]
            for reader in readers[2:]:
                time.sleep(SECONDS / 3)
                child = os.fork()  # while the threads read
                if child == 0:
                    code = 99
                    try:
                        read_until(deadline, state, board, reader)
                        code = 0
                    finally:
                        os._exit(code)
                assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
            for each in running:
                each.result()
            board.counters[board.readers + readers[0]] = state.stats().cache_hits
        return 0

    return work


def write_until(deadline: float, state: Store, board: Board, number: int) -> None:
    writer = Writer(state, board, GROUPS[number], range(number * KEYS, (number + 1) * KEYS), number)
    while time.monotonic() < deadline:
        writer.write_until(time.monotonic() + 0.02)
        for _ in range(5):
            result = state.update("shared", "counter", COUNT)
            board.done[SHARED + number] = result.new_value["n"]


def writing(path: Path, board: Board, number: int, forked: int | None = None) -> Callable[[], int]:
    def work() -> int:
        deadline = time.monotonic() + SECONDS
        with opened(path) as state:
            if forked is not None:
                write_until(time.monotonic() + SECONDS / 3, state, board, number)
                child = os.fork()
                if child == 0:
                    code = 99
                    try:
                        write_until(deadline, state, board, forked)
                        code = 0
                    finally:
                        os._exit(code)
            write_until(deadline, state, board, number)
            return 0 if forked is None else os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

    return work


def die_at(state: Store, commit: int, *, announced: bool) -> None:
    """Have the process end at a commit: when it is announced and not done, or when it is done and not noted."""
    both = counters(state)
    begin, end, left = both.begin, both.end, itertools.count(commit, -1)

    def dying_begin(slots: Sequence[int]) -> list[int]:
        numbers = begin(slots)
        return numbers if next(left) else os._exit(7)

    def dying_end(slots: Sequence[int], numbers: Sequence[int]) -> None:
        end(slots, numbers) if next(left) else os._exit(7)

    if announced:
        both.begin = dying_begin  # type: ignore[method-assign]
    else:
        both.end = dying_end  # type: ignore[method-assign]


def killing(path: Path, board: Board, number: int) -> Callable[[], int]:
    """A writer is killed again and again: at any moment, or by itself while it commits."""

    def work() -> int:
        chance, deadline, died = random.Random(number), time.monotonic() + SECONDS, 0  # noqa: S311
        while time.monotonic() < deadline:
            commit, by_itself, lifetime = chance.randrange(20), chance.random() < 0.5, chance.uniform(0.005, 0.05)
            child = os.fork()
            if child == 0:
                own = opened(path)
                if by_itself:
                    die_at(own, commit, announced=commit % 2 == 0)
                write_until(deadline, own, board, number)
                os._exit(0)
            if not by_itself:
                time.sleep(lifetime)
                os.kill(child, signal.SIGKILL)
            died += os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
        return 0 if died else 1

    return work


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_no_read_is_older_than_an_acknowledged_write_or_than_another_read(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    readers = sum(map(len, READERS))
    board = Board(SHARED + len(GROUPS), readers)
    codes = in_children(
        *[reading(path, board, threads) for threads in READERS],
        writing(path, board, 0),
        writing(path, board, 1, forked=2),
        killing(path, board, 3),
    )
    assert codes == [0] * len(codes)
    reads, hits = sum(board.counters[:readers]), sum(board.counters[readers:])
    print(f"{reads:,} reads, {hits:,} from the cache; numbers {list(board.done)}")  # noqa: T201
    assert hits > reads // 5, "the cache was hardly tried"
    assert min(board.done) > 50, "a writer hardly wrote"
    check_integrity(path)
    check_counts(path)


def test_no_item_is_read_after_its_time_is_up_and_none_is_missing_before(tmp_path: Path) -> None:
    path, board = tmp_path / "state.db", Expiring(numbers=20_000)

    def write() -> int:
        with opened(path) as state:
            board.write_until(time.monotonic() + 2.5, state)
        return 0

    def read() -> int:
        deadline = time.monotonic() + 2.5
        with opened(path) as state:
            while time.monotonic() < deadline:
                board.check_read(state)
            return 0 if state.stats().cache_hits > 1000 else 1

    assert in_children(write, read, read) == [0, 0, 0]
    assert board.done > 20
