"""Conditions: what is refused, and what fits; without a store."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store import OPS, PROPERTY_OPS, InvalidArgument, Property, Where
from store.filtering import check_where
from store.matching import matches, matching
from store.model import Record
from store.narrowing import narrowed
from store.paging import EVERYTHING
from store.values import encode

NOW = 1_800_000_000_000


def fits(value: Any, *conditions: Where, key: str = "key", age: int = 0, ttl: int | None = None) -> bool:
    """Whether a value fits; age and ttl in milliseconds."""
    record = Record(encode(value)[0], NOW - age, NOW - age, None if ttl is None else NOW + ttl, 1)
    return matches(check_where(conditions))(key, record, NOW)


def field_fits(found: Any, op: str, wanted: Any = None) -> bool:
    return fits({"f": found}, Where("f", op, wanted))


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (2, 2.0),
        (2**64 - 1, 2**64 - 1),
        ("é", "é"),
        (None, None),
        (True, True),
        ([1, "a", {"b": None}], [1.0, "a", {"b": None}]),
        ({"a": 1, "b": [2]}, {"b": [2.0], "a": 1}),
        (0, -0.0),
        ("", ""),
        ([], []),
    ],
    ids=repr,
)
def test_what_is_equal_in_json(left: Any, right: Any) -> None:
    assert field_fits(left, "=", right)
    assert field_fits(right, "=", left)
    assert not field_fits(left, "!=", right)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (True, 1),
        (False, 0),
        ("1", 1),
        (None, False),
        (None, 0),
        ([True], [1]),
        ({"a": [False]}, {"a": [0]}),
        ({"a": 1}, {"a": 1, "b": None}),
        ([1, 2], [2, 1]),
        ([1], 1),
        ("a", "A"),
        (2**63, 2**63 + 1),
        (9007199254740993, 9007199254740992.0),
        ([], {}),
        ("", None),
    ],
    ids=repr,
)
def test_what_is_not_equal_in_json(left: Any, right: Any) -> None:
    assert not field_fits(left, "=", right)
    assert not field_fits(right, "=", left)
    assert field_fits(left, "!=", right)


@pytest.mark.parametrize(
    ("found", "op", "wanted", "expected"),
    [
        (2, ">", 1.5, True),
        (2, ">", 2, False),
        (2, ">=", 2.0, True),
        (1, "<", 2, True),
        (2, "<", 2, False),
        (2, "<=", 2, True),
        (9007199254740993, ">", 9007199254740992.0, True),
        (2**64 - 1, ">", 2**64 - 2, True),
        (-(2**63), "<", -(2**63) + 1, True),
        ("b", ">", "a", True),
        ("a", ">", "Z", True),
        ("Z", "<", "a", True),
        ("\U00010000", ">", "\uffff", True),  # by code points, not by UTF-16
        ("10", "<", "9", True),
        ("10", ">", 9, False),
        (10, ">", "9", False),
        (10, "<", "9", False),
        (True, ">", 0, False),
        (True, ">=", 1, False),
        (None, "<", 1, False),
        ([2], ">", 1, False),
        ({}, "<", "a", False),
    ],
    ids=repr,
)
def test_numbers_are_compared_with_numbers_and_strings_with_strings(
    found: Any, op: str, wanted: Any, expected: bool
) -> None:
    assert field_fits(found, op, wanted) == expected


@pytest.mark.parametrize(
    ("found", "op", "wanted", "expected"),
    [
        ("Order shipped", "contains", "SHIP", True),
        ("Order shipped", "contains", "shop", False),
        ("ÄRA", "contains", "är", False),  # only ASCII letters
        ("ÄRA", "contains", "Är", True),
        ('say "hi"\n\\', "contains", '"HI"\n\\', True),
        (["paid", 2, None], "contains", "paid", True),
        (["paid", 2, None], "contains", "PAID", False),
        (["paid", 2, None], "contains", "pai", False),
        (["paid", 2, None], "contains", 2.0, True),
        (["paid", 2, None], "contains", None, True),
        ([True], "contains", 1, False),
        ([[1], {"a": 1}], "contains", {"a": 1.0}, True),
        ([[1]], "contains", [1], True),
        ("2", "contains", 2, False),
        (2, "contains", "2", False),
        ({"paid": 1}, "contains", "paid", False),
        ("Order", "starts with", "oRD", True),
        ("Order", "starts with", "rder", False),
        ("Order", "starts with", "", True),
        ("Ordnung", "starts with", "Order", False),
        (["Order"], "starts with", "Ord", False),
        (1, "starts with", "1", False),
        (None, "is null", None, True),
        (0, "is null", None, False),
        ("", "is null", None, False),
        (None, "exists", None, True),
        (None, "missing", None, False),
    ],
    ids=repr,
)
def test_parts_starts_and_presence(found: Any, op: str, wanted: Any, expected: bool) -> None:
    assert field_fits(found, op, wanted) == expected


@pytest.mark.parametrize("value", [{}, {"g": 1}, [], "f", 5, None, ["f"]], ids=repr)
def test_a_field_that_is_not_there(value: Any) -> None:
    assert fits(value, Where("f", "missing"))
    assert fits(value, Where("f", "!=", 1))
    for op in set(OPS) - {"missing", "!="}:
        wanted = None if op in ("exists", "is null") else "f"
        assert not fits(value, Where("f", op, wanted)), op


def test_names_are_literal_and_nested_fields_are_named_by_tuples() -> None:
    value = {"a.b": 1, "a": {"b": 2, "": {"c": 3}}, "": 4}
    assert fits(value, Where("a.b", "=", 1), Where(("a", "b"), "=", 2))
    assert fits(value, Where(("a", "", "c"), "=", 3), Where("", "=", 4))
    assert fits(value, Where(("a", "b", "c"), "missing"), Where(("x", "y"), "missing"), Where(("a", "b"), "exists"))
    assert not fits({"x": {"b": 2}, "b": 2}, Where(("a", "b"), "=", 2))


def test_the_empty_tuple_is_the_value_itself() -> None:
    assert fits(5, Where((), "=", 5.0), Where((), ">", 4))
    assert fits("Paid", Where((), "starts with", "pa"))
    assert fits([1, 2], Where((), "contains", 2))
    assert fits(None, Where((), "is null"), Where((), "exists"))


def test_all_conditions_must_fit() -> None:
    assert fits({"a": 1, "b": 2}, Where("a", "=", 1), Where("b", ">", 1))
    assert not fits({"a": 1, "b": 2}, Where("a", "=", 1), Where("b", ">", 2))
    assert not fits({"a": 1, "b": 2}, Where("a", "=", 2), Where("b", ">", 1))
    assert not fits({"a": 1}, Where("a", "=", 1), Where(Property.SIZE, ">", 100))
    assert fits({"a": 1})


def test_properties() -> None:
    item: dict[str, Any] = {"age": 90_000, "ttl": 1500, "key": "Order-1"}
    assert fits(1, Where(Property.TTL, ">", 1), Where(Property.TTL, "<", timedelta(seconds=2)), **item)
    assert fits(1, Where(Property.TTL, "<=", 1.5), Where(Property.TTL, ">=", 1.5), **item)
    assert not fits(1, Where(Property.TTL, "<", 1.5), **item)
    assert not fits(1, Where(Property.TTL, ">", 1.5), **item)
    assert fits(1, Where(Property.AGE, "<=", 90), Where(Property.AGE, ">=", timedelta(minutes=1.5)), **item)
    assert fits(1, Where(Property.AGE, ">", 89.999), Where(Property.IDLE, "<", 90.001), **item)
    assert not fits(1, Where(Property.IDLE, ">", 90), **item)
    assert fits("abc", Where(Property.SIZE, "=", 5), Where(Property.SIZE, "!=", 4), Where(Property.SIZE, ">", 4.5))
    assert not fits("é", Where(Property.SIZE, "<", 4))
    assert fits(1, Where(Property.KEY, "=", "Order-1"), Where(Property.KEY, "contains", "DER-"), **item)
    assert fits(1, Where(Property.KEY, "starts with", "order"), Where(Property.KEY, "!=", "order-1"), **item)
    assert not fits(1, Where(Property.KEY, "=", "order-1"), **item)


def test_age_counts_from_the_creation_and_idle_from_the_last_write() -> None:
    record = Record(b"1", NOW - 90_000, NOW - 5_000, None, 2)
    for conditions, expected in [
        ([Where(Property.AGE, ">", 60)], True),
        ([Where(Property.IDLE, ">", 60)], False),
        ([Where(Property.IDLE, "<", 6)], True),
        ([Where(Property.AGE, "<", 6)], False),
    ]:
        assert matches(check_where(conditions))("k", record, NOW) == expected


def test_what_never_expires_has_no_ttl() -> None:
    assert fits(1, Where(Property.TTL, "missing"))
    assert not fits(1, Where(Property.TTL, "exists"))
    assert fits(1, Where(Property.TTL, "exists"), ttl=1)
    assert not fits(1, Where(Property.TTL, "missing"), ttl=1)
    for op in PROPERTY_OPS[Property.TTL][:4]:
        assert not fits(1, Where(Property.TTL, op, 5))


@pytest.mark.parametrize(
    ("value", "text", "expected"),
    [
        ({"a": "Paid"}, "pAID", True),
        ({"a": "Paid"}, '"A":"paid"', True),
        ({"a": 'say "hi"'}, 'say "hi"', True),  # as a person reads it
        ({"a": 'say "hi"'}, r"say \"hi\"", True),  # as it is stored
        ({"a": "two\nlines"}, "two\nlines", True),
        ({"a": "ÄRA"}, "är", False),
        ({"a": "Ära"}, "Är", True),
        ({"a": 12345}, "234", True),
        ({"a": 1}, "b", False),
        ({"a": 1}, "", True),
    ],
    ids=repr,
)
def test_the_text_of_a_value_is_searched(value: Any, text: str, expected: bool) -> None:
    assert fits(value, Where(Property.VALUE, "contains", text)) == expected


@pytest.mark.parametrize(
    ("where", "message"),
    [
        (Where("a", "=", 1), r"where must be a list of Where, not Where\("),
        ("a=1", "where must be a list of Where, not 'a=1'"),
        (5, "where must be a list of Where, not 5"),
        ([("a", "=", 1)], r"where\[0\] must be a Where, not \('a', '=', 1\)"),
        ([Where("a", "exists"), Where("a", "~", 1)], r"where\[1\]\.op must be one of =, !=, >, .* is null, not '~'"),
        ([Where("a", "like", 1)], r"where\[0\]\.op"),
        ([Where(Property.TTL, "=", 1)], r"where\[0\]\.op must be one of >, >=, <, <=, exists, missing, not '='"),
        ([Where(Property.VALUE, "starts with", "a")], r"where\[0\]\.op must be one of contains, not 'starts with'"),
        ([Where(5, "=", 1)], r"where\[0\]\.field must be a field name, a tuple of names or a Property, not 5"),  # type: ignore[arg-type]
        ([Where(["a"], "=", 1)], r"where\[0\]\.field"),  # type: ignore[arg-type]
        ([Where(("a", 1), "=", 1)], r"where\[0\]\.field"),  # type: ignore[arg-type]
        ([Where("\ud800", "=", 1)], r"where\[0\]\.field.* lone surrogate"),
        ([Where("a", "=", {"b": [1, math.nan]})], r"where\[0\]\.value\.b\[1\] is nan"),
        ([Where("a", "=", 2**64)], r"where\[0\]\.value is an integer outside"),
        ([Where("a", "=", {1})], r"where\[0\]\.value is of type set"),
        ([Where("a", ">", None)], r"where\[0\]\.value must be a number or a string for '>', not None"),
        ([Where("a", "<=", True)], r"where\[0\]\.value must be a number or a string"),
        ([Where("a", "<", [1])], r"where\[0\]\.value must be a number or a string"),
        ([Where("a", "starts with", 1)], r"where\[0\]\.value must be a string, not 1"),
        ([Where(Property.KEY, "=", 1)], r"where\[0\]\.value must be a string, not 1"),
        ([Where(Property.VALUE, "contains", 1)], r"where\[0\]\.value must be a string, not 1"),
        ([Where(Property.KEY, "=", "\ud800")], r"where\[0\]\.value holds a lone surrogate"),
        ([Where("a", "exists", 1)], r"where\[0\]\.value must not be given for 'exists'"),
        ([Where(Property.TTL, "missing", 0)], r"where\[0\]\.value must not be given for 'missing'"),
        ([Where(Property.TTL, "<", "5")], r"where\[0\]\.value must be a number of seconds, at most 2\^53, not '5'"),
        ([Where(Property.AGE, "<", True)], r"where\[0\]\.value must be a number of seconds"),
        ([Where(Property.IDLE, "<", math.nan)], r"where\[0\]\.value must be a number of seconds"),
        ([Where(Property.AGE, ">", math.inf)], r"where\[0\]\.value must be a number of seconds"),
        ([Where(Property.SIZE, "=", 2**54)], r"where\[0\]\.value must be a number of bytes, at most 2\^53"),
        ([Where(Property.SIZE, "<", None)], r"where\[0\]\.value must be a number of bytes"),
    ],
    ids=repr,
)
def test_a_bad_condition_is_refused_with_its_place(where: Any, message: str) -> None:
    with pytest.raises(InvalidArgument, match=message):
        check_where(where)


def test_conditions_may_come_from_any_iterable() -> None:
    assert check_where(iter([Where("a", "exists")])) == check_where((Where("a", "exists"),))


TEXTS = st.text(st.characters(codec="utf-8") | st.sampled_from('aAbBeE01"\\\n/é'), max_size=4)
NUMBERS = (
    st.integers(-(2**63), 2**64 - 1)
    | st.integers(-3, 3)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from([2**53 + 1, 2.0**53, 1e15, 1e16, 10**16, 0.001, 0.0001, -0.0, 12.5, 1e-7, 1e300])
)
SCALARS = st.none() | st.booleans() | NUMBERS | TEXTS
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3), max_leaves=6
)
TIMES = st.integers(-(2**53), 2**53) | st.integers(-5, 5) | st.floats(-5, 5) | st.sampled_from([29.5, 31, 100, 1000])


@st.composite
def conditions_for(draw: st.DrawFn, value: Any) -> Where:
    """A condition, often about what is there."""
    prop = draw(st.none() | st.sampled_from(Property))
    if prop in (Property.KEY, Property.VALUE):
        return Where(prop, draw(st.sampled_from(PROPERTY_OPS[prop])), draw(TEXTS))
    if prop is not None:
        op = draw(st.sampled_from(PROPERTY_OPS[prop]))
        return Where(prop, op, None if op in ("exists", "missing") else draw(TIMES))
    path: tuple[str, ...] = ()
    while isinstance(value, dict) and value and draw(st.booleans()):
        name = draw(st.sampled_from(sorted(value)))
        path, value = (*path, name), value[name]
    op = draw(st.sampled_from(OPS))
    if op in ("exists", "missing", "is null"):
        return Where(path, op)
    near = [value] + (value if isinstance(value, list) else [])
    near += [value[:2].upper()] if isinstance(value, str) else []
    near += [float(value)] if isinstance(value, int) and not isinstance(value, bool) else []
    near += [int(value)] if isinstance(value, float) and abs(value) < 2**63 else []
    wanted = draw(st.sampled_from(near) | SCALARS)
    if op == "starts with":
        wanted = wanted if isinstance(wanted, str) else draw(TEXTS)
    elif op in (">", ">=", "<", "<="):
        wanted = wanted if type(wanted) in (int, float, str) else draw(NUMBERS)
    return Where(path, op, wanted)


def check_narrowed(conditions: tuple[Where, ...], key: str, record: Record) -> None:
    """That what fits is not left out by what a query is narrowed to."""
    query = narrowed(EVERYTHING, conditions, NOW)
    assert query.search in "".join(char.lower() if char.isascii() else char for char in key)
    for part, folded in query.parts:
        assert part in (record.value.lower() if folded else record.value)
    columns = {"created": record.created_at, "updated": record.updated_at, "size": len(record.value)}
    for column, low, high in query.bounds:
        at = record.expires_at if column == "expires" else columns[column]
        assert at is not None
        assert low <= at <= high


@given(st.data(), VALUES, TEXTS, st.integers(0, 6000), st.none() | st.integers(1, 6000))
def test_what_fits_is_within_what_a_query_is_narrowed_to(
    data: st.DataObject, value: Any, key: str, age: int, ttl: int | None
) -> None:
    conditions = check_where(data.draw(st.lists(conditions_for(value), min_size=1, max_size=2)))
    record = Record(encode(value)[0], NOW - age, NOW - age // 2, None if ttl is None else NOW + ttl, 1)
    if matches(conditions)(key, record, NOW):
        check_narrowed(conditions, key, record)
        assert matching(conditions)(key, record, NOW) == value


@pytest.mark.parametrize(
    ("found", "op", "wanted"),
    [
        (0, "=", -0.0),
        (-0.0, "=", 0),
        (1e16, "=", 10**16),
        (10**16, "=", 1e16),
        (2.0**53, "=", 2**53),
        (2**63, "=", 2.0**63),
        (-2.0, "=", -2),
        (-2, "=", -2.0),
        (12.5, "=", 12.5),
        (1e-7, "=", 1e-7),
        (0.001, "=", 0.001),
        (1e300, "=", 1e300),
        ([1, 2], "=", [1.0, 2]),
        ({"a": 1, "b": 2}, "=", {"b": 2, "a": 1}),
        (5, ">=", 3),
        ("b", ">=", "a"),
        (5, "!=", 3),
        ("a", "!=", "b"),
        (None, "!=", 0),
        ("A\n", "contains", "a\n"),
        (["a"], "contains", "a"),
        ([None, 2], "contains", 2.0),
        ('"A', "starts with", '"a'),
        (None, "exists", None),
    ],
    ids=repr,
)
def test_what_can_be_written_in_several_ways_is_not_left_out(found: Any, op: str, wanted: Any) -> None:
    places: list[tuple[str | tuple[str, ...], Any]] = [
        ("f", {"f": found}),
        (("f", "g"), {"f": {"g": found}}),
        ((), found),
    ]
    for path, value in places:
        record = Record(encode(value)[0], NOW, NOW, None, 1)
        conditions = check_where([Where(path, op, wanted)])
        assert matches(conditions)("k", record, NOW)
        check_narrowed(conditions, "k", record)


@pytest.mark.parametrize(
    ("prop", "op", "wanted"),
    [
        (Property.SIZE, "=", 5),
        (Property.SIZE, ">=", 5),
        (Property.SIZE, "<=", 5),
        (Property.SIZE, ">", 4),
        (Property.SIZE, "<", 5.5),
        (Property.SIZE, "!=", 6),
        (Property.TTL, ">=", 2.5),
        (Property.TTL, "<=", 2.5),
        (Property.TTL, "<", 2.5001),
        (Property.TTL, ">", 2.4999),
        (Property.TTL, "<", 2**53),
        (Property.AGE, ">=", 3.5),
        (Property.AGE, "<=", 3.5),
        (Property.AGE, ">", 3.4999),
        (Property.IDLE, "<=", 1.5),
        (Property.IDLE, ">=", 1.5),
        (Property.IDLE, "<", 1.5001),
        (Property.IDLE, ">", -(2**53)),
        (Property.KEY, "!=", "order"),
        (Property.KEY, "=", "Order-1"),
        (Property.VALUE, "contains", "AB"),
    ],
    ids=repr,
)
def test_what_is_at_the_edge_is_not_left_out(prop: Property, op: str, wanted: Any) -> None:
    record = Record(b'"abc"', NOW - 3500, NOW - 1500, NOW + 2500, 1)
    conditions = check_where([Where(prop, op, wanted)])
    assert matches(conditions)("Order-1", record, NOW)
    check_narrowed(conditions, "Order-1", record)


def test_what_has_no_such_field_is_not_left_out() -> None:
    record = Record(b'{"g":1}', NOW, NOW, None, 1)
    for condition in (Where("f", "!=", 1), Where("f", "missing"), Where(("g", "f"), "!=", "a")):
        conditions = check_where([condition])
        assert matches(conditions)("k", record, NOW)
        check_narrowed(conditions, "k", record)


def test_a_text_that_is_stored_in_two_ways_is_not_left_out() -> None:
    record = Record(encode({"f": 'say "hi"'})[0], NOW, NOW, None, 1)
    for text in ('"hi"', r"\"hi", '"f":"'):
        conditions = check_where([Where(Property.VALUE, "contains", text)])
        assert matches(conditions)("k", record, NOW)
        check_narrowed(conditions, "k", record)


def test_a_query_is_narrowed_by_what_is_sure() -> None:
    where = check_where(
        [
            Where("status", "=", "paid"),
            Where("n", "=", 12.0),
            Where("name", "contains", "ADA"),
            Where(Property.KEY, "contains", "Ord"),
            Where(Property.TTL, "<", 60),
            Where(Property.SIZE, "=", 100),
        ]
    )
    query = narrowed(EVERYTHING, where, NOW)
    assert [part.text for part in query.parts] == [b'"status":"paid"', b'"n":12', b'"name":', b"ada"]
    assert query.search == "ord"
    assert [(bound.column, bound.high) for bound in query.bounds] == [("expires", NOW + 60_001), ("size", 101)]
