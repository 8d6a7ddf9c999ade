"""How times, sizes and durations are written for people. static/app.js writes running ones the same way."""

from __future__ import annotations

from datetime import UTC, datetime


def number(value: int) -> str:
    """1284 as 1,284."""
    return f"{value:,}"


def size(value: int) -> str:
    """Bytes as B, KB or MB of 1024."""
    if value < 1024:
        return f"{value} B"
    if value < 1024 * 1024:
        return f"{value / 1024:.3g} KB"
    return f"{value / 1024 / 1024:,.3g} MB" if value < 1000 * 1024 * 1024 else f"{value / 1024**3:,.3g} GB"


def duration(seconds: float) -> str:
    """Seconds in the two largest units that matter: `42 s`, `4 min 10 s`, `3 h`, `2 d 5 h`."""
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


def short_duration(seconds: float) -> str:
    """Seconds as they are typed into a form: `90s`, `5m`, `2h`, `7d`."""
    for length, unit in ((86400, "d"), (3600, "h"), (60, "m")):
        if seconds >= length and seconds % length == 0:
            return f"{int(seconds // length)}{unit}"
    return f"{seconds:.15g}s"


def oneline(name: str) -> str:
    """A group or key name for a line of a list, its control characters as the pictures Unicode has of them."""
    return "".join(chr(0x2400 + ord(char)) if char < " " else char for char in name)


def stamp(at: datetime) -> int:
    """Milliseconds since 1970, for the scripts that keep times running."""
    return round(at.timestamp() * 1000)


def utc(at: datetime) -> str:
    """A moment in UTC, to the second."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
