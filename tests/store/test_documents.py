"""The forms of a file that can be imported, and where it is said to be wrong."""

from __future__ import annotations

import io
from typing import Any

import orjson
import pytest

from store import InvalidName, InvalidValue, Store
from tests.store.transfers import DEEP, VALUES, fill, line

A = b'{"group":"g","key":"a","value":1,"expires_at":null}'
B = b'{"group":"h","key":"b","value":[1,{"x":null}],"expires_at":"2099-01-01T00:00:00.000Z"}'
LINES = [A + b"\n", B + b"\n"]
PRETTY = orjson.dumps([orjson.loads(A), orjson.loads(B)], option=orjson.OPT_INDENT_2)


def read(state: Store, text: bytes, group: str | None = None) -> list[bytes]:
    return list(state.importable(io.BytesIO(text), group=group))


@pytest.mark.parametrize(
    "text",
    [
        A + b"\n" + B + b"\n",
        A + b"\r\n" + B,
        b"\n  \n" + A + b"\n\n" + B + b"\n\n",
        b"\xef\xbb\xbf" + A + b"\n" + B,
        b"[" + A + b"," + B + b"]",
        b"[\n" + A + b",\n" + B + b"\n]\n",
        b"\n\n [" + A + b" , " + B + b" ] \n",
        b"\xef\xbb\xbf" + PRETTY,
        PRETTY.replace(b"\n", b"\r\n"),
        PRETTY.replace(b"\n", b""),
    ],
)
def test_ndjson_and_arrays_are_read_as_the_lines_of_an_export(state: Store, text: bytes) -> None:
    assert read(state, text) == LINES


@pytest.mark.parametrize("text", [b"", b"\n", b" \r\n\t\n", b"\xef\xbb\xbf", b"[]", b" [ \n ] "])
def test_a_file_without_items_has_none(state: Store, text: bytes) -> None:
    assert read(state, text) == []


def test_an_export_reads_back_as_it_is(state: Store) -> None:
    fill(state)
    lines = list(state.export())

    assert read(state, b"".join(lines)) == lines
    assert read(state, b"[%b]" % b",".join(lines)) == lines


def test_one_item_may_be_spread_over_lines(state: Store) -> None:
    assert read(state, orjson.dumps(orjson.loads(A), option=orjson.OPT_INDENT_2)) == LINES[:1]
    assert read(state, A) == LINES[:1]


@pytest.mark.parametrize("indent", [None, orjson.OPT_INDENT_2])
def test_an_object_of_keys_and_values_goes_into_one_group(state: Store, indent: int | None) -> None:
    values = {f"k{number}": value for number, value in enumerate(VALUES)}

    lines = read(state, orjson.dumps(values, option=indent), "into")
    assert lines == [line("into", key, value) for key, value in values.items()]
    assert read(state, b'{"deep":%b}' % orjson.dumps(DEEP), "into") == [
        b'{"group":"into","key":"deep","value":%b,"expires_at":null}\n' % orjson.dumps(DEEP)
    ]
    assert read(state, b"{}", "into") == read(state, b"{\n}", "into") == []


def test_into_one_group_goes_whatever_the_file_names(state: Store) -> None:
    into = [text.replace(b'"group":"g"', b'"group":"one"').replace(b'"group":"h"', b'"group":"one"') for text in LINES]
    assert read(state, A + b"\n" + B, "one") == read(state, PRETTY, "one") == into


@pytest.mark.parametrize(
    "text", [b'{"key":"a","value":1}\n{"value":2,"key":"b"}', b'[{"key":"a","value":1}, {"value":2,"key":"b"}]']
)
def test_into_one_group_key_and_value_are_enough(state: Store, text: bytes) -> None:
    assert read(state, text, "g") == [line(key="a"), line(key="b", value=2)]


def test_a_single_item_is_no_object_of_keys_and_values(state: Store) -> None:
    assert read(state, b'{"key": "a", "value": 1}', "g") == [line(key="a")]
    assert read(state, b'{\n"key": "a",\n"value": 1\n}', "g") == [line(key="a")]


@pytest.mark.parametrize(
    ("text", "group", "message", "line", "column"),
    [
        (A + b"\n\n" + b"oops\n", None, "line 3, column 1: not JSON", 3, 1),
        (A + b"\n" + A[:-1], None, "line 2, column 51: not JSON: unexpected end of data", 2, 51),
        (A[:-1] + b"\n" + B, None, "line 1, column 51: not JSON: unexpected end of data", 1, 51),
        (A[:-1] + b"\n" + B, "g", "line 2, column 1: not JSON: ',' is missing", 2, 1),
        (b'{"key":"a"}', None, "only be imported into one group", 1, 1),
        (b'{"key":"a","value":1}', None, "line 1: group is missing", 1, None),
        (b'{"a": 1,\n "b": 2}', None, "line 1, column 9: not JSON: unexpected end of data", 1, 9),
        (b'{\n "b": 2}', None, "an object of keys and values can only be imported into one group", 1, 1),
        (b'"text"', "g", "line 1: a line is an object", 1, None),
        (b"[1, 2", "g", "line 1: a line is an object", 1, None),
        (b"[" + A + b",\n\n" + A[:-1], None, "line 3, column 51: not JSON: expecting ',' delimiter", 3, 51),
        (b"[" + A + b"\n" + B + b"]", None, "line 2, column 1: not JSON: ',' is missing", 2, 1),
        (b"[" + A + b",\n]", None, "line 2, column 1: not JSON: a member is missing behind the comma", 2, 1),
        (b"[" + A + b",", None, "line 1, column 54: not JSON: expecting value", 1, 54),
        (b"[" + A, None, "line 1, column 53: not JSON: ',' is missing", 1, 53),
        (b"[" + A + b"]\n]", None, "line 2, column 1: not JSON: something follows the end", 2, 1),
        (
            PRETTY.replace(b"1,", b"18446744073709551616,", 1),
            None,
            "line 5, column 14: not JSON: an integer outside",
            5,
            14,
        ),
        (
            PRETTY.replace(b'"a"', b'"a", "key": "b"'),
            None,
            "line 4, column 17: not JSON: the field 'key' stands twice",
            4,
            17,
        ),
        (PRETTY.replace(b'"h"', b'""'), None, "line 8: a group name must not be empty", 8, None),
        (PRETTY.replace(b'"2099', b'"soon'), None, "line 8: expires_at is null or a time", 8, None),
        (PRETTY.replace(b'"a"', b'"\xff"'), None, "line 4: not UTF-8 at byte 37 of the file", 4, None),
        (b'{"a": 1,\n"a": 2}', "g", "line 2, column 1: the key 'a' stands twice", 2, 1),
        (b'{"a": 1,\n"": 2}', "g", "line 2: a key name must not be empty", 2, None),
        (b'{"a": 1,\n  "b": {"c": NaN}}', "g", "line 2, column 14: not JSON", 2, 14),
        (b'{"a": 1,\n  "b": {"c": 1, "c": 2}}', "g", "line 2, column 17: not JSON: the field 'c' stands twice", 2, 17),
        (b"{\n1: 2}", "g", "line 2, column 1: not JSON: a name is a string", 2, 1),
        (b'{\n"a" 2}', "g", "line 2, column 5: not JSON: ':' is missing", 2, 5),
        (b'{\n"a": 1} {', "g", "line 2, column 9: not JSON: something follows the end", 2, 9),
        (b'{\n"a": "' + b"x" * 17_000_000 + b'"}', "g", "line 2: the value is 17,000,002 bytes", 2, None),
        (
            b'{\n"a": ' + b"[" * 255 + b"]" * 255 + b"}",
            "g",
            "line 2: lists and objects are nested more than 254",
            2,
            None,
        ),
        (
            b'{\n"a": ' + b"[" * 9000 + b"]" * 9000 + b"}",
            "g",
            "line 2, column 6: lists and objects are nested more",
            2,
            6,
        ),
        (b'{\n"a": ' + b"1" * 9000 + b"}", "g", "line 2, column 6: not JSON: an integer outside", 2, 6),
    ],
)
def test_what_is_wrong_is_said_with_its_place(
    state: Store, text: bytes, group: str | None, message: str, line: int, column: int | None
) -> None:
    with pytest.raises(InvalidValue) as raised:
        read(state, text, group)

    assert message in str(raised.value)
    assert (raised.value.line, raised.value.column) == (line, column)


def test_a_file_is_read_as_its_items_are_asked_for(state: Store) -> None:
    lines = state.importable(io.BytesIO(A + b"\noops"))
    assert next(lines) == LINES[0]
    with pytest.raises(InvalidValue):
        next(lines)


@pytest.mark.parametrize("group", ["", "x" * 513, "\0"])
def test_what_is_no_groups_name_is_refused_at_once(state: Store, group: Any) -> None:
    with pytest.raises(InvalidName):
        state.importable(io.BytesIO(A), group=group)
