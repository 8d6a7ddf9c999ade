from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.merging import ABSENT, Conflict, Merge, merge, same

# Few names and values, so that the three often have something in common; numbers that Python takes for one another.
LEAVES = st.sampled_from([None, True, 1, 1.0, 0, False, -0.0, "", "a", 9007199254740993, 2**64 - 1, -(2**63)])
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("abc"), inner), max_leaves=8
)


def exact(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


@given(VALUES, VALUES)
def test_what_only_they_changed_is_theirs(base: Any, theirs: Any) -> None:
    merged = merge(base, base, theirs)

    assert (orjson.dumps(merged.value), merged.conflicts) == (orjson.dumps(theirs), [])


@given(VALUES, VALUES)
def test_what_only_you_changed_is_yours(base: Any, yours: Any) -> None:
    merged = merge(base, yours, base)

    assert (exact(merged.value), merged.conflicts) == (exact(yours), [])


@given(VALUES, VALUES)
def test_the_same_change_by_both_is_no_conflict(base: Any, both: Any) -> None:
    merged = merge(base, both, both)

    assert (exact(merged.value), merged.conflicts) == (exact(both), [])


@given(VALUES, VALUES, VALUES)
def test_who_is_who_matters_in_conflicts_only(base: Any, yours: Any, theirs: Any) -> None:
    one, other = merge(base, yours, theirs), merge(base, theirs, yours)

    assert {conflict.path for conflict in one.conflicts} == {conflict.path for conflict in other.conflicts}
    if not one.conflicts:
        assert exact(one.value) == exact(other.value)


@given(VALUES, VALUES, VALUES)
def test_what_was_merged_is_theirs_and_what_you_did(base: Any, yours: Any, theirs: Any) -> None:
    merged = merge(base, yours, theirs)

    for path, mine, other in merged.conflicts:
        assert same(at(merged.value, path), mine)
        assert same(mine, at(yours, path))
        assert same(other, at(theirs, path))
        assert not same(mine, other)
    assert merge(theirs, merged.value, theirs) == Merge(merged.value, [])


@given(st.dictionaries(st.sampled_from("abc"), VALUES), st.dictionaries(st.sampled_from("xyz"), VALUES), VALUES)
def test_changes_of_different_fields_are_both_kept(mine: dict[str, Any], other: dict[str, Any], left: Any) -> None:
    base = {"a": 0, "b": [], "x": 0, "y": {"z": 1}, "left": left}
    merged = merge(base, {**base, **mine}, {**base, **other})

    assert (exact(merged.value), merged.conflicts) == (exact({**base, **mine, **other}), [])


@pytest.mark.parametrize(
    ("base", "yours", "theirs", "value"),
    [
        ({"a": 1, "b": 2}, {"a": 5, "b": 2}, {"a": 1, "b": 6}, {"a": 5, "b": 6}),
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": 1}}, {"a": {"b": 3, "c": 2}}, {"a": {"b": 3}}),
        ({"a": 1}, {}, {"a": 1, "b": 2}, {"b": 2}),
        ({}, {"a": {"b": 1}}, {"a": {"c": 2}}, {"a": {"b": 1, "c": 2}}),
        ({"n": 1, "m": 1}, {"n": 1.0, "m": 1}, {"n": 1, "m": True}, {"n": 1.0, "m": True}),
        ({"n": 2**63, "m": 0}, {"n": 2**63 + 1, "m": 0}, {"n": 2**63, "m": -1}, {"n": 2**63 + 1, "m": -1}),
        ({"a": [1, 2], "b": 0}, {"a": [1], "b": 0}, {"a": [1, 2], "b": 1}, {"a": [1], "b": 1}),
        ({"a": None, "b": 1}, {"b": 1}, {"a": None, "b": 2}, {"b": 2}),
    ],
)
def test_changes_that_do_not_touch_one_another(base: Any, yours: Any, theirs: Any, value: Any) -> None:
    merged = merge(base, yours, theirs)

    assert (exact(merged.value), merged.conflicts) == (exact(value), [])


@pytest.mark.parametrize(
    ("base", "yours", "theirs", "conflict"),
    [
        ({"a": 1, "b": 2}, {"a": 5, "b": 2}, {"a": 6, "b": 2}, Conflict(("a",), 5, 6)),
        ({"a": {"b": 1}}, {"a": {}}, {"a": {"b": 3}}, Conflict(("a", "b"), ABSENT, 3)),
        ({"a": {"b": 1}}, {"a": {"b": 3}}, {}, Conflict(("a",), {"b": 3}, ABSENT)),
        ({"a": [1]}, {"a": [1, 2]}, {"a": [1, 3]}, Conflict(("a",), [1, 2], [1, 3])),
        ({}, {"a": 1}, {"a": True}, Conflict(("a",), 1, True)),
        ({"a": 0}, {"a": {"b": 1}}, {"a": {"c": 1}}, Conflict(("a",), {"b": 1}, {"c": 1})),
        (1, 2, 3, Conflict((), 2, 3)),
        ({"a": None}, {}, {"a": 1}, Conflict(("a",), ABSENT, 1)),
    ],
)
def test_the_same_field_changed_by_both_is_a_conflict(base: Any, yours: Any, theirs: Any, conflict: Conflict) -> None:
    merged = merge(base, yours, theirs)

    assert merged.conflicts == [conflict]
    assert same(at(merged.value, conflict.path), conflict.yours)


def test_conflicts_do_not_keep_the_rest_from_being_merged() -> None:
    merged = merge({"a": 1, "b": 1, "c": 1}, {"a": 2, "b": 2, "c": 1}, {"a": 3, "b": 1, "c": 3})

    assert merged == Merge({"a": 2, "b": 2, "c": 3}, [Conflict(("a",), 2, 3)])


def test_your_order_of_fields_stays_and_theirs_come_behind() -> None:
    merged = merge({"a": 1, "b": 1}, {"b": 2, "a": 1}, {"z": 0, "a": 1, "b": 1})

    assert list(merged.value) == ["b", "a", "z"]


def at(value: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        value = value.get(name, ABSENT)
    return value
