"""Tabs that follow pages, without a browser or a network: the application called as a server calls it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import threading
import time
from collections.abc import AsyncIterator, Callable
from typing import Any
from urllib.parse import urlencode

from starlette.types import ASGIApp, Message, Scope

from store import Store

Event = tuple[str, Any]
SOON = 5.0  # seconds after which a test gives up


class CountingStore:
    """A store that counts the calls of its methods, and how many of each run at once.

    By their names, methods can be made to take long, to fail, and to be followed by something else once.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self.calls: dict[str, int] = {}
        self.running: dict[str, int] = {}
        self.most_at_once: dict[str, int] = {}
        self.slow: dict[str, float] = {}
        self.errors: dict[str, Exception] = {}
        self.once_after: dict[str, Callable[[], object]] = {}

    def __getattr__(self, name: str) -> Any:
        member = getattr(self._store, name)
        if not callable(member):
            return member

        def call(*args: Any, **kwargs: Any) -> Any:
            with self._lock:
                self.calls[name] = self.calls.get(name, 0) + 1
                self.running[name] = self.running.get(name, 0) + 1
                self.most_at_once[name] = max(self.most_at_once.get(name, 0), self.running[name])
            try:
                if name in self.errors:
                    raise self.errors[name]
                time.sleep(self.slow.get(name, 0.0))
                result = member(*args, **kwargs)
                self.once_after.pop(name, lambda: None)()
                return result
            finally:
                with self._lock:
                    self.running[name] -= 1

        return call


def scope_of(path: str, query: str = "", root: str = "", method: str = "GET") -> Scope:
    """What a server says of a request."""
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": root,
        "headers": [(b"host", b"testserver")],
        "server": ("testserver", 80),
        "client": ("127.0.0.1", 1),
    }


class Stream:
    """An open stream, read as it comes: events, and what came between them."""

    def __init__(self, path: str, query: str = "", method: str = "GET") -> None:
        self.scope = scope_of(path, query, method=method)
        self.status = 0
        self.headers: dict[str, str] = {}
        self.bytes = b""
        self.ended = asyncio.Event()
        self.flowing = asyncio.Event()  # cleared, the client takes nothing
        self.flowing.set()
        self.leaving = asyncio.Event()
        self._read = 0

    async def run(self, app: ASGIApp) -> None:
        await app(self.scope, self._receive, self._send)
        self.ended.set()

    @property
    def events(self) -> list[Event]:
        """The events that came, but for signs of life."""
        found = re.findall(rb"event: (\w+)\ndata: (.*)\n\n", self.bytes)
        return [(name.decode(), json.loads(data)) for name, data in found if name != b"beat"]

    async def next(self) -> Event:
        """The next event that nobody asked for yet."""
        await until(lambda: len(self.events) > self._read)
        self._read += 1
        return self.events[self._read - 1]

    async def _receive(self) -> Message:
        await self.leaving.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {name.decode(): value.decode() for name, value in message["headers"]}
            return
        await self.flowing.wait()
        self.bytes += message["body"]


async def until(holds: Callable[[], object]) -> None:
    """Wait for something that is to happen soon."""
    deadline = time.monotonic() + SOON
    while not holds():
        assert time.monotonic() < deadline, "it did not happen"
        await asyncio.sleep(0.005)


async def page_of(app: ASGIApp, path: str, root: str = "") -> str:
    """A page's HTML."""
    body = b""

    async def send(message: Message) -> None:
        nonlocal body
        body += message.get("body", b"")

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    path, _, query = path.partition("?")
    await app(scope_of(path, query, root), receive, send)
    return body.decode()


def regions_of(html: str) -> dict[str, str]:
    """The digests of a page's live regions, by name."""
    return dict(re.findall(r' id="live-([\w-]+)" data-live="(\w+)"', html))


def query_of(html: str, page: str, **changed: str) -> str:
    """What a browser asks for that shows a page."""
    since = re.search(r' data-since="(\d*)"', html)
    assert since
    has = ",".join(f"{name}:{digest}" for name, digest in regions_of(html).items())
    times = [int(at) for at in re.findall(r' data-expires="(\d+)"', html)]
    times += [
        round((time.time() + float(again)) * 1000)
        for again in re.findall(r' data-again="([^"]+)"', html)
        if float(again)
    ]
    return urlencode({"page": page, "since": since[1], "has": has, "due": min(times, default=""), **changed})


@contextlib.asynccontextmanager
async def tabs(app: ASGIApp, *pages: str, live: str = "/live", **changed: str) -> AsyncIterator[list[Stream]]:
    """Tabs, each of which has loaded a page and follows it; they leave at the end."""
    streams = [Stream(live, query_of(await page_of(app, page), page, **changed)) for page in pages]
    running = [asyncio.create_task(stream.run(app)) for stream in streams]
    try:
        await until(lambda: all(stream.bytes for stream in streams))
        yield streams
    finally:
        for stream in streams:
            stream.leaving.set()
            stream.flowing.set()
        await asyncio.gather(*running)
