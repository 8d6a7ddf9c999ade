"""Values of several megabytes in a real browser."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from store import Store, open_store
from tests.processes import running

WATCH = """
window.longest = 0;
let last = performance.now();
const watch = (now) => {
  window.longest = Math.max(window.longest, now - last);
  last = now;
  requestAnimationFrame(watch);
};
requestAnimationFrame(watch);
"""


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Store]:
    with open_store(f"sqlite:///{tmp_path}/state.db", sweep_interval=None) as opened:
        opened.set("g", "small", 1)
        yield opened


@pytest.fixture
def group(state: Store, tmp_path: Path) -> Iterator[str]:
    """The address of the group."""
    url = f"sqlite:///{tmp_path}/state.db"
    with running(sys.executable, "-m", "dashboard", url, "--port", "0", cwd=tmp_path) as address:
        yield f"{address}/groups/g"


@pytest.mark.parametrize("kind", ["records", "numbers", "string", "deep"])
def test_a_value_of_5_mb_opens_and_folds_while_the_page_answers(
    page: Page, group: str, state: Store, kind: str
) -> None:
    deep: Any = "x" * 5_000_000
    for _ in range(250):
        deep = {"k": deep}
    values = {
        "records": [{"id": number, "name": f"user {number}", "tags": ["a", number]} for number in range(90_000)],
        "numbers": list(range(500_000)),
        "string": 'some "text"\n' * 450_000,
        "deep": deep,
    }
    state.set("g", "large", values[kind])
    page.goto(group)
    page.evaluate(WATCH)
    page.get_by_role("link", name="large", exact=True).click()
    expect(page.locator("#tree")).to_be_visible()
    if kind == "deep":
        page.locator("#tree summary").first.click()
        page.locator("#tree summary").first.click()
        page.locator("#tree a.shut").click()
        expect(page.get_by_label("Place in the value")).to_be_visible()
    else:
        page.locator("#tree").get_by_role("link", name=re.compile("next 100|show more")).click()
        expect(page.locator("#tree [data-part]")).to_have_count(1)
    if kind == "records":
        page.locator("#tree a.shut").first.click()
        expect(page.locator("#tree details")).to_have_count(2)
        page.locator("#tree summary").first.click()
    page.get_by_role("link", name="JSON", exact=True).click()
    expect(page.locator("pre.json")).to_have_count(1)
    page.get_by_role("link", name="show more").click()
    expect(page.locator("pre.json")).to_have_count(2)
    assert page.evaluate("document.querySelectorAll('*').length") < 6000
    assert page.evaluate("window.longest") < 1000
