"""Dropping results without having the cached function, as the dashboard does it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from store import InvalidName, Store
from store.caching import clearing
from store.model import Record
from store.paging import Query
from tests.conftest import ManualClock
from tests.store.sources import Source, soon


@pytest.fixture
def source() -> Source:
    return Source()


def cached(state: Store, source: Source, group: str = "g", stale: float | None = 30) -> Callable[[str], dict[str, Any]]:
    def ask(name: str) -> dict[str, Any]:
        return source(name)

    return state.cached(group, ttl=60, stale=stale)(ask)


def test_all_results_or_some_are_dropped(state: Store, source: Source) -> None:
    get = cached(state, source)
    state.set("other", "k", 1)
    for name in "abc":
        get(name)

    assert state.cache_clear("g", ["name=a", "name=unknown"]) == 1
    assert [item.key for item in state.items("g").items] == ["name=b", "name=c"]
    assert state.cache_clear("g") == 2
    assert state.cache_clear("g") == 0
    assert get("b") == {"n": 4}
    assert state.get("other", "k") == 1


@pytest.mark.parametrize("keys", [None, ["name=a"]])
def test_what_is_under_way_is_not_stored_then(state: Store, source: Source, keys: list[str] | None) -> None:
    get = cached(state, source)
    source.open.clear()
    caller = threading.Thread(target=get, args=("a",))
    caller.start()
    assert soon(lambda: source.asked)
    state.cache_clear("g", keys)
    source.open.set()
    caller.join()

    assert state.item("g", "name=a") is None
    assert get("a") == {"n": 2}


@pytest.mark.parametrize("keys", [None, ["name=a"]])
def test_who_calls_after_that_does_not_get_what_was_under_way(
    state: Store, source: Source, keys: list[str] | None
) -> None:
    get = cached(state, source)
    source.open.clear()
    callers = [threading.Thread(target=get, args=("a",)) for _ in range(2)]
    callers[0].start()
    assert soon(lambda: source.asked == 1)
    state.cache_clear("g", keys)
    callers[1].start()
    assert soon(lambda: source.asked == 2)
    source.open.set()
    for caller in callers:
        caller.join()


@pytest.mark.parametrize(("group", "keys"), [("", None), ("g", [""]), ("g", "name=a"), ("g", [1])])
def test_what_is_no_name_is_refused(state: Store, group: str, keys: Any) -> None:
    with pytest.raises(InvalidName):
        state.cache_clear(group, keys)


def test_only_what_is_stale_is_dropped(state: Store, source: Source, clock: ManualClock) -> None:
    get, brief = cached(state, source), cached(state, source, "brief", stale=None)
    get("a")
    brief("a")
    clock.advance(1)
    get("b")
    state.set("g", "by hand", 1)
    state.set("other", "k", 1, ttl=60)
    clock.advance(58.999)
    assert state.cache_clear_stale() == 0
    clock.advance(0.001)

    assert state.cache_clear_stale() == 1
    assert [item.key for item in state.items("g").items] == ["by hand", "name=b"]
    assert len(state.list("other")) == 1


def test_what_many_functions_have_is_dropped_in_batches(
    state: Store, source: Source, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clearing, "BATCH_ITEMS", 3)
    for group in ("g", "h"):
        get = cached(state, source, group)
        for name in range(10):
            get(str(name))
    clock.advance(60)

    assert state.cache_clear_stale(limit=11) == 11
    assert len(state.list("g") + state.list("h")) == 9
    assert state.cache_clear_stale() == 9


def test_large_results_are_read_a_few_at_a_time(
    state: Store, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clearing, "BATCH_BYTES", 250)
    limits: list[int] = []
    scan = state._backend.scan_items

    def noted(group: str, query: Query) -> list[tuple[str, Record]]:
        if group == "g":
            limits.append(query.limit)
        return scan(group, query)

    monkeypatch.setattr(state._backend, "scan_items", noted)
    get = state.cached("g", ttl=60, stale=30)(lambda name: name * 98)
    for name in "abcde":
        get(name)
    clock.advance(60)

    assert state.cache_clear_stale() == 5
    assert max(limits) == 2


def test_one_that_is_renewed_meanwhile_stays(
    state: Store, source: Source, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    get = cached(state, source)
    get("a")
    get("b")
    clock.advance(60)
    mutate = state._backend.mutate_many

    def renewed_first(*args: Any) -> Any:
        monkeypatch.undo()
        state.set("g", "name=a", {"n": 99}, ttl=90)
        return mutate(*args)

    monkeypatch.setattr(state._backend, "mutate_many", renewed_first)
    assert state.cache_clear_stale() == 1
    assert state.get("g", "name=a") == {"n": 99}


@pytest.mark.parametrize("keys", [None, ["k=a"]])
def test_dropped_results_can_be_kept_for_undo(state: Store, source: Source, keys: list[str] | None) -> None:
    rate = cached(state, source)
    rate("a")
    (item,) = state.items("g").items
    assert state.cache_clear("g", None if keys is None else [item.key], undo="x") == 1
    assert state.get("g", item.key) is None
    state.restore("x")

    assert state.get("g", item.key) == item.value


def test_stale_results_can_be_kept_for_undo(state: Store, source: Source, clock: ManualClock) -> None:
    rate = cached(state, source)
    rate("a")
    (item,) = state.items("g").items
    clock.advance(61)
    dropped = state.cache_clear_stale(undo="x")
    assert state.get("g", item.key) is None
    state.restore("x")

    assert dropped == 1
    assert state.get("g", item.key) == item.value
