"""The contract of exporting a part of a store, on every backend."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from store import InvalidArgument, InvalidName, Property, Store, Where
from tests.conftest import ManualClock
from tests.store.support import ODD_NAMES


def keys(lines: Any) -> list[str]:
    return [orjson.loads(line)["key"] for line in lines]


@pytest.fixture
def orders(state: Store) -> Store:
    """Some more items than a page has."""
    state.set_many("orders", {f"o-{number:04}": {"n": number, "even": number % 2 == 0} for number in range(1100)})
    state.set("orders", "OTHER", {"n": -1})
    return state


def test_a_search_exports_what_it_lists(orders: Store) -> None:
    assert keys(orders.export(["orders"], search="other")) == ["OTHER"]
    assert keys(orders.export(["orders"], search="o-10")) == [f"o-{number:04}" for number in range(1000, 1100)]


def test_conditions_export_what_they_list(orders: Store) -> None:
    where = [Where("even", "=", True), Where("n", ">=", 996)]
    assert keys(orders.export(["orders"], where=where)) == [f"o-{number:04}" for number in range(996, 1100, 2)]
    assert keys(orders.export(["orders"], search="9", where=where)) == [
        "o-0996",
        "o-0998",
        "o-1090",
        "o-1092",
        "o-1094",
        "o-1096",
        "o-1098",
    ]
    assert keys(orders.export(["orders"], where=[Where(Property.KEY, "=", "OTHER")])) == ["OTHER"]


def test_a_bad_condition_is_refused_before_anything_is_read(state: Store) -> None:
    with pytest.raises(InvalidArgument):
        state.export(["g"], where=[Where("n", "~", 1)])


def test_chosen_items_come_as_the_whole_export_writes_them(state: Store) -> None:
    for number, name in enumerate(ODD_NAMES):
        state.set("g", name, {"name": name}, ttl=None if number % 2 else 60)
    lines = dict(zip(keys(state.export(["g"])), state.export(["g"]), strict=True))

    chosen = [*reversed(ODD_NAMES), ODD_NAMES[0], "missing"]
    assert list(state.export_items("g", chosen)) == [lines[name] for name in reversed(ODD_NAMES)]


def test_expired_items_are_left_out(state: Store, clock: ManualClock) -> None:
    state.set("g", "short", 1, ttl=5)
    state.set("g", "long", 1, ttl=50)
    clock.advance(5)

    assert keys(state.export_items("g", ["short", "long"])) == ["long"]
    assert keys(state.export(["g"], search="o")) == ["long"]
    assert keys(state.export(["g"], where=[Where(Property.TTL, "exists")])) == ["long"]


def test_more_items_than_are_read_at_once(orders: Store) -> None:
    wanted = [f"o-{number:04}" for number in reversed(range(1100))]
    assert keys(orders.export_items("orders", wanted)) == wanted


@pytest.mark.parametrize(("group", "chosen"), [("", ["k"]), ("g", [""]), ("g", "key")])
def test_what_is_no_name_is_refused_at_once(state: Store, group: str, chosen: Any) -> None:
    with pytest.raises(InvalidName):
        state.export_items(group, chosen)
