"""Counters in a small mapped file beside the database: by them, each process tells what it has cached is still right.

A writer that holds the database's write lock makes a key's counter odd before it commits and even after it. So a reader
that finds the counter as it was before it read the database knows that no commit of that key has begun since. A writer
that dies in between leaves the counter odd; then nobody caches what it stands for until the next write of it.

The file is no part of the data: it may be lost while no process has the store open.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import tempfile
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Final

SLOTS: Final = 65_536
EPOCH: Final = 3
"""The counter of everything: writes of whole groups raise it."""
COMMITS: Final = 4
"""How many commits have been announced here."""

SUFFIX: Final = "-gen"

_FIRST: Final = 8  # words before the first key's: a mark, the store's id in two, the epoch, the commits
WORDS: Final = _FIRST + SLOTS
_BYTES: Final = WORDS * 8


class Generations:
    """The mapped counters; `words` are read and written as they are, 64 bits at a time.

    Args:
        path: the file; None gives counters of nobody else's, which vouch for nothing.
        store_id: 16 bytes that the database holds as well: counters of another database are never taken for its own.
        writable: whether commits can be announced.

    Raises:
        OSError: there is no such file, or it cannot be opened or is not the store's.
    """

    def __init__(self, path: Path | None, store_id: bytes, *, writable: bool) -> None:
        self.shared = path is not None
        self.writable = writable
        self._map = mmap.mmap(-1, _BYTES) if path is None else _mapped(path, store_id, writable=writable)
        self.words = memoryview(self._map).cast("Q")

    def begin(self, slots: Iterable[int]) -> None:
        """Announce a commit that changes what the slots stand for. The caller holds the database's write lock."""
        words = self.words
        words[COMMITS] += 1
        for slot in slots:
            words[slot] += 1 + words[slot] % 2  # a writer that died left its own odd

    def end(self, slots: Iterable[int]) -> None:
        """The commit that was announced is through, or undone."""
        words = self.words
        for slot in slots:
            words[slot] += 1


def _mapped(path: Path, store_id: bytes, *, writable: bool) -> mmap.mmap:
    descriptor = os.open(path, os.O_RDWR if writable else os.O_RDONLY)
    try:
        if os.fstat(descriptor).st_size != _BYTES or os.pread(descriptor, 24, 0) != _head(store_id):
            raise FileNotFoundError(f"{path} does not hold the counters of this store")
        return mmap.mmap(descriptor, _BYTES, access=mmap.ACCESS_WRITE if writable else mmap.ACCESS_READ)
    finally:
        os.close(descriptor)


def _head(store_id: bytes) -> bytes:
    return b"ststgen1" + store_id


def slot_of(group: str, key: str) -> int:
    """The place of an item's counter; different items may share one."""
    return _FIRST + (zlib.crc32(f"{group}\0{key}".encode()) & (SLOTS - 1))


def make(path: Path, store_id: bytes) -> None:
    """Put a new file of counters in place, complete from the start. The caller holds the database's write lock.

    Raises:
        OSError: it cannot be written there.
    """
    descriptor, temporary = tempfile.mkstemp(prefix=path.name, dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(_head(store_id).ljust(_BYTES, b"\0"))
            _give_to_owner(file.fileno(), path.with_name(path.name.removesuffix(SUFFIX)))
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


def _give_to_owner(descriptor: int, database: Path) -> None:
    """Whoever may write the database must be able to announce it, whoever opened it first."""
    owner = database.stat()
    with contextlib.suppress(OSError):
        os.fchmod(descriptor, owner.st_mode & 0o777)
        os.fchown(descriptor, owner.st_uid, owner.st_gid)
