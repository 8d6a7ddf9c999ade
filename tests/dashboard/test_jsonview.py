from __future__ import annotations

import time
from typing import Any

import pytest

from dashboard.jsonview import HIGHLIGHTED_TEXT, PREVIEW_TEXT, Field, compare, formatted, highlighted, preview
from store import parse_json
from tests.dashboard.pages import parse

BIG = [9007199254740993, 18446744073709551615, -9223372036854775808]


def test_formatted_is_indented_and_exact() -> None:
    assert formatted({"n": BIG[:2]}) == '{\n  "n": [\n    9007199254740993,\n    18446744073709551615\n  ]\n}'


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        "text",
        {},
        [],
        {"a": {"b": [1, 2.5, True, None, "x"]}},
        BIG,
        {'"quoted": 1': 'a "b": \\ c'},
        {"a: b": "c: d", "\\": "\\\\"},
        "</span><script>alert(1)</script>&amp;",
        {"": -1.5e300},
        "\x00\x1f\x7f\u2028 日本語",
    ],
)
def test_highlighting_changes_no_character(value: Any) -> None:
    text = formatted(value)

    assert parse(highlighted(text)).raw == text
    assert parse_json(parse(highlighted(text)).raw) == value


def test_highlighting_names_each_kind() -> None:
    tree = parse(highlighted(formatted({"n: ": -1.5, "s": "true 1", "w": [True, None]})))

    found = [(node.attrs["class"], node.raw) for node in tree.all("span")]
    assert found == [
        ("j-name", '"n: "'),
        ("j-number", "-1.5"),
        ("j-name", '"s"'),
        ("j-string", '"true 1"'),
        ("j-name", '"w"'),
        ("j-word", "true"),
        ("j-word", "null"),
    ]


def test_markup_in_values_is_escaped() -> None:
    assert "<script" not in highlighted(formatted({"<script>": "<script>"}))
    assert "<script" not in highlighted(formatted(["<script>" * HIGHLIGHTED_TEXT]))


def test_a_very_long_text_is_not_highlighted() -> None:
    text = formatted("<" + "x" * HIGHLIGHTED_TEXT)

    assert parse(highlighted(text)).raw == text
    assert not parse(highlighted(text)).all("span")


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
        ([1, 2], [Field("", "[2]", "array")]),
        ({"a": {"b": 1}, "c": [0]}, [Field("a", "{1}", "object"), Field("c", "[1]", "array")]),
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


def test_compare_marks_what_differs() -> None:
    lines = compare(formatted({"a": 1, "b": 2}), formatted({"a": 1, "b": 3}))

    marked = [(line.mark, line.text) for line in lines if line.mark != "@"]
    assert marked == [(" ", "{"), (" ", '  "a": 1'), ("-", '  "b": 2'), ("+", '  "b": 3'), (" ", "}")]


def test_a_field_added_at_the_end_is_all_that_compare_marks() -> None:
    lines = compare(formatted({"a": 1}), formatted({"a": 1, "b": 2}))

    assert [line.text for line in lines if line.mark in "+-"] == ['  "b": 2']


def test_compare_of_equal_texts_is_empty() -> None:
    assert compare("[\n  1\n]", "[\n  1\n]") == []


def test_compare_from_nothing() -> None:
    assert [line.mark for line in compare("", "1")] == ["@", "+"]


def test_compare_sees_a_difference_in_what_unicode_calls_line_ends() -> None:
    assert [(line.mark, line.text) for line in compare('"a\u2028b"', '"a\x85b"')][1:] == [
        ("-", '"a\u2028b"'),
        ("+", '"a\x85b"'),
    ]


def test_comparing_long_texts_that_differ_throughout_does_not_take_seconds() -> None:
    old, new = (
        formatted([{"id": i, "a": i % one, "b": i % two} for i in range(3000)]) for one, two in ((7, 13), (5, 11))
    )
    started = time.process_time()
    compare(old, new)

    assert time.process_time() - started < 1
