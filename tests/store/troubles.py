"""What the tests of disk trouble need: trouble, and every call that may meet it."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

import store.backends.sqlite  # noqa: F401 - who has no rights may not be able to import it later
from store import Store, StoreError, open_store
from tests.store.support import in_children

NOTICED = 0.11  # seconds after which an open store has noticed what happened to its files
NOISE = bytes(range(1, 256)) * 100

Calls = Mapping[str, Callable[[Store], Any]]

READS: Calls = {
    "get": lambda state: state.get("g", "k1"),
    "get what is not there": lambda state: state.get("g", "none"),
    "item": lambda state: state.item("g", "k2"),
    "ttl": lambda state: state.ttl("g", "k1"),
    "get_many": lambda state: state.get_many("g", ["k1", "k2"]),
    "list": lambda state: state.list("g"),
    "items": lambda state: state.items("g", sort="-size"),
    "groups": lambda state: state.groups(),
    "group": lambda state: state.group("g"),
    "stale": lambda state: state.stale(match="*"),
    "export": lambda state: list(state.export()),
    "dry update": lambda state: state.update("g", "k1", [{"type": "set", "path": "", "value": 1}], dry_run=True),
}
WRITES: Calls = {
    "set": lambda state: state.set("g", "k1", "new"),
    "set new": lambda state: state.set("new", "k", 1),
    "update": lambda state: state.update("g", "k2", [{"type": "set", "path": "", "value": 1}]),
    "set_many": lambda state: state.set_many("g", {"k3": 3, "k4": 4}),
    "expire": lambda state: state.expire("g", "k3", 100),
    "persist": lambda state: state.persist("g", "k3"),
    "delete": lambda state: state.delete("g", "k5"),
    "delete_many": lambda state: state.delete_many("g", ["k6"]),
    "configure": lambda state: state.configure("g", default_ttl=100),
    "finish": lambda state: state.finish("g"),
    "reopen": lambda state: state.reopen("g"),
    "clear": lambda state: state.clear("g"),
    "cleanup": lambda state: state.cleanup(match="other"),
}


def opened(path: Path, **options: Any) -> Store:
    return open_store(f"sqlite:///{path}", sweep_interval=None, **options)


def filled(path: Path) -> Path:
    """A closed store with two groups, each over many pages."""
    with opened(path) as state:
        for group in ("g", "other"):
            state.set_many(group, {f"k{number}": group * 1000 for number in range(100)})
    return path


def said(call: Callable[[Store], Any], state: Store) -> str:
    """The StoreError that a call raises, in words; "" if it raises none. No other error is let through."""
    try:
        call(state)
    except StoreError as error:
        return f"{type(error).__name__}: {error}"
    return ""


def outcomes(calls: Calls, state: Store) -> dict[str, str]:
    """What is said by the calls that fail."""
    told = {name: said(call, state) for name, call in calls.items()}
    return {name: text for name, text in told.items() if text}


def check_refused(state: Store, error: str) -> None:
    """All calls raise one error, which begins so; closing raises none."""
    calls = {**READS, **WRITES, "sweep": lambda state: state.sweep()}
    told = outcomes(calls, state)
    assert told.keys() == calls.keys()
    assert [text for text in told.values() if not text.startswith(error)] == []
    state.close()


def contents(folder: Path) -> dict[str, bytes]:
    """All files of a folder."""
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.is_file()}


def check_refused_unchanged(path: Path, error: type[Exception], message: str) -> None:
    """Opening raises an error, and changes no file."""
    before = contents(path.parent)
    with pytest.raises(error, match=message):
        opened(path)
    assert contents(path.parent) == before


def overwrite(path: Path, offset: int, content: bytes) -> None:
    """Write into a file from another process: one that closes a database behind SQLite's back loses its locks on it.

    Not from a forked one: before a fork, a store closes its connections.
    """
    subprocess.run(
        ["dd", f"of={path}", "conv=notrunc", "oflag=seek_bytes", f"seek={offset}", "status=none"],
        input=content,
        check=True,
    )


def killed(work: Callable[[], object]) -> None:
    """Let a process do something and be killed: what it had open stays as it is."""

    def run() -> int:
        held = work()
        os.kill(os.getpid(), signal.SIGKILL)
        return held is None

    assert in_children(run) == [-signal.SIGKILL]


def as_nobody(work: Callable[[], Any]) -> str:
    """The StoreError that `work` raises in a child process without root's rights, in words; "" if it raises none."""

    def unprivileged() -> int:
        if os.getuid() == 0:
            os.setuid(65534)
        try:
            work()
        except StoreError as error:
            os.write(tells, f"{type(error).__name__}: {error}".encode())
        return 0

    hears, tells = os.pipe()
    codes = in_children(unprivileged)
    os.close(tells)
    with open(hears, "rb") as pipe:
        told = pipe.read().decode()
    assert codes == [0]
    return told
