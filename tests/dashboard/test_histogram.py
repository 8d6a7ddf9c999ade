"""The picture of when entries expire, and what it says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from dashboard.histogram import BARS, HEIGHT, Histogram, histogram
from store import Item

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
MINUTE = 60.0


def item(expires_in: float | None) -> Item:
    expires_at = None if expires_in is None else NOW + timedelta(seconds=expires_in)
    return Item("g", "k", 1, 1, 1, NOW, NOW, expires_at)


def picture(*expires_in: float | None, stale: float = 0, total: int | None = None) -> Histogram:
    return histogram([item(seconds) for seconds in expires_in], NOW, stale, total)


def counts(drawn: Histogram) -> dict[int, tuple[int, int]]:
    """What the bars stand for, by their place: fresh and stale ones."""
    return {bar.x // 10: (bar.fresh, bar.stale) for bar in drawn.bars if bar.fresh or bar.stale}


def test_each_entry_is_in_the_bar_of_its_two_minutes() -> None:
    drawn = picture(0.001, 119.999, 120, 59 * MINUTE, 60 * MINUTE - 0.001, 60 * MINUTE, 9999 * MINUTE, None)

    assert len(drawn.bars) == BARS
    assert counts(drawn) == {0: (2, 0), 1: (1, 0), 29: (2, 0)}
    assert (drawn.later, drawn.never, drawn.stale, drawn.highest) == (2, 1, 0, 2)
    assert drawn.first == NOW + timedelta(milliseconds=1)
    assert drawn.bars[29].label == "In 58 to 60 min: 2 expiring"
    assert drawn.bars[5].label == "In 10 to 12 min: 0 expiring"
    assert drawn.summary == (
        "8 entries: 3 expiring within 10 minutes, 3 within 30, 5 within the hour, 2 later, 1 never."
    )


def test_a_fresh_entry_counts_when_it_becomes_stale_and_a_stale_one_when_it_is_dropped() -> None:
    drawn = picture(25 * MINUTE, 15 * MINUTE + 1, 10 * MINUTE, 9 * MINUTE, stale=10 * MINUTE)

    assert counts(drawn) == {2: (1, 0), 4: (0, 1), 5: (0, 1), 7: (1, 0)}
    assert drawn.stale == 2
    assert drawn.bars[4].label == "In 8 to 10 min: 1 stale, dropped then"
    assert drawn.bars[7].label == "In 14 to 16 min: 1 becoming stale"
    assert drawn.summary == (
        "4 entries: 2 becoming stale or dropped within 10 minutes, 4 within 30, 4 within the hour, 2 stale now."
    )


def test_a_bar_of_both_kinds_says_both() -> None:
    drawn = picture(10 * MINUTE + 30, 30, stale=10 * MINUTE)

    assert drawn.bars[0].label == "In 0 to 2 min: 1 becoming stale; 1 stale, dropped then"
    assert drawn.bars[0].fresh_height + drawn.bars[0].stale_height == HEIGHT


def test_the_highest_bar_is_as_high_as_the_picture_and_one_entry_is_seen_beside_many() -> None:
    drawn = picture(*[30] * 500, *[200] * 250, 300)

    assert [bar.fresh_height for bar in drawn.bars[:3]] == [100, 50, 3]
    assert drawn.bars[3].fresh_height == 0


def test_a_sample_is_scaled_up_and_said_to_be_one() -> None:
    drawn = picture(30, 30, 4000, None, total=4_000_000)

    assert counts(drawn) == {0: (2_000_000, 0)}
    assert (drawn.entries, drawn.later, drawn.never) == (4_000_000, 1_000_000, 1_000_000)
    assert drawn.top == "2,000k"
    assert drawn.summary.startswith("4,000,000 entries: 2,000,000 expiring within 10 minutes")
    assert drawn.summary.endswith("Estimated from the first 4 by key.")


def test_no_entries_make_an_empty_picture() -> None:
    drawn = picture()

    assert (drawn.highest, drawn.top, drawn.first) == (0, "0", None)
    assert drawn.summary == "0 entries: 0 expiring within 10 minutes, 0 within 30, 0 within the hour."


def test_one_entry_is_one_entry() -> None:
    assert picture(30).summary.startswith("1 entry: 1 expiring")
