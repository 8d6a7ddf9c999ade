from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.columns import (
    MAX_CHOICES,
    MAX_COLUMNS,
    Column,
    cell,
    chosen,
    default_names,
    format_columns,
    parse_columns,
    seen_names,
)
from store import Item, Property

NOW = datetime(2026, 11, 24, tzinfo=UTC)
ORDER = {"id": "o-1", "status": "paid", "total": 9.5, "customer": {"name": "Ada"}, "note": None, "done": True, "n": 1}


def item(value: Any, key: str = "o-1") -> Item:
    return Item("g", key, value, 1, 1, NOW, NOW, None)


names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=10) | st.sampled_from(
    ["status", "a,b", '"', '"a"', "value", "Age", "size", " x ", "a b", "[0]", '["a","b"]']
)


@given(st.lists(names | st.sampled_from([Property.VALUE, Property.AGE]), max_size=MAX_COLUMNS, unique=True))
def test_columns_are_read_back_as_they_were_written(columns: list[str | Property]) -> None:
    assert parse_columns(format_columns(columns)) == columns


@given(st.text())
def test_any_text_names_columns(text: str) -> None:
    assert parse_columns(format_columns(parse_columns(text))) == parse_columns(text)


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("", []),
        (" status , total,,status", ["status", "total"]),
        ("unit price,total", ["unit price", "total"]),
        ('"a,b",c', ["a,b", "c"]),
        ("value,AGE,size,key", [Property.VALUE, Property.AGE]),
        ('"value"', ["value"]),
        ('"half,c', ['"half', "c"]),
        ('"\\ud800",c', ['"\\ud800"', "c"]),
        (",".join(f"c{number}" for number in range(1000)), [f"c{number}" for number in range(MAX_COLUMNS)]),
    ],
)
def test_how_columns_are_written(text: str, columns: list[str | Property]) -> None:
    assert parse_columns(text) == columns


def test_by_default_the_first_plain_fields_are_columns_but_for_the_key() -> None:
    assert default_names([item(ORDER)]) == ["status", "total", "done"]


def test_by_default_a_field_is_a_column_if_most_items_have_it_as_a_plain_value() -> None:
    half = [item({"a": 1, "b": 2, "c": "x" * 500}), item({"a": 1, "b": [2], "c": "x" * 500})]

    assert default_names(half) == ["a"]
    assert default_names([item({"a": 1}), item(5), item("text")]) == []
    assert default_names([]) == []


def test_the_fields_of_a_page_are_those_of_its_objects_in_the_order_in_which_they_come() -> None:
    assert seen_names([item({"b": 1, "a": 1}), item([1]), item({"a": 1, "c": 1, "x" * 101: 1})]) == ["b", "a", "c"]
    assert len(seen_names([item({f"f{number}": 1 for number in range(1000)})])) == MAX_CHOICES


def test_numbers_stand_to_the_right_unless_there_is_text_among_them() -> None:
    items = [item({"n": 1, "mixed": 1, "flag": True, "null": None}), item({"n": None, "mixed": "1", "flag": 0.5})]
    columns = chosen(["n", "mixed", "flag", "null", "none"], items)

    assert [column.right for column in columns.fields] == [True, False, True, False, False]


def test_the_preview_is_there_if_it_is_chosen_or_nothing_else_is() -> None:
    assert chosen([], []).preview
    assert chosen([Property.AGE], []).preview
    assert not chosen(["a"], []).preview
    assert chosen(["a", Property.VALUE], []).preview
    assert chosen(["a", Property.AGE], []).names == ["a", Property.AGE]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("status", ('"paid"', "string", '"paid"')),
        ("total", ("9.5", "number", "9.5")),
        ("customer", ('{"name":"Ada"}', "object", '{"name":"Ada"}')),
        ("note", ("null", "word", "null")),
        ("done", ("true", "word", "true")),
        ("missing", None),
    ],
)
def test_a_cell_says_value_and_kind(name: str, shown: tuple[str, str, str] | None) -> None:
    assert cell(item(ORDER), Column(name, right=False)) == shown


@pytest.mark.parametrize("number", [9007199254740993, 18446744073709551615, -(2**63), 0.1, 1.5])
def test_numbers_are_shown_exactly(number: float) -> None:
    found = cell(item({"n": number}), Column("n", right=True))

    assert found is not None
    assert found.text == str(number)


def test_long_text_is_cut_and_more_of_it_is_at_hand() -> None:
    found = cell(item({"t": "x" * 10_000}), Column("t", right=False))

    assert found is not None
    assert len(found.text) < 60
    assert 300 < len(found.title) < 500
