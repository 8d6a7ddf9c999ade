"""Contract: names of groups and keys, good and bad."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from store import InvalidName, Store, StoreError
from tests.store.support import ODD_NAMES, walk

EXACTLY_512 = ["x" * 512, "é" * 256, "🛒" * 128]
CALLS: dict[str, Callable[[Store, str, str], Any]] = {
    "get": lambda state, group, key: state.get(group, key),
    "item": lambda state, group, key: state.item(group, key),
    "set": lambda state, group, key: state.set(group, key, 1),
    "update": lambda state, group, key: state.update(group, key, []),
    "delete": lambda state, group, key: state.delete(group, key),
    "set_many": lambda state, group, key: state.set_many(group, {"fine": 1, key: 1}),
    "get_many": lambda state, group, key: state.get_many(group, ["fine", key]),
    "delete_many": lambda state, group, key: state.delete_many(group, ["fine", key]),
    "ttl": lambda state, group, key: state.ttl(group, key),
    "expire": lambda state, group, key: state.expire(group, key, 5),
    "persist": lambda state, group, key: state.persist(group, key),
}
GROUP_CALLS: dict[str, Callable[[Store, str], Any]] = {
    "list": lambda state, group: state.list(group),
    "items": lambda state, group: state.items(group),
    "clear": lambda state, group: state.clear(group),
    "group": lambda state, group: state.group(group),
    "configure": lambda state, group: state.configure(group, default_ttl=5),
    "finish": lambda state, group: state.finish(group),
    "reopen": lambda state, group: state.reopen(group),
    "cleanup": lambda state, group: state.cleanup(match="*", groups=[group]),
}
BAD_NAMES = [
    ("", "must not be empty"),
    ("x" * 513, "at most 512 bytes of UTF-8; this one has 513"),
    ("é" * 256 + "x", "at most 512 bytes of UTF-8; this one has 513"),
    ("🛒" * 129, "at most 512 bytes of UTF-8; this one has 516"),
    ("a\0b", r"must not contain NUL \(at character 1\)"),
    ("ab\ud800", "character 2 is a lone surrogate"),
    (None, "must be a string, not NoneType"),
    (5, "must be a string, not int"),
    (b"bytes", "must be a string, not bytes"),
    (("a",), "must be a string, not tuple"),
]
BAD = pytest.mark.parametrize(("name", "message"), BAD_NAMES, ids=[ascii(name)[:12] for name, _ in BAD_NAMES])


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
@BAD
def test_a_bad_key_is_refused(state: Store, call: Callable[[Store, str, str], Any], name: Any, message: str) -> None:
    state.set("g", "fine", 1)
    before = state.item("g", "fine")
    with pytest.raises(InvalidName, match=f"a key name .*{message}"):
        call(state, "g", name)
    assert [item.key for item in state.items("g").items] == ["fine"]
    assert state.item("g", "fine") == before


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
@BAD
def test_a_bad_group_is_refused(state: Store, call: Callable[[Store, str, str], Any], name: Any, message: str) -> None:
    with pytest.raises(InvalidName, match=f"a group name .*{message}"):
        call(state, name, "k")
    assert state.groups().items == []


@pytest.mark.parametrize("call", GROUP_CALLS.values(), ids=GROUP_CALLS)
@BAD
def test_a_bad_group_is_refused_by_group_calls(
    state: Store, call: Callable[[Store, str], Any], name: Any, message: str
) -> None:
    with pytest.raises(InvalidName, match=f"a group name .*{message}"):
        call(state, name)
    assert state.groups().items == []


@pytest.mark.parametrize("call", ["set", "get", "delete"])
def test_a_key_that_cannot_be_hashed_is_refused_as_a_name(state: Store, call: str) -> None:
    with pytest.raises(InvalidName, match="a key name must be a string, not list"):
        CALLS[call](state, "g", [])  # type: ignore[arg-type]


@pytest.mark.parametrize("names", ["abc", b"abc", None, 7], ids=repr)
def test_what_is_no_list_of_names_is_refused_whole(state: Store, names: Any) -> None:
    state.set_many("a", {"a": 1, "b": 2})
    with pytest.raises(InvalidName, match="a key name must come in a list of names, not in"):
        state.delete_many("a", names)
    with pytest.raises(InvalidName, match="a key name must come in a list of names, not in"):
        state.get_many("a", names)
    if names is not None:
        with pytest.raises(InvalidName, match="a group name must come in a list of names, not in"):
            state.cleanup(match="*", groups=names)
    assert state.list("a") == [1, 2]


def test_a_bad_name_is_a_value_error_and_a_store_error() -> None:
    assert issubclass(InvalidName, ValueError)
    assert issubclass(InvalidName, StoreError)


@pytest.mark.parametrize("name", [*ODD_NAMES, *EXACTLY_512], ids=lambda name: ascii(name)[:20])
def test_odd_names_work_everywhere(state: Store, name: str) -> None:
    state.configure(name, default_ttl=60)
    state.set(name, name, {"n": 1})
    state.set_many(name, {name: {"n": 2}, "other": 1})
    state.update(name, name, [{"type": "increment", "path": "n", "by": 1}])
    assert state.get(name, name) == {"n": 3}
    assert state.get_many(name, [name]) == {name: {"n": 3}}
    assert {"n": 3} in state.list(name)
    item = state.item(name, name)
    assert item is not None
    assert (item.group_id, item.key) == (name, name)
    assert state.ttl(name, name) == 60
    assert state.persist(name, name)
    assert state.expire(name, name, 5)
    assert sorted(item.key for item in walk(lambda after: state.items(name, after=after, limit=1))) == sorted(
        [name, "other"]
    )
    assert [item.key for item in state.items(name, search=name).items if item.key == name] == [name]
    assert [group.id for group in state.groups(search=name).items] == [name]
    assert state.finish(name)
    assert state.reopen(name)
    assert [group.id for group in state.cleanup(match="*", groups=[name], dry_run=True).groups] == [name]
    assert state.delete_many(name, [name]) == {name: {"n": 3}}
    assert state.delete(name, name) is None
    assert state.clear(name) == 1


def test_all_odd_names_live_side_by_side(state: Store) -> None:
    for name in ODD_NAMES:
        state.set_many(name, dict.fromkeys(ODD_NAMES, name))
    assert sorted(group.id for group in state.groups().items) == sorted(ODD_NAMES)
    for name in ODD_NAMES:
        assert [item.key for item in state.items(name).items] == sorted(ODD_NAMES)
        assert state.list(name) == [name] * len(ODD_NAMES)


def test_names_that_differ_in_case_or_normal_form_are_different(state: Store) -> None:
    keys = ["k", "K", "\u00e9", "e\u0301", " k", "k "]
    state.set_many("g", {key: number for number, key in enumerate(keys)})
    assert [state.get("g", key) for key in keys] == list(range(len(keys)))
