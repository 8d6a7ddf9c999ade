from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import pytest
from starlette.testclient import TestClient

from dashboard import create_app
from store import Rule, Store
from tests.dashboard.pages import PARTIAL
from tests.dashboard.support import dump

ITEM = "/groups/g/items/k"
POSTS = [
    ("/add", {"group": "g", "key": "new", "value": "1"}),
    ("/cleanup", {"match": "*", "group": "g@99999999999999"}),
    ("/cleanup/rules", {"match": "*", "name": "new"}),
    ("/cleanup/rules/nightly/delete", {}),
    ("/groups/g/add", {"key": "new", "value": "1"}),
    ("/groups/g/delete", {"key": "k"}),
    ("/groups/g/selected", {"all": "yes", "do": "delete", "sure": "yes"}),
    ("/trash/kept/restore", {}),
    ("/groups/g/clear", {}),
    ("/groups/g/finish", {}),
    ("/groups/done/reopen", {}),
    ("/groups/g/settings", {"default_ttl": "5m"}),
    (f"{ITEM}/edit", {"version": "1", "value": "2"}),
    (f"{ITEM}/ttl", {"ttl": "5m"}),
    (f"{ITEM}/operations", {"type": "set", "path": "", "value": "2", "action": "apply"}),
]
GETS = [
    "/",
    "/?view=tree",
    "/?view=tree&under=g:&by=:",
    "/add",
    "/cleanup",
    "/cleanup?match=*&preview=yes",
    "/export?format=json",
    "/groups/g/export?format=ndjson",
    f"{ITEM}/export?format=json",
    "/import",
    "/groups/g/import",
    "/cleanup/rules/nightly/run",
    "/cleanup/rules/nightly/count",
    "/jobs",
    "/trash",
    "/trash/kept/discard",
    "/jobs/running",
    "/groups/g",
    "/groups/g/add",
    "/groups/g/clear",
    "/groups/g/settings",
    ITEM,
    f"{ITEM}/edit",
    f"{ITEM}/operations",
]
STATIC = [
    "/static/app.css",
    "/static/app.js",
    "/static/icon.svg",
    "/static/vendor/codemirror/codemirror-6.43.15.min.js",
    "/static/vendor/htmx/htmx-4.0.1.min.js",
]
ERRORS = [
    "/nothing",
    "/groups/unknown",
    "/?sort=colour",
    "/static/nothing.css",
    "/groups/g/finish",
    "/static/../app.py",
]


@pytest.fixture
def filled(state: Store) -> Store:
    """An item, a finished group, a cleanup rule, and something in the trash."""
    state.save_rule(Rule("nightly", finished=True))
    state.set("g", "k", 1)
    state.set("done", "k", 1)
    state.finish("done")
    state.set("removed", "k", 1)
    state.clear("removed", undo="kept")
    return state


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "nonsense"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://testserver"},
        {"Origin": "https://evil.example"},
        {"Origin": "http://testserver.evil.example"},
        {"Origin": "http://testserver:8040"},
        {"Origin": "http://evil@testserver"},
        {"Origin": "null"},
        {"Origin": "http://["},
        {"Origin": ""},
    ],
)
def test_another_sites_page_changes_nothing(filled: Store, client: TestClient, headers: dict[str, str]) -> None:
    before = dump(filled)
    response = client.post("/groups/g/clear", headers=headers)

    assert response.status_code == 403
    assert "This request came from another site, so nothing was changed." in response.text
    assert dump(filled) == before


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "same-origin", "Origin": "null"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "http://testserver"},
        {"Origin": "http://127.0.0.1:8040", "Host": "127.0.0.1:8040"},
    ],
)
def test_the_dashboards_own_forms_and_programs_change_it(
    filled: Store, client: TestClient, headers: dict[str, str]
) -> None:
    assert client.post("/groups/g/clear", headers=headers, follow_redirects=False).status_code == 303
    assert list(dump(filled)) == ["done", "stepstate:rules"]


@pytest.mark.parametrize(("path", "fields"), POSTS)
def test_every_form_refuses_another_site_and_works_for_its_own(
    filled: Store, client: TestClient, path: str, fields: dict[str, str]
) -> None:
    before = dump(filled)
    assert client.post(path, data=fields, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert client.post(path, data=fields, headers={"Origin": "https://evil.example"}).status_code == 403
    assert dump(filled) == before

    own = {"Sec-Fetch-Site": "same-origin"}
    assert client.post(path, data=fields, headers=own, follow_redirects=False).status_code == 303
    assert dump(filled) != before


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_looking_changes_nothing(filled: Store, client: TestClient, method: str) -> None:
    before = dump(filled)
    for path in [*GETS, *STATIC, *(path for path, _ in POSTS), *ERRORS]:
        for headers in ({}, PARTIAL, {"Sec-Fetch-Site": "cross-site"}):
            client.request(method, path, headers=headers, params={"value": "2", "ttl": "5m", "action": "apply"})
    assert dump(filled) == before


@pytest.mark.parametrize("path", [*GETS, *STATIC])
def test_every_page_and_file_answers(filled: Store, client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 200
    assert client.get(path, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 200  # a link from elsewhere


def check_headers(headers: dict[str, str]) -> None:
    policy = {part.split()[0]: part.split()[1:] for part in headers["content-security-policy"].split(";")}
    assert policy["default-src"] == ["'none'"]
    for name in ("script-src", "style-src", "connect-src", "form-action"):
        assert policy[name] == ["'self'"]
    for name in ("base-uri", "frame-ancestors"):
        assert policy[name] == ["'none'"]
    assert not [name for name, values in policy.items() if {"'unsafe-inline'", "'unsafe-eval'", "*"} & {*values}]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cross-origin-opener-policy"] == headers["cross-origin-resource-policy"] == "same-origin"
    assert "camera=()" in headers["permissions-policy"]


@pytest.mark.parametrize("path", [*GETS, *STATIC, *ERRORS])
def test_pages_files_and_errors_carry_the_headers(filled: Store, client: TestClient, path: str) -> None:
    check_headers(dict(client.get(path).headers))


@pytest.mark.parametrize(("path", "fields"), POSTS)
def test_answers_to_forms_carry_the_headers(
    filled: Store, client: TestClient, path: str, fields: dict[str, str]
) -> None:
    check_headers(dict(client.post(path, data=fields, follow_redirects=False).headers))
    check_headers(dict(client.post(path, data=fields, headers={"Origin": "null"}).headers))


class NoStore:
    """Has a location, and nothing else of a store."""

    location = "nowhere"


@pytest.fixture
def broken() -> Iterator[TestClient]:
    """A dashboard over something that is no store, so that its pages are defects."""
    with TestClient(create_app(cast("Store", NoStore())), raise_server_exceptions=False) as client:
        yield client


@pytest.mark.parametrize("headers", [{}, PARTIAL])
def test_a_defect_is_said_in_words_without_a_traceback(broken: TestClient, headers: dict[str, str]) -> None:
    response = broken.get("/", headers=headers)

    assert response.status_code == 500
    assert "The dashboard failed at this." in response.text
    assert "has no attribute" not in response.text
    check_headers(dict(response.headers))


def test_static_files_stay_inside_their_folder(client: TestClient) -> None:
    for path in ("/static/../pyproject.toml", "/static/%2e%2e/pyproject.toml", "/static//etc/passwd"):
        assert client.get(path).status_code == 404


def test_the_notice_cookie_is_for_this_site_only(filled: Store, client: TestClient) -> None:
    cookie = client.post("/groups/g/finish", follow_redirects=False).headers["set-cookie"].lower()

    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "path=/;" in cookie
