"""AsyncStore: opening and closing, its threads, reads without one, event loops."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import threading
import time
from collections.abc import Iterator
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import pytest

from store import (
    AsyncStore,
    Store,
    StoreClosed,
    StoreUnavailable,
    UnsupportedBackend,
    open_async_store,
    open_store,
)
from store.aio import Opening
from tests.conftest import ManualClock
from tests.store.support import moment

COUNT = [{"type": "increment", "path": "n", "by": 1}]


def test_opening_takes_the_options_of_open_store(tmp_path: Path, clock: ManualClock) -> None:
    async def main() -> None:
        state = await open_async_store("memory://", max_value_bytes=10, max_items=1, clock=clock, sweep_interval=None)
        async with state:
            assert state.max_value_bytes == 10
            assert await state.now() == moment(clock.now)
            await state.set("g", "a", 1)
            await state.set("g", "b", 2)
            assert await state.list("g") == [2]
        with pytest.raises(UnsupportedBackend):
            await open_async_store("redis://localhost")
        with pytest.raises(StoreUnavailable, match="there is no store"):
            async with open_async_store(f"sqlite:///{tmp_path}/none.db", create=False):
                pass

    asyncio.run(main())
    assert inspect.signature(open_async_store) == inspect.signature(open_store)
    assert all_threads_end()


def stepstate_threads() -> list[str]:
    return sorted(thread.name for thread in threading.enumerate() if thread.name.startswith("stepstate"))


def all_threads_end() -> bool:
    """Whether no thread of a store is left; one that has done its work takes a moment to end."""
    until = time.monotonic() + 10
    while stepstate_threads() and time.monotonic() < until:
        time.sleep(0.001)
    return not stepstate_threads()


def test_nothing_runs_in_threads_before_the_first_call_and_nothing_after_closing(url: str) -> None:
    async def main() -> None:
        async with open_async_store(url) as state:
            assert stepstate_threads() == ["stepstate-sweeper", "stepstate-writes_0"]  # which opened it
            await asyncio.gather(*[state.list("g") for _ in range(20)], *[state.set("g", "k", 1) for _ in range(20)])
            await state.sweep()
            named = [name.rpartition("_")[0] for name in stepstate_threads()]
            assert (named.count("stepstate-writes"), named.count("stepstate-upkeep")) == (1, 1)
            assert 1 <= named.count("stepstate-reads") <= 4
        assert all_threads_end()

    asyncio.run(main())


async def at_once(state: AsyncStore) -> Any:
    """The value of an item as `get` gives it without handing control to the event loop, so without a thread.

    It may do so from the second read on, and now and then looks whether the file is still the same.
    """
    for _ in range(20):
        call = state.get("g", "k")
        try:
            call.send(None)
        except StopIteration as stop:
            return stop.value
        finally:
            call.close()
        await state.get("g", "k")
    pytest.fail("the call needs a thread each time")


def test_what_this_process_has_at_hand_is_read_at_once(url: str, clock: ManualClock) -> None:
    async def main() -> None:
        async with open_async_store(url, clock=clock, sweep_interval=None) as state:
            await state.set("g", "k", {"n": 1}, ttl=10)
            value = await at_once(state)
            assert value == {"n": 1}
            value["n"] = 2
            assert await at_once(state) == {"n": 1}
            clock.advance(10)
            assert await state.get("g", "k", "gone") == "gone"
            counted = await state.stats()
            assert counted.hits >= 2
            assert counted.misses >= 1

    asyncio.run(main())


def test_a_read_at_once_sees_what_another_connection_wrote(tmp_path: Path) -> None:
    async def main() -> None:
        url = f"sqlite:///{tmp_path}/state.db"
        async with open_async_store(url, sweep_interval=None) as state:
            with open_store(url, sweep_interval=None) as other:
                for number in range(20):
                    other.set("g", "k", number)
                    assert await state.get("g", "k") == number
                    assert await at_once(state) == number

    asyncio.run(main())


def test_an_export_reads_as_it_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("store.aio.AHEAD_SECONDS", 0)

    async def main() -> None:
        url = f"sqlite:///{tmp_path}/state.db"
        async with open_async_store(url, sweep_interval=None) as state:
            await state.set_many("g", {f"{number:04}": number for number in range(1100)})
            with open_store(url, sweep_interval=None) as same:
                expected = [*same.export()]
            export = state.export()
            first = await anext(export)
            await state.delete("g", "1099")
            assert [first, *[line async for line in export]] == expected[:-1]

    asyncio.run(main())


def test_an_export_ends_with_store_closed(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("store.aio.AHEAD_SECONDS", 0)

    async def main() -> None:
        async with open_async_store(url) as state:
            await state.set_many("g", {"a": 1, "b": 2})
            export = state.export()
            await anext(export)
        with pytest.raises(StoreClosed):
            await anext(export)
        with pytest.raises(StoreClosed):
            await anext(state.export())

    asyncio.run(main())


def test_200_tasks_that_increment_one_counter_lose_nothing(url: str) -> None:
    async def main() -> None:
        async with open_async_store(url) as state:
            results = await asyncio.gather(*[state.update("g", "k", COUNT) for _ in range(200)])
            assert sorted(result.new_value["n"] for result in results) == list(range(1, 201))
            assert await state.get("g", "k") == {"n": 200}

    asyncio.run(main())


def test_writes_happen_in_the_order_of_their_calls(url: str) -> None:
    async def main() -> None:
        async with open_async_store(url) as state:
            writes = [state.update("g", "k", [{"type": "append", "path": "", "value": [n]}]) for n in range(50)]
            await asyncio.gather(*writes)
            assert await state.get("g", "k") == [[n] for n in range(50)]

    asyncio.run(main())


def test_one_store_serves_one_event_loop_after_another(url: str) -> None:
    async def opened() -> AsyncStore:
        state = await open_async_store(url)
        await state.update("g", "k", COUNT)
        return state

    async def use(state: AsyncStore) -> None:
        await asyncio.gather(*[state.update("g", "k", COUNT) for _ in range(10)])
        assert len((await state.items("g")).items) == 1

    state = asyncio.run(opened())
    asyncio.run(use(state))
    asyncio.run(use(state))
    assert asyncio.run(state.get("g", "k")) == {"n": 21}
    asyncio.run(state.close())


def test_one_store_serves_the_event_loops_of_several_threads(url: str) -> None:
    async def opened() -> AsyncStore:
        return await open_async_store(url)

    async def use() -> None:
        for _ in range(20):
            await asyncio.gather(state.update("g", "k", COUNT), state.list("g"))

    state = asyncio.run(opened())
    threads = [threading.Thread(target=asyncio.run, args=(use(),)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert asyncio.run(state.get("g", "k")) == {"n": 80}
    asyncio.run(state.close())


def test_the_thread_sees_the_context_of_the_caller() -> None:
    now = ContextVar("now", default=1_800_000_000_000)

    async def main() -> None:
        async with open_async_store("memory://", clock=now.get, sweep_interval=None) as state:
            now.set(1_800_000_005_000)
            await state.set("g", "k", 1)
            item = await state.item("g", "k")
            assert item is not None
            assert item.created_at == moment(1_800_000_005_000)

    asyncio.run(main())


CALLS: dict[str, tuple[Any, ...]] = {
    "set": ("g", "k", 1),
    "get": ("g", "k"),
    "item": ("g", "k"),
    "list": ("g",),
    "update": ("g", "k", COUNT),
    "clear": ("g",),
    "stats": (),
    "sweep": (),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_closed_store_says_so(url: str, name: str) -> None:
    async def main() -> None:
        async with open_async_store(url) as state:
            await state.set("g", "k", 1)
            await state.get("g", "k")
        with pytest.raises(StoreClosed, match="the store was closed"):
            await getattr(state, name)(*CALLS[name])
        with pytest.raises(StoreClosed):
            assert state.location
        await state.close()

    asyncio.run(main())
    assert all_threads_end()


def test_a_block_that_raises_closes_the_store(url: str) -> None:
    async def main() -> None:
        opening = open_async_store(url)
        with contextlib.suppress(ZeroDivisionError):
            async with opening as state:
                raise ZeroDivisionError
        with pytest.raises(StoreClosed):
            await state.get("g", "k")

    asyncio.run(main())


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """What a test opens to let a thread go on; opened at the end at the latest."""
    event = threading.Event()
    yield event
    event.set()


def test_a_store_whose_opening_is_cancelled_is_closed(gate: threading.Event) -> None:
    opened: list[Store] = []

    def slowly() -> Store:
        gate.wait()
        opened.append(open_store("memory://"))
        return opened[0]

    async def main() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05), Opening(slowly):
                pass
        gate.set()
        assert all_threads_end()
        with pytest.raises(StoreClosed):
            opened[0].get("g", "k")

    asyncio.run(main())
