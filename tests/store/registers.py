"""Items whose values only grow, and what all processes know of them: so a read that is older than it may be shows.

A register is an item that one writer at a time writes. Each of its writes has a number above the last; every fifth
stands for removing the item. The writer notes a number before the write begins and again when it is acknowledged; a
reader notes what it read. So a read has to give at least what was acknowledged or read, by whomever, before it began,
and at most what had begun when it ended.
"""

from __future__ import annotations

import mmap
import random
import time
from collections.abc import Sequence
from typing import Any

from store import Store
from store.clock import system_clock

REMOVED_EVERY = 5
FILLERS = dict.fromkeys((f"filler{number}" for number in range(70)), 0)  # with them a write gives up whole caches
COUNT = [{"type": "increment", "path": "n", "by": 1}]


class Board:
    """Numbers in memory that forked processes share. Each is written by one process, or one thread, at a time."""

    def __init__(self, registers: int, readers: int) -> None:
        self.registers, self.readers = registers, readers
        self._words = memoryview(mmap.mmap(-1, 8 * (registers * (2 + readers) + 4 * readers))).cast("Q")
        self.begun = self._words[:registers]
        self.done = self._words[registers : 2 * registers]
        self.known = [self._words[(2 + n) * registers : (3 + n) * registers] for n in range(readers)]
        self.counters = self._words[(2 + readers) * registers :]  # reads and hits of each reader

    def least(self, register: int) -> int:
        """The number that a read that begins now has to give, or one above."""
        return max(self.done[register], *[known[register] for known in self.known])


class Writer:
    """Writes its registers, the items k0, k1, … of one group, in every way there is, with pauses in between."""

    def __init__(self, state: Store, board: Board, group: str, registers: Sequence[int], seed: int) -> None:
        self._state, self._board, self._group = state, board, group
        self._registers = registers
        self._chance = random.Random(seed)  # noqa: S311

    def write_until(self, deadline: float) -> None:
        while time.monotonic() < deadline:
            self.write_once()
            time.sleep(self._chance.choice([0, 0, 0.0005, 0.003]))

    def write_once(self) -> None:
        """A random write."""
        which = self._chance.choice(self._registers)
        key, state = f"k{which - self._registers[0]}", self._state
        kind = self._chance.randrange(12)
        if kind < 5:
            self._writing([which], removed=False, write=lambda n: state.set(self._group, key, n))
        elif kind < 8:
            self._writing([which], removed=False, write=lambda n: state.update(self._group, key, replacing(n)))
        elif kind == 8:
            self._writing([which], removed=True, write=lambda _: state.delete(self._group, key))
            self._writing([which], removed=False, write=lambda n: state.set(self._group, key, n, ttl=3600))
        elif kind == 9:
            self._writing(self._registers, removed=False, write=lambda n: state.set_many(self._group, self._all(n)))
        elif kind == 10:
            self._writing(
                self._registers, removed=False, write=lambda n: state.set_many(self._group, FILLERS | self._all(n))
            )
        else:
            self._writing(self._registers, removed=True, write=lambda _: state.clear(self._group))

    def _all(self, number: int) -> dict[str, int]:
        return {f"k{index}": number for index in range(len(self._registers))}

    def _writing(self, which: Sequence[int], *, removed: bool, write: Any) -> None:
        board = self._board
        number = max(board.begun[register] for register in which) + 1
        while (number % REMOVED_EVERY == 0) is not removed:
            number += 1
        for register in which:
            board.begun[register] = number
        write(number)
        for register in which:
            board.done[register] = number


def replacing(value: int) -> list[dict[str, Any]]:
    return [{"type": "set", "path": "", "value": value}]


def check_read(board: Board, reader: int, register: int, least: int, value: int | None) -> None:
    """That what was read is neither older than it may be, `least` having been asked for before, nor not yet written."""
    number = -(-least // REMOVED_EVERY) * REMOVED_EVERY if value is None else value
    assert number >= least, f"register {register}: read {value}, but {least} was known before"
    begun = board.begun[register]
    assert number <= begun, f"register {register}: read {value} between {least} and {begun}"
    board.known[reader][register] = max(number, board.known[reader][register])


class Expiring:
    """One item that a writer gives ever higher numbers and short times to live, and between which times it is there."""

    def __init__(self, numbers: int) -> None:
        self._words = memoryview(mmap.mmap(-1, 8 * (2 + 2 * numbers))).cast("Q")
        self._numbers = numbers
        self._lives_until = self._words[2 : 2 + numbers]  # at least
        self._gone_at = self._words[2 + numbers :]  # at the latest; 0 while that is not known

    @property
    def done(self) -> int:
        """The last number whose write was acknowledged."""
        return self._words[1]

    def write_until(self, deadline: float, state: Store) -> None:
        chance, number = random.Random(1), 0  # noqa: S311
        while time.monotonic() < deadline and number + 1 < self._numbers:
            number += 1
            lifetime = chance.choice([10, 20, 40, 5000])
            self._lives_until[number] = system_clock() + lifetime
            self._words[0] = number
            state.set("g", "k", number, ttl=lifetime / 1000)
            self._gone_at[number] = system_clock() + lifetime
            self._words[1] = number
            if chance.random() < 0.5:
                time.sleep(0.005)
                self._lives_until[number] = 0
                if state.expire("g", "k", 0.01):
                    self._gone_at[number] = system_clock() + 10
            time.sleep(chance.uniform(0, 0.06))

    def check_read(self, state: Store) -> None:
        before, done = system_clock(), self.done
        number = state.get("g", "k")
        after, begun = system_clock(), self._words[0]
        if number is not None:
            gone_at = self._gone_at[number]
            assert number >= done, f"read {number}, but {done} was acknowledged before"
            assert not gone_at or before < gone_at, f"{number} was read {before - gone_at} ms after its time was up"
        elif done and done == begun:
            assert after >= self._lives_until[done], f"{done} is missing before its time is up"
