"""Waiting for SQLite's write lock, and giving way to those who wait."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from store.backends.generations import COMMITS, WAITING

if TYPE_CHECKING:
    from collections.abc import Callable

    from store.backends.generations import Generations

# SQLite's own steps grow to a tenth of a second: beside those who write all the time, one waited for seconds. Blocking
# locks (setlk_timeout) do nothing in current builds for Linux. With shorter first steps more writers change places, and
# each has waited: 4 processes on one key had a 99th percentile of 0.2 ms so, 1.1 ms from 1 ms on, 3 ms from 0.2 ms.
_STEPS: Final = (0.002, 0.005, 0.01)  # seconds from one try to the next
_PAUSE: Final = 0.0003


def busy_handler(generations: Generations, timeout: float) -> Callable[[int], bool]:
    """What a connection that finds the lock taken calls again and again; it gives up when the answer is False."""
    until = 0.0

    def wait(tries: int) -> bool:
        nonlocal until
        now = time.monotonic()
        if not tries:
            until = now + timeout
        if now >= until:
            return False
        if generations.writable:
            generations.words[WAITING] = 1
        time.sleep(min(_STEPS[min(tries, len(_STEPS) - 1)], until - now))
        return True

    return wait


def give_way(generations: Generations) -> None:
    """Between two of many transactions: let one of the others go first, which may be asleep between two tries."""
    words = generations.words
    if not words[WAITING]:
        time.sleep(_PAUSE)
        return
    words[WAITING] = 0
    commits, until = words[COMMITS], time.monotonic() + _STEPS[-1]
    while words[COMMITS] == commits and time.monotonic() < until:
        time.sleep(_STEPS[0])
