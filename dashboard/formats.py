"""How times, sizes and durations are written for people. static/js/times.js writes running ones the same way."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime

# What ends a line, steers a terminal or turns the direction of writing.
_BLANK = re.compile("[^\x00-\x1f\x85\u2028\u2029]")
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
_UNSEEN_IN_LINES = re.compile("(?![\t\n])" + _UNSEEN.pattern)


def number(value: int) -> str:
    """1284 as 1,284."""
    return f"{value:,}"


def count(items: int, noun: str) -> str:
    """`1 item`, `1,284 items`."""
    return f"{number(items)} {noun}{'' if items == 1 else 's'}"


def size(value: float) -> str:
    """Bytes as B, KB, MB or GB of 1024, with three digits."""
    if value < 1024:
        return f"{value:.0f} B"
    for unit in ("KB", "MB"):
        value /= 1024
        if value < 999.5:
            return f"{value:.3g} {unit}"
    value /= 1024
    return f"{value:.3g} GB" if value < 999.5 else f"{value:,.0f} GB"


def duration(seconds: float) -> str:
    """Seconds in the two largest units that matter: `42 s`, `4 min 10 s`, `3 h`, `2 d 5 h`."""
    if seconds < 1:
        return f"{seconds:.3g} s"
    whole = int(seconds)
    for length, unit, smaller, smaller_unit in ((86400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s")):
        if whole >= length:
            rest = whole % length // smaller
            return f"{whole // length} {unit} {rest} {smaller_unit}" if rest else f"{whole // length} {unit}"
    return f"{whole} s"


def rough(seconds: float) -> str:
    """Seconds in the largest unit that fits: `42 s`, `4 min`, `3 h`, `2 d`."""
    whole = max(0, int(seconds))
    for length, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if whole >= length:
            return f"{whole // length} {unit}"
    return f"{whole} s"


def countdown(seconds: float) -> str:
    """Time left as a clock below an hour (`4:10`), in words above."""
    whole = int(seconds)
    return f"{whole // 60}:{whole % 60:02}" if whole < 3600 else duration(seconds)


def ttl_bar(seconds: float) -> float:
    """Time left as a length from 0 to 1, which is a week: logarithmic, so that seconds and days both show."""
    return min(1.0, math.log1p(seconds) / math.log1p(7 * 86400))


def short_duration(seconds: float) -> str:
    """Seconds as they are typed into a form: `90s`, `5m`, `2h`, `7d`."""
    for length, unit in ((86400, "d"), (3600, "h"), (60, "m")):
        if seconds >= length and seconds % length == 0:
            return f"{int(seconds // length)}{unit}"
    return f"{seconds:.15g}s"


def oneline(name: str) -> str:
    """A group or key name for a list or a terminal: control characters and blank names are made visible."""
    return _UNSEEN.sub(_visible, _BLANK.sub("␣", name) if name.isspace() else name)


def visible(text: str) -> str:
    """A text of several lines in which control characters are seen, but for tabs and the ends of its lines."""
    return _UNSEEN_IN_LINES.sub(_visible, text)


def _visible(found: re.Match[str]) -> str:
    code = ord(found[0])
    if code < 0x20:
        return chr(0x2400 + code)  # the pictures that Unicode has of them
    return "␡" if code == 0x7F else f"\\u{code:04x}"


def sentence(text: str) -> str:
    """An error's text as a sentence of its own."""
    return f"{text[:1].upper()}{text[1:]}."


def stamp(at: datetime) -> int:
    """Milliseconds since 1970, for the scripts that keep times running."""
    return round(at.timestamp() * 1000)


def utc(at: datetime) -> str:
    """A moment in UTC, to the second."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
