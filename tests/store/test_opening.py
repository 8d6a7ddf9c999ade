"""open_store: which URL opens what."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from store import InvalidArgument, StoreError, UnsupportedBackend, open_store
from tests.store.support import ODD_NAMES

ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory, without a URL in the environment."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("STEPSTATE_URL", raising=False)
    return tmp_path


def files(folder: Path) -> list[str]:
    """All stores below a folder; each has its counters beside it."""
    names = sorted(str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file())
    stores = [name for name in names if not name.endswith("-gen")]
    assert [name for name in names if name.endswith("-gen")] == [f"{name}-gen" for name in stores]
    return stores


def test_the_default_is_a_file_of_the_working_directory(folder: Path) -> None:
    open_store().close()
    assert files(folder) == [".stepstate/state.db"]


def test_the_environment_names_the_default(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STEPSTATE_URL", f"sqlite:///{folder}/from/environment.db")
    open_store().close()
    assert files(folder) == ["from/environment.db"]
    with open_store("memory://") as state:
        assert state.location == "memory"
    assert files(folder) == ["from/environment.db"]


def test_an_empty_environment_variable_is_none(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STEPSTATE_URL", "")
    open_store().close()
    assert files(folder) == [".stepstate/state.db"]


def test_three_slashes_are_relative_and_four_absolute(folder: Path) -> None:
    open_store("sqlite:///relative/state.db").close()
    open_store(f"sqlite:///{folder}/absolute/state.db").close()
    assert files(folder) == ["absolute/state.db", "relative/state.db"]


@pytest.mark.parametrize("name", [name for name in ODD_NAMES if "/" not in name and name.strip(".")], ids=ascii)
def test_odd_file_names_work(folder: Path, name: str) -> None:
    with open_store(f"sqlite:///{folder}/{name}") as state:
        state.set("g", "k", 1)
    assert files(folder) == [name]


@pytest.mark.parametrize("name", [":memory:", "file:x", "file:x?mode=memory"])
def test_names_that_mean_something_to_sqlite_are_plain_file_names(folder: Path, name: str) -> None:
    with open_store(f"sqlite:///{name}") as state:
        state.set("g", "k", 1)
    assert files(folder) == [name]


@pytest.mark.parametrize(
    "url",
    [
        "redis://localhost",
        "postgres://localhost/state",
        "state.db",
        "/tmp/state.db",  # noqa: S108 - it is not opened
        "sqlite:",
        "sqlite://",
        "sqlite:///",
        "sqlite://state.db",
        "sqlite:/state.db",
        "memory:",
        "memory:///",
        "memory://name",
        "memory",
        "SQLITE:///state.db",
        " memory://",
    ],
)
def test_a_url_without_a_backend_is_refused_with_the_known_ones(folder: Path, url: str) -> None:
    with pytest.raises(UnsupportedBackend, match="no backend answers to") as caught:
        open_store(url)
    assert repr(url) in str(caught.value)
    assert "sqlite:///relative/path, sqlite:////absolute/path or memory://" in str(caught.value)
    assert files(folder) == []


def test_an_unsupported_backend_is_a_value_error_and_a_store_error() -> None:
    assert issubclass(UnsupportedBackend, ValueError)
    assert issubclass(UnsupportedBackend, StoreError)


def test_max_items_is_for_memory_only(folder: Path) -> None:
    with pytest.raises(UnsupportedBackend, match="max_items is for memory:// only"):
        open_store("sqlite:///state.db", max_items=10)
    assert files(folder) == []


@pytest.mark.parametrize(
    ("code", "unwanted"),
    [
        ("import store", "starlette jinja2 uvicorn redis apsw cachetools dashboard asyncio sqlite3"),
        ("import store; store.open_store('memory://')", "starlette redis apsw dashboard"),
        ("import store; store.open_store('sqlite:///state.db')", "starlette redis dashboard"),
    ],
)
def test_nobody_waits_for_imports_they_do_not_use(folder: Path, code: str, unwanted: str) -> None:
    look = f"{code}; import sys; print(*set({unwanted.split()}).intersection(sys.modules))"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    run = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, env=environment, check=False)
    assert (run.returncode, run.stdout.split(), run.stderr) == (0, [], "")


def test_times_may_be_timedeltas(tmp_path: Path) -> None:
    second = timedelta(seconds=1)
    with open_store(f"sqlite:///{tmp_path}/s.db", timeout=second, sweep_interval=second) as state:
        assert state.set("g", "k", 1).new_value == 1


@pytest.mark.parametrize("limit", [0, -5, "x", None, True, 1.5])
def test_a_limit_that_is_no_size_is_refused(limit: Any) -> None:
    with pytest.raises(InvalidArgument, match="max_value_bytes must be an integer of at least 1"):
        open_store("memory://", max_value_bytes=limit)


def test_the_size_is_known_wherever_the_process_moves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with open_store("sqlite:///s.db", sweep_interval=None) as state:
        state.set("g", "k", 1)
        size = state.stats().size
        monkeypatch.chdir("/")
        assert state.stats().size == size > 0
