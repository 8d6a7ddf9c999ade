"""Opening an SQLite file: whose it is, its schema, its mode, and the counters beside it."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from typing import Final

import apsw

from store.backends import generations
from store.backends.generations import Generations
from store.errors import StoreCorrupt, StoreUnavailable

APPLICATION_ID: Final = int.from_bytes(b"stst")  # https://sqlite.org/pragma.html#pragma_application_id marks it as ours
SCHEMA_VERSION: Final = 2
PAGE: Final = 4096
WAL_PAGES: Final = 4000  # 16 MB of log between two checkpoints: pages written often are copied back less often
CACHE_KIB: Final = 16 * 1024

_SCHEMA = Path(__file__).with_name("schema.sql")


def make_folder(path: Path, *, create: bool) -> None:
    """Make the folders on the way to a file, or see that the file is there.

    Raises:
        StoreUnavailable: naming what is in the way.
    """
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


def prepare(path: Path, connection: apsw.Connection, timeout: float) -> Generations:
    """Make the file a store, or see that it is one; its counters. The connection is closed.

    Raises:
        StoreUnavailable: it belongs to another program or has another schema.
        StoreCorrupt: it is damaged.
        apsw.Error: SQLite cannot open it.
    """
    beside = path.with_name(path.name + generations.SUFFIX)
    try:
        ready = _is_ready(path, connection)
        if not ready and beside.exists() and path.stat().st_size == 0:
            raise StoreCorrupt(
                f"{path} is empty, but {beside.name} shows that it was a store; remove both to begin anew"
            )
        if not ready or connection.pragma("journal_mode") != "wal":  # a backup is not in WAL mode
            _use_wal(connection, timeout)
        if not ready:
            _make_schema(path, connection)
        return _counters(beside, connection)
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


def _counters(beside: Path, connection: apsw.Connection) -> Generations:
    store_id: bytes = connection.execute("SELECT id FROM store").get
    try:
        return Generations(beside, store_id, writable=True)
    except PermissionError:
        with contextlib.suppress(OSError):
            return Generations(beside, store_id, writable=False)
    except OSError:
        # Only the holder of the write lock makes it, so that all processes end up with the same one. Where that cannot
        # be, as in a folder that is not writable, nothing is cached and nothing can be written.
        with contextlib.suppress(OSError, apsw.ReadOnlyError):
            return _new_counters(beside, store_id, connection)
    return Generations(None, store_id, writable=False)


def _new_counters(beside: Path, store_id: bytes, connection: apsw.Connection) -> Generations:
    connection.execute("BEGIN IMMEDIATE")
    try:
        with contextlib.suppress(OSError):
            return Generations(beside, store_id, writable=True)  # another process was first
        generations.make(beside, store_id)
        return Generations(beside, store_id, writable=True)
    finally:
        connection.execute("ROLLBACK")
