"""SQLite's errors as the store's own, in words that say what to do."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import TypeAlias

import apsw

from store.errors import StoreBusy, StoreClosed, StoreCorrupt, StoreError, StoreUnavailable

Trouble: TypeAlias = "apsw.Error | UnicodeDecodeError"
TROUBLE = (apsw.Error, UnicodeDecodeError)
"""What SQLite raises, and what apsw does over names that noise was written into."""

_FULL = (errno.ENOSPC, errno.EDQUOT)


def translated(error: Trouble, path: Path, timeout: float, connection: apsw.Connection | None = None) -> StoreError:
    """What an error means that came up over the file at `path`; `connection` is the one that met it, if any did."""
    match error:
        case apsw.BusyError() | apsw.LockedError():
            return StoreBusy(f"{path} was locked by other writers for {timeout:g} s")
        case apsw.ConnectionClosedError() | apsw.VFSFileClosedError():
            return StoreClosed("the store was closed")
        case apsw.NotADBError():
            return StoreCorrupt(f"{path} is not a database")
        case apsw.CorruptError() | UnicodeDecodeError():
            return StoreCorrupt(f"{path} is damaged: {error}")
        case apsw.IOError() if _extended(error) == apsw.SQLITE_IOERR_SHORT_READ:
            return StoreCorrupt(f"{path} is damaged: it ends too soon")
    return StoreUnavailable(f"{path} {_what_failed(error, path, connection)}")


def _what_failed(error: Trouble, path: Path, connection: apsw.Connection | None) -> str:
    number = connection.system_errno if connection and isinstance(error, apsw.IOError | apsw.CantOpenError) else 0
    if isinstance(error, apsw.FullError) or number in _FULL:
        return "cannot grow: the disk is full"
    said = f"{error}: {os.strerror(number)}" if number else str(error)
    return f"cannot be used: {_obstacle(error, path) or said}"


def _obstacle(error: Trouble, path: Path) -> str:
    """What keeps this process from writing to the database, or from making files beside it, as SQLite does to read."""
    if not isinstance(error, apsw.ReadOnlyError | apsw.CantOpenError):
        return ""
    of_file = _extended(error) == apsw.SQLITE_READONLY
    if not of_file and path.parent.is_dir() and not os.access(path.parent, os.W_OK | os.X_OK):
        return f"the folder {path.parent} is not writable, where SQLite makes files even to read"
    if path.exists() and not os.access(path, os.W_OK):
        return "it is not writable" if os.access(path, os.R_OK) else "it is not readable"
    return ""


def _extended(error: Trouble) -> int:
    """What went wrong more precisely: https://sqlite.org/rescode.html#extrc"""
    code: int = getattr(error, "extendedresult", 0)
    return code
