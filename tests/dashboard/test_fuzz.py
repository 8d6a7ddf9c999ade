"""Every route with every kind of bad input: an answer in words, and never a defect of ours."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from dashboard import create_app
from store import Store
from tests.dashboard.pages import PARTIAL, parse
from tests.dashboard.routes import NAMES, addresses, fill
from tests.dashboard.support import dump

HTMX = {**PARTIAL, "HX-Request": "true"}
TEXTS = [
    "",
    "\x00",
    "%00%FF",
    "x" * 500,
    "-1",
    "9" * 400,
    "NaN",
    "[1,",
    '{"a": "\\ud800"}',
    "../../etc/passwd",
    "\u202e\u200b\ufeff",
    "<script>alert(1)</script>{{ 7 * 7 }}",
    "👩‍👩‍👧\r\nX: y",
    "٣",
    "1e999",
]
NAMES_OF_FIELDS = """
    action after all at back base before by column columns conflict default_ttl do due empty existing field file find
    finished format from group has idle if_version in item key keep_for look match name next on_conflict op op_type page
    path preset preview replace rest search seen since size sort start sure tab text ttl type under undo value version
    view when where within zone
"""
FIELDS = NAMES_OF_FIELDS.split()
RAW_QUERIES = [b"a=%ff%fe", b"search=%ed%a0%80&sort=%ed%a0%80", b"\xff\xfe", b"&&&===", b"page=%00", b"where=" * 500]
SEGMENTS = ["~", "~2e", "%FF", "%ED%A0%80", "%00", "%2F", "~00", "x" * 3000, "~2E~2E", "<", "~ED~A0~80"]


@pytest.fixture
def anyone(state: Store) -> Iterator[TestClient]:
    """A dashboard that raises what it does not handle, with something behind each address."""
    fill(state)
    with TestClient(create_app(state), follow_redirects=False) as client:
        yield client


def check(response: Any, what: object) -> None:
    """It is an answer, and one in words if it is about an error."""
    assert response.status_code < 500, (what, response.status_code)
    assert "Traceback" not in response.text, what
    if response.status_code >= 400 and response.content:
        said = response.json()["error"]["message"] if "json" in response.headers["content-type"] else response.text
        assert len(parse(said).text) > 10, what


def queries() -> Iterator[dict[str, Any]]:
    for text in TEXTS:
        yield dict.fromkeys(FIELDS, text)
    yield {name: ["a", "", "\x00"] * 5 for name in FIELDS}


def forms() -> Iterator[dict[str, Any]]:
    yield {}
    for text in TEXTS[::2]:
        yield dict.fromkeys(FIELDS, text)
    yield {name: ["a", "", "\x00"] * 5 for name in FIELDS}


def test_every_page_with_odd_parameters(state: Store, anyone: TestClient) -> None:
    before, stamp = dump(state), state.revision()
    for path in addresses(anyone.app, "GET"):
        if path == "/live":
            continue
        for params in queries():
            check(anyone.get(path, params=params), (path, params))
        for raw in RAW_QUERIES:
            check(anyone.get(f"{path}?{raw.decode('latin-1')}"), (path, raw))
        check(anyone.get(path, headers=HTMX), path)
        check(anyone.head(path), path)
    assert dump(state) == before
    assert state.revision() == stamp, "a GET has changed something"


def test_one_odd_parameter_at_a_time(anyone: TestClient) -> None:
    for path in (
        "/",
        "/?view=tree",
        "/groups/g",
        "/groups/g/items/k",
        "/groups/g/items/k/json",
        "/cleanup",
        "/cache/groups/g",
    ):
        for field in FIELDS:
            check(anyone.get(path, params={field: "[1,"}), (path, field))


@pytest.mark.parametrize("text", TEXTS)
def test_a_stream_for_an_odd_page_ends_at_once(anyone: TestClient, text: str) -> None:
    for page in (text, f"//{text}", "/live?page=/live", "/static/app.css", "/groups/g/items/k/raw"):
        response = anyone.get("/live", params={"page": page, "since": text, "has": text, "due": text})
        assert response.text.startswith("event: end")


def test_every_form_with_odd_fields(state: Store, anyone: TestClient) -> None:
    for path in addresses(anyone.app, "POST"):
        for fields in forms():
            fill(state)
            check(anyone.post(path, data=fields), (path, fields))
        fill(state)
        check(anyone.post(path, data={"value": "{", "ttl": "soon"}, headers=HTMX), path)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", b""),
        ("application/json", b"null"),
        ("application/json", b'{"ops": 1, "ttl": [], "if_version": {}}'),
        ("application/json", b'{"ops": [{"type": {}, "path": 1}]}'),
        ("application/json", b"\xff"),
        ("application/json", b"[" * 100_000),
        ("application/json; charset=nonsense", b"{}"),
        ("application/x-www-form-urlencoded", b"\xff=\xfe&%ED%A0%80=%ED%A0%80&a=%&%zz"),
        ("application/x-www-form-urlencoded; charset=utf-16", b"a=b"),
        ("multipart/form-data", b"nonsense"),
        ("multipart/form-data; boundary=x", b"--x\r\n\r\n"),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="\xff"\r\n\r\n\xff\r\n--x--\r\n',
        ),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data\r\n\r\n1\r\n--x--\r\n"),
        (
            "multipart/form-data; boundary=x; charset=nonsense",
            b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--x--\r\n',
        ),
        ("text/xml", b"<a/>"),
        ("\xff", b"a=b"),
        ("", b""),
    ],
)
def test_every_form_with_an_odd_body(state: Store, anyone: TestClient, kind: str, body: bytes) -> None:
    for path in addresses(anyone.app, "POST"):
        fill(state)
        response = anyone.post(path, content=body, headers={b"Content-Type": kind.encode("latin-1")})
        check(response, (path, kind))


def chunks() -> Iterator[bytes]:
    for _ in range(400):
        yield b"value=" + b"x" * 10_000 + b"&"


def test_a_form_without_an_announced_length_is_bounded(anyone: TestClient) -> None:
    for path in addresses(anyone.app, "POST"):
        if not path.endswith("/import"):  # a file may be longer
            response = anyone.post(
                path, content=chunks(), headers={"Content-Type": "application/x-www-form-urlencoded"}
            )
            check(response, path)
            assert response.status_code == 413, path


def test_json_without_an_announced_length_is_bounded(anyone: TestClient) -> None:
    headers = {"Content-Type": "application/json"}
    response = anyone.post("/groups/g/items/k/operations", content=chunks(), headers=headers)
    assert (response.status_code, response.json()["error"]["code"]) == (413, "TooLarge")


@pytest.mark.parametrize("segment", SEGMENTS)
def test_odd_names_in_every_address(anyone: TestClient, segment: str) -> None:
    names = {**dict.fromkeys(NAMES, segment), "path:path": segment}
    for method in ("GET", "POST", "HEAD"):
        for path in addresses(anyone.app, "GET" if method == "HEAD" else method, names):
            if path != "/live":
                check(anyone.request(method, path), (method, path))


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "NONSENSE"])
def test_methods_that_no_route_has(anyone: TestClient, method: str) -> None:
    for path in addresses(anyone.app, "GET"):
        response = anyone.request(method, path)
        assert response.status_code == 405
        check(response, (method, path))


@pytest.mark.parametrize(
    "headers",
    [
        {"Cookie": "stepstate_notice=%ED%A0%80; =; ;;; stepstate_undo=%00|é"},
        {"Cookie": "\xff" * 100},
        {"Host": ""},
        {"Host": "[::"},
        {"Accept": "\xff"},
        {"Authorization": "Bearer \xff"},
        {"If-None-Match": '"' * 100, "Range": "bytes=9-1,-,a", "Accept-Encoding": ";;q=x,gzip;q="},
        {"HX-Request": "\xff", "HX-Current-URL": "http://[", "HX-Request-Type": "\xff"},
        {"Sec-Fetch-Site": "\xff"},
        {"Origin": "http://[\xff"},
    ],
    ids=str,
)
def test_odd_headers(state: Store, anyone: TestClient, headers: dict[str, str]) -> None:
    raw = {name.encode(): value.encode("latin-1") for name, value in headers.items()}
    for path in ("/", "/groups/g", "/groups/g/items/k", "/static/app.css", "/nothing"):
        check(anyone.get(path, headers=raw), path)
        check(anyone.post(path, headers=raw), path)
    with TestClient(create_app(state, token="token"), follow_redirects=False) as locked:
        check(locked.get("/", headers=raw), headers)
        check(locked.post("/login", headers=raw), headers)


def test_a_store_that_is_down_is_said_to_be(state: Store, anyone: TestClient) -> None:
    state.close()
    for method in ("GET", "POST"):
        for path in addresses(anyone.app, method):
            if path == "/live" or path.startswith("/static/"):
                continue
            response = anyone.request(
                method, path, data={"key": "k", "value": "1", "sure": "yes"} if method == "POST" else None
            )
            assert response.status_code < 500 or response.status_code == 503, (method, path)
            assert "Traceback" not in response.text
