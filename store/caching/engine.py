"""How a cached call comes to its result: the same steps for threads and tasks."""

from __future__ import annotations

import functools
import math
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Literal

from store.caching.leases import Lease
from store.caching.policy import Verdict
from store.caching.results import Results
from store.caching.steps import (
    Answer,
    Caller,
    Compute,
    InStore,
    Outcome,
    Raised,
    Returned,
    Sleep,
    Spawn,
    Steps,
    Wait,
)
from store.errors import StoreBusy, StoreError
from store.lanes import Lane
from store.values import decode, encode

if TYPE_CHECKING:
    from store.caching.flights import Flight
    from store.caching.hub import CacheHub
    from store.caching.policy import Policy
    from store.caching.stats import Counters
    from store.model import Record

FIRST_PAUSE: Final = 0.002
LONGEST_PAUSE: Final = 0.05
RETRY_SECONDS: Final = 1.0  # after a refresh in the background that failed

_NO_LIMIT: Final = 2**62  # the store has its own, past which a result is handed out all the same


class Engine:
    """The steps of the calls of one cached function."""

    def __init__(self, hub: CacheHub, group: str, policy: Policy, counters: Counters) -> None:
        self.hub = hub
        self.group = group
        self.results = Results(hub, group, policy, counters)
        self._policy = policy
        self._counters = counters
        self.at_hand = self.results.reader(counters.hit)
        """Gives the fresh result for a key, or MISSING if that would have to wait for anything."""

    def lookup(self, key: str, caller: Caller, *, force: bool = False) -> Steps[Outcome]:
        """The steps to a result; `force` has the function run whatever is stored.

        Raises:
            StoreBusy: another call took longer than `wait`, and the policy says so.
            StoreError: the store failed, and the policy is strict.
        """
        self.hub.keeper.start()
        called_at = time.monotonic()
        deadline = called_at + self._policy.wait_seconds
        useful = _never if force else self.results.is_fresh
        while True:
            found = None if force else (yield from self._found(key))
            if isinstance(found, Answer):
                return found
            flight, leads = self.hub.flights.join((self.group, key), forced=force)
            outcome: Outcome | None = None
            if leads:
                outcome = yield from self._lead(key, flight, caller, deadline, useful, reachable=found is None)
            else:
                text = yield Wait(flight, deadline - time.monotonic())
                if text and (not force or (flight.forced and flight.started_at >= called_at)):
                    outcome = Answer(text, decode(text))
                elif text is False:
                    deadline = -math.inf
            if outcome is None and time.monotonic() >= deadline:
                outcome = yield from self._waited_in_vain(key)
            if outcome is not None:
                if not force:
                    ran = isinstance(outcome, Raised) or outcome.ran
                    self._counters.add(**{"misses" if ran else "waits": 1})
                return outcome

    def _found(self, key: str) -> Steps[Answer | Literal[False] | None]:
        """What is stored and can be served, or None; False if the store cannot say."""
        results = self.results
        try:
            if results.is_known_fresh(key):
                answer: Answer | None = yield InStore(functools.partial(results.fetch, key), Lane.READS)
                if answer is not None:
                    self._counters.hit()
                return answer
            found: tuple[Record, Answer] | None = yield InStore(functools.partial(results.read, key), Lane.READS)
        except StoreError as error:
            self._pass_by(error)
            return False
        if found is None:
            return None
        record, answer = found
        verdict = results.judge(key, record)
        if verdict is not Verdict.STALE:
            self._counters.hit()
        elif self._policy.on_error == "raise" and results.has_failed(key, math.inf):
            return None
        else:
            self._counters.add(stale_hits=1)
        if verdict is not Verdict.FRESH and not results.has_failed(key, RETRY_SECONDS):
            yield from self._refresh_soon(key, record)
        return answer

    def _lead(
        self,
        key: str,
        flight: Flight,
        caller: Caller,
        deadline: float,
        useful: Callable[[Record], bool],
        *,
        reachable: bool,
    ) -> Steps[Outcome | None]:
        """Get the result for all in this process who wait; None if another process took too long."""
        flight.led_by(caller)
        flight.thread = threading.get_ident()
        text: bytes | None = None
        abandoned = False
        lease = Lease(self.hub.state, self.group, key, self._policy.lease_ms)
        try:
            attempt = functools.partial(self.results.attempt, lease, flight, key, useful)
            held = (yield from self._lease_or_result(lease, attempt, deadline)) if reachable else False
            if held is None:
                return None
            outcome = held if isinstance(held, Answer) else (yield from self._run(key, lease if held else None))
            if isinstance(outcome, Answer):
                text = outcome.text
            return outcome
        except GeneratorExit:
            # The task was dropped. This may run inside of anything, so it must not wait for a lock: the keeper sees it.
            abandoned = True
            raise
        finally:
            if not abandoned:
                try:
                    if lease.is_due or lease.is_asked_for:
                        caller.settle(functools.partial(self._let_go, lease))
                finally:
                    self.hub.flights.end(flight, text)

    def _lease_or_result(
        self, lease: Lease, attempt: Callable[[], Answer | bool], deadline: float
    ) -> Steps[Answer | bool | None]:
        """True with the lease, or what another process stored, None if time is up; False without the store."""
        pause = FIRST_PAUSE
        while True:
            lease.is_asked_for = True  # a task that is cancelled meanwhile does not see what comes of it
            try:
                got: Answer | bool = yield InStore(attempt, Lane.WRITES)
                lease.is_asked_for = False
            except StoreError as error:
                lease.is_asked_for = False
                self._pass_by(error)
                return False
            if got is not False:
                return got
            left = deadline - time.monotonic()
            if left <= 0:
                return None
            yield Sleep(min(pause, left))
            pause = min(pause * 1.5, LONGEST_PAUSE)

    def _run(self, key: str, lease: Lease | None) -> Steps[Outcome]:
        """Run the function, and store what it gives if there is a lease for that."""
        began_at = time.perf_counter()
        result: Returned | Raised = yield Compute()
        if isinstance(result, Raised):
            self._counters.add(failures=1)
            return result
        self._counters.add(runs=1, seconds=time.perf_counter() - began_at)
        text, plain = encode(result.value, _NO_LIMIT)
        kept = self._policy.kept(result.value)
        if lease is not None and kept is not None:
            try:
                yield InStore(functools.partial(self.results.store, lease, key, text, plain, kept), Lane.WRITES)
            except StoreError as error:
                self._pass_by(error)
        return Answer(text, plain, ran=True)

    def _refresh_soon(self, key: str, record: Record) -> Steps[None]:
        flight, leads = self.hub.flights.join((self.group, key))
        if not leads:
            return

        def begin(caller: Caller) -> Steps[None]:
            flight.led_by(caller)  # from now on: it may be cancelled before it gets its turn
            return self._refresh(key, flight, caller, record.version)

        if not (yield Spawn(begin)):
            self.hub.flights.end(flight, None)

    def _refresh(self, key: str, flight: Flight, caller: Caller, version: int) -> Steps[None]:
        """Get a new result in the background, unless somebody else does."""

        def newer(record: Record) -> bool:
            return record.version != version and self.results.is_fresh(record)

        error: Exception | None = None
        try:
            outcome = yield from self._lead(key, flight, caller, time.monotonic(), newer, reachable=True)
            error = outcome.error if isinstance(outcome, Raised) else None
        except Exception as raised:  # a strict policy, or a result that is not JSON: there is nobody to tell
            error = raised
        if error is not None:
            self.results.failed(key)
            self.hub.warn(f"refresh {self.group}", f"{self.group!r}, {key} was not refreshed", error)

    def _waited_in_vain(self, key: str) -> Steps[Outcome]:
        if self._policy.on_timeout == "raise":
            seconds = self._policy.wait_seconds
            raise StoreBusy(f"{self.group!r}, {key}: another call was still getting it after {seconds:g} s")
        return (yield from self._run(key, None))

    def _pass_by(self, error: StoreError) -> None:
        """Go on without the store, if that is wanted."""
        self._counters.add(errors=1)
        if self._policy.strict:
            raise error
        self.hub.warn(f"store {self.group}", f"the cache {self.group!r} is passed by: {error}")

    def _let_go(self, lease: Lease) -> None:
        try:
            self.results.release(lease)
        except StoreError as error:  # it runs out by itself
            self.hub.warn(f"store {self.group}", f"a lease of {self.group!r} was not released: {error}")


def _never(_record: Record) -> bool:
    return False
