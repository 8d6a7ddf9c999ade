"""From a URL to a store."""

from __future__ import annotations

import os
from pathlib import Path

from store.api import Store
from store.backends.base import Backend
from store.clock import Clock, SteadyClock, system_clock
from store.durations import TTL, milliseconds
from store.errors import InvalidArgument, InvalidTTL, UnsupportedBackend
from store.values import MAX_VALUE_BYTES, shown

MAX_TIMEOUT = 24 * 3600
DEFAULT_URL = "sqlite:///.stepstate/state.db"


def open_store(
    url: str | None = None,
    *,
    max_value_bytes: int = MAX_VALUE_BYTES,
    max_items: int | None = None,
    timeout: TTL = 5.0,
    sweep_interval: TTL | None = 60.0,
    create: bool = True,
    clock: Clock = system_clock,
) -> Store:
    """Open a store.

    Args:
        url: `sqlite:///relative/path`, `sqlite:////absolute/path` or `memory://`; None takes $STEPSTATE_URL, else
            `sqlite:///.stepstate/state.db`.
        max_value_bytes: the most bytes of JSON text a value may have.
        max_items: memory only: the most items, over all groups; beyond it the least recently used goes.
        timeout: seconds (or a timedelta, up to a day) to wait for a lock before StoreBusy; 0 does not wait.
        sweep_interval: seconds (or a timedelta) between background sweeps of expired items; None for no sweeper.
        create: make the SQLite file and its folders if they are not there.
        clock: gives milliseconds since 1970; for tests.

    Raises:
        InvalidArgument: `max_value_bytes` or `max_items` is not a positive integer.
        InvalidTTL: `timeout` or `sweep_interval` is not a positive, finite time.
        UnsupportedBackend: no backend answers to the URL, or it cannot do what was asked.
        StoreUnavailable: the file cannot be opened or made, or belongs to another program or a newer stepstate.
        StoreCorrupt: the file is not a database, or is damaged.
    """
    if url is not None and not isinstance(url, str):
        raise UnsupportedBackend(f"a store's URL is a string, not {url!r}")
    url = url or os.environ.get("STEPSTATE_URL") or DEFAULT_URL
    if isinstance(max_value_bytes, bool) or not isinstance(max_value_bytes, int) or max_value_bytes < 1:
        raise InvalidArgument(f"max_value_bytes must be an integer of at least 1, not {shown(max_value_bytes)}")
    interval = None if sweep_interval is None else milliseconds(sweep_interval, "sweep_interval") / 1000
    wait = 0 if timeout == 0 and timeout is not False else milliseconds(timeout, "timeout") / 1000
    if wait > MAX_TIMEOUT:
        raise InvalidTTL(f"timeout is at most {MAX_TIMEOUT:,} seconds, not {shown(timeout)}")
    steady = SteadyClock(clock)
    backend = _open_backend(url, steady, max_items, wait, create=create)
    return Store(backend, steady, max_value_bytes, interval)


def _open_backend(url: str, clock: Clock, max_items: int | None, timeout: float, *, create: bool) -> Backend:
    # A backend is imported when it is asked for: nobody waits for what they do not use.
    scheme, separator, rest = url.partition("://")
    if scheme == "memory" and separator and not rest:
        from store.backends.memory import MemoryBackend  # noqa: PLC0415

        if max_items is not None and (isinstance(max_items, bool) or not isinstance(max_items, int) or max_items < 1):
            raise InvalidArgument(f"max_items must be an integer of at least 1, not {shown(max_items)}")
        return MemoryBackend(clock, max_items)
    if scheme == "sqlite" and rest.startswith("/") and len(rest) > 1:
        from store.backends.sqlite import SqliteBackend  # noqa: PLC0415

        if max_items is not None:
            raise UnsupportedBackend("max_items is for memory:// only")
        return SqliteBackend(Path(rest[1:]), clock, timeout, create=create)
    known = "sqlite:///relative/path, sqlite:////absolute/path or memory://"
    raise UnsupportedBackend(f"no backend answers to {url!r}; a store's URL is {known}")
