"""Whether anything was written to an SQLite file, by whichever connection of whichever process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from store.forking import after_fork
from store.revision import Revision

if TYPE_CHECKING:
    from store.backends.sqlite_file import SqliteFile


class Watch:
    """A connection of its own that never writes: to it, every commit is another's, and SQLite counts those for it."""

    def __init__(self, file: SqliteFile) -> None:
        self._file = file
        self._revision = Revision()
        self._connect()
        after_fork(self, Watch._connect)

    def revision(self) -> int:
        """A number that differs whenever anything was committed since; also once after the connection was made anew."""
        with self._connected.lock:
            moved, _ = self._connected.looked()
            if moved:
                self._revision.step()
            return self._revision.number

    def _connect(self) -> None:
        self._connected = self._file.separate()
