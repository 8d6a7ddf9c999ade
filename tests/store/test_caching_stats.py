"""The counters of cached functions: exact, over processes and restarts."""

from __future__ import annotations

import asyncio
import logging
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from store import CacheInfo, Store, open_store
from tests.store.sources import Down, Source, in_threads, soon
from tests.store.support import in_children

# Python 3.12 and later warn of a fork() beside threads, which is what some of these tests are about.
pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")


@pytest.fixture
def source() -> Source:
    return Source()


@pytest.fixture
def url_of_file(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/state.db"


def test_every_call_is_counted_once(state: Store, source: Source) -> None:
    def named(name: str) -> dict[str, int]:
        time.sleep(0.01)
        return source(name)

    get = state.cached("g", ttl=60, stale=5)(named)
    assert get.stats() == CacheInfo("g", f"{__name__}.{named.__qualname__}", 60, 5, 0, 0, 0, 0, 0, 0, 0, 0)
    for _ in range(4):
        get("a")
    get("b")
    source.error = Down()
    with pytest.raises(Down):
        get("c")
    info = get.stats()
    assert (info.calls, info.hits, info.misses, info.runs, info.failures) == (6, 3, 3, 2, 1)
    assert (info.stale_hits, info.waits, info.errors, info.served) == (0, 0, 0, 3)
    assert info.hit_rate == 0.5
    assert 0.01 <= info.mean_seconds < 1
    assert info.seconds == pytest.approx(2 * info.mean_seconds)
    assert info.seconds_saved == pytest.approx(3 * info.mean_seconds)


def test_hits_of_many_threads_are_all_counted(state: Store, source: Source) -> None:
    get, near = state.cached("g", ttl=60)(source), state.cached("near", ttl=60, near=30)(source)
    get()
    near()
    near()
    switch = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        in_threads(8, lambda: [(get(), near()) for _ in range(500)])
    finally:
        sys.setswitchinterval(switch)
    assert get.stats().hits == 4000
    assert near.stats().hits == 4001


def test_counters_are_items_that_outlive_the_store(url_of_file: str, source: Source) -> None:
    for number in range(3):
        with open_store(url_of_file, sweep_interval=None) as state:
            get = state.cached("g", ttl=60)(source)
            get()
            get()
            assert (get.stats().hits, get.stats().misses) == (1 + 2 * number, 1)
            state.cached("unused", ttl=None)(Source())
    with open_store(url_of_file, sweep_interval=None) as state:
        (info,) = state.cache_stats()
        assert (info.group_id, info.function, info.ttl, info.hits) == ("g", "tests.store.sources.Source", 60, 5)
        value = state.get("stepstate:cache", "g")
        assert (value["hits"], value["misses"], value["runs"]) == (5, 1, 1)
        assert "waits" not in value


def test_counters_add_up_over_processes_and_forks(url_of_file: str, source: Source) -> None:
    with open_store(url_of_file, sweep_interval=None, timeout=30) as state:
        get = state.cached("g", ttl=60)(source)
        for _ in range(8):
            get()

        def forked() -> int:
            for _ in range(10):
                get()
            state.close()
            return 0

        def opened() -> int:
            with open_store(url_of_file, sweep_interval=None, timeout=30) as own:
                again = own.cached("g", ttl=60)(source)
                for _ in range(10):
                    again()
            return 0

        assert in_children(forked, forked, opened, opened) == [0] * 4
        info = get.stats()
        assert (info.hits, info.misses) == (7 + 40, 1)
        assert state.cache_stats() == [info]


def test_counters_are_written_every_few_seconds(state: Store, source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("store.caching.keeper.FLUSH_SECONDS", 0.02)
    get = state.cached("g", ttl=60)(source)
    get()
    assert soon(lambda: state.get("stepstate:cache", "g", {}).get("misses") == 1)
    get()
    assert soon(lambda: state.get("stepstate:cache", "g", {}).get("hits") == 1)
    item = state.item("stepstate:cache", "g")
    time.sleep(0.1)
    assert state.item("stepstate:cache", "g") == item, "nothing is written if nothing happened"


def test_counters_are_written_at_exit(url_of_file: str) -> None:
    code = (
        "from store import open_store\n"
        f"state = open_store({url_of_file!r})\n"
        "get = state.cached('g', ttl=60)(lambda: 1)\n"
        "print(get() + get())\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("2\n", "")
    with open_store(url_of_file, sweep_interval=None) as state:
        assert [(info.hits, info.misses) for info in state.cache_stats()] == [(1, 1)]


@pytest.mark.parametrize(
    "spoilt", ["text", 3, None, {"hits": "many", "ttl": [], "function": 1, "runs": True}], ids=repr
)
def test_counters_that_somebody_has_spoilt_begin_anew(
    state: Store, source: Source, spoilt: object, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("store.caching.keeper.FLUSH_SECONDS", 0.02)
    state.set("stepstate:cache", "other", spoilt)
    (other,) = state.cache_stats()
    assert (other.group_id, other.function, other.hits, other.runs, other.mean_seconds) == ("other", "", 0, 0, 0)
    state.set("stepstate:cache", "g", spoilt)
    get = state.cached("g", ttl=60)(source)
    get()
    get()
    assert soon(lambda: isinstance(state.get("stepstate:cache", "g"), dict))
    assert soon(lambda: state.get("stepstate:cache", "g").get("misses") == 1)
    get()
    assert (get.stats().hits, get.stats().misses) == (2, 1)
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


def test_counters_can_be_deleted_to_count_from_0(state: Store, source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("store.caching.keeper.FLUSH_SECONDS", 0.02)
    get = state.cached("g", ttl=60)(source)
    for _ in range(5):
        get()
    assert soon(lambda: state.get("stepstate:cache", "g", {}).get("hits") == 4)
    state.clear("stepstate:cache")
    get()
    assert get.stats().hits == 1
    assert soon(lambda: state.get("stepstate:cache", "g", {}).get("hits") == 1)


def test_all_cached_groups_are_listed_by_name(state: Store) -> None:
    for name in ["b", "a", "c"]:
        state.cached(name, ttl=60, stale=1)(lambda: 1)
    assert [(info.group_id, info.ttl, info.stale) for info in state.cache_stats()] == [
        ("a", 60, 1),
        ("b", 60, 1),
        ("c", 60, 1),
    ]
    state.cached("d", ttl=lambda _: 5)(lambda: 1)
    assert state.cache_stats()[3].ttl is None
    with open_store("memory://") as empty:
        assert empty.cache_stats() == []


def test_nothing_runs_before_a_cached_function_is_called(url: str) -> None:
    def threads() -> list[str]:
        return [thread.name for thread in threading.enumerate() if thread.name.startswith("stepstate")]

    with open_store(url, sweep_interval=None) as state:
        get = state.cached("g", ttl=60)(lambda: 1)

        @state.cached("awaited", ttl=60)
        async def awaited() -> int:
            return 1

        assert threads() == []
        get()
        assert threads() == ["stepstate-cache"]
        asyncio.run(awaited())
    assert soon(lambda: threads() == [])


def test_a_child_counts_as_well(url_of_file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("store.caching.keeper.FLUSH_SECONDS", 0.02)
    with open_store(url_of_file, sweep_interval=None) as state:
        get = state.cached("g", ttl=60)(os.getpid)
        get()

        def child() -> int:
            before = get.stats().hits
            get()
            return 0 if soon(lambda: state.get("stepstate:cache", "g", {}).get("hits") == before + 1) else 1

        assert in_children(child) == [0]


def test_to_count_a_hit_costs_next_to_nothing(state: Store) -> None:
    get = state.cached("g", ttl=60)(lambda: {"n": 1})
    get()
    get()

    def cost(work: object, times: int = 3000) -> float:
        assert callable(work)
        rounds = []
        for _ in range(15):
            begun_at = time.perf_counter()
            for _ in range(times):
                work()
            rounds.append(time.perf_counter() - begun_at)
        return min(rounds) / times

    count = cost(get._engine._counters.hit) - cost(lambda: None)
    assert count < 0.1 * cost(get), "5% on a machine that does nothing else"
