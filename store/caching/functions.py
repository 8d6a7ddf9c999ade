"""What `Store.cached` makes of a function."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Awaitable, Callable, Coroutine
from types import MethodType
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, TypeVar, overload

from store.caching.stats import CacheInfo
from store.caching.steps import MISSING
from store.errors import InvalidArgument
from store.lanes import Lane, result_of
from store.values import shown

if TYPE_CHECKING:
    from typing import Self

    from store.caching.engine import Engine
    from store.caching.hub import CacheHub
    from store.caching.keys import Keys
    from store.caching.policy import Policy

P = ParamSpec("P")
Q = ParamSpec("Q")
R = TypeVar("R")
S = TypeVar("S")


class _Function(Generic[P]):
    """What cached functions have in common; as an attribute of a class, one is a method."""

    def __init__(self, engine: Engine, keys: Keys, function: Callable[P, object]) -> None:
        functools.update_wrapper(self, function, updated=())  # type: ignore[arg-type]  # it takes any object
        self._engine = engine
        self._at_hand = engine.at_hand
        self._key_of = keys.of
        self._function: Callable[..., Any] = function
        self._bound: tuple[Any, ...] = ()

    def key(self, *args: P.args, **kwargs: P.kwargs) -> str:
        """The key under which the result of a call with these arguments is stored.

        Raises:
            InvalidArgument: an argument cannot form a stable key.
        """
        return self._key_of(self._bound + args, kwargs)

    def _bind(self, instance: object) -> Self:
        bound = object.__new__(type(self))
        method = MethodType(self._function, instance)
        bound.__dict__.update(self.__dict__, _bound=(instance,), __wrapped__=method)
        return bound

    def __reduce__(self) -> str | tuple[Any, ...]:
        """A function is pickled by its name."""
        return (getattr, (*self._bound, self.__wrapped__.__name__)) if self._bound else self.__qualname__

    def __repr__(self) -> str:
        return f"<cached in {self._engine.group!r}: {self.__wrapped__!r}>"

    __qualname__: str
    __wrapped__: Callable[..., Any]


class Cached(_Function[P], Generic[P, R]):
    """A function whose results are cached; see `Store.cached`."""

    def __init__(self, engine: Engine, keys: Keys, function: Callable[P, R]) -> None:
        from store.caching import threads  # noqa: PLC0415 - see Caching

        super().__init__(engine, keys, function)
        self._threads = threads

    def __call__(self, /, *args: P.args, **kwargs: P.kwargs) -> R:
        everything = self._bound + args if self._bound else args
        key = self._key_of(everything, kwargs)
        result: R = self._at_hand(key)
        return self._get(key, everything, kwargs) if result is MISSING else result

    def refresh(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Run the function whatever is stored, store its result and return it.

        Raises:
            InvalidArgument, StoreBusy, StoreError: as calling it does.
        """
        return self._get(self.key(*args, **kwargs), self._bound + args, kwargs, force=True)

    def invalidate(self, *args: P.args, **kwargs: P.kwargs) -> bool:
        """Drop the result for these arguments; whether there was one.

        A run that is under way at the moment is not stored. Other processes may use what they have of it for `near`.

        Raises:
            StoreError: the store failed, so that the result may still be there.
        """
        return self._engine.results.invalidate(self.key(*args, **kwargs))

    def clear(self) -> int:
        """Drop all results of this function, as `invalidate` does it; how many there were."""
        return self._engine.results.clear()

    def stats(self) -> CacheInfo:
        """What was counted, over all processes and since before this one began."""
        return self._engine.hub.info(self._engine.group)

    @overload
    def __get__(self, instance: None, owner: type) -> Cached[P, R]: ...
    @overload
    def __get__(self: Cached[Concatenate[S, Q], R], instance: S, owner: type | None = None) -> Cached[Q, R]: ...
    def __get__(self, instance: Any, owner: type | None = None) -> Cached[Any, R]:
        return self if instance is None else self._bind(instance)

    def _get(self, key: str, args: tuple[Any, ...], kwargs: dict[str, Any], *, force: bool = False) -> R:
        run = functools.partial(self._function, *args, **kwargs)
        result: R = self._threads.call(self._engine, key, run, force=force)
        return result


class AsyncCached(_Function[P], Generic[P, R]):
    """A coroutine function whose results are cached; see `Store.cached`."""

    def __init__(self, engine: Engine, keys: Keys, function: Callable[P, Awaitable[R]]) -> None:
        from store.caching import tasks  # noqa: PLC0415 - it imports asyncio, which others need not wait for

        super().__init__(engine, keys, function)
        self._tasks = tasks
        if hasattr(inspect, "markcoroutinefunction"):  # from Python 3.12 on
            inspect.markcoroutinefunction(self)

    async def __call__(self, /, *args: P.args, **kwargs: P.kwargs) -> R:
        everything = self._bound + args
        key = self._key_of(everything, kwargs)
        result: R = self._at_hand(key)
        return await self._get(key, everything, kwargs) if result is MISSING else result

    async def refresh(self, *args: P.args, **kwargs: P.kwargs) -> R:
        return await self._get(self.key(*args, **kwargs), self._bound + args, kwargs, force=True)

    async def invalidate(self, *args: P.args, **kwargs: P.kwargs) -> bool:
        return await self._in_store(functools.partial(self._engine.results.invalidate, self.key(*args, **kwargs)))

    async def clear(self) -> int:
        return await self._in_store(self._engine.results.clear)

    async def stats(self) -> CacheInfo:
        return await self._in_store(functools.partial(self._engine.hub.info, self._engine.group))

    refresh.__doc__ = Cached.refresh.__doc__
    invalidate.__doc__ = Cached.invalidate.__doc__
    clear.__doc__ = Cached.clear.__doc__
    stats.__doc__ = Cached.stats.__doc__

    @overload
    def __get__(self, instance: None, owner: type) -> AsyncCached[P, R]: ...
    @overload
    def __get__(
        self: AsyncCached[Concatenate[S, Q], R], instance: S, owner: type | None = None
    ) -> AsyncCached[Q, R]: ...
    def __get__(self, instance: Any, owner: type | None = None) -> AsyncCached[Any, R]:
        return self if instance is None else self._bind(instance)

    async def _get(self, key: str, args: tuple[Any, ...], kwargs: dict[str, Any], *, force: bool = False) -> R:
        run = functools.partial(self._function, *args, **kwargs)
        result: R = await self._tasks.call(self._engine, key, run, force=force)
        return result

    async def _in_store(self, work: Callable[[], S]) -> S:
        return await result_of(self._engine.hub.submit(Lane.WRITES, work))


class Caching:
    """The decorator that `cached` gives."""

    def __init__(
        self, hub: CacheHub, group: str, policy: Policy, key: Callable[..., object] | None, ignore: tuple[str, ...]
    ) -> None:
        self._hub = hub
        self._group = group
        self._policy = policy
        self._key = key
        self._ignore = ignore

    @overload
    def __call__(  # type: ignore[overload-overlap]  # a coroutine function is a function, and the first that fits counts
        self, function: Callable[P, Coroutine[Any, Any, R]]
    ) -> AsyncCached[P, R]: ...
    @overload
    def __call__(self, function: Callable[P, R]) -> Cached[P, R]: ...
    def __call__(self, function: Callable[..., Any]) -> Any:
        if not callable(function) or isinstance(function, classmethod | staticmethod | type):
            raise InvalidArgument(
                f"cached() goes on functions, below @classmethod and the like; not on {shown(function)}"
            )
        if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
            raise InvalidArgument(f"cached() goes on functions that return their result; {shown(function)} yields")
        # What only those need who cache is imported for them.
        from store.caching.engine import Engine  # noqa: PLC0415
        from store.caching.keys import Keys  # noqa: PLC0415

        keys = Keys(function, self._key, self._ignore)
        counters = self._hub.register(self._group, _name_of(function), self._policy, own_key=self._key is not None)
        engine = Engine(self._hub, self._group, self._policy, counters)
        return AsyncCached(engine, keys, function) if _is_async(function) else Cached(engine, keys, function)


class AsyncCaching:
    """The decorator that `AsyncStore.cached` gives."""

    def __init__(self, caching: Caching) -> None:
        self._caching = caching

    def __call__(self, function: Callable[P, Coroutine[Any, Any, R]]) -> AsyncCached[P, R]:
        if not _is_async(function):
            raise InvalidArgument(f"an AsyncStore caches coroutine functions; {shown(function)} would block")
        return self._caching(function)


def _is_async(function: Callable[..., object]) -> bool:
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(type(function).__call__)


def _name_of(function: Callable[..., object]) -> str:
    named = inspect.unwrap(function)
    return f"{named.__module__}.{getattr(named, '__qualname__', type(named).__qualname__)}"
