"""Who gets in where the command serves: by its options, its environment, and the address it listens on."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import httpx2
import pytest

from tests.dashboard.commands import Run, check_error

ANYWHERE = "0.0.0.0"  # noqa: S104  what is being tested


class Served(NamedTuple):
    """A client of the command that serves, what that has printed, and the link to log in."""

    client: httpx2.Client
    printed: str
    link: str


@contextlib.contextmanager
def served(
    tmp_path: Path, *arguments: str, lines: int = 1, command: str = "serve", **environment: str
) -> Iterator[Served]:
    """Run the command until the end of the block; it prints so many lines first."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("STEPSTATE_")}
    where = ("memory://",) if command == "serve" else ()
    with subprocess.Popen(
        [sys.executable, "-m", "dashboard", command, *where, "--port", "0", *arguments],
        env={**clean, **environment},
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            assert process.stdout
            printed = "".join(process.stdout.readline() for _ in range(lines))
            port = re.search(r"http://\S+:(\d+)", printed)
            assert port, printed
            link = re.search(r"http://127.0.0.1:\S+/login\?token=\S+", printed)
            base = f"http://127.0.0.1:{port[1]}"
            with httpx2.Client(base_url=base, headers={"Accept": "text/html"}, timeout=10) as client:
                yield Served(client, printed, link[0] if link else "")
        finally:
            process.kill()


def test_loopback_needs_no_login_and_answers_to_its_own_names(tmp_path: Path) -> None:
    with served(tmp_path) as (client, printed, _):
        assert "token" not in printed
        assert client.get("/").status_code == 200
        assert client.get("/", headers={"Host": "evil.example"}).status_code == 400
        assert client.get("/", headers={"Host": "localhost:1"}).status_code == 200


def test_a_name_may_be_allowed(tmp_path: Path) -> None:
    with served(tmp_path, "--allow-host", "state.example", "--allow-host", "other.example") as (client, _, _):
        answers = {
            name: client.get("/", headers={"Host": name}).status_code for name in ("state.example", "other.example")
        }
        assert answers == {"state.example": 200, "other.example": 200}
        assert client.get("/", headers={"Host": "evil.example"}).status_code == 400


@pytest.mark.parametrize("command", ["serve", "demo"])
def test_any_other_address_makes_a_token_and_prints_the_link(tmp_path: Path, command: str) -> None:
    with served(tmp_path, "--host", ANYWHERE, lines=2, command=command) as (client, _, link):
        assert client.get("/").headers["location"] == "/login?next=/"
        assert client.post("/groups/orders/clear").status_code == 401
        assert len(link.partition("=")[2]) >= 32
        assert client.get(link).headers["location"] == "/"
        assert client.get("/").status_code == 200


def test_every_start_makes_another_token(tmp_path: Path) -> None:
    tokens = set()
    for _ in range(2):
        with served(tmp_path, "--host", ANYWHERE, lines=2) as (_, _, link):
            tokens.add(link.partition("=")[2])
    assert len(tokens) == 2


@pytest.mark.parametrize("how", ["option", "environment"])
@pytest.mark.parametrize("host", ["127.0.0.1", ANYWHERE])
def test_a_token_that_is_given_is_needed_and_not_printed(tmp_path: Path, host: str, how: str) -> None:
    arguments = ("--token", "given-token") if how == "option" else ()
    environment = {"STEPSTATE_TOKEN": "given-token"} if how == "environment" else {}
    with served(tmp_path, "--host", host, *arguments, lines=2, **environment) as (client, printed, _):
        assert "given-token" not in printed
        assert "log in with the token" in printed
        assert client.get("/").status_code == 303
        assert client.get("/", headers={"Authorization": "Bearer given-token"}).status_code == 200


def test_no_auth_has_to_be_spelled_out_and_is_warned_about(tmp_path: Path) -> None:
    with served(tmp_path, "--host", ANYWHERE, "--no-auth", lines=2, STEPSTATE_TOKEN="ignored") as (client, printed, _):
        assert "warning: there is no login; whoever reaches this address can change the store" in printed
        assert client.get("/").status_code == 200
        assert client.get("/", headers={"Host": "evil.example"}).status_code == 400


def test_read_only_is_for_all(tmp_path: Path) -> None:
    with served(tmp_path, "--read-only") as (client, _, _):
        assert "read only" in client.get("/").text
        assert client.post("/add", data={"group": "g", "key": "k", "value": "1"}).status_code == 403


def test_a_read_only_token_is_beside_one_that_allows_all(tmp_path: Path) -> None:
    with served(tmp_path, lines=2, STEPSTATE_READ_ONLY_TOKEN="look") as (client, printed, link):
        assert "look" not in printed
        reader = {"Authorization": "Bearer look"}
        assert client.get("/", headers=reader).status_code == 200
        form = {"group": "g", "key": "k", "value": "1"}
        assert client.post("/add", data=form, headers=reader).status_code == 403
        client.get(link)
        assert client.post("/add", data=form).status_code == 303


def test_a_path_is_part_of_what_is_printed(tmp_path: Path) -> None:
    arguments = ("--host", ANYWHERE, "--root-path", "/state/")
    with served(tmp_path, *arguments, lines=2) as (client, printed, link):
        assert re.search(r"stepstate is at http://0\.0\.0\.0:\d+/state \(", printed)
        assert "/state/login?token=" in link
        assert client.get(link).headers["location"] == "/state/"
        assert client.get("/state/").status_code == 200
        assert client.get("/state").headers["location"] == "/state/"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--token", "a b"), "a token is a text without spaces"),
        (("--token", "same", "--read-only-token", "same"), "are the same"),
        (("--token", "x", "--no-auth"), "contradict"),
        (("--root-path", "state"), "--root-path is like"),
        (("--root-path", "/a/../b"), "--root-path is like"),
        (("--root-path", "//evil.example"), "--root-path is like"),
        (("--root-path", "/groups/x"), "begins like a path of the dashboard"),
    ],
)
def test_options_that_cannot_be_meant(run: Run, arguments: tuple[str, ...], words: str) -> None:
    check_error(run("serve", "memory://", "--port", "0", *arguments), words)


def test_an_option_of_serving_alone_serves(run: Run) -> None:
    check_error(run("--token", "a b", "--port", "0"), "a token is a text without spaces")
