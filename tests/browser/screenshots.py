"""Pictures of all pages, light and dark, wide and narrow; `make screenshots` has them written.

They go to build/screenshots, to be looked at, and those that the README shows to docs.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Final, Literal

from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from tests.browser.conftest import QUIET
from tests.browser.gallery import LOGIN, TOKEN, VIEWS, View, gallery

Scheme = Literal["light", "dark"]
SCHEMES: Final[tuple[Scheme, ...]] = ("light", "dark")
SIZES: Final[tuple[ViewportSize, ...]] = (
    {"width": 1360, "height": 820},
    {"width": 1000, "height": 820},
    {"width": 390, "height": 800},
)
FOLDER: Final = Path("build/screenshots")
# The names under docs, the views, and how they are looked at.
SHOWN: Final[dict[str, tuple[str, Scheme]]] = {
    "groups": ("groups", "light"),
    "item": ("item", "light"),
    "tree": ("tree-branch", "dark"),
    "editor": ("edit-conflict", "dark"),
    "operations": ("operations-preview", "light"),
    "cache": ("cache-function", "dark"),
    "cleanup": ("cleanup-preview", "light"),
    "trash": ("trash", "dark"),
}


def name_of(view: str, scheme: Scheme, size: ViewportSize) -> str:
    """What a picture is called."""
    return f"{view}-{scheme}-{size['width']}.png"


def take(page: Page, address: str, view: View) -> None:
    """Pictures of one page."""
    page.set_viewport_size(SIZES[0])
    view.open(page, address)
    for size in SIZES:
        page.set_viewport_size(size)
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            # The default hides the caret with a style element, which the content policy forbids.
            page.screenshot(path=FOLDER / name_of(view.name, scheme, size), caret="initial")


def take_all(browser: Browser, views: tuple[View, ...], *options: str) -> None:
    """Pictures of these pages."""
    context = browser.new_context(locale="en-GB", timezone_id="Europe/Berlin")
    with tempfile.TemporaryDirectory() as folder, gallery(Path(folder), *options) as address:
        page = context.new_page()
        for view in views:
            take(page, address, view)
    context.close()


def main() -> None:
    """Write all of them."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=QUIET)
        take_all(browser, VIEWS)
        take_all(browser, (LOGIN,), "--token", TOKEN)
        browser.close()
    for name, (view, scheme) in SHOWN.items():
        shutil.copyfile(FOLDER / name_of(view, scheme, SIZES[0]), f"docs/{name}.png")


if __name__ == "__main__":
    main()
