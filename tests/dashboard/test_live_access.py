"""Tabs of different people on the same page: each is sent what its person may see."""

from __future__ import annotations

import asyncio

import pytest
from starlette.requests import Request

from dashboard import Access, create_app, live
from store import Store
from tests.dashboard.streams import Stream, until

READER, WRITER, STRANGER = 1, 2, 3  # ports that they come from


def of_port(request: Request) -> Access | None:
    assert request.client
    return {READER: Access.READ, WRITER: Access.FULL}.get(request.client.port)


def stream_of(port: int) -> Stream:
    stream = Stream("/live", "page=/groups/g&has=head:none,rows:none")
    stream.scope["client"] = ("127.0.0.1", port)
    return stream


@pytest.mark.parametrize("order", [(READER, WRITER), (WRITER, READER)])
def test_what_is_sent_has_controls_for_those_who_may_use_them(
    state: Store, monkeypatch: pytest.MonkeyPatch, order: tuple[int, int]
) -> None:
    monkeypatch.setattr(live, "INTERVAL", 0.02)
    state.set("g", "k", 1)
    app = create_app(state, authorize=of_port)

    async def work() -> None:
        streams = {port: stream_of(port) for port in order}
        running = [asyncio.create_task(stream.run(app)) for stream in streams.values()]
        await until(lambda: all(stream.bytes for stream in streams.values()))
        state.set("g", "new", 1)
        try:
            for port, stream in streams.items():
                _, regions = await stream.next()
                assert ("Clear…" in regions["head"][1]) is (port == WRITER)
                assert ("checkbox" in regions["rows"][1]) is (port == WRITER)
        finally:
            for stream in streams.values():
                stream.leaving.set()
            await asyncio.gather(*running)

    asyncio.run(work())


def test_who_has_no_access_is_sent_nothing(state: Store) -> None:
    state.set("g", "k", 1)
    stream = stream_of(STRANGER)
    asyncio.run(stream.run(create_app(state, authorize=of_port)))

    assert stream.status == 403
    assert b"event:" not in stream.bytes
