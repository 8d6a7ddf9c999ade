"""Caching httpx clients where something is in the way: no room, no store, no sense in an item; and processes."""

from __future__ import annotations

import asyncio
import gzip
import importlib
import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import apsw
import httpx
import pytest

from store import AsyncStore, InvalidArgument, InvalidName, InvalidTTL, Store, open_async_store, open_store
from store.http_cache import cached_async_client, cached_client
from tests.store.origins import Answer, Callers, Origin

FRESH = {"cache-control": "max-age=60"}


@pytest.fixture
def origin() -> Iterator[Origin]:
    origin = Origin()
    origin.says(FRESH)
    yield origin
    origin.close()


@pytest.fixture
def url() -> str:
    return "memory://"


@pytest.fixture(params=["sync", "async"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.mark.parametrize("size", [2_500, 1_950, 5_000_000])
def test_a_body_that_is_too_large_for_the_store_is_passed_on_uncached(
    size: int, kind: str, origin: Origin, caplog: pytest.LogCaptureFixture
) -> None:
    origin.says(FRESH, b"x" * size)
    with open_store("memory://", max_value_bytes=2_000) as state, Callers(kind, state) as callers:
        ask = callers(origin.url)
        assert [len(ask("/").content), len(ask("/").content)] == [size, size]
        assert len(origin.requests) == 2
        assert state.list("http") == []
        origin.says(FRESH, b"x" * 1_000)
        assert [len(ask("/").content), len(ask("/").content)] == [1_000, 1_000]
        assert len(origin.requests) == 3
    assert caplog.records == []


def test_a_small_body_may_be_large_when_unpacked(kind: str, origin: Origin) -> None:
    body = b"x" * 1_000_000
    origin.says({**FRESH, "content-encoding": "gzip"}, gzip.compress(body))
    with open_store("memory://", max_value_bytes=10_000) as state, Callers(kind, state) as callers:
        ask = callers(origin.url)
        assert [ask("/").content, ask("/").content] == [body, body]
        assert len(origin.requests) == 1, "it stays packed"
        assert state.list("http")[0]["encoding"] == "base64"


def test_a_store_that_was_closed_takes_no_request_down(
    kind: str, origin: Origin, state: Store, caplog: pytest.LogCaptureFixture
) -> None:
    with Callers(kind, state) as callers:
        ask = callers(origin.url)
        ask("/")
        state.close()
        with caplog.at_level(logging.WARNING, "stepstate"):
            assert [ask("/").text, ask("/").text, ask("/", "POST").text] == ["hello"] * 3
    assert len(origin.requests) == 4
    assert ["HTTP responses are not cached in 'http'" in record.message for record in caplog.records] == [True]


def test_a_store_that_another_has_locked_takes_no_request_down(
    kind: str, origin: Origin, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "state.db"
    with open_store(f"sqlite:///{path}", timeout=0.02) as state, Callers(kind, state) as callers:
        ask = callers(origin.url)
        origin.says({**FRESH, "etag": '"1"'}, date=-100)
        ask("/")
        other = apsw.Connection(str(path))
        other.execute("BEGIN IMMEDIATE")
        with caplog.at_level(logging.WARNING, "stepstate"):
            origin.says(FRESH, b"", 304)
            assert ask("/").text == "hello"
            origin.says(FRESH)
            assert [ask("/a").text, ask("/a").text] == ["hello", "hello"]
        other.execute("ROLLBACK")
        other.close()
        assert len(origin.requests) == 4
        assert len(caplog.records) == 1
        assert [ask("/a").text, ask("/a").text] == ["hello", "hello"]
        assert len(origin.requests) == 5


SPOILED: dict[str, Any] = {
    "null": None,
    "a list": [],
    "nothing": {},
    "a status that is none": {"status": "200"},
    "headers that are none": {"headers": []},
    "a header that is none": {"headers": {**FRESH, "x": 1}},
    "one among many": {"headers": {**FRESH, "x": ["1", 2]}},
    "a body that is none": {"body": 1},
    "base64 that is none": {"body": "!!!!", "encoding": "base64"},
    "the mark of one that varies": {"mark": "x"},
    "what it varies by": {"vary": {"x": "1"}},
    "names that are none": {"varies_by": [1, None]},
    "names that go nowhere": {"varies_by": ["x"]},
}


@pytest.mark.parametrize("spoiled", SPOILED.values(), ids=SPOILED)
def test_an_item_that_is_no_response_is_replaced_by_one(spoiled: Any, kind: str, origin: Origin, state: Store) -> None:
    key = f"GET {origin.url}/"
    with Callers(kind, state) as callers:
        ask = callers(origin.url)
        ask("/")
        sound = {**state.get("http", key), "body": "sound"}
        state.set("http", key, sound)
        assert ask("/").text == "sound"
        state.set("http", key, {**sound, **spoiled} if spoiled else spoiled)
        assert [ask("/").text, ask("/").text] == ["hello", "hello"]
    assert len(origin.requests) == 2


def test_what_people_make_of_an_item_is_served(kind: str, origin: Origin, state: Store) -> None:
    with Callers(kind, state) as callers:
        ask = callers(origin.url)
        ask("/")
        state.update("http", f"GET {origin.url}/", [{"type": "set", "path": "body", "value": "edited"}])
        assert ask("/").text == "edited"


def test_a_key_that_would_be_too_long_ends_in_a_hash(kind: str, origin: Origin, state: Store) -> None:
    with Callers(kind, state) as callers:
        ask = callers(origin.url)
        for last in "ab":
            origin.says(FRESH, last.encode())
            ask(f"/{'x' * 600}?{last}")
        origin.answer = lambda request: Answer({**FRESH, "vary": "x-long"}, request.headers["x-long"][-1:].encode())
        for last in "cd":
            ask("/varying", headers={"x-long": "x" * 600 + last})
        asked = len(origin.requests)
        assert [ask(f"/{'x' * 600}?{last}").text for last in "ab"] == ["a", "b"]
        assert [ask("/varying", headers={"x-long": "x" * 600 + last}).text for last in "cd"] == ["c", "d"]
        keys = [item.key for item in state.items("http").items]
    assert len(origin.requests) == asked
    assert len(keys) == 5
    assert sum(len(key.encode()) == 512 and "… #" in key for key in keys) == 4


def test_processes_share_what_is_stored(origin: Origin, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/state.db"
    script = """
import sys
from store import open_store
from store.http_cache import cached_client
with open_store(sys.argv[1]) as state, cached_client(state, trust_env=False) as client:
    print(client.get(sys.argv[2]).text)
"""
    command = [sys.executable, "-W", "error", "-c", script, url, origin.url]
    printed = [subprocess.run(command, capture_output=True, text=True, check=True).stdout for _ in range(2)]
    assert printed == ["hello\n", "hello\n"]
    assert len(origin.requests) == 1


def test_the_store_is_imported_without_what_the_extra_brings() -> None:
    script = "import store, sys; assert not {'hishel', 'httpx'} & set(sys.modules); import store.http_cache"
    subprocess.run([sys.executable, "-c", script], check=True)


@pytest.mark.parametrize("missing", ["hishel", "httpx"])
def test_without_the_extra_it_says_how_to_install_it(missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] in ("hishel", "httpx")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delitem(sys.modules, "store.http_cache")
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(ImportError, match=r"pip install stepstate\[http\]"):
        importlib.import_module("store.http_cache")


def test_a_client_closes_its_transport_and_leaves_the_store_open(state: Store) -> None:
    class Transport(httpx.MockTransport):
        closed = 0

        def close(self) -> None:
            self.closed += 1

        async def aclose(self) -> None:
            self.closed += 1

    async def use(transport: Transport) -> None:
        async with cached_async_client(AsyncStore(state), transport=transport) as client:
            await client.get("http://host.test")

    transport = Transport(lambda _request: httpx.Response(200))
    with cached_client(state, transport=transport) as client:
        client.get("http://host.test")
    assert transport.closed == 1
    asyncio.run(use(transport))
    assert transport.closed == 2
    assert state.list("http") == []


def test_options_are_checked(state: Store) -> None:
    with pytest.raises(InvalidName):
        cached_client(state, "")
    with pytest.raises(InvalidTTL, match="stale_for"):
        cached_client(state, stale_for=-1)


def test_a_client_takes_a_store_of_its_own_kind(tmp_path: Path) -> None:
    async def mixed_up() -> None:
        async with open_async_store("memory://") as asynchronous:
            with pytest.raises(InvalidArgument, match="there is cached_async_client"):
                cached_client(cast("Any", asynchronous))

    asyncio.run(mixed_up())
    with open_store("memory://") as state, pytest.raises(InvalidArgument, match="there is cached_client"):
        cached_async_client(cast("Any", state))
