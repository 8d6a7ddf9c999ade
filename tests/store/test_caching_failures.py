"""A store that fails does not take the function down, unless that is wanted."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

import apsw
import pytest

from store import (
    Store,
    StoreBusy,
    StoreClosed,
    StoreCorrupt,
    StoreError,
    StoreUnavailable,
    ValueTooLarge,
    open_async_store,
    open_store,
)
from tests.store.sources import Down, Source, in_threads, soon


@pytest.fixture
def source() -> Iterator[Source]:
    made = Source()
    yield made
    made.open.set()


class Broken:
    """Stands where a backend was, and fails."""

    def __init__(self, error: StoreError) -> None:
        self._error = error

    def __getattr__(self, _name: str) -> Callable[..., NoReturn]:
        def fails(*_args: object, **_kwargs: object) -> NoReturn:
            raise self._error

        return fails


@pytest.fixture
def broken(state: Store, monkeypatch: pytest.MonkeyPatch) -> Callable[[StoreError], None]:
    """Have a store fail from now on, until the end of the test."""

    def break_it(error: StoreError) -> None:
        monkeypatch.setattr(state, "_backend", Broken(error))

    return break_it


@pytest.mark.parametrize("options", [{}, {"stale": 60}, {"near": 60}, {"early": 1.0}], ids=str)
@pytest.mark.parametrize(
    "error", [StoreUnavailable("gone"), StoreBusy("locked"), StoreCorrupt("noise"), StoreClosed("closed")], ids=repr
)
def test_the_function_is_called_as_if_it_was_not_cached(
    state: Store,
    source: Source,
    broken: Callable[[StoreError], None],
    caplog: pytest.LogCaptureFixture,
    error: StoreError,
    options: dict[str, Any],
) -> None:
    get = state.cached("g", ttl=300, **options)(source)
    broken(error)
    with caplog.at_level(logging.WARNING, "stepstate"):
        assert [get(n) for n in range(3)] == [{"n": 1}, {"n": 2}, {"n": 3}]
        source.error = Down()
        with pytest.raises(Down):
            get(3)
        source.error = None
    info = get.stats()
    assert (info.misses, info.errors, info.runs, info.failures) == (4, 4, 3, 1)
    about_the_cache = [record.getMessage() for record in caplog.records if "passed by" in record.getMessage()]
    assert about_the_cache == [f"the cache 'g' is passed by: {error}"], "once a minute"


def test_the_log_says_how_often_it_was_silent(
    state: Store,
    source: Source,
    broken: Callable[[StoreError], None],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    get = state.cached("g", ttl=300)(source)
    broken(StoreUnavailable("gone"))
    for _ in range(1500):
        get()
    now = time.monotonic()
    monkeypatch.setattr("store.caching.hub.time.monotonic", lambda: now + 61)
    get()
    assert [record.getMessage() for record in caplog.records if "passed by" in record.getMessage()] == [
        "the cache 'g' is passed by: gone",
        "the cache 'g' is passed by: gone (1,499 more of the kind before)",
    ]


def test_strict_raises_what_the_store_raises(
    state: Store, source: Source, broken: Callable[[StoreError], None]
) -> None:
    get = state.cached("g", ttl=300, strict=True)(source)

    @state.cached("awaited", ttl=300, strict=True)
    async def awaited() -> dict[str, int]:
        return source()

    broken(StoreUnavailable("gone"))
    with pytest.raises(StoreUnavailable, match="gone"):
        get()
    with pytest.raises(StoreUnavailable, match="gone"):
        asyncio.run(awaited())
    assert source.asked == 0
    assert get.stats().errors == 1


def test_without_the_store_the_function_is_still_called_once_for_all_who_wait(
    state: Store, source: Source, broken: Callable[[StoreError], None]
) -> None:
    get = state.cached("g", ttl=300)(source)
    broken(StoreUnavailable("gone"))
    source.open.clear()
    opening = threading.Timer(0.1, source.open.set)
    opening.start()
    results = in_threads(20, get)
    opening.join()
    assert source.asked < 20
    assert all(result["n"] <= source.asked for result in results)


def test_coroutines_are_called_through_as_well(url: str, source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        async with open_async_store(url, sweep_interval=None) as state:

            @state.cached("g", ttl=300)
            async def get() -> dict[str, int]:
                await asyncio.sleep(0.1)
                return source()

            with monkeypatch.context() as patch:
                patch.setattr(state._store, "_backend", Broken(StoreUnavailable("gone")))
                assert await asyncio.gather(*[get() for _ in range(5)]) == [{"n": 1}] * 5
                assert await get() == {"n": 2}
            assert await get() == await get() == {"n": 3}
        assert await get() == {"n": 4}, "the store was closed"

    asyncio.run(main())


def test_what_was_asked_to_be_dropped_is_not_said_to_be_if_it_may_not_be(
    state: Store, source: Source, broken: Callable[[StoreError], None]
) -> None:
    get = state.cached("g", ttl=300, near=60)(source)
    get()
    get()
    broken(StoreUnavailable("gone"))
    for call in (get.invalidate, get.clear):
        with pytest.raises(StoreUnavailable):
            call()
    assert get() == {"n": 2}, "here it is dropped at least"
    assert get.refresh() == {"n": 3}


def test_a_result_that_is_too_large_is_handed_out_and_not_kept(
    url: str, source: Source, caplog: pytest.LogCaptureFixture
) -> None:
    with open_store(url, max_value_bytes=500, sweep_interval=None) as state:
        get = state.cached("g", ttl=300)(lambda: [source(), "x" * 500])
        assert [get()[0], get()[0]] == [{"n": 1}, {"n": 2}]
        assert "at most 500 are allowed" in caplog.text
        assert get.stats().errors == 2
        assert state.list("stepstate:leases") == []
        with pytest.raises(ValueTooLarge):
            state.cached("strict", ttl=300, strict=True)(lambda: "x" * 500)()
        assert state.list("stepstate:leases") == []


def test_a_store_that_fails_in_the_middle(state: Store, source: Source, broken: Callable[[StoreError], None]) -> None:
    @state.cached("g", ttl=300)
    def get() -> dict[str, int]:
        if not source.asked:
            broken(StoreUnavailable("gone"))
        return source()

    assert [get(), get()] == [{"n": 1}, {"n": 2}]
    assert get.stats().errors == 2


@pytest.fixture
def locked(tmp_path: Path) -> Iterator[str]:
    """The URL of a store whose file another program holds locked for writing."""
    path = tmp_path / "locked.db"
    open_store(f"sqlite:///{path}", sweep_interval=None).close()
    connection = apsw.Connection(str(path))
    connection.execute("BEGIN IMMEDIATE")
    yield f"sqlite:///{path}"
    connection.execute("ROLLBACK")
    connection.close()


def test_a_locked_file(locked: str, source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    released: list[object] = []
    monkeypatch.setattr("store.caching.leases.Lease.release", released.append)
    with open_store(locked, timeout=0.1, sweep_interval=None) as state:
        get = state.cached("g", ttl=300)(source)
        assert get() == {"n": 1}
        assert get.stats().errors == 1
    assert not released, "that would wait for the lock once more"


def test_a_damaged_file(tmp_path: Path, source: Source) -> None:
    path = tmp_path / "state.db"
    with open_store(f"sqlite:///{path}", sweep_interval=None) as state:
        get = state.cached("g", ttl=300)(source)
        assert get(1) == get(1) == {"n": 1}
        path.unlink()
        path.write_bytes(b"noise" * 10_000)
        time.sleep(0.2)
        assert [get(n)["n"] for n in range(2, 6)] == [2, 3, 4, 5]
        assert get.stats().errors >= 4


def test_a_lease_that_cannot_be_released_runs_out(
    state: Store, source: Source, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(_lease: object) -> NoReturn:
        raise StoreBusy("locked")

    get = state.cached("g", ttl=300, cache_if=lambda _: False)(source)
    monkeypatch.setattr("store.caching.leases.Lease.release", fails)
    assert get() == {"n": 1}
    assert "a lease of 'g' was not released: locked" in caplog.text


def test_a_lease_whose_renewal_fails_once_is_renewed_later(
    url: str, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    from store.caching.leases import Lease

    renew = Lease.renew
    tried: list[None] = []

    def fails_first(lease: Lease) -> bool:
        tried.append(None)
        if len(tried) == 1:
            raise StoreBusy("locked")
        return renew(lease)

    monkeypatch.setattr(Lease, "renew", fails_first)
    with open_store(url, sweep_interval=None) as state:
        get = state.cached("g", ttl=300, lease=0.6)(source)
        source.open.clear()
        thread = threading.Thread(target=get)
        thread.start()
        assert soon(lambda: len(tried) >= 4)
        assert len(state.list("stepstate:leases")) == 1
        source.open.set()
        thread.join(20)
        assert get() == {"n": 1}


def test_a_value_that_was_damaged_in_the_file(tmp_path: Path, source: Source) -> None:
    path = tmp_path / "state.db"
    with open_store(f"sqlite:///{path}", sweep_interval=None) as state:
        gets = [
            state.cached("plain", ttl=300)(source),
            state.cached("stale", ttl=300, stale=60)(source),
            state.cached("near", ttl=300, near=1)(source),
        ]
        for get in gets:
            get()
        with apsw.Connection(str(path)) as connection:
            connection.execute("UPDATE items SET value = '{\"n\":' WHERE key = '()'")
        connection.close()
        for number, get in enumerate(gets):
            assert [get()["n"] for _ in range(5)] == [number * 5 + n for n in range(4, 9)]
            assert get.stats().errors == 5
