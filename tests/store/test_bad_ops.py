"""Update operations that are not well formed: refused before anything is read or written."""

from __future__ import annotations

import re
from typing import Any

import pytest

from store import InvalidOp, Store, StoreError, UpdateRejected

GOOD = {"type": "increment", "path": "n", "by": 1}
PATHS = 'a field name, a list of field names, or "" for the whole value'
BY = "needs by: an integer from -2^63 to 2^64-1, or a finite float"
TYPES = "types are set, merge, increment, decrement, append, remove"

BAD_OPS: list[tuple[Any, str]] = [
    ({"type": "multiply", "path": "n", "by": 2}, f"unknown type 'multiply'; {TYPES}"),
    ({"type": "SET", "path": "n", "value": 2}, f"unknown type 'SET'; {TYPES}"),
    ({"path": "n", "value": 2}, f"unknown type None; {TYPES}"),
    ({"type": ["set"], "path": "n"}, f"unknown type ['set']; {TYPES}"),
    ({}, "unknown type None"),
    ({"type": "increment", "path": "n"}, f"increment {BY}; it has no by"),
    ({"type": "decrement", "path": "n"}, f"decrement {BY}; it has no by"),
    ({"type": "increment", "path": "n", "by": None}, f"increment {BY}; it has None"),
    ({"type": "increment", "path": "n", "by": "1"}, f"increment {BY}; it has '1'"),
    ({"type": "increment", "path": "n", "by": True}, f"increment {BY}; it has True"),
    ({"type": "increment", "path": "n", "by": float("nan")}, f"increment {BY}; it has nan"),
    ({"type": "decrement", "path": "n", "by": float("inf")}, f"decrement {BY}; it has inf"),
    ({"type": "increment", "path": "n", "by": 2**64}, f"increment {BY}; it has 18446744073709551616"),
    ({"type": "decrement", "path": "n", "by": -(2**63) - 1}, f"decrement {BY}; it has -9223372036854775809"),
    ({"type": "merge", "path": "n"}, "merge needs a value"),
    ({"type": "append", "path": "n"}, "append needs a value"),
    ({"type": "set", "path": 5, "value": 1}, f"set needs a path: {PATHS}; it has 5"),
    ({"type": "set", "path": 5.0, "value": 1}, f"set needs a path: {PATHS}; it has 5.0"),
    ({"type": "set", "value": 1}, f"set needs a path: {PATHS}; it has no path"),
    ({"type": "set", "path": None, "value": 1}, f"set needs a path: {PATHS}; it has None"),
    ({"type": "set", "path": ["a", 0], "value": 1}, f"set needs a path: {PATHS}; it has ['a', 0]"),
    ({"type": "set", "path": b"a", "value": 1}, f"set needs a path: {PATHS}"),
    ({"type": "set", "path": {"a": 1}, "value": 1}, f"set needs a path: {PATHS}"),
    ({"type": "remove"}, f"remove needs a path: {PATHS}; it has no path"),
    ({"type": "increment", "by": 1}, f"increment needs a path: {PATHS}; it has no path"),
    ({"type": "merge", "path": 5, "value": {}}, f"merge needs a path: {PATHS}; it has 5"),
    ({"type": "append", "path": True, "value": 1}, f"append needs a path: {PATHS}; it has True"),
    ({"type": "set", "path": "\ud800", "value": 1}, "set has a lone surrogate in its path"),
    ({"type": "remove", "path": ["a", "\ud800"]}, "remove has a lone surrogate in its path"),
    ({"type": "set", "path": "n", "value": 1, "by": 1}, "set has no member by; it has type, path, value"),
    ({"type": "increment", "path": "n", "by": 1, "value": 1}, "increment has no member value; it has type, path, by"),
    ({"type": "remove", "path": "n", "value": 1}, "remove has no member value; it has type, path"),
    ({"type": "set", "pth": "n", "value": 1}, "set has no member pth"),
    ({"type": "set", "path": "n", 5: 1}, "set has no member 5"),
    ("set", "an operation is an object, not str"),
    (None, "an operation is an object, not NoneType"),
    (["set", "n", 1], "an operation is an object, not list"),
]


@pytest.mark.parametrize("on_error", ["raise", "skip"])
@pytest.mark.parametrize(("op", "message"), BAD_OPS, ids=[f"{i}-{row[1][:30]}" for i, row in enumerate(BAD_OPS)])
def test_an_operation_that_is_not_well_formed_is_refused(state: Store, op: Any, message: str, on_error: Any) -> None:
    state.set("g", "k", {"n": 1}, ttl=60)
    before = state.item("g", "k")
    with pytest.raises(InvalidOp, match=re.escape(message)) as caught:
        state.update("g", "k", [GOOD, op], on_error=on_error)
    assert caught.value.op_index == 1
    assert str(caught.value) == f"operation 1: {caught.value.message}"
    with pytest.raises(InvalidOp):
        state.update("g", "new", [op], on_error=on_error)
    assert state.item("g", "k") == before
    assert state.item("g", "new") is None


def test_a_by_that_is_too_long_to_be_printed_is_refused_in_words(state: Store) -> None:
    with pytest.raises(InvalidOp, match=re.escape(f"increment {BY}")):
        state.update("g", "k", [{**GOOD, "by": 10**5000}])


@pytest.mark.parametrize("ops", [GOOD, "set", b"set", 5, None], ids=repr)
def test_operations_must_be_a_list(state: Store, ops: Any) -> None:
    with pytest.raises(InvalidOp, match=f"ops must be a list of operations, not {type(ops).__name__}"):
        state.update("g", "k", ops)
    assert state.item("g", "k") is None


def test_a_malformed_operation_comes_before_every_other_objection(state: Store) -> None:
    state.set("g", "k", "text")
    with pytest.raises(InvalidOp):
        state.update("g", "k", [GOOD, {"type": "nonsense"}], if_version=99)


@pytest.mark.parametrize("path", [None, "", [], ()], ids=repr)
@pytest.mark.parametrize(("kind", "value", "result"), [("merge", {"a": 1}, {"a": 1}), ("append", 1, [1])])
def test_merge_and_append_need_no_path(state: Store, kind: str, value: Any, result: Any, path: Any) -> None:
    assert state.update("g", "k", [{"type": kind, "value": value, "path": path}]).new_value == result
    assert state.update("g", "l", [{"type": kind, "value": value}]).new_value == result


def test_a_path_can_be_a_tuple_and_dots_are_no_separators(state: Store) -> None:
    ops = [{"type": "set", "path": ("a", "b"), "value": 1}, {"type": "set", "path": "a.b", "value": 2}]
    assert state.update("g", "k", ops).new_value == {"a": {"b": 1}, "a.b": 2}


@pytest.mark.parametrize(
    ("value", "op", "code", "message"),
    [
        ({"n": "1"}, GOOD, "increment.not_number", "the target is a string, not a number"),
        ({"n": None}, GOOD, "increment.not_number", "the target is null, not a number"),
        ({"n": {}}, {**GOOD, "type": "decrement"}, "decrement.not_number", "the target is an object, not a number"),
        ([1], GOOD, "increment.target_not_object", "cannot reach a field of an array"),
        ({"n": 1}, {"type": "append", "path": "n", "value": 2}, "append.type_mismatch", "append a number to a number"),
        ({"n": "a"}, {"type": "append", "path": "n", "value": 2}, "append.type_mismatch", "a number to a string"),
        ("text", {"type": "merge", "value": {"a": 1}}, "merge.target_not_object", "cannot reach a field of a string"),
        ({}, {"type": "merge", "value": [1]}, "merge.value.not_an_object", "merge takes an object, not an array"),
        (5, {"type": "set", "path": "a", "value": 1}, "set.target_not_object", "cannot reach a field of a number"),
        (True, {"type": "remove", "path": "a"}, "remove.target_not_object", "cannot reach a field of a boolean"),
        ({}, {"type": "set", "path": ["a"] * 33, "value": 1}, "set.path.too_deep", "33 names; at most 32"),
        ({}, {"type": "set", "path": ["a", ""], "value": 1}, "set.path.empty_segment", "holds an empty name"),
        ({}, {"type": "set", "path": "é" * 129, "value": 1}, "set.path.segment_too_long", "over 256 bytes"),
        ({}, {"type": "remove", "path": "__proto__"}, "remove.path.proto_polluted", "'__proto__' is reserved"),
    ],
)
def test_an_operation_on_the_wrong_type_is_rejected_in_words(
    state: Store, value: Any, op: dict[str, Any], code: str, message: str
) -> None:
    state.set("g", "k", value, ttl=60)
    before = state.item("g", "k")
    with pytest.raises(UpdateRejected, match=re.escape(message)) as caught:
        state.update("g", "k", [op])
    assert [(error.op_index, error.code) for error in caught.value.errors] == [(0, code)]
    assert message in caught.value.errors[0].message
    assert state.item("g", "k") == before


def test_a_malformed_operation_is_a_value_error_and_a_misfit_is_not() -> None:
    assert issubclass(InvalidOp, ValueError)
    assert issubclass(InvalidOp, StoreError)
    assert issubclass(UpdateRejected, StoreError)
    assert not issubclass(UpdateRejected, ValueError)
