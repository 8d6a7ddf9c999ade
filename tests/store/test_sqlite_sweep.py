"""SQLite: expired items are swept while others read and write, who do not notice."""

from __future__ import annotations

import fcntl
import os
import shutil
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from store import Store, open_store
from store.backends.sqlite_file import SqliteFile
from tests.conftest import ManualClock
from tests.store.counts import check_counts
from tests.store.support import in_children
from tests.store.waits import NOTICED, Waits, lock_times

EXPIRED = int(os.environ.get("STEPSTATE_TEST_EXPIRED", "100000"))
KEPT = 400


def opened(path: Path, clock: ManualClock, **options: Any) -> Store:
    return open_store(f"sqlite:///{path}", clock=clock, **{"sweep_interval": None, **options})


def fill(state: Store, group: str, items: int, ttl: float | None) -> None:
    """Put many items into a group."""
    for start in range(0, items, 5000):
        keys = range(start, min(start + 5000, items))
        state.set_many(group, {f"k{number:07d}": {"status": "pending", "n": number} for number in keys}, ttl=ttl)


@pytest.fixture(scope="module")
def expired(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, int]]:
    """A store full of expired items, with some that are alive behind them, and the time."""
    path, clock = tmp_path_factory.mktemp("expired") / "state.db", ManualClock()
    with opened(path, clock) as state:
        fill(state, "g", EXPIRED, ttl=60)
        state.set_many("g", {f"live{number}": number for number in range(KEPT)})
        state.set_many("g", {f"soon{number}": number for number in range(KEPT)}, ttl=70)
    clock.advance(61)
    yield path, clock.now
    shutil.rmtree(path.parent)


@pytest.fixture
def full(expired: tuple[Path, int], tmp_path: Path) -> tuple[Path, ManualClock]:
    shutil.copyfile(expired[0], tmp_path / "state.db")
    return tmp_path / "state.db", ManualClock(expired[1])


def test_readers_and_writers_do_not_notice_a_sweep(full: tuple[Path, ManualClock]) -> None:
    path, clock = full
    waits = Waits(2)

    def sweep() -> int:
        with opened(path, clock) as state:
            time.sleep(0.2)
            held, started = lock_times(state), time.monotonic()
            swept = state.sweep()
            taken = time.monotonic() - started
            time.sleep(0.1)
            waits.over()
            print(  # noqa: T201
                f"{swept:,} swept in {taken:.2f} s by {len(held)} transactions of {statistics.median(held) * 1000:.2f}"
                f" ms mostly, {max(held) * 1000:.1f} at most"
            )
            assert statistics.median(held) < 0.01
        return 0 if swept == EXPIRED else 1

    def read() -> int:
        with opened(path, clock, timeout=1) as state:
            waits.watch(0, lambda number: look(state, number), lambda number: look_closely(state, number))
        return 0

    def write() -> int:
        with opened(path, clock, timeout=1) as state:
            waits.watch(1, lambda number: state.set("g" if number % 2 else "h", "new", number))
        return 0

    assert in_children(sweep, read, write) == [0, 0, 0]
    print(f"the reader, then the writer, waited {waits}")  # noqa: T201
    assert max(waits.longest) < NOTICED
    check_counts(path)
    with opened(path, clock) as state:
        assert state.sweep() == 0
        group = state.group("g")
        assert group is not None
        assert group.items == len(state.list("g")) == 2 * KEPT + 1


def look(state: Store, number: int) -> None:
    """Nothing that has expired is there, and everything else is."""
    assert state.get("g", f"k{number % EXPIRED:07d}") is None
    assert state.get("g", f"live{number % KEPT}") == number % KEPT


def look_closely(state: Store, number: int) -> None:
    """Counts are right or marked as not yet; it takes long, as all that has expired is looked at."""
    if number % 50 == 0:
        keys = [item.key for item in state.items("g", limit=1000).items]
        assert 2 * KEPT <= len(keys) <= 2 * KEPT + 1
        group = state.group("g")
        assert group is not None
        assert group.items - 2 * KEPT in (0, 1) or (group.approximate and group.items > 2 * KEPT)


def test_counts_are_right_before_while_and_after_sweeping_where_they_can_be_counted_off(tmp_path: Path) -> None:
    clock = ManualClock()
    path = tmp_path / "state.db"
    with opened(path, clock) as state, opened(path, clock) as other:
        fill(state, "g", 3000, ttl=60)
        fill(state, "h", 10, ttl=None)
        state.set_many("g", dict.fromkeys("abc", 1), ttl=90)
        seen = []

        def count() -> None:
            group = other.group("g")
            assert group is not None
            assert (group.items, group.size, group.approximate) == (3, 3, False)
            assert [item.key for item in other.items("g", limit=1000).items] == ["a", "b", "c"]
            assert [info.id for info in other.groups().items] == ["g", "h"]
            check_counts(path)
            seen.append(group)

        clock.advance(60)
        count()
        sweeping = threading.Thread(target=state.sweep)
        sweeping.start()
        while sweeping.is_alive():
            count()
        sweeping.join()
        count()
        assert len(seen) > 3
        assert state.stats().expired == 3000


def test_among_many_that_are_alive_the_expired_are_looked_for_without_the_write_lock(tmp_path: Path) -> None:
    clock = ManualClock((1_800_000_000_000 >> 16 << 16) + 1000)  # at the start of a minute by which expiries are kept
    with opened(tmp_path / "state.db", clock) as state:
        fill(state, "g", 60_000, ttl=40)
        state.set_many("g", dict.fromkeys("abc", 1), ttl=1)
        clock.advance(2)
        held, started = lock_times(state), time.monotonic()
        assert state.sweep() == 3
        assert len(held) <= 2
        assert max(held) < (time.monotonic() - started) / 3


def test_what_was_renewed_since_it_was_found_expired_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = ManualClock()
    with opened(tmp_path / "state.db", clock) as state, opened(tmp_path / "state.db", clock) as other:
        state.set_many("g", dict.fromkeys("abc", 1), ttl=1)
        clock.advance(1)
        real, renewed = SqliteFile.write, list[str]()

        def renewing(file: SqliteFile, *arguments: Any) -> Any:
            if not renewed:
                renewed.append("b")
                other.set("g", "b", 2, ttl=5)
            return real(file, *arguments)

        monkeypatch.setattr(SqliteFile, "write", renewing)
        assert state.sweep() == 2
        assert state.get("g", "b") == 2
        check_counts(tmp_path / "state.db")


class Running(ManualClock):
    """A clock that goes on a little whenever it is looked at."""

    step = 0

    def __call__(self) -> int:
        self.now += self.step
        return self.now


def test_a_sweep_ends_though_items_go_on_expiring(tmp_path: Path) -> None:
    clock = Running()
    with opened(tmp_path / "state.db", clock) as state:
        for number in range(100):
            state.set(f"g{number % 20}", f"{number}", 1, ttl=number + 1)
        clock.advance(20)
        clock.step = 1000
        assert 20 <= state.sweep() <= 25


def test_groups_of_which_something_expires_soon_are_not_looked_at_again_and_again(tmp_path: Path) -> None:
    clock = Running((1_800_000_000_000 >> 16 << 16) + 1000)
    with opened(tmp_path / "state.db", clock) as state:
        for number in range(30):
            state.set_many(f"g{number}", dict.fromkeys("abc", 1), ttl=20)
            state.set(f"g{number}", "dead", 1, ttl=0.001)
        clock.step = 1
        held = lock_times(state)
        assert state.sweep() == 30
        assert len(held) <= 60


def test_in_the_background_a_process_leaves_it_to_another_that_is_sweeping(tmp_path: Path) -> None:
    clock, path = ManualClock(), tmp_path / "state.db"
    with opened(path, clock) as state:
        state.set_many("g", {str(number): 1 for number in range(300)}, ttl=1)
        clock.advance(1)
        held = os.open(f"{path}-gen", os.O_RDONLY)
        try:
            fcntl.flock(held, fcntl.LOCK_EX)
            assert state._sweep(yielding=True) == 0
            check_counts(path)
            assert state.sweep() == 300, "asked for outright, it sweeps"
            state.set("g", "k", 1, ttl=1)
            clock.advance(1)
            assert state._sweep(yielding=True) == 0
        finally:
            os.close(held)
        assert state._sweep(yielding=True) == 1


def test_a_process_that_was_killed_or_forked_while_sweeping_keeps_nobody_from_it(tmp_path: Path) -> None:
    clock, path = ManualClock(), tmp_path / "state.db"
    waits, ends = os.pipe()

    class Forking(ManualClock):
        armed = False

        def __call__(self) -> int:
            if self.armed:
                self.armed = False
                if os.fork() == 0:  # it lives on beyond the sweep, with all files that are open now
                    os.close(ends)
                    os.read(waits, 1)
                    os._exit(0)
            return self.now

    with opened(path, clock) as state:
        state.set("g", "k", 1, ttl=1)
        clock.advance(1)
        forking = Forking(clock.now)
        with opened(path, forking) as own:
            forking.armed = True
            assert own._sweep(yielding=True) == 1
        state.set("g", "k", 1, ttl=1)
        clock.advance(1)
        assert state._sweep(yielding=True) == 1
    os.close(ends)
    os.close(waits)
    os.wait()


def test_sweepers_of_two_processes_remove_each_item_once(tmp_path: Path) -> None:
    path, counted = tmp_path / "state.db", tmp_path / "counted"

    def work(first: str) -> Callable[[], int]:
        def run() -> int:
            with open_store(f"sqlite:///{path}", sweep_interval=0.01) as state:
                for batch in range(100):
                    state.set_many("g", {f"{first}-{batch}-{number}": 1 for number in range(50)}, ttl=0.005)
                    time.sleep(0.003)
                time.sleep(0.1)
            with counted.open("a") as file:
                file.write(f"{state._counters.expired}\n")
            return 0

        return run

    assert in_children(work("a"), work("b")) == [0, 0]
    with open_store(f"sqlite:///{path}", sweep_interval=None) as state:
        by_each = [int(line) for line in counted.read_text().split()]
        assert sum(by_each) > 5000, "the sweepers hardly swept"
        assert sum(by_each) + state.sweep() == 10_000
        assert state.groups().items == []
    check_counts(path)


def test_the_file_does_not_grow_without_end_while_items_are_written_and_expire(tmp_path: Path) -> None:
    clock, sizes = ManualClock(), list[int]()
    with opened(tmp_path / "state.db", clock) as state:
        for round_number in range(20):
            for group in "ab":
                keys = [f"{round_number}-{number}" for number in range(1500)]
                state.set_many(group, {key: {"round": round_number, "text": "x" * 200} for key in keys}, ttl=60)
            clock.advance(30)
            state.sweep()
            sizes.append(state.stats().size)
        assert state.stats().expired == 19 * 2 * 1500
    print("sizes in MB:", [round(size / 1e6, 1) for size in sizes])  # noqa: T201
    assert max(sizes[10:]) < 1.1 * max(sizes[:10])
