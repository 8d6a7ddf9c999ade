"""Records by least recent use, until their time is up, in cachetools."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypeAlias

from cachetools import TLRUCache

from store.model import Record

if TYPE_CHECKING:
    from collections.abc import Callable

    from store.clock import Clock

Place: TypeAlias = tuple[str, str]


class ExpiringCache(TLRUCache[Place, Record]):
    """Tells `dropped` of every record that it expires or evicts."""

    def __init__(self, max_items: float, clock: Clock, dropped: Callable[[Place, Record], None]) -> None:
        super().__init__(max_items, lambda _place, record, _now: record.expires_at or math.inf, clock)
        self._dropped = dropped
        self.expired = 0

    def expire(self, time: float | None = None) -> list[tuple[Place, Record]]:
        gone = list(super().expire(time))
        self.expired += len(gone)
        for place, record in gone:
            self._dropped(place, record)
        return gone

    def popitem(self) -> tuple[Place, Record]:
        place, record = super().popitem()
        self._dropped(place, record)
        return place, record
