"""A store's files as the system shows them: what lies beside a database, and whether it is the one that was opened."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

import apsw

from store.backends.generations import SUFFIX
from store.errors import StoreCorrupt, StoreUnavailable

if TYPE_CHECKING:
    from store.backends.generations import Generations

Identity: TypeAlias = tuple[int, int]

_LOG: Final = "-wal"
_LOG_HEADER: Final = 32  # bytes; a log that is shorter holds nothing
_LOG_MARKS: Final = (b"\x37\x7f\x06\x82", b"\x37\x7f\x06\x83", bytes(4))  # zeros are what a power cut may leave
_HEADER: Final = 20  # bytes that stay as they are, but for the last two
_HEADER_BYTES: Final = 32
_MARK: Final = b"SQLite format 3\0"
_WITHOUT_LOG: Final = b"\1\1"  # a header's end in a backup, which is not in WAL mode; and in a file that is
_WITH_LOG: Final = b"\2\2"


def find(path: Path, *, create: bool) -> Path:
    """Where a database really is; the folders on the way are made if `create`.

    Raises:
        StoreUnavailable: it is not there and is not to be made, or naming what is in the way.
    """
    what = f"cannot make the folder {path.parent}"
    try:
        str(path).encode()  # SQLite takes UTF-8
        if create:
            path.parent.mkdir(parents=True, exist_ok=True)
        what = f"{path} cannot be used"
        real = Path(os.path.realpath(path))
        if not create or real.exists():
            real.stat()
    except OSError as error:
        if isinstance(error, FileNotFoundError) and not create:
            raise StoreUnavailable(f"there is no store at {path}") from error
        raise StoreUnavailable(f"{what}: {error.strerror}") from error
    except ValueError as error:  # NUL or a lone surrogate
        raise StoreUnavailable(f"{str(path)!r} names no file: {error}") from error
    return real


def check_beside(path: Path) -> None:
    """Refuse what SQLite would take as it is: an empty file where there was a store, a log that is not the database's.

    Raises:
        StoreUnavailable: the database is gone, or the log is another's.
        StoreCorrupt: the database or the log was overwritten.
        apsw.Error: it cannot be opened.
    """
    # What a store gets later is looked for first: another process may be making it right now.
    beside = [f"{path.name}{suffix}" for suffix in (SUFFIX, _LOG) if os.path.lexists(f"{path}{suffix}")]
    log = Path(f"{path}{_LOG}")
    with_log = _size(log) >= _LOG_HEADER
    if beside and not _size(path):
        what, error = ("empty", StoreCorrupt) if path.exists() else ("gone", StoreUnavailable)
        left = " and ".join(beside)
        raise error(
            f"{path} is {what}, but {left} beside it shows that it was a store; "
            f"put it back, or remove {left} as well to begin anew"
        )
    if not with_log:
        return
    if _log_mark(log) not in _LOG_MARKS:
        raise StoreCorrupt(f"{log} is not a log of SQLite's; remove it to open {path} as it was before the last writes")
    header = _opened(path).xRead(_HEADER, 0)
    if header.startswith(_MARK) and header.endswith(_WITHOUT_LOG):
        raise StoreUnavailable(
            f"{log} is the log of a database that was at {path} before, and would spoil the one that was put there; "
            f"close all that have it open, and remove {log.name}"
        )


class Place:
    """The files that an open store is in.

    Args:
        named: the database as the caller named it; it may be a link, which can be made to point elsewhere.
        path: the database.
        generations: the counters beside it.
    """

    def __init__(self, named: Path, path: Path, generations: Generations) -> None:
        self._path = path
        self._identities = {named: _identity(named)}
        self._file = _opened(path)
        self._header = self._file.xRead(_HEADER, 0)
        self._size = self._file.xFileSize()
        self.look_after(generations)

    def look_after(self, generations: Generations) -> None:
        """Check the counters as well, unless they are in no file."""
        if generations.identity is not None:
            beside = self._path.with_name(self._path.name + SUFFIX)
            self._identities = {**self._identities, beside: generations.identity}  # others may be looking

    def check(self) -> None:
        """Make sure that the files are still the ones that were opened.

        Raises:
            StoreUnavailable: one was removed or replaced: what is written now would be gone with the last process.
            StoreCorrupt: the database was emptied or overwritten.
            apsw.Error: it cannot be read.
        """
        for path, identity in self._identities.items():
            if _identity(path) != identity:
                raise StoreUnavailable(
                    f"{path} was removed or replaced since it was opened; close the store and open it anew"
                )
        before = self._size  # read first: other threads look as well, and then the size before the header
        size, header = self._file.xFileSize(), self._file.xRead(_HEADER_BYTES, 0)
        # A file that another was copied into begins otherwise. That it has a log is true of all that are open.
        if header[:_HEADER] not in (self._header, self._header[:-2] + _WITH_LOG):
            raise StoreCorrupt(f"{self._path} was emptied or overwritten since it was opened; close the store")
        # SQLite may make it smaller, but then it says so in the header before.
        if size < before and size < _said_size(header):
            raise StoreCorrupt(f"{self._path} was cut off since it was opened; close the store")
        self._size = size

    def close(self) -> None:
        """Let go of the files; twice is fine."""
        with contextlib.suppress(apsw.Error):
            self._file.xClose()


def _opened(path: Path) -> apsw.VFSFile:
    # By SQLite: if it were opened and closed behind its back, the system would drop all locks this process has on it.
    return apsw.VFSFile("", str(path), [apsw.SQLITE_OPEN_MAIN_DB | apsw.SQLITE_OPEN_READONLY, 0])


def _said_size(header: bytes) -> int:
    """The size of a database by its header: a page's size, and how many there are."""
    return int.from_bytes(header[16:18]) * int.from_bytes(header[28:32])


def _identity(path: Path) -> Identity | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StoreUnavailable(f"{path} cannot be used: {error.strerror}") from error
    return found.st_dev, found.st_ino


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _log_mark(log: Path) -> bytes:
    try:
        with log.open("rb") as file:
            return file.read(4)
    except OSError:  # SQLite will say so, if it needs it
        return bytes(4)
