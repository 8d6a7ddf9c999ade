"""The time, in milliseconds since 1970."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeAlias

from store.forking import Rank, survives_fork

Clock: TypeAlias = Callable[[], int]
"""Returns the current time in milliseconds since 1970, UTC."""

MAX_STEP_BACK = 5 * 60 * 1000


def system_clock() -> int:
    """The wall clock in milliseconds since 1970."""
    return time.time_ns() // 1_000_000


class SteadyClock:
    """A clock that does not run backwards when it is set back a little: what has expired stays expired.

    One that is set back by more than MAX_STEP_BACK milliseconds was wrong before, and is believed.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._latest = clock()
        self._lock = threading.Lock()
        survives_fork(self._lock, Rank.CLOCK)

    def __call__(self) -> int:
        now = self._clock()
        if now == self._latest:  # most calls come within the same millisecond as another
            return now
        with self._lock:
            if not self._latest - MAX_STEP_BACK <= now < self._latest:
                self._latest = now
            return self._latest
