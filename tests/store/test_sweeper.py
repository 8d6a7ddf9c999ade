"""The background sweeper: a thread that ends with its store."""

from __future__ import annotations

import gc
import logging
import threading
import time
from collections.abc import Callable

import pytest

from store import Store, StoreBusy, open_store
from store.sweeper import Sweeper
from tests.conftest import ManualClock


def sweepers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "stepstate-sweeper"]


def soon(true: Callable[[], object]) -> bool:
    """Whether something becomes true within a few seconds."""
    deadline = time.monotonic() + 5
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.002)
    return True


@pytest.fixture(autouse=True)
def _no_sweeper_left_over() -> None:
    assert soon(lambda: not sweepers())


def swept(state: Store) -> Callable[[], bool]:
    return lambda: state.stats().expired > 0


def test_the_sweeper_drops_expired_items(url: str, clock: ManualClock) -> None:
    with open_store(url, clock=clock, sweep_interval=0.005) as state:
        state.set("g", "k", 1, ttl=10)
        assert len(sweepers()) == 1
        clock.advance(10)
        assert soon(swept(state))
        assert state.sweep() == 0


def test_the_sweeper_clears_finished_groups(url: str, clock: ManualClock) -> None:
    with open_store(url, clock=clock, sweep_interval=0.005) as state:
        state.set("g", "k", 1)
        state.finish("g", keep_for=10)
        clock.advance(10)
        assert soon(lambda: state.group("g") is None)


def test_closing_ends_the_sweeper_at_once(url: str) -> None:
    state = open_store(url)  # sweeps every minute
    assert len(sweepers()) == 1
    started = time.monotonic()
    state.close()
    assert sweepers() == []
    assert time.monotonic() - started < 2


def test_without_an_interval_there_is_no_sweeper(url: str) -> None:
    with open_store(url, sweep_interval=None):
        assert sweepers() == []


def test_a_store_that_is_dropped_takes_its_sweeper_with_it(url: str) -> None:
    state = open_store(url, sweep_interval=3600)
    state.set("g", "k", 1)
    assert len(sweepers()) == 1
    del state
    gc.collect()
    assert soon(lambda: not sweepers())


@pytest.mark.parametrize("interval", [0, -1, float("nan")], ids=repr)
def test_an_interval_that_is_no_time_is_refused(interval: float) -> None:
    with pytest.raises(ValueError, match="sweep_interval"):
        open_store("memory://", sweep_interval=interval).close()


class Failing:
    """A store whose first sweep finds it locked."""

    def __init__(self) -> None:
        self.sweeps = 0

    def _sweep(self, *, yielding: bool) -> int:
        assert yielding
        self.sweeps += 1
        if self.sweeps == 1:
            raise StoreBusy("locked for 5 s")
        return 0


def test_a_sweep_that_fails_is_logged_and_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    store = Failing()
    with caplog.at_level(logging.WARNING, "stepstate"):
        sweeper = Sweeper(store, 0.002)
        assert soon(lambda: store.sweeps >= 3)
        sweeper.stop()
    assert [record.getMessage() for record in caplog.records] == [
        "the sweep failed and will be tried again in 0.002 s: locked for 5 s"
    ]
