"""Contract: update as a transaction; what each operation does is in test_update_vectors.py."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import apsw
import pytest

from store import OpError, Store, UpdateRejected, UpdateResult, ValueTooLarge, open_store
from tests.conftest import ManualClock
from tests.store.support import moment, same

MISFIT = {"type": "increment", "path": "name", "by": 1}
FIT = {"type": "increment", "path": "n", "by": 1}


def test_update_tells_the_new_and_the_old_value(state: Store) -> None:
    state.set("g", "k", {"n": 1})
    assert state.update("g", "k", [FIT]) == UpdateResult({"n": 2}, {"n": 1}, ())
    assert state.get("g", "k") == {"n": 2}


def test_update_of_a_missing_item_makes_it(state: Store) -> None:
    assert state.update("g", "k", [FIT]) == UpdateResult({"n": 1}, None, ())
    assert state.get("g", "k") == {"n": 1}


def test_update_without_operations_makes_an_empty_object(state: Store) -> None:
    assert state.update("g", "k", []).new_value == {}
    state.set("g", "k", [1])
    assert state.update("g", "k", []) == UpdateResult([1], [1], ())


def test_operations_apply_in_order_each_on_the_result_of_the_one_before(state: Store) -> None:
    ops: list[dict[str, Any]] = [
        {"type": "set", "path": "items", "value": []},
        {"type": "append", "path": "items", "value": "a"},
        {"type": "increment", "path": ["totals", "count"], "by": 2},
        {"type": "decrement", "path": ["totals", "count"], "by": 0.5},
        {"type": "merge", "value": {"done": True}},
        {"type": "remove", "path": "missing"},
    ]
    result = state.update("g", "k", ops)
    assert same(result.new_value, {"items": ["a"], "totals": {"count": 1.5}, "done": True})


def test_operations_come_from_any_iterable(state: Store) -> None:
    assert state.update("g", "k", (op for op in [FIT, FIT])).new_value == {"n": 2}


def test_update_changes_the_time_and_not_the_creation(state: Store, clock: ManualClock) -> None:
    created = moment(clock.now)
    state.set("g", "k", {"n": 1})
    clock.advance(5)
    state.update("g", "k", [FIT])
    item = state.item("g", "k")
    assert item is not None
    assert (item.created_at, item.updated_at) == (created, moment(clock.now))


def test_one_operation_that_does_not_fit_rejects_all(state: Store, clock: ManualClock) -> None:
    state.set("g", "k", {"name": "A", "n": 1}, ttl=60)
    before = state.item("g", "k")
    clock.advance(5)
    with pytest.raises(UpdateRejected, match=r"operation 1: the target is a string.*increment\.not_number") as caught:
        state.update("g", "k", [FIT, MISFIT, FIT], ttl=7)
    (error,) = caught.value.errors
    assert (error.op_index, error.code) == (1, "increment.not_number")
    assert error.message
    assert state.item("g", "k") == before


def test_a_rejection_names_every_operation_that_does_not_fit(state: Store) -> None:
    state.set("g", "k", {"name": "A"})
    with pytest.raises(UpdateRejected) as caught:
        state.update("g", "k", [MISFIT, FIT, {"type": "set", "path": ["name", "x"], "value": 1}])
    assert [(error.op_index, error.code) for error in caught.value.errors] == [
        (0, "increment.not_number"),
        (2, "set.target_not_object"),
    ]


def test_a_rejected_update_of_a_missing_item_makes_none(state: Store) -> None:
    with pytest.raises(UpdateRejected):
        state.update("g", "k", [FIT, {"type": "append", "path": "n", "value": 1}])
    assert state.group("g") is None


def test_skip_applies_what_fits_and_reports_the_rest(state: Store) -> None:
    state.set("g", "k", {"name": "A"})
    result = state.update("g", "k", [FIT, MISFIT, FIT], on_error="skip")
    assert result.new_value == state.get("g", "k") == {"name": "A", "n": 2}
    (error,) = result.errors
    assert isinstance(error, OpError)
    assert (error.op_index, error.code) == (1, "increment.not_number")


def test_an_unknown_way_to_treat_errors_is_refused(state: Store) -> None:
    with pytest.raises(ValueError, match="'raise' or 'skip', not 'ignore'"):
        state.update("g", "k", [FIT], on_error="ignore")  # type: ignore[arg-type]
    assert state.item("g", "k") is None


def test_a_dry_run_shows_the_result_and_writes_nothing(state: Store, clock: ManualClock) -> None:
    state.set("g", "k", {"n": 1}, ttl=60)
    before = state.item("g", "k")
    clock.advance(5)
    assert state.update("g", "k", [FIT], ttl=7, dry_run=True) == UpdateResult({"n": 2}, {"n": 1}, ())
    assert state.item("g", "k") == before
    assert state.update("g", "new", [FIT], dry_run=True).new_value == {"n": 1}
    assert state.item("g", "new") is None
    with pytest.raises(UpdateRejected):
        state.update("g", "k", [MISFIT, {"type": "remove", "path": ["n", "x"]}], dry_run=True)
    assert state.update("g", "k", [FIT], dry_run=True, on_error="skip").errors == ()


@pytest.mark.parametrize("root", [5, "text", None, [1], True], ids=repr)
def test_a_root_merge_into_what_is_no_object_is_rejected_by_default(state: Store, root: Any) -> None:
    state.set("g", "k", root)
    before = state.item("g", "k")
    merge = [{"type": "merge", "value": {"a": 1}}]
    with pytest.raises(UpdateRejected) as caught:
        state.update("g", "k", merge)
    assert [error.code for error in caught.value.errors] == ["merge.target_not_object"]
    assert state.item("g", "k") == before
    assert state.update("g", "k", merge, on_error="skip") == UpdateResult(root, root, ())


@pytest.mark.parametrize(
    ("start", "op", "by", "end"),
    [
        (2**63 - 1, "increment", 1, 2**63),
        (2**64 - 2, "increment", 1, 2**64 - 1),
        (-(2**63) + 1, "decrement", 1, -(2**63)),
        (2**53, "increment", 1, 2**53 + 1),
        (1, "increment", 1.0, 2.0),
        (1.5, "increment", 1, 2.5),
        (0, "decrement", 2**63, -(2**63)),
    ],
)
def test_sums_are_exact(state: Store, start: float, op: str, by: float, end: float) -> None:
    state.set("g", "k", {"n": start})
    assert same(state.update("g", "k", [{"type": op, "path": "n", "by": by}]).new_value, {"n": end})
    assert same(state.get("g", "k"), {"n": end})


@pytest.mark.parametrize(
    ("start", "op", "by"),
    [
        (2**64 - 1, "increment", 1),
        (-(2**63), "decrement", 1),
        (0, "decrement", 2**64 - 1),
        (1.7e308, "increment", 1.7e308),
        (True, "increment", 1),
        ("1", "increment", 1),
        (None, "increment", 1),
    ],
)
def test_a_sum_out_of_range_or_of_no_number_is_rejected(state: Store, start: Any, op: str, by: float) -> None:
    state.set("g", "k", {"n": start})
    before = state.item("g", "k")
    with pytest.raises(UpdateRejected) as caught:
        state.update("g", "k", [{"type": op, "path": "n", "by": by}])
    assert [error.code for error in caught.value.errors] == [f"{op}.not_number"]
    assert state.item("g", "k") == before


def test_changing_the_operations_or_the_result_changes_nothing(state: Store) -> None:
    passed = {"a": [1]}
    result = state.update("g", "k", [{"type": "set", "path": "x", "value": passed}])
    passed["a"].append(2)
    result.new_value["x"]["a"].append(3)
    again = state.update("g", "k", [{"type": "append", "path": "l", "value": passed}])
    again.old_value["x"]["a"].append(4)
    assert state.get("g", "k") == {"x": {"a": [1]}, "l": [{"a": [1, 2]}]}


def test_one_value_used_by_two_operations_is_not_shared(state: Store) -> None:
    shared: dict[str, Any] = {}
    put = [{"type": "set", "path": name, "value": shared} for name in ("a", "b")]
    result = state.update("g", "k", [*put, {"type": "set", "path": ["a", "x"], "value": 1}])
    assert result.new_value == {"a": {"x": 1}, "b": {}}


def test_an_update_that_makes_the_value_too_large_leaves_it(url: str, clock: ManualClock) -> None:
    with open_store(url, clock=clock, sweep_interval=None, max_value_bytes=20) as state:
        state.set("g", "k", {"n": "x" * 10})
        before = state.item("g", "k")
        with pytest.raises(ValueTooLarge) as caught:
            state.update("g", "k", [{"type": "append", "path": "n", "value": "x" * 10}])
        assert (caught.value.size, caught.value.limit) == (28, 20)
        assert state.item("g", "k") == before
        state.set("g", "k", "after")  # nothing stays locked
        assert state.get("g", "k") == "after"


def test_a_failed_write_in_between_leaves_the_store_usable(state: Store) -> None:
    state.set("g", "k", {"name": "A"})
    for _ in range(3):
        with pytest.raises(UpdateRejected):
            state.update("g", "k", [MISFIT])
    state.update("g", "k", [FIT])
    assert state.get("g", "k") == {"name": "A", "n": 1}


def test_a_skipped_operation_leaves_no_half_made_way(state: Store) -> None:
    state.set("g", "k", {"x": 1})
    op = {"type": "decrement", "path": ["a", "b"], "by": 2**64 - 1}
    result = state.update("g", "k", [op], on_error="skip")
    assert [error.code for error in result.errors] == ["decrement.not_number"]
    assert state.get("g", "k") == {"x": 1}


def test_a_dry_run_waits_for_no_writer(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/s.db"
    with open_store(url, timeout=0, sweep_interval=None) as state:
        state.set("g", "k", {"n": 1})
        other = apsw.Connection(f"{tmp_path}/s.db")
        other.execute("BEGIN IMMEDIATE")
        assert state.update("g", "k", [{"type": "increment", "path": "n", "by": 1}], dry_run=True).new_value == {"n": 2}
        other.close()
        assert state.get("g", "k") == {"n": 1}
