from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from dashboard.resources import resources
from dashboard.statics import Statics, statics
from store import Store

FOREVER = "public, max-age=31536000, immutable"
OTHER = "0123456789ab"
PLAIN = {"Accept-Encoding": "identity"}
NAMES = [path.relative_to(resources("static")).as_posix() for path in resources("static").rglob("*") if path.is_file()]


def current(path: str) -> str:
    return f"/static/{statics().version}/{path}"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Modules that import each other."""
    (tmp_path / "js").mkdir()
    (tmp_path / "app.js").write_text(
        'import {\n  one,\n} from "./js/a.js";\nimport "./js/b.js"; // c\nimport("./js/later.js");'
    )
    (tmp_path / "js/a.js").write_text('// import "./never.js"\nimport { two } from "./b.js";\nimport "../c.js";')
    (tmp_path / "js/b.js").write_text('import "./a.js";')
    (tmp_path / "js/later.js").write_text("")
    (tmp_path / "c.js").write_text("")
    return tmp_path


@pytest.mark.parametrize("name", NAMES)
def test_each_file_comes_as_it_is_and_may_be_kept_for_a_year(client: TestClient, name: str) -> None:
    response = client.get(current(name), headers=PLAIN)

    assert response.content == (resources("static") / name).read_bytes()
    assert response.headers["cache-control"] == FOREVER
    assert "content-encoding" not in response.headers


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("app.js", "text/javascript; charset=utf-8"),
        ("app.css", "text/css; charset=utf-8"),
        ("icon.svg", "image/svg+xml"),
        ("vendor/htmx/LICENSE", "text/plain; charset=utf-8"),
    ],
)
def test_browsers_are_told_what_a_file_is(client: TestClient, name: str, media_type: str) -> None:
    assert client.get(current(name)).headers["content-type"] == media_type


@pytest.mark.parametrize("accepted", ["gzip", "br;q=1.0, GZIP; q=0.5", "gzip;q=1,*;q=0"])
def test_a_browser_that_takes_gzip_gets_that(client: TestClient, accepted: str) -> None:
    with client.stream("GET", current("app.css"), headers={"Accept-Encoding": accepted}) as response:
        sent = b"".join(response.iter_raw())

    assert response.headers["content-encoding"] == "gzip"
    assert response.headers["content-length"] == str(len(sent))
    assert "Accept-Encoding" in response.headers["vary"]
    assert gzip.decompress(sent) == (resources("static") / "app.css").read_bytes()
    assert len(sent) < 0.4 * len(gzip.decompress(sent))


@pytest.mark.parametrize("accepted", ["", "br", "gzip;q=0", "gzip; q=0.000, br", "notgzip"])
@pytest.mark.parametrize("path", [current("app.css"), "/groups/g"])
def test_a_browser_that_takes_none_gets_none(state: Store, client: TestClient, path: str, accepted: str) -> None:
    state.set("g", "k", 1)
    response = client.get(path, headers={"Accept-Encoding": accepted})

    assert response.status_code == 200
    assert "content-encoding" not in response.headers
    assert "Accept-Encoding" in response.headers["vary"]


@pytest.mark.parametrize("path", ["/static/app.css", f"/static/{OTHER}/app.css"])
def test_no_version_or_another_one_gives_the_file_as_it_is_now_but_never_to_keep(client: TestClient, path: str) -> None:
    response = client.get(path, headers=PLAIN)

    assert response.content == (resources("static") / "app.css").read_bytes()
    assert response.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize(
    "path",
    [
        "",
        "js",
        "nothing.css",
        "../pyproject.toml",
        "%2e%2e/pyproject.toml",
        "/etc/passwd",
        "nothing/app.css",
        f"{OTHER}",
        f"{OTHER}/",
        f"{OTHER}/{OTHER}/app.css",
        f"{OTHER}/%2e%2e/%2e%2e/pyproject.toml",
    ],
)
def test_there_is_nothing_else(client: TestClient, path: str) -> None:
    response = client.get(f"/static/{path}")

    assert response.status_code == 404
    assert response.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("accepted", [{}, PLAIN])
def test_what_a_browser_has_is_not_sent_again(client: TestClient, accepted: dict[str, str]) -> None:
    first = client.get(current("app.css"), headers=accepted)
    again = client.get(current("app.css"), headers={**accepted, "If-None-Match": f"W/{first.headers['etag']}"})

    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["cache-control"] == FOREVER
    assert client.get(current("app.js"), headers={"If-None-Match": first.headers["etag"]}).status_code == 200


def test_the_compressed_and_the_plain_file_are_told_apart(client: TestClient) -> None:
    tags = {client.get(current("app.css"), headers=accepted).headers["etag"] for accepted in ({}, PLAIN)}

    assert len(tags) == 2


def test_head_tells_what_get_would_send(client: TestClient) -> None:
    told, sent = (client.request(method, current("app.css"), headers=PLAIN).headers for method in ("HEAD", "GET"))

    assert told == sent


def test_a_part_is_asked_for_in_vain(client: TestClient) -> None:
    response = client.get(current("app.css"), headers={**PLAIN, "Range": "bytes=0-9"})

    assert response.status_code == 200
    assert len(response.content) > 10


@pytest.mark.parametrize("changed", ["content", "name"])
def test_any_change_makes_another_version(folder: Path, changed: str) -> None:
    before, again = Statics(folder), Statics(folder)
    if changed == "content":
        (folder / "js/later.js").write_text("new")
    else:
        (folder / "js/later.js").rename(folder / "js/latest.js")

    assert before.version == again.version != Statics(folder).version


def test_files_stay_of_their_version_though_they_change_on_the_disk(folder: Path) -> None:
    files = Statics(folder)
    (folder / "c.js").write_text("new")
    found = files.find(f"{files.version}/c.js")

    assert found
    assert found[0].content == b""


def test_modules_are_those_that_are_imported_at_once(folder: Path) -> None:
    assert Statics(folder).modules("app.js") == ["c.js", "js/a.js", "js/b.js"]


def test_pages_have_the_modules_loaded_early_but_not_the_editor(client: TestClient) -> None:
    page = client.get("/").text

    for name in statics().modules("app.js"):
        assert f'<link rel="modulepreload" href="{current(name)}">' in page
    assert "js/live.js" in page
    assert "editor_view" not in page
    assert "codemirror" not in page


@pytest.mark.parametrize("path", ["/groups/g", "/nothing", "/groups/g/items/k"])
def test_pages_are_compressed(state: Store, client: TestClient, path: str) -> None:
    state.set("g", "k", 1)
    with client.stream("GET", path, headers={"Accept-Encoding": "gzip"}) as response:
        sent = b"".join(response.iter_raw())

    assert response.headers["content-encoding"] == "gzip"
    assert response.headers["content-length"] == str(len(sent))
    assert gzip.decompress(sent).startswith(b"<!doctype html>")
    assert {"Accept-Encoding", "HX-Request-Type"} <= {part.strip() for part in response.headers["vary"].split(",")}


@pytest.mark.parametrize("path", ["/export?format=json", "/groups/g/items/k/raw", "/live?page=/nothing"])
def test_files_and_streams_are_not(state: Store, client: TestClient, path: str) -> None:
    state.set("g", "k", "x" * 5000)
    response = client.get(path, headers={"Accept-Encoding": "gzip"})

    assert response.status_code == 200
    assert "content-encoding" not in response.headers
