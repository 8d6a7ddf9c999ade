"""Store: the one public API over every backend."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self, cast

from store.branches import BranchMethods
from store.caching.methods import CachingMethods
from store.core import Closed
from store.durations import to_datetime
from store.expiry import ExpiryMethods
from store.groups import GroupMethods
from store.model import Stats
from store.rules import RuleMethods
from store.sweeper import Sweeper
from store.transfer import TransferMethods
from store.trash import TrashMethods

if TYPE_CHECKING:
    from datetime import datetime
    from types import TracebackType

    from store.backends.base import Backend
    from store.clock import Clock


class Store(RuleMethods, ExpiryMethods, GroupMethods, BranchMethods, TrashMethods, TransferMethods, CachingMethods):
    """Groups of items, an item being a key and a JSON value; see `open_store`. Safe to use from many threads.

    As a context manager it closes itself.
    """

    def __init__(self, backend: Backend, clock: Clock, max_value_bytes: int, sweep_interval: float | None) -> None:
        super().__init__(backend, clock, max_value_bytes)
        self._sweeper = None if sweep_interval is None else Sweeper(self, sweep_interval)

    @property
    def location(self) -> str:
        """Where the store keeps its items, in words for people."""
        return self._backend.location

    def now(self) -> datetime:
        """The time by which the store's items expire."""
        return to_datetime(self._clock())

    def revision(self) -> int:
        """A number without a meaning of its own: it differs whenever anything was written since, by any process.

        Sweeping counts as writing; that the time of an item is up does not. Asking costs microseconds and waits for
        no writer. Only numbers of one process can be compared: another's are always different.
        """
        return self._backend.revision()

    def stats(self) -> Stats:
        """Counters of this process, and the bytes the store takes."""
        counted, backend = self._counters, self._backend
        single = backend.counts()
        hits, misses = counted.hits + single.peeked + single.fetched, counted.misses + single.absent
        return Stats(
            reads=hits + misses,
            hits=hits,
            misses=misses,
            writes=counted.writes,
            expired=counted.expired,
            size=backend.size(),
            cache_hits=single.peeked,
            cache_misses=single.fetched + single.absent,
        )

    def close(self) -> None:
        """End the sweeper and release the backend; every later call raises StoreClosed. Closing twice is fine."""
        if self._sweeper is not None:
            self._sweeper.stop()
        self._close_caches()
        backend, self._backend = self._backend, cast("Backend", Closed())
        if not isinstance(backend, Closed):
            backend.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
