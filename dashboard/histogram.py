"""When the entries of a cached function have their time up: counted into the bars of a picture, and put into words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from dashboard.formats import number

if TYPE_CHECKING:
    from store import Item

BARS: Final = 30
MINUTES: Final = 2  # that a bar stands for
WIDTH: Final = 10 * BARS
HEIGHT: Final = 100
_LEAST: Final = 3  # units of height, so that one entry beside many is seen
_TOLD: Final = (10, 30, 60)  # minutes


@dataclass(frozen=True, slots=True)
class Bar:
    """The entries whose time is up in one span: fresh ones cease to be fresh then, stale ones are dropped."""

    x: int
    label: str
    fresh: int
    stale: int
    fresh_height: float
    stale_height: float


@dataclass(frozen=True, slots=True)
class Histogram:
    """The bars of the next hour, and what is in none of them.

    `first` is when the next entry's time is up; `sampled` entries were looked at, if not all.
    """

    bars: list[Bar]
    entries: int
    stale: int
    later: int
    never: int
    first: datetime | None
    serves_stale: bool
    sampled: int | None

    @property
    def highest(self) -> int:
        """How many entries the highest bar stands for."""
        return max(bar.fresh + bar.stale for bar in self.bars)

    @property
    def top(self) -> str:
        """The same in a few characters."""
        return number(self.highest) if self.highest < 10_000 else f"{number(round(self.highest / 1000))}k"

    @property
    def summary(self) -> str:
        """The picture in words."""
        within = [sum(bar.fresh + bar.stale for bar in self.bars[: minutes // MINUTES]) for minutes in _TOLD]
        told = f"{entries(self.entries)}: {number(within[0])} {_verb(self.serves_stale)} within 10 minutes"
        told += f", {number(within[1])} within 30, {number(within[2])} within the hour"
        more = [(self.later, "later"), (self.never, "never"), (self.stale, "stale now")]
        told += "".join(f", {number(count)} {when}" for count, when in more if count)
        guess = "" if self.sampled is None else f" Estimated from the first {number(self.sampled)} by key."
        return f"{told}.{guess}"


def entries(count: int) -> str:
    """`1 entry`, `1,284 entries`."""
    return f"{number(count)} {'entry' if count == 1 else 'entries'}"


def histogram(items: Sequence[Item], now: datetime, stale: float, total: int | None = None) -> Histogram:
    """The picture of a function's entries, which are stale for so many seconds before they expire.

    `total` is how many there are if `items` are only a sample of them.
    """
    ends = [_end(item, now, stale) for item in items]
    counted = Counter((is_stale, _span(at, now)) for is_stale, at in ends)
    scale = 1.0 if total is None else total / max(1, len(items))
    counts = {place: max(1, round(count * scale)) for place, count in counted.items()}
    spans = [(counts.get((False, span), 0), counts.get((True, span), 0)) for span in range(BARS)]
    unit = HEIGHT / max(1, *(fresh + old for fresh, old in spans))
    verb = "becoming stale" if stale else "expiring"
    return Histogram(
        bars=[_bar(span, fresh, old, unit, verb) for span, (fresh, old) in enumerate(spans)],
        entries=len(items) if total is None else total,
        stale=sum(count for (is_stale, _), count in counts.items() if is_stale),
        later=sum(count for (_, span), count in counts.items() if span == BARS),
        never=counts.get((False, None), 0),
        first=min((at for _, at in ends if at is not None), default=None),
        serves_stale=stale > 0,
        sampled=None if total is None else len(items),
    )


def _end(item: Item, now: datetime, stale: float) -> tuple[bool, datetime | None]:
    """Whether an entry is stale, and when its time is up."""
    if item.expires_at is None:
        return False, None
    fresh_until = item.expires_at - timedelta(seconds=stale)
    return (True, item.expires_at) if now >= fresh_until else (False, fresh_until)


def _span(at: datetime | None, now: datetime) -> int | None:
    """In which span a moment is, all that is later in one; None for never."""
    return None if at is None else min(BARS, int((at - now) / timedelta(minutes=MINUTES)))


def _bar(span: int, fresh: int, stale: int, unit: float, verb: str) -> Bar:
    parts = [f"{number(fresh)} {verb}"] if fresh or not stale else []
    parts += [f"{number(stale)} stale, dropped then"] if stale else []
    label = f"In {span * MINUTES} to {(span + 1) * MINUTES} min: {'; '.join(parts)}"
    return Bar(10 * span, label, fresh, stale, _height(fresh, unit), _height(stale, unit))


def _verb(serves_stale: bool) -> str:
    return "becoming stale or dropped" if serves_stale else "expiring"


def _height(count: int, unit: float) -> float:
    return round(max(_LEAST, count * unit), 2) if count else 0
