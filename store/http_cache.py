"""httpx clients whose responses are cached in a store by the rules of HTTP (RFC 9111), which hishel knows.

Needs the extra: pip install stepstate[http].
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from typing import Any, Final, TypeAlias, TypeVar, cast
from uuid import UUID, uuid4

from store.aio import AsyncStore
from store.api import Store
from store.durations import TTL
from store.errors import InvalidArgument, StoreError
from store.lanes import Lane, result_of
from store.values import shown

try:
    import hishel
    import httpx
    from hishel.httpx import AsyncCacheTransport, CacheTransport
except ImportError as error:
    raise ImportError("store.http_cache needs httpx and hishel: pip install stepstate[http]") from error

from store.http_entries import CACHED, SAFE, Fields, Response
from store.http_shelf import Found, Shelf

R = TypeVar("R")
Stream: TypeAlias = Iterator[bytes] | AsyncIterator[bytes]

DAY: Final = 24 * 3600


def cached_client(
    state: Store, group: str = "http", *, shared: bool = True, stale_for: TTL | None = DAY, **options: Any
) -> httpx.Client:
    """An httpx client whose responses are cached in a group of a store, to be shared with all who use that group.

    hishel decides by RFC 9111 what is stored, what is served and when the server is asked whether it still holds (ETag,
    Last-Modified). Each response is an item: its key is method and URL, and the fields it varies by if any; its TTL is
    the response's own freshness, and `stale_for` on top where the server can be asked. Without the item, whether it
    expired or was deleted, the server is asked anew. A response is stored once it was read to its end, if it fits the
    store's `max_value_bytes`; without its content coding (gzip), so that it can be read. A store that fails never takes
    a request down: that is logged once a minute, and the server is asked.

    `response.extensions["caching"]` says what happened (`from_cache`, `revalidated`, `stored`). The request's extension
    of the same name overrides `rfc`, `ttl`, `tti` and `key` as hishel describes them; a `tti` counts from storing.

    Args:
        state: the store; it stays the caller's to close.
        group: the group that holds the responses.
        shared: follow the rules for a cache that serves several users: what is `private`, and mostly what was asked for
            with Authorization, is not stored. False stores it, and keeps apart what was asked for with different
            Authorization or Cookie fields.
        stale_for: seconds or a timedelta; None for not at all.
        options: those of `httpx.Client`. A `transport` is what does the requests that the cache does not answer.

    Raises:
        InvalidArgument, InvalidName, InvalidTTL: `state` is no Store, `group` no name or `stale_for` no time.
    """
    if not isinstance(state, Store):
        raise InvalidArgument(f"cached_client takes a Store, not {shown(state)}; there is cached_async_client")
    shelf = Shelf(state, group, shared, stale_for)
    return _Client(lambda transport: _Transport(shelf, transport), options)


def cached_async_client(
    state: AsyncStore, group: str = "http", *, shared: bool = True, stale_for: TTL | None = DAY, **options: Any
) -> httpx.AsyncClient:
    """An httpx.AsyncClient over an AsyncStore; all else is as with `cached_client`."""
    if not isinstance(state, AsyncStore):
        raise InvalidArgument(f"cached_async_client takes an AsyncStore, not {shown(state)}; there is cached_client")
    shelf = Shelf(state._store, group, shared, stale_for)
    return _AsyncClient(lambda transport: _AsyncTransport(shelf, transport, state), options)


class _Exchange:
    """One request and what is stored for it: what hishel's storages of both kinds do."""

    def __init__(self, shelf: Shelf, request: httpx.Request) -> None:
        super().__init__()
        self._shelf = shelf
        self._asked = shelf.asked(request)
        self._found: dict[UUID, Found | str] = {}  # the items of the entries that hishel was given, or their keys

    def _entries(self, stream: Callable[[bytes], Stream]) -> list[hishel.Entry]:
        """What is stored for the request; of one that changes things, all that it may make invalid."""
        asked = self._asked
        if asked.method not in SAFE:
            return [
                self._entry(base, hishel.Request(method, asked.url), hishel.Response(0))
                for base, method in zip(asked.bases, CACHED, strict=True)
            ]
        found = self._shelf.find(asked)
        if found is None:
            return []
        # It was found by the fields that it varies by: where hishel compares them, they are the request's own.
        request = hishel.Request(asked.method, found.url, hishel.Headers(asked.headers))
        status, fields, body = found.response
        return [self._entry(found, request, hishel.Response(status, hishel.Headers(fields), stream(body)))]

    def _entry(self, found: Found | str, request: hishel.Request, response: hishel.Response) -> hishel.Entry:
        entry = hishel.Entry(uuid4(), request, response)
        self._found[entry.id] = found
        return entry

    def _created(self, request: hishel.Request, response: hishel.Response, saving: Stream) -> hishel.Entry:
        stored = not self._asked.wants_no_store
        return hishel.Entry(uuid4(), request, replace(response, stream=saving) if stored else response)

    def _keep(self, response: hishel.Response, body: _Body, ttl: float | None) -> None:
        if body.gathered is not None:
            whole = Response(response.status_code, _fields(response.headers), bytes(body.gathered))
            self._shelf.keep(self._asked, whole, ttl)

    def _refresh(self, entry_id: UUID, headers: hishel.Headers) -> None:
        found = self._found.get(entry_id)
        if isinstance(found, Found):
            self._shelf.refresh(self._asked, found, _fields(headers))

    def _forget(self, entry_id: UUID) -> None:
        found = self._found.get(entry_id)
        if found is not None:
            self._shelf.forget(found if isinstance(found, str) else found.key)


class _Storage(_Exchange, hishel.BaseStorage):
    """hishel's storage, for one request."""

    def create_entry(
        self,
        request: hishel.Request,
        response: hishel.Response,
        _key: str,
        *,
        ttl: float | None = None,
        tti: float | None = None,
    ) -> hishel.Entry:
        return self._created(request, response, self._saving(response, _shortest(ttl, tti)))

    def get_entries(self, _key: str) -> list[hishel.Entry]:
        return self._do(lambda: self._entries(_stream)) or []

    def update_headers(self, id: UUID, headers: hishel.Headers) -> None:
        self._do(lambda: self._refresh(id, headers))

    def remove_entry(self, id: UUID) -> None:
        self._do(lambda: self._forget(id))

    def _saving(self, response: hishel.Response, ttl: float | None) -> Iterator[bytes]:
        body = _Body(self._shelf.limit)
        for chunk in cast("Iterator[bytes]", response.stream or ()):
            body.add(chunk)
            yield chunk
        self._do(lambda: self._keep(response, body, ttl))

    def _do(self, work: Callable[[], R]) -> R | None:
        try:
            return work()
        except StoreError as error:
            self._shelf.failed(error)
            return None


class _AsyncStorage(_Exchange, hishel.AsyncBaseStorage):
    """The same over an AsyncStore, in its threads."""

    def __init__(self, shelf: Shelf, request: httpx.Request, state: AsyncStore) -> None:
        super().__init__(shelf, request)
        self._state = state

    async def create_entry(
        self,
        request: hishel.Request,
        response: hishel.Response,
        _key: str,
        *,
        ttl: float | None = None,
        tti: float | None = None,
    ) -> hishel.Entry:
        return self._created(request, response, self._saving(response, _shortest(ttl, tti)))

    async def get_entries(self, _key: str) -> list[hishel.Entry]:
        return await self._do(Lane.READS, lambda: self._entries(_async_stream)) or []

    async def update_headers(self, id: UUID, headers: hishel.Headers) -> None:
        await self._do(Lane.WRITES, lambda: self._refresh(id, headers))

    async def remove_entry(self, id: UUID) -> None:
        await self._do(Lane.WRITES, lambda: self._forget(id))

    async def _saving(self, response: hishel.Response, ttl: float | None) -> AsyncIterator[bytes]:
        body = _Body(self._shelf.limit)
        async for chunk in cast("AsyncIterator[bytes]", response.stream or _async_stream(b"")):
            body.add(chunk)
            yield chunk
        await self._do(Lane.WRITES, lambda: self._keep(response, body, ttl))

    async def _do(self, lane: Lane, work: Callable[[], R]) -> R | None:
        try:
            return await result_of(self._state._submit(lane, lambda _: work()))
        except StoreError as error:
            self._shelf.failed(error)
            return None


class _Body:
    """A body that is gathered while somebody else reads it; None once it is too large to be stored."""

    def __init__(self, limit: int) -> None:
        self._left = limit
        self.gathered: bytearray | None = bytearray()

    def add(self, chunk: bytes) -> None:
        """The next piece."""
        self._left -= len(chunk)
        if self.gathered is not None and self._left >= 0:
            self.gathered += chunk
        else:
            self.gathered = None


class _Transport(httpx.BaseTransport):
    """Answers requests from the store, or has another transport answer them."""

    def __init__(self, shelf: Shelf, following: httpx.BaseTransport) -> None:
        self._shelf = shelf
        self._following = following

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        storage = _Storage(self._shelf, request)
        return CacheTransport(self._following, storage, self._shelf.options).handle_request(request)

    def close(self) -> None:
        self._following.close()


class _AsyncTransport(httpx.AsyncBaseTransport):
    def __init__(self, shelf: Shelf, following: httpx.AsyncBaseTransport, state: AsyncStore) -> None:
        self._shelf = shelf
        self._following = following
        self._state = state

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        storage = _AsyncStorage(self._shelf, request, self._state)
        return await AsyncCacheTransport(self._following, storage, self._shelf.options).handle_async_request(request)

    async def aclose(self) -> None:
        await self._following.aclose()


class _Client(httpx.Client):
    """A client all of whose transports are wrapped, those for proxies too: as hishel's own clients do it."""

    def __init__(self, wrap: Callable[[httpx.BaseTransport], httpx.BaseTransport], options: dict[str, Any]) -> None:
        self._wrap = wrap
        super().__init__(**_wrapping_mounts(wrap, options))

    def _init_transport(self, *args: Any, **kwargs: Any) -> httpx.BaseTransport:
        return self._wrap(super()._init_transport(*args, **kwargs))

    def _init_proxy_transport(self, *args: Any, **kwargs: Any) -> httpx.BaseTransport:
        return self._wrap(super()._init_proxy_transport(*args, **kwargs))


class _AsyncClient(httpx.AsyncClient):
    def __init__(
        self, wrap: Callable[[httpx.AsyncBaseTransport], httpx.AsyncBaseTransport], options: dict[str, Any]
    ) -> None:
        self._wrap = wrap
        super().__init__(**_wrapping_mounts(wrap, options))

    def _init_transport(self, *args: Any, **kwargs: Any) -> httpx.AsyncBaseTransport:
        return self._wrap(super()._init_transport(*args, **kwargs))

    def _init_proxy_transport(self, *args: Any, **kwargs: Any) -> httpx.AsyncBaseTransport:
        return self._wrap(super()._init_proxy_transport(*args, **kwargs))


def _wrapping_mounts(wrap: Callable[[Any], Any], options: dict[str, Any]) -> dict[str, Any]:
    mounts = options.get("mounts") or {}
    return {**options, "mounts": {pattern: mount and wrap(mount) for pattern, mount in mounts.items()}}


def _shortest(*limits: float | None) -> float | None:
    return min((limit for limit in limits if limit is not None), default=None)


def _fields(headers: hishel.Headers) -> Fields:
    return {name: headers.get_list(name) or [] for name in headers}


def _stream(body: bytes) -> Iterator[bytes]:
    yield body


async def _async_stream(body: bytes) -> AsyncIterator[bytes]:
    yield body
