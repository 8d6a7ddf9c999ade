"""Dashboards that are asked for pages as a server would ask them, but without a network between."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from time import perf_counter
from typing import Any, ClassVar

from dashboard import create_app
from dashboard.access import ACCESS, Access
from dashboard.regions import Regions
from store import Store

HOST = "127.0.0.1:8040"
LIVE = "live:"  # before a path: what is rendered of it for those who look at it, when something has changed

Message = MutableMapping[str, Any]
Asgi = Callable[[Any, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Awaitable[None]]


class Site:
    """A dashboard over its content."""

    name: ClassVar[str]

    def times(self, paths: Sequence[str], calls: int) -> list[float]:
        """Ask so many times for these paths, one after the other; the seconds that each time took.

        Raises:
            LookupError: an answer was no page.
        """
        raise NotImplementedError

    def page(self, path: str) -> str:
        """The HTML of a page."""
        raise NotImplementedError

    def close(self) -> None:
        """Release what was opened."""


class AsgiSite(Site):
    """A dashboard that is an ASGI application."""

    def __init__(self, app: Asgi) -> None:
        self._app = app
        self._loop = asyncio.Runner()

    def times(self, paths: Sequence[str], calls: int) -> list[float]:
        async def block() -> list[float]:
            times = []
            for _ in range(calls):
                start = perf_counter()
                for path in paths:
                    await self._answer(path)
                times.append(perf_counter() - start)
            return times

        return self._loop.run(block())

    def page(self, path: str) -> str:
        return gzip.decompress(self._loop.run(self._answer(path))).decode()

    def close(self) -> None:
        self._loop.close()

    async def _answer(self, path: str) -> bytes:
        parts: list[bytes] = []
        status = 0

        async def receive() -> Message:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            parts.append(message.get("body", b""))

        await self._app(self._scope(path), receive, send)
        if status != 200:
            raise LookupError(f"{self.name} answers {path} with {status}")
        return b"".join(parts)

    def _scope(self, path: str) -> dict[str, Any]:
        path, _, query = path.partition("?")
        headers = {"host": HOST, "accept": "text/html", "accept-encoding": "gzip, deflate, br"}
        return {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "scheme": "http",
            "method": "GET",
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
            "server": ("127.0.0.1", 8040),
            "client": ("127.0.0.1", 50000),
        }


class Stepstate(AsgiSite):
    """This dashboard, over an open store."""

    name = "stepstate"

    def __init__(self, store: Store) -> None:
        super().__init__(create_app(store))

    def _scope(self, path: str) -> dict[str, Any]:
        if not path.startswith(LIVE):
            return super()._scope(path)
        scope = {**super()._scope(path.removeprefix(LIVE)), **Regions().scope, ACCESS: Access.FULL}
        return {**scope, "headers": [(name, value) for name, value in scope["headers"] if name == b"host"]}
