"""What the cached functions of the tests ask: it counts, can be held up and can fail."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any


class Source:
    """Answers `{"n": 1}`, then `{"n": 2}`, ... to whatever it is asked; `asked` says how often that was."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.asked = 0
        self.at_once = self.most_at_once = 0
        self.error: Exception | None = None
        self.open = threading.Event()
        self.open.set()

    def __call__(self, *_args: object) -> dict[str, Any]:
        with self._lock:
            self.asked += 1
            number = self.asked
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            assert self.open.wait(20), "nobody opened the gate"
            if self.error is not None:
                raise self.error
            return {"n": number}
        finally:
            with self._lock:
                self.at_once -= 1


class Down(Exception):
    """What a source raises that does not work."""


def soon(true: Callable[[], object], seconds: float = 10) -> bool:
    """Whether something becomes true within a few seconds."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.002)
    return True


def in_threads(count: int, work: Callable[[], Any]) -> list[Any]:
    """What a function returns, or the exception it raises, in each of so many threads that begin at one moment."""
    barrier = threading.Barrier(count)
    results: list[Any] = []

    def run() -> None:
        barrier.wait()
        try:
            results.append(work())
        except Exception as error:
            results.append(error)

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(results) == count, "a thread hangs"
    return results
