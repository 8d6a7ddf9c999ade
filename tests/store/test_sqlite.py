"""SQLite: what files are opened, which are refused, and that refusing changes nothing."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import apsw
import pytest

from store import StoreBusy, StoreCorrupt, StoreError, StoreUnavailable
from tests.conftest import ManualClock
from tests.store.troubles import contents, opened


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a store may be made."""
    return tmp_path / "state.db"


@pytest.mark.parametrize(
    "content",
    [b"xy", b"hello, world\n", b'{"orders": {}}', b"\0" * 100, os.urandom(5000), b"SQLite format 3\0" + b"junk" * 1000],
    ids=["two bytes", "text", "json", "zeros", "random", "header and junk"],
)
@pytest.mark.parametrize("create", [True, False])
def test_a_file_that_is_not_a_database_is_refused_unchanged(path: Path, content: bytes, create: bool) -> None:
    path.write_bytes(content)
    with pytest.raises(StoreCorrupt, match=f"{path} is not a database"):
        opened(path, create=create)
    assert contents(path.parent) == {"state.db": content}


def test_an_empty_file_becomes_a_store(path: Path) -> None:
    path.touch()
    with opened(path) as state:
        state.set("g", "k", 1)
        assert state.list("g") == [1]


def foreign_table(db: apsw.Connection) -> None:
    db.execute("CREATE TABLE items (id INTEGER PRIMARY KEY); INSERT INTO items VALUES (1)")


def foreign_id(db: apsw.Connection) -> None:
    db.execute("PRAGMA application_id = 252006673")


def foreign_version(db: apsw.Connection) -> None:
    db.execute("PRAGMA user_version = 1")


def foreign_in_wal_mode(db: apsw.Connection) -> None:
    db.execute("PRAGMA journal_mode = wal; CREATE TABLE t (id)").fetchall()


@pytest.mark.parametrize("make", [foreign_table, foreign_id, foreign_version, foreign_in_wal_mode])
@pytest.mark.parametrize("create", [True, False])
def test_a_database_of_another_program_is_refused_unchanged(
    path: Path, make: Callable[[apsw.Connection], None], create: bool
) -> None:
    db = apsw.Connection(str(path))
    make(db)
    db.close()
    before = contents(path.parent)
    with pytest.raises(StoreUnavailable, match=f"{path} is an SQLite database of another program"):
        opened(path, create=create)
    assert contents(path.parent) == before


def test_a_newer_schema_is_refused_unchanged_with_both_versions(path: Path) -> None:
    opened(path).close()
    db = apsw.Connection(str(path))
    db.execute("PRAGMA user_version = 7; PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    db.close()
    before = contents(path.parent)
    with pytest.raises(
        StoreUnavailable, match=f"{path} has schema version 7, made by a newer stepstate; .* reads version 3"
    ):
        opened(path)
    assert contents(path.parent) == before


def test_without_create_a_missing_file_is_refused_and_not_made(tmp_path: Path) -> None:
    for path in (tmp_path / "state.db", tmp_path / "no" / "folder" / "state.db"):
        with pytest.raises(StoreUnavailable, match=f"there is no store at {path}"):
            opened(path, create=False)
    assert list(tmp_path.iterdir()) == []


def test_without_create_a_store_that_is_there_is_opened(path: Path) -> None:
    opened(path).close()
    with opened(path, create=False) as state:
        state.set("g", "k", 1)


def test_folders_on_the_way_are_made(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b c" / "state.db"
    opened(path).close()
    assert path.is_file()


@pytest.mark.parametrize("create", [True, False])
def test_a_folder_is_no_store(tmp_path: Path, create: bool) -> None:
    with pytest.raises(StoreUnavailable, match=f"{tmp_path} cannot be used"):
        opened(tmp_path, create=create)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreUnavailable, match=f"cannot make the folder {tmp_path}/file/folder: Not a directory"):
        opened(tmp_path / "file" / "folder" / "state.db")


@pytest.mark.parametrize("create", [True, False])
def test_a_file_name_too_long_for_the_system_is_refused(tmp_path: Path, create: bool) -> None:
    with pytest.raises(StoreUnavailable):
        opened(tmp_path / ("x" * 300), create=create)


@pytest.mark.parametrize("create", [True, False])
@pytest.mark.parametrize("name", ["a\0b", "a\ud800b"], ids=["nul", "surrogate"])
def test_a_file_name_that_no_file_can_have_is_refused(tmp_path: Path, name: str, create: bool) -> None:
    with pytest.raises(StoreError):
        opened(tmp_path / name, create=create)


def test_a_process_whose_folder_was_removed_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    with opened(tmp_path / "state.db") as state:
        monkeypatch.chdir(gone)
        gone.rmdir()
        with pytest.raises(StoreUnavailable, match="No such file or directory"):
            opened(Path("state.db"))
        with pytest.raises(StoreUnavailable, match="No such file or directory"):
            state.backup("copy.db")
        state.set("g", "k", 1)


def test_reopening_finds_everything(path: Path, clock: ManualClock) -> None:
    with opened(path, clock=clock) as state:
        state.set("orders", "a", {"n": [1, 2.0, None]}, ttl=60)
        state.set("orders", "b", "🛒")
        state.configure("cache", default_ttl=300)
        state.set("wf-1", "k", 1)
        state.finish("wf-1", keep_for=3600)
        items, groups = state.items("orders"), state.groups()
    with opened(path, clock=clock) as state:
        assert (state.items("orders"), state.groups()) == (items, groups)
        clock.advance(60)
        assert state.list("orders") == ["🛒"]


def test_versions_go_on_after_reopening(path: Path, clock: ManualClock) -> None:
    with opened(path, clock=clock) as state:
        state.set("g", "k", 1)
        state.set("g", "k", 2)
        item = state.item("g", "k")
        assert item is not None
        state.delete("g", "k")
    with opened(path, clock=clock) as state:
        state.set("g", "k", 3)
        again = state.item("g", "k")
        assert again is not None
        assert again.version > item.version


def test_two_stores_on_one_file_see_each_others_writes_at_once(path: Path, clock: ManualClock) -> None:
    with opened(path, clock=clock) as one, opened(path, clock=clock) as two:
        for number in range(3):
            one.set("g", "k", number, ttl=60)
            assert two.get("g", "k") == number
            two.update("g", "k", [{"type": "set", "path": "", "value": -number}])
            assert one.get("g", "k") == -number
        two.configure("g", default_ttl=5)
        one.set("g", "l", 1)
        assert two.ttl("g", "l") == 5
        one.clear("g")
        assert two.list("g") == []


def test_a_store_that_another_holds_locked_is_busy(path: Path) -> None:
    with opened(path, timeout=0.2) as state:
        state.set("g", "k", 1)
        other = apsw.Connection(str(path))
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreBusy, match=rf"{path} was locked by other writers for 0\.2 s"):
            state.set("g", "k", 2)
        assert state.get("g", "k") == 1
        other.execute("ROLLBACK")
        other.close()
        state.set("g", "k", 2)
        assert state.get("g", "k") == 2


def test_looking_for_stale_groups_does_not_wait_for_writers(path: Path) -> None:
    with opened(path, timeout=0.2) as state:
        state.set("g", "k", 1)
        other = apsw.Connection(str(path))
        other.execute("BEGIN IMMEDIATE")
        try:
            assert [group.id for group in state.stale(match="*")] == ["g"]
            assert state.cleanup(match="*", dry_run=True).items == 1
        finally:
            other.close()


def test_the_location_names_the_file(path: Path) -> None:
    with opened(path) as state:
        assert str(path) in state.location
