"""Running the `stepstate` command inside the test's process, and what its tests need to see what it did."""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from dashboard.cli import main
from store import open_store
from tests.dashboard.support import dump


class Answer(NamedTuple):
    """How the command ended, and what it wrote."""

    status: object
    out: str
    err: str


Run = Callable[..., Answer]


def runner(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs `stepstate` with the arguments it is given."""

    def run(*arguments: str, stdin: bytes = b"") -> Answer:
        monkeypatch.setattr(sys, "argv", ["stepstate", *arguments])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        status: object = None
        try:
            main()
        except SystemExit as ended:
            status = ended.code or 0
        return Answer(status, *capsys.readouterr())

    return run


def check_error(answer: Answer, *words: str) -> None:
    """It failed with one line on standard error, which says `words`."""
    assert answer.status == 1
    assert answer.err.startswith("stepstate: ")
    assert answer.err.count("\n") == 1
    assert answer.err.endswith("\n")
    assert "Traceback" not in answer.err
    for word in words:
        assert word in answer.err


def stored(url: str) -> dict[str, Any]:
    """All that a store holds."""
    with open_store(url, sweep_interval=None) as store:
        return dump(store)


def values(url: str, group: str = "g") -> list[Any]:
    """The values of a group in a store."""
    with open_store(url, sweep_interval=None) as store:
        return store.list(group)


def numbered(count: int) -> bytes:
    """So many items of group g as lines of an export."""
    return b"".join(b'{"group":"g","key":"k%06d","value":%d,"expires_at":null}\n' % (n, n) for n in range(count))


def offset_in(message: str) -> str:
    """Where an import that stopped says that it goes on."""
    found = re.search(r"go on with --offset ([0-9]+)$", message.strip())
    assert found, message
    return found[1]
