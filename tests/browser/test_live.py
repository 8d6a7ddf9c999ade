"""Live pages in a real browser: another process writes, and what is on screen follows without disturbing anybody."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.processes import running

ROOT = Path(__file__).parents[2]
ORDERS = 60
WRITES = """
import sys, store
state = store.open_store(sys.argv[1], sweep_interval=None)
for line in sys.stdin:
    eval(line)
    print("done", flush=True)
"""
SECOND = 1500  # milliseconds; it takes half of that, on a machine that has nothing else to do

Writer = Callable[[str], None]


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/state.db"


@pytest.fixture
def write(url: str) -> Iterator[Writer]:
    """Has another process evaluate a line of Python with the store, `state`."""
    with subprocess.Popen(
        [sys.executable, "-c", WRITES, url], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:

        def evaluate(line: str) -> None:
            assert process.stdin
            assert process.stdout
            process.stdin.write(f"{line}\n")
            process.stdin.flush()
            assert process.stdout.readline() == "done\n"

        fields = '{"n": number, "status": "pending"}'
        evaluate(f'state.set_many("orders", {{f"order-{{number:02}}": {fields} for number in range({ORDERS})}})')
        evaluate('state.set("other", "k", 1)')
        yield evaluate
        process.terminate()


@pytest.fixture
def address(url: str, write: Writer) -> Iterator[str]:
    """The dashboard over that store, in a third process."""
    with running(sys.executable, "-m", "dashboard", url, "--port", "0", cwd=ROOT) as found:
        yield found


def opened(page: Page, address: str) -> None:
    """Open a page, and wait until it follows the store. It is not to be loaded again."""
    page.goto(address)
    expect(page.locator(".live")).to_have_text("live")
    page.evaluate("window.loadedOnce = true")


def row(key: str) -> str:
    return f"#item-{key}"


def hide(page: Page, hidden: bool) -> None:
    """Make the page believe that it is in the background, or in front again."""
    page.evaluate(
        """(hidden) => {
          Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
          document.dispatchEvent(new Event("visibilitychange"));
        }""",
        hidden,
    )


def streams(page: Page) -> list[str]:
    """The streams that a page has open, as they are opened and closed from here on."""
    still_open: list[str] = []
    page.on("request", lambda request: still_open.append(request.url) if "/live?" in request.url else None)
    for event in ("requestfinished", "requestfailed"):
        page.on(event, lambda request: still_open.remove(request.url) if request.url in still_open else None)
    return still_open


def test_what_another_process_writes_is_on_the_page_within_a_second(page: Page, address: str, write: Writer) -> None:
    opened(page, f"{address}/groups/orders")
    page.evaluate(
        """() => new MutationObserver(() => {
          window.blank ||= [...document.querySelectorAll("[data-ago]")].some((time) => !time.textContent);
        }).observe(document.body, { subtree: true, childList: true })"""
    )
    write('state.set("orders", "order-05b", {"n": 1000, "status": "new"})')
    expect(page.locator(row("order-05b"))).to_contain_text("1000", timeout=SECOND)
    expect(page.locator("tr.fresh")).to_have_count(1)
    expect(page.locator("#live-head")).to_contain_text("61 items")

    write('state.update("orders", "order-07", [{"type": "set", "path": "status", "value": "paid"}])')
    expect(page.locator(row("order-07"))).to_contain_text("paid", timeout=SECOND)
    expect(page.locator(row("order-07"))).to_have_class(re.compile("fresh"))
    write('state.delete("orders", "order-08")')
    expect(page.locator(row("order-08"))).to_have_count(0, timeout=SECOND)
    assert page.locator(row("order-49")).get_attribute("class") is None  # it came into view, but is not new
    expect(page.locator("tr.fresh")).to_have_count(0)
    assert not page.evaluate("window.blank")
    assert page.evaluate("window.loadedOnce")


def test_whoever_is_at_work_is_not_disturbed(page: Page, address: str, write: Writer) -> None:
    opened(page, f"{address}/groups/orders?size=100")
    page.get_by_label("Select order-03").check()
    page.get_by_text("+ filter").click()
    page.get_by_label("Field", exact=True).fill("half ty")
    page.evaluate(
        """() => {
          const field = document.querySelector("input[name=field]");
          field.focus({ preventScroll: true });
          field.setSelectionRange(2, 5);
          const cell = document.querySelector("#item-order-30 td.k a");
          window.kept = [field, cell, cell.firstChild];
          document.getElementById("content").scrollTop = 300;
          window.placed = cell.getBoundingClientRect().top;
        }"""
    )
    write('state.set("orders", "order-00", {"n": 1000, "status": "first"})')
    write('state.set("orders", "a-new-one", 1)')
    expect(page.locator(row("a-new-one"))).to_be_attached(timeout=SECOND)
    expect(page.locator(row("order-00"))).to_contain_text("first")

    page.wait_for_function("Math.abs(window.kept[1].getBoundingClientRect().top - window.placed) < 1")
    field = page.get_by_label("Field", exact=True)
    expect(field).to_be_focused()
    expect(field).to_have_value("half ty")
    assert page.evaluate("[document.activeElement.selectionStart, document.activeElement.selectionEnd]") == [2, 5]
    expect(page.get_by_label("Select order-03")).to_be_checked()
    expect(page.locator("tbody input:checked")).to_have_count(1)
    expect(page.locator(".sel")).to_contain_text("1 selected")
    assert page.evaluate("window.kept.every((node) => node.isConnected)")


def test_a_selection_of_text_and_the_focus_on_a_row_hold(page: Page, address: str, write: Writer) -> None:
    opened(page, f"{address}/groups/orders?sort=-updated")
    page.evaluate("getSelection().selectAllChildren(document.querySelector('#item-order-30 td.k a'))")
    page.locator("#item-order-31 td.k a").focus()
    page.get_by_label("Select order-32").check()
    page.locator("#item-order-31 td.k a").focus()
    page.evaluate("getSelection().selectAllChildren(document.querySelector('#item-order-30 td.k a'))")
    write('state.set("orders", "order-33", {"n": 1000})')
    expect(page.locator("tbody tr").first).to_contain_text("order-33", timeout=SECOND)

    assert page.evaluate("String(getSelection())") == "order-30"
    expect(page.locator("#item-order-31 td.k a")).to_be_focused()
    expect(page.get_by_label("Select order-32")).to_be_checked()
    expect(page.locator("tbody input:checked")).to_have_count(1)


def test_what_is_typed_beside_a_value_that_changes_stays(page: Page, address: str, write: Writer) -> None:
    opened(page, f"{address}/groups/orders/items/order-05")
    page.get_by_label("TTL", exact=True).fill("half ty")
    write('state.set("orders", "order-05", {"n": 1000, "status": "paid"}, ttl=3600)')
    expect(page.locator("#pane-side")).to_contain_text("1000", timeout=SECOND)
    expect(page.locator("#pane-side")).to_contain_text("version 2")
    expect(page.locator("#pane-side .countdown")).to_have_text(re.compile(r"in 59:\d\d|in 1 h"))
    expect(page.get_by_label("TTL", exact=True)).to_have_value("half ty")
    expect(page.get_by_label("TTL", exact=True)).to_be_focused()


def test_what_was_unfolded_of_a_value_stays_so(page: Page, address: str, write: Writer) -> None:
    fields = ", ".join(f'"f{number}": {{"deep": {{"deeper": {number}}}}}' for number in range(5))
    write(f'state.set("orders", "nested", {{{fields}, "n": 1}})')
    opened(page, f"{address}/groups/orders/items/nested")
    summaries = page.locator("#live-value summary")
    before = summaries.count()
    summaries.nth(before - 1).click()
    was_open = page.evaluate("[...document.querySelectorAll('#live-value details')].map((one) => one.open)")
    write('state.update("orders", "nested", [{"type": "set", "path": "n", "value": 1000}])')
    expect(page.locator("#live-value")).to_contain_text("1000", timeout=SECOND)
    assert page.evaluate("[...document.querySelectorAll('#live-value details')].map((one) => one.open)") == was_open
    assert len(set(was_open)) == 2  # some are open and some are not


def test_while_a_word_is_composed_nothing_moves(page: Page, address: str, write: Writer) -> None:
    opened(page, f"{address}/groups/orders")
    page.locator("#search").focus()
    page.locator("#search").dispatch_event("compositionstart")
    with page.expect_event("console", lambda message: message.text == "came"):
        page.evaluate(
            """() => {
              const parse = JSON.parse;
              JSON.parse = (text) => { if (text.includes("order-05b")) console.log("came"); return parse(text); };
            }"""
        )
        write('state.set("orders", "order-05b", 1)')
    expect(page.locator(row("order-05b"))).to_have_count(0)
    page.locator("#search").dispatch_event("compositionend")
    expect(page.locator(row("order-05b"))).to_have_count(1)


def test_a_hidden_tab_follows_nothing_and_catches_up(page: Page, address: str, write: Writer) -> None:
    still_open = streams(page)
    opened(page, f"{address}/groups/orders")
    assert len(still_open) == 1
    hide(page, True)
    assert wait_until(page, lambda: not still_open)
    write('state.set("orders", "order-05b", 1)')
    hide(page, False)
    expect(page.locator(row("order-05b"))).to_have_class(re.compile("fresh"), timeout=SECOND)
    assert len(still_open) == 1


def test_a_server_that_is_gone_is_said_and_its_return_noticed(page: Page, url: str, write: Writer) -> None:
    with running(sys.executable, "-m", "dashboard", url, "--port", "0", cwd=ROOT) as address:
        opened(page, f"{address}/groups/orders")
        port = address.rsplit(":", 1)[1]
    expect(page.get_by_role("status")).to_have_text("offline · trying again")
    write('state.set("orders", "order-05b", 1)')
    with running(sys.executable, "-m", "dashboard", url, "--port", port, cwd=ROOT):
        expect(page.locator(row("order-05b"))).to_be_visible()
        expect(page.locator(".live")).to_have_text("live")
        expect(page.get_by_role("status")).to_have_count(0)
    assert page.evaluate("window.loadedOnce")


def test_an_open_item_that_is_deleted_is_said_to_be_gone(page: Page, address: str, write: Writer) -> None:
    opened(page, f"{address}/groups/orders/items/order-05")
    write('state.delete("orders", "order-05")')
    expect(page.locator("#pane-side")).to_contain_text("not there any more", timeout=SECOND)
    expect(page.locator(row("order-05"))).to_have_count(0)
    expect(page.locator(row("order-06"))).to_be_visible()
    expect(page.get_by_label("TTL", exact=True)).to_be_hidden()
    write('state.set("orders", "order-05", {"n": "again"})')
    expect(page.locator("#live-value")).to_contain_text("again", timeout=SECOND)
    expect(page.get_by_label("TTL", exact=True)).to_be_visible()


def test_an_item_that_is_edited_and_deleted_leaves_what_is_typed(page: Page, address: str, write: Writer) -> None:
    opened(page, f"{address}/groups/orders/items/order-05/edit")
    page.get_by_label("TTL", exact=True).fill("half ty")
    write('state.delete("orders", "order-05")')
    expect(page.locator("#pane-side")).to_contain_text("not there any more", timeout=SECOND)
    expect(page.locator(row("order-05"))).to_have_count(0)
    expect(page.get_by_label("TTL", exact=True)).to_have_value("half ty")


def test_a_group_that_is_cleared_is_said_to_be_gone(page: Page, address: str, write: Writer) -> None:
    opened(page, f"{address}/groups/orders")
    write('state.clear("orders")')
    expect(page.get_by_text("There is no group “orders”.")).to_be_visible()
    assert page.evaluate("window.loadedOnce")
    expect(page.locator(".live")).to_be_empty()


def test_a_group_that_is_cleared_while_something_is_typed_leaves_it(page: Page, address: str, write: Writer) -> None:
    opened(page, f"{address}/groups/orders/add")
    page.get_by_label("Key", exact=True).fill("half ty")
    write('state.clear("orders")')
    expect(page.get_by_role("status")).to_have_text("not there any more")
    expect(page.get_by_label("Key", exact=True)).to_have_value("half ty")
    write('state.set("orders", "order-05b", 1)')
    expect(page.locator(row("order-05b"))).to_be_visible()
    expect(page.locator(".live")).to_have_text("live")


def test_the_page_that_is_gone_to_is_followed_and_no_other(page: Page, address: str, write: Writer) -> None:
    still_open = streams(page)
    opened(page, f"{address}/")
    page.get_by_role("link", name="orders", exact=True).click()
    expect(page.get_by_role("heading", name="orders")).to_be_visible()
    page.locator("#search").fill("order-1")
    expect(page.locator("tbody tr")).to_have_count(10)
    write('state.set("orders", "order-1x", 1)')
    write('state.set("orders", "order-2x", 1)')
    expect(page.locator(row("order-1x"))).to_be_visible()
    expect(page.locator("tbody tr")).to_have_count(11)
    expect(page.locator("#search")).to_be_focused()
    assert wait_until(page, lambda: len(still_open) == 1)

    page.go_back()
    page.go_back()
    expect(page.get_by_role("heading", name="Groups")).to_be_visible()
    write('state.set("yet-another", "k", 1)')
    expect(page.get_by_role("link", name="yet-another", exact=True)).to_be_visible()
    page.get_by_role("link", name="yet-another", exact=True).click()  # it leads there without loading the page anew
    expect(page.get_by_role("heading", name="yet-another")).to_be_visible()
    assert page.evaluate("window.loadedOnce")
    assert wait_until(page, lambda: len(still_open) == 1)


def test_what_changes_beside_the_regions_leaves_the_stream_open(page: Page, address: str) -> None:
    opened(page, f"{address}/groups/orders/items/order-05")
    page.evaluate(
        """() => {
          window.EventSource = class { constructor() { window.openedAgain = true; } addEventListener() {} close() {} };
          document.addEventListener("htmx:finally:request", () => { window.answered = true; });
        }"""
    )
    page.get_by_label("Find in this value").fill("pend")
    expect(page.locator("#found")).to_contain_text("status")
    page.wait_for_function("window.answered")
    assert not page.evaluate("window.openedAgain")


def test_an_item_leaves_when_its_time_is_up_without_a_request(page: Page, address: str, write: Writer) -> None:
    write('state.set("orders", "a-short", 1, ttl=3)')
    opened(page, f"{address}/groups/orders")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    expect(page.locator(row("a-short"))).to_contain_text("0:01")
    expect(page.locator(row("a-short"))).to_have_count(0)
    assert asked == []


def test_a_page_on_which_nothing_follows_the_store_opens_no_stream(page: Page, address: str) -> None:
    still_open = streams(page)
    page.goto(f"{address}/cleanup")
    expect(page.get_by_role("heading", name="Cleanup")).to_be_visible()
    expect(page.locator(".live")).to_be_empty()
    assert still_open == []


def wait_until(page: Page, holds: Callable[[], bool]) -> bool:
    """Let the browser's events come in until something holds; whether it came to that."""
    for _ in range(100):
        if holds():
            return True
        page.wait_for_timeout(20)
    return False
