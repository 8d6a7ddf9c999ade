"""Guessing tokens is slow: wrong ones cost a wait, each one more, and only so many are taken in all."""

from __future__ import annotations

import ipaddress
import math
import time
from collections.abc import Callable
from typing import Final

from cachetools import LRUCache, TTLCache
from starlette.exceptions import HTTPException

FREE: Final = 5  # wrong tokens that cost an address nothing
LONGEST: Final = 30.0  # seconds that an address waits at most
LONGEST_KNOWN: Final = 1.0  # the same where the right token has come from: others may be behind that address
FORGOTTEN: Final = 3600.0  # seconds after its last wrong token that an address starts anew
BURST: Final = 100  # wrong tokens that are taken from all addresses together, and then so many each second
PER_SECOND: Final = 10.0
ADDRESSES: Final = 10_000


class Throttle:
    """The wrong tokens of late, by the address that they came from. For one thread; forgets the oldest when full.

    A token that comes too early is not looked at, so nothing is learned from it.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` gives seconds and never runs backwards."""
        self._clock = clock
        self._wrong: TTLCache[str, tuple[int, float]] = TTLCache(ADDRESSES, FORGOTTEN, clock)
        self._known: LRUCache[str, None] = LRUCache(ADDRESSES)
        self._left, self._counted = float(BURST), clock()

    def check(self, address: str) -> None:
        """Say whether a token from this address may be looked at.

        Raises:
            HTTPException: 429, with the seconds to wait.
        """
        network, now = _network(address), self._clock()
        _, until = self._wrong.get(network, (0, 0.0))
        if until > now:
            raise _later(until - now)
        self._left = min(BURST, self._left + (now - self._counted) * PER_SECOND)
        self._counted = now
        if self._left < 1 and network not in self._known:
            raise _later((1 - self._left) / PER_SECOND)

    def wrong(self, address: str) -> None:
        """What was looked at was wrong: the next one from there has to wait, longer each time."""
        network = _network(address)
        count = self._wrong.get(network, (0, 0.0))[0] + 1
        longest = LONGEST_KNOWN if network in self._known else LONGEST
        wait = min(longest, 2.0 ** min(count - FREE - 1, 10)) if count > FREE else 0.0
        self._wrong[network] = count, self._clock() + wait
        self._left = max(0.0, self._left - 1)

    def right(self, address: str) -> None:
        """What was looked at was the one that allows everything, which nobody there needs to guess any more."""
        self._known[_network(address)] = None


def _network(address: str) -> str:
    """Whoever has one IPv6 address has the other 2^64 of its network too."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(parsed) if parsed.version == 4 else str(ipaddress.ip_network((int(parsed) >> 64 << 64, 64)))


def _later(seconds: float) -> HTTPException:
    wait = math.ceil(seconds)
    message = f"Too many wrong tokens. Try again in {wait} second{'' if wait == 1 else 's'}."
    return HTTPException(429, message, {"Retry-After": str(wait)})
