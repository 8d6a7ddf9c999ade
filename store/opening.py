"""From a URL to a store."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Literal, ParamSpec

from store.aio import Opening
from store.api import Store
from store.backends.base import Backend
from store.clock import Clock, SteadyClock, system_clock
from store.durations import TTL, milliseconds
from store.errors import InvalidArgument, InvalidTTL, UnsupportedBackend
from store.values import MAX_VALUE_BYTES, shown

MAX_TIMEOUT = 24 * 3600
CACHE_BYTES = 16 * 1024 * 1024
DEFAULT_URL = "sqlite:///.stepstate/state.db"

P = ParamSpec("P")


def open_store(
    url: str | None = None,
    *,
    max_value_bytes: int = MAX_VALUE_BYTES,
    max_items: int | None = None,
    timeout: TTL = 5.0,
    sweep_interval: TTL | None = 60.0,
    cache_bytes: int = CACHE_BYTES,
    durability: Literal["normal", "full"] = "normal",
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
        cache_bytes: SQLite only: about how many bytes of values that were read lately this process keeps at hand; 0 for
            none.
        durability: SQLite only: "full" has each write on the disk before the call returns. "normal" leaves that to the
            system: what was acknowledged survives the end of the process, however it comes, but a power cut may take
            the last moments. Neither leaves a half-written or damaged store.
        create: make the SQLite file and its folders if they are not there.
        clock: gives milliseconds since 1970; for tests.

    Raises:
        InvalidArgument: `max_value_bytes` or `max_items` is not a positive integer, `cache_bytes` not one from 0, or
            `durability` is neither "normal" nor "full".
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
    if isinstance(cache_bytes, bool) or not isinstance(cache_bytes, int) or cache_bytes < 0:
        raise InvalidArgument(f"cache_bytes must be an integer of at least 0, not {shown(cache_bytes)}")
    if durability not in ("normal", "full"):
        raise InvalidArgument(f"durability must be 'normal' or 'full', not {shown(durability)}")
    backend = _open_backend(url, steady, max_items, wait, cache_bytes, create=create, durable=durability == "full")
    return Store(backend, steady, max_value_bytes, interval)


def _asynchronously(open_: Callable[P, Store]) -> Callable[P, Opening]:
    def open_async_store(*args: P.args, **kwargs: P.kwargs) -> Opening:
        return Opening(functools.partial(open_, *args, **kwargs))

    functools.update_wrapper(open_async_store, open_, assigned=())
    summary = "Open a store for async code: `await` the result, or use it in `async with`. The event loop never waits."
    open_async_store.__doc__ = (open_.__doc__ or "").replace("Open a store.", summary, 1)
    return open_async_store


open_async_store = _asynchronously(open_store)


def _open_backend(
    url: str, clock: Clock, max_items: int | None, timeout: float, cache_bytes: int, *, create: bool, durable: bool
) -> Backend:
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
        return SqliteBackend(Path(rest[1:]), clock, timeout, cache_bytes, create=create, durable=durable)
    known = "sqlite:///relative/path, sqlite:////absolute/path or memory://"
    raise UnsupportedBackend(f"no backend answers to {url!r}; a store's URL is {known}")
