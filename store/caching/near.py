"""Results that this process keeps at hand, each for a moment. Whoever gets one may change it: each gets a copy."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from cachetools import TLRUCache

from store.caching.steps import MISSING
from store.forking import Rank, survives_fork
from store.values import decode

if TYPE_CHECKING:
    from store.clock import Clock

NEAR_ENTRIES: Final = 1024
_TOUCH_EVERY: Final = 64  # hits of all keys; to note each use would double what a hit costs


Entry: TypeAlias = tuple[Callable[[], Any], float]
"""What makes a copy of the result, and when it is not used any more."""


class _Entries(TLRUCache[str, Entry]):
    """Keeps `index`, which is read without a lock, in step with what expires or is evicted."""

    def __init__(self) -> None:
        self.now = 0.0
        self.index: dict[str, Entry] = {}
        super().__init__(NEAR_ENTRIES, lambda _key, entry, _now: entry[1], lambda: self.now)

    def expire(self, time: float | None = None) -> list[tuple[str, Entry]]:
        gone = list(super().expire(time))
        for key, _ in gone:
            self.index.pop(key, None)
        return gone

    def popitem(self) -> tuple[str, Entry]:
        key, entry = super().popitem()
        self.index.pop(key, None)
        return key, entry


class NearCache:
    """Results by key, the least recently used giving way.

    Args:
        clock: the store's.
        lifetime_ms: how long a result is used at most; never beyond the time that it is put with.
    """

    def __init__(self, clock: Clock, lifetime_ms: int) -> None:
        self._clock = clock
        self._lifetime = lifetime_ms
        self._lock = threading.Lock()
        survives_fork(self._lock, Rank.INNERMOST)
        self._entries = _Entries()
        self.epoch = 0
        """Grows whenever something is forgotten: what was read before that is not put any more."""

    def reader(self, count: Callable[[], int]) -> Callable[[str], Any]:
        """A function that gives the result for a key and calls `count`, or gives MISSING.

        `count` gives how often it was called before.
        """
        index, clock, touch = self._entries.index, self._clock, self._touch

        def read(key: str) -> Any:
            entry = index.get(key)
            if entry is None or clock() >= entry[1]:
                return MISSING
            if not count() % _TOUCH_EVERY:
                touch(key)
            return entry[0]()

        return read

    def put(self, key: str, text: bytes, until: float, epoch: int) -> None:
        """Keep a result that was read from the store at `epoch`, until then at most."""
        now = self._clock()
        entry = (_copier(decode(text)), min(now + self._lifetime, until))
        with self._lock:
            if epoch == self.epoch and now < entry[1]:
                self._entries.now = now
                self._entries[key] = entry
                self._entries.index[key] = entry

    def forget(self, key: str | None = None) -> None:
        """Drop the result for a key, or all of them."""
        with self._lock:
            self.epoch += 1
            if key is None:
                self._entries.index.clear()
                self._entries.clear()
            elif self._entries.index.pop(key, None) is not None:
                self._entries.pop(key, None)

    def _touch(self, key: str) -> None:
        with self._lock:
            self._entries.get(key)


def _copier(value: Any) -> Callable[[], Any]:
    """What makes a new object of a JSON value each time; faster than reading its text again."""
    if not isinstance(value, dict | list):
        return lambda: value
    whole: dict[Any, Any] | list[Any] = value
    members: Iterable[tuple[Any, Any]] = whole.items() if isinstance(whole, dict) else enumerate(whole)
    nested = [(place, _copier(member)) for place, member in members if isinstance(member, dict | list)]
    if not nested:
        return whole.copy

    def copy() -> Any:
        new = whole.copy()
        for place, copy_member in nested:
            new[place] = copy_member()
        return new

    return copy
