"""SQLite: a backup is put where its store was."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path

import apsw
import pytest

from store import StoreUnavailable
from tests.store.troubles import (
    NOTICED,
    READS,
    WRITES,
    check_refused,
    check_refused_unchanged,
    filled,
    killed,
    opened,
    outcomes,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A closed store."""
    return filled(tmp_path / "state.db")


def back_up(path: Path) -> Path:
    """A backup of a store, in a folder of its own."""
    copy = path.parent / "copies" / "state.db"
    copy.parent.mkdir()
    with opened(path) as state:
        state.set("g", "k0", "in the backup")
        state.backup(copy)
        state.set("g", "k0", "later")
    return copy


def check_restored(path: Path) -> None:
    with opened(path) as state:
        assert state.get("g", "k0") == "in the backup"
    db = apsw.Connection(str(path))
    assert db.pragma("journal_mode") == "wal"
    assert db.pragma("integrity_check") == "ok"
    db.close()


def test_a_backup_is_put_in_the_place_of_its_store(path: Path) -> None:
    os.replace(back_up(path), path)
    check_restored(path)
    with opened(path) as state, opened(path) as other:  # they share the counters of the store that was
        for number in range(5):
            state.set("g", "k", number)
            assert other.get("g", "k") == number
        assert outcomes({**READS, **WRITES}, state) == {}


def test_a_backup_beside_the_log_of_a_killed_process_is_not_spoiled(path: Path) -> None:
    copy = back_up(path)
    killed(lambda: opened(path).set("g", "k0", "in the log"))
    shutil.copyfile(copy, path)
    log = path.with_name("state.db-wal")
    check_refused_unchanged(path, StoreUnavailable, f"{log} is the log of a database that was at {path} before")
    log.unlink()
    check_restored(path)


def test_a_backup_copied_into_a_store_that_is_open_is_not_spoiled(path: Path) -> None:
    copy = back_up(path)
    with opened(path) as state:
        state.set_many("g", {f"k{number}": "newer" for number in range(50)})
        subprocess.run(["cp", copy, path], check=True)  # in a process of its own, see `overwrite`
        time.sleep(NOTICED)
        check_refused(state, f"StoreCorrupt: {path} was emptied or overwritten since it was opened")
    assert path.read_bytes() == copy.read_bytes()

    log = path.with_name("state.db-wal")
    check_refused_unchanged(path, StoreUnavailable, f"{log} is the log of a database that was at {path} before")
    log.unlink()
    check_restored(path)


def test_a_backup_moved_over_a_store_that_is_open_is_not_spoiled(path: Path) -> None:
    copy = back_up(path)
    with opened(path) as state:
        state.set_many("g", {f"k{number}": "newer" for number in range(50)})
        copy.replace(path)
        time.sleep(NOTICED)
        check_refused(state, f"StoreUnavailable: {path} was removed or replaced since it was opened")
    path.with_name("state.db-wal").unlink()
    check_restored(path)
