"""What a browser transfers: little at first, and nothing that it has again."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.editor import editor

BUDGET = 150_000  # bytes as they are transferred, headers included


class Transfers:
    """What a tab has transferred, in bytes by URL; what came out of the cache counts 0."""

    def __init__(self, page: Page) -> None:
        self.sizes: dict[str, int] = {}
        self._urls: dict[str, str] = {}
        self._cached: set[str] = set()
        self._session = page.context.new_cdp_session(page)
        self._session.on(
            "Network.requestWillBeSent", lambda event: self._sent(event["requestId"], event["request"]["url"])
        )
        self._session.on("Network.requestServedFromCache", lambda event: self._cached.add(event["requestId"]))
        self._session.on(
            "Network.responseReceived", lambda event: self._received(event["requestId"], event["response"])
        )
        self._session.on(
            "Network.loadingFinished", lambda event: self._finished(event["requestId"], event["encodedDataLength"])
        )
        self._session.send("Network.enable")

    def named(self, pattern: str) -> list[str]:
        """The URLs with this in them; but for the icon, which Chromium fetches when it pleases."""
        return [url for url in self.sizes if re.search(pattern, url) and not url.endswith(".svg")]

    def clear(self) -> None:
        """Count anew."""
        self.sizes.clear()

    def _sent(self, request: str, url: str) -> None:
        self._urls[request] = url

    def _received(self, request: str, response: dict[str, bool]) -> None:
        if response.get("fromDiskCache"):
            self._cached.add(request)

    def _finished(self, request: str, size: float) -> None:
        self.sizes[self._urls[request]] = 0 if request in self._cached else int(size)


@pytest.fixture
def transfers(page: Page) -> Transfers:
    return Transfers(page)


def test_a_first_page_is_small_and_the_editor_comes_when_it_is_opened(
    demo: str, page: Page, transfers: Transfers
) -> None:
    page.goto(f"{demo}/groups/orders", wait_until="load")
    first = dict(transfers.sizes)

    assert transfers.named(r"/js/live\.js")
    assert transfers.named("htmx")
    assert not transfers.named("codemirror|editor_view")
    assert 20_000 < sum(first.values()) < BUDGET

    page.goto(f"{demo}/groups/orders/items/order-0001/edit")
    expect(editor(page)).to_be_visible()
    assert len(transfers.named("codemirror")) == 1
    assert sum(transfers.sizes[url] for url in transfers.named("codemirror")) < BUDGET


def test_a_second_page_transfers_the_page_alone(demo: str, page: Page, transfers: Transfers) -> None:
    page.goto(demo, wait_until="load")
    before = set(transfers.named("/static/"))
    transfers.clear()
    page.goto(f"{demo}/groups/orders", wait_until="load")

    assert before
    assert set(transfers.named("/static/")) <= before
    assert not [url for url in transfers.named("/static/") if transfers.sizes[url]]


def test_each_module_comes_once(demo: str, page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(demo, wait_until="load")

    modules = re.findall(r"/static/\w+/(.+?\.js)", "\n".join(asked))
    assert len(modules) == len(set(modules)) > 5
