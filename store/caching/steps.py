"""What a call of a cached function has to wait for, step by step. Threads and tasks take the same steps, each its way:
threads.py and tasks.py.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias, TypeVar

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

    from store.caching.flights import Flight
    from store.lanes import Lane

T = TypeVar("T")

MISSING: Final = object()
"""Where there is no result; None may be one."""


class Caller:
    """Who takes the steps of a call: a thread, or a task of an event loop. Whoever holds it is still at it.

    Args:
        loop: the task's.
        settle: uses the store to clean up, whatever happened before; a task does not wait for it.
    """

    def __init__(self, loop: AbstractEventLoop | None, settle: Callable[[Callable[[], object]], None]) -> None:
        self.loop = loop
        self.settle = settle


class InStore(NamedTuple):
    """Use the store, which may block; gives what `work` returns and raises what it raises."""

    work: Callable[[], Any]
    lane: Lane


class Compute(NamedTuple):
    """Run the cached function; gives Returned or Raised."""


class Wait(NamedTuple):
    """Wait for what another call is about to get; gives its JSON text, or None if there is none or time is up.

    False says that it would wait for itself.
    """

    flight: Flight
    seconds: float


class Sleep(NamedTuple):
    """Let some time pass."""

    seconds: float


class Spawn(NamedTuple):
    """Have another caller take other steps in the background, for the same arguments; gives whether one will."""

    begin: Callable[[Caller], Steps[None]]


Step: TypeAlias = InStore | Compute | Wait | Sleep | Spawn
Steps: TypeAlias = Generator[Step, Any, T]


class Returned(NamedTuple):
    """The function came back with a value."""

    value: Any


class Raised(NamedTuple):
    """The function raised."""

    error: Exception


class Answer(NamedTuple):
    """What a call comes to: the result as JSON text and as the caller gets it, and whether the function ran for it."""

    text: bytes
    value: Any
    ran: bool = False


Outcome: TypeAlias = Answer | Raised


def settled(outcome: Outcome) -> Any:
    """The result, for a caller alone; or what the function raised, raised."""
    if isinstance(outcome, Answer):
        return outcome.value
    try:
        raise outcome.error
    finally:
        del outcome  # the error's traceback refers to this frame


class GaveUp(BaseException):
    """The steps are not taken to their end."""


def give_up(steps: Steps[Any]) -> None:
    """Have steps clean up that are not taken any further."""
    with contextlib.suppress(GaveUp):
        steps.throw(GaveUp())
