"""Contract: counters, closing, and one store used by many threads."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from store import Store, StoreClosed, UpdateRejected, VersionConflict, open_store
from tests.conftest import ManualClock

COUNT = [{"type": "increment", "path": "n", "by": 1}]


def counts(state: Store) -> tuple[int, int, int]:
    found = state.stats()
    assert found.reads == found.hits + found.misses
    return found.hits, found.misses, found.writes


def test_stats_start_at_zero(state: Store) -> None:
    assert counts(state) == (0, 0, 0)
    assert state.stats().expired == 0


def test_stats_count_hits_and_misses(state: Store) -> None:
    state.set_many("g", {"a": None, "b": 2})
    state.get("g", "a")
    state.item("g", "b")
    state.get("g", "missing")
    assert counts(state)[:2] == (2, 1)
    state.get_many("g", ["a", "b", "missing"])
    assert counts(state)[:2] == (4, 2)
    state.list("g")
    assert counts(state)[:2] == (6, 2)


def test_an_expired_item_is_a_miss(state: Store, clock: ManualClock) -> None:
    state.set("g", "k", 1, ttl=10)
    clock.advance(10)
    state.get("g", "k")
    assert counts(state)[:2] == (0, 1)


def test_stats_count_items_written_and_removed(state: Store) -> None:
    state.set("g", "a", 1)
    state.set_many("g", {"b": 1, "c": 1, "d": 1})
    state.update("g", "e", COUNT)
    assert counts(state)[2] == 5
    state.delete("g", "a")
    state.delete("g", "missing")
    state.delete_many("g", ["b", "missing"])
    assert counts(state)[2] == 7
    state.clear("g")
    assert counts(state)[2] == 10


def test_what_was_not_written_is_not_counted(state: Store) -> None:
    state.set("g", "k", {"n": "text"})
    with pytest.raises(UpdateRejected):
        state.update("g", "k", COUNT)
    state.update("g", "k", [], dry_run=True)
    state.expire("g", "missing", 5)
    state.persist("g", "k")
    state.cleanup(match="*", dry_run=True)
    assert counts(state)[2] == 1


def test_stats_count_swept_items(state: Store, clock: ManualClock) -> None:
    state.set_many("g", {"a": 1, "b": 1}, ttl=10)
    clock.advance(10)
    assert state.sweep() == 2
    assert state.stats().expired == 2


def test_stats_tell_the_size(state: Store) -> None:
    before = state.stats().size
    state.set("g", "k", "x" * 200_000)
    assert state.stats().size >= before + 200_000


CALLS: dict[str, Callable[[Store], Any]] = {
    "get": lambda state: state.get("g", "k"),
    "item": lambda state: state.item("g", "k"),
    "list": lambda state: state.list("g"),
    "items": lambda state: state.items("g"),
    "set": lambda state: state.set("g", "k", 1),
    "update": lambda state: state.update("g", "k", COUNT),
    "delete": lambda state: state.delete("g", "k"),
    "clear": lambda state: state.clear("g"),
    "set_many": lambda state: state.set_many("g", {"k": 1}),
    "get_many": lambda state: state.get_many("g", ["k"]),
    "delete_many": lambda state: state.delete_many("g", ["k"]),
    "ttl": lambda state: state.ttl("g", "k"),
    "expire": lambda state: state.expire("g", "k", 5),
    "persist": lambda state: state.persist("g", "k"),
    "groups": lambda state: state.groups(),
    "group": lambda state: state.group("g"),
    "configure": lambda state: state.configure("g", default_ttl=5),
    "finish": lambda state: state.finish("g"),
    "reopen": lambda state: state.reopen("g"),
    "stale": lambda state: state.stale(match="*"),
    "cleanup": lambda state: state.cleanup(match="*"),
    "sweep": lambda state: state.sweep(),
    "stats": lambda state: state.stats(),
    "location": lambda state: state.location,
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_a_closed_store_says_so(state: Store, call: Callable[[Store], Any]) -> None:
    state.set("g", "k", {"n": 1})
    state.close()
    with pytest.raises(StoreClosed, match="the store was closed"):
        call(state)


def test_closing_twice_is_fine(state: Store) -> None:
    state.close()
    state.close()


def test_a_store_closes_itself_as_a_context_manager(url: str) -> None:
    with open_store(url) as state:
        state.set("g", "k", 1)
    with pytest.raises(StoreClosed):
        state.get("g", "k")
    with pytest.raises(RuntimeError, match="from inside"), open_store(url) as state:
        raise RuntimeError("from inside")
    with pytest.raises(StoreClosed):
        state.get("g", "k")


def in_threads(count: int, work: Callable[[int], None]) -> None:
    """Run `work` in so many threads; the first thing one of them raised is raised here."""
    raised: list[BaseException] = []

    def run(number: int) -> None:
        try:
            work(number)
        except BaseException as error:
            raised.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    for error in raised:
        raise error


def test_threads_that_increment_one_counter_lose_nothing(state: Store) -> None:
    def work(_number: int) -> None:
        for _ in range(100):
            state.update("g", "k", COUNT)

    in_threads(4, work)
    assert state.get("g", "k") == {"n": 400}
    assert counts(state)[2] == 400


def test_of_threads_that_create_one_item_one_wins(state: Store) -> None:
    winners: list[int] = []

    def work(number: int) -> None:
        try:
            state.set("g", "k", number, if_version=0)
        except VersionConflict:
            return
        winners.append(number)

    in_threads(8, work)
    assert winners == [state.get("g", "k")]


def test_set_many_is_seen_by_other_threads_as_a_whole(state: Store) -> None:
    torn: list[Any] = []
    state.set_many("g", {"a": 0, "b": 0})

    def work(number: int) -> None:
        for round_number in range(100):
            if number == 0:
                state.set_many("g", {"a": round_number, "b": round_number})
            else:
                torn.extend(found for found in [state.get_many("g", ["a", "b"])] if found["a"] != found["b"])
                torn.extend(found for found in [state.list("g")] if len(set(found)) != 1)

    in_threads(3, work)
    assert torn == []


def test_closing_while_other_threads_work_ends_them_with_store_closed(url: str) -> None:
    state = open_store(url, sweep_interval=None)
    ended: list[str] = []
    working = threading.Barrier(4)

    def work(number: int) -> None:
        state.set("g", str(number), 0)
        working.wait()
        while True:
            try:
                state.set("g", str(number), list(range(1000)))
                state.list("g")
            except BaseException as error:
                ended.append(type(error).__name__)
                return

    threads = [threading.Thread(target=work, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    working.wait()
    try:
        state.close()
    finally:
        for thread in threads:
            thread.join(10)
    assert ended == ["StoreClosed"] * 3


def test_stats_count_what_expired_whoever_removed_it(state: Store, clock: ManualClock) -> None:
    state.set("g", "a", 1, ttl=1)
    clock.advance(2)
    state.set("g", "b", 1)
    assert state.sweep() == 1
    assert state.stats().expired == 1
