"""SQLite: files and folders that this user may not write or read. What can be read is."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest

from tests.store.troubles import READS, WRITES, as_nobody, check_refused, contents, filled, killed, opened, outcomes


@pytest.fixture
def shared_folder() -> Iterator[Path]:
    """A folder that every user may enter; pytest's own are private."""
    folder = Path(tempfile.mkdtemp(prefix="stepstate-test-"))
    folder.chmod(0o755)
    yield folder
    folder.chmod(0o755)
    shutil.rmtree(folder)


@pytest.fixture
def path(shared_folder: Path) -> Path:
    """A closed store."""
    return filled(shared_folder / "state.db")


def give_to_nobody(folder: Path) -> None:
    """Let the user that `as_nobody` works as own a folder and what is in it."""
    if os.getuid() == 0:
        for file in (folder, *folder.iterdir()):
            os.chown(file, 65534, 65534)


def check_only_reads(path: Path) -> None:
    """Whoever opens the store can read all, and is told on each write which file is not writable."""
    with opened(path) as state:
        assert outcomes(READS, state) == {}
        told = outcomes(WRITES, state)
        assert told.keys() == WRITES.keys()
        database = f"StoreUnavailable: {path} cannot be used: it is not writable"
        counters = f"StoreUnavailable: {path}-gen cannot be written, so no other process could be told"
        assert set(told.values()) <= {database, f"{counters}: Permission denied"}


@pytest.mark.parametrize("name", ["state.db", "folder/state.db"])
def test_a_folder_that_is_not_writable_is_unavailable(shared_folder: Path, name: str) -> None:
    shared_folder.chmod(0o555)
    told = as_nobody(lambda: opened(shared_folder / name))
    assert told.startswith("StoreUnavailable: ")
    assert str(shared_folder) in told
    assert list(shared_folder.iterdir()) == []


@pytest.mark.parametrize("create", [True, False])
def test_a_store_in_a_folder_that_is_not_writable_is_unavailable(path: Path, create: bool) -> None:
    path.chmod(0o666)
    path.parent.chmod(0o555)
    before = contents(path.parent)
    refusal = f"{path} cannot be used: the folder {path.parent} is not writable"
    assert as_nobody(lambda: opened(path, create=create)).startswith(f"StoreUnavailable: {refusal}")
    assert contents(path.parent) == before


@pytest.mark.parametrize("create", [True, False])
def test_a_folder_that_cannot_be_entered_is_unavailable(path: Path, create: bool) -> None:
    path.parent.chmod(0o700 if os.getuid() == 0 else 0)
    told = as_nobody(lambda: opened(path, create=create))
    assert told == f"StoreUnavailable: {path} cannot be used: Permission denied"


def test_a_folder_that_can_no_longer_be_entered_is_unavailable(path: Path) -> None:
    give_to_nobody(path.parent)

    def work() -> None:
        state = opened(path)
        assert outcomes(READS, state) == {}
        path.parent.chmod(0)
        time.sleep(0.11)
        check_refused(state, f"StoreUnavailable: {path} cannot be used: Permission denied")

    assert as_nobody(work) == ""


def test_a_file_that_is_not_readable_is_unavailable(path: Path) -> None:
    path.chmod(0)
    path.parent.chmod(0o777)
    assert as_nobody(lambda: opened(path)) == f"StoreUnavailable: {path} cannot be used: it is not readable"


def test_a_file_that_is_not_writable_can_be_read_and_not_written(path: Path) -> None:
    with opened(path) as state:
        state.set("g", "k", 1)
        other = apsw.Connection(str(path))  # not the store's, which would close it before the fork
        other.execute("SELECT count(*) FROM items").fetchall()
        path.chmod(0o444)
        for beside in ("-wal", "-shm"):
            path.with_name(path.name + beside).chmod(0o444)
        assert as_nobody(lambda: check_only_reads(path)) == ""
        other.close()
    with opened(path) as state:
        assert state.get("g", "k") == 1
        assert state.get("g", "k1") == "g" * 1000
    assert not path.stat().st_mode & stat.S_IWUSR


@pytest.mark.parametrize("mode", [0o444, 0])
def test_counters_that_are_not_writable_let_nothing_be_written(path: Path, mode: int) -> None:
    counters = path.with_name("state.db-gen")
    counters.chmod(mode)
    path.chmod(0o666)
    path.parent.chmod(0o777)
    before = path.read_bytes()
    assert as_nobody(lambda: check_only_reads(path)) == ""
    assert path.read_bytes() == before


def test_writes_begin_once_the_counters_can_be_made(path: Path) -> None:
    counters = path.with_name("state.db-gen")
    killed(lambda: opened(path).get("g", "k1"))  # so that SQLite need not make files in the folder
    counters.unlink()
    give_to_nobody(path.parent)
    path.parent.chmod(0o555)

    def work() -> None:
        refusal = f"StoreUnavailable: {counters} cannot be written, so no other process could be told"
        with opened(path) as early, opened(path) as state:
            assert outcomes(WRITES, early) == dict.fromkeys(WRITES, f"{refusal}: Permission denied")
            path.parent.chmod(0o755)
            assert early.set("g", "k1", 1).old_value == "g" * 1000
            assert state.set("g", "k1", 2).old_value == 1
            assert early.get("g", "k1") == 2

    assert as_nobody(work) == ""
    assert counters.exists()


def test_a_store_whose_writer_was_killed_can_be_read_in_a_folder_that_is_not_writable(path: Path) -> None:
    killed(lambda: opened(path).set("g", "last", 1))
    path.parent.chmod(0o555)

    def work() -> None:
        check_only_reads(path)
        assert opened(path).get("g", "last") == 1

    assert as_nobody(work) == ""
