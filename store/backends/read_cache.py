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

from store.backends.generations import ENDED, EPOCH, slot_of
from store.forking import Rank, survives_fork
from store.model import ReadCounts
from store.tally import Tally

if TYPE_CHECKING:
    from store.backends.generations import Generations
    from store.clock import Clock

Place: TypeAlias = tuple[str, str]
Entry: TypeAlias = tuple[bytes, int | None, int, int, int]
"""The value, when it expires, the slot and state of the counter that vouches for it, and the bytes it all takes."""

Vouched: TypeAlias = tuple[Place, int, int, int, dict[Place, Entry]]
"""An item, its slot, the states of its counter and of the epoch, and the index that it may be put into."""

CHECK_SECONDS: Final = 0.1
RECHECK_SECONDS: Final = 1.0
_OVERHEAD: Final = 600  # bytes that an entry takes beside its value and names, roughly
_MARKS: Final = 65_536  # by which items are known that were read once, some others with them
_TOUCH_EVERY: Final = 8  # hits; to note each use would double what a hit costs


class _Entries(LRUCache[Place, Entry]):
    """Keeps `index`, which is read without a lock, in step with what is evicted."""

    def __init__(self, max_bytes: int) -> None:
        super().__init__(max_bytes, lambda entry: entry[4])
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
        self.words = generations.words
        self._clock = clock
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        survives_fork(self._lock, Rank.INNERMOST)
        self._hits, self.fetched, self.absent = Tally(), Tally(), Tally()
        self._marks = bytearray(_MARKS)
        self._marked = 0
        self.check_at = self._recheck_at = 0.0
        self._suspect = False
        self._forget(self.words[EPOCH])

    def get(self, group: str, key: str) -> bytes | None:
        """The value, if it is here and what SQLite would answer."""
        epoch = self._epoch  # read before the index: `_forget` replaces them in the other order
        try:
            entry = self.index.get((group, key))
        except TypeError:  # no names: the caller will say so
            return None
        if entry is None:
            return None
        text, expires_at, slot, generation, _ = entry
        words = self.words
        if words[slot] != generation or words[EPOCH] != epoch or time.monotonic() >= self.check_at:
            return None
        if expires_at is not None and self._clock() >= expires_at:
            return None
        if not self._hits.add() % _TOUCH_EVERY:
            with self._lock:
                self._entries.get((group, key))
        return text

    def before(self, place: Place) -> Vouched | None:
        """What vouches for a value that is read from now on; None if it is not to be kept.

        Only what is read a second time in a while is worth keeping, and only while nothing of it is being written.
        """
        mark = hash(place) % _MARKS
        if not self._marks[mark]:
            self._note(mark)
            return None
        words, slot = self.words, slot_of(*place)
        generation, epoch = words[slot], words[EPOCH]
        if words[slot + ENDED] != generation or words[EPOCH + ENDED] != epoch:
            return None
        return place, slot, generation, epoch, self.index

    def put(self, text: bytes, expires_at: int | None, vouched: Vouched) -> None:
        """Keep what was read, unless something of it was written or all was given up meanwhile."""
        place, slot, generation, epoch, index = vouched
        words = self.words
        with self._lock:
            if index is self.index and words[slot] == generation and words[EPOCH] == epoch:
                if epoch != self._epoch:
                    self._forget(epoch)
                size = len(text) + len(place[0]) + len(place[1]) + _OVERHEAD
                self._entries.add(place, (text, expires_at, slot, generation, size))

    def counts(self) -> ReadCounts:
        """What was read through the cache."""
        return ReadCounts(self._hits.total(), self.fetched.total(), self.absent.total())

    def check(self, *, moved: bool, announced: bool) -> None:
        """Look for writes of other programs.

        Args:
            moved: another connection has committed since this was last asked of the same connection.
            announced: the counter of commits has been raised since then.
        """
        now = time.monotonic()
        with self._lock:
            self.check_at = now + CHECK_SECONDS
            self._suspect = self._suspect or moved
            if (moved and not announced) or (self._suspect and now >= self._recheck_at):
                self._recheck_at = now + RECHECK_SECONDS
                self._suspect = False
                self._forget(self._epoch)

    def close(self) -> None:
        """Answer nothing any more."""
        with self._lock:
            self.check_at = math.inf
            self._max_bytes = 0  # a read that is under way finds no room
            self._forget(self._epoch)

    def _note(self, mark: int) -> None:
        self._marked += 1
        if self._marked > _MARKS // 4:
            self._marks = bytearray(_MARKS)
            self._marked = 0
        if self._max_bytes:
            self._marks[mark] = 1

    def _forget(self, epoch: int) -> None:
        self._entries = _Entries(self._max_bytes)
        self.index = self._entries.index
        self._epoch = epoch
