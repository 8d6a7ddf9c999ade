"""Old results served while new ones are fetched, early refreshes, and results kept near."""

from __future__ import annotations

import asyncio
import gc
import logging
import threading
import time
import weakref
from collections.abc import Iterator
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import pytest

from store import Store, open_store
from store.caching.policy import Policy, Verdict
from tests.conftest import ManualClock
from tests.store.sources import Down, Source, in_threads, soon


@pytest.fixture
def source() -> Iterator[Source]:
    made = Source()
    yield made
    made.open.set()


@pytest.fixture(autouse=True)
def retrying_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("store.caching.engine.RETRY_SECONDS", 0.0)


def at_rest() -> bool:
    """Whether nothing is refreshed in the background."""
    return soon(lambda: all(thread.name != "stepstate-refresh" for thread in threading.enumerate()))


def test_an_old_result_is_served_while_a_new_one_is_fetched(state: Store, clock: ManualClock, source: Source) -> None:
    get = state.cached("g", ttl=10, stale=20)(source)
    assert get() == get() == {"n": 1}
    clock.advance(9.999)
    assert get() == {"n": 1}
    clock.advance(0.001)
    source.open.clear()
    assert [get() for _ in range(5)] == [{"n": 1}] * 5
    assert soon(lambda: source.asked == 2)
    assert get() == {"n": 1}
    source.open.set()
    assert soon(lambda: get() == {"n": 2})
    assert at_rest()
    assert source.asked == 2
    info = get.stats()
    assert (info.misses, info.runs) == (1, 2)
    assert info.stale_hits >= 6
    clock.advance(29.999)
    source.open.clear()
    assert get() == {"n": 2}
    source.open.set()
    assert at_rest()
    clock.advance(30)
    assert get() == {"n": 4}, "after that it is gone, and waited for"
    assert state.list("stepstate:leases") == []


def test_of_many_threads_that_see_an_old_result_one_fetches(state: Store, clock: ManualClock, source: Source) -> None:
    get = state.cached("g", ttl=10, stale=20)(source)
    get()
    clock.advance(10)
    source.open.clear()
    assert in_threads(20, get) == [{"n": 1}] * 20
    assert soon(lambda: source.asked == 2)
    source.open.set()
    assert at_rest()
    assert source.asked == 2
    assert get() == {"n": 2}


def test_a_refresh_that_fails_leaves_the_old_result_until_its_time_is_up(
    state: Store, clock: ManualClock, source: Source, caplog: pytest.LogCaptureFixture
) -> None:
    get = state.cached("g", ttl=10, stale=20)(source)
    get()
    source.error = Down("no answer")
    clock.advance(10)
    with caplog.at_level(logging.WARNING, "stepstate"):
        for _ in range(3):
            assert get() == {"n": 1}
            assert at_rest()
    assert [record.getMessage() for record in caplog.records] == ["'g', () was not refreshed"]
    assert caplog.records[0].exc_info
    assert source.asked == 4
    assert get.stats().failures == 3
    clock.advance(19.999)
    assert get() == {"n": 1}
    assert at_rest()
    clock.advance(0.001)
    with pytest.raises(Down, match="no answer"):
        get()
    source.error = None
    assert get() == {"n": source.asked}


def test_with_raise_the_callers_after_a_failed_refresh_see_why(
    state: Store, clock: ManualClock, source: Source
) -> None:
    get = state.cached("g", ttl=10, stale=20, on_error="raise")(source)
    get()
    source.error = Down("no answer")
    clock.advance(10)
    assert get() == {"n": 1}
    assert at_rest()
    for _ in range(2):
        with pytest.raises(Down, match="no answer"):
            get()
    source.error = None
    assert get() == get() == {"n": 5}
    clock.advance(10)
    assert get() == {"n": 5}, "all is well again"
    assert at_rest()
    assert get() == {"n": 6}


def test_after_a_failure_there_is_a_pause(
    state: Store, clock: ManualClock, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("store.caching.engine.RETRY_SECONDS", 0.3)
    get = state.cached("g", ttl=10, stale=20)(source)
    get()
    source.error = Down()
    clock.advance(10)
    begun_at = time.monotonic()
    get()
    assert at_rest()
    while source.asked == 2:
        assert get() == {"n": 1}
        assert time.monotonic() - begun_at < 10
    assert time.monotonic() - begun_at >= 0.3
    assert at_rest()


def test_a_refresh_that_is_not_json_is_logged_and_the_old_result_stays(
    state: Store, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    values: Any = iter([1, {2}, 3])
    get = state.cached("g", ttl=10, stale=20)(lambda: next(values))
    get()
    clock.advance(10)
    assert get() == 1
    assert at_rest()
    assert "was not refreshed" in caplog.text
    assert get() == 1
    assert at_rest()
    assert get() == 3


def test_who_waits_for_a_result_whose_time_is_up_joins_the_refresh(
    state: Store, clock: ManualClock, source: Source
) -> None:
    get = state.cached("g", ttl=10, stale=20)(source)
    get()
    clock.advance(10)
    source.open.clear()
    assert get() == {"n": 1}
    assert soon(lambda: source.asked == 2)
    clock.advance(20)
    opening = threading.Timer(0.05, source.open.set)
    opening.start()
    assert in_threads(5, get) == [{"n": 2}] * 5
    opening.join()
    assert source.asked == 2


def test_the_caller_itself_can_wait_for_the_refresh_that_it_began(
    state: Store, clock: ManualClock, source: Source
) -> None:
    get = state.cached("g", ttl=10, stale=20)(source)
    get()
    clock.advance(10)
    source.open.clear()
    get()
    clock.advance(20)
    opening = threading.Timer(0.05, source.open.set)
    opening.start()
    assert get() == {"n": 2}
    opening.join()
    assert source.asked == 2


def test_a_result_of_before_stale_was_asked_for_counts_as_old(state: Store, source: Source) -> None:
    state.cached("g", ttl=300)(source)()
    get = state.cached("g", ttl=300, stale=3600)(source)
    assert get() == {"n": 1}
    assert soon(lambda: get() == {"n": 2})


def test_what_a_person_sets_by_hand_is_served(state: Store, source: Source) -> None:
    get = state.cached("g", ttl=10, stale=20, near=5)(source)
    state.set("g", get.key(), "by hand")
    assert get() == get() == "by hand"  # type: ignore[comparison-overlap]
    assert source.asked == 0


def test_the_background_has_the_context_of_the_caller(state: Store, clock: ManualClock) -> None:
    user = ContextVar("user", default="nobody")
    get = state.cached("g", ttl=10, stale=20, key=lambda: "k")(user.get)
    user.set("ada")
    assert get() == "ada"
    user.set("bob")
    clock.advance(10)
    get()
    assert soon(lambda: get() == "bob")


def test_coroutines_are_refreshed_by_tasks(state: Store, clock: ManualClock, source: Source) -> None:
    @state.cached("g", ttl=10, stale=20)
    async def get() -> dict[str, int]:
        await asyncio.sleep(0.01)
        return source()

    async def until(expected: dict[str, int]) -> None:
        async with asyncio.timeout(10):
            while await get() != expected:
                await asyncio.sleep(0.001)

    async def main() -> None:
        assert await get() == {"n": 1}
        clock.advance(10)
        assert await asyncio.gather(*[get() for _ in range(10)]) == [{"n": 1}] * 10
        gc.collect()
        await until({"n": 2})
        assert source.asked == 2
        source.error = Down()
        clock.advance(10)
        assert await get() == {"n": 2}
        await asyncio.sleep(0.1)
        source.error = None
        await until({"n": 4})

    asyncio.run(main())


@pytest.mark.parametrize("begun", [False, True])
def test_a_refresh_ends_with_its_loop_and_others_take_over(
    state: Store, clock: ManualClock, source: Source, begun: bool
) -> None:
    @state.cached("g", ttl=10, stale=20)
    async def get() -> dict[str, int]:
        answer = source()
        await asyncio.sleep(60 if answer["n"] == 2 and begun else 0)
        return answer

    async def main() -> None:
        await get()
        clock.advance(10)
        assert await get() == {"n": 1}
        while begun and source.asked < 2:
            await asyncio.sleep(0.001)

    async def later() -> dict[str, int]:
        clock.advance(20)
        return await get()

    asyncio.run(main())
    begun_at = time.monotonic()
    assert asyncio.run(later()) == {"n": source.asked}
    assert time.monotonic() - begun_at < 5


@pytest.mark.filterwarnings(
    "ignore:coroutine .* was never awaited:RuntimeWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)
@pytest.mark.parametrize("closed", [True, False])
def test_a_refresh_that_never_gets_its_turn_holds_nobody_up(
    state: Store, clock: ManualClock, source: Source, closed: bool
) -> None:
    spawn_and_end(state, clock, source, closed)
    state._caches().tasks.clear()
    gc.collect()  # which says that there is a coroutine that was never awaited


def spawn_and_end(state: Store, clock: ManualClock, source: Source, closed: bool) -> None:
    @state.cached("g", ttl=10, stale=20)
    async def get() -> dict[str, int]:
        return source()

    async def look() -> None:
        assert await get() == {"n": 1}
        loop.stop()  # before the refresh begins
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            if not closed:
                task.cancel()

    loop = asyncio.new_event_loop()
    loop.run_until_complete(get())
    clock.advance(10)
    looked = loop.create_task(look())
    loop.run_forever()
    assert source.asked == 1
    clock.advance(20)
    begun_at = time.monotonic()
    if not closed:
        loop.run_until_complete(looked)
        assert loop.run_until_complete(get()) == {"n": 2}
    loop.close()
    assert asyncio.run(get()) == {"n": 2}
    assert time.monotonic() - begun_at < 5


def test_a_task_that_refreshes_is_held_on_to(state: Store, clock: ManualClock) -> None:
    futures: list[weakref.ref[asyncio.Future[int]]] = []

    @state.cached("g", ttl=10, stale=20)
    async def get() -> int:
        if not state.list("g"):
            return 1
        future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        futures.append(weakref.ref(future))
        return await future

    async def main() -> None:
        await get()
        clock.advance(10)
        assert await get() == 1
        while not futures:
            await asyncio.sleep(0.001)
        gc.collect()
        future = futures[0]()
        assert future is not None, "nobody but the task waits for it"
        future.set_result(2)
        del future
        async with asyncio.timeout(5):
            while await get() != 2:
                await asyncio.sleep(0.001)

    asyncio.run(main())


def test_there_are_only_so_many_refreshes_at_once(
    state: Store, clock: ManualClock, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    get = state.cached("g", ttl=10, stale=20)(source)
    keys = range(40)
    for key in keys:
        get(key)
    clock.advance(10)
    source.open.clear()
    assert [get(key)["n"] for key in keys] == [key + 1 for key in keys]
    assert soon(lambda: source.at_once == 16)
    source.open.set()
    assert at_rest()
    assert source.most_at_once == 16
    assert soon(lambda: all(get(key)["n"] > 40 for key in keys)), "those that had to wait come later"


def chances(early: float, until: float, mean_run: float) -> float:
    """In which part of many looks a result that is fresh until then is to be renewed."""
    policy = Policy(
        ttl=60, stale=None, lease=10, wait=30, on_timeout="call", early=early, cache_if=None, cache_none=True,
        near=None, strict=False, on_error="stale",
    )  # fmt: skip
    draws = [policy.judge(until, 0, mean_run, lambda number=number: number / 1000) for number in range(1000)]  # type: ignore[misc]
    return draws.count(Verdict.EARLY) / len(draws)


def test_a_refresh_is_the_likelier_the_nearer_the_expiry_and_the_slower_the_function() -> None:
    assert chances(1, until=1000, mean_run=1) == pytest.approx(0.368, abs=0.002), "exp(-1), as XFetch has it"
    assert chances(1, until=2000, mean_run=1) == chances(1, until=1000, mean_run=0.5) == chances(0.5, 1000, 1)
    assert chances(1, until=2000, mean_run=1) == pytest.approx(0.135, abs=0.002)
    assert chances(1, until=60_000, mean_run=1) == 0
    assert chances(1, until=1, mean_run=1) > 0.99
    assert chances(0, until=1, mean_run=1) == 0
    assert chances(1, until=1, mean_run=0) == 0


@pytest.mark.parametrize("near", [None, 0.001])
def test_a_hot_key_is_renewed_before_it_expires_and_nobody_waits(
    state: Store, clock: ManualClock, near: float | None
) -> None:
    source = Source()

    @state.cached("g", ttl=10, early=1.0, near=near)
    def get() -> dict[str, int]:
        time.sleep(0.02)
        return source()

    get()
    for number in range(10_000):
        clock.advance(0.001)
        get()
        if number > 9_000:
            assert at_rest()
    info = get.stats()
    assert info.misses == 1, "only the first call waited"
    assert info.runs >= 2
    assert info.hits == 10_000


def test_a_process_that_never_ran_the_function_knows_from_the_store_how_long_it_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("store.caching.keeper.FLUSH_SECONDS", 0.02)
    url = f"sqlite:///{tmp_path}/state.db"
    with open_store(url, sweep_interval=None) as state:
        state.cached("g", ttl=60, early=1.0)(lambda: time.sleep(0.1))()
    with open_store(url, sweep_interval=None) as state:
        get = state.cached("g", ttl=60, early=1.0)(lambda: None)
        get()
        assert soon(lambda: get._engine._counters.mean_run() >= 0.1)


def test_without_early_nothing_is_renewed_before_it_expires(state: Store, clock: ManualClock, source: Source) -> None:
    get = state.cached("g", ttl=10)(source)
    for _ in range(10):
        get()
        clock.advance(0.999)
    assert source.asked == 1


def test_near_results_need_no_store(state: Store, clock: ManualClock, source: Source) -> None:
    get = state.cached("g", ttl=300, near=5)(source)
    assert [get(), get()] == [{"n": 1}] * 2
    reads = state.stats().reads
    assert [get() for _ in range(100)] == [{"n": 1}] * 100
    assert state.stats().reads == reads
    clock.advance(4.999)
    assert get() == {"n": 1}
    assert state.stats().reads == reads
    clock.advance(0.001)
    assert get() == {"n": 1}
    assert state.stats().reads == reads + 1
    assert get.stats().hits == 103


def test_near_is_the_bound_for_what_others_change(state: Store, clock: ManualClock, source: Source) -> None:
    get = state.cached("g", ttl=300, near=5)(source)
    get()
    get()
    state.set("g", get.key(), "changed", ttl=300)
    clock.advance(4.999)
    assert get() == {"n": 1}
    clock.advance(0.001)
    assert get() == "changed"  # type: ignore[comparison-overlap]
    state.delete("g", get.key())
    clock.advance(5)
    assert get() == {"n": 2}


@pytest.mark.parametrize("ttl", [2, lambda _: 2])
@pytest.mark.parametrize("stale", [None, 100])
def test_near_results_do_not_outlive_their_ttl(
    state: Store, clock: ManualClock, source: Source, ttl: Any, stale: float | None
) -> None:
    get = state.cached("g", ttl=ttl, near=5, stale=stale)(source)
    get()
    clock.advance(1.5)
    assert get() == {"n": 1}
    clock.advance(0.499)
    assert get() == {"n": 1}
    clock.advance(0.001)
    get()
    assert soon(lambda: source.asked == 2)
    assert at_rest()


def test_near_results_are_dropped_at_once_by_this_process(state: Store, source: Source) -> None:
    @state.cached("g", ttl=300, near=60)
    def get(name: str) -> dict[str, int]:
        return source(name)

    for name in "ab":
        get(name)
        get(name)
    assert get.invalidate("a")
    assert [get("a"), get("b")] == [{"n": 3}, {"n": 2}]
    get("a")
    assert get.refresh("a") == get("a") == {"n": 4}
    assert get.clear() == 2
    assert [get("a"), get("b")] == [{"n": 5}, {"n": 6}]


def test_what_was_read_before_an_invalidation_is_not_kept_near(state: Store, source: Source) -> None:
    get = state.cached("g", ttl=300, near=60)(source)
    get()
    results = get._engine.results
    epoch = results._near.epoch  # type: ignore[union-attr]
    get.invalidate()
    results._near.put("()", b'"old"', 2**60, epoch)  # type: ignore[union-attr]
    assert get() == {"n": 2}


def test_the_near_cache_is_bounded(state: Store, clock: ManualClock, source: Source) -> None:
    get = state.cached("g", ttl=300, near=60)(source)
    for _ in range(2):
        for key in range(1500):
            get(key)
    near = get._engine.results._near
    assert near is not None
    assert len(near._entries) == len(near._entries.index) == 1024
    assert near._entries.index.keys() == set(near._entries)
    clock.advance(60)
    get(0)
    assert len(near._entries.index) <= 1
    assert source.asked == 1500


def test_a_store_that_is_dropped_takes_the_threads_of_its_cache_with_it(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("store.caching.keeper.FLUSH_SECONDS", 0.05)
    state = open_store(url, sweep_interval=None)
    get = state.cached("g", ttl=300)(lambda: 1)
    get()
    threads = [thread for thread in threading.enumerate() if thread.name == "stepstate-cache"]
    assert len(threads) == 1
    del state, get
    gc.collect()
    assert soon(lambda: not threads[0].is_alive())
