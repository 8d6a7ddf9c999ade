"""A copy of a live SQLite store."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from typing import TYPE_CHECKING

import apsw

from store.errors import StoreUnavailable

if TYPE_CHECKING:
    from pathlib import Path

    from store.backends.sqlite_file import SqliteFile


def backup(file: SqliteFile, path: Path) -> None:
    """Write a copy of one moment to a new file.

    Raises:
        StoreUnavailable: it cannot be written.
    """
    try:
        descriptor, temporary = tempfile.mkstemp(prefix=path.name, dir=path.parent)
        os.close(descriptor)
        try:
            _copy(file, temporary, path)
            shutil.copymode(file.path, temporary)
            os.replace(temporary, path)
        finally:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
    except OSError as error:
        raise StoreUnavailable(f"{path} cannot be written: {error.strerror}") from error


def _copy(file: SqliteFile, temporary: str, path: Path) -> None:
    with file.connected() as db:
        try:
            db.execute("VACUUM INTO ?", (temporary,))
        except apsw.FullError as error:
            raise StoreUnavailable(f"{path} cannot be written: the disk is full") from error
        except (apsw.CantOpenError, apsw.IOError) as error:
            raise StoreUnavailable(f"{file.path} cannot be copied to {path}: {error}") from error
