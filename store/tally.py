"""Counting what happens millions of times a second, exactly under threads and without a lock."""

from __future__ import annotations

import itertools
import threading

from store.forking import Rank, survives_fork


class Tally:
    """A count of calls of `add`, which returns how many there were before.

    One step of `itertools.count` is one step of the interpreter. To look at it is to step as well, which is taken off.
    """

    def __init__(self) -> None:
        self.add = itertools.count().__next__
        self._looks = 0
        self._lock = threading.Lock()
        survives_fork(self._lock, Rank.INNERMOST)

    def total(self) -> int:
        """How often `add` was called."""
        with self._lock:
            total = self.add() - self._looks
            self._looks += 1
        return total
