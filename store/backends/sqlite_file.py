"""The SQLite file: connections to it, its schema, and SQLite's errors as the store's own."""

from __future__ import annotations

import contextlib
import os
import threading
import time
import weakref
from pathlib import Path
from typing import TYPE_CHECKING

import apsw

from store.errors import StoreBusy, StoreClosed, StoreCorrupt, StoreError, StoreUnavailable
from store.forking import Rank, survives_fork

if TYPE_CHECKING:
    from collections.abc import Iterator

APPLICATION_ID = int.from_bytes(b"stst")  # marks the file as ours: https://sqlite.org/pragma.html#pragma_application_id
SCHEMA_VERSION = 1
JOURNAL_BYTES = 16 * 1024 * 1024

# NORMAL in WAL mode loses nothing when a process is killed; a power cut may take the last commits, never consistency.
_PRAGMAS = f"PRAGMA synchronous = NORMAL; PRAGMA journal_size_limit = {JOURNAL_BYTES}"
_SCHEMA = Path(__file__).with_name("schema.sql")


class _Held:
    """A thread's connection, and the lock that the thread holds while it is inside SQLite."""

    def __init__(self) -> None:
        self.connection: apsw.Connection | None = None
        self.lock = threading.RLock()
        survives_fork(self.lock, Rank.BACKEND)


class SqliteFile:
    """One database file, with a connection for each thread.

    Args:
        path: the file; it and its folders are made if `create`.
        timeout: seconds to wait for another writer.

    Raises:
        StoreUnavailable: it cannot be opened or made, belongs to another program, or has a newer schema.
        StoreCorrupt: it is not a database, or is damaged.
    """

    def __init__(self, path: Path, timeout: float, *, create: bool) -> None:
        # Absolute: names such as ":memory:" mean something else to SQLite, and the process may change its folder.
        self.path = path.absolute()
        self._timeout = timeout
        self._registry = threading.Lock()
        survives_fork(self._registry, Rank.INNERMOST)
        self._forget_connections()
        _make_folder(path, create)
        with self.reading() as connection:
            self._prepare(connection)
        _FILES.add(self)

    @contextlib.contextmanager
    def writing(self) -> Iterator[apsw.Connection]:
        """A transaction that holds the write lock from its start: what it reads is still true when it commits."""
        with self.reading() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    @contextlib.contextmanager
    def reading(self) -> Iterator[apsw.Connection]:
        """This thread's connection, for a single SELECT, which sees one moment of the store."""
        held = self._held_by_this_thread()
        with held.lock, self.errors():
            if held.connection is None:
                held.connection = self._connect()
            yield held.connection

    @contextlib.contextmanager
    def errors(self) -> Iterator[None]:
        """Turns SQLite's errors into the store's."""
        try:
            yield
        except apsw.Error as error:
            raise self._translated(error) from error

    def size(self) -> int:
        """Bytes on disk: the database and its write-ahead log."""
        return sum(_bytes(Path(f"{self.path}{suffix}")) for suffix in ("", "-wal"))

    def close(self) -> None:
        """Close every thread's connection, once the calls that are under way have ended."""
        with self._registry:
            all_held = list(self._held)
        for held in all_held:
            with held.lock:
                if held.connection is not None:
                    held.connection.close()

    def after_fork(self) -> None:
        """In a child process: leave the parent's connections untouched for good, as SQLite demands."""
        _INHERITED.extend(self._held)
        self._forget_connections()

    def _forget_connections(self) -> None:
        self._local = threading.local()
        self._held: weakref.WeakSet[_Held] = weakref.WeakSet()

    def _held_by_this_thread(self) -> _Held:
        held: _Held | None = getattr(self._local, "held", None)
        if held is None:
            held = self._local.held = _Held()
            with self._registry:
                self._held.add(held)
        return held

    def _connect(self) -> apsw.Connection:
        connection = apsw.Connection(str(self.path))
        milliseconds = round(self._timeout * 1000)
        connection.set_busy_timeout(milliseconds)
        # Where SQLite was built with blocking locks they wake the next writer at once, which is faster and fairer.
        connection.setlk_timeout(milliseconds, 0)
        connection.execute(_PRAGMAS).fetchall()
        return connection

    def _prepare(self, connection: apsw.Connection) -> None:
        if self._is_ready(connection):
            return
        self._use_wal(connection)
        with self.writing():
            if not self._is_ready(connection):  # another process may have been first
                connection.execute(_SCHEMA.read_text(encoding="utf-8"))
                connection.execute(f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {SCHEMA_VERSION}")

    def _is_ready(self, connection: apsw.Connection) -> bool:
        """Whether the schema is there; False for an empty file. Whatever else the file holds is refused unchanged."""
        with connection:  # one read transaction: another process may be making the schema right now
            application = connection.pragma("application_id")
            version = connection.pragma("user_version")
            tables = connection.execute("SELECT count(*) FROM sqlite_schema").get
        if application == APPLICATION_ID and version == SCHEMA_VERSION:
            return True
        if application == APPLICATION_ID:
            known = f"this stepstate reads version {SCHEMA_VERSION}"
            raise StoreUnavailable(f"{self.path} has schema version {version}, made by a newer stepstate; {known}")
        if application or version or tables:
            raise StoreUnavailable(f"{self.path} is an SQLite database of another program, not a stepstate store")
        return False

    def _use_wal(self, connection: apsw.Connection) -> None:
        """Switching to WAL does not wait for others that switch at the same moment, so this does."""
        deadline = time.monotonic() + self._timeout
        while True:
            try:
                connection.pragma("journal_mode", "wal")
            except apsw.BusyError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.005)
            else:
                return

    def _translated(self, error: apsw.Error) -> StoreError:
        match error:
            case apsw.BusyError() | apsw.LockedError():
                return StoreBusy(f"{self.path} was locked by other writers for {self._timeout:g} s")
            case apsw.ConnectionClosedError():
                return StoreClosed("the store was closed")
            case apsw.NotADBError():
                return StoreCorrupt(f"{self.path} is not a database")
            case apsw.CorruptError():
                return StoreCorrupt(f"{self.path} is damaged: {error}")
        return StoreUnavailable(f"{self.path} cannot be used: {error}")


def _bytes(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:  # the log comes and goes
        return 0


def _make_folder(path: Path, create: bool) -> None:
    what = f"cannot make the folder {path.parent}"
    try:
        str(path).encode()  # SQLite takes UTF-8
        if create:
            path.parent.mkdir(parents=True, exist_ok=True)
        what = f"{path} cannot be used"
        path.stat()
    except FileNotFoundError as error:
        if not create:
            raise StoreUnavailable(f"there is no store at {path}") from error
    except OSError as error:
        raise StoreUnavailable(f"{what}: {error.strerror}") from error
    except ValueError as error:  # NUL or a lone surrogate
        raise StoreUnavailable(f"{str(path)!r} names no file: {error}") from error


_FILES: weakref.WeakSet[SqliteFile] = weakref.WeakSet()
_INHERITED: list[_Held] = []


def _after_fork() -> None:
    for file in list(_FILES):
        file.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
