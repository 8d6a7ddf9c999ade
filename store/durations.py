"""TTLs, and durations as people write them."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Final, TypeAlias

from store.errors import InvalidTTL
from store.values import damaged, shown

MAX_SECONDS = 100 * 365 * 24 * 3600  # a hundred years keeps every expiry inside what datetime can show

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NUMBER = "[0-9]+(?:[.][0-9]+)?"
_DURATION = re.compile(
    rf"(?:(?P<w>{_NUMBER})\s*w(?:eeks?)?\s*)?"
    rf"(?:(?P<d>{_NUMBER})\s*d(?:ays?)?\s*)?"
    rf"(?:(?P<h>{_NUMBER})\s*h(?:(?:ou)?rs?)?\s*)?"
    rf"(?:(?P<m>{_NUMBER})\s*m(?:in(?:ute)?s?)?\s*)?"
    rf"(?:(?P<s>{_NUMBER})\s*s(?:ec(?:ond)?s?)?)?"
    rf"|(?P<bare>{_NUMBER})"
)
_UNITS = {"w": 7 * 86400, "d": 86400, "h": 3600, "m": 60, "s": 1, "bare": 1}


class Expiry(Enum):
    """What a write does to an item's expiry when it sets no new one."""

    KEEP = "keep"
    NEVER = "never"


KEEP: Final = Expiry.KEEP
"""`ttl=KEEP`: the item keeps the expiry it has."""
NEVER: Final = Expiry.NEVER
"""`ttl=NEVER`: no expiry, whatever the group's default TTL."""

TTL: TypeAlias = int | float | timedelta
"""Seconds, or a timedelta."""


def milliseconds(ttl: object, what: str = "ttl") -> int:
    """A TTL or duration in whole milliseconds, at least 1.

    Raises:
        InvalidTTL: for 0, negative, NaN, infinity, non-numbers and more than a hundred years.
    """
    seconds = ttl.total_seconds() if isinstance(ttl, timedelta) else ttl
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        raise InvalidTTL(f"{what} must be seconds or a timedelta, not {shown(ttl)}")
    if not 0 < seconds <= MAX_SECONDS:  # NaN fails every comparison
        raise InvalidTTL(
            f"{what} must be more than 0 and at most {MAX_SECONDS:,} seconds (100 years), not {shown(seconds)}"
        )
    return max(1, math.ceil(round(seconds * 1000, 6)))


def parse_duration(text: str) -> float | None:
    """Seconds of a duration as people write it: `90`, `90s`, `5m`, `1h 30m`, `2 days`; None for `never`.

    Units are seconds, minutes, hours, days and weeks, by their first letter or in full, the larger before the smaller.

    Raises:
        InvalidTTL: for anything else, and for times out of range.
    """
    cleaned = text.strip().lower()
    if cleaned == "never":
        return None
    match = _DURATION.fullmatch(cleaned)
    if not cleaned or match is None:
        what = f"{shown(text.strip())} is not a duration" if cleaned else "there is no duration"
        raise InvalidTTL(f"{what}; write 90, 90s, 5m, 1h 30m, 7d or never")
    seconds = sum(float(number) * _UNITS[unit] for unit, number in match.groupdict().items() if number)
    if not 0 < seconds <= MAX_SECONDS:
        raise InvalidTTL(f"{shown(text.strip())} is out of range: a duration is more than 0 and at most 36500d")
    return seconds


def to_datetime(at: int) -> datetime:
    """Milliseconds since 1970 as an aware datetime in UTC."""
    try:
        return _EPOCH + timedelta(milliseconds=at)
    except (OverflowError, TypeError) as error:
        raise damaged(error) from error
