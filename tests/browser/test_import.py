"""Importing and exporting in a real browser."""

from __future__ import annotations

import re
from pathlib import Path

import orjson
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.store.transfers import line


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file with a new item and one that the demo has."""
    path = tmp_path / "more.ndjson"
    path.write_bytes(line("imported", "a", {"n": 1}) + line("imported", "b", [2]))
    return path


def preview(page: Page, demo: str, file: Path) -> None:
    page.goto(f"{demo}/import")
    page.set_input_files("#file", file)
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_text("Nothing is imported yet.")).to_be_visible()


def test_a_file_is_previewed_imported_and_undone(page: Page, demo: str, file: Path) -> None:
    preview(page, demo, file)
    expect(page.get_by_role("cell", name="imported", exact=True)).to_have_count(2)

    page.get_by_role("button", name="Import 2 items").click()
    expect(page.locator("#undo")).to_contain_text("Imported 2 items: 2 new, 0 changed.")
    expect(page.get_by_role("link", name="imported", exact=True)).to_be_visible()

    page.locator("#undo").get_by_role("button", name="Undo").click()
    expect(page.get_by_role("link", name="imported", exact=True)).to_have_count(0)


def test_the_caret_goes_to_what_is_wrong_in_a_text(page: Page, demo: str) -> None:
    page.goto(f"{demo}/")
    page.get_by_role("link", name="Import", exact=True).click()
    text = '{"a": 1,\n "b" 2}'
    page.get_by_label("or its text").fill(text)
    page.get_by_label("Into the group").fill("g")
    page.get_by_role("button", name="Preview").click()

    expect(page.get_by_role("alert")).to_contain_text("Line 2, column 6: not JSON: ':' is missing.")
    expect(page.get_by_label("or its text")).to_be_focused()
    assert page.evaluate("document.getElementById('text').selectionStart") == text.index(" 2") + 1


def test_a_group_and_ticked_items_come_as_files(page: Page, demo: str) -> None:
    page.goto(f"{demo}/")
    page.locator("td.k a").first.click()
    keys = page.locator("tr[data-item] td.k")
    expect(keys.first).to_be_visible()

    page.locator("#export summary").click()
    with page.expect_download() as whole:
        page.locator("#export a").first.click()
    assert whole.value.suggested_filename.endswith(".ndjson")
    assert Path(whole.value.path()).read_bytes().count(b"\n") >= keys.count()
    expect(page.locator("#export")).not_to_have_attribute("open", re.compile(""))

    address = page.url
    page.locator("tr[data-item] input").first.check()
    with page.expect_download() as some:
        page.get_by_role("button", name="JSON", exact=True).click()
    (item,) = orjson.loads(Path(some.value.path()).read_bytes())
    assert item["key"] == keys.first.inner_text()
    assert page.url == address
    expect(page.get_by_role("button", name="Delete…")).to_be_enabled()


def test_without_javascript(browser: Browser, demo: str, file: Path) -> None:
    with browser.new_context(java_script_enabled=False, accept_downloads=True) as context:
        page = context.new_page()
        preview(page, demo, file)
        page.get_by_role("button", name="Import 2 items").click()
        expect(page.locator("#undo")).to_contain_text("Imported 2 items")
        page.get_by_role("link", name="imported", exact=True).click()
        page.locator("tr[data-item] input").last.check()
        with page.expect_download() as some:
            page.get_by_role("button", name="Export NDJSON").click()
        assert Path(some.value.path()).read_bytes() == line("imported", "b", [2])
