"""Lines that load refuses, on every backend: named by number and column, with all before them written."""

from __future__ import annotations

import pytest

from store import InvalidValue, LoadReport, Store, open_store
from tests.conftest import ManualClock
from tests.store.transfers import everything, line, load

BAD_LINES = [
    (b"\n", "line 3, column 1: not JSON: the text is empty"),
    (b"oops\n", "line 3, column 1: not JSON: "),
    (line()[:-2] + b"\n", "line 3, column 51: not JSON: unexpected end of data"),
    (line().replace(b"1", b"tru"), "line 3, column 32: not JSON: "),
    (line().rstrip() + line(), "line 3, column 52: not JSON: "),
    (b"\xef\xbb\xbf" + line(), "line 3, column 1: not JSON: "),
    (line().replace(b"1", b"NaN"), "not JSON: "),
    (line().replace(b"1", b"1e999"), "not JSON: "),
    (line().replace(b"1", b"18446744073709551616"), "line 3, column 32: not JSON: an integer outside -2^63 to 2^64-1"),
    (line().replace(b"1", b'{"a":[-9223372036854775809]}'), "line 3, column 38: not JSON: an integer outside"),
    (line().replace(b"1", b'{"a":1,"b":2,"a":3}'), "line 3, column 45: not JSON: the field 'a' stands twice"),
    (line()[:-2] + b',"key":"l"}\n', "line 3, column 52: not JSON: the field 'key' stands twice"),
    (line().replace(b"1", b'"\\ud800"'), "line 3, column 33: not JSON: "),
    (line().replace(b"1", b'"\xff"'), "line 3: not UTF-8 at byte 33 of the line"),
    (b"[1,2]\n", "line 3: a line is an object with group, key, value, expires_at, not [1, 2]"),
    (b"null\n", "line 3: a line is an object with group, key, value, expires_at, not None"),
    (b"{}\n", "line 3: group is missing; a line has group, key, value, expires_at"),
    (b'{"group":"g","key":"k","value":1}\n', "line 3: expires_at is missing"),
    (line()[:-2] + b',"ttl":5}\n', "line 3: the member 'ttl' is unknown; a line has group, key, value, expires_at"),
    (line(group=""), "line 3: a group name must not be empty"),
    (line(group=None), "line 3: a group name must be a string, not NoneType"),
    (line(key="x" * 513), "line 3: a key name is at most 512 bytes of UTF-8; this one has 513"),
    (line(key="a\0b"), "line 3: a key name must not contain NUL (at character 1)"),
    (line(key=["k"]), "line 3: a key name must be a string, not list"),
    (line(value="x" * 99), "line 3: the value is 101 bytes of JSON; at most 100 are allowed"),
    (line(value="x" * 99).replace(b":", b": "), "line 3: the value is 101 bytes of JSON; at most 100 are allowed"),
    (line(value="x" * 16_985), "line 3: the line is over 16,984 bytes"),
    (line(expires_at=1893553445000), "line 3: expires_at is null or a time in UTC such as"),
    (line(expires_at=True), "line 3: expires_at is null or a time in UTC such as"),
    (line(expires_at=""), "line 3: expires_at is null or a time in UTC such as"),
    (line(expires_at="never"), "not 'never'"),
    (line(expires_at="2030-02-30T00:00:00.000Z"), "not '2030-02-30T00:00:00.000Z'"),
    (line(expires_at="2030-02-03T25:00:00.000Z"), "line 3: expires_at is null"),
    (line(expires_at="2030-02-03T00:00:00.000"), "line 3: expires_at is null"),
    (line(expires_at="2030-02-03T00:00:00.000+01:00"), "line 3: expires_at is null"),
    (line(expires_at="2030-02-03 00:00:00Z"), "line 3: expires_at is null"),
    (line(expires_at="2030-02-03T00:00:00.1234Z"), "line 3: expires_at is null"),
    (line(expires_at="2030-02-03T00:00:00.000Z\n"), "line 3: expires_at is null"),
    (line(expires_at="٢030-02-03T00:00:00.000Z"), "line 3: expires_at is null"),
    (line().replace(b"1", b"[" * 60 + b"]" * 60 + b"x"), "line 3, column 152: not JSON: "),
]


@pytest.mark.parametrize(("bad", "message"), BAD_LINES, ids=range(len(BAD_LINES)))
@pytest.mark.parametrize("dry_run", [False, True])
def test_a_bad_line_is_named_and_all_before_it_is_there(
    url: str, clock: ManualClock, bad: bytes, message: str, dry_run: bool
) -> None:
    good = line(key="a", value=1) + line(key="b", value=2)
    reports: list[LoadReport] = []
    with open_store(url, clock=clock, sweep_interval=None, max_value_bytes=100) as state:
        with pytest.raises(InvalidValue) as raised:
            load(state, good + bad + line(key="c"), progress=reports.append, dry_run=dry_run)

        assert message in str(raised.value)
        assert raised.value.line == 3
        assert (raised.value.column is None) == (", column" not in str(raised.value))
        assert reports == [LoadReport(2, len(good), created=2)]
        assert state.list("g") == ([] if dry_run else [1, 2])


def test_a_value_that_is_nested_too_deep(state: Store) -> None:
    text = line(value="here").replace(b'"here"', b"[" * 255 + b"]" * 255)

    with pytest.raises(InvalidValue, match="line 1: lists and objects are nested more than 254 levels deep"):
        load(state, text)


def test_a_file_that_was_cut_off(state: Store) -> None:
    with pytest.raises(InvalidValue, match="line 2, column 41: not JSON: "):
        load(state, line(key="a") + line(key="b")[:40])
    assert everything(state) == {("g", "a"): (1, None)}


def test_a_bad_first_line_leaves_nothing(state: Store) -> None:
    reports: list[LoadReport] = []
    with pytest.raises(InvalidValue, match="line 1, column 1: "):
        load(state, b"oops\n" + line(), progress=reports.append)
    assert reports == []
    assert state.groups().items == []
