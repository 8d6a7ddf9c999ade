from __future__ import annotations

import time
from typing import Any

import pytest

from dashboard.jsonfind import MAX_FOUND, MAX_HTML, search

VALUE: dict[str, Any] = {
    "Status": "pending",
    "items": [{"sku": "Tea"}, {"sku": "kettle", "status": None}],
    "total": 99.5,
    "id": 18446744073709551615,
    "paid": True,
    "ratio": 1e16,
}


def places(value: Any, text: str) -> list[tuple[str | int, ...]]:
    return [found.place.steps for found in search(value, text, 50).found]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("STATUS", [("Status",), ("items", 1, "status")]),
        ("tea", [("items", 0, "sku")]),
        ("e", [("items",), ("items", 0, "sku"), ("items", 1, "sku"), ("Status",), ("paid",), ("ratio",)]),
        ("9.5", [("total",)]),
        ("446744", [("id",)]),
        ("1e+16", [("ratio",)]),
        ("true", [("paid",)]),
        ("NULL", [("items", 1, "status")]),
        ("items", [("items",)]),
        ("nothing", []),
        (".", [("total",)]),
        ("(", []),
        ("[", []),
    ],
)
def test_names_and_values_are_searched_whatever_their_case(text: str, found: list[tuple[str | int, ...]]) -> None:
    assert sorted(map(str, places(VALUE, text))) == sorted(map(str, found))


def test_what_is_found_comes_in_the_order_of_the_value() -> None:
    assert places({"z": {"ab": 1}, "a": ["b", "ab"], "ab": 0}, "ab") == [("z", "ab"), ("a", 1), ("ab",)]


@pytest.mark.parametrize(("value", "text"), [("some text", "TEXT"), (12345, "234"), (None, "null"), (True, "tru")])
def test_a_single_value_is_searched_too(value: object, text: str) -> None:
    assert places(value, text) == [()]
    assert places(value, "other") == []


def test_indices_are_not_searched() -> None:
    assert places(["a"] * 20, "1") == []


def test_no_more_than_a_page_of_them_is_listed() -> None:
    all_of_them, more = search(["x"] * MAX_FOUND, "x", 50), search(["x"] * (MAX_FOUND + 1), "x", 50)

    assert (len(all_of_them.found), all_of_them.more) == (MAX_FOUND, False)
    assert (len(more.found), more.more) == (MAX_FOUND, True)


def test_an_excerpt_shows_what_was_found_and_what_is_around_it() -> None:
    (found,) = search({"note": f"{'a' * 100} needle\n{'b' * 100}"}, "NEEDLE", 50).found

    assert found.value.before == f"…{'a' * 23} "
    assert found.value.match == "needle"
    assert found.value.behind == f"␊{'b' * 59}…"
    assert (found.name.before, found.name.match) == ("note", "")


def test_an_excerpt_of_a_name_shows_the_value_as_well() -> None:
    (found,) = search({"user name": {"a": 1, "b": 2}}, "name", 50).found

    assert (found.name.before, found.name.match) == ("user ", "name")
    assert found.value.before == "{ 2 }"


def test_of_a_long_way_the_middle_is_left_out() -> None:
    value: Any = "x"
    for name in "hgfedcba":
        value = {name: value}
    (found,) = search(value, "x", 50).found

    assert found.above == ["a", "…", "f", "g"]
    assert found.place.steps == tuple("abcdefgh")


def test_the_deepest_value_is_searched() -> None:
    value: Any = "needle"
    for _ in range(254):
        value = [value]

    assert len(places(value, "needle")[0]) == 254


def test_a_text_that_is_not_there_is_told_in_good_time() -> None:
    value = [{"id": number, "name": f"user {number}", "ok": True} for number in range(100_000)]
    started = time.process_time()

    assert not search(value, "nowhere", 50).found
    assert time.process_time() - started < 3


def test_a_very_long_text_costs_no_more() -> None:
    assert places({"a": "x" * 1000}, "x" * 100_000) == [("a",)]


def test_a_list_with_much_in_each_row_is_shorter() -> None:
    long_names = [{f"{'<' * 90}{number}": "&" * 200} for number in range(MAX_FOUND)]

    for link, value in ((50, long_names), (3000, ["<"] * MAX_FOUND), (50, [{"\u202e<" * 60: "<"}] * MAX_FOUND)):
        listed = search(value, "<", link)
        assert sum(found.html + link for found in listed.found) < MAX_HTML + 5000
        assert (0 < len(listed.found) < MAX_FOUND) == listed.more
