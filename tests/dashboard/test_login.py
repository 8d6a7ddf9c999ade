"""Getting in with a token: by the page, by the printed link, by Authorization: Bearer; and out again."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from dashboard import create_app
from store import Store
from tests.dashboard.pages import PARTIAL, parse
from tests.dashboard.routes import addresses, fill
from tests.dashboard.support import dump

TOKEN, READ = "s3cret-token", "look-token"
HTMX = {**PARTIAL, "HX-Request": "true"}
HTML = {"Accept": "text/html,*/*"}


@pytest.fixture
def locked(state: Store) -> Iterator[TestClient]:
    """A dashboard with tokens; nobody is logged in."""
    fill(state)
    with TestClient(create_app(state, token=TOKEN, read_only_token=READ), follow_redirects=False) as client:
        yield client


def login(client: TestClient, token: str = TOKEN, then: str = "/groups/g", **headers: str) -> str:
    """Where the login leads; fails if it leads nowhere."""
    response = client.post("/login", data={"token": token, "next": then}, headers=headers)
    assert response.status_code == 303, response.text
    return response.headers["location"]


def test_without_access_every_page_leads_to_the_login(locked: TestClient) -> None:
    for path in addresses(locked.app, "GET"):
        response = locked.get(path, headers=HTML)
        if path in ("/login", "/static/app.css"):
            assert response.status_code == 200
        else:
            assert response.status_code == 303
            assert response.headers["location"] == f"/login?next={path}"
            assert response.text == ""


def test_without_access_programs_and_parts_of_pages_are_told_so(locked: TestClient) -> None:
    for path in addresses(locked.app, "GET"):
        if path not in ("/login", "/static/app.css"):
            response = locked.get(path)
            assert (response.status_code, response.headers["www-authenticate"]) == (401, 'Bearer realm="stepstate"')
            part = locked.get(path, headers={**HTMX, "HX-Current-URL": "http://testserver/groups/g?search=a%20b"})
            assert part.status_code == 401
            assert part.headers["hx-redirect"] == "/login?next=/groups/g%3Fsearch%3Da%2520b"
            assert part.text == ""
            link = locked.get(path, headers={**HTMX, "HX-Boosted": "true", "HX-Current-URL": "http://testserver/add"})
            assert link.headers["hx-redirect"] == f"/login?next={path}"


@pytest.mark.parametrize("headers", [{}, HTML, HTMX, {"Content-Type": "application/json"}])
def test_without_access_nothing_is_changed(state: Store, locked: TestClient, headers: dict[str, str]) -> None:
    before = dump(state)
    for path in set(addresses(locked.app, "POST")) - {"/login", "/logout"}:
        response = locked.post(path, headers=headers, content=b"")
        assert response.status_code == 401
        assert "You are not logged in" in response.text or "Authorization: Bearer" in response.text
    assert dump(state) == before


def test_what_was_typed_stays_when_the_session_is_over(locked: TestClient) -> None:
    response = locked.post("/groups/g/items/k/edit", headers={**HTMX, "HX-Current-URL": "http://testserver/"})

    assert response.headers["hx-retarget"] == "header.bar"
    assert response.headers["hx-reswap"] == "afterend"
    assert parse(response.text).one("a").attrs["href"] == "/login?next=/"


def test_who_has_no_access_is_told_nothing_of_the_store(locked: TestClient) -> None:
    for response in (locked.get("/login"), locked.get("/", headers={"Host": "x"}), locked.post("/groups/g/clear")):
        assert "memory" not in response.text
        assert "Groups" not in parse(response.text).text.replace("All groups", "")


def test_the_token_opens_the_dashboard_where_one_wanted_to_go(locked: TestClient) -> None:
    assert "The right token" not in locked.get("/login?next=/groups/g").text
    assert login(locked) == "/groups/g"
    assert "Log out" in locked.get("/groups/g").text
    assert locked.get("/login?next=/groups/g").headers["location"] == "/groups/g"


def test_the_printed_link_opens_it_and_leaves_the_address_bar(locked: TestClient) -> None:
    response = locked.get(f"/login?token={TOKEN}")

    assert (response.status_code, response.headers["location"]) == (303, "/")
    assert locked.get("/").status_code == 200


def test_the_cookie_is_guarded_and_holds_no_token(locked: TestClient) -> None:
    cookie = locked.post("/login", data={"token": TOKEN}).headers["set-cookie"]

    assert re.fullmatch(
        r"stepstate_[0-9a-f]{8}=[\w.]+; HttpOnly; Max-Age=2592000; Path=/; SameSite=strict", cookie, re.IGNORECASE
    )
    assert TOKEN not in cookie


def test_over_tls_the_cookie_stays_there(state: Store) -> None:
    with TestClient(create_app(state, token=TOKEN), base_url="https://testserver", follow_redirects=False) as client:
        assert "; Secure" in client.post("/login", data={"token": TOKEN}).headers["set-cookie"]


def test_logging_out_forgets_the_session(locked: TestClient) -> None:
    login(locked)
    response = locked.post("/logout")

    assert (response.status_code, response.headers["location"]) == (303, "/login")
    assert locked.get("/", headers=HTML).headers["location"] == "/login?next=/"


def test_logging_out_of_nothing_tells_nothing(locked: TestClient) -> None:
    assert "set-cookie" not in locked.post("/logout").headers


@pytest.mark.parametrize("scheme", ["Bearer", "bearer"])
def test_a_program_sends_the_token(state: Store, locked: TestClient, scheme: str) -> None:
    headers = {"Authorization": f"{scheme} {TOKEN}"}

    assert locked.get("/groups/g", headers=headers).status_code == 200
    assert locked.post("/groups/g/clear", headers=headers).status_code == 303
    assert state.group("g") is None


def test_a_wrong_bearer_is_refused_whatever_the_cookie(locked: TestClient) -> None:
    login(locked)

    assert locked.get("/", headers={"Authorization": "Bearer wrong"}).status_code == 401
    assert locked.get("/", headers={"Authorization": "Basic dTpw"}).status_code == 200  # a proxy's own


def test_a_json_client_is_answered_in_json(locked: TestClient) -> None:
    response = locked.post("/groups/g/items/k/operations", json={"ops": []})

    assert response.json()["error"]["code"] == "Unauthorized"
    headers = {"Authorization": f"Bearer {READ}"}
    response = locked.post("/groups/g/items/k/operations", json={"ops": []}, headers=headers)
    assert (response.status_code, response.json()["error"]["code"]) == (403, "Forbidden")


@pytest.mark.parametrize("token", ["", "wrong", TOKEN[:-1], TOKEN + "x", "é", "\x00", "x" * 5000])
def test_a_wrong_token_is_said_to_be_wrong(locked: TestClient, token: str) -> None:
    response = locked.post("/login", data={"token": token})

    assert response.status_code == 401
    assert "That is not the token." in response.text
    assert "set-cookie" not in response.headers
    assert locked.get("/", headers=HTML).status_code == 303


def test_guessing_is_slowed_and_a_session_is_not(locked: TestClient) -> None:
    login(locked)
    answers = [locked.post("/login", data={"token": f"guess{n}"}) for n in range(20)]
    assert [answer.status_code for answer in answers] == [401] * 6 + [429] * 14
    assert answers[-1].headers["retry-after"] == "1"
    assert "Too many wrong tokens. Try again in 1 second." in answers[-1].text

    bearer = locked.get("/", headers={"Authorization": f"Bearer {TOKEN}"})
    assert (bearer.status_code, bearer.headers["retry-after"]) == (429, "1")
    assert locked.get("/login?token=guess").status_code == 429
    assert locked.get("/").status_code == 200


def test_the_read_only_token_buys_no_more_guesses(locked: TestClient) -> None:
    statuses = []
    for n in range(20):
        statuses.append(locked.get("/", headers={"Authorization": f"Bearer guess{n}"}).status_code)
        locked.get("/", headers={"Authorization": f"Bearer {READ}"})
    assert statuses == [401] * 6 + [429] * 14


@pytest.mark.parametrize(
    "then",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example/",
        "/\t/evil.example/",
        "\n//evil.example",
        "javascript:alert(1)",
        "groups/g",
        "/groups/../../admin",
        "/groups/..",
        "/%2e%2e/admin",
        "/groups/é",
        "",
        "/?a=\\\\evil\r\nSet-Cookie: a=b",
    ],
)
def test_the_login_leads_to_our_own_pages_only(locked: TestClient, then: str) -> None:
    assert login(locked, then=then) == "/"
    assert locked.get("/login", params={"token": TOKEN, "next": then}).headers["location"] == "/"
    assert locked.get("/login", params={"next": then}).headers["location"] == "/"


@pytest.mark.parametrize("then", ["/", "/?search=a%20b&where=x", "/groups/~2E./items/k:1/edit", "/groups/g?a=//b/../c"])
def test_the_login_leads_to_any_page_of_ours(locked: TestClient, then: str) -> None:
    assert login(locked, then=then) == then


def test_under_a_path_everything_stays_there(state: Store) -> None:
    app = Starlette(routes=[Mount("/_state", create_app(state, token=TOKEN))])
    with TestClient(app, follow_redirects=False) as client:
        assert client.get("/_state/", headers=HTML).headers["location"] == "/_state/login?next=/_state/"
        for then in ("/", "/other", "/_state/../other", "/_statex"):
            data = {"token": TOKEN, "next": then}
            assert client.post("/_state/login", data=data).headers["location"] == "/_state/"
        assert "; Path=/_state/;" in client.post("/_state/login", data={"token": TOKEN}).headers["set-cookie"]
        assert client.get("/_state/").status_code == 200
        assert client.post("/_state/logout").headers["location"] == "/_state/login"
        assert client.get("/_state/", headers=HTML).status_code == 303


def test_a_link_from_another_site_gets_its_session_back(locked: TestClient) -> None:
    """The browser keeps the cookie back on the first request, and sends it when the page asks again by itself."""
    for site, count in (("cross-site", 1), ("same-site", 1), ("same-origin", 0), ("none", 0)):
        tree = parse(locked.get("/login?next=/", headers={"Sec-Fetch-Site": site}).text)
        assert len(tree.all("meta", http_equiv="refresh")) == count


def test_another_site_logs_nobody_in_or_out(locked: TestClient) -> None:
    headers = {"Sec-Fetch-Site": "cross-site"}

    assert locked.post("/login", data={"token": TOKEN}, headers=headers).status_code == 403
    login(locked)
    assert locked.post("/logout", headers=headers).status_code == 403
    assert locked.get("/").status_code == 200


def test_without_tokens_there_is_no_login(client: TestClient) -> None:
    assert client.get("/login").status_code == 404
    assert client.post("/login").status_code in (404, 405)
    assert "Log out" not in client.get("/").text


def test_a_login_form_is_bounded(locked: TestClient) -> None:
    assert locked.post("/login", data={"token": "x" * 1_000_000}).status_code == 413
