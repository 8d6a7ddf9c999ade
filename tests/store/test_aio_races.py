"""AsyncStore: calls cancelled, stores closed and processes forked at any moment."""

from __future__ import annotations

import asyncio
import random
import signal
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from store import AsyncStore, StoreClosed, open_async_store
from tests.store.support import in_children

# Python 3.12 and later warn of a fork() beside threads, which is what some of these tests are about.
pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")

COUNT = [{"type": "increment", "path": "n", "by": 1}]


class CountedOps(list[Mapping[str, Any]]):
    """Operations that count how many calls have begun to apply them, each of which takes a moment then."""

    def __init__(self) -> None:
        super().__init__(COUNT)
        self.begun = 0

    def __iter__(self) -> Iterator[Mapping[str, Any]]:
        self.begun += 1
        time.sleep(0.0002)
        return super().__iter__()


def test_calls_cancelled_at_any_moment_are_run_once_or_not_at_all(url: str) -> None:
    chance = random.Random(3)  # noqa: S311
    ops = CountedOps()
    called = 0
    done: list[int] = []

    async def increment(state: AsyncStore) -> None:
        nonlocal called
        called += 1
        done.append((await state.update("g", "k", ops)).new_value["n"])

    async def main() -> None:
        async with open_async_store(url) as state:
            for _ in range(300):
                tasks = [asyncio.create_task(increment(state)) for _ in range(chance.randint(1, 4))]
                await asyncio.sleep(chance.random() * 0.001)
                for task in tasks:
                    task.cancel()
            await asyncio.gather(*asyncio.all_tasks() - {asyncio.current_task()}, return_exceptions=True)
            await state.set("g", "last", 1)  # behind every call that is still running
            assert await state.get("g", "k") == {"n": ops.begun}

    asyncio.run(main())
    assert sorted(set(done)) == sorted(done)
    assert 0 < len(done) < ops.begun < called  # some were cancelled amid their turn, others before it


def test_closing_while_other_threads_call_ends_them_with_store_closed(url: str) -> None:
    ended: list[str] = []

    async def opened() -> AsyncStore:
        return await open_async_store(url)

    async def use(state: AsyncStore) -> None:
        while True:
            await asyncio.gather(state.update("g", "k", COUNT), state.get("g", "k"), state.list("g"))

    def work(state: AsyncStore) -> None:
        try:
            asyncio.run(use(state))
        except BaseException as error:
            ended.append(type(error).__name__)

    for _ in range(20):
        state = asyncio.run(opened())
        threads = [threading.Thread(target=work, args=(state,)) for _ in range(3)]
        for thread in threads:
            thread.start()
        time.sleep(0.005)
        asyncio.run(state.close())
        for thread in threads:
            thread.join(10)
    assert ended == ["StoreClosed"] * 60


class StuckFile:
    """A file that is at its end, as it says when it is let go."""

    def __init__(self) -> None:
        self.let_go = threading.Event()

    def readline(self, _size: int, /) -> bytes:
        self.let_go.wait(20)
        return b""


def test_while_a_close_waits_nothing_is_answered_and_a_child_closes_for_itself(url: str) -> None:
    def close_in_child(state: AsyncStore) -> int:
        signal.alarm(10)
        asyncio.run(state.close())
        return 0

    async def main() -> None:
        file = StuckFile()
        state = await open_async_store(url)
        await state.set("g", "k", 1)
        assert [await state.get("g", "k") for _ in range(3)] == [1, 1, 1]
        loading = asyncio.create_task(state.load(file))
        await asyncio.sleep(0)
        closing = asyncio.create_task(state.close())
        await asyncio.sleep(0.01)
        for call in (state.get("g", "k"), state.list("g"), state.sweep()):
            with pytest.raises(StoreClosed):
                await call
        assert in_children(lambda: close_in_child(state)) == [0]
        assert not closing.done()
        file.let_go.set()
        await asyncio.gather(loading, closing)

    asyncio.run(main())


def increment_in_child(state: AsyncStore, times: int) -> int:
    async def main() -> None:
        for _ in range(times):
            await asyncio.gather(state.update("g", "k", COUNT), state.list("g"), state.sweep())
        await state.close()

    signal.alarm(20)  # a child that waits for threads it does not have ends here, and the test fails
    asyncio.run(main())
    return 0


def test_a_child_process_uses_a_store_that_was_open_before_it(tmp_path: Path) -> None:
    async def use(state: AsyncStore) -> None:
        await asyncio.gather(*[state.update("g", "k", COUNT) for _ in range(10)], *[state.list("g") for _ in range(9)])

    async def opened() -> AsyncStore:
        state = await open_async_store(f"sqlite:///{tmp_path}/state.db")
        await use(state)
        return state

    state = asyncio.run(opened())
    assert in_children(*[lambda: increment_in_child(state, 5)] * 3) == [0, 0, 0]
    asyncio.run(use(state))
    assert asyncio.run(state.get("g", "k")) == {"n": 35}
    asyncio.run(state.close())
    assert in_children(lambda: closed_in_child(state)) == [0]


def closed_in_child(state: AsyncStore) -> int:
    signal.alarm(20)
    with pytest.raises(StoreClosed):
        asyncio.run(state.list("g"))
    asyncio.run(state.close())
    return 0


def test_a_child_forked_amid_calls_leaves_them_to_its_parent(url: str) -> None:
    async def main() -> None:
        async with open_async_store(url) as state:
            children = rounds = 0
            while children < 3:
                rounds += 1
                calls = [asyncio.create_task(state.update("g", "k", COUNT)) for _ in range(50)]
                await asyncio.sleep(0.001)
                if not all(call.done() for call in calls):
                    children += 1
                    assert in_children(lambda: increment_in_child(state, 1)) == [0]
                await asyncio.gather(*calls)
            theirs = 0 if url == "memory://" else children
            assert await state.get("g", "k") == {"n": 50 * rounds + theirs}

    asyncio.run(main())
