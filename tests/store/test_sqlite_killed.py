"""SQLite: a writer is killed at any moment; what it was told is written is there, and nothing is half there."""

from __future__ import annotations

import os
import random
import signal
import struct
import time
from pathlib import Path

from store import Store, open_store
from tests.store.counts import check_counts, check_integrity

KILLS = 200
ACKNOWLEDGED = struct.Struct("=q")
TOGETHER = {f"k{number}": number for number in range(20)}
LARGE = {f"k{number}": number for number in range(300)}  # more than a clear removes at once


def write_until_killed(state: Store, first: int, acknowledge: int) -> None:
    """Rounds of writes that belong together, each round acknowledged through a pipe once all of it has returned."""
    round_number = first
    while True:
        state.set("set", "n", round_number, ttl=3600)
        state.update("update", "k", [{"type": "set", "path": name, "value": round_number} for name in "ab"])
        state.set_many("many", dict.fromkeys("xyz", round_number))
        state.set_many("clear", LARGE if round_number % 4 == 0 else TOGETHER)
        state.clear("clear")
        for group in ("wf-a", "wf-b"):
            state.set_many(group, TOGETHER)
            state.finish(group)
        state.cleanup(match="wf-*", finished=True)
        os.write(acknowledge, ACKNOWLEDGED.pack(round_number))
        round_number += 1


def acknowledged_rounds(reading: int) -> int:
    """The last round whose end the writer saw, from all that is left in its pipe; 0 if it saw none."""
    told = b""
    while part := os.read(reading, 65536):
        told += part
    whole = len(told) // ACKNOWLEDGED.size * ACKNOWLEDGED.size
    return int(ACKNOWLEDGED.unpack(told[whole - ACKNOWLEDGED.size : whole])[0]) if whole else 0


def killed_writer(url: str, first: int, lifetime: float) -> int:
    """Kill a writer so many seconds after its first acknowledged round; the last round that it saw the end of."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        write_until_killed(open_store(url, sweep_interval=None), first, writing)
    os.close(writing)
    started = int(ACKNOWLEDGED.unpack(os.read(reading, ACKNOWLEDGED.size))[0])
    time.sleep(lifetime)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    latest = max(started, acknowledged_rounds(reading))
    os.close(reading)
    return latest


def check(state: Store, told: int) -> int:
    """All of the acknowledged rounds is there, of the next one any part, but nothing by half; how far it came."""
    came = state.get("set", "n")
    assert came in (told, told + 1)
    updated, many = state.get("update", "k"), state.get_many("many", ["x", "y", "z"])
    assert updated["a"] == updated["b"]
    assert updated["a"] in (told, told + 1)
    assert len(set(many.values())) == 1
    assert many["x"] in (told, told + 1)
    assert len(state.list("clear")) in (0, len(TOGETHER), len(LARGE))
    left = (len(state.list("wf-a")), len(state.list("wf-b")))
    assert left in ((0, 0), (len(TOGETHER), 0), (len(TOGETHER), len(TOGETHER)))
    return int(came)


def test_two_hundred_killed_writers_lose_nothing_and_leave_nothing_by_half(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/state.db"
    chance = random.Random(20261123)  # noqa: S311
    came = 0
    for _ in range(KILLS):
        told = killed_writer(url, came + 1, chance.uniform(0, 0.012))
        with open_store(url, sweep_interval=None) as state:
            came = check(state, told)
        check_integrity(tmp_path / "state.db")
        check_counts(tmp_path / "state.db")
    assert came >= KILLS
