"""The contract suite's one fixture: an open store of each backend."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from store import Store, open_store
from tests.conftest import ManualClock


@pytest.fixture(params=["memory", "sqlite"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A store's URL, for each backend."""
    return {"memory": "memory://", "sqlite": f"sqlite:///{tmp_path}/state.db"}[request.param]


@pytest.fixture
def state(url: str, clock: ManualClock) -> Iterator[Store]:
    """An open store on a clock that the test moves, without a background sweeper."""
    with open_store(url, clock=clock, sweep_interval=None) as opened:
        yield opened
