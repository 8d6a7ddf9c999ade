"""AsyncStore while another connection holds the lock: the event loop, reads, closing, cancelled calls."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Iterator
from pathlib import Path
from typing import Any

import apsw
import pytest

from store import AsyncStore, StoreBusy, StoreClosed, open_async_store, open_store

COUNT = [{"type": "increment", "path": "n", "by": 1}]
LAG = 0.1  # seconds for which an event loop may stand still


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


class Writer:
    """Another connection to the file, which holds its write lock from `lock` to `unlock`."""

    def __init__(self, path: Path) -> None:
        self._connection = apsw.Connection(str(path))

    def lock(self, mode: str = "IMMEDIATE") -> None:
        self._connection.execute(f"BEGIN {mode}")

    def unlock(self) -> None:
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")


@pytest.fixture
def writer(path: Path) -> Iterator[Writer]:
    """A slow writer of a store that is there already."""
    with open_store(f"sqlite:///{path}", sweep_interval=None) as state:
        state.set("g", "k", {"n": 0})
        state.set("expired", "k", 1, ttl=0.001)  # so that a sweep has something to wait for
    connection = Writer(path)
    yield connection
    connection.unlock()


@contextlib.asynccontextmanager
async def measured_lag() -> AsyncIterator[list[float]]:
    """How long the event loop stood still, each time, in seconds."""
    lags: list[float] = []

    async def measure() -> None:
        while True:
            started = time.monotonic()
            await asyncio.sleep(0.005)
            lags.append(time.monotonic() - started - 0.005)

    task = asyncio.create_task(measure())
    yield lags
    task.cancel()


async def begun(*calls: Awaitable[Any]) -> list[asyncio.Future[Any]]:
    """Tasks for calls, each begun in its thread (or queued for it) by now."""
    tasks: list[asyncio.Future[Any]] = [asyncio.ensure_future(call) for call in calls]
    await asyncio.sleep(0.05)
    assert not any(task.done() for task in tasks)
    return tasks


def test_a_slow_writer_stalls_neither_the_event_loop_nor_the_reads(path: Path, writer: Writer) -> None:
    reads: list[float] = []

    async def read(state: AsyncStore, until: float) -> None:
        while time.monotonic() < until:
            started = time.monotonic()
            assert await state.get("g", "k") == {"n": 0}
            assert await state.item("g", "missing") is None
            assert await state.list("g") == [{"n": 0}]
            reads.append(time.monotonic() - started)
            await asyncio.sleep(0.001)

    async def main() -> None:
        async with open_async_store(f"sqlite:///{path}", sweep_interval=None) as state, measured_lag() as lags:
            writer.lock()
            writes = await begun(
                *[state.update("g", "k", COUNT) for _ in range(50)], *[state.sweep() for _ in range(9)]
            )
            await asyncio.gather(*[read(state, time.monotonic() + 1) for _ in range(3)])
            assert not any(write.done() for write in writes)
            writer.unlock()
            await asyncio.gather(*writes)
            assert await state.get("g", "k") == {"n": 50}
            assert len(lags) > 50
            assert max(lags) < LAG

    asyncio.run(main())
    assert len(reads) > 50
    assert max(reads) < 0.5


def test_opening_and_closing_do_not_stall_the_event_loop(path: Path) -> None:
    async def main() -> None:
        writer = Writer(path)
        writer.lock("EXCLUSIVE")
        async with measured_lag() as lags:
            opening = asyncio.ensure_future(open_async_store(f"sqlite:///{path}").__aenter__())
            await begun(opening)
            await asyncio.sleep(0.2)
            writer.unlock()
            state = await opening
            writer.lock()
            [write, closing] = await begun(state.set("g", "k", 1), state.close())
            await asyncio.sleep(0.2)
            writer.unlock()
            await closing
            assert write.done()
            assert len(lags) > 40
            assert max(lags) < LAG

    asyncio.run(main())
    with open_store(f"sqlite:///{path}") as state:
        assert state.get("g", "k") == 1


def test_closing_waits_for_the_calls_before_it_and_refuses_those_after(path: Path, writer: Writer) -> None:
    async def main() -> None:
        state = await open_async_store(f"sqlite:///{path}")
        writer.lock()
        [first, second, closing, again] = await begun(
            state.update("g", "k", COUNT), state.update("g", "k", COUNT), state.close(), state.close()
        )
        for call in (state.update("g", "k", COUNT), state.get("g", "k"), state.list("g"), state.sweep()):
            with pytest.raises(StoreClosed):
                await call
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(state.close(), 0.01)  # giving up does not keep the store from being closed
        writer.unlock()
        await asyncio.gather(closing, again)
        assert ((await first).new_value, (await second).new_value) == ({"n": 1}, {"n": 2})

    asyncio.run(main())
    with open_store(f"sqlite:///{path}") as state:
        assert state.get("g", "k") == {"n": 2}


def test_writes_queued_behind_one_that_waited_in_vain_fail_with_it(path: Path, writer: Writer) -> None:
    async def main() -> None:
        async with open_async_store(f"sqlite:///{path}", timeout=0.3, sweep_interval=None) as state:
            writer.lock()
            started = time.monotonic()
            writes = await begun(*[state.update("g", "k", COUNT) for _ in range(20)])
            raised = await asyncio.gather(*writes, return_exceptions=True)
            waited = time.monotonic() - started
            assert {type(error) for error in raised} == {StoreBusy}
            assert 0.3 <= waited < 3 * 0.3  # one after the other they would have waited 20 times as long
            writer.unlock()
            assert (await state.update("g", "k", COUNT)).new_value == {"n": 1}

    asyncio.run(main())


def test_a_call_cancelled_before_its_turn_is_not_run_and_one_cancelled_within_it_once(
    path: Path, writer: Writer
) -> None:
    async def main() -> None:
        async with open_async_store(f"sqlite:///{path}") as state:
            writer.lock()
            [running, queued] = await begun(state.update("g", "k", COUNT), state.update("g", "k", COUNT))
            for task in (running, queued):
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await asyncio.wait_for(task, 0.1)  # who cancels does not wait for the lock
            writer.unlock()
            assert (await state.update("g", "other", COUNT)).old_value is None  # behind both
            assert await state.get("g", "k") == {"n": 1}

    asyncio.run(main())


def test_what_is_written_after_a_cancelled_write_lands_on_top(path: Path, writer: Writer) -> None:
    async def main() -> None:
        async with open_async_store(f"sqlite:///{path}") as state:
            writer.lock()
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(state.set("g", "k", "cancelled"), 0.05)
            [after] = await begun(state.set("g", "k", "after"))
            writer.unlock()
            assert (await after).old_value == "cancelled"
            assert await state.get("g", "k") == "after"

    asyncio.run(main())


def test_an_event_loop_may_end_while_calls_run(path: Path, writer: Writer) -> None:
    async def abandon() -> AsyncStore:
        state = await open_async_store(f"sqlite:///{path}")
        writer.lock()
        await begun(*[state.update("g", "k", COUNT) for _ in range(3)])
        return state  # asyncio.run cancels the calls

    async def use(state: AsyncStore) -> None:
        async with state:
            assert (await state.update("g", "k", COUNT)).new_value == {"n": 2}

    state = asyncio.run(abandon())
    writer.unlock()
    asyncio.run(use(state))
