from __future__ import annotations

from typing import Any

import orjson
import pytest

from dashboard.jsonview import PREVIEW_TEXT, Field, editable, formatted, preview

BIG = [9007199254740993, 18446744073709551615, -9223372036854775808]


def test_formatted_is_indented_and_exact() -> None:
    assert formatted({"n": BIG[:2]}) == '{\n  "n": [\n    9007199254740993,\n    18446744073709551615\n  ]\n}'


def test_a_value_that_indenting_would_blow_up_stays_compact() -> None:
    deep: Any = list(range(100_000))
    for _ in range(200):
        deep = [deep]
    assert formatted(deep) == editable(deep, 1_000_000) == orjson.dumps(deep).decode()
    assert editable([1], 3) == "[1]"
    assert editable([1], 100) == "[\n  1\n]"


@pytest.mark.parametrize(
    ("value", "fields"),
    [
        (None, [Field("", "null", "word")]),
        (True, [Field("", "true", "word")]),
        (1.5, [Field("", "1.5", "number")]),
        (18446744073709551615, [Field("", "18446744073709551615", "number")]),
        ('a"b', [Field("", '"a\\"b"', "string")]),
        ({}, [Field("", "{}", "object")]),
        ([], [Field("", "[]", "array")]),
        ([1, 2], [Field("", "[1,2]", "array")]),
        ({"a": {"b": 1}, "c": [0]}, [Field("a", '{"b":1}', "object"), Field("c", "[0]", "array")]),
        (["x" * 26], [Field("", f'["{"x" * 26}"]', "array")]),
        (["x" * 27], [Field("", "1 element", "array")]),
        (list(range(20, 32)), [Field("", "12 elements", "array")]),
        ({"a": {"b": 1, "c": "x" * 30}}, [Field("a", "2 fields", "object")]),
    ],
)
def test_preview(value: Any, fields: list[Field]) -> None:
    assert preview(value) == fields


def test_a_preview_shows_the_leading_fields_and_counts_the_others() -> None:
    fields = preview(dict.fromkeys("abcdef", 0))

    assert [(field.name, field.text) for field in fields] == [
        ("a", "0"),
        ("b", "0"),
        ("c", "0"),
        ("d", "0"),
        ("", "+2"),
    ]


def test_a_preview_leaves_out_what_repeats_the_key() -> None:
    assert preview({"id": "k1", "n": 1}, "k1") == [Field("n", "1", "number")]
    assert preview({"id": "k1"}, "k1") == [Field("id", '"k1"', "string")]


def test_a_preview_cuts_long_text() -> None:
    (field,) = preview("x" * 1000)

    assert len(field.text) == PREVIEW_TEXT + 1
    assert field.text.endswith("…")


def test_a_preview_cuts_long_field_names() -> None:
    (field,) = preview({"n" * 10_000: 1})

    assert len(field.name) <= 2 * PREVIEW_TEXT
