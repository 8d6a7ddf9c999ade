"""Dropping what is kept of cached functions, for those who do not have the functions at hand."""

from __future__ import annotations

import functools
from collections.abc import Collection
from typing import TYPE_CHECKING, Final

from store.caching.leases import revoke
from store.paging import Query

if TYPE_CHECKING:
    from store.api import Store
    from store.backends.trashing import Keeping
    from store.caching.hub import CacheHub
    from store.model import Record

BATCH_ITEMS: Final = 5000
BATCH_BYTES: Final = 32 * 1024 * 1024


def clear(hub: CacheHub, group: str, keys: Collection[str] | None, undo: bool | str = False) -> int:
    """Drop the results under these keys, or all, also those about to be stored; how many there were."""
    # The leases first: who holds one looks once more after it has stored its result, and takes it back.
    if keys is None:
        hub.flights.forget(group)
        revoke(hub.state, group)
        return hub.state.clear(group, undo=undo)
    for key in keys:
        hub.flights.forget(group, key)
        revoke(hub.state, group, key)
    return len(hub.state.delete_many(group, keys, undo=undo))


def clear_stale(hub: CacheHub, limit: int, keep: Keeping | None = None) -> int:
    """Drop results of all functions that are past their ttl, `limit` at most; how many there were."""
    total = 0
    for info in hub.infos():
        if info.stale:
            total += _clear_stale(hub.state, info.group_id, round(info.stale * 1000), limit - total, keep)
    return total


def _clear_stale(state: Store, group: str, stale_ms: int, limit: int, keep: Keeping | None) -> int:
    total = 0
    while total < limit:
        batch = min(_batch(state, group), limit - total)
        rows = state._backend.scan_items(group, Query("", "expires", False, None, batch))
        now = state._clock()
        stale = [key for key, record in rows if _is_stale(record, stale_ms, now)]
        if not stale:
            break
        dropped: set[str] = set()
        changes = [(key, functools.partial(_dropping, dropped, key, stale_ms)) for key in stale]
        state._mutate_many(group, changes, keep)
        total += len(dropped)
        if not dropped or len(stale) < batch:
            break
    return total


def _dropping(
    dropped: set[str], key: str, stale_ms: int, old: Record | None, now: int, _default_ttl: int | None
) -> Record | None:
    """A change that removes a result unless it was renewed since it was looked at, and notes that."""
    if old is None or not _is_stale(old, stale_ms, now):
        dropped.discard(key)
        return old
    dropped.add(key)
    return None


def _is_stale(record: Record, stale_ms: int, now: int) -> bool:
    return record.expires_at is not None and now >= record.expires_at - stale_ms


def _batch(state: Store, group: str) -> int:
    """How many results are read at once: fewer of large ones."""
    summed = state.group(group)
    return 1 if summed is None else max(1, min(BATCH_ITEMS, BATCH_BYTES * summed.items // max(1, summed.size)))
