"""SQLite: a large group is cleared at once for everybody, and removed bit by bit, also after the process was killed."""

from __future__ import annotations

import random
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apsw
import pytest

from store import Store, open_store
from store.backends import sqlite_sweep
from tests.store.counts import check_counts, check_integrity, left_to_remove
from tests.store.killed import killed
from tests.store.support import in_children
from tests.store.waits import NOTICED, Waits, lock_times

MANY = 100_000
SOME = 20_000
KILLS = 20


def opened(path: Path, **options: Any) -> Store:
    return open_store(f"sqlite:///{path}", **{"sweep_interval": None, **options})


def made(path: Path, items: int) -> Path:
    """A store with a large group, and a small one."""
    with opened(path) as state:
        for start in range(0, items, 5000):
            state.set_many("g", {f"k{number:06d}": {"n": number} for number in range(start, start + 5000)})
        state.set_many("h", {str(number): number for number in range(300)})
    return path


@pytest.fixture(scope="module")
def templates(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[int, Path]]:
    folder = tmp_path_factory.mktemp("large")
    yield {items: made(folder / f"{items}.db", items) for items in (MANY, SOME)}
    shutil.rmtree(folder)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


def test_while_a_large_group_is_cleared_others_see_all_or_nothing_and_hardly_wait(
    templates: dict[int, Path], path: Path
) -> None:
    shutil.copyfile(templates[MANY], path)
    waits = Waits(3)

    def clear() -> int:
        with opened(path) as state:
            time.sleep(0.3)
            held, started = lock_times(state), time.monotonic()
            cleared = state.clear("g")
            taken = time.monotonic() - started
            time.sleep(0.1)
            waits.over()
            print(f"cleared in {taken:.2f} s; a transaction took {max(held) * 1000:.1f} ms at most")  # noqa: T201
        return 0 if cleared == MANY else 1

    def look() -> int:
        with opened(path) as state:
            seen: list[int] = []

            def count(number: int) -> None:
                group, first = state.group("g"), state.get("g", "k000000")
                last, page = state.get("g", f"k{MANY - 1:06d}"), state.items("g", sort="-key", limit=5).items
                seen.append(0 if group is None else group.items)
                # In this order: what is looked at later may be gone already, never the other way round.
                looks = [group is not None, first is not None, last is not None, bool(page)]
                assert looks == sorted(looks, reverse=True)
                assert len(page) in (0, 5)

            waits.watch(0, count)
            assert set(seen) == {0, MANY}
            assert seen == sorted(seen, reverse=True)
            assert state.list("g") == []
        return 0

    def listing() -> int:
        sizes = []
        with opened(path) as state:
            waits.watch(1, lambda _: None, lambda _: sizes.append(len(state.list("g"))))
        return 0 if set(sizes) == {0, MANY} else 1

    def write() -> int:
        with opened(path) as state:
            waits.watch(2, lambda number: state.set("h", "new", number))
        return 0

    assert in_children(clear, look, listing, write) == [0, 0, 0, 0]
    print(f"the reader, the lister and the writer waited {waits}")  # noqa: T201
    assert waits.longest[2] < NOTICED
    check_counts(path)
    assert left_to_remove(path) == 0


def test_a_group_can_be_written_again_while_what_it_held_is_being_removed(
    templates: dict[int, Path], path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copyfile(templates[SOME], path)
    with opened(path) as state, opened(path) as other:
        real, batches = sqlite_sweep._remove_batch, 0

        def writing(db: apsw.Cursor) -> Any:
            nonlocal batches
            batches += 1
            return real(db)

        def write(seconds: float) -> None:
            other.set("g", "k000000", batches)
            other.set("g", f"new{batches}", batches)
            assert other.get("g", "k000001") is None
            assert other.list("g") == [batches, *sorted(range(1, batches + 1), key=str)]

        monkeypatch.setattr(sqlite_sweep, "_remove_batch", writing)
        monkeypatch.setattr(sqlite_sweep, "give_way", write)
        assert state.clear("g") == SOME
        assert batches > 10
        monkeypatch.undo()
        assert len(state.list("g")) == batches + 1
        check_counts(path)
        assert left_to_remove(path) == 0


def test_a_clear_that_cannot_remove_at_once_is_done_all_the_same(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(*_: Any) -> Any:
        raise apsw.BusyError

    with opened(path) as state:
        state.set_many("g", {str(number): number for number in range(300)})
        monkeypatch.setattr(sqlite_sweep, "_remove_batch", busy)
        assert state.clear("g") == 300
        monkeypatch.undo()
        assert state.list("g") == []
        assert left_to_remove(path) > 300
        assert state.sweep() == 0, "what was cleared had not expired"
        assert left_to_remove(path) == 0


def test_a_clear_killed_at_any_moment_has_cleared_all_or_nothing_and_the_next_sweep_goes_on(
    templates: dict[int, Path], path: Path
) -> None:
    chance, outcomes = random.Random(20261123), set[tuple[bool, bool]]()  # noqa: S311
    for _ in range(KILLS):
        shutil.copyfile(templates[SOME], path)
        lifetime = chance.choice([0.0, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.03, 0.1])
        done = killed(opened, path, lifetime, lambda state: state.clear("g"))
        check_integrity(path)
        check_counts(path)
        with opened(path) as state:
            group = state.group("g")
            items = 0 if group is None else group.items
            assert items == (SOME if state.get("g", "k000000") else 0)
            assert items == 0 or not done
            assert len(state.list("g")) == items
            left = left_to_remove(path)
            outcomes.add((items > 0, left > 0))
            assert items == 0 or left == 0
            state.set("g", "k000000", "new")
            state.sweep()
            assert left_to_remove(path) == 0
            assert len(state.list("g")) == max(items, 1)
        check_counts(path)
        for beside in ("", "-wal", "-shm", "-gen"):
            path.with_name(path.name + beside).unlink(missing_ok=True)
    assert (False, True) in outcomes, "none was killed in the middle"


def test_a_cleanup_of_many_groups_takes_them_out_of_sight_before_it_removes_their_items(path: Path) -> None:
    with opened(path) as state:
        for number in range(30):
            state.set_many(f"wf-{number}", dict.fromkeys("abcdefghijklmnopqrst", 1))
        state.configure("wf-7", default_ttl=60)
        times = lock_times(state)
        assert state.cleanup(match="wf-*").items == 600
        assert [(group.id, group.items) for group in state.groups().items] == [("wf-7", 0)]
        assert len(times) > 1, "the items went with their groups, however many"
        state.set("wf-1", "a", 2)
        assert state.list("wf-1") == [2]
    assert left_to_remove(path) == 0
    check_counts(path)
