"""Counters in a small mapped file beside the database: by them, each process tells what it has cached is still right.

A counter is two words: which commit of its keys was the last to begin, and which to end. Commits are numbered under the
database's write lock, which is let go before the end is noted: the next may have begun by then, so each notes its own
number. A reader that finds both words equal, reads the database, and then finds the first as it was, has what is there
until the next commit begins. A writer that dies in between leaves the two different; then nobody caches what the
counter stands for until the next write of it.

The file is no part of the data: it may be lost while no process has the store open. While one has, it is not to be
touched: a process that looks at counters which were cut off is ended by the system (SIGBUS), as with SQLite's own -shm.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import tempfile
import zlib
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Final

SLOTS: Final = 65_536
COMMITS: Final = 3
"""How many commits have been announced here."""
EPOCH: Final = 4
"""The counter of everything: writes of whole groups raise it."""
MANY: Final = 64
"""Items changed in one transaction, beyond which everything that is cached is given up."""
WAITING: Final = 6
"""Not 0 if somebody may be waiting for the write lock."""
ENDED: Final = 1
"""How far behind a counter's first word its second is."""

SUFFIX: Final = "-gen"

_FIRST: Final = 8  # words before the first key's: a mark, the store's id in two, the commits, the epoch in two
WORDS: Final = _FIRST + 2 * SLOTS
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
        self.identity: tuple[int, int] | None = None
        if path is None:
            self._map = mmap.mmap(-1, _BYTES)
        else:
            self._map, self.identity = _mapped(path, store_id, writable=writable)
        self.words = memoryview(self._map).cast("Q")

    def begin(self, slots: Sequence[int]) -> list[int]:
        """Announce a commit that changes what the slots stand for, holding the write lock; its number in each."""
        words, numbers = self.words, []
        words[COMMITS] += 1
        if words[EPOCH + ENDED] != words[EPOCH]:  # a writer died: its commit is over, or we had no lock
            words[EPOCH + ENDED] = words[EPOCH]
        for slot in slots:
            words[slot] = number = words[slot] + 1
            numbers.append(number)
        return numbers

    def end(self, slots: Sequence[int], numbers: Sequence[int]) -> None:
        """The commit that was announced is through, or undone."""
        words = self.words
        for slot, number in zip(slots, numbers, strict=True):
            if words[slot] == number:  # else the next has begun, and says itself when it is through
                words[slot + ENDED] = number


def _mapped(path: Path, store_id: bytes, *, writable: bool) -> tuple[mmap.mmap, tuple[int, int]]:
    descriptor = os.open(path, os.O_RDWR if writable else os.O_RDONLY)
    try:
        found = os.fstat(descriptor)
        if found.st_size != _BYTES or os.pread(descriptor, 24, 0) != _head(store_id):
            raise FileNotFoundError(f"{path} does not hold the counters of this store")
        access = mmap.ACCESS_WRITE if writable else mmap.ACCESS_READ
        return mmap.mmap(descriptor, _BYTES, access=access), (found.st_dev, found.st_ino)
    finally:
        os.close(descriptor)


def _head(store_id: bytes) -> bytes:
    return b"ststgen1" + store_id


def slot_of(group: str, key: str) -> int:
    """The place of an item's counter; different items may share one."""
    return _FIRST + 2 * (zlib.crc32(f"{group}\0{key}".encode()) & (SLOTS - 1))


def slots_of(places: Collection[tuple[str, str]]) -> Sequence[int]:
    """The places of the counters of items that are changed at once; of many, that of everything stands for all."""
    return (EPOCH,) if len(places) > MANY else tuple({slot_of(*place) for place in places})


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
