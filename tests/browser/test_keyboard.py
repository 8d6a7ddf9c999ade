"""Everything without a mouse: the main job by keys alone, and what the keys leave alone."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Dialog, Page, expect

from store import Store
from tests.browser.editor import typed
from tests.browser.shop import shop

PLACE = tuple[str, Store]
# The editor has its name inside.
LABEL = """() => { const one = document.activeElement;
return one.localName === "json-editor" ? "editor" : (one.ariaLabel ?? one.textContent).trim(); }"""


@pytest.fixture
def place(tmp_path: Path) -> Iterator[PLACE]:
    with shop(tmp_path) as opened:
        yield opened


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def row(page: Page, key: str) -> None:
    """The cursor is at this row."""
    expect(page.get_by_role("link", name=key, exact=True)).to_be_focused()


def opened(page: Page, key: str) -> None:
    """This item is open, and the keyboard goes on in its pane."""
    expect(page.locator("#pane-side h2")).to_have_text(key)
    expect(page.locator("#pane-side")).to_be_focused()


def said(page: Page, text: str) -> None:
    expect(page.get_by_role("status").filter(has_text=text)).to_be_visible()


def tab_to(page: Page, name: str, key: str = "Tab") -> None:
    """Go on with this key until what has the focus is called so."""
    seen = []
    for _ in range(40):
        press(page, key)
        seen.append(page.evaluate(LABEL))
        if seen[-1] == name:
            return
    raise AssertionError(f"no {name} comes by {key}, but {seen}")


def edit_the_open_item(page: Page) -> None:
    press(page, "e")
    expect(page.locator("json-editor[data-ready]")).to_be_visible()
    tab_to(page, "editor")
    press(page, "Control+a")
    page.keyboard.insert_text('{"status": "new", "n": 1}')
    press(page, "Control+s")
    said(page, "Saved o-003.")


def operate_on_the_open_item(page: Page) -> None:
    press(page, "o")
    expect(page.get_by_label("Operation 1", exact=True)).to_be_visible()
    tab_to(page, "Operation 1")
    page.keyboard.type("increment")
    press(page, "Tab")
    page.keyboard.type("n")
    press(page, "Tab")
    page.keyboard.type("4")
    expect(page.locator(".diff ins")).to_have_text(re.compile('"n": 5'))
    tab_to(page, "Apply 1 operation")
    press(page, "Enter")
    expect(page.locator("#tree")).to_contain_text("n: 5")


def test_the_main_job_by_keys_alone(page: Page, place: PLACE) -> None:
    address, state = place
    page.goto(address)
    press(page, "/")
    page.keyboard.type("ord")
    expect(page.locator("tbody tr")).to_have_count(1)
    press(page, "Escape", "j")
    row(page, "orders")
    press(page, "Enter")
    expect(page.get_by_role("heading", name="orders")).to_be_visible()

    tab_to(page, "+ filter")
    press(page, "Enter")
    expect(page.get_by_label("Field", exact=True)).to_be_focused()
    page.keyboard.type("status")
    press(page, "Tab", "Tab")
    page.keyboard.type("new")
    press(page, "Enter")
    expect(page.locator(".chip")).to_have_text(re.compile("status = new"))
    press(page, "j", "j")
    row(page, "o-003")
    press(page, "Enter")
    opened(page, "o-003")

    edit_the_open_item(page)
    operate_on_the_open_item(page)
    press(page, "t")
    expect(page.get_by_label("TTL")).to_be_focused()
    page.keyboard.type("1h")
    press(page, "Enter")
    said(page, "o-003 expires in 1 h.")
    press(page, "Escape", "d")
    said(page, "Deleted o-003.")
    assert state.get("orders", "o-003") is None
    press(page, "u")
    said(page, "Restored")
    assert state.get("orders", "o-003") == {"status": "new", "n": 5}

    expect(page.locator("#content")).to_be_focused()  # the page has come wholly
    tab_to(page, "Cleanup", "Shift+Tab")
    press(page, "Enter")
    expect(page.get_by_role("heading", name="Cleanup")).to_be_visible()
    expect(page.locator("#content")).to_be_focused()
    press(page, "/")
    page.keyboard.type("ord*")
    expect(page.locator(".chosen")).to_contain_text("1 group")


def test_the_cursor_moves_ticks_and_goes_on_from_what_is_open(page: Page, place: PLACE) -> None:
    page.goto(f"{place[0]}/groups/orders")
    press(page, "j", "j", "j", "k", "ArrowDown", "ArrowUp", "x")
    row(page, "o-001")
    expect(page.get_by_label("Select o-001")).to_be_checked()
    expect(page.locator(".sel")).to_contain_text("1 selected")
    press(page, "Enter")
    opened(page, "o-001")
    press(page, "j")
    row(page, "o-002")
    press(page, "t")
    opened_item = page.locator("#pane-side h2")
    expect(opened_item).to_have_text("o-002")
    expect(page.get_by_label("TTL")).to_be_focused()
    press(page, "Escape", "Escape")
    expect(page.locator("#pane-side")).to_have_count(0)
    row(page, "o-002")
    press(page, "e")
    expect(page.locator("json-editor[data-ready]")).to_be_visible()
    expect(opened_item).to_have_text("o-002")


def test_a_row_is_deleted_without_being_opened_and_the_cursor_stays_in_its_place(page: Page, place: PLACE) -> None:
    address, state = place
    page.goto(f"{address}/groups/orders")
    press(page, "j", "j", "d")
    said(page, "Deleted")
    assert state.get("orders", "o-001") is None
    press(page, "j")
    row(page, "o-002")
    press(page, "u")
    said(page, "Restored")
    assert state.get("orders", "o-001") is not None


def test_the_cursor_survives_what_others_write(page: Page, place: PLACE) -> None:
    address, state = place
    page.goto(f"{address}/groups/orders")
    expect(page.locator(".bar .live")).to_have_text("live")
    press(page, "j", "j")
    state.set("orders", "o-000a", {"status": "came before it"})
    expect(page.get_by_role("link", name="o-000a")).to_be_visible()
    row(page, "o-001")
    state.delete("orders", "o-001")
    expect(page.get_by_role("link", name="o-001", exact=True)).to_have_count(0)
    row(page, "o-002")
    press(page, "k")
    row(page, "o-000a")


@pytest.mark.parametrize("field", ["#search", "#search-in", "#ttl", "[name=find]"])
def test_no_key_acts_while_something_is_typed(page: Page, place: PLACE, field: str) -> None:
    page.goto(f"{place[0]}/groups/orders/items/o-001")
    page.locator(field).focus()
    press(page, *"jkeotxdu?")
    expect(page.locator(field)).to_be_focused()
    expect(page.locator("dialog")).to_be_hidden()
    assert place[1].get("orders", "o-001") is not None


def test_no_key_acts_in_the_editor_or_with_another_key_held(page: Page, place: PLACE) -> None:
    page.goto(f"{place[0]}/groups/orders/items/o-001/edit")
    expect(page.locator("json-editor[data-ready]")).to_be_visible()
    page.get_by_role("textbox", name="Value, as JSON").focus()
    press(page, "Control+a")
    page.keyboard.type('"jkeotxdu?/"')
    assert json.loads(typed(page)) == "jkeotxdu?/"
    assert page.url.endswith("/edit")
    page.goto(f"{place[0]}/groups/orders/items/o-002")
    press(page, "Alt+d", "Control+d", "Meta+d", "Control+?")
    expect(page.locator("#pane-side h2")).to_have_text("o-002")
    expect(page.locator("dialog")).to_be_hidden()


def test_escape_asks_before_it_drops_what_was_typed(page: Page, place: PLACE) -> None:
    page.goto(f"{place[0]}/groups/orders/add")
    page.get_by_label("Key", exact=True).fill("typed")
    asked: list[str] = []

    def refuse(dialog: Dialog) -> None:
        asked.append(dialog.message)
        dialog.dismiss()

    page.once("dialog", refuse)
    press(page, "Escape", "Escape")
    assert asked == ["Drop what you typed?"]
    expect(page.get_by_label("Key", exact=True)).to_have_value("typed")


def test_the_keys_are_listed_and_can_be_turned_off(page: Page, place: PLACE) -> None:
    page.goto(f"{place[0]}/groups/orders")
    press(page, "?")
    expect(page.get_by_role("dialog", name="Keys")).to_contain_text("next and previous row")
    page.get_by_label("use these keys in this browser").uncheck()
    press(page, "Escape", "j")
    expect(page.locator("dialog")).to_be_hidden()
    expect(page.locator("tbody a:focus")).to_have_count(0)
    page.reload()
    press(page, "?")
    expect(page.locator("dialog")).to_be_hidden()
    page.get_by_role("link", name="Keys").click()
    page.get_by_label("use these keys in this browser").check()
    press(page, "Escape", "j")
    row(page, "o-000")
    assert page.url.endswith("/groups/orders")


def test_keys_for_changing_are_neither_listed_nor_do_they_act_for_readers(page: Page, tmp_path: Path) -> None:
    with shop(tmp_path, "--read-only") as (address, state):
        page.goto(f"{address}/groups/orders")
        press(page, "j", "x", "d", "e", "o", "t", "?")
        expect(page.get_by_role("dialog", name="Keys")).to_contain_text("next and previous row")
        expect(page.get_by_role("dialog", name="Keys")).not_to_contain_text("delete")
        assert page.url.endswith("/groups/orders")
        assert len(state.list("orders")) == 120
