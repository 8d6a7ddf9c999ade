"""What the cached functions of one store share."""

from __future__ import annotations

import atexit
import logging
import threading
import time
import weakref
from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, Final, TypeVar

from store.caching.flights import Flights
from store.caching.keeper import Keeper
from store.caching.stats import STATS, CacheInfo, Counters, info_of
from store.errors import InvalidArgument, StoreClosed, StoreError, UpdateRejected
from store.forking import after_fork
from store.lanes import Lane, Lanes

if TYPE_CHECKING:
    import asyncio

    from store.api import Store
    from store.caching.policy import Policy

R = TypeVar("R")

log = logging.getLogger("stepstate")

REFRESHES: Final = 16  # in the background at the same time
LOG_SECONDS: Final = 60.0


class CacheHub:
    """Flights, counters and threads of the cached functions of a store; nothing runs before one of them is called."""

    def __init__(self, state: Store) -> None:
        self.state = state
        self.flights = Flights()
        self.keeper = Keeper(self)
        self.tasks: set[asyncio.Task[None]] = set()
        self._counters: dict[str, Counters] = {}
        self._own_keys: set[str] = set()
        self._lanes = Lanes()
        self._logged: dict[str, tuple[float, int]] = {}
        self._begin_anew()
        _HUBS.add(self)
        after_fork(self, CacheHub._after_fork)

    def register(self, group: str, function: str, policy: Policy, *, own_key: bool) -> Counters:
        """The counters of a group, which is one function's.

        Raises:
            InvalidArgument: it is another function's, and both make their keys from their arguments alone.
        """
        with self._lock:
            counters = self._counters.get(group)
            if counters is None:
                counters = self._counters[group] = Counters(group, function, policy)
            elif counters.function != function and not (own_key and group in self._own_keys):
                raise InvalidArgument(
                    f"the group {group!r} caches {counters.function}: {function} needs a group of its own, "
                    f"or both need key= so that their keys differ"
                )
            if own_key:
                self._own_keys.add(group)
            counters.describe(function, policy)
            return counters

    def submit(self, lane: Lane, work: Callable[[], R]) -> Future[R]:
        """Use the store in a thread.

        Raises:
            StoreClosed: the store was closed.
        """
        try:
            return self._lanes.submit(lane, work)
        except RuntimeError:
            raise StoreClosed("the store was closed") from None

    def may_refresh(self) -> bool:
        """Whether one more refresh may begin in the background; `refreshed` has to follow."""
        return self._refreshing.acquire(blocking=False)

    def refreshed(self) -> None:
        """A refresh in the background has ended."""
        self._refreshing.release()

    def in_background(self, work: Callable[[], object]) -> bool:
        """Have work done by a thread that nobody waits for; whether there is one."""
        if not self.may_refresh():
            return False
        refreshing = self._refreshing

        def run() -> None:
            try:
                work()
            finally:
                refreshing.release()

        try:
            threading.Thread(target=run, name="stepstate-refresh", daemon=True).start()
        except RuntimeError:  # there can be no more threads
            refreshing.release()
            return False
        return True

    def warn(self, about: str, message: str, error: BaseException | None = None) -> None:
        """Log something once a minute at most, and how often it came."""
        now = time.monotonic()
        with self._lock:
            at, unsaid = self._logged.get(about, (-LOG_SECONDS, 0))
            quiet = now - at < LOG_SECONDS
            self._logged[about] = (at, unsaid + 1) if quiet else (now, 0)
        if not quiet:
            more = f" ({unsaid:,} more of the kind before)" if unsaid else ""
            log.warning("%s%s", message, more, exc_info=error)

    def flush(self) -> None:
        """Write the counters down; what cannot be written now is, later."""
        for counters in list(self._counters.values()):
            try:
                self._flush(counters)
            except StoreClosed:
                return
            except StoreError as error:
                self.warn(f"counters {counters.group}", f"the counters of {counters.group!r} are not stored: {error}")

    def info(self, group: str) -> CacheInfo:
        """The counters of a group; if the store cannot say more, only what this process has still to tell it."""
        counters = self._counters[group]
        with self._flushing:
            stored = None
            try:
                stored = self.state.get(STATS, group)
            except StoreError as error:
                self.warn(f"counters {group}", f"the counters of {group!r} cannot be read: {error}")
            return counters.info(stored)

    def infos(self) -> list[CacheInfo]:
        """The counters of all groups, by name."""
        with self._flushing:
            stored: dict[str, Any] = {}
            after: str | None = None
            while True:
                page = self.state.items(STATS, after=after, limit=1000)
                stored |= {item.key: item.value for item in page.items}
                after = page.next
                if after is None:
                    break
            own = {group: counters.info(stored.get(group)) for group, counters in list(self._counters.items())}
        others = {group: info_of(group, value) for group, value in stored.items() if group not in own}
        return [info for _, info in sorted({**own, **others}.items())]

    def close(self) -> None:
        """Write everything down and end all threads."""
        self.keeper.stop()
        self._lanes.end(wait=True)
        self.flush()

    def _after_fork(self) -> None:
        """In a child process: begin anew; what was under way is the parent's."""
        self._begin_anew()
        self.flights.after_fork()
        for counters in self._counters.values():
            counters.after_fork()
        self.tasks = set()
        self.keeper.after_fork()

    def _begin_anew(self) -> None:
        self._lock = threading.Lock()
        self._flushing = threading.Lock()
        self._refreshing = threading.Semaphore(REFRESHES)

    def _flush(self, counters: Counters) -> None:
        with self._flushing:
            counts = counters.counts()
            pending = counters.pending(counts)
            if not pending:
                return
            try:
                result = self.state.update(STATS, counters.group, counters.ops(pending))
            except UpdateRejected:  # somebody put something else there
                self.state.delete(STATS, counters.group)
                result = self.state.update(STATS, counters.group, counters.ops(counts))
            counters.stored(counts, result.new_value)


_HUBS: weakref.WeakSet[CacheHub] = weakref.WeakSet()


def _flush_all() -> None:
    for hub in list(_HUBS):
        hub.flush()


atexit.register(_flush_all)
