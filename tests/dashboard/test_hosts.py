"""Which host names are answered to: another site's name may lead a browser here."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from dashboard import Access, create_app
from store import Store

LOOPBACK = ["http://127.0.0.1:8040", "http://[::1]:8040"]
OURS = ["localhost", "LOCALHOST:8040", "localhost.", "127.0.0.1", "127.0.0.1:8040", "[::1]:8040", "[::1]", "192.0.2.7"]
OTHERS = [
    "evil.example",
    "evil.example:8040",
    "127.0.0.1.evil.example",
    "localhost.evil.example",
    "a@localhost.example",
]
ODD = ["", "[", "[::1", "localhost/x", "?", "evil.example#@localhost", "\x7f"]


def status(client: TestClient, host: str, **headers: str) -> int:
    response = client.get("/", headers={"Host": host, **headers})
    if response.status_code == 400:
        assert "does not answer to this host name" in response.text
        assert "memory" not in response.text
    return response.status_code


@pytest.mark.parametrize("base", LOOPBACK)
def test_on_loopback_a_name_is_answered_to_only_if_it_is_ours(state: Store, base: str) -> None:
    client = TestClient(create_app(state), base_url=base)

    assert {host: status(client, host) for host in OURS} == dict.fromkeys(OURS, 200)
    assert {host: status(client, host) for host in OTHERS} == dict.fromkeys(OTHERS, 400)


@pytest.mark.parametrize("host", ODD)
def test_what_is_no_host_is_refused_on_loopback(state: Store, host: str) -> None:
    assert status(TestClient(create_app(state), base_url=LOOPBACK[0]), host) in (200, 400)
    if "localhost" not in host:
        assert status(TestClient(create_app(state), base_url=LOOPBACK[0]), host) == 400


@pytest.mark.parametrize("header", ["X-Forwarded-Host", "X-Forwarded-For", "Forwarded"])
def test_a_page_cannot_talk_its_way_in(state: Store, header: str) -> None:
    client = TestClient(create_app(state), base_url=LOOPBACK[0])

    assert status(client, "evil.example", **{header: "localhost"}) == 400


def test_nothing_is_changed_or_served_for_another_name(state: Store) -> None:
    state.set("g", "k", 1)
    client = TestClient(create_app(state), base_url=LOOPBACK[0], headers={"Host": "evil.example"})

    assert client.post("/groups/g/clear", headers={"Origin": "http://evil.example"}).status_code == 400
    assert client.get("/static/app.css").status_code == 400
    assert state.get("g", "k") == 1


@pytest.mark.parametrize("base", [*LOOPBACK, "http://testserver"])
def test_the_names_that_are_allowed(state: Store, base: str) -> None:
    client = TestClient(create_app(state, allowed_hosts=["state.example"]), base_url=base)

    assert [status(client, host) for host in ("state.example", "STATE.example:80", *OURS)] == [200] * (2 + len(OURS))
    assert {host: status(client, host) for host in OTHERS} == dict.fromkeys(OTHERS, 400)
    assert status(TestClient(create_app(state, allowed_hosts=["*"]), base_url=base), "any.example") == 200


def test_elsewhere_than_on_loopback_the_host_is_the_servers_affair(state: Store) -> None:
    assert status(TestClient(create_app(state)), "any.example") == 200


def test_where_a_session_is_needed_it_is_bound_to_its_name(state: Store) -> None:
    client = TestClient(create_app(state, authorize=lambda _: Access.FULL), base_url=LOOPBACK[0])
    assert status(client, "state.example") == 200

    client = TestClient(create_app(state, token="token"), base_url=LOOPBACK[0])
    assert status(client, "state.example", Authorization="Bearer token") == 200
