from __future__ import annotations

from typing import Any

import orjson
import pytest

from dashboard.places import MAX_AT, WHOLE, Place, label_of, way_to

VALUE: dict[str, Any] = {"a": {"b.c": [10, {"d": None}]}, "": 1, "0": "zero", '["x"]': 2, "ü 🛒\n": 3}


def at_of(*steps: str | int) -> str:
    return orjson.dumps(steps).decode()


@pytest.mark.parametrize(
    ("steps", "member"),
    [
        (("a",), VALUE["a"]),
        (("a", "b.c"), [10, {"d": None}]),
        (("a", "b.c", 0), 10),
        (("a", "b.c", 1, "d"), None),
        (("",), 1),
        (("0",), "zero"),
        (('["x"]',), 2),
        (("ü 🛒\n",), 3),
    ],
)
def test_a_place_leads_back_to_what_stands_there(steps: tuple[str | int, ...], member: object) -> None:
    way = way_to(VALUE, at_of(*steps))
    assert way is not None
    place, found = way[-1]

    assert found == member
    assert place.steps == steps
    assert place.at == at_of(*steps)
    assert [len(each.steps) for each, _ in way] == [*range(len(steps) + 1)]


def test_no_steps_are_the_whole_value() -> None:
    assert way_to(VALUE, "") == [(WHOLE, VALUE)]
    assert WHOLE.at == ""


@pytest.mark.parametrize(
    "at",
    [
        "a",
        "{}",
        "[",
        "[null]",
        "[true]",
        "[1.5]",
        "[[]]",
        "[" * 10_000,
        at_of("b"),
        at_of("a", "b"),
        at_of("a", "b.c", 2),
        at_of("a", "b.c", -1),
        at_of("a", "b.c", "0"),
        at_of("a", "b.c", 0, 0),
        at_of("", "x"),
        at_of(99),
    ],
)
def test_what_is_no_place_leads_nowhere(at: str) -> None:
    assert way_to(VALUE, at) is None


def test_a_number_in_an_object_is_the_position_of_a_field() -> None:
    way = way_to(VALUE, "[0,0]")

    assert way is not None
    assert way[-1][0].steps == ("a", "b.c")


@pytest.mark.parametrize("value", [{"x": 0, "n" * 5000: {"y": 1}}, {"x": 0, "n" * 200: {"m" * 400: {"y": 1}}}])
def test_a_place_with_long_names_is_named_by_positions(value: dict[str, Any]) -> None:
    place: Place = WHOLE
    member: Any = value
    while isinstance(member, dict):
        position, (name, member) = list(enumerate(member.items()))[-1]
        place = place.below(name, position)

    assert len(place.at) < 20 < MAX_AT
    assert not place.named
    assert way_to(value, place.at) is not None
    assert (way_to(value, place.at) or [])[-1] == (place, 1)


def test_ids_tell_places_apart_and_stay() -> None:
    a, b = WHOLE.below("a", 0), WHOLE.below("b", 1)

    assert (
        len({WHOLE.id, a.id, b.id, a.below("b", 0).id, b.below("a", 0).id, a.below(0, 0).id, a.below("0", 0).id}) == 7
    )
    assert a.id == WHOLE.below("a", 7).id
    assert len(WHOLE.below("n" * 100_000, 0).id) < 20


@pytest.mark.parametrize(
    ("step", "shown"),
    [
        ("total", "total"),
        ("user name", "user name"),
        ("käse.de/x:y", "käse.de/x:y"),
        (0, "0"),
        ("", '""'),
        (" x", '" x"'),
        ("a\nb", r'"a\nb"'),
        ('a"b', r'"a\"b"'),
        ("a\u202eb", r'"a\u202eb"'),
        ("n" * 1000, "n" * 100 + "…"),
    ],
)
def test_an_odd_name_is_shown_in_quotes(step: str | int, shown: str) -> None:
    assert label_of(step) == shown


@pytest.mark.parametrize(
    ("name", "kept"), [("a", True), ("", True), ("n" * 201, False), ("a\rb", False), ("\0", False)]
)
def test_only_names_that_an_attribute_can_hold_are_kept_for_copying(name: str, kept: bool) -> None:
    assert Place((name,), (0,)).name == (name if kept else None)
    assert Place((3,), (3,)).name is None
