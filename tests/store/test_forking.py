"""fork() while other threads are inside the store, and what a child has of it."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator

import pytest

from store import Store, open_store
from tests.store.support import in_children

# Python 3.12 and later warn of what these tests are about.
pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")


@pytest.fixture
def busy(url: str) -> Iterator[Store]:
    """A store that several threads use without a pause."""
    ended = threading.Event()
    with open_store(url, sweep_interval=0.001) as store:

        def use() -> None:
            while not ended.is_set():
                store.set("g", "a", 1, ttl=0.001)
                store.get("g", "a")
                store.groups()

        threads = [threading.Thread(target=use) for _ in range(3)]
        for thread in threads:
            thread.start()
        yield store
        ended.set()
        for thread in threads:
            thread.join()


def test_a_child_forked_while_threads_use_the_store_can_use_it(busy: Store) -> None:
    def use() -> int:
        signal.alarm(20)  # a child that hangs on a lock ends here, and the test fails
        busy.set("g", "b", 1)
        return 0 if busy.get("g", "b") == 1 and busy.groups().items else 1

    for _ in range(15):
        assert in_children(use) == [0]


def test_a_store_can_be_opened_in_a_child_forked_meanwhile(busy: Store, url: str) -> None:
    def use() -> int:
        signal.alarm(20)
        with open_store(url) as own:
            own.set("own", "k", 1)
            return 0 if own.get("own", "k") == 1 else 1

    for _ in range(5):
        assert in_children(use) == [0]


def test_a_child_sweeps_as_well(url: str) -> None:
    def sweepers() -> int:
        return [thread.name for thread in threading.enumerate() if thread.is_alive()].count("stepstate-sweeper")

    with open_store(url, sweep_interval=0.01):
        assert in_children(sweepers) == [1]


def test_a_child_sweeps_what_expires_in_its_memory() -> None:
    with open_store("memory://", sweep_interval=0.01) as state:

        def swept() -> int:
            state.set("child", "k", 1, ttl=0.01)
            until = time.monotonic() + 10
            while not state.stats().expired and time.monotonic() < until:
                time.sleep(0.01)
            return 0 if state.stats().expired else 1

        assert in_children(swept) == [0]


def test_a_child_of_a_closed_store_sweeps_nothing(url: str) -> None:
    state = open_store(url, sweep_interval=0.01)
    state.close()
    assert in_children(threading.active_count) == [1]
