"""The steps of a cached call, taken by the calling thread."""

from __future__ import annotations

import contextvars
import threading
import time
from collections.abc import Callable
from concurrent.futures import TimeoutError as WaitedTooLong
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
    give_up,
    settled,
)

if TYPE_CHECKING:
    from store.caching.engine import Engine
    from store.caching.flights import Flight
    from store.caching.hub import CacheHub

T = TypeVar("T")


def call(engine: Engine, key: str, function: Callable[[], Any], *, force: bool) -> Any:
    """The result for a key, or what the function raised."""
    caller = Caller(None, _settle)
    return settled(_walk(engine.hub, engine.lookup(key, caller, force=force), function))


def _walk(hub: CacheHub, steps: Steps[T], function: Callable[[], Any]) -> T:
    """Take all steps; what they come to."""
    answer: Any = None
    error: BaseException | None = None
    try:
        while True:
            step = steps.send(answer) if error is None else steps.throw(error)
            answer = error = None
            try:
                answer = _take(hub, step, function)
            except BaseException as raised:
                error = raised
    except StopIteration as end:
        taken: T = end.value
        return taken
    except BaseException:  # an interrupt may come between two steps
        give_up(steps)
        raise
    finally:
        del error  # it refers to this frame


def _take(hub: CacheHub, step: Step, function: Callable[[], Any]) -> Any:
    match step:
        case InStore(work):
            return work()
        case Compute():
            return _compute(function)
        case Wait(flight, seconds):
            return _wait(flight, seconds)
        case Sleep(seconds):
            return time.sleep(seconds)
        case Spawn():
            return _spawn(hub, step, function)


def _settle(work: Callable[[], object]) -> None:
    work()


def _compute(function: Callable[[], Any]) -> Returned | Raised:
    try:
        return Returned(function())
    except Exception as error:
        return Raised(error)


def _wait(flight: Flight, seconds: float) -> bytes | bool | None:
    if flight.thread == threading.get_ident():  # it is below this call, or a task of the loop that this call holds up
        return False
    try:
        return flight.future.result(max(0, seconds))
    except WaitedTooLong:
        return None


def _spawn(hub: CacheHub, step: Spawn, function: Callable[[], Any]) -> bool:
    context = contextvars.copy_context()

    def work() -> None:
        caller = Caller(None, _settle)
        context.run(_walk, hub, step.begin(caller), function)

    return hub.in_background(work)
