"""Debian's Chromium, driven by playwright, before the demo in a process of its own."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

from tests.processes import running

QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    path = shutil.which("chromium")
    assert path, "the browser tests need Chromium: apt-get install chromium"
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=QUIET)
        yield opened
        opened.close()


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[str]:
    """The address of a running `stepstate demo`."""
    with running(sys.executable, "-m", "dashboard", "demo", "--port", "0", cwd=tmp_path) as address:
        yield address


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    opened = browser.new_context(viewport={"width": 1360, "height": 820}, locale="en-GB", timezone_id="Europe/Berlin")
    opened.set_default_timeout(10_000)
    yield opened
    opened.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A tab. Whatever the console reports as an error, a violation of the content policy say, fails the test."""
    tab = context.new_page()
    complaints: list[str] = []

    def on_console(message: ConsoleMessage) -> None:
        # Chromium reports every answer from 400 on and every broken connection; tests bring both about on purpose.
        expected = ("Failed to load resource", "Failed to fetch")
        if message.type == "error" and not any(text in message.text for text in expected):
            complaints.append(message.text)

    tab.on("console", on_console)
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    yield tab
    assert complaints == []
