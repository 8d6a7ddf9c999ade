"""fork() while other threads are inside the store: they are let finish first, so that the child inherits no lock held.

A lock that a thread holds at a fork stays held in the child for ever: the thread that would release it is not there. So
before a fork the forking thread takes every lock of every store itself, and gives them back on both sides.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable
from enum import IntEnum
from typing import Any, TypeAlias, TypeVar

Owner = TypeVar("Owner")
Call: TypeAlias = tuple[weakref.ref[Any], Callable[[Any], None]]
Lock: TypeAlias = "threading.Lock | threading.RLock"


class Rank(IntEnum):
    """The order in which a thread takes locks of which it holds several."""

    BACKEND = 0
    CLOCK = 1
    INNERMOST = 2  # no other lock is taken under it


_locks: dict[Rank, weakref.WeakSet[Lock]] = {rank: weakref.WeakSet() for rank in Rank}
_forking = threading.Lock()  # held while forking and while a lock joins the others
_held: list[Lock] = []
_before_calls: list[Call] = []
_child_calls: list[Call] = []


def survives_fork(lock: Lock, rank: Rank) -> None:
    """Have a lock taken before each fork of the process and released after it, for as long as the lock exists."""
    with _forking:
        _locks[rank].add(lock)


def before_fork(owner: Owner, method: Callable[[Owner], None]) -> None:
    """Have `method(owner)` called before each fork, while all locks are held, for as long as `owner` exists."""
    _add(_before_calls, owner, method)


def after_fork(owner: Owner, method: Callable[[Owner], None]) -> None:
    """Have `method(owner)` called in each child process, for as long as `owner` exists; in the order of these calls.

    Threads do not come along into a child, and connections must not be used there: what has them begins anew.
    """
    _add(_child_calls, owner, method)


def _add(calls: list[Call], owner: Owner, method: Callable[[Owner], None]) -> None:
    with _forking:
        calls[:] = [call for call in calls if call[0]() is not None]
        calls.append((weakref.ref(owner), method))


def _make(calls: list[Call]) -> None:
    for owner, method in calls[:]:
        alive = owner()
        if alive is not None:
            method(alive)


def _before() -> None:
    _forking.acquire()
    for rank in Rank:
        for lock in list(_locks[rank]):
            lock.acquire()
            _held.append(lock)
    _make(_before_calls)


def _after() -> None:
    while _held:
        _held.pop().release()
    _forking.release()


def _in_child() -> None:
    _after()
    _make(_child_calls)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before, after_in_parent=_after, after_in_child=_in_child)
