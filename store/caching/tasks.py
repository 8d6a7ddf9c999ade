"""The steps of a cached call, taken by a task of an event loop."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar

from store.caching.steps import (
    Caller,
    Compute,
    InStore,
    Raised,
    Returned,
    Sleep,
    Spawn,
    Step,
    Steps,
    Wait,
    settled,
)
from store.errors import StoreError
from store.lanes import Lane, result_of

if TYPE_CHECKING:
    from store.caching.engine import Engine
    from store.caching.flights import Flight
    from store.caching.hub import CacheHub

T = TypeVar("T")


async def call(engine: Engine, key: str, function: Callable[[], Awaitable[Any]], *, force: bool) -> Any:
    """The result for a key, or what the function raised."""
    caller = _caller(engine.hub)
    return settled(await _walk(engine.hub, engine.lookup(key, caller, force=force), function))


async def _walk(hub: CacheHub, steps: Steps[T], function: Callable[[], Awaitable[Any]]) -> T:
    """Take all steps; what they come to."""
    answer: Any = None
    error: BaseException | None = None
    try:
        while True:
            step = steps.send(answer) if error is None else steps.throw(error)
            answer = error = None
            try:
                answer = await _take(hub, step, function)
            except GeneratorExit:  # the task was dropped, and the steps are with it
                raise
            except BaseException as raised:
                error = raised
    except StopIteration as end:
        taken: T = end.value
        return taken
    finally:
        del error  # it refers to this frame


async def _take(hub: CacheHub, step: Step, function: Callable[[], Awaitable[Any]]) -> Any:
    match step:
        case InStore(work, lane):
            return await result_of(hub.submit(lane, work))
        case Compute():
            return await _compute(function)
        case Wait(flight, seconds):
            return await _wait(flight, seconds)
        case Sleep(seconds):
            return await asyncio.sleep(seconds)
        case Spawn():
            return _spawn(hub, step, function)


def _caller(hub: CacheHub) -> Caller:
    def settle(work: Callable[[], object]) -> None:
        # Behind all writes of this store that were begun before. A task that was cancelled could not wait for it.
        with contextlib.suppress(StoreError):
            hub.submit(Lane.WRITES, work)

    return Caller(asyncio.get_running_loop(), settle)


async def _compute(function: Callable[[], Awaitable[Any]]) -> Returned | Raised:
    try:
        return Returned(await function())
    except Exception as error:
        return Raised(error)


async def _wait(flight: Flight, seconds: float) -> bytes | None:
    try:
        async with asyncio.timeout(max(0, seconds)):
            return await asyncio.wrap_future(flight.future)
    except TimeoutError:
        return None


def _spawn(hub: CacheHub, step: Spawn, function: Callable[[], Awaitable[Any]]) -> bool:
    if not hub.may_refresh():
        return False

    caller = _caller(hub)
    steps = step.begin(caller)

    async def refresh(_caller: Caller) -> None:
        await _walk(hub, steps, function)

    task = asyncio.get_running_loop().create_task(refresh(caller))
    hub.tasks.add(task)  # the loop itself would let it go in the middle

    def ended(_task: asyncio.Task[None]) -> None:
        hub.tasks.discard(task)
        hub.refreshed()

    task.add_done_callback(ended)
    return True
