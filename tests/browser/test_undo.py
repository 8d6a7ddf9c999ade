"""Undo in a real browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from store import Store
from tests.browser.shop import shop

PLACE = tuple[str, Store]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[PLACE]:
    with shop(tmp_path) as opened:
        yield opened


def test_a_deleted_item_comes_back_by_one_click(page: Page, place: PLACE) -> None:
    address, state = place
    page.goto(f"{address}/groups/orders/items/o-001")
    page.evaluate("window.loadedOnce = true")
    page.locator("#pane-side").get_by_role("button", name="Delete").click()
    toast = page.locator("#undo")
    expect(toast.get_by_role("status")).to_have_text("Deleted o-001.")
    expect(toast).to_contain_text(re.compile(r"9:5\d"))
    assert state.get("orders", "o-001") is None

    page.get_by_role("link", name="Cleanup").click()
    expect(page.get_by_role("heading", name="Cleanup")).to_be_visible()
    first = toast.locator("[data-expires]").text_content()
    expect(toast.locator("[data-expires]")).not_to_have_text(first or "")  # it counts down
    toast.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("heading", name="Cleanup")).to_be_visible()
    expect(toast).to_have_count(0)
    page.get_by_role("link", name="Look at it").click()
    expect(page.locator("#pane-side h2")).to_have_text("o-001")
    assert state.get("orders", "o-001") == {"status": "paid"}
    assert page.evaluate("window.loadedOnce")


def test_the_message_is_closed_without_leaving_the_page(page: Page, place: PLACE) -> None:
    address, state = place
    page.goto(f"{address}/groups/orders/items/o-001")
    page.locator("#pane-side").get_by_role("button", name="Delete").click()
    expect(page.locator("#undo")).to_be_visible()
    page.get_by_label("Search keys").fill("o-0")
    expect(page.locator("#counted")).to_contain_text("99 of 119")
    before = page.url
    page.get_by_role("button", name="Dismiss").click()
    expect(page.locator("#undo")).to_have_count(0)
    expect(page.get_by_label("Search keys")).to_have_value("o-0")
    assert page.url == before

    page.get_by_role("link", name="Trash").click()
    expect(page.locator("tbody tr")).to_have_count(1)
    state.clear("orders", undo="elsewhere")
    expect(page.locator("tbody tr")).to_have_count(2)  # it follows the store
    expect(page.locator("#undo")).to_have_count(0)


def test_newer_values_are_asked_about(page: Page, place: PLACE) -> None:
    address, state = place
    state.clear("orders", undo="x")
    state.set("orders", "o-001", "newer")
    page.goto(f"{address}/trash")
    page.get_by_role("button", name="Restore").click()
    expect(page.get_by_role("alert")).to_have_text("Nothing was restored: 1 item was written or removed since.")
    page.get_by_role("button", name="Restore the others").click()
    expect(page.get_by_role("status").first).to_contain_text("Restored 119 items of orders.")
    assert state.get("orders", "o-001") == "newer"


def test_undo_without_javascript(browser: Browser, place: PLACE) -> None:
    address, state = place
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{address}/groups/orders/clear")
    page.get_by_role("button", name="Clear 120 items").click()
    page.get_by_role("link", name="Cleanup").click()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("status")).to_contain_text("Restored 120 items of orders.")
    assert len(state.list("orders")) == 120
    page.get_by_role("link", name="Look at it").click()
    page.locator("tbody input[name=key]").first.check()
    page.locator(".sel").get_by_role("button", name="Delete…").click()
    page.get_by_role("button", name="Delete 1 item").click()
    page.get_by_role("button", name="Dismiss").click()
    expect(page.get_by_role("heading", name="orders")).to_be_visible()
    expect(page.locator("#undo")).to_have_count(0)
    context.close()


@pytest.mark.parametrize("width", [360, 1360])
def test_a_long_message_stays_within_its_strip_and_over_nothing(page: Page, place: PLACE, width: int) -> None:
    address, state = place
    key = "long-" * 40
    state.set("orders", key, 1)
    page.set_viewport_size({"width": width, "height": 700})
    page.goto(f"{address}/groups/orders?search=long")
    page.get_by_label("Select long-").check()
    page.locator(".sel").get_by_role("button", name="Delete…").click()
    page.get_by_role("button", name="Delete 1 item").click()
    strip = page.locator("#undo")
    expect(strip).to_contain_text("Deleted long-")
    box, text, content = (page.locator(each).bounding_box() for each in ("#undo", "#undo p", ".panes"))
    assert box
    assert text
    assert content
    assert text["x"] + text["width"] <= box["x"] + box["width"] <= width
    assert content["y"] + content["height"] <= box["y"]
    assert box["y"] + box["height"] <= 700
    assert page.evaluate("document.documentElement.scrollWidth") <= width
