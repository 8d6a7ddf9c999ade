"""What the item and group methods of a store share: the backend, the clock, limits and counters."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import NoReturn

from store.backends.base import Backend, Change, live
from store.backends.trashing import Keeping
from store.clock import Clock
from store.errors import StoreClosed
from store.forking import Rank, survives_fork
from store.model import Record
from store.names import check_name


class Counters:
    """What this process did with a store; exact under threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        survives_fork(self._lock, Rank.INNERMOST)
        self.hits = self.misses = self.writes = self.expired = 0

    def read(self, hits: int, misses: int = 0) -> None:
        """Count items asked for: those that were there and those that were not."""
        with self._lock:
            self.hits += hits
            self.misses += misses

    def wrote(self, items: int) -> None:
        """Count items written or removed."""
        with self._lock:
            self.writes += items

    def swept(self, items: int) -> None:
        """Count items removed because their time was up."""
        with self._lock:
            self.expired += items


class Closed:
    """Stands where a backend was."""

    def __getattr__(self, _name: str) -> NoReturn:
        raise StoreClosed("the store was closed")


class Core:
    """A backend with the rules that all methods obey: checked names, no expired records, one clock."""

    def __init__(self, backend: Backend, clock: Clock, max_value_bytes: int) -> None:
        self._backend: Backend = backend
        self._clock = clock
        self._limit = max_value_bytes
        self._counters = Counters()
        self._peek = backend.peek

    @property
    def max_value_bytes(self) -> int:
        """The most bytes of JSON text a value may have."""
        return self._limit

    def _read(self, group_id: str, key: str) -> Record | None:
        check_name("group", group_id)
        check_name("key", key)
        record = live(self._backend.read(group_id, key), self._clock())
        self._counters.read(record is not None, record is None)
        return record

    def _mutate(self, group_id: str, key: str, change: Change, keep: Keeping | None = None) -> Record | None:
        """Run a change; the record that it started from, which is kept if `keep` says so."""
        check_name("group", group_id)
        check_name("key", key)
        old, written = self._backend.mutate(group_id, key, change, keep)
        if written:
            self._counters.wrote(1)
        return old

    def _mutate_many(
        self, group_id: str, changes: Iterable[tuple[str, Change]], keep: Keeping | None = None
    ) -> dict[str, Record | None]:
        """Run changes in one transaction; the record that each started from, by key."""
        check_name("group", group_id)
        runs: dict[str, Change] = {}
        for key, change in changes:
            check_name("key", key)
            runs[key] = change
        olds, written = self._backend.mutate_many(group_id, runs, keep)
        self._counters.wrote(written)
        return olds
