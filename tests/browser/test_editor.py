"""The JSON editor in a real browser: errors while typing, layouts, keys, and changes by somebody else meanwhile."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from store import Store, open_store
from tests.browser.editor import caret, editor, typed
from tests.processes import running

VALUE = {"status": "new", "big": 18446744073709551615, "customer": {"name": "Ada", "email": "ada@example.org"}}


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Store]:
    """The store; the dashboard over it is another process."""
    with open_store(f"sqlite:///{tmp_path}/state.db", sweep_interval=None) as opened:
        opened.set("g", "k", VALUE, ttl=600)
        yield opened


@pytest.fixture
def root(state: Store, tmp_path: Path) -> Iterator[str]:
    """The address of the dashboard."""
    url = f"sqlite:///{tmp_path}/state.db"
    with running(sys.executable, "-m", "dashboard", url, "--port", "0", cwd=tmp_path) as address:
        yield address


@pytest.fixture
def edit(root: str) -> str:
    """The address of the item's editor."""
    return f"{root}/groups/g/items/k/edit"


def test_errors_are_told_with_line_and_column_while_typing(page: Page, edit: str) -> None:
    page.goto(edit)
    editor(page).fill('{\n  "😀": oops,\n  "b": [1, 2]\n}')
    error = page.locator("#value-error")
    expect(error).to_have_text("Not JSON: unexpected character, expected a JSON value, at line 2, column 8.")
    expect(editor(page).locator(".cm-lintRange-error")).to_have_text("o")
    expect(page.locator("textarea[name=value]")).to_have_attribute("aria-invalid", "true")

    for wrong, told in (
        ('{\n  "a": 1,\n  "a": 2}', "the field 'a' stands twice in one object, at line 3, column 3"),
        ('["\\ud800"]', "at line 1, column 3"),
        ("[18446744073709551616]", "an integer outside -2^63 to 2^64-1, at line 1, column 2"),
        ("[" * 255 + "]" * 255, "nested more than 254 levels deep, at line 1, column 255"),
    ):
        editor(page).fill(wrong)
        expect(error).to_contain_text(told)
    editor(page).fill("[1]")
    expect(error).to_be_empty()
    expect(editor(page).locator(".cm-lintRange-error")).to_have_count(0)


def test_what_the_grammar_tells_needs_no_server(page: Page, edit: str) -> None:
    page.goto(edit)
    editor(page)
    page.context.set_offline(True)
    editor(page).fill('[1,\n "x" 2]')
    expect(page.locator("#value-error")).to_have_text("Not JSON at line 2, column 6.")
    editor(page).fill('[1,\n "x"]')
    expect(page.locator("#value-error")).to_be_empty()


def test_checks_do_not_overlap_and_the_last_text_counts(page: Page, edit: str) -> None:
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    def wait_for(checks: int) -> None:
        for _ in range(200):
            page.clock.run_for(10)
            if len(held) == checks:
                return
        raise AssertionError(f"{len(held)} checks")

    page.route("**/check", hold)
    page.clock.install()
    page.goto(edit)
    editor(page)
    page.clock.pause_at(time.time() + 3600)
    editor(page).fill('{"a": 1, "a": 2}')
    page.clock.run_for(290)
    assert not held
    wait_for(checks=1)
    editor(page).fill('{"b": 1, "b": 2}')
    for _ in range(5):
        page.clock.run_for(500)
    assert len(held) == 1

    with page.expect_response("**/check"):
        held[0].continue_()
    wait_for(checks=2)
    expect(page.locator("#value-error")).to_have_count(0)  # the first answer is about a text that is gone
    held[1].continue_()
    expect(page.locator("#value-error")).to_contain_text("the field 'b' stands twice")


def test_format_and_compact_keep_integers_and_can_be_undone(page: Page, state: Store, edit: str) -> None:
    page.goto(edit)
    editor(page).fill('{"n":[9007199254740993,2.0],"s":"a  b"}')
    page.get_by_role("button", name="Format").click()
    expect(page.locator("textarea[name=value]")).to_have_value(
        '{\n  "n": [\n    9007199254740993,\n    2.0\n  ],\n  "s": "a  b"\n}'
    )
    expect(editor(page)).to_be_focused()
    page.get_by_role("button", name="Compact").click()
    expect(page.locator("textarea[name=value]")).to_have_value('{"n":[9007199254740993,2.0],"s":"a  b"}')
    page.keyboard.press("Control+z")
    expect(page.locator("textarea[name=value]")).to_have_value(
        '{\n  "n": [\n    9007199254740993,\n    2.0\n  ],\n  "s": "a  b"\n}'
    )
    assert state.get("g", "k") == VALUE

    editor(page).fill('[1,\n  "a": 2]')
    page.get_by_role("button", name="Format").click()
    expect(page.locator("#value-error")).to_contain_text("at line 2, column 6")
    assert caret(page) == (2, 6)
    assert typed(page) == '[1,\n  "a": 2]'


@pytest.mark.parametrize("keys", ["Control+s", "Control+Enter"])
def test_saving_by_keys_keeps_big_integers_and_the_ttl(page: Page, state: Store, edit: str, keys: str) -> None:
    page.goto(edit)
    assert json.loads(typed(page)) == VALUE
    editor(page).press("Control+End")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("End")
    page.keyboard.type(',"more":9007199254740993')
    page.keyboard.press(keys)
    expect(page.get_by_role("status").first).to_have_text("Saved k.")

    assert state.get("g", "k") == {**VALUE, "more": 9007199254740993}
    assert 500 < (state.ttl("g", "k") or 0) <= 600


def test_what_the_server_refuses_stays_with_the_caret_at_the_error_and_can_be_undone(
    page: Page, state: Store, edit: str
) -> None:
    page.goto(edit)
    editor(page).fill('{\n  "mine": oops\n}')
    page.keyboard.press("Control+s")
    expect(page.locator("#value-error[data-line]")).to_contain_text("line 2, column 11")
    expect(editor(page)).to_be_focused()
    assert caret(page) == (2, 11)
    assert typed(page) == '{\n  "mine": oops\n}'
    expect(editor(page).locator(".cm-lintRange-error")).to_have_text("o")
    page.keyboard.press("Control+z")
    assert json.loads(typed(page)) == VALUE
    assert state.get("g", "k") == VALUE


def test_tab_writes_and_leaves_after_escape(page: Page, edit: str) -> None:
    page.goto(edit)
    editor(page).press("Control+Home")
    page.keyboard.press("Tab")
    assert typed(page).startswith("  {")
    page.keyboard.press("Escape")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Format")).to_be_focused()


def test_text_over_a_selection_and_search(page: Page, edit: str) -> None:
    page.goto(edit)
    editor(page).press("Control+f")
    page.keyboard.type("Ada")
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    page.keyboard.type("Grace")
    assert json.loads(typed(page))["customer"]["name"] == "Grace"
    page.keyboard.press("Control+a")
    page.keyboard.type("[true")
    assert typed(page) == "[true"


def test_changes_of_two_are_shown_and_merged(page: Page, state: Store, edit: str) -> None:
    page.goto(edit)
    theirs = {**VALUE, "customer": {"name": "Ada", "email": "ada@lovelace.org"}}
    state.set("g", "k", theirs)
    editor(page).fill(json.dumps({**VALUE, "status": "paid", "big": 18446744073709551614}))
    page.keyboard.press("Control+s")
    expect(page.get_by_role("alert").first).to_contain_text("The item changed since you opened it")
    mine, other = page.locator(".both-sides .diff").all()
    expect(mine.locator("ins").first).to_have_text('  "status": "paid"')
    expect(other.locator("ins")).to_have_text('    "email": "ada@lovelace.org"')
    assert mine.bounding_box()["y"] == other.bounding_box()["y"], "side by side"  # type: ignore[index]
    page.keyboard.press("Control+s")
    expect(page.locator("#conflict")).to_be_focused()
    assert state.get("g", "k") == theirs, "keys do not overwrite what somebody else wrote"

    page.set_viewport_size({"width": 380, "height": 800})
    assert mine.bounding_box()["y"] < other.bounding_box()["y"], "one above the other"  # type: ignore[index]
    page.get_by_role("button", name="Merge both").click()
    expect(page.get_by_role("status").first).to_contain_text("Merged with version")
    merged = {**theirs, "status": "paid", "big": 18446744073709551614}
    editor(page).press("Control+z")
    assert json.loads(typed(page)) != merged
    page.keyboard.press("Control+y")
    assert json.loads(typed(page)) == merged
    page.keyboard.press("Control+s")
    expect(page.get_by_role("status").first).to_have_text("Saved k.")
    assert state.get("g", "k") == merged


def test_a_change_is_told_while_typing_and_disturbs_nothing(page: Page, state: Store, edit: str) -> None:
    page.goto(edit)
    editor(page).press("Control+Home")
    page.keyboard.type("[1, ")
    expect(page.locator("#meanwhile")).to_be_hidden()
    state.set("g", "k", {**VALUE, "status": "paid"})
    expect(page.locator("#meanwhile")).to_contain_text("Changed by someone else.")
    page.keyboard.type("2")
    assert typed(page).startswith("[1, 2{")
    expect(editor(page)).to_be_focused()

    editor(page).fill(json.dumps({**VALUE, "note": 1}))
    page.get_by_role("button", name="Show differences").click()
    expect(page.locator(".both-sides ins").last).to_have_text('  "status": "paid"')
    expect(page.locator("#meanwhile")).to_be_hidden()
    page.get_by_role("button", name="Keep mine").click()
    expect(page.get_by_role("status").first).to_have_text("Saved k.")
    assert state.get("g", "k") == {**VALUE, "note": 1}


@pytest.mark.parametrize("others", [0, 1])
def test_an_item_that_goes_during_a_conflict_takes_its_choices_away(
    page: Page, state: Store, edit: str, others: int
) -> None:
    state.set_many("g", dict.fromkeys(["other"][:others], 1))
    page.goto(edit)
    state.set("g", "k", {**VALUE, "status": "paid"})
    editor(page).fill("[2]")
    page.keyboard.press("Control+s")
    expect(page.get_by_role("button", name="Keep mine")).to_be_visible()
    state.delete("g", "k")
    expect(page.locator("#vanished")).to_be_visible()
    expect(page.locator("#conflict")).to_be_hidden()
    page.get_by_role("button", name="What can be done").click()
    expect(page.locator("#conflict")).to_contain_text("Saving again creates it anew.")
    expect(page.locator("#vanished")).to_be_hidden()
    assert typed(page) == "[2]"
    page.get_by_role("button", name="Save anyway").click()
    expect(page.get_by_role("status").first).to_have_text("Saved k.")
    assert state.get("g", "k") == [2]


def test_a_field_that_was_drawn_larger_is_replaced_within_the_content_policy(page: Page, root: str) -> None:
    page.goto(f"{root}/groups/g")
    page.locator("#search").evaluate("field => { field.style.height = '50px'; }")  # as browsers and their add-ons do
    page.locator("td.k a").click()
    expect(page.locator(".tabs")).to_be_visible()
    expect(page.locator("#page > .htmx-added, .htmx-settling")).to_have_count(0)


def test_a_new_item_has_the_editor_too(page: Page, state: Store, root: str) -> None:
    page.goto(f"{root}/groups/g/add")
    page.get_by_label("Key", exact=True).fill("new")
    editor(page).fill('{"n": 18446744073709551615}')
    page.get_by_label("Key", exact=True).press("Control+s")
    expect(page.get_by_role("status").first).to_have_text("Added new.")
    assert state.get("g", "new") == {"n": 18446744073709551615}


def test_a_text_of_megabytes_is_edited_in_a_plain_field(page: Page, state: Store, edit: str) -> None:
    state.set("g", "k", ["x" * 1000] * 2000)
    page.goto(edit)
    expect(page.locator("json-editor")).to_have_count(0)
    area = page.get_by_label("Value, as JSON")
    area.evaluate("area => area.setRangeText('[1,', 0, 1)")
    page.get_by_role("button", name="Save").last.click()
    expect(page.get_by_role("status").first).to_have_text("Saved k.")
    assert state.get("g", "k")[:2] == [1, "x" * 1000]


def test_without_javascript_there_is_a_plain_field(browser: Browser, state: Store, edit: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(edit)
    area = page.get_by_label("Value, as JSON")
    area.fill('{"n":18446744073709551615}')
    page.get_by_role("button", name="Format").click()
    expect(area).to_have_value('{\n  "n": 18446744073709551615\n}')
    area.fill('{\n  "n": oops\n}')
    page.get_by_role("button", name="Save").last.click()
    expect(page.locator("#value-error")).to_contain_text("line 2, column 8")
    state.set("g", "k", {**VALUE, "status": "paid"})
    area.fill(json.dumps({**VALUE, "note": 1}))
    page.get_by_role("button", name="Save").last.click()
    page.get_by_role("button", name="Merge both").click()
    page.get_by_role("button", name="Save").last.click()
    expect(page.get_by_role("status").first).to_have_text("Saved k.")
    assert state.get("g", "k") == {**VALUE, "status": "paid", "note": 1}
    context.close()
