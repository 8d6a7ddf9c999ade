from __future__ import annotations

from typing import Any

import orjson
import pytest

from dashboard.jsontree import PAGE, Branch, Leaf
from dashboard.treeview import MAX_PLACED, TEXT_PART, Text, View, opened, view

VALUE: dict[str, Any] = {"a": {"b": [*range(250)], "s": "short"}, "long": "line <1>\n" * 5000, "n": 7}


def looked(at: str, start: int = 0, value: Any = VALUE) -> View:
    found = view(value, at, start, 50)
    assert found is not None
    return found


def test_without_a_place_the_whole_value_is_shown() -> None:
    assert looked("").whole
    assert isinstance(looked("").root, Branch)
    assert not looked("", 1).whole


def test_a_branch_is_shown_with_the_way_to_it() -> None:
    shown = looked('["a","b"]', 100)

    assert isinstance(shown.root, Branch)
    assert shown.root.members[0].place.steps == ("a", "b", 100)
    assert [place.steps for place in shown.way] == [(), ("a",), ("a", "b")]
    assert (shown.whole, shown.marked) == (False, None)


@pytest.mark.parametrize(("at", "start"), [('["a","b",120]', 100), ('["a","s"]', 0), ('["n"]', 0)])
def test_a_single_value_is_marked_among_its_neighbours(at: str, start: int) -> None:
    shown = looked(at)

    assert isinstance(shown.root, Branch)
    assert shown.root.start == start
    assert shown.marked in [member.place for member in shown.root.members]
    assert shown.way[-1] == shown.root.place


def test_what_is_marked_is_there_even_if_its_page_is_full_before() -> None:
    shown = looked("[99]", value=["<" * 300] * 1000)

    assert isinstance(shown.root, Branch)
    assert shown.marked in [member.place for member in shown.root.members]


@pytest.mark.parametrize("value", [7, None, "short", 18446744073709551615])
def test_a_value_that_is_single_is_shown_alone(value: object) -> None:
    assert isinstance(looked("", value=value).root, Leaf)


@pytest.mark.parametrize("at", ['["x"]', "[0,0,250]", "nonsense", '["a","b",250]', '["n",0]'])
def test_what_is_not_there_is_not_shown(at: str) -> None:
    assert view(VALUE, at, 0, 50) is None
    assert opened(VALUE, at, 0, 50) is None


def test_a_long_string_is_shown_part_by_part() -> None:
    text, parts, start = VALUE["long"], [], 0
    while True:
        part = opened(VALUE, '["long"]', start, 50)
        assert isinstance(part, Text)
        assert part.total == len(text)
        parts.append(part.text)
        if part.next is None:
            break
        start = part.next

    assert "".join(parts) == text
    assert max(map(len, parts)) == TEXT_PART
    assert isinstance(looked('["long"]').root, Text)
    assert isinstance(looked("", value=text).root, Text)


def test_what_steers_the_writing_is_seen_in_a_text() -> None:
    part = opened(["a\tb\r\n\u202ec"], "[0]", 0, 50)

    assert isinstance(part, Text)
    assert part.text == "a\tb␍\n\\u202ec"


def test_a_branch_is_opened_in_its_place() -> None:
    part = opened(VALUE, '["a","b"]', PAGE, 50)

    assert isinstance(part, Branch)
    assert (part.start, part.next) == (PAGE, 2 * PAGE)


def test_only_branches_and_strings_open() -> None:
    assert opened(VALUE, '["n"]', 0, 50) is None
    assert isinstance(opened(VALUE, '["a","s"]', 0, 50), Text)


def test_after_some_parts_the_next_is_a_page_of_its_own() -> None:
    value = ["x" * 3 * MAX_PLACED, [*range(10_000)]]
    apart = {
        "string": [
            part.next_apart
            for start in range(0, 2 * MAX_PLACED, TEXT_PART)
            if (part := opened(value, "[0]", start, 50))
        ],
        "array": [part.next_apart for start in range(0, 4000, PAGE) if (part := opened(value, "[1]", start, 50))],
    }

    assert apart == {kind: ([False] * 19 + [True]) * 2 for kind in apart}


def test_a_place_in_a_value_is_found_by_its_url() -> None:
    for member in looked("").root.members if isinstance(looked("").root, Branch) else []:  # type: ignore[union-attr]
        assert orjson.loads(member.place.at) == list(member.place.steps)
