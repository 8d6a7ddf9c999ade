"""The cleanup page and background jobs in a real browser."""

from __future__ import annotations

import contextlib
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest
from playwright.sync_api import Browser, Page, Route, expect

from store import Rule, Store, open_store
from tests.processes import running

# A job that meets a lock waits for it as long as a test may take.
SERVE = "import sys; from store import open_store; from dashboard.serving import Serving, serve; \
serve(open_store(sys.argv[1], timeout=60), Serving(port=0))"
MANY = 3000


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


@pytest.fixture
def state(file: Path) -> Iterator[Store]:
    """A store with some runs, as another process sees it."""
    # Its clock is behind, because a preview vouches for no group that changed within the last second.
    with open_store(
        f"sqlite:///{file}", clock=lambda: time.time_ns() // 1_000_000 - 2000, sweep_interval=None
    ) as opened:
        for number in range(6):
            opened.set_many(f"wf-{number}", {"a": "x" * 98, "b": 1})
        for number in (1, 3):
            opened.finish(f"wf-{number}")
        opened.set("orders", "k", 1)
        yield opened


@pytest.fixture
def address(file: Path, state: Store, tmp_path: Path) -> Iterator[str]:
    """The dashboard over that store, in a process of its own."""
    with running(sys.executable, "-c", SERVE, f"sqlite:///{file}", cwd=tmp_path) as at:
        yield at


@pytest.fixture
def many(state: Store) -> Store:
    """So many runs that clearing them takes a while."""
    for number in range(MANY):
        state.set(f"run-{number:04}", "k", 1)
    state.save_rule(Rule("runs", match="run-*"))
    return state


@contextlib.contextmanager
def locked(file: Path) -> Iterator[None]:
    """Nobody else can write meanwhile."""
    other = apsw.Connection(str(file))
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()


def test_the_preview_follows_what_is_typed(page: Page, address: str) -> None:
    page.goto(f"{address}/cleanup")
    page.evaluate("window.loadedOnce = true")
    name = page.get_by_label("Name fits")
    rows = page.locator("tbody tr")
    name.press_sequentially("wf-*", delay=20)
    expect(page.locator(".total")).to_have_text("These rules choose 6 groups with 12 items, 606 B.")
    expect(rows).to_have_count(6)
    expect(name).to_be_focused()
    expect(page).to_have_url(re.compile(r"match=wf-(\*|%2A)"))

    page.get_by_label("Finished").select_option("yes")
    expect(rows).to_have_count(2)
    page.get_by_label("Idle for").fill("soon")
    expect(page.get_by_role("alert")).to_contain_text("'soon' is not a duration")
    expect(rows).to_have_count(0)
    page.get_by_label("Idle for").fill("")
    expect(rows).to_have_count(2)
    page.get_by_label("Finished").select_option("")
    name.fill("")
    expect(page.locator(".total")).to_have_count(0)
    assert page.evaluate("window.loadedOnce")

    name.fill("wf-*")
    expect(rows).to_have_count(6)
    page.reload()
    expect(rows).to_have_count(6)


def test_the_latest_of_several_previews_wins(page: Page, address: str) -> None:
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.goto(f"{address}/cleanup")
    page.route(re.compile("match=wf-1&"), hold)
    name = page.get_by_label("Name fits")
    with page.expect_request(re.compile("match=wf-1&")):
        name.fill("wf-1")
    name.fill("wf-2")
    expect(page.get_by_role("row", name=re.compile("wf-2"))).to_be_visible()
    with contextlib.suppress(Exception):  # the browser gave it up
        held[0].continue_()
    name.fill("wf-3")
    expect(page.get_by_role("row", name=re.compile("wf-3"))).to_be_visible()
    expect(page.locator("tbody tr")).to_have_count(1)


def test_the_button_says_how_many_would_go(page: Page, address: str) -> None:
    page.goto(f"{address}/cleanup?match=wf-*")
    button = page.locator("[data-clears]")
    expect(button).to_have_text("Clear all 6 groups")
    page.get_by_label("Clear wf-0").uncheck()
    expect(button).to_have_text("Clear 5 groups")
    page.get_by_label("Tick all").check()
    expect(button).to_have_text("Clear all 6 groups")
    page.get_by_label("Tick all").uncheck()
    expect(button).to_be_disabled()
    page.get_by_label("Clear wf-0").check()
    expect(button).to_have_text("Clear 1 group")


def test_rules_are_saved_looked_at_and_run(page: Page, address: str, state: Store) -> None:
    page.goto(f"{address}/cleanup")
    page.get_by_label("Name fits").fill("wf-*")
    page.get_by_label("Finished").select_option("yes")
    expect(page.locator("tbody tr")).to_have_count(2)
    page.get_by_text("Save as…").click()
    page.get_by_label("Name of the rule").fill("it's nightly")
    page.get_by_label("Name of the rule").press("Enter")
    expect(page.get_by_role("status").first).to_have_text("Saved the rule “it's nightly”.")
    saved = page.locator(".saved li")
    expect(saved).to_contain_text("2 groups · 4 items · 202 B")
    expect(saved.locator("code")).to_have_text("""stepstate cleanup --rule 'it'"'"'s nightly'""")

    page.goto(f"{address}/cleanup")
    page.get_by_role("link", name="Preview it's nightly").click()
    expect(page.get_by_label("Name fits")).to_have_value("wf-*")
    expect(page.locator("tbody tr")).to_have_count(2)
    page.get_by_role("link", name="Run it's nightly").click()
    page.get_by_role("button", name="Clear 2 groups").click()
    expect(page.locator(".notice")).to_contain_text("Cleared 2 groups: 4 items, 202 B.")
    assert state.rule("it's nightly") == Rule("it's nightly", finished=True, match="wf-*")
    assert [group.id for group in state.groups(search="wf-").items] == ["wf-0", "wf-2", "wf-4", "wf-5"]
    expect(saved).to_contain_text("nothing now")


def test_only_the_rules_in_view_are_counted(page: Page, address: str, state: Store) -> None:
    for number in range(30):
        state.save_rule(Rule(f"rule {number:02}", match=f"*{number}"))
    page.goto(f"{address}/cleanup")
    places = page.locator("[data-count]")
    expect(places.first).to_have_text(re.compile("group"))
    expect(places.last).to_be_empty()
    places.last.scroll_into_view_if_needed()
    expect(places.last).to_have_text("nothing now")
    expect(places.nth(15)).to_be_empty()


def test_many_groups_are_cleared_in_the_background(page: Page, address: str, file: Path, many: Store) -> None:
    page.goto(f"{address}/cleanup?match=run-*")
    with locked(file):
        page.get_by_role("button", name="Clear all 3,000 groups").click()
        expect(page.get_by_role("heading", name="Clearing 3,000 groups")).to_be_visible(timeout=10_000)
        page.evaluate("window.loadedOnce = true")
        expect(page.get_by_role("progressbar")).to_have_attribute("value", "0")
        expect(page.locator(".far")).to_contain_text("0 of 3,000")
        expect(page.locator(".bar .jobs")).to_have_text("1 running")
    expect(page.locator(".said")).to_have_text(re.compile("Cleared 3,000 groups: 3,000 items"))
    expect(page.get_by_role("progressbar")).to_have_attribute("value", "3000")
    expect(page.locator(".bar .jobs")).to_have_count(0)
    assert page.evaluate("window.loadedOnce"), "the page followed by itself"
    assert many.groups(search="run-").items == []
    page.get_by_role("link", name="Back to Cleanup").click()
    expect(page.locator(".total")).to_have_text("No group fits these rules.")


def stop(page: Page, address: str, file: Path) -> None:
    page.goto(f"{address}/cleanup/rules/runs/run")
    with locked(file):
        page.get_by_role("button", name="Clear 3,000 groups").click()
        page.get_by_role("button", name="Stop").click()
        expect(page.get_by_text("Stopping…")).to_be_visible()
    expect(page.locator(".said")).to_contain_text("Cleared 100 groups: 100 items, 100 B. Stopped: 2,900 groups were")


def test_clearing_is_stopped_and_leaves_the_rest(page: Page, address: str, file: Path, many: Store) -> None:
    stop(page, address, file)
    assert many.cleanup(match="run-*", dry_run=True).items == 2900


def test_the_same_without_javascript(browser: Browser, address: str, file: Path, many: Store) -> None:
    context = browser.new_context(java_script_enabled=False)
    stop(context.new_page(), address, file)
    assert many.cleanup(match="run-*", dry_run=True).items == 2900
    context.close()


@pytest.mark.parametrize("width", [360, 760, 1360])
@pytest.mark.parametrize("path", ["cleanup?match=*&preview=yes", "cleanup/rules/long/run", "jobs"])
def test_nothing_is_cut_off_on_a_narrow_screen(page: Page, address: str, state: Store, width: int, path: str) -> None:
    state.save_rule(Rule("long", match="wf-*" + "?" * 60))
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(f"{address}/{path}")
    expect(page.locator("#content")).to_be_visible()
    assert page.locator("#content").evaluate("main => main.scrollWidth - main.clientWidth") <= 0


def test_what_is_typed_into_stays_in_sight_when_a_long_preview_comes(page: Page, address: str, state: Store) -> None:
    for number in range(200):
        state.set(f"long-{number:03}", "k", 1)
    page.goto(f"{address}/cleanup")
    page.get_by_label("Name fits").press_sequentially("long-*")
    expect(page.locator(".total")).to_contain_text("200 groups")
    expect(page.locator(".chosen + form tbody tr").first).to_be_visible()
    assert page.locator("main.cleanup-page").evaluate("main => main.scrollTop") == 0
    expect(page.get_by_label("Name fits")).to_be_focused()
