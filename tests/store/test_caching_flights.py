"""Single flight within a process: threads, tasks and event loops that miss at once, and what ends a flight."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from store import AsyncCached, Cached, InvalidValue, Store, StoreBusy
from store.caching.leases import Lease
from tests.store.sources import Down, Source, in_threads, soon


@pytest.fixture
def source() -> Iterator[Source]:
    made = Source()
    yield made
    made.open.set()


@pytest.fixture
def get(state: Store, source: Source) -> Cached[[str], dict[str, int]]:
    @state.cached("g", ttl=300, key=lambda name: name)
    def get(name: str) -> dict[str, int]:
        return source(name)

    return get


@pytest.fixture
def get_async(state: Store, source: Source) -> AsyncCached[[str], dict[str, int]]:
    @state.cached("g", ttl=300, key=lambda name: name)
    async def get_async(name: str) -> dict[str, int]:
        return await asyncio.to_thread(source, name)

    return get_async


def started(work: Any, *args: Any) -> tuple[threading.Thread, list[Any]]:
    """A thread that runs a function, and what that returned or raised, once it has."""
    results: list[Any] = []

    def run() -> None:
        try:
            results.append(work(*args))
        except Exception as error:
            results.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    return thread, results


def test_of_many_threads_one_runs_the_function(
    state: Store, source: Source, get: Cached[[str], dict[str, int]]
) -> None:
    source.open.clear()
    opening = threading.Timer(0.1, source.open.set)
    opening.start()
    results = in_threads(32, lambda: get("a"))
    opening.join()
    assert results == [{"n": 1}] * 32
    assert source.asked == 1
    assert len({id(result) for result in results}) == 32, "each has one of its own"
    info = get.stats()
    assert (info.misses, info.waits + info.hits, info.runs) == (1, 31, 1)
    assert state.list("stepstate:leases") == []


def test_different_keys_do_not_wait_for_each_other(source: Source, get: Cached[[str], dict[str, int]]) -> None:
    source.open.clear()
    slow, _ = started(get, "slow")
    assert soon(lambda: source.asked)
    other, _ = started(get, "other")
    assert soon(lambda: source.asked == 2)
    source.open.set()
    slow.join()
    other.join()


def test_of_many_tasks_one_runs_the_function(source: Source, get_async: AsyncCached[[str], dict[str, int]]) -> None:
    async def main() -> None:
        source.open.clear()
        tasks = [asyncio.create_task(get_async("a")) for _ in range(50)]
        assert await asyncio.to_thread(soon, lambda: source.asked)
        await asyncio.sleep(0.02)
        source.open.set()
        assert await asyncio.gather(*tasks) == [{"n": 1}] * 50
        assert source.asked == 1
        assert (await get_async.stats()).waits == 49

    asyncio.run(main())


def test_threads_and_the_tasks_of_several_loops_share_one_flight(
    source: Source, get: Cached[[str], dict[str, int]], get_async: AsyncCached[[str], dict[str, int]]
) -> None:
    async def several() -> list[Any]:
        return await asyncio.gather(*[get_async("a") for _ in range(5)])

    source.open.clear()
    begun = [started(asyncio.run, several()) for _ in range(3)] + [started(get, "a") for _ in range(5)]
    assert soon(lambda: source.asked)
    time.sleep(0.05)
    source.open.set()
    for thread, _ in begun:
        thread.join(20)
    assert [results for _, results in begun] == [[[{"n": 1}] * 5]] * 3 + [[{"n": 1}]] * 5
    assert source.asked == 1


@pytest.mark.parametrize("near", [None, 60.0])
def test_every_caller_of_a_function_that_raises_gets_its_own_error(
    state: Store, source: Source, near: float | None
) -> None:
    errors = [Down(str(number)) for number in range(8)]
    left = iter(errors)

    @state.cached("g", ttl=300, near=near)
    def get() -> int:
        source()
        raise next(left)

    results = in_threads(8, get)
    assert sorted(map(str, results)) == [str(error) for error in errors]
    assert source.most_at_once == 1, "one tries at a time"
    assert state.list("stepstate:leases") == []


def test_after_an_error_one_of_those_who_wait_tries_next(state: Store, source: Source) -> None:
    @state.cached("g", ttl=300)
    def get() -> dict[str, int]:
        answer = source()
        if answer["n"] == 1:
            raise Down
        return answer

    source.open.clear()
    leader, first = started(get)
    assert soon(lambda: source.asked)
    others = [started(get) for _ in range(10)]
    time.sleep(0.05)
    source.open.set()
    for thread, _ in [(leader, first), *others]:
        thread.join(20)
    assert [type(result) for result in first] == [Down]
    assert [results for _, results in others] == [[{"n": 2}]] * 10
    assert source.asked == 2


def test_those_who_wait_share_a_result_that_is_not_kept(state: Store, source: Source) -> None:
    get = state.cached("g", ttl=300, cache_if=lambda _: False)(source)
    source.open.clear()
    leader, first = started(get)
    assert soon(lambda: source.asked)
    others = [started(get) for _ in range(5)]
    time.sleep(0.05)
    source.open.set()
    for thread, _ in [(leader, first), *others]:
        thread.join(20)
    assert [first, *[results for _, results in others]] == [[{"n": 1}]] * 6
    assert get() == {"n": 2}


def test_a_result_that_is_not_json_is_everybodys_error(state: Store, source: Source) -> None:
    get = state.cached("g", ttl=300)(lambda: {1: source()})
    assert {type(result) for result in in_threads(5, get)} == {InvalidValue}
    assert source.most_at_once == 1


def test_a_cancelled_task_does_not_take_the_others_down(
    state: Store, source: Source, get: Cached[[str], dict[str, int]], get_async: AsyncCached[[str], dict[str, int]]
) -> None:
    async def main() -> None:
        source.open.clear()
        leader = asyncio.create_task(get_async("a"))
        assert await asyncio.to_thread(soon, lambda: source.asked)
        others = [asyncio.create_task(get_async("a")) for _ in range(5)]
        thread, results = started(get, "a")
        await asyncio.sleep(0.05)
        others[0].cancel()
        leader.cancel()
        with pytest.raises(asyncio.CancelledError):
            await leader
        source.open.set()
        assert await asyncio.gather(*others[1:]) == [{"n": 2}] * 4
        await asyncio.to_thread(thread.join, 20)
        assert results == [{"n": 2}]
        with pytest.raises(asyncio.CancelledError):
            await others[0]
        assert source.asked == 2

    asyncio.run(main())
    assert soon(lambda: state.list("stepstate:leases") == [])


def test_tasks_cancelled_at_any_moment_leave_nothing_behind(state: Store, source: Source) -> None:
    @state.cached("g", ttl=300)
    async def get(number: int) -> dict[str, int]:
        await asyncio.sleep(0.0005)
        return source(number)

    async def main() -> None:
        for number in range(120):
            task = asyncio.create_task(get(number))
            other = asyncio.create_task(get(number))
            await asyncio.sleep(number * 0.00003)
            task.cancel()
            begun_at = time.monotonic()
            assert "n" in await other
            assert time.monotonic() - begun_at < 5, "it waited for a lease that nobody has"
            await asyncio.gather(task, return_exceptions=True)

    asyncio.run(main())
    assert soon(lambda: state.list("stepstate:leases") == [])


def test_a_task_cancelled_while_it_takes_the_lease_gives_it_back(state: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    acquire, taking = Lease.acquire, threading.Event()

    def slowly(lease: Lease) -> bool:
        taking.set()
        time.sleep(0.1)
        return acquire(lease)

    monkeypatch.setattr(Lease, "acquire", slowly)

    @state.cached("g", ttl=300)
    async def get() -> int:
        return 1

    async def main() -> None:
        task = asyncio.create_task(get())
        assert await asyncio.to_thread(taking.wait, 10)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        begun_at = time.monotonic()
        assert await get() == 1
        assert time.monotonic() - begun_at < 5

    asyncio.run(main())
    assert soon(lambda: state.list("stepstate:leases") == [])


@pytest.mark.parametrize("collected", [True, False])
def test_a_loop_that_is_closed_around_a_task_leaves_its_key_free(state: Store, collected: bool) -> None:
    asked: list[str] = []

    @state.cached("g", ttl=300, key=lambda: "k", lease=0.3)
    async def get_async() -> None:
        asked.append("async")
        await asyncio.Event().wait()

    @state.cached("g", ttl=300, key=lambda: "k")
    def get() -> int:
        asked.append("sync")
        return 1

    loop = asyncio.new_event_loop()
    task = loop.create_task(get_async())
    loop.run_until_complete(asyncio.sleep(0.2))
    loop.close()
    assert asked == ["async"]
    if collected:
        del task
        gc.collect()
    begun_at = time.monotonic()
    assert get() == 1
    assert time.monotonic() - begun_at < 5
    assert asked == ["async", "sync"]
    gc.collect()


@pytest.mark.parametrize("joined", [True, False])
def test_a_coroutine_that_is_dropped_in_the_middle_leaves_its_key_free(state: Store, joined: bool) -> None:
    asked: list[None] = []

    @state.cached("g", ttl=300, lease=0.3)
    async def get() -> int:
        asked.append(None)
        if len(asked) == 1:
            await asyncio.Event().wait()
        return len(asked)

    async def main() -> None:
        dropped: Any = get()
        while not asked:
            waits_for = dropped.send(None)
            while not waits_for.done() and not asked:
                await asyncio.sleep(0.001)
        waiter = asyncio.create_task(get())
        if joined:
            await asyncio.sleep(0.1)
        dropped.close()
        async with asyncio.timeout(5):
            assert await waiter == 2

    asyncio.run(main())


def test_waiting_ends_and_the_function_is_called(state: Store, source: Source) -> None:
    get = state.cached("g", ttl=300, wait=0.05)(lambda: {"first": False} if source.asked else source())
    source.open.clear()
    leader, first = started(get)
    assert soon(lambda: source.asked)
    assert get() == {"first": False}
    source.open.set()
    leader.join(20)
    assert first == [get()] == [{"n": 1}], "what was called through was not stored"


def test_waiting_ends_and_raises(state: Store, source: Source) -> None:
    get = state.cached("g", ttl=300, wait=0.05, on_timeout="raise")(source)
    source.open.clear()
    leader, first = started(get)
    assert soon(lambda: source.asked)
    with pytest.raises(StoreBusy, match=r"'g', \(\): another call was still getting it after 0\.05 s"):
        get()
    source.open.set()
    leader.join(20)
    assert first == [get()] == [{"n": 1}]


def test_waiting_for_a_lease_ends_as_well(state: Store, source: Source) -> None:
    raises = state.cached("raises", ttl=300, wait=0.05, on_timeout="raise")(source)
    calls = state.cached("calls", ttl=300, wait=0)(source)
    leases = [Lease(state, group, "()", 60_000) for group in ("raises", "calls")]
    assert all(lease.acquire() for lease in leases), "as another process would"
    with pytest.raises(StoreBusy):
        raises()
    assert (calls(), calls()) == ({"n": 1}, {"n": 2})

    async def main() -> None:
        @state.cached("awaited", ttl=300, wait=0.05, on_timeout="raise")
        async def awaited() -> dict[str, int]:
            return source()

        lease = Lease(state, "awaited", "()", 60_000)
        assert lease.acquire()
        with pytest.raises(StoreBusy):
            await awaited()
        assert lease.release()
        assert await awaited() == {"n": 3}

    asyncio.run(main())
    assert all(lease.release() for lease in leases), "nobody else has taken or released them"
    assert raises() == raises() == {"n": 4}


def test_a_function_that_calls_itself_does_not_wait_for_itself(state: Store) -> None:
    depths: list[int] = []

    @state.cached("g", ttl=300, ignore=("depth",))
    def get(depth: int) -> int:
        depths.append(depth)
        return get(depth + 1) if depth < 3 else depth

    begun_at = time.monotonic()
    assert get(0) == 3
    assert depths == [0, 1, 2, 3]
    assert time.monotonic() - begun_at < 5
    assert get(0) == 3


def test_a_blocking_call_in_a_loop_does_not_wait_for_a_task_of_that_loop(
    source: Source, get: Cached[[str], dict[str, int]], get_async: AsyncCached[[str], dict[str, int]]
) -> None:
    async def main() -> None:
        source.open.clear()
        task = asyncio.create_task(get_async("a"))
        assert await asyncio.to_thread(soon, lambda: source.asked)
        source.open.set()
        begun_at = time.monotonic()
        assert get("a")["n"] <= 2
        assert time.monotonic() - begun_at < 5
        await task

    asyncio.run(main())


@pytest.mark.parametrize("work", ["invalidate", "clear"])
def test_a_run_that_was_under_way_when_its_result_was_invalidated_is_not_stored(
    state: Store, source: Source, get: Cached[[str], dict[str, int]], work: str
) -> None:
    source.open.clear()
    before, old = started(get, "a")
    assert soon(lambda: source.asked)
    assert not (get.invalidate("a") if work == "invalidate" else get.clear())
    after, new = started(get, "a")
    assert soon(lambda: source.asked == 2), "it does not wait for what may be out of date"
    source.open.set()
    before.join(20)
    after.join(20)
    assert (old, new) == ([{"n": 1}], [{"n": 2}])
    assert get("a") == {"n": 2}
    assert state.list("stepstate:leases") == []


def test_who_comes_after_an_invalidation_waits_for_the_run_that_was_begun_after_it(state: Store) -> None:
    gates = [threading.Event() for _ in range(3)]
    asked: list[None] = []

    @state.cached("g", ttl=300)
    def get() -> int:
        asked.append(None)
        number = len(asked)
        assert gates[number - 1].wait(20)
        return number

    before, old = started(get)
    assert soon(lambda: len(asked) == 1)
    get.invalidate()
    after, new = started(get)
    assert soon(lambda: len(asked) == 2)
    gates[0].set()
    before.join(20)
    later, joined = started(get)
    time.sleep(0.05)
    gates[1].set()
    gates[2].set()
    after.join(20)
    later.join(20)
    assert (old, new, joined) == ([1], [2], [2])


def test_an_invalidation_leaves_runs_for_other_keys_alone(
    state: Store, source: Source, get: Cached[[str], dict[str, int]]
) -> None:
    source.open.clear()
    thread, _ = started(get, "a")
    assert soon(lambda: source.asked)
    get.invalidate("b")
    source.open.set()
    thread.join(20)
    assert state.get("g", "a") == {"n": 1}


def test_a_result_invalidated_in_the_moment_it_is_stored_is_taken_back(
    state: Store, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_held = Lease.is_held
    get = state.cached("g", ttl=300, near=60, stale=60)(source)

    def invalidated_after(lease: Lease) -> bool:
        held = is_held(lease)
        get.invalidate()
        return held

    with monkeypatch.context() as patch:
        patch.setattr(Lease, "is_held", invalidated_after)
        assert get() == {"n": 1}
    assert state.list("g") == []
    assert get() == get() == {"n": 2}


def test_a_refresh_does_not_settle_for_what_was_begun_before(
    source: Source, get: Cached[[str], dict[str, int]]
) -> None:
    source.open.clear()
    lookup, looked = started(get, "a")
    assert soon(lambda: source.asked)
    refreshes = [started(get.refresh, "a") for _ in range(4)]
    time.sleep(0.05)
    source.open.set()
    for thread, _ in [(lookup, looked), *refreshes]:
        thread.join(20)
    assert looked == [{"n": 1}]
    results = [results[0]["n"] for _, results in refreshes]
    assert min(results) >= 2
    assert source.most_at_once == 1
    assert get("a") == {"n": source.asked}
