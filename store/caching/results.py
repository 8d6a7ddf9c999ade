"""One cached function's results: in the store, and what this process keeps at hand of them. All of it may block."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from store.caching.leases import Lease, revoke
from store.caching.near import NearCache
from store.caching.policy import Verdict
from store.caching.steps import MISSING, Answer
from store.errors import VersionConflict
from store.values import decode, stored

if TYPE_CHECKING:
    from store.caching.flights import Flight
    from store.caching.hub import CacheHub
    from store.caching.policy import Kept, Policy
    from store.caching.stats import Counters
    from store.model import Record

REMEMBERED: Final = 10_000


class Results:
    """The results of one group, by key; JSON texts, as the store keeps them."""

    def __init__(self, hub: CacheHub, group: str, policy: Policy, counters: Counters) -> None:
        self._hub = hub
        self._state = hub.state
        self._group = group
        self._policy = policy
        self._near = NearCache(self._state._clock, policy.near_ms) if policy.near_ms else None
        self._mean_run = counters.mean_run
        self._untimed = not (policy.stale_ms or policy.early or policy.near_ms)
        # The quick way to an item tells its value, not its times: until when which key is fresh is remembered here.
        self._fresh: dict[str, float] = {}
        self._due: set[str] = set()  # fresh ones that the next who looks has to renew
        self._failed_at: dict[str, float] = {}

    def reader(self, count: Callable[[], int]) -> Callable[[str], Any]:
        """A function that gives a fresh result and calls `count`, or gives MISSING if that would have to wait."""
        if self._near is not None:
            return self._near.reader(count)
        group, peek, judged = self._group, self._state._peek, None if self._untimed else self._judged

        def read(key: str) -> Any:
            text = peek(group, key) if judged is None or judged(key) is Verdict.FRESH else None
            if text is None:
                return MISSING
            try:
                value = decode(text)
            except ValueError:  # the file is damaged: the slow way deals with that
                return MISSING
            count()
            return value

        return read

    def is_known_fresh(self, key: str) -> bool:
        """Whether a result that is stored needs no look at its times."""
        return self._untimed or (key not in self._due and self._state._clock() < self._fresh.get(key, 0))

    def fetch(self, key: str) -> Answer | None:
        """What is stored."""
        text = self._state._backend.fetch(self._group, key)
        return None if text is None else Answer(text, stored(text))

    def read(self, key: str) -> tuple[Record, Answer] | None:
        """What is stored, with its times."""
        epoch = 0 if self._near is None else self._near.epoch
        record = self._state._read(self._group, key)
        if record is None:
            return None
        answer = Answer(record.value, stored(record.value))
        if self.is_fresh(record):
            until = self._policy.fresh_until(record)
            if self._near is None:
                _bounded(self._fresh)[key] = until
            else:
                self._near.put(key, record.value, until, epoch)
        return record, answer

    def is_fresh(self, record: Record) -> bool:
        """Whether a live record is not stale."""
        return self._state._clock() < self._policy.fresh_until(record)

    def judge(self, key: str, record: Record) -> Verdict:
        """What a live record is good for."""
        if key in self._due:
            self._due.discard(key)
            return Verdict.EARLY if self.is_fresh(record) else Verdict.STALE
        return self._policy.judge(self._policy.fresh_until(record), self._state._clock(), self._mean_run())

    def attempt(self, lease: Lease, flight: Flight, key: str, useful: Callable[[Record], bool]) -> Answer | bool:
        """Whether the lease could be taken; or what its holder of before has stored meanwhile, if that is useful."""
        held = lease.acquire()
        if held:
            self._hub.keeper.add(lease, flight)
        record = self._state._read(self._group, key)
        if record is None or not useful(record):
            return held
        if held:
            self.release(lease)
        return Answer(record.value, stored(record.value))

    def store(self, lease: Lease, key: str, text: bytes, plain: Any, kept: Kept) -> None:
        """Store a result, if the lease for it is still held, and release the lease."""
        if not lease.is_held():  # somebody took over, or does not want this result any more
            return
        self._state.set(self._group, key, plain, ttl=kept.ttl)
        self._forget(key)
        if not self.release(lease):
            record = self._state._read(self._group, key)
            if record is not None and record.value == text:
                with contextlib.suppress(VersionConflict):
                    self._state.delete(self._group, key, if_version=record.version)
            self._forget(key)

    def release(self, lease: Lease) -> bool:
        """Let another one have the lease; whether it was held until now."""
        self._hub.keeper.discard(lease)
        return lease.release()

    def invalidate(self, key: str) -> bool:
        """Drop a result, also one that is about to be stored; whether there was one."""
        # The lease first: who holds it looks once more after it has stored its result, and takes it back.
        self._hub.flights.forget(self._group, key)
        try:
            revoke(self._state, self._group, key)
            return key in self._state.delete_many(self._group, [key])
        finally:
            self._forget(key)

    def clear(self) -> int:
        """Drop all results, also those about to be stored; how many there were."""
        self._hub.flights.forget(self._group)
        try:
            revoke(self._state, self._group)
            return self._state.clear(self._group)
        finally:
            self._forget()

    def failed(self, key: str) -> None:
        """Note that a refresh of a result failed."""
        _bounded(self._failed_at)[key] = time.monotonic()

    def has_failed(self, key: str, within: float) -> bool:
        """Whether the last refresh of a result failed, and did so within the last seconds."""
        at = self._failed_at.get(key)
        return at is not None and time.monotonic() < at + within

    def _judged(self, key: str) -> Verdict | None:
        """What a result is good for, if that is known; one that is to be renewed early is so for whoever looks next."""
        until = self._fresh.get(key)
        if until is None:
            return None
        verdict = self._policy.judge(until, self._state._clock(), self._mean_run())
        if verdict is Verdict.EARLY:
            self._due.add(key)
        return verdict

    def _forget(self, key: str | None = None) -> None:
        """Hold on to nothing that the store may no longer have."""
        if key is None:
            self._fresh.clear()
            self._due.clear()
            self._failed_at.clear()
        else:
            self._fresh.pop(key, None)
            self._due.discard(key)
            self._failed_at.pop(key, None)
        if self._near is not None:
            self._near.forget(key)


def _bounded(remembered: dict[str, float]) -> dict[str, float]:
    """What is remembered of keys, given up before it takes much memory."""
    if len(remembered) >= REMEMBERED:
        remembered.clear()
    return remembered
