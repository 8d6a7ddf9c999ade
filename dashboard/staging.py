"""Files that were uploaded, until somebody has seen what importing them would do."""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
import threading
import weakref
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

KEPT_FOR: Final = 600.0  # seconds
AT_MOST: Final = 4
MAX_STAGED = 512 * 1024 * 1024  # bytes: an object of many short values is longer as lines


class TooLong(Exception):
    """A file that takes more room than one may."""


@dataclass(frozen=True, slots=True)
class Staged:
    """A file that was read and found to be good: its items, as lines that the store loads.

    `group` is the one that all go into, None if they go into those that the file names.
    """

    id: str
    path: Path
    name: str
    group: str | None
    lines: int


class Staging:
    """The files that wait for an answer: a few at a time and for some minutes, in a folder that only we can read."""

    def __init__(self, kept_for: float = KEPT_FOR) -> None:
        self._kept_for = kept_for
        self._lock = threading.Lock()
        self._staged: dict[str, tuple[Staged, threading.Timer]] = {}
        self._folder: Path | None = None

    def put(self, lines: Iterable[bytes], name: str, group: str | None) -> Staged:
        """Keep a file's items.

        Raises:
            TooLong: they take too much room.
            OSError: the disk has no room for them.
            StoreError: what reading them raises.
        """
        token = secrets.token_urlsafe(16)
        path = self._home() / token
        try:
            staged = Staged(token, path, name, group, _write(path, lines))
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        timer = threading.Timer(self._kept_for, self.drop, [token])
        timer.daemon = True
        with self._lock:
            self._staged[token] = staged, timer
            too_many = list(self._staged)[:-AT_MOST]
        timer.start()
        for other in too_many:
            self.drop(other)
        return staged

    def get(self, id: str) -> Staged | None:
        """What waits under an id; None if nothing does (any more)."""
        with self._lock:
            found = self._staged.get(id)
        return found and found[0]

    def take(self, id: str) -> tuple[Staged, BinaryIO] | None:
        """What waits under an id, which it does no longer; its file, which has no name then and is the caller's."""
        staged = self.get(id)
        if staged is None:
            return None
        try:
            file = staged.path.open("rb")
        except FileNotFoundError:  # somebody else was quicker
            return None
        if self.drop(id):
            return staged, file
        file.close()
        return None

    def end(self) -> None:
        """Remove all of them."""
        for waiting in list(self._staged):
            self.drop(waiting)
        with self._lock:
            folder, self._folder = self._folder, None
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)

    def drop(self, id: str) -> bool:
        """Remove what waits under an id; False if nothing does."""
        with self._lock:
            found = self._staged.pop(id, None)
        if found is None:
            return False
        staged, timer = found
        timer.cancel()
        staged.path.unlink(missing_ok=True)
        return True

    def _home(self) -> Path:
        with self._lock:
            if self._folder is None:
                self._folder = Path(tempfile.mkdtemp(prefix="stepstate-import-"))
                # A mounted application is not told when the server ends.
                weakref.finalize(self, _remove, self._folder, os.getpid())
            return self._folder


def _remove(folder: Path, owner: int) -> None:
    if os.getpid() == owner:  # and no child that was forked off
        shutil.rmtree(folder, ignore_errors=True)


def _write(path: Path, lines: Iterable[bytes]) -> int:
    written = size = 0
    with path.open("xb") as file:
        for line in lines:
            size += len(line)
            if size > MAX_STAGED:
                raise TooLong
            file.write(line)
            written += 1
    return written
