"""The operations form in a real browser: what happens while someone types."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from store import Store, open_store
from tests.processes import running


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Store]:
    with open_store(f"sqlite:///{tmp_path}/state.db", sweep_interval=None) as opened:
        opened.set("g", "k", {"n": 1, "status": "new", "customer": {"email": "ada@example.org"}})
        yield opened


@pytest.fixture
def operations(state: Store, tmp_path: Path) -> Iterator[str]:
    """The address of the item's operations."""
    url = f"sqlite:///{tmp_path}/state.db"
    with running(sys.executable, "-m", "dashboard", url, "--port", "0", cwd=tmp_path) as address:
        yield f"{address}/groups/g/items/k/operations"


def path_of(page: Page, row: int) -> str:
    return page.get_by_label(f"Field of operation {row}").input_value()


def test_the_preview_follows_what_is_typed_and_the_caret_stays(page: Page, state: Store, operations: str) -> None:
    page.goto(operations)
    page.get_by_label("Operation 1", exact=True).select_option("increment")
    field = page.get_by_label("Field of operation 1")
    field.press_sequentially("total", delay=10)
    expect(page.locator(".diff ins")).to_have_text(re.compile('"total": 1'))
    field.press("Home")
    field.press_sequentially("sub_", delay=10)
    expect(page.locator(".diff ins")).to_have_text(re.compile('"sub_total": 1'))
    expect(field).to_be_focused()
    assert field.evaluate("field => field.selectionStart") == len("sub_")

    field.fill("status")
    expect(page.locator("#op-1-error")).to_have_text("The target is a string, not a number.")
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(page.locator(".diff")).to_have_count(0)
    field.fill("n")
    expect(page.locator(".diff ins")).to_have_text(re.compile('"n": 2'))
    expect(page.locator("#op-1-error")).to_be_empty()
    expect(field).not_to_have_attribute("aria-invalid", "true")
    assert state.get("g", "k")["n"] == 1


def test_the_last_word_wins_when_answers_are_slow(page: Page, operations: str) -> None:
    page.goto(operations)
    page.evaluate(
        """document.addEventListener("htmx:finally:request", (event) => {
          (window.ended ??= []).push(String(event.detail.ctx.status));
        })"""
    )
    page.get_by_label("Operation 1", exact=True).select_option("increment")
    field = page.get_by_label("Field of operation 1")
    held: list[Route] = []  # the first is never answered
    page.route("**/operations", lambda route: route.continue_() if held else held.append(route))
    with page.expect_request("**/operations"):
        field.fill("first")
    field.fill("second")

    expect(page.locator(".diff ins")).to_have_text(re.compile('"second": 1'))
    assert any("AbortError" in ended for ended in page.evaluate("window.ended"))
    expect(page.get_by_role("alert")).to_have_count(0)


def test_typing_on_while_an_answer_comes_is_previewed_too(page: Page, operations: str) -> None:
    page.goto(operations)
    page.get_by_label("Operation 1", exact=True).select_option("increment")
    field = page.get_by_label("Field of operation 1")
    with page.expect_response("**/operations"):
        field.fill("a")
        with page.expect_request("**/operations"):
            pass
        field.press_sequentially("b")  # after the request went, before its answer is in the page
    expect(page.locator(".diff ins")).to_have_text(re.compile('"ab": 1'))


def test_rows_come_and_go_and_the_keyboard_goes_on_in_them(page: Page, operations: str) -> None:
    page.goto(operations)
    page.get_by_label("Field of operation 1").fill("a")
    page.get_by_label("Value or amount of operation 1").fill("1")
    page.get_by_role("button", name="+ Operation").press("Enter")
    expect(page.get_by_label("Operation 2", exact=True)).to_be_focused()
    expect(page.locator(".diff ins")).to_have_text(re.compile('"a": 1'))
    for name in ("Field of operation 2", "Value or amount of operation 2", "Remove operation 2", "+ Operation"):
        page.keyboard.press("Tab")
        expect(page.get_by_role("button", name=name).or_(page.get_by_label(name))).to_be_focused()
    page.get_by_label("Field of operation 2").fill("b")
    page.get_by_role("button", name="Remove operation 1").click()
    expect(page.get_by_label("Field of operation 2")).to_have_count(0)
    assert path_of(page, 1) == "b"
    expect(page.get_by_label("Operation 1", exact=True)).to_be_focused()


def test_the_value_is_asked_for_as_the_operation_takes_it(page: Page, operations: str) -> None:
    page.goto(operations)
    kind = page.get_by_label("Operation 1", exact=True)
    value = page.locator("#op-1-value")
    kind.select_option("increment")
    expect(value).to_have_attribute("placeholder", "1")
    kind.select_option("remove")
    expect(value).to_be_hidden()
    page.get_by_label("Field of operation 1").fill('["customer", "email"]')
    expect(page.locator(".diff del").nth(1)).to_contain_text("ada@example.org")
    kind.select_option("merge")
    expect(value).to_be_visible()
    expect(value).to_have_attribute("placeholder", '{"field": 1}')


def test_enter_previews_and_apply_applies_once(page: Page, state: Store, operations: str) -> None:
    page.goto(operations)
    page.get_by_label("Operation 1", exact=True).select_option("increment")
    field = page.get_by_label("Field of operation 1")
    field.fill("n")
    field.press("Enter")
    expect(page.locator(".diff ins")).to_have_text(re.compile('"n": 2'))
    expect(field).to_be_focused()
    page.get_by_label("TTL").fill("5m")
    expect(page.get_by_text("It would expire 5 min after that.")).to_be_visible()
    page.get_by_role("button", name="Apply 1 operation").dblclick()

    expect(page.get_by_role("status").first).to_contain_text("Applied 1 operation to k.")
    assert state.get("g", "k")["n"] == 2
    assert 290 < (state.ttl("g", "k") or 0) <= 300


def test_what_changed_since_the_preview_is_not_overwritten(page: Page, state: Store, operations: str) -> None:
    page.goto(operations)
    page.get_by_label("Operation 1", exact=True).select_option("increment")
    page.get_by_label("Field of operation 1").fill("n")
    expect(page.locator(".diff ins")).to_have_text(re.compile('"n": 2'))
    state.update("g", "k", [{"type": "set", "path": "n", "value": 10}])
    page.get_by_role("button", name="Apply 1 operation").click()

    expect(page.get_by_role("alert")).to_contain_text("The item changed since the preview, so nothing was applied.")
    expect(page.locator(".diff ins")).to_have_text(re.compile('"n": 11'))
    page.get_by_role("button", name="Apply 1 operation").click()
    expect(page.get_by_role("status").first).to_contain_text("Applied 1 operation")
    assert state.get("g", "k")["n"] == 11


def test_a_preset_is_saved_used_and_deleted(page: Page, operations: str) -> None:
    page.goto(operations)
    page.get_by_label("Operation 1", exact=True).select_option("increment")
    page.get_by_label("Field of operation 1").fill("n")
    page.get_by_text("Save as preset").click()
    name = page.get_by_label("Name of the preset")
    name.fill("one more")
    name.press("Enter")
    expect(page.get_by_role("status").first).to_contain_text("Saved the preset “one more”.")

    page.reload()
    page.get_by_label("Preset", exact=True).select_option("one more")
    page.get_by_role("button", name="Use").click()
    expect(page.locator(".diff ins")).to_have_text(re.compile('"n": 2'))
    assert path_of(page, 1) == "n"
    page.get_by_role("button", name="Delete the preset").click()
    expect(page.get_by_label("Preset", exact=True)).to_have_count(0)
    assert path_of(page, 1) == "n"


def test_the_call_is_copied_in_the_language_that_was_chosen(
    page: Page, context: BrowserContext, operations: str
) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(operations)
    page.get_by_text("As a call, to copy").click()
    page.locator("label", has_text="TypeScript").click()
    expect(page.get_by_role("button", name="Copy")).to_be_hidden()
    page.get_by_label("Field of operation 1").fill("n")
    page.get_by_label("Value or amount of operation 1").fill('"<b>&amp;"')
    expect(page.locator("#call-2")).to_contain_text("await state.update")
    page.get_by_role("button", name="Copy").click()

    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == 'await state.update("g", "k", [\n  {"type": "set", "path": "n", "value": "<b>&amp;"},\n]);\n'


def test_the_call_is_copied_where_the_clipboard_is_closed(page: Page, context: BrowserContext, operations: str) -> None:
    context.add_init_script("delete Navigator.prototype.clipboard")
    page.goto(operations)
    page.get_by_label("Field of operation 1").fill("n")
    page.get_by_label("Value or amount of operation 1").fill("1")
    page.get_by_text("As a call, to copy").click()
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("button", name="Copied")).to_be_focused()
    page.get_by_label("Value or amount of operation 1").fill("")
    page.keyboard.press("Control+V")

    expect(page.get_by_label("Value or amount of operation 1")).to_have_value(re.compile("^from store import"))


def test_a_preview_that_got_no_answer_says_so_and_what_is_typed_stays(page: Page, operations: str) -> None:
    page.goto(operations)
    page.get_by_label("Operation 1", exact=True).select_option("increment")
    page.context.set_offline(True)
    field = page.get_by_label("Field of operation 1")
    field.fill("n")
    expect(page.get_by_role("alert")).to_have_text("No answer came, so the preview may not be of what you typed.")
    expect(field).to_be_focused()
    page.context.set_offline(False)
    field.press("Enter")
    expect(page.locator(".diff ins")).to_have_text(re.compile('"n": 2'))
    expect(page.locator(".notice.bad")).to_have_count(0)


def test_the_form_without_javascript(browser: Browser, state: Store, operations: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(operations)
    page.get_by_label("Operation 1", exact=True).select_option("remove")
    page.get_by_label("Field of operation 1").fill("customer")
    page.get_by_role("button", name="+ Operation").click()
    page.get_by_label("Operation 2", exact=True).select_option("increment")
    page.get_by_label("Field of operation 2").fill("n")
    page.get_by_text("Save as preset").click()
    page.get_by_label("Name of the preset").fill("both")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status").first).to_contain_text("Saved the preset “both”.")
    page.get_by_text("As a call, to copy").click()
    page.locator("label", has_text="curl").click()
    expect(page.locator("#call-3")).to_be_visible()
    expect(page.get_by_role("button", name="Copy")).to_be_hidden()
    page.get_by_role("button", name="Apply 2 operations").click()
    expect(page.get_by_role("status").first).to_contain_text("Applied 2 operations to k.")
    assert state.get("g", "k") == {"n": 2, "status": "new"}
    context.close()
