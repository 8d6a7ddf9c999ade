from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from dashboard.expiry import Extension, lacks_zone, parse_expiry, zone_of
from store import NEVER, InvalidTTL

NOW = datetime(2026, 11, 24, 12, 30, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
HOUR = 3600
DAY = 24 * HOUR


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", 90), ("5m", 300), (" 1h 30m ", 5400), ("2 days", 2 * DAY), ("1 week", 7 * DAY)],
)
def test_a_duration_is_seconds_from_now(text: str, seconds: float) -> None:
    assert parse_expiry(text, NOW) == seconds


@pytest.mark.parametrize("text", ["never", " NEVER "])
def test_never(text: str) -> None:
    assert parse_expiry(text, NOW) is NEVER


@pytest.mark.parametrize(("text", "seconds"), [("+10m", 600), ("+ 1h 30m", 5400), ("+90", 90), (" +2 days", 2 * DAY)])
def test_a_plus_extends_the_time_left(text: str, seconds: float) -> None:
    assert parse_expiry(text, NOW) == Extension(seconds)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2026-11-24 13:00", HOUR / 2),
        ("2026-11-24T13:00", HOUR / 2),
        ("2026-11-24 13:00:05", HOUR / 2 + 5),
        ("2026-11-25 9:30", 21 * HOUR),
        ("2026-11-25", 11.5 * HOUR),
        ("13:00", HOUR / 2),
        ("12:30", DAY),
        ("12:00:01", 23.5 * HOUR + 1),
        ("9:30", 21 * HOUR),
        ("2026-11-24 13:00Z", HOUR / 2),
        ("2026-11-24 13:00 utc", HOUR / 2),
        ("2026-11-24t14:00+01:00", HOUR / 2),
        ("2026-11-24 07:00 -0600", HOUR / 2),
        ("2026-11-24 14:00 Europe/Berlin", HOUR / 2),
        ("14:00 Europe/Berlin", HOUR / 2),
        ("13:00+01:00", 23.5 * HOUR),
        ("2026-11-25 Europe/Berlin", 10.5 * HOUR),
    ],
)
def test_a_moment_is_in_utc_unless_it_says_otherwise(text: str, seconds: float) -> None:
    assert parse_expiry(text, NOW) == seconds


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2026-11-24 14:00", HOUR / 2),
        ("14:00", HOUR / 2),
        ("13:00", 23.5 * HOUR),
        ("2026-11-24 13:00Z", HOUR / 2),
        ("2026-07-01 00:00", None),
        ("2027-07-01 14:30", (datetime(2027, 7, 1, 12, 30, tzinfo=UTC) - NOW).total_seconds()),
    ],
)
def test_a_moment_without_a_zone_is_in_the_browsers(text: str, seconds: float | None) -> None:
    if seconds is None:
        with pytest.raises(InvalidTTL, match="2026-07-01 00:00 is past"):
            parse_expiry(text, NOW, BERLIN)
    else:
        assert parse_expiry(text, NOW, BERLIN) == seconds


def test_a_time_of_day_after_midnight_is_on_the_zones_next_day() -> None:
    late = datetime(2026, 11, 24, 23, 30, tzinfo=UTC)  # 00:30 of the 25th in Berlin
    assert parse_expiry("01:00", late, BERLIN) == HOUR / 2
    assert parse_expiry("00:15", late, BERLIN) == 23.75 * HOUR


@pytest.mark.parametrize(
    "text", ["2026-11-24 12:30", "2026-11-24", "1999-01-01 10:00Z", "2026-11-24 13:00 Europe/Berlin"]
)
def test_a_moment_that_is_past_is_refused(text: str) -> None:
    with pytest.raises(InvalidTTL, match=f"^{text} is past$".replace("+", "[+]")):
        parse_expiry(text, NOW)


@pytest.mark.parametrize(
    "text", ["2026-02-30 10:00", "25:00", "24:00", "10:60", "2027-13-01", "0000-01-01 10:00", "0001-01-01 00:00+10:00"]
)
def test_a_moment_that_does_not_exist_is_refused(text: str) -> None:
    with pytest.raises(InvalidTTL, match="there is no "):
        parse_expiry(text, NOW)


@pytest.mark.parametrize("zone", ["Nowhere/Town", "+99:00", "a/b", "Europe/Berlin/x"])
def test_an_unknown_zone_is_named(zone: str) -> None:
    with pytest.raises(InvalidTTL, match="is no time zone that is known here; write an offset, such as \\+01:00"):
        parse_expiry(f"2026-11-25 10:00 {zone}", NOW)


@pytest.mark.parametrize(
    "text",
    [
        "soon",
        "",
        "+",
        "-5",
        "++5m",
        "5m+",
        "tomorrow",
        "2026-11",
        "10:00 Europe/../Paris",
        "1:2",
        "14:00 tomorrow",
        "+14:00",
        "-10m",
        "٣",
    ],
)
def test_what_says_no_time_is_refused_with_what_is_allowed(text: str) -> None:
    with pytest.raises(InvalidTTL) as caught:
        parse_expiry(text, NOW)
    for form in ("90, 90s, 5m, 1h 30m, 7d or never", "14:00", "2026-11-25 14:00", "+10m"):
        assert form in str(caught.value)


def test_never_cannot_be_added() -> None:
    with pytest.raises(InvalidTTL, match="never cannot be added"):
        parse_expiry("+never", NOW)


@pytest.mark.parametrize("text", ["0", "36501d", "+0", "+36501d"])
def test_a_duration_out_of_range_is_refused(text: str) -> None:
    with pytest.raises(InvalidTTL, match="is out of range"):
        parse_expiry(text, NOW)


@pytest.mark.parametrize(
    ("text", "zone"),
    [
        ("Europe/Berlin", BERLIN),
        ("Europe/Berlin +01:00", BERLIN),
        ("Nowhere/Town +05:30", timezone(timedelta(hours=5, minutes=30))),
        ("-03:00", timezone(-timedelta(hours=3))),
        ("+0130", timezone(timedelta(minutes=90))),
        ("", None),
        ("Nowhere/Town", None),
        ("+24:00", None),
        ("Europe", None),
        ("../../etc/passwd", None),
        ("/etc/localtime", None),
        ("a\x00b", None),
        ("x" * 10_000, None),
    ],
)
def test_the_zone_of_a_page(text: str, zone: object) -> None:
    assert zone_of(text) == zone


@pytest.mark.parametrize(
    ("text", "lacks"),
    [
        ("14:00", True),
        ("2026-11-25", True),
        (" 2026-11-25 14:00 ", True),
        ("14:00Z", False),
        ("2026-11-25 14:00 Europe/Berlin", False),
        ("5m", False),
        ("never", False),
        ("1:00 " * 1000, False),
    ],
)
def test_whether_a_moment_lacks_its_zone(text: str, lacks: bool) -> None:
    assert lacks_zone(text) is lacks
