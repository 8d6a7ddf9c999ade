"""The SQLite file: connections to it, transactions, and SQLite's errors as the store's own."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import threading
import time
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, TypeVarTuple

import apsw

from store.backends import sqlite_opening
from store.backends.generations import COMMITS, SUFFIX
from store.errors import StoreBusy, StoreClosed, StoreCorrupt, StoreError, StoreUnavailable
from store.forking import Rank, survives_fork

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

MOVED_SECONDS = 0.1


class Connected:
    """A thread's connection. While a thread is in its context, SQLite's errors become the store's."""

    def __init__(self, file: SqliteFile) -> None:
        self._file = file
        self.lock = threading.RLock()
        survives_fork(self.lock, Rank.BACKEND)
        # One cursor for all statements, each of which is read to its end: making one takes as long as a short one.
        self.cursor: apsw.Cursor | None = None
        self._seen = (0, 0)

    def __enter__(self) -> apsw.Cursor:
        self.lock.acquire()
        try:
            return self.cursor or self.open()
        except BaseException as error:
            self.__exit__(type(error), error, error.__traceback__)
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.lock.release()
        if isinstance(error, apsw.Error):
            raise self._file.translated(error) from error

    def row(self, sql: str, bindings: tuple[str, ...]) -> Any:
        """The only row of a SELECT with several columns, or None; as in the context, but quicker."""
        with self.lock:
            try:
                return (self.cursor or self.open()).execute(sql, bindings).get
            except apsw.Error as error:
                raise self._file.translated(error) from error

    def close(self) -> None:
        """Close the connection for good, once the call that is under way has ended."""
        with self.lock:
            if self.cursor is not None:
                self.cursor.connection.close()

    def looked(self) -> tuple[bool, bool]:
        """Whether another connection has committed since the last look, and whether any writer has announced it."""
        with self as db:
            before, now = self._seen, (db.execute("PRAGMA data_version").get, self._file.generations.words[COMMITS])
            self._seen = now
        return before[0] != now[0], before[1] != now[1]

    def open(self) -> apsw.Cursor:
        """Connect; the thread holds the lock."""
        self.cursor = self._file.connect().cursor()
        return self.cursor


class SqliteFile:
    """One database file in WAL mode, with a connection for each thread.

    Args:
        path: the file; it and its folders are made if `create`.
        timeout: seconds to wait for another writer.
        create: whether a file that is not there is made.
        durable: whether each commit is flushed to the disk.

    Raises:
        StoreUnavailable: it cannot be opened or made, belongs to another program, or has another schema.
        StoreCorrupt: it is not a database, or is damaged.
    """

    def __init__(self, path: Path, timeout: float, *, create: bool, durable: bool) -> None:
        self._timeout = timeout
        self._durable = durable
        self._registry = threading.Lock()
        survives_fork(self._registry, Rank.INNERMOST)
        self._forget_connections()
        self._look_at = 0.0
        self._place: tuple[int, int] | None = None
        sqlite_opening.make_folder(path, create=create)
        # Absolute: names such as ":memory:" mean something else to SQLite, and the process may change its folder. Not a
        # link: the files beside the database have to be the same for all who open it.
        self.path = Path(os.path.realpath(path))
        try:
            self.generations = sqlite_opening.prepare(self.path, self._configured(create=create), timeout)
        except apsw.Error as error:
            raise self.translated(error) from error
        self._place = self._found()
        _FILES.add(self)

    def connected(self) -> Connected:
        """This thread's connection."""
        try:
            held: Connected = self._local.held
        except AttributeError:
            held = self._local.held = Connected(self)
            with self._registry:
                self._all_connected.add(held)
        return held

    def write(self, work: Callable[[apsw.Cursor, *Ts], tuple[T, Sequence[int]]], *args: *Ts) -> T:
        """Run a transaction that holds the write lock from its start: what it reads is still true when it commits.

        `work` gets a cursor and the arguments. It returns its result and the slots of the counters that stand for what
        it has changed, each once.
        """
        connected = self.connected()
        with connected.lock:
            try:
                db = connected.cursor or connected.open()
                db.execute("BEGIN IMMEDIATE")
                try:
                    result, slots = work(db, *args)
                    self._commit(db, slots)
                except BaseException:
                    if db.connection.in_transaction:
                        db.execute("ROLLBACK")
                    raise
            except apsw.Error as error:
                raise self.translated(error) from error
        if time.monotonic() >= self._look_at:
            self.check_place()
        return result

    def check_place(self) -> None:
        """Make sure that the file is still the one that was opened.

        Raises:
            StoreUnavailable: it was removed or replaced: what is written now would be gone with the last process.
        """
        self._look_at = time.monotonic() + MOVED_SECONDS
        if self._found() != self._place:
            raise StoreUnavailable(
                f"{self.path} was removed or replaced since it was opened; close the store and open it anew"
            )

    def connect(self) -> apsw.Connection:
        """A new connection to the file, which has to be there."""
        self.check_place()
        return self._configured(create=False)

    def translated(self, error: apsw.Error) -> StoreError:
        """SQLite's error as the store's own."""
        match error:
            case apsw.BusyError() | apsw.LockedError():
                return StoreBusy(f"{self.path} was locked by other writers for {self._timeout:g} s")
            case apsw.ConnectionClosedError():
                return StoreClosed("the store was closed")
            case apsw.NotADBError():
                return StoreCorrupt(f"{self.path} is not a database")
            case apsw.CorruptError():
                return StoreCorrupt(f"{self.path} is damaged: {error}")
            case apsw.FullError():
                return StoreUnavailable(f"{self.path} cannot grow: the disk is full")
        return StoreUnavailable(f"{self.path} cannot be used: {error}")

    def backup(self, path: Path) -> None:
        """Write a copy of one moment to a new file."""
        descriptor, temporary = tempfile.mkstemp(prefix=path.name, dir=path.parent)
        os.close(descriptor)
        try:
            with self.connected() as db:
                db.execute("VACUUM INTO ?", (temporary,))
            shutil.copymode(self.path, temporary)
            os.replace(temporary, path)
        finally:
            with contextlib.suppress(OSError):
                os.unlink(temporary)

    def size(self) -> int:
        """Bytes on disk: the database and its write-ahead log."""
        return sum(_bytes(Path(f"{self.path}{suffix}")) for suffix in ("", "-wal"))

    def close(self) -> None:
        """Close every thread's connection, once the calls that are under way have ended."""
        with self._registry:
            all_connected = list(self._all_connected)
        for held in all_connected:
            held.close()

    def after_fork(self) -> None:
        """In a child process: leave the parent's connections untouched for good, as SQLite demands."""
        _INHERITED.extend(self._all_connected)
        self._forget_connections()

    def _commit(self, db: apsw.Cursor, slots: Sequence[int]) -> None:
        generations = self.generations
        if not generations.writable:
            raise StoreUnavailable(f"{self.path}{SUFFIX} cannot be written, so no other process could be told")
        numbers = generations.begin(slots)
        try:
            db.execute("COMMIT")
        finally:
            generations.end(slots, numbers)

    def _forget_connections(self) -> None:
        self._local = threading.local()
        self._all_connected: weakref.WeakSet[Connected] = weakref.WeakSet()

    def _configured(self, *, create: bool) -> apsw.Connection:
        flags = apsw.SQLITE_OPEN_READWRITE | (apsw.SQLITE_OPEN_CREATE if create else 0)
        connection = apsw.Connection(str(self.path), flags)
        milliseconds = round(self._timeout * 1000)
        connection.set_busy_timeout(milliseconds)
        # Where SQLite was built with blocking locks they wake the next writer at once, which is faster and fairer.
        connection.setlk_timeout(milliseconds, 0)
        # NORMAL loses nothing when a process is killed; a power cut may take the last commits, never consistency.
        connection.execute(f"PRAGMA synchronous = {'FULL' if self._durable else 'NORMAL'}")
        connection.execute(f"PRAGMA wal_autocheckpoint = {sqlite_opening.WAL_PAGES}").fetchall()
        connection.execute(f"PRAGMA journal_size_limit = {sqlite_opening.WAL_PAGES * sqlite_opening.PAGE}").fetchall()
        connection.execute(f"PRAGMA cache_size = -{sqlite_opening.CACHE_KIB}").fetchall()
        return connection

    def _found(self) -> tuple[int, int] | None:
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino


def _bytes(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:  # the log comes and goes
        return 0


_FILES: weakref.WeakSet[SqliteFile] = weakref.WeakSet()
_INHERITED: list[Connected] = []


def _after_fork() -> None:
    for file in list(_FILES):
        file.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
