"""SQLite's trash: a large clear costs nothing, a large restore goes in batches, and killed ones lose nothing."""

from __future__ import annotations

import random
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apsw
import pytest

from store import UNDO_SECONDS, NotInTrash, RestoreReport, Store, open_store
from store.backends import sqlite_restoring, sqlite_sweep
from store.backends.sqlite import SqliteBackend
from tests.conftest import ManualClock
from tests.store.counts import check_counts, check_integrity, left_to_remove
from tests.store.killed import killed
from tests.store.support import in_children
from tests.store.waits import NOTICED, Waits, lock_times

MANY = 100_000
SOME = 5000
KILLS = 20


def opened(path: Path, **options: Any) -> Store:
    return open_store(f"sqlite:///{path}", **{"sweep_interval": None, **options})


def filled(state: Store, items: int) -> None:
    for start in range(0, items, 5000):
        state.set_many("g", {f"k{number:06d}": number for number in range(start, min(start + 5000, items))})


def rows(path: Path) -> int:
    """How many rows of items there are in the file, whatever they belong to."""
    with opened(path) as state:
        return int(cursor_of(state).execute("SELECT count(*) FROM items").get)


def cursor_of(state: Store) -> apsw.Cursor:
    backend = state._backend
    assert isinstance(backend, SqliteBackend)
    with backend._file.connected() as db:
        return db


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A store with a group of 100,000 items that was cleared with undo."""
    folder = tmp_path_factory.mktemp("trash")
    with opened(folder / "large.db") as state:
        filled(state, MANY)
        before, held = cursor_of(state).connection.total_changes(), lock_times(state)
        assert state.clear("g", undo="x") == MANY
        assert cursor_of(state).connection.total_changes() - before < 10, "each item was touched"
        print(f"clearing {MANY:,} items held the lock for {max(held) * 1000:.2f} ms")  # noqa: T201
    yield folder / "large.db"
    shutil.rmtree(folder)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


def test_while_a_large_group_is_restored_others_hardly_wait(large: Path, path: Path) -> None:
    shutil.copyfile(large, path)
    waits = Waits(2)

    def restore() -> int:
        with opened(path) as state:
            held, started = lock_times(state), time.monotonic()
            report = state.restore("x")
            taken = time.monotonic() - started
            waits.over()
            print(f"restored in {taken:.2f} s; a transaction took {max(held) * 1000:.1f} ms at most")  # noqa: T201
        return 0 if (report, len(held) > MANY // 300) == (RestoreReport(MANY, 0), True) else 1

    def write() -> int:
        with opened(path) as state:
            waits.watch(0, lambda number: state.set("h", "new", number))
        return 0

    def count() -> int:
        seen: list[int] = []
        with opened(path) as state:

            def look(_: int) -> None:
                group, entry = state.group("g"), state.trash_entry("x")
                seen.append(group.items if group else 0)
                assert seen[-1] % 250 == 0
                assert seen[-1] + (entry.items if entry else 0) <= MANY

            waits.watch(1, look)
        return 0 if seen == sorted(seen) else 1

    assert in_children(restore, write, count) == [0, 0, 0]
    print(f"the writer and the reader waited {waits}")  # noqa: T201
    assert waits.longest[0] < NOTICED
    check_counts(path)
    with opened(path) as state:
        assert state.list("g") == list(range(MANY))


def test_a_restore_killed_at_any_moment_leaves_the_rest_in_the_trash(tmp_path: Path, path: Path) -> None:
    with opened(tmp_path / "cleared.db") as state:
        filled(state, SOME)
        state.delete_many("g", ["k000000", "k000001"], undo="x")
        state.clear("g", undo="x")
    chance, partly = random.Random(20261124), 0  # noqa: S311
    for _ in range(KILLS):
        shutil.copyfile(tmp_path / "cleared.db", path)
        done = killed(opened, path, chance.uniform(0, 0.2), lambda state: state.restore("x"))
        check_integrity(path)
        check_counts(path)
        with opened(path) as state:
            there, entry = len(state.list("g")), state.trash_entry("x")
            assert there + (entry.items if entry else 0) == SOME
            assert there == SOME or not done
            partly += 0 < there < SOME
            if entry:
                assert state.restore("x") == RestoreReport(SOME - there, 0)
            assert state.list("g") == list(range(SOME))
            assert state.trash().items == []
        check_counts(path)
        for beside in ("", "-wal", "-shm", "-gen"):
            path.with_name(path.name + beside).unlink(missing_ok=True)
    assert partly, "none was killed in the middle"


def test_large_values_end_a_batch_early(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_restoring, "BATCH_BYTES", 10_000)
    with opened(path) as state:
        state.set_many("g", {str(number): "x" * 998 for number in range(35)})
        state.clear("g", undo="x")
        held = lock_times(state)
        assert state.restore("x") == RestoreReport(35, 0)
        assert len(held) == 4


def test_the_sweep_frees_what_is_too_old_bit_by_bit(path: Path, clock: ManualClock) -> None:
    with opened(path, clock=clock) as state:
        filled(state, SOME)
        state.set_many("h", {str(number): number for number in range(700)})
        state.delete_many("h", [str(number) for number in range(500)], undo="y")
        state.clear("g", undo="x")
        assert rows(path) == SOME + 700
        clock.advance(UNDO_SECONDS)
        held = lock_times(state)
        state.sweep()
        assert len(held) > SOME // 1000
    assert rows(path) == 200
    assert left_to_remove(path) == 0
    check_counts(path)


def test_what_is_given_up_is_freed_at_once(path: Path) -> None:
    with opened(path) as state:
        filled(state, SOME)
        state.clear("g", undo="x")
        assert state.discard("x")
    assert rows(path) == 0
    assert left_to_remove(path) == 0
    check_counts(path)


def test_what_could_not_be_freed_at_once_the_next_sweep_frees(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(*_: Any) -> Any:
        raise apsw.BusyError

    with opened(path) as state:
        filled(state, 500)
        state.clear("g", undo="x")
        monkeypatch.setattr(sqlite_sweep, "_remove_trashed", busy)
        assert state.discard("x")
        monkeypatch.undo()
        with pytest.raises(NotInTrash):
            state.restore("x")
        assert rows(path) == 500
        state.sweep()
    assert rows(path) == 0
    check_counts(path)


def test_thousands_of_entries_are_freed(path: Path, clock: ManualClock) -> None:
    with opened(path, clock=clock) as state:
        for number in range(2500):
            state.set("g", "k", number, undo=True)
        clock.advance(UNDO_SECONDS)
        state.sweep()
    assert rows(path) == 1
    check_counts(path)


def test_two_processes_add_to_one_entry_and_a_third_restores_it(path: Path) -> None:
    with opened(path) as state:
        filled(state, 2000)
        state.configure("g", default_ttl=None)

    def remove(first: int) -> int:
        with opened(path) as state:
            for number in range(first, 2000, 2):
                state.delete("g", f"k{number:06d}", undo="x")
        return 0

    def restore() -> int:
        with opened(path) as state:
            return 0 if state.restore("x") == RestoreReport(2000, 0) else 1

    assert in_children(lambda: remove(0), lambda: remove(1)) == [0, 0]
    check_counts(path)
    assert in_children(restore) == [0]
    check_counts(path)
    with opened(path) as state:
        assert state.list("g") == list(range(2000))


def test_two_processes_that_restore_at_once_bring_everything_back_once(path: Path) -> None:
    with opened(path) as state:
        filled(state, SOME)
        state.clear("g", undo="x")

    def restore() -> int:
        with opened(path) as state:
            try:
                return state.restore("x", on_conflict="skip").items // 50
            except NotInTrash:
                return 0

    assert sum(in_children(restore, restore)) == SOME // 50
    check_counts(path)
    with opened(path) as state:
        assert state.list("g") == list(range(SOME))


@pytest.mark.parametrize("items", [3, 300])
def test_another_process_does_not_go_on_reading_what_it_had_cached(path: Path, items: int) -> None:
    with opened(path) as state:
        filled(state, items)
        state.set_many("g", {f"k{number:06d}": "old" for number in range(items)})
        for number in range(items):
            state.set("g", f"k{number:06d}", "new", undo="x")
        for _ in range(3):
            assert state.get("g", "k000001") == "new"

        def restore() -> int:
            with opened(path) as other:
                return 0 if other.restore("x").items == items else 1

        assert in_children(restore) == [0]
        assert state.get("g", "k000001") == "old"


def test_a_backup_carries_the_trash(path: Path, tmp_path: Path) -> None:
    with opened(path) as state:
        state.set("g", "k", 1, ttl=60)
        state.delete("g", "k", undo="x")
        state.backup(tmp_path / "copy.db")
    with opened(tmp_path / "copy.db") as copy:
        assert copy.restore("x") == RestoreReport(1, 0)
        assert copy.list("g") == [1]


def test_a_store_opened_before_a_fork_restores_in_the_child(path: Path) -> None:
    with opened(path) as state:
        state.set("g", "k", 1)
        state.delete("g", "k", undo="x")
        assert in_children(lambda: state.restore("x").items) == [1]
        assert state.get("g", "k") == 1


def test_counts_hold_after_all_kinds_of_undo(path: Path, clock: ManualClock) -> None:
    chance = random.Random(7)  # noqa: S311
    with opened(path, clock=clock) as state:
        for number in range(600):
            group, key, undo = chance.choice("gh"), chance.choice("abcd"), chance.choice("xyz")
            match chance.randrange(7):
                case 0 | 1:
                    state.set(group, key, number, ttl=chance.choice([None, 5]), undo=undo)
                case 2:
                    state.delete(group, key, undo=undo)
                case 3:
                    state.clear(group, undo=undo)
                case 4:
                    state.set(group, key, number)
                case 5 if state.trash_entry(undo):
                    state.restore(undo, on_conflict=chance.choice(["skip", "overwrite"]))
                case _:
                    clock.advance(1)
            if number % 10 == 0:
                check_counts(path)
    check_integrity(path)
