"""axe-core finds nothing to complain about on any page, light or dark, wide or narrow."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final, Literal

import pytest
from playwright.sync_api import BrowserContext, Page, ViewportSize

from tests.browser.gallery import LOGIN, TOKEN, VIEWS, View, gallery

AXE: Final = (Path(__file__).parent / "axe" / "axe-4.14.1.min.js").read_text()
TAGS: Final = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_FAST: Final = {"resultTypes": ["violations"], "preload": False, "iframes": False}
ALL: Final = {"runOnly": TAGS, **_FAST}
COLOURS: Final = {"runOnly": {"type": "rule", "values": ["color-contrast"]}, **_FAST}
# High enough for all of it: what is scrolled below the bar of a selection is not what is judged.
WIDE: Final[ViewportSize] = {"width": 1360, "height": 1800}
NARROW: Final[ViewportSize] = {"width": 390, "height": 1800}
# Only colours depend on the theme.
LOOKS: Final[tuple[tuple[Literal["light", "dark"], ViewportSize, dict[str, Any]], ...]] = (
    ("light", WIDE, ALL),
    ("dark", WIDE, COLOURS),
    ("dark", NARROW, COLOURS),
    ("light", NARROW, ALL),
)


@pytest.fixture
def page(context: BrowserContext) -> Page:
    """A tab that has axe on each page, in which nothing fades: what is on its way has no colour to judge."""
    tab = context.new_page()
    tab.add_init_script(AXE)
    tab.emulate_media(reduced_motion="reduce")
    return tab


def complaints(page: Page, options: dict[str, Any]) -> list[str]:
    """What is wrong, and where."""
    found = page.evaluate("options => axe.run(document, options).then(({violations}) => violations)", options)
    checks = ("any", "all", "none")
    return [
        f"{one['id']}: {node['target']} {' '.join(check['message'] for kind in checks for check in node[kind])}"
        for one in found
        for node in one["nodes"]
    ]


def look(page: Page, address: str, views: tuple[View, ...]) -> dict[str, list[str]]:
    """What is wrong with these pages, however they are looked at."""
    found = {}
    for view in views:
        page.set_viewport_size(WIDE)
        page.emulate_media(color_scheme="light")
        view.open(page, address)
        for scheme, size, options in LOOKS:
            page.set_viewport_size(size)
            page.emulate_media(color_scheme=scheme)
            found[f"{view.name}, {scheme}, {size['width']}"] = complaints(page, options)
    return {where: wrong for where, wrong in found.items() if wrong}


def test_no_page_is_complained_about(page: Page, tmp_path: Path) -> None:
    with gallery(tmp_path) as address:
        assert look(page, address, VIEWS) == {}


def test_neither_is_the_login(page: Page, tmp_path: Path) -> None:
    with gallery(tmp_path, "--token", TOKEN) as address:
        assert look(page, address, (LOGIN,)) == {}
