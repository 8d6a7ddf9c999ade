"""The HTTP responses in one group of a store: found, kept, refreshed and forgotten."""

from __future__ import annotations

import time
from typing import Any, NamedTuple
from uuid import uuid4

import hishel
import httpx

from store.api import Store
from store.durations import KEEP, TTL, milliseconds
from store.errors import StoreError, ValueTooLarge, VersionConflict
from store.http_entries import (
    Asked,
    Fields,
    Response,
    asked_by,
    decoded,
    head_of,
    index_of,
    labels_of,
    lifetime,
    received,
    response_of,
    value_of,
    variant_key,
    varying,
)
from store.names import check_name


class Found(NamedTuple):
    """An item that was found, and its value as it was then."""

    key: str
    value: dict[str, Any]
    url: str
    response: Response


class Shelf:
    """The responses in one group of a store."""

    def __init__(self, state: Store, group: str, shared: bool, stale_for: TTL | None) -> None:
        check_name("group", group)
        self.limit = state.max_value_bytes
        self.options = hishel.CacheOptions(shared=shared)
        self._state = state
        self._group = group
        self._stale_for = 0.0 if stale_for is None else milliseconds(stale_for, "stale_for") / 1000

    def asked(self, request: httpx.Request) -> Asked:
        """What a request asks for."""
        own = request.extensions.get("caching", {})
        rfc: bool | hishel.CacheOptions = own.get("rfc", self.options)
        private = rfc is False or (rfc is not True and not rfc.get("shared", True))
        return asked_by(request, private=private, key=own.get("key"))

    def failed(self, error: StoreError) -> None:
        """Say that the store could not do something; the request goes on without it."""
        if not isinstance(error, ValueTooLarge | VersionConflict):  # it does not fit; somebody else was first
            self._state._caches().warn(
                f"http {self._group}", f"HTTP responses are not cached in {self._group!r}: {error}"
            )

    def find(self, asked: Asked) -> Found | None:
        """The response to such a request."""
        key, labels = asked.base, None
        value = self._state.get(self._group, key)
        mark = None
        if isinstance(value, dict) and isinstance(value.get("varies_by"), list):
            mark, labels = value.get("mark"), labels_of(asked, map(str, value["varies_by"]))
            key = variant_key(asked, labels)
            value = self._state.get(self._group, key)
        response = response_of(value)
        if response is None or (value.get("mark"), value.get("vary")) != (mark, labels):
            return None
        url = asked.url if value.get("url") == asked.shown else str(value.get("url"))
        return Found(key, value, url, response)

    def keep(self, asked: Asked, response: Response, ttl: float | None) -> None:
        """Store a response; for `ttl` seconds, or as long as it is worth it."""
        now = time.time()
        response = decoded(response._replace(fields=received(response.fields, now)), self.limit)
        seconds = self._lifetime(asked, response.fields, now) if ttl is None else ttl
        if seconds <= 0:
            return
        key, value = asked.base, value_of(asked, response, now)
        if ttl is not None:
            value["ttl"] = ttl
        names = varying(response.fields)
        if names:
            labels = labels_of(asked, names)
            key = variant_key(asked, labels)
            value |= {"vary": labels, "mark": self._mark(asked, names, seconds)}
        self._state.set(self._group, key, value, ttl=seconds)

    def refresh(self, asked: Asked, found: Found, fields: Fields) -> None:
        """The server says that a response still holds, with these header fields."""
        now = time.time()
        fields = received(fields, now, found.response.fields.get("date"))
        seconds = self._lifetime(asked, fields, now)
        if seconds <= 0:
            self.forget(found.key)
            return
        item = self._state.item(self._group, found.key)
        if item is None or item.value != found.value:
            return
        value = {**found.value, **head_of(fields, private=asked.private, now=now)}
        ttl = KEEP if "ttl" in value else seconds
        self._state.set(self._group, found.key, value, ttl=ttl, if_version=item.version)
        names = varying(fields)
        if names:  # if they are others than before, nothing under the old ones counts any more
            self._mark(asked, names, seconds)

    def forget(self, key: str) -> None:
        """Remove an item."""
        self._state.delete(self._group, key)

    def _lifetime(self, asked: Asked, fields: Fields, now: float) -> float:
        return lifetime(fields, private=asked.private, stale_for=self._stale_for, now=now)

    def _mark(self, asked: Asked, names: list[str], seconds: float) -> str:
        """The mark of the responses that count, in an index that lives as long as any of them.

        Removing the index is enough to remove them all: the next one has another mark.
        """
        index = self._state.get(self._group, asked.base)
        if isinstance(index, dict) and index.get("varies_by") == names and isinstance(index.get("mark"), str):
            if (self._state.ttl(self._group, asked.base) or 0) < seconds:
                self._state.expire(self._group, asked.base, seconds)
            return str(index["mark"])
        mark = uuid4().hex
        self._state.set(self._group, asked.base, index_of(asked, names, mark), ttl=seconds)
        return mark
