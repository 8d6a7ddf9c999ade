"""Any sequence of calls, with time moving, against a model made of plain dicts: every backend must agree with it."""

from __future__ import annotations

import fnmatch
import tempfile
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from store import KEEP, NEVER, Store, UpdateRejected, open_store
from tests.conftest import ManualClock

GROUPS = st.sampled_from(["a", "wf-1", "ä/ 🚀"])
KEYS = st.sampled_from(["k", "K2", "é:?"])
VALUES = st.sampled_from([None, 0, 1.5, "x", [1], {"n": 1}, {"n": "text"}, 2**64 - 1])
TTLS = st.sampled_from([None, KEEP, NEVER, 0.5, 3, 10])
TIMES = st.sampled_from([-2, 0.001, 0.499, 0.5, 1, 3, 7, 20])
SECONDS = st.sampled_from([1, 4, 15])


@dataclass
class ModelItem:
    value: Any
    created: int
    updated: int
    expires: int | None

    def live(self, now: int) -> bool:
        return self.expires is None or now < self.expires


@dataclass
class ModelGroup:
    items: dict[str, ModelItem] = field(default_factory=dict)
    created: int = 0
    changed: int = 0
    default_ttl: float | None = None
    finished: int | None = None
    clear_at: int | None = None

    @property
    def kept(self) -> bool:
        return self.default_ttl is not None or self.finished is not None


class ModelTest(RuleBasedStateMachine):
    """Each rule makes one call on the store and the same change to the model; then every listing must agree."""

    url = "memory://"

    def __init__(self) -> None:
        super().__init__()
        self.clock = ManualClock()
        self.latest = self.clock.now
        self.groups: dict[str, ModelGroup] = {}
        self.versions: dict[tuple[str, str], int] = {}
        self.folder = tempfile.TemporaryDirectory()
        url = self.url.format(folder=self.folder.name)
        self.state: Store = open_store(url, clock=self.clock, sweep_interval=None)

    def teardown(self) -> None:
        self.state.close()
        self.folder.cleanup()

    @property
    def now(self) -> int:
        """The store's time never runs backwards."""
        self.latest = max(self.latest, self.clock.now)
        return self.latest

    def live(self, group: str) -> dict[str, ModelItem]:
        held = self.groups.get(group, ModelGroup())
        return {key: item for key, item in held.items.items() if item.live(self.now)}

    def listed(self, group: str) -> bool:
        return bool(self.live(group)) or (group in self.groups and self.groups[group].kept)

    def write(self, group: str, key: str, value: Any, ttl: Any, *, keep: bool = False) -> Any:
        expires: int | None
        old = self.live(group).get(key)
        held = self.begun(group)
        if isinstance(ttl, int | float):
            expires = self.now + round(ttl * 1000)
        elif old is not None and (ttl is KEEP or (ttl is None and keep)):
            expires = old.expires
        elif ttl is NEVER or held.default_ttl is None:
            expires = None
        else:
            expires = self.now + round(held.default_ttl * 1000)
        held.items[key] = ModelItem(value, old.created if old else self.now, self.now, expires)
        if old is None or self.now - held.changed >= 1000:
            held.changed = self.now
        return old and old.value

    def begun(self, group: str) -> ModelGroup:
        """The group, made anew unless it is listed."""
        if not self.listed(group):
            self.groups[group] = ModelGroup({}, self.now, self.now)
        return self.groups[group]

    def remove(self, group: str, key: str) -> Any:
        old = self.live(group).get(key)
        if old is not None:
            self.groups[group].changed = self.now
            del self.groups[group].items[key]
        return old and old.value

    def empty(self, group: str) -> None:
        held = self.groups[group]
        self.groups[group] = ModelGroup({}, held.created, self.now, held.default_ttl)

    @rule(seconds=TIMES)
    def time_passes(self, seconds: float) -> None:
        self.clock.advance(seconds)
        assert self.now >= self.clock.now  # the model's clock looks whenever the store's does

    @rule(group=GROUPS, key=KEYS, value=VALUES, ttl=TTLS)
    def set(self, group: str, key: str, value: Any, ttl: Any) -> None:
        result = self.state.set(group, key, value, ttl=ttl)
        assert (result.new_value, result.old_value) == (value, self.write(group, key, value, ttl))

    @rule(group=GROUPS, values=st.dictionaries(KEYS, VALUES), ttl=TTLS)
    def set_many(self, group: str, values: dict[str, Any], ttl: Any) -> None:
        results = self.state.set_many(group, values, ttl=ttl)
        olds = {key: self.write(group, key, value, ttl) for key, value in values.items()}
        assert {key: result.old_value for key, result in results.items()} == olds

    @rule(group=GROUPS, key=KEYS, by=st.sampled_from([1, -3, 2**63]), ttl=TTLS)
    def increment(self, group: str, key: str, by: int, ttl: Any) -> None:
        old = self.live(group).get(key)
        value = old.value if old else {}
        fits = isinstance(value, dict) and isinstance(value.get("n", 0), int) and value.get("n", 0) + by < 2**64
        try:
            result = self.state.update(group, key, [{"type": "increment", "path": "n", "by": by}], ttl=ttl)
        except UpdateRejected:
            assert not fits
            return
        total = {**value, "n": value.get("n", 0) + by}
        assert fits
        assert (result.new_value, result.old_value) == (total, self.write(group, key, total, ttl, keep=True))

    @rule(group=GROUPS, key=KEYS)
    def delete(self, group: str, key: str) -> None:
        assert self.state.delete(group, key) == self.remove(group, key)

    @rule(group=GROUPS, keys=st.lists(KEYS, unique=True))
    def delete_many(self, group: str, keys: list[str]) -> None:
        there = self.live(group)
        assert self.state.delete_many(group, keys) == {key: there[key].value for key in keys if key in there}
        for key in keys:
            self.remove(group, key)

    @rule(group=GROUPS, key=KEYS, seconds=SECONDS)
    def expire(self, group: str, key: str, seconds: float) -> None:
        item = self.live(group).get(key)
        assert self.state.expire(group, key, seconds) == (item is not None)
        if item:
            item.expires = self.now + round(seconds * 1000)

    @rule(group=GROUPS, key=KEYS)
    def persist(self, group: str, key: str) -> None:
        item = self.live(group).get(key)
        assert self.state.persist(group, key) == (item is not None and item.expires is not None)
        if item:
            item.expires = None

    @rule(group=GROUPS)
    def clear(self, group: str) -> None:
        assert self.state.clear(group) == len(self.live(group))
        if self.listed(group):
            self.empty(group)

    @rule(group=GROUPS, seconds=st.one_of(st.none(), SECONDS))
    def configure(self, group: str, seconds: float | None) -> None:
        listed = self.listed(group)
        self.state.configure(group, default_ttl=seconds)
        if not listed and seconds is None:
            return
        self.begun(group).default_ttl = seconds

    @rule(group=GROUPS, keep_for=st.one_of(st.none(), SECONDS))
    def finish(self, group: str, keep_for: float | None) -> None:
        assert self.state.finish(group, keep_for=keep_for) == self.listed(group)
        if self.listed(group):
            held = self.groups[group]
            held.finished = self.now
            held.clear_at = None if keep_for is None else self.now + round(keep_for * 1000)

    @rule(group=GROUPS)
    def reopen(self, group: str) -> None:
        listed = self.listed(group)
        assert self.state.reopen(group) == listed
        if listed:
            held = self.groups[group]
            held.finished = held.clear_at = None

    @rule(idle=st.one_of(st.none(), SECONDS), finished=st.sampled_from([None, True, False]), dry_run=st.booleans())
    def cleanup(self, idle: float | None, finished: bool | None, dry_run: bool) -> None:
        fits = [
            group
            for group in sorted(filter(self.listed, self.groups))
            if (self.live(group) or self.groups[group].finished is not None)
            and (idle is None or self.groups[group].changed <= self.now - idle * 1000)
            and (finished is None or finished == (self.groups[group].finished is not None))
            and fnmatch.fnmatchcase(group, "*")
        ]
        items = sum(len(self.live(group)) for group in fits)
        report = self.state.cleanup(idle=idle, finished=finished, match="*", dry_run=dry_run)
        assert ([group.id for group in report.groups], report.items) == (fits, items)
        if not dry_run:
            for group in fits:
                self.empty(group)

    @rule()
    def sweep(self) -> None:
        self.state.sweep()
        for group, held in list(self.groups.items()):
            if held.clear_at is not None and held.clear_at <= self.now:
                self.empty(group)

    @invariant()
    def everything_agrees(self) -> None:
        listed = sorted(filter(self.listed, self.groups))
        assert [group.id for group in self.state.groups().items] == listed
        for group in listed:
            self.agrees(group)

    def agrees(self, name: str) -> None:
        group, items = self.state.group(name), self.state.items(name).items
        live, held = self.live(name), self.groups[name]
        assert [(item.key, item.value) for item in items] == [(key, live[key].value) for key in sorted(live)]
        assert self.state.list(name) == [live[key].value for key in sorted(live)]
        for item in items:
            expected = live[item.key]
            assert (ms(item.created_at), ms(item.updated_at)) == (expected.created, expected.updated)
            assert (item.expires_at and ms(item.expires_at)) == expected.expires
            self.versions[name, item.key] = max(item.version, self.versions.get((name, item.key), 0))
            assert item.version == self.versions[name, item.key]
        assert group is not None
        assert (group.items, group.size) == (len(items), sum(item.size for item in items))
        assert (ms(group.created_at), ms(group.updated_at)) == (held.created, held.changed)
        expiries = [item.expires for item in live.values() if item.expires is not None]
        assert (group.next_expiry and ms(group.next_expiry)) == min(expiries, default=None)
        assert (group.default_ttl, group.finished_at and ms(group.finished_at)) == (held.default_ttl, held.finished)


class SqliteModelTest(ModelTest):
    url = "sqlite:///{folder}/state.db"


def ms(at: datetime) -> int:
    return round((at - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1000)


BOUNDED = settings(max_examples=100, stateful_step_count=40, deadline=None)
TestMemory = ModelTest.TestCase
TestMemory.settings = BOUNDED
TestSqlite = SqliteModelTest.TestCase
TestSqlite.settings = BOUNDED
