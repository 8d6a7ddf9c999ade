"""SQLite: what happens to the files of a store that is open. No answer comes from files that are not those any more."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import apsw
import pytest

from store import Store, StoreCorrupt, StoreError, StoreUnavailable
from tests.store.troubles import (
    NOISE,
    NOTICED,
    READS,
    WRITES,
    check_refused,
    contents,
    filled,
    opened,
    outcomes,
    overwrite,
    said,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the store is."""
    return filled(tmp_path / "state.db")


@pytest.fixture
def state(path: Path) -> Iterator[Store]:
    """The store, open, with something in its log and something in its cache."""
    with opened(path, timeout=2) as state:
        state.set("g", "k0", 0)
        for _ in range(3):
            state.get("g", "k1")
        assert state.stats().cache_hits
        yield state


def in_thread(work: Callable[[], object]) -> None:
    """Run work in a new thread, which has no connection yet; what it raises is raised here."""
    errors: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if errors:
        raise errors[0]


def remove(path: Path) -> None:
    path.unlink()


def remove_all(path: Path) -> None:
    for file in path.parent.iterdir():
        file.unlink()


def replace(path: Path) -> None:
    filled(path.with_name("other.db")).replace(path)


def replace_by_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("happens", [remove, remove_all, replace, replace_by_a_folder])
@pytest.mark.parametrize("anew", [False, True], ids=["same thread", "new thread"])
def test_a_file_that_was_removed_or_replaced(
    path: Path, state: Store, happens: Callable[[Path], None], anew: bool
) -> None:
    happens(path)
    before = set(path.parent.iterdir())
    time.sleep(NOTICED)
    refusal = f"StoreUnavailable: {path} was removed or replaced since it was opened; close the store and open it anew"
    (in_thread if anew else lambda work: work())(lambda: check_refused(state, refusal))
    assert set(path.parent.iterdir()) == before


@pytest.mark.parametrize("call", [READS["get"], READS["item"], READS["list"], WRITES["set"], WRITES["clear"]])
def test_a_removed_file_is_noticed_in_a_tenth_of_a_second_under_load(
    path: Path, state: Store, call: Callable[[Store], object]
) -> None:
    assert said(call, state) == ""
    path.unlink()
    removed = time.monotonic()
    while not said(call, state):
        assert time.monotonic() < removed + 1
    assert time.monotonic() < removed + 0.1 + 0.1  # the second for a machine that is busy
    assert said(call, state)


def test_a_removed_file_that_is_put_back_goes_on(path: Path, state: Store) -> None:
    path.rename(path.with_name("aside.db"))
    time.sleep(NOTICED)
    assert said(READS["get"], state)
    path.with_name("aside.db").rename(path)
    assert outcomes({**READS, **WRITES}, state) == {}


def test_a_writer_that_waited_for_the_lock_notices_what_happened_meanwhile(path: Path, state: Store) -> None:
    other = apsw.Connection(str(path))
    other.execute("BEGIN IMMEDIATE")

    def free() -> None:
        time.sleep(NOTICED)
        path.unlink()
        time.sleep(NOTICED)
        other.execute("ROLLBACK")
        other.close()

    thread = threading.Thread(target=free)
    thread.start()
    with pytest.raises(StoreUnavailable, match="was removed or replaced"):
        state.set("g", "k", 1)
    thread.join()


def test_a_link_that_was_made_to_point_elsewhere(path: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.db"
    link.symlink_to(path)
    state = opened(link)
    assert outcomes({**READS, **WRITES}, state) == {}
    link.unlink()
    link.symlink_to(filled(tmp_path / "other.db"))
    time.sleep(NOTICED)
    check_refused(state, f"StoreUnavailable: {link} was removed or replaced")


@pytest.mark.parametrize("create", [True, False])
def test_no_other_opens_an_empty_store_where_one_was_removed(path: Path, state: Store, create: bool) -> None:
    path.unlink()
    before = contents(path.parent)
    with pytest.raises(
        StoreUnavailable, match=f"there is no store at {path}" if not create else f"{path} is gone, but"
    ):
        opened(path, create=create)
    assert contents(path.parent) == before


@pytest.mark.parametrize("size", [0, 100, 4096, 8192, -1], ids=["0", "100", "4096", "8192", "half"])
@pytest.mark.parametrize("anew", [False, True], ids=["same thread", "new thread"])
def test_a_file_that_was_cut_off(path: Path, state: Store, size: int, anew: bool) -> None:
    size = path.stat().st_size // 2 if size < 0 else size
    os.truncate(path, size)
    time.sleep(NOTICED)
    what = "cut off" if size else "emptied or overwritten"
    refusal = f"StoreCorrupt: {path} was {what} since it was opened; close the store"
    (in_thread if anew else lambda work: work())(lambda: check_refused(state, refusal))
    with pytest.raises(StoreCorrupt, match=str(path)), opened(path) as again:
        again.list("other")
    assert path.stat().st_size == size


def test_a_file_that_sqlite_itself_makes_smaller_goes_on(path: Path, state: Store) -> None:
    state.clear("other")
    other = apsw.Connection(str(path))
    other.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    time.sleep(NOTICED)
    assert state.list("g")
    before = path.stat().st_size
    other.execute("VACUUM")
    other.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    other.close()
    assert path.stat().st_size < before
    time.sleep(NOTICED)
    assert outcomes({**READS, **WRITES}, state) == {}


def test_noise_over_the_beginning(path: Path, state: Store) -> None:
    overwrite(path, 0, NOISE[:4096])
    time.sleep(NOTICED)
    check_refused(state, f"StoreCorrupt: {path} was emptied or overwritten since it was opened")


def test_noise_over_the_middle_leaves_the_rest(path: Path, state: Store) -> None:
    last = path.read_bytes().rindex(b"g" * 1000) // 4096
    overwrite(path, 4096 * (last - 8), NOISE[: 4096 * 4])

    def check() -> None:
        with pytest.raises(StoreCorrupt, match=f"{path} is damaged"):
            state.list("g")
        assert len(state.list("other")) == 100
        assert state.set("other", "k1", 1).old_value == "other" * 1000

    in_thread(check)
    state.close()


def test_noise_over_the_log_raises_nothing_but_store_errors(path: Path, state: Store) -> None:
    state.set_many("g", {f"k{number}": "in the log" * 500 for number in range(50)})
    overwrite(path.with_name("state.db-wal"), 4096, NOISE * 4)
    told: dict[str, str] = {}
    in_thread(lambda: told.update(outcomes({**READS, **WRITES}, state)))
    assert told["list"].startswith("StoreCorrupt: ")
    state.close()


@pytest.mark.parametrize("happens", [remove, replace])
def test_counters_that_were_removed_or_replaced(path: Path, state: Store, happens: Callable[[Path], None]) -> None:
    counters = path.with_name("state.db-gen")
    happens(counters)
    time.sleep(NOTICED)
    check_refused(state, f"StoreUnavailable: {counters} was removed or replaced since it was opened")
    with opened(path) as anew:
        assert outcomes({**READS, **WRITES}, anew) == {}


def test_noise_over_the_counters_lets_reads_go_on(path: Path, state: Store) -> None:
    counters = path.with_name("state.db-gen")
    overwrite(counters, 64, b"\xff" * (counters.stat().st_size - 64))
    assert outcomes(READS, state) == {}
    with pytest.raises(StoreCorrupt, match=f"{counters} was overwritten; remove it while nobody has it open"):
        state.set("g", "k1", 1)
    assert state.get("g", "k1") == "g" * 1000
    state.close()
    counters.unlink()
    with opened(path) as anew:
        assert outcomes({**READS, **WRITES}, anew) == {}


def test_closing_a_store_on_which_all_goes_wrong_raises_nothing(path: Path) -> None:
    states = [opened(path) for _ in range(3)]
    for state in states:
        state.set("g", "k", 1)
        in_thread(lambda state=state: state.get("g", "k"))  # type: ignore[misc]
    remove_all(path)
    path.mkdir()
    for state in states:
        state.close()
        state.close()
        with pytest.raises(StoreError, match="the store was closed"):
            state.get("g", "k")
