"""The cached functions of the demo in a real browser."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect


def drop_and_clear(page: Page, address: str) -> None:
    """Look at the offers, drop one, clear the rates, drop what is stale."""
    page.goto(address)
    page.get_by_role("link", name="Cache", exact=True).click()
    offers = page.get_by_role("row", name=re.compile("cache:offers"))
    expect(offers.get_by_role("img", name=re.compile("within the hour"))).to_be_visible()
    offers.get_by_role("link", name=re.compile("^offer dashboard.demo")).click()
    expect(page.get_by_role("heading", name="offer", exact=True)).to_be_visible()
    assert page.locator("svg.large rect:visible").count() > 30, "a bar at least, and where to point at"
    drop = page.get_by_role("link", name=re.compile("^Drop sku=")).first
    key = drop.get_attribute("aria-label")
    assert key
    drop.click()
    expect(page.get_by_role("heading", name=f"{key}?")).to_be_visible()
    page.get_by_role("button", name="Drop the entry").click()
    expect(page.get_by_role("status")).to_have_text(f"{key.replace('Drop', 'Dropped')}.")

    page.get_by_role("link", name="Cache", exact=True).click()
    page.get_by_role("link", name="Clear rate").click()
    page.get_by_role("button", name=re.compile("Clear [0-9]+ entr")).click()
    expect(page.get_by_role("status")).to_have_text(re.compile("Cleared rate: [0-9]+ entr(y|ies) dropped."))
    page.get_by_role("link", name="Drop expired and stale…").click()
    page.get_by_role("button", name="Drop it").click()
    expect(page.get_by_role("status")).to_have_text(re.compile("Dropped [0-9]+ stale results? and swept [0-9]+ "))


def test_a_cache_is_looked_at_and_cleared(page: Page, demo: str) -> None:
    drop_and_clear(page, demo)


def test_a_cache_is_looked_at_and_cleared_without_javascript(browser: Browser, demo: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    drop_and_clear(context.new_page(), demo)
    context.close()


def test_pointing_at_a_bar_says_what_it_stands_for(page: Page, demo: str) -> None:
    page.goto(f"{demo}/cache/groups/cache:offers")
    last = page.locator("svg.large g").last
    last.hover()
    assert last.locator("title").text_content() == "In 58 to 60 min: 0 becoming stale"
    assert page.evaluate("document.querySelector('svg.large g:hover title').textContent")


@pytest.mark.parametrize("width", [390, 760, 1360])
@pytest.mark.parametrize("path", ["cache", "cache/groups/cache:offers", "cache/groups/cache:rates/clear"])
def test_nothing_is_cut_off_on_a_narrow_screen(page: Page, demo: str, width: int, path: str) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(f"{demo}/{path}")
    expect(page.locator("#content")).to_be_visible()
    assert page.locator("#content").evaluate("main => main.scrollWidth - main.clientWidth") <= 0
