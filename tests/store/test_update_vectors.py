"""The update operations against the recorded cases of the iii engine, on every backend."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from store import Store, UpdateRejected
from tests.store.support import same

Vector = dict[str, Any]

VECTORS: list[Vector] = json.loads(
    Path(__file__).parents[1].joinpath("data", "update_vectors.json").read_text(encoding="utf-8")
)
MERGE_REJECTED = "merge.target_not_object"


@pytest.fixture(params=VECTORS, ids=[vector["name"] for vector in VECTORS])
def vector(request: pytest.FixtureRequest, state: Store) -> Vector:
    """One case, with the item it starts from in the store."""
    case: Vector = request.param
    if case["exists"]:
        state.set("g", "k", case["old"])
    return case


def strict_errors(vector: Vector, state: Store) -> list[tuple[int, str]]:
    """The errors that the default mode adds to a vector's: root merges into what is no object at that point.

    What the value is at that point is found by applying the operations before in the lenient mode.
    """
    found = [(error["op_index"], error["code"]) for error in vector["errors"]]
    for index, op in enumerate(vector["ops"]):
        if op["type"] == "merge" and not op.get("path") and index not in [at for at, _ in found]:
            before = state.update("g", "k", vector["ops"][:index], on_error="skip", dry_run=True)
            if not isinstance(before.new_value, dict):
                found.append((index, MERGE_REJECTED))
    return sorted(found)


def test_there_are_as_many_vectors_as_were_recorded() -> None:
    assert len(VECTORS) == 327


def test_skipping_what_does_not_fit_gives_value_and_errors(vector: Vector, state: Store) -> None:
    result = state.update("g", "k", vector["ops"], on_error="skip")
    assert same(result.new_value, vector["new"])
    assert same(result.old_value, vector["old"])
    assert [{"op_index": error.op_index, "code": error.code} for error in result.errors] == vector["errors"]
    assert all(error.message for error in result.errors)
    item = state.item("g", "k")
    assert item is not None
    assert same(item.value, vector["new"])


def test_the_default_writes_all_or_nothing(vector: Vector, state: Store) -> None:
    before = state.item("g", "k")
    errors = strict_errors(vector, state)
    if errors:
        with pytest.raises(UpdateRejected) as caught:
            state.update("g", "k", vector["ops"])
        assert [(error.op_index, error.code) for error in caught.value.errors] == errors
        assert state.item("g", "k") == before
    else:
        result = state.update("g", "k", vector["ops"])
        assert same(result.new_value, vector["new"])
        assert result.errors == ()
        assert same(state.get("g", "k"), vector["new"])
