"""The read cache of the SQLite store: what it answers, how much it keeps, and what it notices."""

from __future__ import annotations

import threading
import time
import tracemalloc
from pathlib import Path
from typing import Any

import apsw
import pytest

from store import Store, StoreClosed, open_store
from store.backends import sqlite_file
from tests.conftest import ManualClock
from tests.store.support import in_children
from tests.store.test_generations import answers_from_cache

KIB = 1024


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


def opened(path: Path, **options: Any) -> Store:
    return open_store(f"sqlite:///{path}", sweep_interval=None, **options)


def hits(state: Store) -> int:
    return state.stats().cache_hits


def foreign_write(path: Path, value: int) -> None:
    """Write g/k as a program that knows nothing of the cache does."""
    db = apsw.Connection(str(path))
    db.set_busy_timeout(5000)
    db.execute("UPDATE items SET value = ? WHERE key = 'k'", (str(value),))
    db.close()


def seconds_until_seen(state: Store, value: int) -> float:
    """How long it takes until g/k is read as the value; 3 if it takes longer."""
    started = time.monotonic()
    while time.monotonic() - started < 3:
        state.get("g", "decoy")  # the read that looks for such writes goes to SQLite itself
        if state.get("g", "k") == value:
            break
        time.sleep(0.0005)
    return time.monotonic() - started


def test_reads_of_single_items_are_counted_as_hits_of_the_cache_or_misses(path: Path) -> None:
    with opened(path) as state:
        state.set_many("g", {"k": 1, "l": 2})
        for _ in range(10):
            assert state.get("g", "k") == 1
        assert state.get("g", "nothing") is None
        stats = state.stats()
        assert (stats.cache_hits, stats.cache_misses) == (8, 3)  # kept at the second read
        assert (stats.reads, stats.hits, stats.misses) == (11, 10, 1)
        state.get("g", "l")
        stats = state.stats()
        assert (stats.cache_hits, stats.cache_misses) == (8, 4)


def test_without_a_cache_nothing_is_kept_and_writes_are_announced_all_the_same(path: Path) -> None:
    with opened(path, cache_bytes=0) as without, opened(path) as state:
        without.set("g", "k", 0)
        for number in range(20):
            assert answers_from_cache(state, "g", "k")
            without.set("g", "k", number)
            assert state.get("g", "k") == number
            assert not answers_from_cache(without, "g", "k")
            assert without.get("g", "k") == number
        without.set_many("g", {str(number): 1 for number in range(100)})
        assert answers_from_cache(state, "g", "k")
        without.clear("g")
        assert state.get("g", "k") is None


@pytest.mark.parametrize("size", [0, 250, 3000])
@pytest.mark.parametrize("name", ["{}", "{:0500d}"], ids=["short names", "long names"])
def test_the_cache_takes_about_as_many_bytes_as_it_may(path: Path, size: int, name: str) -> None:
    bound = 1024 * KIB
    with opened(path, cache_bytes=bound) as state:
        names = [name.format(number) for number in range(4000)]
        state.set_many("g", dict.fromkeys(names, "x" * size))
        state.get("g", names[0])
        del names
        tracemalloc.start()
        try:
            for number in range(4000):
                for _ in range(2):
                    state.get("g", name.format(number))
            taken = tracemalloc.get_traced_memory()[0]
        finally:
            tracemalloc.stop()
        assert bound / 2 < taken < bound * 1.5
        state.get("g", "absent")  # ending the trace takes its time: what other programs wrote is looked for here
        before = hits(state)
        assert state.get("g", name.format(3999)) == "x" * size
        assert hits(state) == before + 1, "what was read last is there"
        state.get("g", name.format(0))
        assert hits(state) == before + 1, "what was read long ago is not"


def test_what_is_read_again_and_again_stays(path: Path) -> None:
    with opened(path, cache_bytes=64 * KIB) as state:
        state.set_many("g", {str(number): "x" * 1000 for number in range(1000)})
        assert answers_from_cache(state, "g", "0")
        before, started = state.stats().cache_misses, time.monotonic()
        for number in range(1, 1000):
            for _ in range(16):
                state.get("g", "0")
            state.get("g", str(number))
            state.get("g", str(number))
        missed = state.stats().cache_misses - before - 2 * 999
        # Ten times a second a read goes to SQLite, to look for what other programs write.
        assert missed < 10 * (time.monotonic() - started) + 5


def test_a_value_larger_than_the_cache_is_read_all_the_same(path: Path) -> None:
    with opened(path, cache_bytes=64 * KIB) as state:
        state.set("g", "k", "x" * 100_000)
        state.set("g", "l", 1)
        assert answers_from_cache(state, "g", "l")
        assert not answers_from_cache(state, "g", "k")
        assert state.get("g", "k") == "x" * 100_000
        assert answers_from_cache(state, "g", "l"), "it threw nothing out"


def test_a_value_from_the_cache_is_nobody_elses(path: Path) -> None:
    with opened(path) as state:
        value = {"list": [1, {"deep": []}]}
        state.set("g", "k", value)
        assert answers_from_cache(state, "g", "k")
        for _ in range(3):
            got = state.get("g", "k")
            assert got == {"list": [1, {"deep": []}]}
            got["list"][1]["deep"].append(1)
            got["more"] = 1
        value["list"] = []
        assert state.item("g", "k").value == {"list": [1, {"deep": []}]}  # type: ignore[union-attr]


def test_an_item_is_gone_from_the_cache_at_the_millisecond_its_time_is_up(path: Path, clock: ManualClock) -> None:
    with opened(path, clock=clock) as state:
        state.set("g", "k", 1, ttl=10)
        assert answers_from_cache(state, "g", "k")
        clock.advance(9.999)
        assert answers_from_cache(state, "g", "k")
        clock.advance(0.001)
        assert state.get("g", "k") is None
        assert state.get("g", "k", "default") == "default"


def test_a_changed_expiry_counts_for_what_is_cached_too(path: Path, clock: ManualClock) -> None:
    with opened(path, clock=clock) as state, opened(path, clock=clock) as other:
        state.set("g", "k", 1, ttl=10)
        assert answers_from_cache(state, "g", "k")
        other.expire("g", "k", 5)
        clock.advance(5)
        assert state.get("g", "k") is None
        other.set("g", "k", 2, ttl=5)
        assert answers_from_cache(state, "g", "k")
        other.persist("g", "k")
        clock.advance(5)
        assert state.get("g", "k") == 2


def test_a_null_is_cached_and_told_from_no_item(path: Path) -> None:
    with opened(path) as state:
        state.set("g", "k", None)
        assert answers_from_cache(state, "g", "k")
        assert state.get("g", "k", "default") is None


def test_a_read_that_a_close_overtakes_leaves_nothing_to_answer_from(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(path) as state:
        state.set("g", "k", 1)
        state.get("g", "k")
        real = sqlite_file.Connected.row

        def closing(held: sqlite_file.Connected, *arguments: Any) -> Any:
            row = real(held, *arguments)
            closer = threading.Thread(target=state.close)
            closer.start()
            closer.join()
            return row

        monkeypatch.setattr(sqlite_file.Connected, "row", closing)
        assert state.get("g", "k") == 1
        with pytest.raises(StoreClosed):
            state.get("g", "k")


def test_what_another_program_writes_is_seen_within_a_tenth_of_a_second(path: Path) -> None:
    with opened(path) as state:
        state.set("g", "k", 0)
        waits = []
        for number in range(1, 6):
            assert answers_from_cache(state, "g", "k")
            foreign_write(path, number)
            waits.append(seconds_until_seen(state, number))
        assert sorted(waits)[2] < 0.25, "the machine has slow moments, but not half the time"


def test_what_another_program_writes_while_this_one_does_is_seen_within_about_a_second(path: Path) -> None:
    with opened(path) as state, opened(path) as writer:
        state.set("g", "k", 0)
        waits, over = [], threading.Event()

        def write() -> None:
            while not over.wait(0.002):
                writer.set("g", "other", 1)

        threads = [threading.Thread(target=write)]
        threads[0].start()
        try:
            for number in range(1, 4):
                assert answers_from_cache(state, "g", "k")
                foreign_write(path, number)
                waits.append(seconds_until_seen(state, number))
        finally:
            over.set()
            threads[0].join()
        assert max(waits) < 1.5
        assert hits(state) > 100


def test_a_write_of_another_program_is_noticed_by_the_threads_that_did_not_look(path: Path) -> None:
    with opened(path) as state:
        state.set("g", "k", 0)
        assert answers_from_cache(state, "g", "k")
        foreign_write(path, 1)
        time.sleep(0.12)
        seen: list[Any] = []
        threads = [threading.Thread(target=lambda: seen.append(state.get("g", "k"))) for _ in range(3)]
        for thread in threads:
            thread.start()
            thread.join()
        assert seen == [1, 1, 1]


def test_what_a_slow_read_brings_after_another_programs_write_was_noticed_is_not_kept(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(path) as state:
        state.set("g", "k", 0)
        state.get("g", "k")
        real, has_read, may_return = sqlite_file.Connected.row, threading.Event(), threading.Event()

        def slow(held: sqlite_file.Connected, *arguments: Any) -> Any:
            row = real(held, *arguments)
            if threading.current_thread() is reading:
                has_read.set()
                may_return.wait(10)
            return row

        monkeypatch.setattr(sqlite_file.Connected, "row", slow)
        reading = threading.Thread(target=state.get, args=("g", "k"))
        reading.start()
        has_read.wait(10)
        foreign_write(path, 1)
        time.sleep(0.12)
        state.get("g", "other")  # looks for such writes
        may_return.set()
        reading.join()
        assert state.get("g", "k") == 1


def test_a_child_forked_with_a_warm_cache_sees_what_its_parent_writes_and_the_other_way_round(path: Path) -> None:
    with opened(path) as state:
        state.set("g", "k", 0)
        assert answers_from_cache(state, "g", "k")

        def child() -> int:
            assert state.get("g", "k") == 0
            state.set("g", "k", 1)
            return 0 if answers_from_cache(state, "g", "k") and state.get("g", "k") == 1 else 1

        assert in_children(child) == [0]
        assert state.get("g", "k") == 1
        assert in_children(lambda: state.delete("g", "k")) == [1]
        assert state.get("g", "k") is None
