from __future__ import annotations

import base64
import time
from typing import Any

import orjson
import pytest

from dashboard.jsontree import MAX_HTML, MAX_NODES, PAGE, SHOWN_TEXT, STORY, UNFOLDED_TEXT, Branch, Leaf, grow, leaf
from dashboard.places import WHOLE, Place
from dashboard.scalars import Encoded


def grown(value: dict[str, Any] | list[Any], start: int = 0, place: Place = WHOLE, link: int = 50) -> Branch:
    return grow(place, value, start, link)


def plain(node: Leaf | Branch) -> Any:
    """What a tree shows: text of leaves, members of open branches, `…` for closed ones."""
    if isinstance(node, Leaf):
        return node.text
    if not node.members:
        return "…" if node.count else {} if node.kind == "object" else []
    if node.kind == "object":
        return {member.place.label: plain(member) for member in node.members}
    return [plain(member) for member in node.members]


def nodes(branch: Branch) -> int:
    return sum(1 + (nodes(member) if isinstance(member, Branch) else 0) for member in branch.members)


def html(branch: Branch) -> int:
    return sum(member.html if isinstance(member, Leaf) else member.html(50) + html(member) for member in branch.members)


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = {"k": value}
    return value


def picture(size: int) -> str:
    return base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(size)).decode()


def test_a_small_value_is_all_open() -> None:
    value = {
        "s": 'a"b',
        "n": 18446744073709551615,
        "f": 1.0,
        "w": [True, None],
        "o": {"x": {"y": -1}},
        "e": {},
        "l": [],
    }

    assert plain(grown(value)) == {
        "s": r'"a\"b"',
        "n": "18446744073709551615",
        "f": "1.0",
        "w": ["true", "null"],
        "o": {"x": {"y": "-1"}},
        "e": {},
        "l": [],
    }


def test_kinds_are_named() -> None:
    kinds = [member.kind for member in grown(["s", 1, 1.5, None, True, {}, []]).members]

    assert kinds == ["string", "number", "number", "word", "word", "object", "array"]


def test_large_arrays_are_shown_a_page_at_a_time() -> None:
    value = list(range(48_211))
    first, last = grown(value), grown(value, 48_200)

    assert (plain(first), first.next) == ([str(number) for number in range(PAGE)], PAGE)
    assert (plain(last), last.next) == ([str(number) for number in range(48_200, 48_211)], None)
    assert last.members[0].place.steps == (48_200,)


def test_large_objects_are_shown_a_page_at_a_time() -> None:
    second = grown({f"n{number}": number for number in range(250)}, PAGE)

    assert plain(second) == {f"n{number}": str(number) for number in range(PAGE, 2 * PAGE)}
    assert second.members[0].place.positions == (PAGE,)
    assert second.next == 2 * PAGE


@pytest.mark.parametrize("start", [3, 10**8])
def test_a_page_behind_the_end_is_the_last_member(start: int) -> None:
    assert plain(grown([1, 2, 3], start)) == ["3"]


def test_an_empty_branch_has_no_members() -> None:
    assert grown([], 5).members == []


def test_levels_are_opened_as_long_as_there_is_room() -> None:
    value = {"few": {"a": {"b": 1}}, "many": [list(range(90)) for _ in range(3)]}
    tree = grown(value)

    assert plain(tree)["few"] == {"a": {"b": "1"}}
    assert plain(tree)["many"] == ["…", "…", "…"]
    assert nodes(tree) <= MAX_NODES


def test_of_records_that_are_alike_all_are_open_or_none() -> None:
    few, many = ([{"a": 1, "b": 2} for _ in range(count)] for count in (60, 90))

    assert plain(grown(few)) == [{"a": "1", "b": "2"}] * 60
    assert plain(grown(many)) == ["…"] * 90


def test_deep_values_are_opened_story_by_story() -> None:
    value = nested(250)
    tree, depth = grown(value), 0
    node: Leaf | Branch = tree
    while isinstance(node, Branch) and node.members:
        (node,), depth = node.members, depth + 1

    assert depth == STORY
    assert isinstance(node, Branch)
    assert node.apart
    assert not tree.members[0].apart if isinstance(tree.members[0], Branch) else False


@pytest.mark.parametrize(
    "value",
    [
        [{"<&\u202e": "\"<>&'" * 60} for _ in range(500)],
        {"<\u202e" * 5000 + str(number): "<" * 10_000 for number in range(500)},
        ["<\n" * 1500 for _ in range(500)],
        ["\u202e" * UNFOLDED_TEXT for _ in range(500)],
        [picture(25_000) for _ in range(20)],
        [{"k" * 400: {"n" * 400: [nested(100)] * 20}} for _ in range(50)],
        [["<" * 70] * 8] * 200,
        {
            str(number): {"https://example.org/" + "x" * 900: "https://example.org/" + "&" * 1900}
            for number in range(200)
        },
    ],
)
def test_whatever_the_value_the_html_is_bounded(value: Any) -> None:
    tree = grown(value)

    assert 0 < len(tree.members) <= PAGE
    assert nodes(tree) <= MAX_NODES + 1
    assert html(tree) <= MAX_HTML + UNFOLDED_TEXT * 2


def test_a_picture_is_there_if_there_is_room_for_it() -> None:
    small, large = grown([picture(300), picture(45_000)]).members

    assert isinstance(small, Leaf)
    assert isinstance(large, Leaf)
    assert small.encoded is not None
    assert small.encoded.picture
    assert large.encoded == Encoded("PNG picture", 45_008)


def test_a_page_that_has_no_room_left_goes_on_where_it_ended() -> None:
    value = ["<" * 300] * 1000
    starts: list[int] = []
    start: int | None = 0
    while start is not None and len(starts) < 100:
        branch = grown(value, start)
        assert branch.members[0].place.steps == (start,)
        starts.append(start)
        start = branch.next

    assert start is None
    assert len(starts) > 1000 // PAGE


def test_long_links_leave_less_room() -> None:
    value = [[1]] * 300

    assert len(grown(value, link=6000).members) < 10


def test_a_long_string_is_cut_and_can_be_unfolded() -> None:
    text = "x" * (SHOWN_TEXT + 1)
    cut = leaf(WHOLE, text)

    assert (cut.text, cut.cut, cut.length, cut.unfolded) == (f'"{"x" * SHOWN_TEXT}"', True, len(text), text)
    assert (leaf(WHOLE, text[1:]).cut, leaf(WHOLE, text[1:]).length) == (False, 0)


def test_a_string_of_several_lines_is_unfolded_into_them() -> None:
    note = leaf(WHOLE, "a\n\tb\u202e")

    assert (note.text, note.cut, note.unfolded, note.lines) == (r'"a\n\tb\u202e"', False, "a\n\tb\\u202e", 2)


def test_a_string_that_is_too_long_to_be_there_is_asked_for() -> None:
    cut = leaf(WHOLE, "x" * (UNFOLDED_TEXT + 1))

    assert (cut.length, cut.unfolded) == (UNFOLDED_TEXT + 1, None)


def test_previews_show_the_first_members_in_a_line() -> None:
    branch = grown([{"id": 1, "name": "a\nb", "tags": [1], "more": {}, "rest": 0}] * 90)
    (first, *_) = branch.members

    assert isinstance(first, Branch)
    assert first.preview == r'id: 1, name: "a\nb", tags: […], more: {}'


def test_moments_are_read_by_the_name_of_the_field() -> None:
    tree = grown({"expires": 1_795_521_600, "total": 1_795_521_600, "large": 2**53 + 1})

    assert [member.moment is not None for member in tree.members if isinstance(member, Leaf)] == [True, False, False]
    assert [member.large for member in tree.members if isinstance(member, Leaf)] == [False, False, True]


@pytest.mark.parametrize(
    "value",
    [list(range(500_000)), {str(number): {"n": number} for number in range(200_000)}, ["x" * 5_000_000], nested(250)],
    ids=["numbers", "objects", "string", "deep"],
)
def test_opening_a_value_of_megabytes_takes_no_time(value: Any) -> None:
    assert orjson.dumps(value)
    started = time.process_time()
    grown(value)

    assert time.process_time() - started < 0.5
