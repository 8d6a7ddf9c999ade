"""What is done to many items at once, in a real browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from store import Store
from tests.browser.shop import shop

PLACE = tuple[str, Store]
PAID = "/groups/orders?where=status+%3D+paid"


@pytest.fixture
def place(tmp_path: Path) -> Iterator[PLACE]:
    with shop(tmp_path) as opened:
        yield opened


def test_all_that_match_are_offered_once_the_page_is_ticked(page: Page, place: PLACE) -> None:
    address, state = place
    page.goto(address + PAID)
    bar, every = page.locator(".sel"), page.locator("[data-every]")
    expect(bar).to_contain_text("0 selected")
    expect(bar.get_by_role("button", name="Delete…")).to_be_disabled()
    expect(every).to_be_hidden()
    page.get_by_label("Select all on this page").check()
    expect(bar).to_contain_text("50 selected")
    every.check()
    expect(bar).to_contain_text("All that match")
    page.get_by_label("Select o-001").uncheck()
    expect(every).to_be_hidden()
    expect(every).not_to_be_checked()
    page.get_by_label("Select all on this page").check()
    every.check()
    bar.get_by_role("button", name="Delete…").click()
    expect(page.locator("#pane-side")).to_contain_text("80 items of orders where status = paid, also those not shown")
    page.get_by_role("button", name="Delete 80 items").click()
    expect(page.locator("#undo")).to_contain_text("Deleted 80 items of orders.")
    assert len(state.list("orders")) == 40
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("status").first).to_contain_text("Restored 80 items of orders.")
    assert len(state.list("orders")) == 120


def test_a_selection_does_not_survive_another_search(page: Page, place: PLACE) -> None:
    address, _ = place
    page.goto(address + PAID)
    page.get_by_label("Select all on this page").check()
    page.locator("[data-every]").check()
    page.get_by_label("Search keys").fill("o-00")
    expect(page.locator("tbody tr")).to_have_count(6)
    expect(page.locator("tbody input:checked")).to_have_count(0)
    expect(page.locator(".sel")).to_contain_text("0 selected")


def test_a_ticked_row_that_changes_stays_ticked_and_is_deleted_as_it_is_shown(page: Page, place: PLACE) -> None:
    address, state = place
    page.goto(address + PAID)
    expect(page.locator(".bar .live")).to_have_text("live")
    page.get_by_label("Select o-001").check()
    state.set("orders", "o-001", {"status": "paid", "again": True})
    version = state.item("orders", "o-001")
    assert version
    expect(page.get_by_label("Select o-001")).to_have_value(f"o-001@{version.version}")
    expect(page.get_by_label("Select o-001")).to_be_checked()
    page.locator(".sel").get_by_role("button", name="Delete…").click()
    page.get_by_role("button", name="Delete 1 item").click()
    expect(page.locator("#undo")).to_contain_text("Deleted o-001.")


def test_a_preset_gives_the_ticked_items_a_ttl(page: Page, place: PLACE) -> None:
    address, state = place
    page.goto(address + PAID)
    page.get_by_label("Select o-001").check()
    page.get_by_label("Select o-002").check()
    page.locator(".sel").get_by_role("button", name="Set TTL…").click()
    page.locator("#pane-side").get_by_role("button", name="1h", exact=True).click()
    expect(page.get_by_role("status")).to_have_text("Set the TTL of 2 items of orders.")
    assert (state.ttl("orders", "o-001") or 0) > 3500
    assert (state.ttl("orders", "o-004") or 0) <= 600


def test_all_that_match_without_javascript(browser: Browser, place: PLACE) -> None:
    address, state = place
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address + PAID)
    page.get_by_label(re.compile("also those not on this page")).check()
    page.locator(".sel").get_by_role("button", name="Delete…").click()
    page.get_by_role("button", name="Delete 80 items").click()
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    assert len(state.list("orders")) == 40
    context.close()


def test_rows_stay_ticked_beside_the_question_and_after_it(page: Page, place: PLACE) -> None:
    address, _ = place
    page.goto(address + PAID)
    page.get_by_label("Select o-001").check()
    page.get_by_label("Select o-004").check()
    for close in ("×", "Escape"):
        page.locator(".sel").get_by_role("button", name="Delete…").click()
        expect(page.get_by_role("button", name="Delete 2 items")).to_be_visible()
        expect(page.locator("tbody input:checked")).to_have_count(2)
        if close == "×":
            page.locator("#pane-side").get_by_label("Close").click()
        else:
            page.keyboard.press(close)
        expect(page.locator("#pane-side")).to_have_count(0)
        expect(page.locator(".sel")).to_contain_text("2 selected")
        expect(page.get_by_label("Select o-004")).to_be_checked()


def test_shift_ticks_and_unticks_all_rows_between(page: Page, place: PLACE) -> None:
    address, _ = place
    page.goto(address + PAID)
    page.get_by_label("Select o-002").click()
    page.get_by_label("Select o-010").click(modifiers=["Shift"])
    expect(page.locator(".sel")).to_contain_text("6 selected")
    page.get_by_label("Select o-004").click(modifiers=["Shift"])
    expect(page.locator(".sel")).to_contain_text("1 selected")


def test_on_a_narrow_screen_the_bar_comes_with_the_first_tick_and_no_row_moves(page: Page, place: PLACE) -> None:
    address, _ = place
    page.set_viewport_size({"width": 380, "height": 700})
    page.goto(address + PAID)
    row = page.get_by_label("Select o-001")
    expect(page.locator(".sel")).to_be_hidden()
    before = row.bounding_box()
    row.check()
    expect(page.locator(".sel")).to_be_visible()
    assert row.bounding_box() == before
