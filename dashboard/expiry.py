"""When something is to expire, as people write it: a time left, a moment, never, or a time on top of what is left."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, TypeAlias
from zoneinfo import ZoneInfo

from store import NEVER, InvalidTTL, parse_duration

if TYPE_CHECKING:
    from store.durations import Expiry

MAX_TEXT = 100  # characters of a moment that anyone would write

_OTHER_FORMS: Final = "or a moment, such as 14:00 or 2026-11-25 14:00; or more time than is left, +10m"
_CLOCK = "[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?"
_MOMENT = re.compile(
    rf"(?:(?P<day>[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}})(?:(?: +|T)(?P<clock>{_CLOCK}))?|(?P<next>{_CLOCK}))"
    " *(?P<zone>Z|UTC|[+-][0-9]{2}:?[0-9]{2}|[a-z_]+/[a-z0-9_+/-]+)?",
    re.IGNORECASE,
)
_OFFSET = re.compile("([+-])([0-9]{2}):?([0-9]{2})")


class Extension(NamedTuple):
    """Seconds on top of the time that is left."""

    seconds: float


Expires: TypeAlias = "float | Literal[Expiry.NEVER] | Extension"
"""Seconds from now, NEVER, or an extension."""


def parse_expiry(text: str, now: datetime, zone: tzinfo | None = None) -> Expires:
    """What a text means as an expiry, at the moment `now`.

    It is a duration (`5m`, `1h 30m`), a moment to come (`2026-11-25 14:00`, a date alone for its start, `14:00` for the
    next time it is that late; each with or without `Z`, `+01:00` or `Europe/Berlin` behind it), `never`, or `+10m` to
    extend the time left. A moment that names no zone is in `zone`, without one in UTC.

    Raises:
        InvalidTTL: for anything else, a moment that is past, and a duration out of range.
    """
    cleaned = text.strip()
    if found := _moment_in(cleaned):
        return _seconds_until(found, now, zone)
    try:
        lifetime = parse_ttl(cleaned.removeprefix("+"))
    except InvalidTTL as error:
        raise InvalidTTL(f"{error}; {_OTHER_FORMS}") from None
    if cleaned.startswith("+"):
        if lifetime is NEVER:
            raise InvalidTTL(f"never cannot be added; write a duration, such as +10m; {_OTHER_FORMS}")
        return Extension(lifetime)
    return lifetime


def parse_ttl(text: str) -> float | Literal[Expiry.NEVER]:
    """A TTL as a write takes it: a duration in seconds, or NEVER for `never`.

    Raises:
        InvalidTTL: for anything else, and for a duration out of range.
    """
    seconds = parse_duration(text)
    return NEVER if seconds is None else seconds


def lacks_zone(text: str) -> bool:
    """Whether a text is a moment that names no zone."""
    found = _moment_in(text.strip())
    return found is not None and found["zone"] is None


def zone_of(text: str) -> tzinfo | None:
    """The zone of a page's hidden field: `Europe/Berlin`, `+01:00`, or both, for where the name is not known."""
    zones = (_named(word) or _offset(word) for word in text[:MAX_TEXT].split())
    return next((zone for zone in zones if zone is not None), None)


def _moment_in(text: str) -> re.Match[str] | None:
    return _MOMENT.fullmatch(text) if len(text) <= MAX_TEXT else None


def _seconds_until(found: re.Match[str], now: datetime, zone: tzinfo | None) -> float:
    if (named := found["zone"]) is not None:
        zone = UTC if named.upper() in ("Z", "UTC") else zone_of(named)
        if zone is None:
            raise InvalidTTL(f"{named} is no time zone that is known here; write an offset, such as +01:00")
    try:
        at = _moment(found["day"], found["clock"] or found["next"] or "00:00", now, zone or UTC)
        seconds = (at.astimezone(UTC) - now).total_seconds()
    except (ValueError, OverflowError):
        raise InvalidTTL(f"there is no {found[0]}") from None
    if seconds <= 0:
        raise InvalidTTL(f"{found[0]} is past")
    return seconds


def _moment(day: str | None, clock: str, now: datetime, zone: tzinfo) -> datetime:
    hours, minutes, seconds = (int(number) for number in f"{clock}:0".split(":")[:3])
    at = time(hours, minutes, seconds)
    if day is not None:
        return datetime.combine(date.fromisoformat(day), at, zone)
    today = now.astimezone(zone).date()
    later = datetime.combine(today, at, zone)
    return later if later > now else datetime.combine(today + timedelta(days=1), at, zone)


def _named(name: str) -> tzinfo | None:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # not known, not even a name, or a folder of zones
        return None


def _offset(text: str) -> tzinfo | None:
    found = _OFFSET.fullmatch(text)
    if found is None:
        return None
    ahead = timedelta(hours=int(found[2]), minutes=int(found[3]))
    try:
        return timezone(ahead if found[1] == "+" else -ahead)
    except ValueError:  # a day or more
        return None
