"""Filters, columns and pages over a group of a million items, in a real browser."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Iterator
from urllib.parse import parse_qsl, urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import large_group
from tests.processes import running


@pytest.fixture(scope="module")
def orders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the group."""
    folder = tmp_path_factory.mktemp("large")
    url = large_group.fill(folder / "state.db")
    with running(sys.executable, "-m", "dashboard", url, "--port", "0", cwd=folder) as address:
        yield f"{address.rstrip('/')}/groups/orders"


def query(page: Page) -> list[tuple[str, str]]:
    return parse_qsl(urlsplit(page.url).query)


def first_key(page: Page) -> str:
    return page.locator("td.k").first.inner_text()


def seconds(page: Page, url: str) -> float:
    """How long the server takes to answer."""
    begun = time.perf_counter()
    assert page.request.get(url).ok
    return time.perf_counter() - begun


def add_filter(page: Page, field: str, op: str, value: str = "") -> None:
    page.get_by_text("+ filter").click()
    page.get_by_label("Field", exact=True).fill(field)
    page.get_by_label("Operator").select_option(op)
    page.get_by_label("Compared with").fill(value)
    page.get_by_role("button", name="Add filter").click()


def test_a_million_items_open_like_a_few(page: Page, orders: str) -> None:
    page.goto(orders)
    expect(page.locator("tbody tr")).to_have_count(50)
    expect(page.locator(".head p").first).to_contain_text("1,000,000 items")
    for path in (orders, f"{orders}?sort=expires", f"{orders}?where=ttl+<+30m", f"{orders}/items/order-0700000"):
        assert min(seconds(page, path) for _ in range(5)) < 0.5


def test_filter_open_an_item_and_go_back_and_forward(page: Page, orders: str) -> None:
    page.goto(orders)
    page.evaluate("window.loadedOnce = true")
    add_filter(page, "ttl", "<", "30m")
    expect(page.locator("#counted")).to_have_text(f"{large_group.PENDING} of 1,000,000")
    expect(page.locator("tbody tr")).to_have_count(large_group.PENDING)
    assert query(page) == [("where", "ttl < 30m")]

    add_filter(page, "total", ">", "900")
    expect(page.locator(".chip")).to_have_text(["expires within 30 min×", "total > 900×"])
    few = page.locator("tbody tr").count()
    assert 0 < few < large_group.PENDING
    key = first_key(page)
    page.locator("td.k a").first.click()
    expect(page.locator("#pane-side h2")).to_have_text(key)
    assert query(page) == [("where", "ttl < 30m"), ("where", "total > 900")]

    page.go_back()
    expect(page.locator("#pane-side")).to_have_count(0)
    expect(page.locator("tbody tr")).to_have_count(few)
    page.go_back()
    expect(page.locator("tbody tr")).to_have_count(large_group.PENDING)
    assert page.locator("header.bar").count() == page.locator("main").count() == page.locator("#page").count() == 1
    page.go_forward()
    page.go_forward()
    expect(page.locator("#pane-side h2")).to_have_text(key)
    expect(page.locator("tbody tr")).to_have_count(few)
    assert page.evaluate("window.loadedOnce"), "htmx restored every page"
    page.reload()
    expect(page.locator("#pane-side h2")).to_have_text(key)
    expect(page.locator("tbody tr")).to_have_count(few)

    page.get_by_label("Close", exact=True).click()
    expect(page.locator("#pane-side")).to_have_count(0)
    page.get_by_label("Remove the filter expires within 30 min").click()
    expect(page.locator(".chip")).to_have_text(["total > 900×"])
    expect(page.locator("#counted")).to_contain_text("of 1,000,000")


def test_a_filter_looks_through_all_values_in_as_many_steps_as_it_takes(page: Page, orders: str) -> None:
    page.goto(f"{orders}?where=status+=+pending&size=200")
    keys, number = page.locator("td.k").all_inner_texts(), 1
    while (on := page.get_by_role("link", name="Search on")).count():
        on.click()
        number += 1
        expect(page.locator(".pager")).to_contain_text(f"Page {number}")
        keys += page.locator("td.k").all_inner_texts()

    assert len(keys) == len(set(keys)) == large_group.PENDING


def test_pages_there_and_back_beside_an_open_item(page: Page, orders: str) -> None:
    page.goto(f"{orders}?sort=-key")
    expect(page.locator("td.k").first).to_have_text("order-1000000")
    page.locator("td.k a").first.click()
    expect(page.locator("#pane-side h2")).to_have_text("order-1000000")
    for last in ("order-0999950", "order-0999900", "order-0999850"):
        page.get_by_role("link", name="Next page").click()
        expect(page.locator("td.k").first).to_have_text(last)
    expect(page.locator(".pager")).to_contain_text("Page 4")
    expect(page.locator("#pane-side h2")).to_have_text("order-1000000")
    shared = page.url
    page.get_by_role("link", name="Previous page").click()
    expect(page.locator("td.k").first).to_have_text("order-0999900")
    page.goto(shared)
    expect(page.locator("td.k").first).to_have_text("order-0999850")
    page.get_by_role("link", name="First page").click()
    expect(page.locator("td.k").first).to_have_text("order-1000000")


def test_the_search_leaves_the_filters_alone(page: Page, orders: str) -> None:
    page.goto(f"{orders}?where=ttl+exists")
    page.get_by_label("Search keys").press_sequentially("0999", delay=20)
    expect(page.locator("td.k").first).to_have_text("order-0099900")
    expect(page.locator("#counted")).to_have_text(re.compile("[0-9]+ of 1,000,000$"))
    expect(page.get_by_label("Search keys")).to_be_focused()
    expect(page.locator(".chip")).to_have_text(["expires×"])
    page.get_by_role("link", name="TTL").click()
    expect(page.locator("th[aria-sort]")).to_contain_text("TTL ▲")
    assert query(page) == [("search", "0999"), ("where", "ttl exists"), ("sort", "expires")]


def test_chosen_columns_are_there_again_the_next_time(page: Page, orders: str) -> None:
    page.goto(orders)
    expect(page.locator("thead th")).to_have_text(["", "Key ▲", "status", "total", "trace", "Size", "TTL", "Changed"])
    page.get_by_text("Columns", exact=True).click()
    page.get_by_label("Column status").uncheck()
    page.get_by_label("Column Created").check()
    page.get_by_role("button", name="Show").click()
    heads = ["", "Key ▲", "total", "trace", "Created", "Size", "TTL", "Changed"]
    expect(page.locator("thead th")).to_have_text(heads)
    expect(page.locator("td.c2").first).to_have_text("9007199254740993")
    assert query(page) == [("columns", "total,trace,age")]
    page.goto(orders)
    expect(page.locator("thead th")).to_have_text(heads)


def test_a_card_stays_in_its_pane_and_closes(page: Page, orders: str) -> None:
    page.set_viewport_size({"width": 1100, "height": 700})
    page.goto(f"{orders}/items/order-0000001")
    page.get_by_text("Columns", exact=True).click()
    card = page.locator("#choose-columns .card")
    expect(card).to_be_visible()
    inner, outer = card.bounding_box(), page.locator("main").bounding_box()
    assert inner
    assert outer
    assert outer["x"] <= inner["x"] < inner["x"] + inner["width"] <= outer["x"] + outer["width"]
    page.keyboard.press("Escape")
    expect(card).to_be_hidden()
    expect(page.get_by_text("Columns", exact=True)).to_be_focused()
    page.get_by_text("Columns", exact=True).click()
    page.get_by_text("+ filter").click()
    expect(card).to_be_hidden()
    expect(page.get_by_label("Field", exact=True)).to_be_focused()


def test_sorting_by_the_keyboard_stays_at_the_columns_head(page: Page, orders: str) -> None:
    page.goto(f"{orders}?where=ttl+<+2h")
    page.locator("th a", has_text="Key").press("Enter")
    expect(page.locator("th[aria-sort='descending']")).to_contain_text("Key ▼")
    expect(page.locator("th a", has_text="Key")).to_be_focused()


def test_a_narrow_screen_is_wide_enough(page: Page, orders: str) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(f"{orders}?where=status+=+paid&where=ttl+<+2h&columns=status,total,trace")
    expect(page.locator("tbody tr")).to_have_count(50)

    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert page.locator("main").evaluate("main => main.scrollWidth") <= 360
    expect(page.locator("td.c1").first).to_be_visible()
    expect(page.locator("td.c2").first).to_be_hidden()
    page.get_by_text("+ filter").click()
    expect(page.get_by_role("button", name="Add filter")).to_be_in_viewport()


def test_filters_columns_and_pages_without_javascript(browser: Browser, orders: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(orders)
    page.get_by_text("+ filter").click()
    page.get_by_label("Field", exact=True).fill("total")
    page.get_by_label("Operator").select_option(">=")
    page.get_by_label("Compared with").fill("999.5")
    page.get_by_role("button", name="Add filter").click()
    expect(page.locator("td.k").first).to_have_text("order-0000999")
    page.get_by_label("Search keys").fill("999999")
    page.get_by_role("button", name="Search").click()
    expect(page.locator("td.k")).to_have_text(["order-0999999"])
    assert query(page) == [("search", "999999"), ("in", "keys"), ("where", "total >= 999.5")]
    page.get_by_text("Columns", exact=True).click()
    page.get_by_label("Another field").fill("none")
    page.get_by_role("button", name="Show").click()
    expect(page.locator("thead th").nth(5)).to_have_text("none")
    context.close()
