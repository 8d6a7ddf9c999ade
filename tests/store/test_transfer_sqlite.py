"""SQLite: backups of a live store, loads that meet other writers or are killed, and memory while exporting."""

from __future__ import annotations

import io
import os
import signal
import threading
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apsw
import pytest

from store import (
    InvalidArgument,
    LoadReport,
    Store,
    StoreBusy,
    StoreUnavailable,
    UnsupportedBackend,
    loading,
    open_store,
    transfer,
)
from tests.conftest import ManualClock
from tests.store.transfers import every_item, fill, line, load, numbered


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/state.db"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Where backups go; there is nothing yet."""
    return tmp_path / "copies" / "copy.db"


@pytest.fixture(autouse=True)
def folder(copy: Path) -> Path:
    copy.parent.mkdir()
    return copy.parent


def opened(path: Path, clock: ManualClock) -> Store:
    return open_store(f"sqlite:///{path}", clock=clock, sweep_interval=None, create=False)


def test_a_backup_is_the_same_store(state: Store, clock: ManualClock, copy: Path, folder: Path) -> None:
    fill(state)
    state.set("wf", "k", 1)
    state.update("wf", "k", [{"type": "set", "path": "", "value": 2}])
    state.set("wf", "removed", 1)
    state.delete("wf", "removed")
    state.configure("wf", default_ttl=60)
    state.finish("wf", keep_for=600)

    state.backup(copy)

    assert os.listdir(folder) == ["copy.db"]
    with opened(copy, clock) as restored:
        assert every_item(restored) == every_item(state)
        assert restored.groups(limit=1000) == state.groups(limit=1000)
        assert restored.set("wf", "removed", 1) == state.set("wf", "removed", 1)
        assert restored.item("wf", "removed") == state.item("wf", "removed")  # versions go on where they were
        restored.clear("wf")
        assert state.get("wf", "k") == 2
    connection = apsw.Connection(str(copy))
    assert connection.pragma("journal_mode") == "wal"
    assert connection.pragma("integrity_check") == "ok"
    connection.close()


def test_a_backup_of_a_backup_and_of_nothing(state: Store, clock: ManualClock, copy: Path) -> None:
    state.backup(str(copy))
    with opened(copy, clock) as restored:
        assert restored.groups().items == []
        restored.set("g", "k", 1)
        restored.backup(copy.with_name("again.db"))
    with opened(copy.with_name("again.db"), clock) as again:
        assert again.get("g", "k") == 1


def test_a_relative_path(state: Store, copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(copy.parent)
    state.backup("copy.db")
    assert copy.is_file()


def test_a_path_where_something_is_already_is_refused(state: Store, tmp_path: Path, folder: Path) -> None:
    file, link = folder / "file", folder / "link"
    file.write_bytes(b"mine")
    link.symlink_to(folder / "nowhere")
    state.set("g", "k", 1)

    for path in (file, link, folder, tmp_path / "state.db"):
        with pytest.raises(StoreUnavailable, match="exists already"):
            state.backup(path)
    assert sorted(os.listdir(folder)) == ["file", "link"]
    assert file.read_bytes() == b"mine"
    assert state.get("g", "k") == 1


def test_a_log_that_a_removed_store_left_is_not_played_into_a_backup(
    state: Store, clock: ManualClock, copy: Path
) -> None:
    state.set("g", "k", 1)
    child = os.fork()
    if child == 0:
        with open_store(f"sqlite:///{copy}", sweep_interval=None) as old:
            old.set_many("old", dict.fromkeys(map(str, range(500)), "x" * 300))
            os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    copy.unlink()

    with pytest.raises(StoreUnavailable, match=r"copy\.db-wal exists already"):
        state.backup(copy)
    assert not copy.exists()
    copy.with_name("copy.db-wal").unlink()
    state.backup(copy)
    with opened(copy, clock) as restored:
        assert [group.id for group in restored.groups().items] == ["g"]


@pytest.mark.parametrize("name", ["nowhere/copy.db", "a\0b", "\udcff", "x" * 300])
def test_a_path_that_cannot_be_written_is_an_error(state: Store, folder: Path, name: str) -> None:
    with pytest.raises(StoreUnavailable):
        state.backup(folder / name)
    assert os.listdir(folder) == []


def test_what_is_no_path_is_refused(state: Store) -> None:
    path: Any
    for path in (None, 5, b"bytes"):
        with pytest.raises(InvalidArgument):
            state.backup(path)


def test_memory_has_no_backup(copy: Path) -> None:
    with open_store("memory://", sweep_interval=None) as state, pytest.raises(UnsupportedBackend, match="export"):
        state.backup(copy)
    assert not copy.exists()


def write_pairs(url: str) -> None:
    with open_store(url, sweep_interval=None) as state:
        for number in range(10**9):
            state.set_many("pairs", {"a": number, "b": number})


@pytest.fixture
def writer(url: str, state: Store) -> Iterator[None]:
    """A process that writes pairs all the time, until the test is over."""
    state.set_many("pairs", {"a": 0, "b": 0})
    child = os.fork()
    if child == 0:
        try:
            write_pairs(url)
        finally:
            os._exit(1)
    yield
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


@pytest.mark.usefixtures("writer")
def test_a_backup_while_others_write_is_of_one_moment(state: Store, clock: ManualClock, folder: Path) -> None:
    state.set_many("filler", dict.fromkeys(map(str, range(2000)), "x" * 500))
    pair = {"a": 0, "b": 0}
    for number in range(10):
        while (low := state.get("pairs", "a")) == pair["a"]:  # the writer may have to wait for its turn
            time.sleep(0.001)
        state.backup(folder / f"{number}.db")
        high = state.get("pairs", "b")
        with opened(folder / f"{number}.db", clock) as restored:
            pair = restored.get_many("pairs", ["a", "b"])
            assert len(restored.list("filler")) == 2000
        assert low <= pair["a"] == pair["b"] <= high


def test_a_load_that_cannot_write_says_how_far_it_came(
    url: str, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, "BATCH_LINES", 10)
    text, reports = numbered(35), list[LoadReport]()
    with open_store(url, clock=clock, sweep_interval=None, timeout=0) as state:
        other = apsw.Connection(url.removeprefix("sqlite:///"))

        def progress(report: LoadReport) -> None:
            reports.append(report)
            if report.lines == 20:
                other.execute("BEGIN IMMEDIATE")

        with pytest.raises(StoreBusy):
            load(state, text, progress=progress)
        other.execute("ROLLBACK")
        other.close()
        assert reports[-1] == LoadReport(20, len(numbered(20)), created=20)
        assert state.list("g") == list(range(20))

        rest = io.BytesIO(text[reports[-1].offset :])
        assert state.load(rest, after=reports[-1]) == LoadReport(35, len(text), created=35)
        assert state.list("g") == list(range(35))


def test_others_write_while_a_load_runs(state: Store) -> None:
    stop, waits = threading.Event(), list[float]()

    def increment() -> None:
        while not stop.is_set():
            started = time.monotonic()
            state.update("other", "n", [{"type": "increment", "path": "n", "by": 1}])
            waits.append(time.monotonic() - started)

    thread = threading.Thread(target=increment)
    thread.start()
    load(state, numbered(10_000))
    stop.set()
    thread.join()

    assert state.get("other", "n") == {"n": len(waits)}
    assert len(state.list("g")) == 10_000
    assert max(waits) < 2


def test_a_load_that_is_killed_leaves_whole_batches_and_can_be_done_again(url: str, tmp_path: Path) -> None:
    file = tmp_path / "export"
    file.write_bytes(numbered(20_000))
    for delay in (0.02, 0.05, 0.1):
        child = os.fork()
        if child == 0:
            try:
                with open_store(url, sweep_interval=None) as state, file.open("rb") as source:
                    state.clear("g")
                    state.load(source)
            finally:
                os._exit(0)
        time.sleep(delay)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        with open_store(url, sweep_interval=None) as state:
            values = state.list("g")
            assert values == list(range(len(values)))
            assert len(values) % 1000 == 0
    with open_store(url, sweep_interval=None) as state, file.open("rb") as source:
        assert state.load(source).lines == 20_000
        assert state.list("g") == list(range(20_000))


def test_large_values_do_not_pile_up_in_an_export(state: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfer, "PAGE_BYTES", 4 * 2**20)
    for number in range(40):
        state.set("g", str(number), "x" * 2**20)

    tracemalloc.start()
    assert sum(map(len, state.export())) > 40 * 2**20
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 16 * 2**20


def test_a_value_that_another_program_wrote_over_several_lines_is_one_line(url: str, state: Store) -> None:
    state.set("g", "k", 1)
    with apsw.Connection(url.removeprefix("sqlite:///")) as other:
        other.execute("""UPDATE items SET value = '{\n  "a": 1\n}'""")

    assert list(state.export()) == [line(value={"a": 1})]
