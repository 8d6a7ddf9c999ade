"""The tree of groups in a real browser: 60,000 of them."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from store import open_store
from tests.browser.many_groups import GROUPS, PER_BRANCH, make_many_groups
from tests.processes import running

LONGEST = 10_000  # milliseconds until a level of the tree is there, on a machine that is busy with other tests


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("many") / "state.db"
    make_many_groups(path)
    return path


@pytest.fixture
def address(many: Path) -> Iterator[str]:
    with running(sys.executable, "-m", "dashboard", f"sqlite:///{many}", "--port", "0", cwd=many.parent) as found:
        yield found


def loaded_in(page: Page) -> float:
    """Milliseconds from the request for the page until the last byte of it."""
    took: float = page.evaluate(
        "(({ responseEnd, requestStart }) => responseEnd - requestStart)(performance.getEntriesByType('navigation')[0])"
    )
    return took


def test_a_tree_of_60_000_groups_is_walked_level_by_level(page: Page, address: str) -> None:
    page.goto(f"{address}/?view=tree")
    assert loaded_in(page) < LONGEST
    expect(page.get_by_role("row", name=re.compile("wf-2026:"))).to_contain_text(f"{GROUPS:,}")
    page.get_by_role("link", name="wf-2026:").click()
    expect(page.locator("tbody tr")).to_have_count(GROUPS // PER_BRANCH)
    expect(page.get_by_role("row", name=re.compile("^07:"))).to_contain_text(f"{PER_BRANCH:,}")
    page.get_by_role("link", name="07:").click()
    expect(page.locator("tbody tr")).to_have_count(100)
    page.get_by_role("link", name="Next page »").click()
    expect(page.locator("tbody tr").first).to_contain_text("30100")
    page.get_by_role("link", name="30150").click()
    expect(page.get_by_role("heading", name="wf-2026:07:30150")).to_be_visible()
    beside = page.get_by_role("complementary", name="Groups")
    expect(beside.locator("li")).to_have_count(61)
    expect(beside.locator("li").first).to_contain_text("30150")

    beside.get_by_role("link", name="wf-2026:").click()
    expect(page.locator("tbody tr")).to_have_count(GROUPS // PER_BRANCH)
    page.go_back()
    expect(page.get_by_role("heading", name="wf-2026:07:30150")).to_be_visible()


def test_the_tree_is_remembered_and_the_list_is_one_click_away(page: Page, address: str) -> None:
    page.goto(address)
    page.get_by_label("Search groups").press_sequentially("59", delay=20)
    expect(page.locator("tbody tr").first).to_contain_text("wf-2026:01:00059")
    page.get_by_role("link", name="Tree", exact=True).click()
    expect(page.get_by_text("Searched in all branches.")).to_be_visible()
    search = page.get_by_label("Search groups")
    expect(search).to_have_value("59")
    search.press("Control+A")
    search.press("Delete")
    expect(page.locator("tbody tr")).to_have_count(1)
    page.get_by_label(":", exact=True).uncheck()
    expect(page.locator("tbody tr")).to_have_count(100)
    expect(page.get_by_label(":", exact=True)).to_be_focused()
    page.get_by_label(":", exact=True).check()
    expect(page.locator("tbody tr")).to_have_count(1)

    page.get_by_role("link", name="Cleanup", exact=True).click()
    page.get_by_role("link", name="Groups", exact=True).click()
    expect(page.get_by_role("link", name="Tree", exact=True)).to_have_attribute("aria-current", "page")
    page.reload()
    expect(page.get_by_role("link", name="Tree", exact=True)).to_have_attribute("aria-current", "page")
    page.get_by_role("link", name="List", exact=True).click()
    expect(page.locator("tbody tr").first).to_contain_text("wf-2026:01:00000")


def test_clearing_a_branch_begins_with_a_look_at_what_is_in_it(page: Page, address: str) -> None:
    page.goto(f"{address}/?view=tree&under=wf-2026:07:&by=:")
    page.get_by_role("link", name="Clear this branch…").click()

    expect(page.get_by_label("Name fits")).to_have_value("wf-2026:07:*")
    expect(page.get_by_role("link", name="wf-2026:07:30000")).to_be_visible()
    expect(page.get_by_text(f"{PER_BRANCH:,} groups").first).to_be_visible()


def test_a_level_follows_what_another_process_writes(page: Page, address: str, many: Path) -> None:
    page.goto(f"{address}/?view=tree&under=wf-2026:12:")
    row = page.locator("tbody tr").first
    expect(row).to_contain_text("8 B")
    with open_store(f"sqlite:///{many}", sweep_interval=None) as other:
        other.set("wf-2026:12:55000", "more", [1, 2, 3])
        expect(row).to_contain_text("15 B")
        other.delete("wf-2026:12:55000", "more")


def test_the_tree_without_javascript(browser: Browser, address: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address)
    page.get_by_role("link", name="Tree", exact=True).click()
    page.get_by_label(":", exact=True).uncheck()
    page.get_by_role("button", name="Cut").click()
    expect(page.locator("tbody tr")).to_have_count(100)
    page.get_by_label(":", exact=True).check()
    page.get_by_role("button", name="Cut").click()
    page.get_by_role("link", name="wf-2026:").click()
    expect(page.locator("tbody tr")).to_have_count(GROUPS // PER_BRANCH)
    page.get_by_label("Search groups").fill("59999")
    page.get_by_role("button", name="Search").click()
    expect(page.locator("tbody tr")).to_have_count(1)
    context.close()
