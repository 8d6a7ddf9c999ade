"""Export and import as processes: stopped at any moment, in pipes, on a terminal."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from store import open_store
from tests.dashboard.commands import Run, numbered, offset_in, values

ROOT = Path(__file__).parents[2]
COMMAND = (sys.executable, "-m", "dashboard")


@pytest.fixture
def environment(url: str) -> dict[str, str]:
    return {**os.environ, "STEPSTATE_URL": url}


@pytest.fixture
def start(environment: dict[str, str]) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Starts `stepstate` with some arguments; what is left of the processes is ended."""
    started = []

    def start(*arguments: str, **options: Any) -> subprocess.Popen[bytes]:
        options = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
        process = subprocess.Popen([*COMMAND, *arguments], env=environment, cwd=ROOT, **options)
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def shell(environment: dict[str, str], command: str) -> subprocess.CompletedProcess[str]:
    script = command.replace("stepstate", " ".join(COMMAND))
    return subprocess.run(
        ["sh", "-c", script], env=environment, cwd=ROOT, capture_output=True, text=True, check=False, timeout=30
    )


def wait_for_items(url: str, count: int) -> None:
    deadline = time.monotonic() + 20
    while not Path(url.removeprefix("sqlite:///")).exists() or len(values(url)) < count:
        assert time.monotonic() < deadline, "the import does not get there"
        time.sleep(0.01)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_import_that_is_stopped_says_how_far_it_came_and_goes_on_there(
    start: Callable[..., subprocess.Popen[bytes]], run: Run, url: str, tmp_path: Path, number: signal.Signals
) -> None:
    text = numbered(4000)
    process = start("import", "-")
    assert process.stdin
    process.stdin.write(text[: len(numbered(2500)) + 20])  # and then it waits for more
    process.stdin.flush()
    wait_for_items(url, 2000)
    process.send_signal(number)
    out, err = process.communicate(timeout=20)

    assert (process.returncode, out) == (1, b"")
    said = "stepstate: stopped; the first 2,000 lines are imported, nothing after; go on with --offset "
    assert err.decode() == f"{said}{len(numbered(2000))}\n"
    assert values(url) == list(range(2000))

    (tmp_path / "file").write_bytes(text)
    assert run("import", str(tmp_path / "file"), "--offset", offset_in(err.decode())).out.startswith(
        "imported 2,000 items"
    )
    assert values(url) == list(range(4000))


def test_an_import_that_is_stopped_at_any_moment_is_exact(
    start: Callable[..., subprocess.Popen[bytes]], url: str, tmp_path: Path
) -> None:
    text = numbered(200_000)
    (tmp_path / "file").write_bytes(text)
    for before in (1, 5_000, 12_000):
        with open_store(url, sweep_interval=None) as store:
            store.clear("g")
        process = start("import", str(tmp_path / "file"))
        wait_for_items(url, before)
        process.send_signal(signal.SIGINT)
        err = process.communicate(timeout=20)[1].decode()
        there = values(url)

        assert process.returncode == 1
        assert f"stepstate: stopped; the first {len(there):,} lines are imported, nothing after; " in err
        assert there == list(range(len(there)))
        assert text[: int(offset_in(err))] == numbered(len(there))


def test_from_one_store_into_another(environment: dict[str, str], run: Run, tmp_path: Path) -> None:
    run("import", "-", stdin=numbered(3000))
    other = f"sqlite:///{tmp_path}/other.db"
    done = shell(environment, f"stepstate export | stepstate import --url {other} -")

    assert done.stdout == "imported 3,000 items: 3,000 created, 0 overwritten\n"
    assert done.stderr == "exported 3,000 items of 1 group\n"
    assert shell(environment, f"stepstate export --url {other}").stdout == numbered(3000).decode()


def test_a_reader_that_has_seen_enough(environment: dict[str, str], run: Run) -> None:
    run("import", "-", stdin=numbered(20_000))
    done = shell(environment, "stepstate export | head -n 1")

    assert done.stdout == numbered(1).decode()
    assert "Traceback" not in done.stderr
    assert "exported" not in done.stderr


@pytest.mark.parametrize("command", ["import - <&-", "export >&-"])
def test_a_closed_stream_is_one_line(environment: dict[str, str], run: Run, command: str) -> None:
    run("set", "g", "k", "1")
    done = shell(environment, f"stepstate {command}")

    assert done.returncode == 1
    assert re.fullmatch(r"stepstate: standard (in|out)put is closed\n", done.stderr)


def seen_on_a_terminal(environment: dict[str, str], *arguments: str) -> str:
    """What the command writes to standard error, which is a terminal."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, *arguments], env=environment, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=theirs
    )
    os.close(theirs)
    seen = b""
    try:
        while part := os.read(ours, 65536):
            seen += part
    except OSError:  # how a terminal says that nobody writes to it any more
        pass
    os.close(ours)
    assert process.wait(timeout=20) == 0
    return seen.decode()


def test_a_terminal_shows_progress(environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(numbered(5000))

    imported = seen_on_a_terminal(environment, "import", str(tmp_path / "file"))
    assert re.search(r"importing +\[[#-]+\] +[1-9][0-9]%", imported)
    assert "100%" in imported
    exported = seen_on_a_terminal(environment, "export", str(tmp_path / "copy"))
    assert re.search(r"exporting +\[[#-]+\] +[1-9][0-9]%", exported)
    assert "100%" in exported
    assert (tmp_path / "copy").read_bytes() == numbered(5000)
