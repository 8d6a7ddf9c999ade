"""TTLs and durations, good and bad, and the clock that never runs backwards."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from store import InvalidTTL, Store, StoreError, parse_duration
from store.durations import MAX_SECONDS, milliseconds

RANGE = r"must be more than 0 and at most 3,153,600,000 seconds \(100 years\), not "
BAD_TTLS: list[tuple[Any, str]] = [
    (0, RANGE + "0"),
    (0.0, RANGE + r"0\.0"),
    (-1, RANGE + "-1"),
    (-0.5, RANGE + r"-0\.5"),
    (float("nan"), RANGE + "nan"),
    (float("inf"), RANGE + "inf"),
    (float("-inf"), RANGE + "-inf"),
    (MAX_SECONDS + 1, RANGE),
    (timedelta(0), RANGE),
    (timedelta(seconds=-1), RANGE),
    (timedelta.max, RANGE),
    ("soon", "must be seconds or a timedelta, not 'soon'"),
    ("60", "must be seconds or a timedelta, not '60'"),
    (True, "must be seconds or a timedelta, not True"),
    (False, "must be seconds or a timedelta, not False"),
    ([60], "must be seconds or a timedelta"),
]
CALLS: dict[str, Callable[[Store, Any], Any]] = {
    "set": lambda state, ttl: state.set("g", "k", 2, ttl=ttl),
    "set_many": lambda state, ttl: state.set_many("g", {"k": 2, "l": 2}, ttl=ttl),
    "update": lambda state, ttl: state.update("g", "k", [{"type": "set", "path": "", "value": 2}], ttl=ttl),
    "expire": lambda state, ttl: state.expire("g", "k", ttl),
    "configure": lambda state, ttl: state.configure("g", default_ttl=ttl),
    "finish": lambda state, ttl: state.finish("g", keep_for=ttl),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
@pytest.mark.parametrize(("ttl", "message"), BAD_TTLS, ids=[repr(row[0]) for row in BAD_TTLS])
def test_a_bad_ttl_is_refused(state: Store, call: Callable[[Store, Any], Any], ttl: Any, message: str) -> None:
    state.set("g", "k", 1, ttl=60)
    item, group = state.item("g", "k"), state.group("g")
    with pytest.raises(InvalidTTL, match=f"(ttl|default_ttl|keep_for) {message}"):
        call(state, ttl)
    assert (state.item("g", "k"), state.group("g")) == (item, group)


def test_a_ttl_that_is_too_long_to_be_printed_is_refused_in_words(state: Store) -> None:
    with pytest.raises(InvalidTTL, match="ttl must be more than 0 and at most"):
        state.set("g", "k", 1, ttl=10**5000)


def test_expire_needs_a_time(state: Store) -> None:
    state.set("g", "k", 1, ttl=60)
    with pytest.raises(InvalidTTL, match="ttl must be seconds or a timedelta, not None"):
        state.expire("g", "k", None)  # type: ignore[arg-type]
    assert state.ttl("g", "k") == 60


def test_the_longest_ttl_works(state: Store) -> None:
    state.set("g", "k", 1, ttl=MAX_SECONDS)
    assert state.ttl("g", "k") == MAX_SECONDS
    item = state.item("g", "k")
    assert item is not None
    assert item.expires_at is not None


def test_a_bad_ttl_is_a_value_error_and_a_store_error() -> None:
    assert issubclass(InvalidTTL, ValueError)
    assert issubclass(InvalidTTL, StoreError)


@pytest.mark.parametrize(
    ("ttl", "wanted"),
    [
        (1, 1000),
        (0.3, 300),
        (0.1 + 0.2, 300),
        (1.1, 1100),
        (0.0015, 2),
        (1e-300, 1),
        (0.001, 1),
        (timedelta(milliseconds=5), 5),
        (timedelta(microseconds=1), 1),
        (timedelta(days=7), 604_800_000),
    ],
    ids=repr,
)
def test_a_ttl_is_whole_milliseconds_and_at_least_one(ttl: Any, wanted: int) -> None:
    assert milliseconds(ttl) == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("90", 90),
        ("90s", 90),
        ("5m", 300),
        ("2h", 7200),
        ("7d", 604_800),
        ("1.5h", 5400),
        ("0.25", 0.25),
        (" 5 M ", 300),
        ("36500d", 36500 * 86400),
        ("1h30m", 5400),
        ("1h 30m", 5400),
        ("1 h 30 min 5 s", 5405),
        ("2 days", 2 * 86400),
        ("1 Day 4 Hours", 28 * 3600),
        ("1 minute", 60),
        ("90 mins", 5400),
        ("1hr 1sec", 3601),
        ("2w", 14 * 86400),
        ("1 week 1 day", 8 * 86400),
        ("1.5 days", 36 * 3600),
        ("never", None),
        (" Never ", None),
    ],
)
def test_a_duration_is_read_as_people_write_it(text: str, wanted: float | None) -> None:
    assert parse_duration(text) == wanted


@pytest.mark.parametrize(
    "text",
    [
        "soon",
        "5x",
        "m",
        "-5",
        "+5",
        "1e3",
        ".5",
        "5.",
        "nan",
        "inf",
        "٣",
        "30s5m",
        "5m5m",
        "5m 30",
        "1 30m",
        "1 month",
        "5 mo",
        "1y",
        "1h, 30m",
        "hours",
        "never 5m",
    ],
)
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(InvalidTTL, match="is not a duration; write 90, 90s, 5m, 1h 30m, 7d or never") as caught:
        parse_duration(text)
    assert repr(text.strip()) in str(caught.value)


@pytest.mark.parametrize("text", ["", " "])
def test_a_blank_duration_is_said_to_be_missing(text: str) -> None:
    with pytest.raises(InvalidTTL, match="there is no duration; write 90, 90s, 5m, 1h 30m, 7d or never"):
        parse_duration(text)


@pytest.mark.parametrize("text", ["0", "0s", "0.0d", "36501d", "9" * 400])
def test_a_duration_out_of_range_is_refused(text: str) -> None:
    with pytest.raises(InvalidTTL, match="is out of range: a duration is more than 0 and at most"):
        parse_duration(text)
