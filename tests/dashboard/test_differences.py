from __future__ import annotations

import time
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from dashboard.differences import CONTEXT_LINES, MAX_COMPARED_LINES, Line, compare, compare_both
from dashboard.jsonview import formatted

TEXTS = st.lists(st.sampled_from(["a", "b", "c", "d"]), max_size=12).map("\n".join)


def marked(lines: list[Line]) -> list[tuple[str, str]]:
    return [(line.mark, line.text) for line in lines if line.mark != "@"]


def test_compare_marks_what_differs() -> None:
    lines = compare(formatted({"a": 1, "b": 2}), formatted({"a": 1, "b": 3}))

    assert marked(lines) == [(" ", "{"), (" ", '  "a": 1'), ("-", '  "b": 2'), ("+", '  "b": 3'), (" ", "}")]


def test_a_field_added_at_the_end_is_all_that_compare_marks() -> None:
    lines = compare(formatted({"a": 1}), formatted({"a": 1, "b": 2}))

    assert [line.text for line in lines if line.mark in "+-"] == ['  "b": 2']


def test_compare_of_equal_texts_is_empty() -> None:
    assert compare("[\n  1\n]", "[\n  1\n]") == []


def test_compare_from_nothing() -> None:
    assert [line.mark for line in compare("", "1")] == ["@", "+"]


def test_compare_sees_a_difference_in_what_unicode_calls_line_ends() -> None:
    assert marked(compare('"a\u2028b"', '"a\x85b"')) == [("-", '"a\u2028b"'), ("+", '"a\x85b"')]


@given(TEXTS, TEXTS)
def test_a_difference_holds_every_line_that_went_and_came_with_its_number(old: str, new: str) -> None:
    lines = compare(old, new)
    before, after = ([None, *text.split("\n")] if text else [None] for text in (old, new))

    for line in lines:
        if line.mark != "@":
            assert (before if line.mark == "-" else after)[line.number] == line.text
    gone = {line.number for line in lines if line.mark == "-"}
    came = {line.number for line in lines if line.mark == "+"}
    assert [text for number, text in enumerate(before) if number and number not in gone] == [
        text for number, text in enumerate(after) if number and number not in came
    ]


def test_parts_far_from_one_another_are_told_apart() -> None:
    old = "\n".join(map(str, range(100)))
    lines = compare(old, old.replace("\n10\n", "\nten\n").replace("\n90\n", "\nninety\n"))

    assert [line.mark for line in lines].count("@") == 2
    assert len(lines) == 2 * (1 + 2 + 2 * CONTEXT_LINES)


def test_lines_that_both_changed_are_marked_in_both() -> None:
    base = {"status": "new", "total": 1, "a": 0, "note": "x"}
    yours, theirs = compare_both(
        formatted(base), formatted({**base, "status": "paid", "note": "y"}), formatted({**base, "status": "lost"})
    )

    assert [(line.text, line.both) for line in yours if line.mark in "+-"] == [
        ('  "status": "new"', True),
        ('  "status": "paid"', True),
        ('  "note": "x"', False),
        ('  "note": "y"', False),
    ]
    assert [(line.text, line.both) for line in theirs if line.mark in "+-"] == [
        ('  "status": "new"', True),
        ('  "status": "lost"', True),
    ]


def test_lines_that_both_changed_are_found_wherever_the_changes_begin() -> None:
    base = "\n".join(map(str, range(60)))
    yours, theirs = compare_both(
        base, base.replace("\n40\n", "\nmine\n"), base.replace("\n5\n", "\nfive\n").replace("\n40\n", "\ntheirs\n")
    )

    assert [[line.text for line in side if line.both] for side in (yours, theirs)] == [["40", "mine"], ["40", "theirs"]]


def test_neighbouring_lines_are_not_the_same_line() -> None:
    yours, theirs = compare_both("a\nb\nc\nd", "a\nB\nc\nd", "a\nb\nC\nd")

    assert not [line for line in [*yours, *theirs] if line.both]


def test_lines_added_at_the_same_place_are_not_the_same_line() -> None:
    yours, theirs = compare_both("a\nb", "a\nx\nb", "a\ny\nb")

    assert not [line for line in [*yours, *theirs] if line.both]


def test_comparing_long_texts_that_differ_throughout_does_not_take_seconds() -> None:
    def records(one: int, two: int) -> list[dict[str, Any]]:
        return [{"id": index, "a": index % one, "b": index % two} for index in range(3000)]

    started = time.process_time()
    base, yours, theirs = (formatted(records(*each)) for each in ((7, 13), (5, 11), (6, 12)))
    sides = compare_both(base, yours, theirs)

    assert [len(side) for side in sides] == [1, 1]
    assert "too many to show" in sides[0][0].text
    assert time.process_time() - started < 1


def test_as_many_lines_as_are_compared_do_not_take_seconds() -> None:
    old, new = ("\n".join(f"{index % each}" for index in range(MAX_COMPARED_LINES // 2 - 10)) for each in (7, 11))
    started = time.process_time()

    assert len(compare(old, new)) > 100
    assert time.process_time() - started < 2
