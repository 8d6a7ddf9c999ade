"""Behind a real nginx that serves the dashboard under a path: one that strips the path, and one that keeps it."""

from __future__ import annotations

import contextlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from store import Store, open_store
from tests.dashboard.nginx import proxied
from tests.dashboard.pages import check, parse
from tests.processes import running

ROOT = "/tools/state"
TOKEN = "the-token-of-the-test"


@pytest.fixture
def shared(tmp_path: Path) -> Iterator[Store]:
    """The store that the served command has open too."""
    with open_store(f"sqlite:///{tmp_path}/state.db", sweep_interval=None) as store:
        store.set("g", "k", {"n": 1})
        yield store


@contextlib.contextmanager
def behind(tmp_path: Path, after: str, *, root: str = ROOT, scheme: str = "http") -> Iterator[httpx2.Client]:
    """A browser before nginx; `after` is the end of its proxy_pass, which tells whether it strips the path."""
    url = f"sqlite:///{tmp_path}/state.db"
    command = [sys.executable, "-m", "dashboard", "serve", url, "--port", "0", "--token", TOKEN]
    with contextlib.ExitStack() as stack:
        address = stack.enter_context(running(*command, "--root-path", root, cwd=tmp_path)).removesuffix(root)
        target = stack.enter_context(proxied(tmp_path, f"{address}{after}", root, scheme))
        client = stack.enter_context(httpx2.Client(base_url=target, timeout=10, headers={"Accept": "text/html"}))
        yield client


@pytest.mark.parametrize("after", ["/", ""], ids=["strips", "keeps"])
def test_everything_works_under_the_path(tmp_path: Path, shared: Store, after: str) -> None:
    with behind(tmp_path, after) as client:
        asked = client.get(f"{ROOT}/groups/g?search=k")
        assert asked.headers["location"] == f"{ROOT}/login?next={ROOT}/groups/g%3Fsearch%3Dk"
        form = client.get(asked.headers["location"])
        check(parse(form.text), ROOT)

        own = {"Origin": str(client.base_url).rstrip("/")}  # of a browser that does not send Sec-Fetch-Site
        sent = {"token": TOKEN, "next": parse(form.text).one("input", name="next").attrs["value"]}
        done = client.post(parse(form.text).one("form").attrs["action"], data=sent, headers=own)
        assert done.headers["location"] == f"{ROOT}/groups/g?search=k"
        assert f"; Path={ROOT}/;" in done.headers["set-cookie"]
        assert "; Secure" not in done.headers["set-cookie"]

        page = client.get(done.headers["location"])
        check(parse(page.text), ROOT)
        for node in parse(page.text).all("a", "link", "script"):
            address = node.attrs.get("href") or node.attrs["src"]
            if not address.startswith("#"):
                assert client.get(address, follow_redirects=True).status_code == 200, address
        finished = client.post(f"{ROOT}/groups/g/finish", headers=own)
        assert finished.headers["location"].startswith(f"{ROOT}/groups/g")
        assert client.post(f"{ROOT}/groups/g/clear", headers={"Origin": "http://evil.example"}).status_code == 403
        assert shared.group("g")


@pytest.mark.parametrize("after", ["/", ""], ids=["strips", "keeps"])
def test_news_pass_through_as_they_happen(tmp_path: Path, shared: Store, after: str) -> None:
    with behind(tmp_path, after) as client:
        client.get(f"{ROOT}/login?token={TOKEN}")
        page = client.get(f"{ROOT}/groups/g").text
        since = re.search(r'data-since="(.*?)"', page)
        assert since
        ask = {"page": f"{ROOT}/groups/g", "since": since[1], "has": "rows:none"}
        with client.stream("GET", f"{ROOT}/live", params=ask) as stream:
            assert stream.headers["content-type"].startswith("text/event-stream")
            lines = stream.iter_lines()
            assert next(lines) == ":"
            shared.set("g", "fresh-key", 1)
            assert any("fresh-key" in line for line in lines)  # ends with the first event that has it


def test_tls_that_ends_at_the_proxy_keeps_the_cookie_to_tls(tmp_path: Path, shared: Store) -> None:
    with behind(tmp_path, "/", scheme="https") as client:
        done = client.post(f"{ROOT}/login", data={"token": TOKEN})
        assert "; Secure" in done.headers["set-cookie"]


def test_without_a_path_it_is_at_the_root(tmp_path: Path, shared: Store) -> None:
    with behind(tmp_path, "", root="") as client:
        assert client.get("/groups/g").headers["location"] == "/login?next=/groups/g"


def test_guesses_are_counted_for_each_client_of_the_proxy(tmp_path: Path, shared: Store) -> None:
    with behind(tmp_path, "/") as client:
        forwarded = {"X-Forwarded-For": "192.0.2.1"}  # what the client says of itself does not count
        statuses = [
            client.post(f"{ROOT}/login", data={"token": "guess"}, headers={**forwarded, "X-Real-IP": f"192.0.2.{n}"})
            for n in range(10)
        ]
        assert [answer.status_code for answer in statuses] == [401] * 6 + [429] * 4
