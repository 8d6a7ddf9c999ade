"""JSON text as a person types it or a client sends it."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest

from store import InvalidValue, parse_json
from tests.store.support import same

BEYOND = "an integer outside -2^63 to 2^64-1"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("null", None),
        (" \n[1, 2.0, true]\t", [1, 2.0, True]),
        ('{"a": {"b": "é🛒"}}', {"a": {"b": "é🛒"}}),
        ("18446744073709551615", 2**64 - 1),
        ("-9223372036854775808", -(2**63)),
        ("9007199254740993", 2**53 + 1),
        ("1e3", 1000.0),
        (f"{10**30}.0", 1e30),
        ("1" * 25 + "e2", float("1" * 25 + "e2")),
        ("0." + "1" * 40, float("0." + "1" * 40)),
        ('"' + "9" * 30 + '"', "9" * 30),
        ('["\\"' + "9" * 30 + '", 1]', ['"' + "9" * 30, 1]),
        ('{"' + "9" * 5000 + '": "' + "8" * 5000 + '"}', {"9" * 5000: "8" * 5000}),
        (r'"\ud83d\uded2"', "🛒"),
    ],
    ids=lambda given: ascii(given)[:30],
)
def test_json_is_read_exactly(text: str, value: Any) -> None:
    assert same(parse_json(text), value)


@pytest.mark.parametrize(
    ("text", "message", "line", "column"),
    [
        ("", "the text is empty", 1, 1),
        (" \n ", "the text is empty", 1, 1),
        ("{", "", 1, 2),
        ('{"a": 1,}', "trailing comma", 1, 8),
        ("[1 2]", "", 1, 4),
        ("{'a': 1}", "", 1, 2),
        ('{\n  "a": 1,\n  "b": tru\n}', "", 3, 8),
        ('["é🛒", x]', "", 1, 8),
        ('{\n\n"é": "🛒", x}', "", 3, 11),
        ("[1] 2", "", 1, 5),
        ('"a\nb"', "control character", 1, 3),
        ("NaN", "", 1, 1),
        ("[1,\n NaN]", "", 2, 2),
        ("[Infinity]", "", 1, 2),
        ("[-Infinity]", "", 1, 3),
        ("1e999", "infinity", 1, 1),
        ("[0,\n-1e999]", "infinity", 2, 1),
        ("18446744073709551616", BEYOND, 1, 1),
        ("-9223372036854775809", BEYOND, 1, 1),
        (f'{{"a": 1,\n "b": {10**30}}}', BEYOND, 2, 7),
        (f'["{"9" * 30}", "é", {10**25}]', BEYOND, 1, 41),
        (f'["\\\\", {10**25}]', BEYOND, 1, 8),
        (f'["\\"", {10**25}]', BEYOND, 1, 8),
        ("9" * 300, BEYOND, 1, 1),
        ("[" + "9" * 5000 + "]", "", 1, 2),
        ("[-" + "9" * 5000 + "]", "", 1, 2),
        (r'["\ud800"]', "surrogate", 1, 3),
        (r'"\udc00x"', "surrogate", 1, 2),
        ("\ufeff{}", "", 1, 1),
    ],
    ids=lambda given: ascii(given)[:30],
)
def test_what_is_not_json_is_refused_with_line_and_column(text: str, message: str, line: int, column: int) -> None:
    with pytest.raises(InvalidValue, match="^not JSON: .*" + re.escape(message)) as caught:
        parse_json(text)
    assert (caught.value.line, caught.value.column) == (line, column)
    if message != "the text is empty":
        assert str(caught.value).endswith(f"at line {line}, column {column}")


@pytest.mark.parametrize(
    ("text", "line", "column"), [('["\ud800"]', 1, 3), ('{"a": 1,\n "b": "xy\udfff"}', 2, 10)], ids=ascii
)
def test_a_lone_surrogate_in_the_text_is_refused_at_its_place(text: str, line: int, column: int) -> None:
    with pytest.raises(InvalidValue, match="surrogate") as caught:
        parse_json(text)
    assert (caught.value.line, caught.value.column) == (line, column)


def test_text_nested_without_end_is_refused() -> None:
    with pytest.raises(InvalidValue, match="not JSON"):
        parse_json("[" * 100_000)


def test_a_large_text_with_a_long_number_is_read_in_reasonable_time() -> None:
    text = '["' + "a" * 4_000_000 + '", ' + "9" * 19 + "]"
    started = time.process_time()
    assert parse_json(text)[1] == int("9" * 19)
    assert time.process_time() - started < 0.5


@pytest.mark.parametrize("text", ['{"a": 1, "a": 2}', '[{"b": {"a": 1, "c": 2, "\\u0061": 3}}]'])
def test_a_field_that_stands_twice_is_refused(text: str) -> None:
    with pytest.raises(InvalidValue, match="the field 'a' stands twice in one object"):
        parse_json(text)


def test_a_field_may_stand_once_in_each_object() -> None:
    assert parse_json('{"a": {"a": 1}, "b": [{"a": 2}, {"a": 3}]}') == {"a": {"a": 1}, "b": [{"a": 2}, {"a": 3}]}


def test_a_field_that_stands_twice_is_found_at_its_place() -> None:
    with pytest.raises(InvalidValue) as caught:
        parse_json('{\n "a": 1, "b": {"a": 2},\n "a": 3}')
    assert (caught.value.line, caught.value.column) == (3, 2)


@pytest.mark.parametrize(("before", "after"), [("[\n", "\n]"), ('{"a":\n', "\n}")])
def test_what_is_nested_deeper_than_can_be_stored_is_refused_at_its_place(before: str, after: str) -> None:
    parse_json(before * 254 + "1" + after * 254)
    with pytest.raises(InvalidValue, match="nested more than 254 levels deep") as caught:
        parse_json(before * 255 + "1" + after * 255)
    assert (caught.value.line, caught.value.column) == (255, 1)


def test_as_many_levels_may_stand_side_by_side_as_one_likes() -> None:
    assert len(parse_json("[" + "[[]]," * 1000 + "1]")) == 1001
