"""Who may only look: the server refuses every change, and pages offer none."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from typing import cast

import pytest
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.testclient import TestClient

from dashboard import Access, create_app
from dashboard.door import Authorize
from store import Store
from tests.dashboard.pages import Browser as Pages
from tests.dashboard.pages import Page, parse
from tests.dashboard.routes import addresses, fill
from tests.dashboard.support import dump


def of_role(request: Request) -> Access | None:
    """Access as a header names it."""
    name = request.headers.get("x-role", "")
    return Access(name) if name else None


async def of_role_async(request: Request) -> Access | None:
    return of_role(request)


@pytest.fixture(params=["read_only", "token", "authorize", "authorize_async", "read_only_and_token"])
def reader(state: Store, request: pytest.FixtureRequest) -> Iterator[TestClient]:
    """Somebody who may only look."""
    fill(state)
    app = {
        "read_only": lambda: create_app(state, read_only=True),
        "token": lambda: create_app(state, token="full", read_only_token="read"),
        "authorize": lambda: create_app(state, authorize=of_role),
        "authorize_async": lambda: create_app(state, authorize=of_role_async),
        "read_only_and_token": lambda: create_app(state, token="read", read_only=True),
    }[request.param]()
    headers = {"Authorization": "Bearer read", "X-Role": "read"}
    with TestClient(app, headers=headers, follow_redirects=False) as client:
        yield client


def test_no_method_changes_anything(state: Store, reader: TestClient) -> None:
    before, paths = dump(state), {*addresses(reader.app, "GET"), *addresses(reader.app, "POST"), "/nothing"}
    for method in ("POST", "PUT", "PATCH", "DELETE", "PURGE"):
        for path in paths - {"/login", "/logout", "/theme"}:
            if path.startswith("/static/"):
                continue
            response = reader.request(method, path)
            assert (method, path, response.status_code) == (method, path, 403)
            assert "read only" in response.text
    assert dump(state) == before


@pytest.mark.parametrize("content", [b'{"ops": []}', b"nonsense"])
def test_no_content_type_gets_around_it(state: Store, reader: TestClient, content: bytes) -> None:
    before = dump(state)
    for kind in ("application/json", "text/plain", "multipart/form-data"):
        url = "/groups/g/items/k/operations"
        assert reader.post(url, content=content, headers={"Content-Type": kind}).status_code == 403
    assert dump(state) == before


@pytest.mark.parametrize("reader", ["read_only"], indirect=True)
def test_pages_show_no_controls(reader: TestClient) -> None:
    shown, followed = 0, {"#"}
    pages = ["/?view=tree", "/cleanup?finished=yes&preview=yes", "/cleanup?finished=no&preview=yes"]
    for path in [*addresses(reader.app, "GET"), *pages, "/groups/done", "/groups/g/items/gone", "/groups/trashed"]:
        response = reader.get(path)
        if "text/html" not in response.headers.get("content-type", "") or "<html" not in response.text:
            continue
        tree = parse(response.text)
        # The checkbox list is one form with nothing to press; what is left may only look.
        allowed = ("/logout", "/login", "/theme")
        posting = [node.attrs.get("action") for node in tree.all("form", method="post")]
        assert [action for action in posting if action not in allowed] == [], path
        assert [node.attrs for node in tree.walk() if "hx-post" in node.attrs or "formaction" in node.attrs] == [], path
        assert "read only" in tree.text
        # No link leads to a form that would be refused.
        for node in tree.all("a"):
            url = node.attrs["href"]
            if url not in followed and url.startswith("/"):
                followed.add(url)
                assert reader.get(url).status_code != 403, (path, url)
        shown += response.status_code == 200
    assert shown >= 10


def test_forms_for_changing_are_not_shown_either(reader: TestClient) -> None:
    for path in ("/add", "/groups/g/items/k/edit", "/groups/g/clear", "/groups/g/settings", "/import"):
        assert reader.get(path).status_code == 403


@pytest.mark.parametrize("authorize", [of_role, of_role_async])
def test_the_host_application_says_who_may_do_what(
    state: Store, authorize: Callable[[Request], Access | Awaitable[Access | None] | None]
) -> None:
    fill(state)
    client = TestClient(create_app(state, authorize=authorize), follow_redirects=False)

    assert client.get("/").status_code == 403
    assert "You have no access" in client.get("/").text
    assert client.post("/groups/g/clear").status_code == 403
    assert client.get("/static/app.css").status_code == 200
    assert client.post("/groups/g/clear", headers={"X-Role": "full"}).status_code == 303
    assert state.group("g") is None


def test_the_host_application_may_send_people_to_its_own_login(state: Store) -> None:
    def authorize(_request: Request) -> Access | None:
        raise HTTPException(303, "Sign in first.", {"Location": "/signin"})

    response = TestClient(create_app(state, authorize=authorize), follow_redirects=False).get("/")
    assert (response.status_code, response.headers["location"]) == (303, "/signin")


@pytest.mark.parametrize("said", [True, "full", 1, Access])
def test_an_answer_that_is_none_lets_nobody_in(state: Store, said: object) -> None:
    authorize = cast("Authorize", lambda _: said)
    client = TestClient(create_app(state, authorize=authorize), raise_server_exceptions=False)

    response = client.get("/")
    assert response.status_code == 500
    assert "The dashboard failed at this." in response.text


def test_tokens_beside_authorize_are_refused(state: Store) -> None:
    with pytest.raises(ValueError, match="not both"):
        create_app(state, token="x", authorize=of_role)


def test_a_read_only_token_alone_lets_nobody_change_anything(state: Store) -> None:
    state.set("g", "k", 1)
    client = TestClient(create_app(state, read_only_token="read"), headers={"Authorization": "Bearer read"})

    assert client.get("/groups/g").status_code == 200
    assert client.post("/groups/g/clear").status_code == 403


def test_those_who_may_change_see_the_controls(client: TestClient, state: Store) -> None:
    fill(state)
    page: Page = Pages(client).get("/groups/g")

    assert page.has("Clear…")
    assert "read only" not in page.text
