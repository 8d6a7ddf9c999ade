"""SQLite: disks that are full, and what a commit puts on the disk."""

from __future__ import annotations

import contextlib
import resource
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import apsw
import pytest

from store import Store, StoreUnavailable
from tests.store.support import in_children
from tests.store.troubles import READS, WRITES, filled, opened, outcomes

FREE = 400 * 1024
VALUE = "x" * 1000


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 4 MB, where this user may mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)]
    if shutil.which("mount") is None or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("this user may not mount a small disk")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def fill(disk: Path, free: int) -> Path:
    """Fill a disk but for some bytes; the file that does so."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        file.write(bytes(shutil.disk_usage(disk).free - free))
    assert shutil.disk_usage(disk).free == free
    return filler


def written_until_refused(state: Store) -> tuple[int, str]:
    """Write items until one is refused; how many were not, and the words."""
    for number in range(100_000):
        try:
            state.set("g", f"k{number:05}", VALUE)
        except StoreUnavailable as error:
            return number, str(error)
    raise AssertionError("nothing was refused")


def check_acknowledged(state: Store, count: int) -> None:
    assert [item.key for item in state.items("g", limit=1000).items] == [f"k{number:05}" for number in range(count)]
    assert state.list("g") == [VALUE] * count


def check_integrity(path: Path) -> None:
    db = apsw.Connection(str(path))
    assert db.pragma("integrity_check") == "ok"
    db.close()


def test_a_disk_that_becomes_full(disk: Path) -> None:
    path = disk / "state.db"
    with opened(path) as state:
        filler = fill(disk, FREE)
        count, words = written_until_refused(state)
        assert words == f"{path} cannot grow: the disk is full"
        assert count > 10
        with pytest.raises(StoreUnavailable, match="the disk is full"):
            state.set_many("g", {str(number): VALUE for number in range(500)})
        check_acknowledged(state, count)
        assert outcomes(READS, state) == {}
        with opened(path) as other:
            check_acknowledged(other, count)
        filler.unlink()
        state.set("g", f"k{count:05}", VALUE)
    check_integrity(path)
    with opened(path) as state:
        check_acknowledged(state, count + 1)


def test_a_disk_with_room_for_the_data_is_not_filled_by_the_log(disk: Path) -> None:
    with opened(disk / "state.db") as state, opened(disk / "state.db") as other:
        fill(disk, FREE)
        for number in range(500):
            state.set("g", "k", [number, VALUE])
            other.update("g", "l", [{"type": "set", "path": "", "value": [number, VALUE]}])
        assert state.get("g", "k") == other.get("g", "l") == [499, VALUE]


@pytest.mark.parametrize("free", [0, 4096, 8192, 16384, 24576])
def test_a_disk_that_is_full_at_opening(disk: Path, free: int) -> None:
    path = filled(disk / "state.db")
    content = path.read_bytes()
    filler = fill(disk, free)
    with pytest.raises(StoreUnavailable, match=f"{path} cannot grow: the disk is full"):
        opened(path)
    filler.unlink()
    assert path.read_bytes() == content
    with opened(path) as state:
        assert outcomes({**READS, **WRITES}, state) == {}


def test_a_store_that_another_process_has_open_can_be_opened_on_a_full_disk(disk: Path) -> None:
    path = filled(disk / "state.db")
    with opened(path) as first:
        first.set("g", "k1", 1)
        fill(disk, 0)
        with opened(path) as state:
            assert outcomes(READS, state) == {}
            assert state.get("g", "k1") == 1


@pytest.mark.parametrize("pages", [*range(1, 32, 2), 64, 256, 300])
def test_a_store_that_cannot_be_made_for_lack_of_room_is_made_when_there_is_some(disk: Path, pages: int) -> None:
    path = disk / "state.db"
    filler = fill(disk, pages * 4096)
    with contextlib.suppress(StoreUnavailable), opened(path) as state:
        told = set(outcomes(WRITES, state).values())
        counters = f"{path}-gen cannot be written, so no other process could be told: No space left on device"
        assert told <= {f"StoreUnavailable: {counters}", f"StoreUnavailable: {path} cannot grow: the disk is full"}
        filler.unlink()
        assert outcomes(WRITES, state) == {}
    filler.unlink(missing_ok=True)
    with opened(path) as state:
        assert outcomes({**WRITES, **READS}, state) == {}
    check_integrity(path)


def test_a_backup_to_a_full_disk(disk: Path, tmp_path: Path) -> None:
    path = filled(tmp_path / "state.db")
    fill(disk, FREE)
    with opened(path) as state:
        with pytest.raises(StoreUnavailable, match=f"^{disk}/copy.db cannot be written: the disk is full$"):
            state.backup(disk / "copy.db")
        assert [file.name for file in disk.iterdir()] == ["filler"]
        assert outcomes({**READS, **WRITES}, state) == {}


def test_a_file_that_may_not_become_larger(tmp_path: Path) -> None:
    path = tmp_path / "state.db"

    def work() -> int:
        _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        with opened(path) as state:
            resource.setrlimit(resource.RLIMIT_FSIZE, (1024 * 1024, most))
            count, words = written_until_refused(state)
            assert words == f"{path} cannot be used: disk I/O error: File too large"
            check_acknowledged(state, count)
            assert outcomes(READS, state) == {}
            resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
            state.set("g", f"k{count:05}", VALUE)
            check_acknowledged(state, count + 1)
        return 0

    assert in_children(work) == [0]
    check_integrity(path)


class CountingFile(apsw.VFSFile):
    """A file of SQLite's that counts how often files are flushed to the disk."""

    flushed = 0

    def __init__(self, name: apsw.URIFilename | str | None, flags: list[int]) -> None:
        super().__init__("unix", name, flags)

    def xSync(self, flags: int) -> None:  # noqa: N802 - apsw's name
        CountingFile.flushed += 1
        super().xSync(flags)


class CountingFiles(apsw.VFS):
    """The file system as SQLite sees it, for all connections of this process."""

    def __init__(self) -> None:
        super().__init__("counting", "unix", makedefault=True)

    def xOpen(self, name: apsw.URIFilename | str | None, flags: list[int]) -> CountingFile:  # noqa: N802 - apsw's name
        return CountingFile(name, flags)


@pytest.mark.parametrize(("durability", "flushes"), [("normal", 0), ("full", 12)])
def test_full_durability_flushes_each_commit_to_the_disk(
    tmp_path: Path, durability: Literal["normal", "full"], flushes: int
) -> None:
    def work() -> int:
        files = CountingFiles()
        with opened(tmp_path / "state.db", durability=durability) as state:
            state.set("g", "k", 0)
            before = CountingFile.flushed
            for number in range(10):
                state.set("g", "k", number)
            state.set_many("g", {"a": 1, "b": 2})
            state.clear("g")
            assert CountingFile.flushed - before == flushes
        assert CountingFile.flushed > before  # closing does in both
        files.unregister()
        return 0

    assert in_children(work) == [0]
