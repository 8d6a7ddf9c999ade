"""The command as a process: serving, signals, pipes."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from store import open_store

COMMAND = (sys.executable, "-m", "dashboard")
ROOT = Path(__file__).parents[2]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """The environment, with a store of its own."""
    return {**os.environ, "STEPSTATE_URL": f"sqlite:///{tmp_path}/state.db"}


def run(environment: dict[str, str], *arguments: str | bytes) -> subprocess.CompletedProcess[str]:
    """The command, run to its end."""
    return subprocess.run(
        [*COMMAND, *arguments], env=environment, cwd=ROOT, capture_output=True, text=True, check=False, timeout=30
    )


@pytest.fixture
def starting(environment: dict[str, str]) -> Iterator[list[subprocess.Popen[str]]]:
    """Processes that a test started; what is left of them is ended."""
    started: list[subprocess.Popen[str]] = []
    yield started
    for process in started:
        process.kill()
        process.communicate()


def serve(
    starting: list[subprocess.Popen[str]], environment: dict[str, str], *arguments: str
) -> tuple[subprocess.Popen[str], str, str]:
    """The command, serving; its process, its first line and the address in it."""
    process = subprocess.Popen(
        [*COMMAND, *arguments], env=environment, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    starting.append(process)
    assert process.stdout
    line = process.stdout.readline()
    found = re.search(r"http://\S+", line)
    assert found, line
    return process, line, found[0]


def page(address: str) -> str:
    return httpx2.get(address, timeout=10).text


@pytest.mark.parametrize(
    ("arguments", "number"), [(("serve", "--port", "0"), signal.SIGTERM), (("--port", "0"), signal.SIGINT)]
)
def test_serve_prints_its_address_answers_and_ends_with_a_signal(
    starting: list[subprocess.Popen[str]],
    environment: dict[str, str],
    tmp_path: Path,
    arguments: tuple[str, ...],
    number: signal.Signals,
) -> None:
    process, line, address = serve(starting, environment, *arguments)
    assert f"{tmp_path}/state.db" in line
    assert "The store is empty" in page(address)

    process.send_signal(number)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err) == (0, "stopped\n", "")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_tabs_that_follow_a_page_do_not_keep_it_from_ending(
    starting: list[subprocess.Popen[str]], environment: dict[str, str], number: signal.Signals
) -> None:
    process, _, address = serve(starting, environment)
    host, _, port = address.removeprefix("http://").partition(":")
    with contextlib.ExitStack() as tabs:
        for _ in range(5):
            tab = tabs.enter_context(socket.create_connection((host, int(port)), timeout=20))
            tab.sendall(b"GET /live?page=/ HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert tab.recv(1000).startswith(b"HTTP/1.1 200 ")
        process.send_signal(number)
        out, err = process.communicate(timeout=2)
    assert (process.returncode, out, err) == (0, "stopped\n", "")


def test_a_url_alone_is_served(starting: list[subprocess.Popen[str]], environment: dict[str, str]) -> None:
    _, line, address = serve(starting, environment, "memory://", "--port=0")

    assert "(store: memory)" in line
    assert "stepstate" in page(address)


def test_options_may_be_written_with_an_equals_sign(
    starting: list[subprocess.Popen[str]], environment: dict[str, str]
) -> None:
    assert serve(starting, environment, "--port=0")[2].startswith("http://127.0.0.1:")


def test_a_port_that_is_taken_is_one_line(environment: dict[str, str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run(environment, "serve", "memory://", "--port", str(port))

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"stepstate: cannot listen on 127.0.0.1 port {port}: Address already in use\n"


def test_a_reader_that_has_seen_enough_gets_no_traceback(environment: dict[str, str]) -> None:
    with open_store(environment["STEPSTATE_URL"], sweep_interval=None) as store:
        for number in range(3000):
            store.set(f"{number:04}{'x' * 100}", "k", 1)
    command = f"{sys.executable} -m dashboard groups | head -n 1"
    done = subprocess.run(
        ["sh", "-c", command],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )

    assert done.stdout.startswith("GROUP ")
    assert done.stderr == ""


def test_bytes_that_are_no_text_are_one_line(environment: dict[str, str]) -> None:
    for arguments in ((b"set", b"g", b"\xff", b"1"), (b"set", b"g", b"k", b"\xff"), (b"groups", b"--url", b"\xff")):
        done = run(environment, *arguments)
        assert done.returncode == 1
        assert done.stderr.startswith("stepstate: ")
        assert len(done.stderr.splitlines()) == 1


def test_a_closed_standard_input_is_one_line(environment: dict[str, str]) -> None:
    command = f"{sys.executable} -m dashboard set g k - <&-"
    done = subprocess.run(
        ["sh", "-c", command],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )

    assert done.returncode == 1
    assert done.stderr.startswith("stepstate: ")
    assert len(done.stderr.splitlines()) == 1
