"""An item's pane in a real browser: unfolding, searching and copying its value, and its TTL."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from dashboard.urls import encode_name
from store import Store, open_store
from tests.processes import running

VALUE: dict[str, Any] = {
    "id": 9007199254740993,
    "customer": {"email": "ada@example.org", "address": {"city": "London"}},
    "numbers": list(range(1000)),
    "records": [{"id": number, "tags": ["a", number]} for number in range(80)],
    "note": "Ring twice.\nThe bell is broken.",
    "text": "line <b>\n" * 5000,
    "a\rb": {"c": 1},
}


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Store]:
    with open_store(f"sqlite:///{tmp_path}/state.db", sweep_interval=None) as opened:
        opened.set("g", "k/1", VALUE)
        yield opened


@pytest.fixture
def group(state: Store, tmp_path: Path) -> Iterator[str]:
    """The address of the group."""
    url = f"sqlite:///{tmp_path}/state.db"
    with running(sys.executable, "-m", "dashboard", url, "--port", "0", cwd=tmp_path) as address:
        yield f"{address}/groups/g"


@pytest.fixture
def item(page: Page, group: str) -> Page:
    """The item's page."""
    page.goto(f"{group}/items/{encode_name('k/1')}")
    page.evaluate("window.loadedOnce = true")
    return page


def member(page: Page, name: str) -> Locator:
    """The row of a top-level field."""
    return page.locator(f"#tree > li[data-name='{name}']")


def city(page: Page) -> Locator:
    return member(page, "customer").locator("li[data-name='city']")


def row(where: Locator) -> Locator:
    return where.locator(":scope > .row, :scope > details > .row")


def copied(page: Page) -> str:
    text: str = page.evaluate("navigator.clipboard.readText()")
    return text


def test_branches_fold_and_unfold(item: Page) -> None:
    customer = member(item, "customer")
    expect(city(item)).to_be_visible()
    row(customer).click()
    expect(city(item)).to_be_hidden()
    expect(row(customer)).to_contain_text('{ 2 fields } email: "ada@example.org"')
    row(customer).click()
    expect(city(item)).to_be_visible()


def test_large_arrays_grow_in_place(item: Page) -> None:
    numbers = member(item, "numbers")
    expect(numbers.locator("li[data-index]")).to_have_count(100)
    numbers.get_by_role("link", name="next 100 of 1,000").click()
    expect(numbers.locator("li[data-index]")).to_have_count(200)
    numbers.get_by_role("link", name="next 100 of 1,000").click()
    expect(numbers.locator("li[data-index='299']")).to_have_text("299: 299")
    assert item.url.endswith("/items/k~2F1")
    assert item.evaluate("window.loadedOnce")


def test_what_is_closed_opens_in_place_and_keeps_the_focus(item: Page) -> None:
    record = member(item, "records").locator("li[data-index='7']")
    record.locator("a").press("Enter")
    expect(record.get_by_text('0: "a"')).to_be_visible()
    expect(row(record).first).to_be_focused()
    assert item.evaluate("window.loadedOnce")


def test_a_long_text_is_shown_with_its_lines(item: Page) -> None:
    note, text = member(item, "note"), member(item, "text")
    row(note).click()
    assert note.locator("pre").inner_text() == VALUE["note"]
    text.get_by_role("link", name="show all 45,000").click()
    expect(text.locator("pre")).to_contain_text("line <b>")
    text.get_by_role("link", name="show more").click()
    expect(text.locator("pre")).to_have_count(2)
    assert "".join(text.locator("pre").all_inner_texts()) == VALUE["text"][:24_000]


def test_the_json_text_grows_in_place(item: Page) -> None:
    item.get_by_role("link", name="JSON", exact=True).click()
    expect(item.locator("pre.json")).to_contain_text('"id": 9007199254740993')
    item.get_by_role("link", name="show more").click()
    expect(item.locator("pre.json")).to_have_count(2)
    whole = json.dumps(VALUE, indent=2)
    assert "".join(item.locator("pre.json").all_text_contents()) in whole


def test_searching_finds_while_typing_and_opens_the_place(item: Page) -> None:
    box = item.get_by_label("Find in this value")
    box.press_sequentially("77", delay=30)
    expect(item.locator("#found li")).to_have_count(len([n for n in range(1000) if "77" in str(n)]) + 2)
    box.press_sequentially("7", delay=30)
    expect(item.locator("#found li")).to_have_count(1)
    expect(box).to_be_focused()
    item.locator("#found a").click()
    marked = item.locator("#tree .marked")
    expect(marked).to_have_text("777: 777")
    expect(marked).to_be_in_viewport()
    expect(item.get_by_label("Find in this value")).to_have_value("777")
    item.get_by_label("Place in the value").get_by_role("link", name="value").click()
    expect(member(item, "id")).to_be_visible()
    assert item.evaluate("window.loadedOnce")


def test_answers_to_typing_never_overlap(item: Page) -> None:
    asked: list[str] = []
    under_way = most = 0

    def begun(url: str) -> None:
        nonlocal under_way, most
        if "/found" in url:
            asked.append(url)
            under_way += 1
            most = max(most, under_way)

    def ended(url: str) -> None:
        nonlocal under_way
        under_way -= "/found" in url

    item.on("request", lambda request: begun(request.url))
    item.on("requestfinished", lambda request: ended(request.url))
    item.get_by_label("Find in this value").press_sequentially("London", delay=120)
    expect(item.locator("#found p")).to_have_text("1 place with “London”")
    assert most == 1
    assert asked


@pytest.mark.parametrize("secure", [True, False])
def test_values_keys_and_paths_are_copied(item: Page, secure: bool) -> None:
    item.context.grant_permissions(["clipboard-read", "clipboard-write"])
    if not secure:  # as it is for http:// and the name of a host
        item.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new Error('not allowed')) }")
    wanted = {
        ("id", "value"): "9007199254740993",
        ("id", "key"): "id",
        ("id", "path"): "id",
        ("note", "value"): VALUE["note"],
    }
    for (name, what), text in wanted.items():
        member(item, name).hover()
        item.get_by_role("button", name=f"Copy {what}", exact=True).last.click()
        expect(item.locator(".told-copied")).to_have_text(f"Copied {what}")
        assert copied(item) == text
    city(item).hover()
    city(item).get_by_role("button", name="Copy path").click()
    expect(item.locator(".told-copied")).to_have_text("Copied path")
    assert copied(item) == '["customer", "address", "city"]'
    second = member(item, "records").locator("li[data-index='1']")
    second.hover()
    second.get_by_role("button", name="Copy value").click()
    expect(item.locator(".told-copied")).to_have_text("Copied value")
    assert json.loads(copied(item)) == VALUE["records"][1]


def test_the_whole_value_and_the_key_are_copied(item: Page) -> None:
    item.context.grant_permissions(["clipboard-read", "clipboard-write"])
    tools = item.locator(".tools")
    tools.get_by_role("button", name="Copy key").click()
    expect(item.locator(".told-copied")).to_have_text("Copied key")
    assert copied(item) == "k/1"
    tools.get_by_role("button", name="Copy value").click()
    expect(item.locator(".told-copied")).to_have_text("Copied value")
    assert json.loads(copied(item)) == VALUE


def test_a_name_that_no_page_can_hold_is_never_copied_wrong(item: Page) -> None:
    item.context.grant_permissions(["clipboard-read", "clipboard-write"])
    inner = item.locator("#tree li[data-name='c']")
    inner.hover()
    expect(inner.get_by_role("button", name="Copy path")).to_be_hidden()
    inner.get_by_role("button", name="Copy value").click()
    expect(item.locator(".told-copied")).to_have_text("Copied value")
    assert copied(item) == "1"


def test_arrow_keys_walk_the_tree(item: Page) -> None:
    item.locator("#tree").focus()
    for key, name in (("ArrowDown", "id"), ("ArrowDown", "customer"), ("ArrowUp", "id"), ("ArrowDown", "customer")):
        item.keyboard.press(key)
        expect(row(member(item, name))).to_be_focused()
    customer = member(item, "customer")
    item.keyboard.press("ArrowLeft")
    expect(city(item)).to_be_hidden()
    item.keyboard.press("ArrowRight")
    expect(city(item)).to_be_visible()
    item.keyboard.press("ArrowDown")
    expect(row(customer.locator("li[data-name='email']"))).to_be_focused()
    item.keyboard.press("ArrowRight")
    expect(item.get_by_role("button", name="Copy value", exact=True).last).to_be_focused()
    item.keyboard.press("ArrowLeft")
    item.keyboard.press("ArrowLeft")
    expect(row(customer)).to_be_focused()


def test_what_was_opened_stays_open_when_the_value_changes(item: Page, state: Store) -> None:
    expect(item.locator(".bar .live")).to_have_text("live")
    record = member(item, "records").locator("li[data-index='7']")
    record.locator("a").click()
    member(item, "numbers").get_by_role("link", name="next 100 of 1,000").click()
    expect(item.locator("li[data-index='199']")).to_be_visible()
    row(member(item, "customer")).click()
    state.update("g", "k/1", [{"type": "set", "path": "id", "value": 2}])
    expect(member(item, "id")).to_contain_text("id: 2")
    expect(record.get_by_text('0: "a"')).to_be_visible()
    expect(item.locator("li[data-index='199']")).to_be_visible()
    expect(city(item)).to_be_hidden()
    changed = [{"id": number, "tags": ["changed", number]} for number in range(80)]
    state.update("g", "k/1", [{"type": "set", "path": "records", "value": changed}])
    expect(record.get_by_text('0: "changed"')).to_be_visible()


def test_a_ttl_is_typed_in_the_browsers_zone(item: Page, state: Store) -> None:
    at = datetime.now(ZoneInfo("Europe/Berlin")) + timedelta(hours=3)
    item.get_by_label("TTL", exact=True).fill(at.strftime("%Y-%m-%d %H:%M:%S"))
    item.get_by_role("button", name="Set TTL", exact=True).click()
    expect(item.get_by_role("status")).to_contain_text("k/1 expires in ")
    left = state.ttl("g", "k/1")
    assert left is not None
    assert 3 * 3600 - 30 < left <= 3 * 3600
    item.get_by_role("button", name="+10m").click()
    expect(item.locator("dd .countdown")).to_contain_text("in 3 h 9 min")
    item.get_by_role("button", name="never", exact=True).click()
    expect(item.get_by_role("status")).to_have_text("k/1 never expires.")
    assert item.evaluate("window.loadedOnce")


def test_without_javascript_everything_but_copying_is_there(browser: Browser, group: str, state: Store) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{group}/items/k~2F1")
    row(member(page, "customer")).click()
    expect(city(page)).to_be_hidden()
    expect(page.get_by_role("button", name="Copy value")).to_be_hidden()
    expect(page.get_by_text("A time without a zone is in UTC.")).to_be_visible()
    page.get_by_role("link", name="next 100 of 1,000").click()
    expect(page.locator("#tree li").first).to_have_text("100: 100")
    page.get_by_label("Find in this value").fill("London")
    page.get_by_role("button", name="Find", exact=True).click()
    page.get_by_role("link", name="customer › address › city").click()
    expect(page.locator(".marked")).to_have_text('city: "London"')
    page.get_by_role("button", name="1h").click()
    expect(page.get_by_role("status")).to_have_text("k/1 expires in 1 h.")
    context.close()


def test_the_pane_stands_beside_the_list_or_alone_with_a_way_back(item: Page) -> None:
    expect(item.get_by_role("heading", name="g", exact=True)).to_be_visible()
    item.set_viewport_size({"width": 360, "height": 740})
    expect(item.locator("table")).to_be_hidden()
    expect(item.locator("#tree")).to_be_visible()
    assert item.evaluate("document.documentElement.scrollWidth") <= 360
    item.get_by_role("link", name="Close").click()
    expect(item.locator("table")).to_be_visible()
