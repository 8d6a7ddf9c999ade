"""Opening an SQLite file: whose it is, its schema, its mode, and the counters beside it."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import apsw

from store.backends import generations
from store.backends.generations import Generations
from store.backends.sqlite_errors import TROUBLE, translated
from store.errors import StoreCorrupt, StoreUnavailable

APPLICATION_ID: Final = int.from_bytes(b"stst")  # https://sqlite.org/pragma.html#pragma_application_id marks it as ours
SCHEMA_VERSION: Final = 3
PAGE: Final = 4096
WAL_PAGES: Final = 4000  # 16 MB of log between two checkpoints: half as much took a new item from 56 to 83 us
CACHE_KIB: Final = 16 * 1024

_SCHEMA = Path(__file__).with_name("schema.sql")


def connect(path: Path, timeout: float, *, create: bool, durable: bool) -> apsw.Connection:
    """A connection to a file, which is made if `create`."""
    flags = apsw.SQLITE_OPEN_READWRITE | (apsw.SQLITE_OPEN_CREATE if create else 0)
    connection = apsw.Connection(str(path), flags)
    connection.set_busy_timeout(round(timeout * 1000))
    try:
        # NORMAL loses nothing when a process is killed; a power cut may take the last commits, never consistency.
        connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
        connection.execute(f"PRAGMA wal_autocheckpoint = {WAL_PAGES}").fetchall()
        connection.execute(f"PRAGMA journal_size_limit = {WAL_PAGES * PAGE}").fetchall()
        connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}").fetchall()
    except apsw.Error as error:
        raise translated(error, path, timeout, connection) from error
    return connection


def prepare(path: Path, connection: apsw.Connection, timeout: float) -> Generations:
    """Make the file a store, or see that it is one; its counters. The connection is closed.

    Raises:
        StoreUnavailable: it belongs to another program or has another schema.
        StoreCorrupt: it is damaged.
    """
    try:
        ready = _is_ready(path, connection)
        if not ready or connection.pragma("journal_mode") != "wal":  # a backup is not in WAL mode
            _use_wal(connection, timeout)
        if not ready:
            _make_schema(path, connection)
        return _counters(path, connection)
    except TROUBLE as error:
        raise translated(error, path, timeout, connection) from error
    finally:
        connection.close()


def _is_ready(path: Path, connection: apsw.Connection) -> bool:
    """Whether the schema is there; False for an empty file. Whatever else the file holds is refused unchanged."""
    with connection:  # one read transaction: another process may be making the schema right now
        application = connection.pragma("application_id")
        version = connection.pragma("user_version")
        tables = connection.execute("SELECT count(*) FROM sqlite_schema").get
    if application == APPLICATION_ID and version == SCHEMA_VERSION:
        return True
    if application == APPLICATION_ID:
        maker = "a newer stepstate" if version > SCHEMA_VERSION else "a stepstate before the first release"
        known = f"this stepstate reads version {SCHEMA_VERSION}"
        raise StoreUnavailable(f"{path} has schema version {version}, made by {maker}; {known}")
    if application or version or tables:
        raise StoreUnavailable(f"{path} is an SQLite database of another program, not a stepstate store")
    return False


def _use_wal(connection: apsw.Connection, timeout: float) -> None:
    """Switching to WAL does not wait for others that switch at the same moment, so this does."""
    connection.pragma("page_size", PAGE)
    deadline = time.monotonic() + timeout
    while True:
        try:
            connection.pragma("journal_mode", "wal")
        except apsw.BusyError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.005)
        else:
            return


def _make_schema(path: Path, connection: apsw.Connection) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        if not _is_ready(path, connection):  # another process may have been first
            connection.execute(_SCHEMA.read_text(encoding="utf-8"))
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {SCHEMA_VERSION}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def writable_counters(path: Path, store_id: bytes) -> Generations:
    """The counters beside a database; made only by a holder of its write lock, so that all end up with the same ones.

    Raises:
        OSError: they cannot be written.
    """
    beside = path.with_name(path.name + generations.SUFFIX)
    try:
        return Generations(beside, store_id, writable=True)
    except FileNotFoundError:
        generations.make(beside, store_id)
        return Generations(beside, store_id, writable=True)


def _counters(path: Path, connection: apsw.Connection) -> Generations:
    """The counters as they can be had. With none nothing is cached, and with none to write to nothing is written."""
    beside = path.with_name(path.name + generations.SUFFIX)
    store_id: Any = connection.execute("SELECT id FROM store").get
    if not isinstance(store_id, bytes):
        raise StoreCorrupt(f"{path} is damaged: it has lost its id")
    try:
        return Generations(beside, store_id, writable=True)
    except FileNotFoundError:
        with contextlib.suppress(OSError, apsw.ReadOnlyError), _write_lock(connection):
            return writable_counters(path, store_id)
    except OSError:
        with contextlib.suppress(OSError):
            return Generations(beside, store_id, writable=False)
    return Generations(None, store_id, writable=False)


@contextlib.contextmanager
def _write_lock(connection: apsw.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        connection.execute("ROLLBACK")
