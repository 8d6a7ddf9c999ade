"""The caching layer of a store."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Literal, cast

from store.caching.functions import Caching
from store.caching.stats import CacheInfo
from store.core import Core
from store.durations import TTL
from store.errors import InvalidArgument
from store.names import RESERVED, check_name, check_names
from store.undo import keeping
from store.values import shown

if TYPE_CHECKING:
    from store.api import Store
    from store.caching.hub import CacheHub
    from store.caching.policy import Lifetime


class CachingMethods(Core):
    """Caching the results of functions."""

    _hub: CacheHub | None = None

    def cached(  # noqa: PLR0913 - all but the group are options with a name
        self,
        group_id: str,
        *,
        ttl: Lifetime,
        stale: TTL | None = None,
        key: Callable[..., object] | None = None,
        ignore: Iterable[str] = (),
        lease: TTL = 10.0,
        wait: TTL = 30.0,
        on_timeout: Literal["call", "raise"] = "call",
        early: float = 0.0,
        cache_if: Callable[[Any], object] | None = None,
        cache_none: bool = True,
        near: TTL | None = None,
        strict: bool = False,
        on_error: Literal["stale", "raise"] = "stale",
    ) -> Caching:
        """A decorator for functions and coroutine functions: results are kept in a group of this store.

        However many threads, tasks and processes miss a result at once, the function runs once and the others wait for
        it. What it raises is not kept: its caller gets it, and one of those who wait tries next. A result is what JSON
        makes of it, a tuple becomes a list, and nobody shares it. The item holds the plain value under a readable key
        ("base=EUR, quote=USD"), the same for positions, keywords and defaults left out.

        The function then has `key(...)`, `invalidate(...)`, `refresh(...)`, `clear()` and `stats()`; those that use
        the store are coroutines where it is one. Of a method, `self` is an argument like any other: leave it out with
        `ignore=("self",)` if the result does not depend on it, or say with `key=` how it does.

        Args:
            group_id: the group, of this function alone.
            ttl: how long a result is fresh, in seconds or as a timedelta, or a function that says so of the result (0
                or less: it is not kept); None gives the group's default TTL, else for good.
            stale: for so long after that, the old result is served while one caller gets a new one in the background.
            key: makes the key from the arguments: a text, or anything that could be an argument.
            ignore: parameters that do not count.
            lease: whoever runs the function has so long for a sign of life (which comes by itself); then another takes
                over. It takes as long for the others to go on if that process dies.
            wait: how long a call waits at most for another one's result.
            on_timeout: "call" the function then, without storing anything, or "raise" StoreBusy.
            early: above 0, a fresh result is now and then renewed in the background before it expires: the more likely
                the nearer that is, the longer the function takes and the greater `early` is (XFetch; 1 is usual).
            cache_if: whether a result is kept.
            cache_none: whether None is kept.
            near: keep up to 1,024 results in this process for so long, which spares the way to the store; for that
                time, it does not see what others change. `invalidate`, `refresh` and `clear` in this process count at
                once.
            strict: raise what the store raises. Otherwise the function is called as if it was not cached; that is
                counted, and logged once a minute.
            on_error: when a refresh in the background fails, serve the "stale" result for as long as `stale` says, or
                have the next callers run the function themselves, so that they get what it "raise"s.

        Raises:
            InvalidName, InvalidTTL, InvalidArgument: an option is not one, or the group is another function's.
        """
        check_name("group", group_id)
        if group_id.startswith(RESERVED):
            raise InvalidArgument(f"groups that begin with {RESERVED!r} are the store's own; not {shown(group_id)}")
        if isinstance(ignore, str):
            raise InvalidArgument(f"ignore takes names in a tuple, as in ({ignore!r},)")
        from store.caching.policy import Policy  # noqa: PLC0415 - nobody waits for what they do not use

        policy = Policy(
            ttl=ttl,
            stale=stale,
            lease=lease,
            wait=wait,
            on_timeout=on_timeout,
            early=early,
            cache_if=cache_if,
            cache_none=cache_none,
            near=near,
            strict=strict,
            on_error=on_error,
        )
        return Caching(self._caches(), group_id, policy, key, tuple(ignore))

    def cache_stats(self) -> list[CacheInfo]:
        """The counters of every cached group, by name: those of all processes, a few seconds old for others' than this.

        They are items of the group "stepstate:cache", where they can be deleted to count from 0.
        """
        return self._caches().infos()

    def cache_clear(self, group_id: str, keys: Iterable[str] | None = None, *, undo: bool | str = False) -> int:
        """Drop the results of a cached function, all or those under these keys; how many there were.

        It is what the function's `clear` and `invalidate` do, for those who do not have it: a run that is under way at
        the moment is not stored. Who keeps results at hand may use what they have for `near`. `undo` is as in `set`.
        """
        check_name("group", group_id)
        from store.caching.clearing import clear  # noqa: PLC0415

        return clear(self._caches(), group_id, None if keys is None else check_names("key", keys), undo)

    def cache_clear_stale(self, *, limit: int | None = None, undo: bool | str = False) -> int:
        """Drop those results of all cached functions that are past their ttl and still kept (`stale=`); how many.

        `limit` is how many at most: ten thousand may take some seconds. `undo` is as in `set`.
        """
        from store.caching.clearing import clear_stale  # noqa: PLC0415

        return clear_stale(self._caches(), sys.maxsize if limit is None else limit, keeping(undo, "delete"))

    def _caches(self) -> CacheHub:
        hub = self._hub
        if hub is None:
            from store.caching.hub import CacheHub  # noqa: PLC0415

            # One step: of two threads that come here at once, both get the same.
            hub = self.__dict__.setdefault("_hub", CacheHub(cast("Store", self)))
        return hub

    def _close_caches(self) -> None:
        if self._hub is not None:
            self._hub.close()
