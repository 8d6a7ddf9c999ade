from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.paths import MAX_TYPED, parse_path, paths_in, typed_path
from store import InvalidValue


@pytest.mark.parametrize(
    ("typed", "path"),
    [
        ("", ""),
        ("status", "status"),
        ("a.b", "a.b"),
        (" a ", " a "),
        ('["a", "b"]', ["a", "b"]),
        ('["[x"]', ["[x"]),
        ("[]", []),
        ('{"a"', '{"a"'),
    ],
)
def test_a_path_is_a_name_or_a_list_of_names(typed: str, path: str | list[str]) -> None:
    assert parse_path(typed) == path


@pytest.mark.parametrize("typed", ["[", "[1]", '["a", null]', '["a"] ]', "[x"])
def test_what_begins_like_a_list_and_is_none_is_refused(typed: str) -> None:
    with pytest.raises(InvalidValue, match="is a list of names"):
        parse_path(typed)


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"])) | st.lists(st.text(st.characters(exclude_categories=["Cs"]))))
def test_a_typed_path_reads_back_as_the_same_field(path: str | list[str]) -> None:
    read = parse_path(typed_path(path))

    assert read in (path, [path])


def test_the_fields_of_a_value_come_by_depth() -> None:
    value = {"status": 1, "customer": {"email": "x", "address": {"city": 1}}, "items": [{"sku": 1}], "[x": {"y": 1}}

    assert paths_in(value) == [
        "status",
        "customer",
        "items",
        '["[x"]',
        '["customer", "email"]',
        '["customer", "address"]',
        '["[x", "y"]',
        '["customer", "address", "city"]',
    ]


@pytest.mark.parametrize("value", [None, 1, "text", [], [{"a": 1}], {}])
def test_what_has_no_fields_has_no_paths(value: Any) -> None:
    assert paths_in(value) == []


def test_names_that_no_operation_can_use_or_nobody_would_choose_are_left_out() -> None:
    assert paths_in({"": {"a": 1}, "x" * (MAX_TYPED + 1): {"a": 1}, "b": {"": 1}}) == ["b"]


def test_no_more_than_the_limit_is_looked_at() -> None:
    assert paths_in({f"f{number}": {"x": 1} for number in range(100_000)}, 3) == ["f0", "f1", "f2"]
    assert len(paths_in({f"f{number}": {"x": 1} for number in range(150)})) == 200


def test_every_path_leads_to_its_field() -> None:
    value = {"a": {"b.c": {"[": 1}}, "d": 2}
    for typed in paths_in(value):
        path, place = parse_path(typed), value
        for name in [path] if isinstance(path, str) else path:
            place = place[name]  # type: ignore[assignment]
