"""SQLite: stores that were damaged while nobody had them open. What can still be read is; nothing begins anew."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import apsw
import pytest

from store import Store, StoreCorrupt, StoreUnavailable
from tests.store.troubles import (
    NOISE,
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


def write(path: Path, offset: int, content: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(content)


def check_whole(path: Path) -> None:
    """Two at once can do everything with the store, and see each other's writes at once."""
    with opened(path) as state, opened(path) as other:
        assert len(state.list("g")) == len(state.list("other")) == 100
        for number in range(5):
            state.set("g", "k", number)
            assert other.get("g", "k") == number
        assert outcomes({**READS, **WRITES}, state) == {}


@pytest.mark.parametrize("size", [100, 4096, 8192, -1], ids=["100", "4096", "8192", "half"])
def test_a_file_that_was_cut_off_is_refused_unchanged(path: Path, size: int) -> None:
    os.truncate(path, size if size >= 0 else path.stat().st_size // 2)
    check_refused_unchanged(path, StoreCorrupt, f"{path} is damaged: ")


def test_noise_over_the_beginning_is_refused_unchanged(path: Path) -> None:
    write(path, 0, NOISE[:4096])
    check_refused_unchanged(path, StoreCorrupt, f"{path} is not a database")


def test_noise_behind_the_header_is_refused_unchanged(path: Path) -> None:
    write(path, 100, NOISE[:3996])
    check_refused_unchanged(path, StoreCorrupt, f"{path} is damaged: ")


def test_noise_over_everything_behind_the_first_page_is_refused(path: Path) -> None:
    write(path, 4096, b"\xff" * (path.stat().st_size - 4096))
    with pytest.raises(StoreCorrupt, match=f"{path} is damaged: "):
        opened(path)


def test_noise_in_the_middle_leaves_the_rest(path: Path) -> None:
    last = path.read_bytes().rindex(b"g" * 1000) // 4096
    write(path, 4096 * (last - 8), NOISE[: 4096 * 4])
    with opened(path) as state:
        with pytest.raises(StoreCorrupt, match=f"{path} is damaged: "):
            state.list("g")
        assert len(state.list("other")) == 100
        assert state.set("other", "k1", 1).old_value == "other" * 1000
        assert len(state.groups().items) == 2


READ_LARGE: dict[str, Callable[[Store], object]] = {
    "get": lambda state: state.get("g", "large"),
    "item": lambda state: state.item("g", "large"),
    "get_many": lambda state: state.get_many("g", ["large"]),
    "list": lambda state: state.list("g"),
    "items": lambda state: state.items("g"),
    "update": lambda state: state.update("g", "large", [{"type": "set", "path": "a", "value": 1}]),
    "delete_many": lambda state: state.delete_many("g", ["large"]),
    "delete": lambda state: state.delete("g", "large"),
    "set": lambda state: state.set("g", "large", 1),
}


@pytest.mark.parametrize("name", READ_LARGE)
def test_noise_in_a_value_is_not_taken_for_one(tmp_path: Path, name: str) -> None:
    path = tmp_path / "state.db"
    with opened(path) as state:
        state.set("g", "large", "~" * 20_000)
        state.set("g", "small", 1)
    found = path.read_bytes().index(b"~" * 4000)
    write(path, found + 100, b"\xff\0\x01" * 100)
    with opened(path) as state:
        with pytest.raises(StoreCorrupt, match="the store is damaged: what was read is not what can have been written"):
            READ_LARGE[name](state)
        assert state.get("g", "small") == 1
        state.set("g", "small", 2)


def test_noise_in_a_name_is_not_taken_for_one(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    with opened(path) as state:
        state.set("g", "the key", "the value")
        state.set("other", "k", 1)
    path.write_bytes(path.read_bytes().replace(b"the key", b"the \xff\xfe\xfd"))
    with opened(path) as state:
        for read in (state.items, lambda group: list(state.export([group]))):
            with pytest.raises(StoreCorrupt, match=f"{path} is damaged: 'utf-8' codec"):
                read("g")
        assert state.get("other", "k") == 1


def test_a_store_without_its_id_is_refused(path: Path) -> None:
    db = apsw.Connection(str(path))
    db.execute("DELETE FROM store")
    db.close()
    with pytest.raises(StoreCorrupt, match=f"{path} is damaged: it has lost its id"):
        opened(path)


def test_an_empty_file_that_was_a_store_is_refused_unchanged(path: Path) -> None:
    os.truncate(path, 0)
    check_refused_unchanged(path, StoreCorrupt, rf"{path} is empty, but state\.db-gen beside it shows that it was a")
    path.unlink()
    check_refused_unchanged(path, StoreUnavailable, rf"{path} is gone, but state\.db-gen beside it shows that it was a")
    path.with_name("state.db-gen").unlink()
    with opened(path) as state:
        assert state.groups().items == []


@pytest.mark.parametrize("gone", [False, True])
def test_the_log_of_an_empty_file_is_not_thrown_away(path: Path, gone: bool) -> None:
    killed(lambda: opened(path).set("g", "last", 1))
    path.with_name("state.db-gen").unlink()
    os.truncate(path, 0)
    what = "empty"
    if gone:
        path.unlink()
        what = "gone"
    check_refused_unchanged(
        path, StoreUnavailable if gone else StoreCorrupt, rf"{path} is {what}, but state\.db-wal beside it"
    )


def missing(counters: Path) -> None:
    counters.unlink()


def empty(counters: Path) -> None:
    os.truncate(counters, 0)


def cut_off(counters: Path) -> None:
    os.truncate(counters, counters.stat().st_size // 2)


def noise(counters: Path) -> None:
    counters.write_bytes(os.urandom(counters.stat().st_size))


def of_another_store(counters: Path) -> None:
    other = filled(counters.with_name("other.db"))
    other.with_name("other.db-gen").replace(counters)


def noise_behind_the_head(counters: Path) -> None:
    write(counters, 24, os.urandom(counters.stat().st_size - 24))


@pytest.mark.parametrize("happens", [missing, empty, cut_off, noise, of_another_store, noise_behind_the_head])
@pytest.mark.parametrize("after", ["closed", "killed"])
def test_counters_are_made_anew(path: Path, happens: Callable[[Path], None], after: str) -> None:
    if after == "killed":
        killed(lambda: opened(path).set("other", "k1", 1))
    happens(path.with_name("state.db-gen"))
    check_whole(path)


def test_a_folder_in_place_of_the_counters_lets_nothing_be_written(path: Path) -> None:
    counters = path.with_name("state.db-gen")
    counters.unlink()
    counters.mkdir()
    with opened(path) as state:
        assert outcomes(READS, state) == {}
        refusal = f"StoreUnavailable: {counters} cannot be written, so no other process could be told: Is a directory"
        assert outcomes(WRITES, state) == dict.fromkeys(WRITES, refusal)
        counters.rmdir()
        assert outcomes(WRITES, state) == {}
        counters.unlink()
        time.sleep(NOTICED)
        check_refused(state, f"StoreUnavailable: {counters} was removed or replaced since it was opened")


@pytest.mark.parametrize("index", [None, NOISE, b""], ids=["as it was", "noise", "empty"])
def test_what_a_killed_process_left_is_taken_in(path: Path, index: bytes | None) -> None:
    killed(lambda: opened(path).set_many("other", {f"k{number}": number for number in range(50)}))
    assert path.with_name("state.db-wal").stat().st_size
    if index is not None:
        path.with_name("state.db-shm").write_bytes(index)
    with opened(path) as state:
        assert state.get_many("other", ["k0", "k49"]) == {"k0": 0, "k49": 49}
    check_whole(path)


def test_noise_over_the_log_is_said_before_anything_is_lost(path: Path) -> None:
    killed(lambda: opened(path).set("g", "last", 1))
    log = path.with_name("state.db-wal")
    log.write_bytes(os.urandom(log.stat().st_size))
    message = f"{log} is not a log of SQLite's; remove it to open {path} as it was before the last writes"
    check_refused_unchanged(path, StoreCorrupt, message)
    log.unlink()
    check_whole(path)


@pytest.mark.parametrize(
    ("part", "content", "left"),
    [(0, bytes(4096), ["g" * 1000]), (0.5, NOISE[:100], range(3, 7))],
    ids=["no header, as after a power cut", "noise in the middle"],
)
def test_the_log_is_taken_in_as_far_as_it_is_whole(
    path: Path, part: float, content: bytes, left: Sequence[object]
) -> None:
    def work() -> None:
        state = opened(path)
        for number in range(10):
            state.set("g", "k0", number)

    killed(work)
    log = path.with_name("state.db-wal")
    write(log, int(log.stat().st_size * part), content)
    with opened(path) as state:
        assert state.get("g", "k0") in left
    check_whole(path)


def test_a_sweep_of_what_cannot_be_swept_ends(path: Path) -> None:
    with opened(path) as state:
        state.set("g", "k", 1, ttl=0.001)
    db = apsw.Connection(str(path))
    db.execute("PRAGMA writable_schema = ON")
    (index,) = db.execute("SELECT * FROM sqlite_schema WHERE name = 'groups_by_expiry'").fetchall()
    db.execute("DELETE FROM sqlite_schema WHERE name = 'groups_by_expiry'")
    db.close()
    db = apsw.Connection(str(path))  # which knows of no index
    db.execute("DELETE FROM groups WHERE name = 'g'; PRAGMA writable_schema = ON")
    db.execute("INSERT INTO sqlite_schema VALUES (?, ?, ?, ?, ?)", index)
    db.close()
    time.sleep(0.002)
    with opened(path) as state:
        with pytest.raises(StoreCorrupt, match=f"{path} is damaged: what is due cannot be swept"):
            state.sweep()
        assert len(state.list("other")) == 100


def test_a_sweep_of_what_cannot_be_removed_ends(path: Path) -> None:
    with opened(path) as state:
        state.set_many("g", {str(number): number for number in range(500)})
        db = apsw.Connection(str(path))
        db.execute("CREATE TRIGGER t BEFORE DELETE ON cleared BEGIN SELECT RAISE(IGNORE); END")
        db.close()
        assert state.clear("g") == 600
        with pytest.raises(StoreCorrupt, match=f"{path} is damaged: what was cleared cannot be removed"):
            state.sweep()
        assert state.list("g") == []
        assert len(state.list("other")) == 100
