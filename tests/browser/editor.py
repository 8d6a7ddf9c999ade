"""The JSON editor, as browser tests use it."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect


def editor(page: Page) -> Locator:
    """The editor, once it is there."""
    expect(page.locator("json-editor[data-ready]")).to_be_visible()
    return page.get_by_label("Value, as JSON")


def typed(page: Page) -> str:
    """What stands in it."""
    return page.locator("textarea[name=value]").input_value()


def caret(page: Page) -> tuple[int, int]:
    """At which line and column the caret is, both counted from 1."""
    line, column = editor(page).evaluate(
        """content => {
          const { anchorNode, anchorOffset } = content.getRootNode().getSelection();
          const line = (anchorNode.closest ? anchorNode : anchorNode.parentElement).closest(".cm-line");
          const range = document.createRange();
          range.setStart(line, 0);
          range.setEnd(anchorNode, anchorOffset);
          return [[...content.querySelectorAll(".cm-line")].indexOf(line) + 1, [...range.toString()].length + 1];
        }"""
    )
    return line, column
