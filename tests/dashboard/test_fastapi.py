"""Mounted in a FastAPI application, which says who may do what."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import pytest
from fastapi import Depends, FastAPI, Request
from fastapi.testclient import TestClient

from dashboard import Access, create_app
from store import Store
from tests.dashboard.pages import Browser

PEOPLE = {"ada": Access.FULL, "lin": Access.READ}


def user(request: Request) -> str:
    """Who has signed in to the host application."""
    return request.cookies.get("user", "")


async def authorize(request: Request) -> Access | None:
    return PEOPLE.get(user(request))


@pytest.fixture
def host(state: Store) -> Iterator[TestClient]:
    """A FastAPI application with routes of its own, and the dashboard under a path."""
    state.set("g", "k", {"n": 1})
    app = FastAPI()

    @app.get("/me")
    def me(name: Annotated[str, Depends(user)]) -> dict[str, str]:
        return {"name": name}

    app.mount("/_state", create_app(state, authorize=authorize))
    with TestClient(app) as client:
        yield client


def test_the_hosts_session_opens_the_dashboard(host: TestClient, state: Store) -> None:
    assert host.get("/_state/").status_code == 403
    host.cookies["user"] = "ada"
    page = Browser(host, "/_state").get("/_state/").click("g").click("k").click("Edit").submit("Save", value='{"n": 2}')

    assert page.notice == "Saved k."
    assert state.get("g", "k") == {"n": 2}


def test_the_host_may_let_people_only_look(host: TestClient, state: Store) -> None:
    host.cookies["user"] = "lin"
    page = Browser(host, "/_state").get("/_state/groups/g/items/k")

    assert not page.has("Edit")
    assert host.post("/_state/groups/g/clear").status_code == 403
    assert state.get("g", "k") == {"n": 1}


def test_the_hosts_own_routes_stay_as_they_are(host: TestClient) -> None:
    host.cookies["user"] = "nobody"
    response = host.get("/me")

    assert response.json() == {"name": "nobody"}
    assert "content-security-policy" not in response.headers
    assert host.get("/openapi.json").json()["paths"].keys() == {"/me"}


def test_there_is_no_login_beside_the_hosts(host: TestClient) -> None:
    host.cookies["user"] = "ada"
    assert host.get("/_state/login").status_code == 404
