"""A web server that says what a test has it say and remembers what it was asked, and clients that cache its answers."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

import httpx

from store import AsyncStore, Store
from store.http_cache import cached_async_client, cached_client


class Request(NamedTuple):
    """What the server was asked; header names are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]


class Answer(NamedTuple):
    """What the server says; a Date of None is none. Pieces are sent one by one, as they come."""

    headers: Mapping[str, str] = {}
    body: bytes | Iterator[bytes] = b"hello"
    status: int = 200
    date: float | None = 0.0  # seconds from now


class Origin:
    """The server; `answer` may be changed at any time."""

    def __init__(self) -> None:
        self.answer: Callable[[Request], Answer] = lambda _request: Answer()
        self.requests: list[Request] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def says(self, *args: Any, **kwargs: Any) -> None:
        """Give the same answer from now on."""
        self.answer = lambda _request: Answer(*args, **kwargs)

    def close(self) -> None:
        """End it."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _handler(origin: Origin) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do(self) -> None:
            self.rfile.read(int(self.headers.get("content-length", 0)))
            request = Request(self.command, self.path, {name.lower(): text for name, text in self.headers.items()})
            origin.requests.append(request)
            answer = origin.answer(request)
            self.send_response_only(answer.status)
            self.close_connection = True  # no thread stays behind
            self.send_header("connection", "close")
            if answer.date is not None:
                self.send_header("date", http_date(answer.date))
            for name, text in answer.headers.items():
                self.send_header(name, text)
            if isinstance(answer.body, bytes):
                self.send_header("content-length", str(len(answer.body)))
            self.end_headers()
            if self.command != "HEAD" and answer.status != 304:
                with contextlib.suppress(ConnectionError):  # the client may leave
                    for piece in [answer.body] if isinstance(answer.body, bytes) else answer.body:
                        self.wfile.write(piece)
                        self.wfile.flush()

        def log_message(self, *args: Any) -> None:
            pass

    for method in ("GET", "HEAD", "POST", "PUT"):
        setattr(Handler, f"do_{method}", Handler.do)
    return Handler


def http_date(seconds: float) -> str:
    """A date so many seconds from now, as HTTP writes it."""
    return formatdate(time.time() + seconds, usegmt=True)


class Caller:
    """A caching client of either kind, used alike."""

    def __init__(self, client: httpx.Client | httpx.AsyncClient, runner: asyncio.Runner) -> None:
        self.client = client
        self.runner = runner

    def __call__(self, path: str, method: str = "GET", **kwargs: Any) -> httpx.Response:
        """Make a request and read the response."""
        if isinstance(self.client, httpx.Client):
            return self.client.request(method, path, **kwargs)
        return self.runner.run(self.client.request(method, path, **kwargs))

    def pieces(self, path: str, at_most: int = 1000, arrived: Callable[[], object] = int, **kwargs: Any) -> list[bytes]:
        """Read so many pieces of a response as they come, undecoded; `arrived` is called after each."""

        async def read(client: httpx.AsyncClient) -> list[bytes]:
            read: list[bytes] = []
            async with client.stream("GET", path, **kwargs) as response:
                async for piece in response.aiter_raw():
                    read.append(piece)
                    arrived()
                    if len(read) == at_most:
                        break
            return read

        if isinstance(self.client, httpx.AsyncClient):
            return self.runner.run(read(self.client))
        read_now: list[bytes] = []
        with self.client.stream("GET", path, **kwargs) as response:
            for piece in response.iter_raw():
                read_now.append(piece)
                arrived()
                if len(read_now) == at_most:
                    break
        return read_now


class Callers:
    """Makes callers over one store, of one kind: "sync" or "async"; closes them and the store at the end."""

    def __init__(self, kind: str, state: Store) -> None:
        self._state = state
        self._kind = kind
        self._ends = contextlib.ExitStack()

    def __call__(self, base_url: str = "", group: str = "http", **options: Any) -> Caller:
        options |= {"base_url": base_url, "trust_env": False, "verify": False}
        if self._kind == "sync":
            return Caller(self._ends.enter_context(cached_client(self._state, group, **options)), self._runner)
        client = cached_async_client(self._async_state, group, **options)
        self._ends.callback(lambda: self._runner.run(client.aclose()))
        return Caller(client, self._runner)

    def __enter__(self) -> Callers:
        self._runner = self._ends.enter_context(asyncio.Runner())
        self._async_state = AsyncStore(self._state)
        self._ends.callback(lambda: self._runner.run(self._async_state.close()))
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.close()
