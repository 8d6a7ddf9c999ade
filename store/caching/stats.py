"""What the cached functions of a store did: counted in memory, added up over processes in the store."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from store.names import RESERVED
from store.tally import Tally

if TYPE_CHECKING:
    from store.caching.policy import Policy

STATS: Final = f"{RESERVED}cache"
"""The group with one item for each cached group."""

COUNTED: Final = ("hits", "stale_hits", "waits", "misses", "errors", "runs", "failures", "seconds")


@dataclass(frozen=True, slots=True)
class CacheInfo:
    """What a cached function did, in every process that used this store, since the counters were last cleared.

    Each call is one of: `hits` (a fresh result was there), `stale_hits` (an old one was served), `waits` (another call
    was about to get it, and this one had it from there), `misses` (the function ran for this call). `runs` are runs of
    the function that returned, background refreshes included, which took `seconds` in all; `failures` are runs that
    raised. `errors` are failures of the store, past which the function was called.

    `ttl` (None: computed or none of its own) and `stale` are the options in seconds that were given last.
    """

    group_id: str
    function: str
    ttl: float | None
    stale: float
    hits: int
    stale_hits: int
    waits: int
    misses: int
    errors: int
    runs: int
    failures: int
    seconds: float

    @property
    def calls(self) -> int:
        """How often the cached function was called."""
        return self.served + self.misses

    @property
    def served(self) -> int:
        """How many of the calls got a result without a run of their own."""
        return self.hits + self.stale_hits + self.waits

    @property
    def hit_rate(self) -> float:
        """The part of the calls that were served, from 0 to 1; 0 without calls."""
        return self.served / self.calls if self.calls else 0.0

    @property
    def mean_seconds(self) -> float:
        """How long a run of the function takes, in the mean: the time that each call served saves."""
        return self.seconds / self.runs if self.runs else 0.0

    @property
    def seconds_saved(self) -> float:
        """How long the runs would have taken that were not needed."""
        return self.served * self.mean_seconds


class Counters:
    """What this process counts about one group; exact under threads."""

    def __init__(self, group: str, function: str, policy: Policy) -> None:
        self.group = group
        self.describe(function, policy)
        self._known_mean = 0.0
        self._counts = dict.fromkeys(COUNTED, 0.0)
        self._stored = dict(self._counts)
        self._hits = Tally()
        self.hit = self._hits.add
        self._lock = threading.Lock()

    def describe(self, function: str, policy: Policy) -> None:
        """Note the function that is counted, as it was decorated last."""
        self.function = function
        self.ttl, self.stale = policy.ttl_seconds, policy.stale_ms / 1000

    def add(self, **counts: float) -> None:
        """Count something other than a hit."""
        with self._lock:
            for name, by in counts.items():
                self._counts[name] += by

    def counts(self) -> dict[str, float]:
        """Everything counted by this process."""
        with self._lock:
            return {**self._counts, "hits": self._hits.total()}

    def pending(self, counts: Mapping[str, float]) -> dict[str, float]:
        """What of `counts` is not in the store yet."""
        return {name: by - self._stored[name] for name, by in counts.items() if by != self._stored[name]}

    def stored(self, counts: Mapping[str, float], total: object) -> None:
        """Note that `counts` are in the store, where they are part of `total` now."""
        self._stored = dict(counts)
        self._known_mean = info_of(self.group, total).mean_seconds

    def mean_run(self) -> float:
        """Seconds that a run takes, by what this process saw, else by what the store had; 0 if nothing is known."""
        counts = self._counts
        return counts["seconds"] / counts["runs"] if counts["runs"] else self._known_mean

    def info(self, stored: object) -> CacheInfo:
        """What is in the store, and what is not there yet."""
        told = info_of(self.group, stored, self.pending(self.counts()))
        return replace(told, function=self.function, ttl=self.ttl, stale=self.stale)

    def after_fork(self) -> None:
        """In a child process: what was not stored yet is the parent's to store."""
        self._lock = threading.Lock()
        self._stored = self.counts()

    def ops(self, pending: Mapping[str, float]) -> list[dict[str, Any]]:
        """The update operations that add what is pending to the item in the store."""
        described = {"function": self.function, "ttl": self.ttl, "stale": self.stale}
        sets = [{"type": "set", "path": name, "value": value} for name, value in described.items()]
        adds = [
            {"type": "increment", "path": name, "by": by if name == "seconds" else int(by)}
            for name, by in pending.items()
        ]
        return sets + adds


def info_of(group: str, stored: object, pending: Mapping[str, float] | None = None) -> CacheInfo:
    """The counters of a group, from its item in the store; what somebody has spoilt there counts as 0."""
    told = stored if isinstance(stored, dict) else {}
    more = pending or {}
    numbers: dict[str, Any] = {name: _number(told.get(name)) + more.get(name, 0) for name in COUNTED}
    counts = {name: number if name == "seconds" else int(number) for name, number in numbers.items()}
    ttl, function = told.get("ttl"), told.get("function")
    return CacheInfo(
        group_id=group,
        function=function if isinstance(function, str) else "",
        ttl=None if ttl is None else _number(ttl),
        stale=_number(told.get("stale")),
        **counts,
    )


def _number(value: object) -> float:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else 0
