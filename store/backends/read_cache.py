"""What a process has read from SQLite lately, by least recent use in cachetools, and exactly as right as SQLite.

An entry is used while the counters it was read under stand still; see generations.py. Other programs that write the
file raise no counter: they are noticed in `check`, a tenth of a second later when they write alone, and about a second
later when they write among others of ours.
"""

from __future__ import annotations

import contextlib
import math
import threading
import time
from typing import TYPE_CHECKING, Final, TypeAlias

from cachetools import LRUCache

from store.backends.generations import EPOCH, SLOTS, WORDS
from store.forking import Rank, survives_fork

if TYPE_CHECKING:
    from store.backends.generations import Generations
    from store.clock import Clock
    from store.model import Record

Place: TypeAlias = tuple[str, str]
Entry: TypeAlias = tuple[bytes, int | None, int, int]
"""The value, when it expires, and the slot and state of the counter that vouches for it."""

CHECK_SECONDS: Final = 0.1
RECHECK_SECONDS: Final = 1.0
_OVERHEAD: Final = 400  # bytes that an entry takes beside its value and names, roughly
_TOUCH_EVERY: Final = 8  # hits; to note each use would double what a hit costs


class _Entries(LRUCache[Place, Entry]):
    """Keeps `index`, which is read without a lock, in step with what is evicted."""

    def __init__(self, max_bytes: int) -> None:
        super().__init__(max_bytes, lambda entry: len(entry[0]) + _OVERHEAD)
        self.index: dict[Place, Entry] = {}

    def add(self, place: Place, entry: Entry) -> None:
        """Keep an entry, unless it is larger than the whole cache."""
        with contextlib.suppress(ValueError):
            self[place] = entry
            self.index[place] = entry

    def popitem(self) -> tuple[Place, Entry]:
        place, entry = super().popitem()
        del self.index[place]
        return place, entry


class ReadCache:
    """Live values by group and key.

    Args:
        generations: the counters by which entries are judged.
        clock: the store's; entries are not used beyond their expiry.
        max_bytes: the most that the entries take, roughly.
    """

    def __init__(self, generations: Generations, clock: Clock, max_bytes: int) -> None:
        self._words = generations.words
        self._clock = clock
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        survives_fork(self._lock, Rank.INNERMOST)
        self.hits = self.misses = 0
        self._seen = bytearray(WORDS)
        self._seen_once = 0
        self._check_at = self._recheck_at = 0.0
        self._suspect = False
        self._forget(self._words[EPOCH])

    def get(self, group: str, key: str) -> bytes | None:
        """The value, if it is here and what SQLite would answer."""
        epoch = self._epoch  # read before the index: `_forget` replaces them in the other order
        try:
            entry = self._index.get((group, key))
        except TypeError:  # no names: the caller will say so
            return None
        if entry is None:
            return None
        text, expires_at, slot, generation = entry
        words = self._words
        if words[slot] != generation or words[EPOCH] != epoch or time.monotonic() >= self._check_at:
            return None
        if expires_at is not None and self._clock() >= expires_at:
            return None
        with self._lock:
            self.hits += 1
            if not self.hits % _TOUCH_EVERY:
                self._entries.get((group, key))
        return text

    def state(self, slot: int) -> tuple[int, int]:
        """The counters that a read of SQLite is made under: the slot's, and that of everything."""
        return self._words[slot], self._words[EPOCH]

    def put(self, group: str, key: str, record: Record | None, slot: int, before: tuple[int, int]) -> None:
        """Keep what was read since the counters stood at `before`, unless something was being written meanwhile."""
        generation, epoch = before
        with self._lock:
            self.misses += 1
            if record is None or not self._max_bytes or self._is_new(slot):
                return
            if generation % 2 or epoch % 2 or before != (self._words[slot], self._words[EPOCH]):
                return
            if epoch != self._epoch:
                self._forget(epoch)
            self._entries.add((group, key), (record.value, record.expires_at, slot, generation))

    def is_due(self) -> bool:
        """Whether `get` answers nothing until `check` is called."""
        return time.monotonic() >= self._check_at

    def check(self, *, moved: bool, announced: bool) -> None:
        """Look for writes of other programs.

        Args:
            moved: another connection has committed since this was last asked of the same connection.
            announced: the counter of commits has been raised since then.
        """
        now = time.monotonic()
        with self._lock:
            self._check_at = now + CHECK_SECONDS
            self._suspect = self._suspect or moved
            if (moved and not announced) or (self._suspect and now >= self._recheck_at):
                self._recheck_at = now + RECHECK_SECONDS
                self._suspect = False
                self._forget(self._epoch)

    def close(self) -> None:
        """Answer nothing any more."""
        with self._lock:
            self._check_at = math.inf
            self._index.clear()

    def _is_new(self, slot: int) -> bool:
        """Whether an item is read for the first time in a while: only the second time is worth keeping it."""
        if self._seen[slot]:
            return False
        self._seen_once += 1
        if self._seen_once > SLOTS // 4:
            self._seen = bytearray(WORDS)
            self._seen_once = 0
        self._seen[slot] = 1
        return True

    def _forget(self, epoch: int) -> None:
        self._entries = _Entries(self._max_bytes)
        self._index = self._entries.index
        self._epoch = epoch
