"""Logging in and out in a browser, and what becomes of what was typed when the session ends."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from store import open_store
from tests.processes import running

TOKEN, READ = "full-token", "read-token"


@pytest.fixture
def locked(tmp_path: Path) -> Iterator[str]:
    """The address of a dashboard that takes a token."""
    url = f"sqlite:///{tmp_path}/state.db"
    with open_store(url, sweep_interval=None) as store:
        store.set("g", "k", {"n": 1})
    command = (sys.executable, "-m", "dashboard", "serve", url, "--port", "0")
    with running(*command, "--token", TOKEN, "--read-only-token", READ, cwd=tmp_path) as address:
        yield address


def test_the_token_leads_to_the_page_that_was_asked_for_and_logging_out_ends_it(page: Page, locked: str) -> None:
    page.goto(f"{locked}/groups/g")
    expect(page.get_by_label("Token")).to_be_focused()
    page.keyboard.type("wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_text("That is not the token.")
    page.keyboard.type(TOKEN)
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{locked}/groups/g")
    expect(page.locator(".bar .live")).to_have_text("live")

    page.get_by_role("button", name="Log out").click()
    expect(page).to_have_url(f"{locked}/login")
    page.goto(f"{locked}/groups/g")
    expect(page).to_have_url(f"{locked}/login?next=/groups/g")


def test_who_may_only_look_sees_changes_and_no_controls(page: Page, locked: str) -> None:
    page.goto(f"{locked}/login?token={READ}&next=/groups/g")
    expect(page).to_have_url(f"{locked}/groups/g")  # the token is not left in the address bar
    expect(page.get_by_text("read only")).to_be_visible()
    expect(page.locator(".bar .live")).to_have_text("live")
    assert page.locator("main input[type=checkbox], main button.danger, main form[method=post]").count() == 0


def test_what_was_typed_is_kept_when_the_session_is_over(page: Page, locked: str) -> None:
    page.goto(f"{locked}/login?token={TOKEN}")
    page.goto(f"{locked}/groups/g/settings")
    page.get_by_label("Default TTL").fill("5m")
    cookies = page.context.cookies()
    page.context.clear_cookies()
    page.get_by_role("button", name="Save").click()
    notice = page.get_by_role("alert")
    expect(notice).to_contain_text("You are not logged in, so nothing was changed.")
    expect(page.get_by_label("Default TTL")).to_have_value("5m")
    page.get_by_role("button", name="Save").click()
    expect(notice).to_have_count(1)

    page.context.add_cookies([{**cookie} for cookie in cookies])  # type: ignore[typeddict-item]
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("default TTL 5m")).to_be_visible()


def test_a_link_that_is_followed_after_the_session_leads_there_by_the_login(page: Page, locked: str) -> None:
    page.goto(f"{locked}/login?token={TOKEN}")
    page.context.clear_cookies()
    page.get_by_role("navigation", name="Pages").get_by_role("link", name="Cache").click()
    expect(page).to_have_url(re.compile("/login"))
    page.get_by_label("Token").fill(TOKEN)
    page.get_by_role("button", name="Log in").click()
    expect(page).to_have_url(f"{locked}/cache")


def test_a_link_from_another_site_keeps_its_session(page: Page, locked: str) -> None:
    page.goto(f"{locked}/login?token={TOKEN}")
    page.goto("data:text/html," + f"<a href='{locked}/groups/g'>go</a>")
    page.get_by_text("go").click()
    expect(page).to_have_url(f"{locked}/groups/g")
    expect(page.get_by_role("button", name="Log out")).to_be_visible()
