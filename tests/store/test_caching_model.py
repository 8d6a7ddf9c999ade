"""Any sequence of calls of a cached function, with time moving, against a model of what is stored until when."""

from __future__ import annotations

import tempfile
import threading
from dataclasses import dataclass

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from store import Store, open_store
from tests.conftest import ManualClock
from tests.store.sources import Down, Source, soon

KEYS = st.sampled_from(["a", "b"])
TIMES = st.sampled_from([0.001, 0.5, 1, 2.999, 3, 4, 8, 20])


@dataclass
class Kept:
    number: int
    fresh_until: int
    until: int
    near_until: int = 0


class CachingModel(RuleBasedStateMachine):
    """Each rule makes one call, and says by the model whether the function had to run and what came of it."""

    url = "memory://"

    def __init__(self) -> None:
        super().__init__()
        self.clock = ManualClock()
        self.folder = tempfile.TemporaryDirectory()
        self.state: Store = open_store(self.url.format(folder=self.folder.name), clock=self.clock, sweep_interval=None)
        self.source = Source()
        self.kept: dict[str, Kept] = {}
        self.ran = 0
        self.failed: set[str] = set()

    def teardown(self) -> None:
        self.state.close()
        self.folder.cleanup()

    @initialize(
        stale=st.sampled_from([None, 5]),
        near=st.sampled_from([None, 2]),
        computed=st.booleans(),
        cache_none=st.booleans(),
        on_error=st.sampled_from(["stale", "raise"]),
    )
    def decorate(
        self, stale: float | None, near: float | None, computed: bool, cache_none: bool, on_error: str
    ) -> None:
        self.stale, self.near, self.cache_none, self.on_error = stale or 0, near or 0, cache_none, on_error

        @self.state.cached(
            "g",
            ttl=(lambda _: 3) if computed else 3,
            stale=stale,
            near=near,
            cache_none=cache_none,
            on_error=on_error,  # type: ignore[arg-type]
        )
        def get(name: str) -> int | None:
            number: int = self.source(name)["n"]
            return None if number % 5 == 0 else number

        self.get = get

    @property
    def now(self) -> int:
        return self.clock.now

    def runs(self, name: str, *, fails: bool = False) -> int | None:
        """What the model knows of a run of the function; what the run gives."""
        self.ran += 1
        if fails:
            return None
        number = self.ran
        result = None if number % 5 == 0 else number
        if result is not None or self.cache_none:
            until = self.now + 3000
            self.kept[name] = Kept(number, until, until + round(self.stale * 1000))
            self.failed.discard(name)
        return result

    def stored(self, name: str) -> int | None:
        number = self.kept[name].number
        return None if number % 5 == 0 else number

    def at_rest(self) -> None:
        assert soon(lambda: all(thread.name != "stepstate-refresh" for thread in threading.enumerate()))

    @rule(name=KEYS, fails=st.booleans())
    def call(self, name: str, fails: bool) -> None:
        kept = self.kept.get(name)
        self.source.error = Down() if fails else None
        live = kept is not None and self.now < kept.until
        near = kept is not None and self.now < kept.near_until
        if kept is not None and (near or (live and self.now < kept.fresh_until)):
            assert self.get(name) == self.stored(name)
            if self.near and not near:
                kept.near_until = min(self.now + round(self.near * 1000), kept.fresh_until)
        elif live and not (self.on_error == "raise" and name in self.failed):
            assert self.get(name) == self.stored(name), "an old one is served"
            self.at_rest()
            if fails:
                self.failed.add(name)
            self.runs(name, fails=fails)
        elif fails:
            with pytest.raises(Down):
                self.get(name)
            self.runs(name, fails=True)
        else:
            expected = self.runs(name)
            assert self.get(name) == expected

    @rule(name=KEYS, fails=st.booleans())
    def refresh(self, name: str, fails: bool) -> None:
        self.source.error = Down() if fails else None
        if fails:
            with pytest.raises(Down):
                self.get.refresh(name)
            self.runs(name, fails=True)
        else:
            expected = self.runs(name)
            assert self.get.refresh(name) == expected

    @rule(name=KEYS)
    def invalidate(self, name: str) -> None:
        kept = self.kept.pop(name, None)
        self.failed.discard(name)
        assert self.get.invalidate(name) == (kept is not None and self.now < kept.until)

    @rule()
    def clear(self) -> None:
        assert self.get.clear() == sum(self.now < kept.until for kept in self.kept.values())
        self.kept.clear()
        self.failed.clear()

    @rule(seconds=TIMES)
    def wait(self, seconds: float) -> None:
        self.clock.advance(seconds)

    @invariant()
    def everything_agrees(self) -> None:
        assert self.source.asked == self.ran
        live = {f"name={name}": kept for name, kept in self.kept.items() if self.now < kept.until}
        items = self.state.items("g").items
        assert [item.key for item in items] == sorted(live)
        for item in items:
            number = live[item.key].number
            assert item.value == (None if number % 5 == 0 else number)
        assert self.state.list("stepstate:leases") == []


class SqliteCachingModel(CachingModel):
    url = "sqlite:///{folder}/state.db"


@pytest.fixture(autouse=True)
def retrying_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("store.caching.engine.RETRY_SECONDS", 0.0)


TestMemory = CachingModel.TestCase
TestMemory.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestSqlite = SqliteCachingModel.TestCase
TestSqlite.settings = settings(max_examples=25, stateful_step_count=40, deadline=None)
