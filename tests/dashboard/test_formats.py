from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from dashboard import formats
from store import parse_duration


@pytest.mark.parametrize(("value", "written"), [(0, "0"), (999, "999"), (1284, "1,284"), (12345678, "12,345,678")])
def test_number(value: int, written: str) -> None:
    assert formats.number(value) == written


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0, "0 B"),
        (1, "1 B"),
        (1023, "1023 B"),
        (1024, "1 KB"),
        (1536, "1.5 KB"),
        (100 * 1024 + 512, "100 KB"),
        (16 * 1024**2, "16 MB"),
        (3 * 1024**3, "3 GB"),
    ],
)
def test_size(value: int, written: str) -> None:
    assert formats.size(value) == written


@pytest.mark.parametrize("value", [1000 * 1024, 1024 * 1024 - 1, 1000 * 1024**2 - 1, 1024**3 - 1, 5000 * 1024**3])
def test_a_size_is_never_written_with_an_exponent(value: int) -> None:
    assert "e" not in formats.size(value)


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        (0, "0 s"),
        (42.9, "42 s"),
        (60, "1 min"),
        (250, "4 min 10 s"),
        (3600, "1 h"),
        (3660, "1 h 1 min"),
        (2 * 86400 + 5 * 3600 + 59, "2 d 5 h"),
    ],
)
def test_duration(seconds: float, written: str) -> None:
    assert formats.duration(seconds) == written


@pytest.mark.parametrize(
    ("seconds", "written"), [(-5, "0 s"), (59.9, "59 s"), (60, "1 min"), (3 * 3600 + 1800, "3 h"), (8 * 86400, "8 d")]
)
def test_rough(seconds: float, written: str) -> None:
    assert formats.rough(seconds) == written


@pytest.mark.parametrize(
    ("seconds", "written"), [(0, "0:00"), (9.9, "0:09"), (250, "4:10"), (3599, "59:59"), (3600, "1 h")]
)
def test_countdown(seconds: float, written: str) -> None:
    assert formats.countdown(seconds) == written


@pytest.mark.parametrize(
    ("seconds", "written"),
    [(0.5, "0.5s"), (42, "42s"), (60, "1m"), (90, "90s"), (300, "5m"), (7200, "2h"), (7 * 86400, "7d")],
)
def test_short_duration(seconds: float, written: str) -> None:
    assert formats.short_duration(seconds) == written


@pytest.mark.parametrize("seconds", [0.001, 1.5, 100_000.5, 1_234_567, 3_153_599_999.999])
def test_a_short_duration_can_be_typed_back(seconds: float) -> None:
    assert parse_duration(formats.short_duration(seconds)) == seconds


def test_oneline_shows_control_characters_as_pictures() -> None:
    assert formats.oneline("a\r\n\tb\x01") == "a␍␊␉b␁"
    assert formats.oneline("🛒 <b>") == "🛒 <b>"


@pytest.mark.parametrize("char", ["\x7f", "\x85", "\x9b", "\u2028", "\u2029"])
def test_oneline_leaves_nothing_that_ends_a_line_or_steers_a_terminal(char: str) -> None:
    assert char not in formats.oneline(f"a{char}b")


def test_stamp_and_utc() -> None:
    at = datetime(2026, 1, 2, 3, 4, 5, 678_000, tzinfo=timezone(timedelta(hours=1)))

    assert formats.stamp(at) == 1_767_319_445_678
    assert formats.utc(at) == "2026-01-02 02:04:05 UTC"
    assert formats.utc(at.astimezone(UTC)) == formats.utc(at)
