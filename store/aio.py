"""AsyncStore: the methods of Store as coroutines. What may wait for a lock or the disk runs in threads of its own."""

from __future__ import annotations

import contextvars
import functools
import threading
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Generator, Iterator
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, Self, TypeVar

from store.api import Store
from store.caching.functions import AsyncCaching, Caching
from store.errors import StoreClosed
from store.forking import after_fork
from store.lanes import Lane, Lanes, result_of
from store.values import stored

if TYPE_CHECKING:
    from types import TracebackType

P = ParamSpec("P")
R = TypeVar("R")
C = TypeVar("C", bound=Callable[..., object])

AHEAD_SECONDS = 0.01


def _in_thread(
    lane: Lane, method: Callable[Concatenate[Store, P], R]
) -> Callable[Concatenate[AsyncStore, P], Coroutine[Any, Any, R]]:
    """A method of Store as a coroutine that a thread runs, in the context of its caller."""

    async def call(self: AsyncStore, /, *args: P.args, **kwargs: P.kwargs) -> R:
        return await result_of(self._submit(lane, lambda store: method(store, *args, **kwargs)))

    return _named(call, method)


def _iterating(
    method: Callable[Concatenate[Store, P], Iterator[R]],
) -> Callable[Concatenate[AsyncStore, P], AsyncIterator[R]]:
    """A method of Store that gives an iterator, as an async iterator."""

    async def call(self: AsyncStore, /, *args: P.args, **kwargs: P.kwargs) -> AsyncIterator[R]:
        rows = await result_of(self._submit(Lane.READS, lambda store: method(store, *args, **kwargs)))
        while some := await result_of(self._submit(Lane.READS, lambda _: _next_few(rows))):
            for row in some:
                yield row

    return _named(call, method)


def _next_few(rows: Iterator[R]) -> list[R]:
    # A thread for each row would take longer than most rows do; how large they are is not known here.
    few: list[R] = []
    until = time.monotonic() + AHEAD_SECONDS
    for row in rows:
        few.append(row)
        if time.monotonic() >= until:
            break
    return few


def _inline(
    method: Callable[Concatenate[Store, P], R],
) -> Callable[Concatenate[AsyncStore, P], Coroutine[Any, Any, R]]:
    """A method of Store that never waits, as a coroutine."""

    async def call(self: AsyncStore, /, *args: P.args, **kwargs: P.kwargs) -> R:
        return method(self._store, *args, **kwargs)

    return _named(call, method)


def _caching(
    method: Callable[Concatenate[Store, P], Caching],
) -> Callable[Concatenate[AsyncStore, P], AsyncCaching]:
    """A method of Store that gives a decorator, as one for coroutine functions."""

    def call(self: AsyncStore, /, *args: P.args, **kwargs: P.kwargs) -> AsyncCaching:
        return AsyncCaching(method(self._store, *args, **kwargs))

    return _named(call, method)


def _named(call: C, method: Callable[..., object]) -> C:
    functools.update_wrapper(call, method, assigned=("__name__", "__doc__", "__annotations__"))
    call.__qualname__ = f"AsyncStore.{method.__name__}"
    return call


class AsyncStore:
    """The methods of `Store` as coroutines, with the same arguments, results and errors; see `open_async_store`.

    What may wait for a lock or the disk runs in a few threads of this store, so the event loop never stands still; a
    `get` that the in-process cache can answer does not need one. Safe to use from several event loops and threads.

    Writes happen in the order in which they were called; `restore`, `discard`, `sweep`, `backup` and `load` run beside
    them. If a call is cancelled before it has begun, nothing happens; one that has begun is completed, exactly once. A
    write waits for the lock up to twice the store's `timeout`: in the queue, and in its turn.

    What is given to a call is used in a thread: values must not be changed before it returns, files may block, and
    `progress` is called there.

    As an async context manager it closes itself.
    """

    def __init__(self, store: Store, lanes: Lanes | None = None) -> None:
        self._store = store
        self._lanes = lanes or Lanes()
        self._open = True
        self._closing: Future[None] | None = None
        self._lock = threading.Lock()  # held to begin closing
        after_fork(self, AsyncStore._after_fork)

    @property
    def max_value_bytes(self) -> int:
        """The most bytes of JSON text a value may have."""
        return self._store.max_value_bytes

    @property
    def location(self) -> str:
        """Where the store keeps its items, in words for people."""
        return self._store.location

    async def get(self, group_id: str, key: str, default: Any = None) -> Any:
        text = self._store._peek(group_id, key) if self._open else None
        return await self._get(group_id, key, default) if text is None else stored(text)

    get.__doc__ = Store.get.__doc__

    _get = _in_thread(Lane.READS, Store.get)
    item = _in_thread(Lane.READS, Store.item)
    list = _in_thread(Lane.READS, Store.list)
    get_many = _in_thread(Lane.READS, Store.get_many)
    items = _in_thread(Lane.READS, Store.items)
    count = _in_thread(Lane.READS, Store.count)
    ttl = _in_thread(Lane.READS, Store.ttl)
    groups = _in_thread(Lane.READS, Store.groups)
    group = _in_thread(Lane.READS, Store.group)
    branches = _in_thread(Lane.READS, Store.branches)
    stale = _in_thread(Lane.READS, Store.stale)
    revision = _in_thread(Lane.READS, Store.revision)
    stats = _in_thread(Lane.READS, Store.stats)  # asks the disk for the size of the file

    set = _in_thread(Lane.WRITES, Store.set)
    update = _in_thread(Lane.WRITES, Store.update)
    delete = _in_thread(Lane.WRITES, Store.delete)
    set_many = _in_thread(Lane.WRITES, Store.set_many)
    delete_many = _in_thread(Lane.WRITES, Store.delete_many)
    expire = _in_thread(Lane.WRITES, Store.expire)
    expire_many = _in_thread(Lane.WRITES, Store.expire_many)
    persist = _in_thread(Lane.WRITES, Store.persist)
    clear = _in_thread(Lane.WRITES, Store.clear)
    configure = _in_thread(Lane.WRITES, Store.configure)
    finish = _in_thread(Lane.WRITES, Store.finish)
    reopen = _in_thread(Lane.WRITES, Store.reopen)
    cleanup = _in_thread(Lane.WRITES, Store.cleanup)

    rules = _in_thread(Lane.READS, Store.rules)
    rule = _in_thread(Lane.READS, Store.rule)
    save_rule = _in_thread(Lane.WRITES, Store.save_rule)
    drop_rule = _in_thread(Lane.WRITES, Store.drop_rule)

    trash = _in_thread(Lane.READS, Store.trash)
    trash_entry = _in_thread(Lane.READS, Store.trash_entry)
    restore = _in_thread(Lane.UPKEEP, Store.restore)
    discard = _in_thread(Lane.UPKEEP, Store.discard)

    sweep = _in_thread(Lane.UPKEEP, Store.sweep)
    backup = _in_thread(Lane.UPKEEP, Store.backup)
    load = _in_thread(Lane.UPKEEP, Store.load)

    export = _iterating(Store.export)
    export_items = _iterating(Store.export_items)
    importable = _iterating(Store.importable)

    now = _inline(Store.now)

    cached = _caching(Store.cached)
    cache_stats = _in_thread(Lane.READS, Store.cache_stats)
    cache_clear = _in_thread(Lane.WRITES, Store.cache_clear)
    cache_clear_stale = _in_thread(Lane.WRITES, Store.cache_clear_stale)

    async def close(self) -> None:
        """Wait for the calls that were made before, then close the store; every later call raises StoreClosed.

        Closing twice is fine. Cancelled, it no longer waits, and the store is closed all the same.
        """
        await result_of(self._begin_closing())

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def _submit(self, lane: Lane, work: Callable[[Store], R]) -> Future[R]:
        context = contextvars.copy_context()  # as asyncio.to_thread does
        try:
            return self._lanes.submit(lane, lambda: context.run(work, self._store))
        except RuntimeError:
            if self._open:
                raise
            raise StoreClosed("the store was closed") from None

    def _begin_closing(self) -> Future[None]:
        with self._lock:
            if self._closing is None:
                self._open = False
                self._lanes.end(wait=False)  # takes no calls any more
                closing: Future[None] = Future()
                closing.set_running_or_notify_cancel()  # from now on, who waits for it cannot cancel it
                threading.Thread(target=self._close, args=(closing,), name="stepstate-close").start()
                self._closing = closing
            return self._closing

    def _close(self, closing: Future[None]) -> None:
        try:
            self._lanes.end(wait=True)
            self._store.close()
        except BaseException as error:
            closing.set_exception(error)
        else:
            closing.set_result(None)

    def _after_fork(self) -> None:
        # In a child process: locks may have been held, and a close() that was under way goes on in the parent only.
        self._lock = threading.Lock()
        self._closing = None


class Opening:
    """A store that is being opened: `await` it, or use it in `async with`, which closes the store at the end."""

    def __init__(self, open_store: Callable[[], Store]) -> None:
        self._open_store = open_store

    def __await__(self) -> Generator[Any, None, AsyncStore]:
        return self._open().__await__()

    async def __aenter__(self) -> AsyncStore:
        self._state = await self
        return self._state

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._state.close()

    async def _open(self) -> AsyncStore:
        lanes = Lanes()
        opened = lanes.submit(Lane.WRITES, self._open_store)  # whose connection is of use later
        try:
            return AsyncStore(await result_of(opened), lanes)
        except BaseException:
            # Cancelled, it may still come to be opened: nobody has it then, so it is closed.
            lanes.submit(Lane.WRITES, functools.partial(_close_unwanted, opened))
            lanes.end(wait=False)
            raise


def _close_unwanted(opened: Future[Store]) -> None:
    if not opened.cancelled() and opened.exception() is None:
        opened.result().close()
