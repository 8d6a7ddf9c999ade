"""What a cached function was told: which results are kept, for how long, and when they are fetched anew. Pure."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum, auto
from typing import Any, Literal, NamedTuple, TypeAlias

from store.durations import MAX_SECONDS, NEVER, TTL, Expiry, milliseconds
from store.errors import InvalidArgument
from store.model import Record
from store.values import shown

Lifetime: TypeAlias = TTL | Callable[[Any], TTL | None] | None
"""How long a result is fresh: a time, or what a function of the result gives."""


class Verdict(Enum):
    """What a stored result is good for."""

    FRESH = auto()
    EARLY = auto()  # fresh, and to be fetched anew while it still is
    STALE = auto()  # to be fetched anew, and good until then


class Kept(NamedTuple):
    """A result is kept; `ttl` is as in `Store.set`."""

    ttl: float | Expiry | None


@dataclass(kw_only=True)
class Policy:
    """The options of `Store.cached`, which says what they mean; checked as it is made.

    Raises:
        InvalidTTL: a time that is not positive and finite.
        InvalidArgument: any other option that is not one.
    """

    ttl: Lifetime
    stale: TTL | None
    lease: TTL
    wait: TTL
    on_timeout: Literal["call", "raise"]
    early: float
    cache_if: Callable[[Any], object] | None
    cache_none: bool
    near: TTL | None
    strict: bool
    on_error: Literal["stale", "raise"]
    stale_ms: int = field(init=False)
    lease_ms: int = field(init=False)
    near_ms: int = field(init=False)
    wait_seconds: float = field(init=False)
    ttl_seconds: float | None = field(init=False)

    def __post_init__(self) -> None:
        self.stale_ms = 0 if self.stale is None else milliseconds(self.stale, "stale")
        self.lease_ms = milliseconds(self.lease, "lease")
        self.near_ms = 0 if self.near is None else milliseconds(self.near, "near")
        self.wait_seconds = 0.0 if self.wait == 0 else milliseconds(self.wait, "wait") / 1000
        self.ttl_seconds = None if self.ttl is None or callable(self.ttl) else milliseconds(self.ttl) / 1000
        if self.stale_ms and self.ttl is None:
            raise InvalidArgument("stale= needs a ttl: it begins when the ttl is over")
        if self.on_timeout not in ("call", "raise"):
            raise InvalidArgument(f"on_timeout must be 'call' or 'raise', not {shown(self.on_timeout)}")
        if self.on_error not in ("stale", "raise"):
            raise InvalidArgument(f"on_error must be 'stale' or 'raise', not {shown(self.on_error)}")
        if not isinstance(self.early, int | float) or not 0 <= self.early < math.inf:
            raise InvalidArgument(f"early must be a number from 0, not {shown(self.early)}")
        if self.cache_if is not None and not callable(self.cache_if):
            raise InvalidArgument(f"cache_if must be a function of the result, not {shown(self.cache_if)}")

    def kept(self, result: object) -> Kept | None:
        """Whether and for how long a result is kept, the time in which it is stale included.

        Raises:
            InvalidTTL: what `ttl=` computed is no time.
        """
        if (result is None and not self.cache_none) or (self.cache_if is not None and not self.cache_if(result)):
            return None
        ttl = self.ttl(result) if callable(self.ttl) else self.ttl
        if ttl is None:
            return Kept(NEVER if self.stale_ms else None)
        if callable(self.ttl) and _is_over(ttl):
            return None
        return Kept(min((milliseconds(ttl, "what ttl= computed") + self.stale_ms) / 1000, MAX_SECONDS))

    def fresh_until(self, record: Record) -> float:
        """When a stored result ceases to be fresh, in milliseconds since 1970."""
        return math.inf if record.expires_at is None else record.expires_at - self.stale_ms

    def judge(self, until: float, now: int, mean_run: float, chance: Callable[[], float] = random.random) -> Verdict:
        """What a live result is good for that is fresh `until` then, where the function takes `mean_run` seconds."""
        if now >= until:
            return Verdict.STALE
        if not self.early:
            return Verdict.FRESH
        # XFetch: the longer the function takes, the earlier; at random, so that not all who read it come at once.
        ahead = -math.log(1 - chance()) * self.early * mean_run * 1000
        return Verdict.EARLY if now + ahead >= until else Verdict.FRESH


def _is_over(ttl: object) -> bool:
    """Whether a computed time is over already: an answer that says it is of no use a second time."""
    seconds = ttl.total_seconds() if isinstance(ttl, timedelta) else ttl
    return isinstance(seconds, int | float) and not isinstance(seconds, bool) and seconds <= 0
