"""Contract: setting, getting, listing and removing items."""

from __future__ import annotations

from datetime import UTC
from typing import Any

import pytest

from store import InvalidName, InvalidValue, Item, SetResult, Store
from tests.conftest import ManualClock
from tests.store.support import moment, same

VALUES = [
    None,
    True,
    False,
    0,
    -1,
    2**63 - 1,
    -(2**63),
    2**64 - 1,
    0.0,
    -0.5,
    2.0,
    1e308,
    5e-324,
    "",
    "text",
    "🛒",
    'quote " and \\',
    "\0",
    "two\nlines",
    [],
    {},
    [[], {}, [None]],
    {"": 1, "a b": {"c": [1, 2.0, "3", True, None]}},
]


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_a_value_reads_back_with_equal_types(state: Store, value: Any) -> None:
    state.set("g", "k", value)
    assert same(state.get("g", "k"), value)
    assert same(state.list("g"), [value])
    item = state.item("g", "k")
    assert item is not None
    assert same(item.value, value)


def test_set_tells_the_new_and_the_old_value(state: Store) -> None:
    assert state.set("g", "k", 1) == SetResult(new_value=1, old_value=None)
    assert state.set("g", "k", {"a": [2]}) == SetResult(new_value={"a": [2]}, old_value=1)


def test_get_of_a_missing_item_is_none_or_the_default(state: Store) -> None:
    assert state.get("g", "k") is None
    assert state.get("g", "k", default=7) == 7
    assert state.get("g", "k", 7) == 7


def test_a_stored_null_is_not_a_missing_item(state: Store) -> None:
    state.set("g", "null", None)
    assert state.get("g", "null", default=7) is None
    assert state.item("g", "null") is not None
    assert state.item("g", "missing") is None
    assert state.get_many("g", ["null", "missing"]) == {"null": None}
    assert state.list("g") == [None]


def test_item_tells_size_and_times(state: Store, clock: ManualClock) -> None:
    created = moment(clock.now)
    state.set("g", "k", 0)
    clock.advance(5)
    state.set("g", "k", {"name": "é"}, ttl=60)
    item = state.item("g", "k")
    assert item is not None
    assert item.created_at.tzinfo is UTC
    assert item == Item(
        group_id="g",
        key="k",
        value={"name": "é"},
        size=len('{"name":"é"}'.encode()),
        version=item.version,
        created_at=created,
        updated_at=moment(clock.now),
        expires_at=moment(clock.now + 60_000),
    )


def test_an_item_that_was_removed_is_created_anew(state: Store, clock: ManualClock) -> None:
    state.set("g", "k", 1)
    state.delete("g", "k")
    clock.advance(5)
    state.set("g", "k", 2)
    item = state.item("g", "k")
    assert item is not None
    assert item.created_at == moment(clock.now)


def test_groups_do_not_share_keys(state: Store) -> None:
    state.set("g", "k", 1)
    state.set("h", "k", 2)
    state.set("g/k", "k", 3)
    assert (state.get("g", "k"), state.get("h", "k"), state.get("g/k", "k")) == (1, 2, 3)
    state.delete("h", "k")
    assert state.list("g") == [1]
    assert state.list("h") == []


def test_delete_gives_the_value_removed(state: Store) -> None:
    state.set("g", "k", {"a": 1})
    assert state.delete("g", "k") == {"a": 1}
    assert state.item("g", "k") is None
    assert state.delete("g", "k") is None


def test_clear_counts_what_it_removes(state: Store) -> None:
    state.set_many("g", {"a": 1, "b": 2, "c": None})
    state.set("h", "a", 1)
    assert state.clear("g") == 3
    assert state.list("g") == []
    assert state.list("h") == [1]
    assert state.clear("g") == 0


def test_a_group_goes_with_its_last_item(state: Store) -> None:
    state.set("g", "k", 1)
    assert state.group("g") is not None
    state.delete("g", "k")
    assert state.group("g") is None
    assert state.groups().items == []


def test_listings_are_in_order_of_the_keys_utf8_bytes(state: Store) -> None:
    keys = ["b", "a", "Z", "é", "e", "10", "9", "\U0001f6d2", "\uffff", "a/", "a", "aa", "A", "_"]
    for key in keys:
        state.set("g", key, key)
    wanted = sorted(set(keys), key=str.encode)
    assert state.list("g") == wanted
    assert [item.key for item in state.items("g").items] == wanted
    assert [item.key for item in state.items("g", sort="-key").items] == wanted[::-1]


def test_members_of_an_object_keep_their_order(state: Store) -> None:
    state.set("g", "k", {"b": 1, "a": 2, "c": 3})
    assert list(state.get("g", "k")) == ["b", "a", "c"]


def test_changing_what_was_passed_to_set_changes_nothing(state: Store) -> None:
    value = {"a": [1]}
    state.set("g", "k", value)
    value["a"].append(2)
    assert state.get("g", "k") == {"a": [1]}


def test_changing_what_a_read_returned_changes_nothing(state: Store) -> None:
    state.set("g", "k", {"a": [1]})
    item = state.item("g", "k")
    assert item is not None
    returned = [
        state.get("g", "k"),
        item.value,
        *state.list("g"),
        *state.get_many("g", ["k"]).values(),
        state.items("g").items[0].value,
    ]
    for value in returned:
        value["a"].append(2)
    assert state.get("g", "k") == {"a": [1]}


def test_changing_what_a_write_returned_changes_nothing(state: Store) -> None:
    passed = {"a": [1]}
    new = state.set("g", "k", passed).new_value
    new["a"].append(2)
    assert passed == {"a": [1]}
    result = state.set("g", "k", {"a": [3]})
    result.old_value["a"].append(2)
    result.new_value["a"].append(2)
    many = state.set_many("g", {"l": {"a": [4]}})
    many["l"].new_value["a"].append(2)
    assert state.list("g") == [{"a": [3]}, {"a": [4]}]


def test_set_many_tells_the_new_and_old_value_of_each(state: Store) -> None:
    state.set("g", "a", 1)
    done = state.set_many("g", {"b": 20, "a": 10})
    assert done == {"b": SetResult(20, None), "a": SetResult(10, 1)}
    assert state.list("g") == [10, 20]
    assert state.set_many("g", {}) == {}


def test_set_many_with_one_bad_value_writes_nothing(state: Store) -> None:
    with pytest.raises(InvalidValue):
        state.set_many("g", {"a": 1, "b": {1, 2}})
    assert state.group("g") is None


def test_set_many_with_one_bad_key_writes_nothing(state: Store) -> None:
    with pytest.raises(InvalidName):
        state.set_many("g", {"a": 1, "": 2})
    assert state.group("g") is None


def test_get_many_gives_what_is_there_in_the_order_asked_for(state: Store) -> None:
    state.set_many("g", {"a": 1, "b": 2, "c": 3})
    found = state.get_many("g", ["c", "missing", "a", "c"])
    assert list(found.items()) == [("c", 3), ("a", 1)]
    assert state.get_many("g", []) == {}
    assert state.get_many("nowhere", ["a"]) == {}


def test_get_many_takes_thousands_of_keys(state: Store) -> None:
    keys = [f"key-{number:04}" for number in range(3000)]
    state.set_many("g", dict.fromkeys(keys, 1))
    assert list(state.get_many("g", keys)) == keys


def test_delete_many_gives_the_values_removed(state: Store) -> None:
    state.set_many("g", {"a": 1, "b": None, "c": 3})
    assert state.delete_many("g", ["a", "b", "missing", "a"]) == {"a": 1, "b": None}
    assert state.list("g") == [3]
    assert state.delete_many("g", []) == {}


def test_delete_many_with_one_bad_key_removes_nothing(state: Store) -> None:
    state.set_many("g", {"a": 1, "b": 2})
    with pytest.raises(InvalidName):
        state.delete_many("g", ["a", "b", "x" * 513])
    assert state.list("g") == [1, 2]


def test_the_six_methods_take_their_documented_parameter_names(state: Store) -> None:
    state.set(group_id="g", key="k", value={"n": 1})
    assert state.get(group_id="g", key="k") == {"n": 1}
    assert state.list(group_id="g") == [{"n": 1}]
    result = state.update(group_id="g", key="k", ops=[{"type": "increment", "path": "n", "by": 1}])
    assert (result.new_value, result.old_value) == ({"n": 2}, {"n": 1})
    assert state.delete(group_id="g", key="k") == {"n": 2}
    assert state.clear(group_id="g") == 0
