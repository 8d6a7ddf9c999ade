from __future__ import annotations

from typing import Any

import pytest

from dashboard.jsonview import HIGHLIGHTED_TEXT, PREVIEW_TEXT, Field, formatted, highlighted, preview
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
