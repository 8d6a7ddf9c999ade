"""A store, and a browser looking at it through the dashboard."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from dashboard import create_app
from store import Store, open_store
from tests.dashboard.commands import Run, runner
from tests.dashboard.pages import Browser
from tests.dashboard.support import DAY, SetBackClock


@pytest.fixture
def clock() -> SetBackClock:
    """The store's clock. A test that sets it back does so before anything later has happened in the store."""
    return SetBackClock()


@pytest.fixture
def state(clock: SetBackClock) -> Iterator[Store]:
    """An empty store; values are at most 100,000 bytes."""
    clock.behind = 100 * DAY  # what the store sees as it opens: its time never runs backwards
    with open_store("memory://", clock=clock, sweep_interval=None, max_value_bytes=100_000) as opened:
        clock.behind = 0
        yield opened


@pytest.fixture(scope="session")
def dashboard() -> Iterator[TestClient]:
    """The dashboard, made once: what takes its time is compiling the templates."""
    with open_store("memory://", sweep_interval=None) as store, TestClient(create_app(store)) as opened:
        yield opened


@pytest.fixture
def client(dashboard: TestClient, state: Store) -> TestClient:
    """Requests to the dashboard over `state`, to be made by hand."""
    app = dashboard.app
    assert isinstance(app, Starlette)
    app.state.store = state
    dashboard.cookies.clear()
    return dashboard


@pytest.fixture
def browser(client: TestClient) -> Browser:
    """The dashboard's pages."""
    return Browser(client)


@pytest.fixture
def url(tmp_path: Path) -> str:
    """A SQLite store that is not there yet."""
    return f"sqlite:///{tmp_path}/state.db"


@pytest.fixture
def run(url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs `stepstate` with these arguments; $STEPSTATE_URL names the store."""
    monkeypatch.setenv("STEPSTATE_URL", url)
    return runner(monkeypatch, capsys)
