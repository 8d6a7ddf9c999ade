"""What htmx asks for is the same page without what stands around it."""

from __future__ import annotations

import re

import pytest

from store import Store
from tests.dashboard.pages import PARTIAL, Browser, parse

PATHS = [
    "/",
    "/?view=tree",
    "/?view=tree&under=g",
    "/?search=g&sort=-size",
    "/?search=nothing",
    "/?sort=colour",
    "/add",
    "/cleanup",
    "/cleanup?finished=no&preview=yes",
    "/cleanup?idle=soon",
    "/jobs",
    "/jobs/unknown",
    "/groups/g",
    "/groups/g/add",
    "/groups/g/clear",
    "/groups/g/settings",
    "/groups/g/items/k",
    "/groups/g/items/k/edit",
    "/groups/g/items/k/operations",
    "/groups/g/items/unknown",
    "/groups/unknown",
    "/nothing",
]
FORMS = [
    ("/add", {"group": "g", "key": "k", "value": "1"}),
    ("/add", {"value": "{"}),
    ("/groups/g/settings", {"default_ttl": "soon"}),
    ("/groups/g/items/k/edit", {"version": "9", "value": "1"}),
    ("/groups/g/items/k/edit", {"version": "1", "value": "{"}),
    ("/groups/g/items/k/ttl", {"ttl": "soon"}),
    ("/groups/g/items/k/operations", {"type": "set", "path": "", "value": "{", "action": "apply"}),
    ("/groups/unknown/finish", {}),
    ("/cleanup", {"idle": "soon", "group": "g"}),
    ("/cleanup", {}),
    ("/cleanup/rules", {}),
]


@pytest.fixture
def filled(state: Store) -> Store:
    """A store with one item."""
    state.set("g", "k", {"a": 1})
    return state


def without_clocks(source: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r'data-now="\d+"', "", source)).strip()


def inside(source: str) -> str:
    """What stands in #page, in a whole page."""
    found = re.search(r'<div id="page">(.*)</div>\s*</body>', source, re.DOTALL)
    assert found
    return found[1]


@pytest.mark.parametrize("path", PATHS)
def test_a_part_is_what_stands_in_the_whole_page(filled: Store, browser: Browser, path: str) -> None:
    whole = browser.client.get(path)
    part = browser.client.get(path, headers=PARTIAL)

    assert whole.text.startswith("<!doctype html>")
    assert not re.search("<(html|head|body|!doctype)[ >]", part.text)
    title, _, content = part.text.partition("</title>")
    assert title == f"<title>{parse(whole.text).one('title').raw}"
    assert without_clocks(content) == without_clocks(inside(whole.text))
    assert part.status_code == whole.status_code


@pytest.mark.parametrize(("path", "fields"), FORMS)
def test_a_refused_form_is_the_same_as_part(filled: Store, browser: Browser, path: str, fields: dict[str, str]) -> None:
    whole = browser.client.post(path, data=fields)
    part = browser.client.post(path, data=fields, headers=PARTIAL)

    assert whole.status_code == part.status_code >= 400
    assert without_clocks(part.text.partition("</title>")[2]) == without_clocks(inside(whole.text))


@pytest.mark.parametrize(("path", "fields"), FORMS)
def test_the_address_of_a_refused_form_does_not_go_into_the_history(
    filled: Store, browser: Browser, path: str, fields: dict[str, str]
) -> None:
    assert browser.client.post(path, data=fields, headers=PARTIAL).headers["HX-Push-Url"] == "false"


@pytest.mark.parametrize("headers", [{}, PARTIAL])
@pytest.mark.parametrize("path", PATHS)
def test_caches_tell_parts_from_pages(filled: Store, browser: Browser, path: str, headers: dict[str, str]) -> None:
    response = browser.client.get(path, headers=headers)

    assert "HX-Request-Type" in response.headers["Vary"]
    assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "headers",
    [
        {"HX-Request": "true", "HX-Request-Type": "full", "HX-History-Restore-Request": "true"},
        {"HX-Request": "true", "HX-History-Restore-Request": "true"},
        {"HX-Request-Type": "nonsense"},
    ],
)
def test_history_is_restored_from_the_whole_page(filled: Store, browser: Browser, headers: dict[str, str]) -> None:
    assert browser.client.get("/groups/g", headers=headers).text.startswith("<!doctype html>")


def test_a_good_page_may_go_into_the_history(filled: Store, browser: Browser) -> None:
    assert "HX-Push-Url" not in browser.client.get("/groups/g", headers=PARTIAL).headers


def test_the_main_job_works_in_parts(filled: Store, browser: Browser) -> None:
    page = Browser(browser.client, part=True).get("/").click("g").click("k").click("Edit")
    saved = page.submit("Save", value="[1]").submit("Set TTL", ttl="5m")

    assert saved.notice == "k expires in 5 min."
    assert "<html" not in saved.source
    assert filled.get("g", "k") == [1]
