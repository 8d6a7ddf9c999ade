"""The dashboard under a path of another application."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.testclient import TestClient

from dashboard import create_app
from store import Rule, Store, open_store
from tests.dashboard.pages import Browser
from tests.dashboard.support import SetBackClock, dump

ROOT = "/tools/_state"
PATHS = [
    "/",
    "/?search=nothing",
    "/?sort=colour",
    "/add",
    "/cleanup",
    "/cleanup?finished=no",
    "/cleanup/rules/nightly/run",
    "/jobs",
    "/jobs/unknown",
    "/groups/g",
    "/groups/g?search=nothing",
    "/groups/g/add",
    "/groups/g/clear",
    "/groups/g/settings",
    "/groups/g/import",
    "/import",
    "/import/unknown",
    "/groups/g/items/k",
    "/groups/g/items/k/edit",
    "/groups/g/items/k/operations",
    "/groups/g/items/unknown",
    "/groups/unknown",
    "/nothing",
    "/static/nothing.css",
    "/groups/g/finish",
]


def outside(_request: Request) -> Response:
    return PlainTextResponse("outside")


CLOCK = SetBackClock()


@pytest.fixture(scope="module")
def mounted() -> Iterator[tuple[TestClient, Store]]:
    """Another application, with the dashboard under a path of it."""
    with open_store("memory://", clock=CLOCK, sweep_interval=None) as store:
        app = Starlette(routes=[Mount(ROOT, create_app(store)), Route("/anything", outside)])
        with TestClient(app) as client:
            yield client, store


@pytest.fixture
def browser(mounted: tuple[TestClient, Store]) -> Browser:
    """The pages under the path; a link that leads out of it fails."""
    client, store = mounted
    for group in store.groups().items:
        store.clear(group.id)
    store.set("g", "k", {"n": 1})
    store.set("wf", "k", 1)
    store.save_rule(Rule("nightly", match="wf"))
    CLOCK.behind -= 2  # a cleanup's preview vouches for no group that changed just now
    client.cookies.clear()
    return Browser(client, ROOT)


@pytest.mark.parametrize("part", [False, True])
@pytest.mark.parametrize("path", PATHS)
def test_everything_a_page_leads_to_is_under_the_path(browser: Browser, path: str, part: bool) -> None:
    page = Browser(browser.client, ROOT, part=part).get(ROOT + path)

    for node in page.tree.all("a", "link", "script"):
        url = node.attrs.get("href") or node.attrs["src"]
        if not url.startswith("#"):
            assert browser.client.get(url).status_code == 200, url


def test_the_main_job_works_under_the_path(browser: Browser, mounted: tuple[TestClient, Store]) -> None:
    store = mounted[1]
    page = browser.get(f"{ROOT}/").click("g").click("k").click("Edit").submit("Save", value='{"n": 2}')
    assert page.path == f"{ROOT}/groups/g/items/k"
    assert page.notice == "Saved k."
    assert page.redirects == [f"{ROOT}/groups/g/items/k"]

    page = page.click("Operations").submit("Apply 1 operation", type="increment", path="n", value="5")
    assert store.get("g", "k") == {"n": 7}
    page = page.click("Add item").submit("Add item", key="k2", value="1")
    assert page.submit("Delete").path == f"{ROOT}/groups/g"
    page = browser.get(f"{ROOT}/").click("g").click("Clear…").submit("Clear 1 item")
    assert page.path == f"{ROOT}/"
    page = page.click("Cleanup").submit("Preview", match="w*").submit("Clear the ticked groups")
    assert page.path.startswith(f"{ROOT}/cleanup?")
    assert list(dump(store)) == ["stepstate:rules"]


def test_the_notice_cookie_is_for_the_path(browser: Browser) -> None:
    done = browser.client.post(f"{ROOT}/groups/g/finish", follow_redirects=False)
    shown = browser.client.get(f"{ROOT}/")

    assert f"Path={ROOT}/;" in done.headers["set-cookie"]
    assert f"Path={ROOT}/;" in shown.headers["set-cookie"]
    assert "set-cookie" not in browser.client.get(f"{ROOT}/").headers


def test_the_path_without_a_slash_leads_to_the_dashboard(browser: Browser) -> None:
    assert browser.get(ROOT).title == "Groups · stepstate"


def test_the_other_application_is_left_alone(browser: Browser) -> None:
    response = browser.client.get("/anything")

    assert response.text == "outside"
    assert "content-security-policy" not in response.headers
