"""Who in this process is about to get which result: the others wait for it instead of getting it as well."""

from __future__ import annotations

import threading
import time
import weakref
from concurrent.futures import Future
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

    from store.caching.steps import Caller

Place: TypeAlias = tuple[str, str]
"""A group and a key."""


class Flight:
    """One run for one key. Threads and the tasks of any event loop wait for its `future`.

    The future gives the result's JSON text, or None if whoever waits has to try again.
    """

    def __init__(self, place: Place, *, forced: bool) -> None:
        self.place = place
        self.forced = forced
        self.future: Future[bytes | None] = Future()
        self.future.set_running_or_notify_cancel()  # from now on, a task that stops waiting cannot cancel it
        self.started_at = time.monotonic()
        self.thread = 0
        self._caller: weakref.ref[Caller] | None = None
        self._loop: AbstractEventLoop | None = None

    def led_by(self, caller: Caller) -> None:
        """Note who gets the result, and in which thread once it is known."""
        self._caller = weakref.ref(caller)
        self._loop = caller.loop

    def is_abandoned(self) -> bool:
        """Whether nobody will end it: its task was dropped, or the event loop was closed around it."""
        gone = self._caller is not None and self._caller() is None
        return not self.future.done() and (gone or (self._loop is not None and self._loop.is_closed()))


class Flights:
    """The flights of one store, by place."""

    def __init__(self) -> None:
        self.after_fork()

    def after_fork(self) -> None:
        """In a child process: who was in flight is not here."""
        self._lock = threading.Lock()
        self._under_way: dict[Place, Flight] = {}

    def join(self, place: Place, *, forced: bool = False) -> tuple[Flight, bool]:
        """The flight that is under way, or a new one; whether it is new: then the caller has to lead and `end` it.

        `forced`: a new one runs the function whatever is stored.
        """
        with self._lock:
            flight = self._under_way.get(place)
            if flight is not None and not flight.is_abandoned():
                return flight, False
            flight = self._under_way[place] = Flight(place, forced=forced)
            return flight, True

    def end(self, flight: Flight, text: bytes | None) -> None:
        """Hand the result to those who wait; nothing happens if the flight has ended before."""
        with self._lock:
            if flight.future.done():
                return
            if self._under_way.get(flight.place) is flight:
                del self._under_way[flight.place]
            flight.future.set_result(text)

    def forget(self, group: str, key: str | None = None) -> None:
        """Let nobody join the flights of a key, or of a whole group, any more."""
        with self._lock:
            if key is not None:
                self._under_way.pop((group, key), None)
            else:
                self._under_way = {place: flight for place, flight in self._under_way.items() if place[0] != group}
