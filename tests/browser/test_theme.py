"""Light and dark, as the system is or as was chosen."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.shop import shop

LIGHT, DARK = "rgb(251, 251, 250)", "rgb(19, 20, 22)"


def test_pages_follow_the_system_until_a_theme_is_chosen(page: Page, tmp_path: Path) -> None:
    with shop(tmp_path) as (address, _):
        page.goto(address)
        body, theme = page.locator("body"), page.get_by_label("Theme")
        expect(body).to_have_css("background-color", LIGHT)
        page.emulate_media(color_scheme="dark")
        expect(body).to_have_css("background-color", DARK)
        with page.expect_response("**/theme"):
            theme.select_option("light")
        expect(body).to_have_css("background-color", LIGHT)
        page.get_by_role("link", name="Cleanup").click()
        expect(page.get_by_role("heading", name="Cleanup")).to_be_visible()
        expect(theme).to_have_value("light")
        page.reload()
        expect(body).to_have_css("background-color", LIGHT)
        with page.expect_response("**/theme"):
            theme.select_option("system")
        expect(body).to_have_css("background-color", DARK)
        page.reload()
        expect(theme).to_have_value("system")
