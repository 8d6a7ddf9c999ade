"""The main job in a real browser: look into the demo's state, change it, clean up."""

from __future__ import annotations

import json
import re

from playwright.sync_api import Browser, Dialog, Page, expect

from tests.browser.editor import caret, editor, typed


def open_order(page: Page) -> str:
    """Open the first order, from the list of groups; its key."""
    page.get_by_role("link", name="orders", exact=True).click()
    expect(page.get_by_role("heading", name="orders")).to_be_visible()
    link = page.locator("td.k a").first
    key = link.inner_text()
    link.click()
    expect(page.locator("section.side h2")).to_have_text(key)
    return key


def seconds_left(page: Page) -> int:
    minutes, seconds = page.locator("dd .countdown").inner_text().removeprefix("in ").split(":")
    return int(minutes) * 60 + int(seconds)


def test_edit_an_item_apply_an_increment_set_a_ttl_and_clear_a_finished_group(page: Page, demo: str) -> None:
    page.goto(demo)
    page.evaluate("window.loadedOnce = true")
    expect(page.get_by_role("row", name=re.compile("wf-order-0001"))).to_contain_text("finished")
    key = open_order(page)

    page.get_by_role("link", name="Edit").click()
    edited = editor(page)
    value = json.loads(typed(page))
    edited.fill(json.dumps({**value, "note": "from the browser", "big": 18446744073709551615}))
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_have_text(f"Saved {key}.")
    expect(page.locator("#tree")).to_contain_text('note: "from the browser"')
    expect(page.locator("#tree")).to_contain_text("big: 18446744073709551615")

    page.get_by_role("link", name="Operations").click()
    page.get_by_label("Operation 1", exact=True).select_option("increment")
    page.get_by_label("Field of operation 1").fill("visits")
    page.get_by_label("Value or amount of operation 1").fill("3")
    page.get_by_role("button", name="Preview").last.click()
    expect(page.locator(".diff ins")).to_have_text(re.compile('"visits": 3'))
    page.get_by_role("button", name="Apply 1 operation").click()
    expect(page.locator("#tree")).to_contain_text("visits: 3")

    page.get_by_label("TTL").fill("2m")
    page.get_by_role("button", name="Set TTL", exact=True).click()
    expect(page.get_by_role("status")).to_have_text(f"{key} expires in 2 min.")
    first = seconds_left(page)
    assert 110 <= first <= 120
    expect(page.locator("dd .countdown")).not_to_have_text(f"in {first // 60}:{first % 60:02}")
    assert first - 15 <= seconds_left(page) < first

    page.get_by_role("link", name="Cache", exact=True).click()
    expect(page.get_by_role("img", name=re.compile("expiring within 10 minutes"))).to_be_visible()
    page.get_by_role("link", name="Cleanup").click()
    page.get_by_label("Finished").select_option("yes")
    page.get_by_label("Name fits").fill("wf-*")
    expect(page.get_by_role("row", name=re.compile("wf-order-0001"))).to_be_visible()
    page.get_by_label("Name fits").fill("wf-order-0001")
    expect(page.locator("tbody tr")).to_have_count(1)
    page.get_by_role("button", name="Clear 1 group").click()
    expect(page.get_by_role("status")).to_contain_text("Cleared 1 group: 2 items")
    page.get_by_role("link", name="Groups").click()
    expect(page.get_by_role("link", name="wf-order-0002")).to_be_visible()
    expect(page.get_by_role("link", name="wf-order-0001")).to_have_count(0)
    assert page.evaluate("window.loadedOnce"), "htmx swapped every page in; none was loaded whole"


def test_a_conflict_shows_both_versions_and_a_wrong_value_keeps_what_was_typed(
    page: Page, demo: str, browser: Browser
) -> None:
    page.goto(demo)
    open_order(page)
    page.get_by_role("link", name="Edit").click()
    edited = editor(page)
    other = page.context.new_page()
    other.goto(page.url)
    editor(other).fill('{"theirs": 1}')
    other.get_by_role("button", name="Save").click()
    expect(other.get_by_role("status")).to_contain_text("Saved")

    edited.fill('{\n  "mine": oops\n}')
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#value-error")).to_contain_text("line 2, column 11")
    expect(edited).to_be_focused()
    assert typed(page) == '{\n  "mine": oops\n}'
    assert caret(page) == (2, 11)

    edited.fill('{"mine": 2}')
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text("changed since you opened it")
    mine, theirs = page.locator(".both-sides .diff").all()
    expect(mine.locator("ins").first).to_have_text(re.compile('"mine": 2'))
    expect(theirs.locator("ins").first).to_have_text(re.compile('"theirs": 1'))
    page.get_by_role("button", name="Save anyway").click()
    expect(page.locator("#tree")).to_contain_text("mine: 2")


def test_back_and_forward_give_whole_pages(page: Page, demo: str) -> None:
    page.goto(demo)
    key = open_order(page)
    page.go_back()
    expect(page.locator("section.side")).to_have_count(0)
    expect(page.get_by_role("link", name=key, exact=True)).to_be_visible()
    page.go_back()
    expect(page.get_by_role("heading", name="Groups")).to_be_visible()
    page.go_forward()
    expect(page.get_by_role("heading", name="orders")).to_be_visible()
    assert page.locator("header.bar").count() == 1


def test_searching_narrows_the_list_while_typing(page: Page, demo: str) -> None:
    page.goto(demo)
    page.get_by_label("Search groups").press_sequentially("rep", delay=30)
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.get_by_role("link", name="reports")).to_be_visible()
    expect(page.get_by_label("Search groups")).to_be_focused()


def test_the_main_job_without_javascript(browser: Browser, demo: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(demo)
    key = open_order(page)
    page.get_by_role("link", name="Edit").click()
    page.get_by_label("Value, as JSON").fill('{"plain": "form"}')
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_have_text(f"Saved {key}.")
    page.get_by_role("link", name="Operations").click()
    page.get_by_label("Operation 1", exact=True).select_option("append")
    page.get_by_label("Field of operation 1").fill("plain")
    page.get_by_label("Value or amount of operation 1").fill('"s"')
    page.get_by_label("Value or amount of operation 1").press("Enter")
    expect(page.locator(".diff ins")).to_have_text(re.compile('"forms"'))
    page.get_by_role("button", name="Apply 1 operation").click()
    expect(page.locator("#tree")).to_contain_text('plain: "forms"')
    page.get_by_label("TTL").fill("never")
    page.get_by_role("button", name="Set TTL", exact=True).click()
    expect(page.locator("#pane-side dd").first).to_contain_text("never")
    page.get_by_role("link", name="Clear…").click()
    page.get_by_role("button", name=re.compile("Clear [0-9]+ items?")).click()
    expect(page.get_by_role("status")).to_contain_text("Cleared orders")
    context.close()


def test_a_server_that_is_gone_is_said_and_what_was_typed_stays(page: Page, demo: str) -> None:
    page.goto(demo)
    open_order(page)
    page.get_by_role("link", name="Edit").click()
    editor(page).fill('{"typed": true}')
    page.context.set_offline(True)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text("No answer came, so it is not known whether this was done.")
    assert typed(page) == '{"typed": true}'
    page.context.set_offline(False)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_contain_text("Saved")
    expect(page.locator(".notice.bad")).to_have_count(0)


def test_what_is_typed_is_not_dropped_without_a_question(page: Page, demo: str) -> None:
    page.goto(demo)
    key = open_order(page)
    page.get_by_role("link", name="Edit").click()
    editor(page).fill("{}")
    asked: list[str] = []

    def refuse(dialog: Dialog) -> None:
        asked.append(dialog.message)
        dialog.dismiss()

    page.once("dialog", refuse)
    page.locator("td.k a").nth(1).click()
    assert typed(page) == "{}"
    assert asked == ["Drop what you typed?"]
    page.once("dialog", lambda dialog: dialog.accept())
    page.locator("td.k a").nth(1).click()
    expect(page.locator("section.side h2")).not_to_have_text(key)


def test_the_keyboard_goes_on_in_the_pane_that_was_opened(page: Page, demo: str) -> None:
    page.goto(demo)
    page.get_by_role("link", name="orders", exact=True).click()
    expect(page.get_by_role("heading", name="orders")).to_be_visible()
    page.locator("td.k a").first.press("Enter")
    expect(page.locator("#pane-side")).to_be_focused()
    for name in ("Export", "Delete", "Close", "Tree", "JSON", "Edit"):
        page.keyboard.press("Tab")
        expect(
            page.locator("#pane-side").get_by_text(name, exact=True).or_(page.locator("#pane-side").get_by_label(name))
        ).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Value, as JSON")).to_be_visible()
    expect(page.locator("#pane-side")).to_be_focused()


def test_searching_keys_leaves_the_editor_alone(page: Page, demo: str) -> None:
    page.goto(demo)
    open_order(page)
    page.get_by_role("link", name="Edit").click()
    editor(page).fill("{}")
    page.get_by_label("Search keys").press_sequentially("0002", delay=30)
    expect(page.locator("tbody tr")).to_have_count(1)
    assert typed(page) == "{}"


def test_the_question_before_a_deletion_leaves_no_dead_address(page: Page, demo: str) -> None:
    page.goto(demo)
    key = open_order(page)
    page.locator("tbody input[name=key]").first.check()
    page.locator(".sel").get_by_role("button", name="Delete…").click()
    expect(page.get_by_role("heading", name="Delete 1 item?")).to_be_visible()
    page.reload()
    expect(page.locator("section.side h2")).to_have_text(key)
