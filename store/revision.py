"""A number that stands for what a store holds: it moves with each write, and is told from any other process's."""

from __future__ import annotations

import secrets

from store.forking import after_fork


class Revision:
    """Counts from a number of its own in each process, so that what another counted is never taken for current."""

    number: int

    def __init__(self) -> None:
        self._start()
        after_fork(self, Revision._start)

    def step(self) -> None:
        """Something was written; the caller holds the lock under which it was."""
        self.number += 1

    def _start(self) -> None:
        self.number = secrets.randbits(62)
