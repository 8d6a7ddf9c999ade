"""Killing a process in the middle of what it does to a store."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

from store import Store


def killed(opened: Callable[[Path], Store], path: Path, lifetime: float, work: Callable[[Store], object]) -> bool:
    """Kill a process so many seconds after it began to work; whether it had been told that it is done."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        state = opened(path)
        os.write(writing, b"b")
        work(state)
        os.write(writing, b"d")
        os._exit(0)
    os.close(writing)
    os.read(reading, 1)
    time.sleep(lifetime)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    done = os.read(reading, 1) == b"d"
    os.close(reading)
    return done
