"""Live pages: server-sent events that say what has changed of the pages which are on screen.

However many tabs there are, one watcher asks the store twice a second whether anything was written. Only then is each
page that is on screen rendered anew, once for all tabs that show it, and each tab is sent the regions that differ from
what it has. A page is rendered by a request to the application itself: by its own handler and its own template.
"""

from __future__ import annotations

import asyncio
import logging
import math
import signal
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse
from starlette.routing import Match, Route

from dashboard.access import ACCESS, Access
from dashboard.regions import Region, Regions
from store import StoreError

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.types import Message, Scope

INTERVAL: Final = 0.5  # seconds between two looks at the store
HEARTBEAT: Final = 15.0  # seconds: by it, the browser and proxies between know that the stream is not dead
RENDERED_AT_ONCE: Final = 2
RESTS: Final = 3  # times as long as its rendering took, the wait for its turn included, a page is not rendered again
FILE: Final = "file"
"""The name of routes that answer with a file or a fragment: those are no pages."""

_HEADERS: Final = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
_KEPT: Final = ("type", "asgi", "http_version", "scheme", "server", "client", ACCESS)

log = logging.getLogger("stepstate")


@dataclass(eq=False, slots=True)
class Tab:
    """A stream: the digests of what its browser shows, and when it has to look for news."""

    has: dict[str, str]
    told_gone: bool = False
    ended: bool = False
    wake: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(eq=False, slots=True)
class Page:
    """A page that is on screen, as it was when it was last rendered.

    `seen` is the store's revision before that, `due` when it changes without a write, in milliseconds since 1970;
    `stale` is set if it is to be rendered again whatever those say.
    """

    scope: Scope
    seen: str
    due: float
    stale: bool = False
    tabs: set[Tab] = field(default_factory=set)
    regions: dict[str, Region] = field(default_factory=dict)
    gone: bool = False
    rendering: asyncio.Task[None] | None = None
    rests_until: float = 0.0

    def wants(self, revision: str, now: float) -> bool:
        """Whether it is time to render it."""
        changed = self.stale or self.seen != revision or self.due <= now
        return changed and self.rendering is None and time.monotonic() >= self.rests_until

    def news(self, tab: Tab) -> bytes:
        """The event that brings a tab up to date; none if it is."""
        if self.gone:
            known, tab.told_gone = tab.told_gone, True
            return b"" if known else _event("gone")
        tab.told_gone = False
        changed = {name: region for name, region in self.regions.items() if tab.has.get(name) != region.digest}
        tab.has.update({name: region.digest for name, region in changed.items()})
        data = b"{%s}" % b",".join([region.member for region in changed.values()])
        return b"id: %s\n%s" % (self.seen.encode(), _event("regions", data)) if changed else b""


class Live:
    """What the tabs of one process look at, and the watcher that is there as long as any of them is."""

    def __init__(self, app: Starlette) -> None:
        self._app = app
        self._pages: dict[tuple[str, str, bytes, Access], Page] = {}
        self._watcher: asyncio.Task[None] | None = None

    async def follow(self, scope: Scope, tab: Tab, since: str, due: float) -> AsyncIterator[bytes]:
        """The events for a tab whose page was rendered at the revision `since`, and changes by itself when `due`."""
        place = scope["root_path"], scope["path"], scope["query_string"], scope[ACCESS]
        page = self._pages.setdefault(place, Page(scope, since, due))
        page.tabs.add(tab)
        page.stale |= page.seen != since  # then what the tab shows is not what was rendered last
        if self._watcher is None:
            self._turns = asyncio.Semaphore(RENDERED_AT_ONCE)
            self._watcher = asyncio.create_task(self._watch())
        try:
            yield b":\n\n"
            while not tab.ended:
                event = page.news(tab) if await _woken(tab) else _event("beat")
                if event:
                    yield event
        finally:
            page.tabs.discard(tab)
            if not page.tabs:
                del self._pages[place]

    async def _watch(self) -> None:
        try:
            while self._pages and not _server_ends():
                await self._look_safely()
                await asyncio.sleep(INTERVAL)
        finally:
            self._watcher = None
            for tab in [tab for page in self._pages.values() for tab in page.tabs]:
                tab.ended = True
                tab.wake.set()

    async def _look_safely(self) -> None:
        try:
            await self._look()
        except StoreError:  # busy, or not there: the next look tells
            pass
        except Exception:
            log.exception("the dashboard could not look at the store")

    async def _look(self) -> None:
        revision, now = await run_in_threadpool(self._moment)
        for page in self._pages.values():
            if page.wants(revision, now):
                page.rendering = asyncio.create_task(self._renew(page, revision))

    def _moment(self) -> tuple[str, float]:
        store = self._app.state.store
        return str(store.revision()), store.now().timestamp() * 1000

    async def _renew(self, page: Page, revision: str) -> None:
        began = time.monotonic()
        async with self._turns:
            status, regions = await self._render(page.scope)
        ended = time.monotonic()
        page.rests_until = ended + RESTS * (ended - began)
        page.rendering = None
        page.stale = status == 503  # the store was in trouble: the next look tries again
        if page.stale:
            return
        page.seen, page.due = revision, regions.due
        if regions.by_name or status in (200, 404):  # without regions, there is another page now than the tabs show
            page.regions, page.gone = regions.by_name, not regions.by_name
            for tab in page.tabs:
                tab.wake.set()

    async def _render(self, scope: Scope) -> tuple[int, Regions]:
        regions, status = Regions(), 500

        async def send(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)

        try:
            await self._app({**scope, **regions.scope}, _nothing_more, send)
        except Exception:
            log.exception("%s could not be rendered", scope["path"])
        return status, regions


async def stream(request: Request) -> Response:
    """GET: what changes of a page, as events, until the browser leaves.

    Its query: `page`, path and query of the page; `since`, the revision that it was rendered at; `has`, the digests of
    its regions; `due`, when the first time that it shows is up.
    """
    query = request.query_params
    live: Live = request.app.state.live
    scope = _scope_of(request, query.get("page", ""))
    if scope is None or request.method == "HEAD":
        return Response(_event("end"), media_type="text/event-stream", headers=_HEADERS)
    has = dict(digest.split(":", 1) for digest in query.get("has", "").split(",") if ":" in digest)
    due = float(query["due"]) if query.get("due", "").isdecimal() else math.inf
    events = live.follow(scope, Tab(has), query.get("since", ""), due)
    return StreamingResponse(events, media_type="text/event-stream", headers=_HEADERS)


def _scope_of(request: Request, page: str) -> Scope | None:
    """A request for a page of this application; None if that is none."""
    path, _, query = page.partition("?")
    scope: Scope = {
        **{part: request.scope[part] for part in _KEPT if part in request.scope},
        "root_path": request.scope.get("root_path", ""),
        "method": "GET",
        "path": unquote(path),
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [(name, value) for name, value in request.scope["headers"] if name == b"host"],
    }
    if not scope["path"].startswith(f"{scope['root_path']}/"):
        return None
    found = next((route for route in request.app.routes if route.matches(scope)[0] is Match.FULL), None)
    return scope if _is_page(found) else None


def _is_page(route: object) -> bool:
    """Whether a route answers with a page: neither a file nor this stream."""
    return isinstance(route, Route) and route.name != FILE and not iscoroutinefunction(route.endpoint)


def _event(name: str, data: bytes = b"{}") -> bytes:
    return b"event: %s\ndata: %s\n\n" % (name.encode(), data)  # without data the browser would not tell


async def _woken(tab: Tab) -> bool:
    """Wait until there may be news for a tab; False if it is time for a sign of life."""
    try:
        async with asyncio.timeout(HEARTBEAT):
            await tab.wake.wait()
    except TimeoutError:
        return False
    tab.wake.clear()
    return True


async def _nothing_more() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}


def _server_ends() -> bool:
    """Whether uvicorn was told to end. It waits for all answers to be through first, and tells nobody."""
    server = getattr(signal.getsignal(signal.SIGTERM), "__self__", None)
    return bool(getattr(server, "should_exit", False))
