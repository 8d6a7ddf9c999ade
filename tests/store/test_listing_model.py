"""Listings against a naive list: whatever is stored, asked for and paged through, on each backend and road."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from store import Item, Page, Property, Store, Where, open_store
from store.backends import sqlite_listing
from store.filtering import check_where
from store.matching import matches
from store.model import Record
from store.values import encode
from tests.conftest import ManualClock
from tests.store.support import moment, walk
from tests.store.test_filtering import NUMBERS, VALUES, conditions_for

KEYS = st.text(st.sampled_from("abAB/é\uffff\U00010000"), min_size=1, max_size=3)
TTLS = st.none() | st.sampled_from([1, 30, 31, 100, 200])
FIELDS = st.dictionaries(st.sampled_from(["f", "g", ""]), VALUES | NUMBERS, max_size=3) | VALUES
COLUMN_SORTS = ["key", "size", "created", "updated", "expires"]
SORTS = st.just("key") | st.sampled_from([*COLUMN_SORTS, "$.f", "$.g", "$."])

RANKS = [type(None), bool, int, str, list, dict]
fresh = itertools.count()


@dataclass
class Kept:
    """What a test knows of an item."""

    key: str
    value: Any
    at: int
    expires_at: int | None

    @property
    def record(self) -> Record:
        return Record(encode(self.value)[0], self.at, self.at, self.expires_at, 1)


@pytest.fixture(params=["memory", "by key", "as they lie", "by expiry"], scope="module")
def road(request: pytest.FixtureRequest) -> Iterator[str]:
    """A backend, and of SQLite the one road that is taken where there is a choice; all with short stretches."""
    with pytest.MonkeyPatch.context() as patch:
        for module in ("store.backends.sqlite_listing", "store.selecting", "store.listing"):
            patch.setattr(f"{module}.STRETCHES", (2, 3))
        patch.setattr(sqlite_listing, "_FEW", 100 if request.param == "by expiry" else -1)
        roads = {"as they lie": sqlite_listing._AS_THEY_LIE}
        taken = roads.get(request.param, sqlite_listing._BY_KEY)
        patch.setattr(sqlite_listing, "_road", lambda *_: taken)
        yield request.param


@pytest.fixture(scope="module")
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture(scope="module")
def state(road: str, clock: ManualClock, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    path: Path = tmp_path_factory.mktemp("model") / "state.db"
    with open_store(
        "memory://" if road == "memory" else f"sqlite:///{path}", clock=clock, sweep_interval=None
    ) as opened:
        yield opened


def place(item: Kept, sort: str) -> Any:
    """What a sort compares, as its description says."""
    if sort.startswith("$."):
        if not isinstance(item.value, dict) or sort[2:] not in item.value:
            return (-1, 0)
        value = item.value[sort[2:]]
        rank = RANKS.index(int if type(value) is float else type(value))
        return (rank, value[:200] if isinstance(value, str) else value if isinstance(value, int | float) else 0)
    by = {
        "key": item.key,
        "size": len(item.record.value),
        "created": item.at,
        "updated": item.at,
        "expires": 2**62 if item.expires_at is None else item.expires_at,
    }
    return by[sort]


@settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_listing_is_what_a_naive_one_would_be(state: Store, clock: ManualClock, data: st.DataObject) -> None:
    group = f"g{next(fresh)}"
    kept: dict[str, Kept] = {}
    for key, value, ttl in data.draw(st.lists(st.tuples(KEYS, FIELDS, TTLS), min_size=2, max_size=14)):
        clock.now += data.draw(st.integers(0, 2)) * 400
        state.delete(group, key)
        state.set(group, key, value, ttl=ttl)
        kept[key] = Kept(key, encode(value)[1], clock.now, None if ttl is None else clock.now + ttl * 1000)
    about = data.draw(st.sampled_from([item.value for item in kept.values()] or [None]))
    where = data.draw(st.just([]) | st.lists(conditions_for(about), min_size=1, max_size=2))
    where += data.draw(st.sampled_from([[], [Where(Property.TTL, "<", 60)], [Where(Property.TTL, ">=", 30)]]))
    fits = matches(check_where(where))
    alive = [item for item in kept.values() if item.expires_at is None or item.expires_at > clock.now]
    fitting = [item for item in alive if fits(item.key, item.record, clock.now)]
    sort, descending = data.draw(SORTS), data.draw(st.booleans())
    expected = sorted(fitting, key=lambda item: item.key, reverse=descending and sort == "key")
    expected.sort(key=lambda item: place(item, sort), reverse=descending)
    limit = data.draw(st.integers(1, 5))

    def fetch(after: str | None) -> Page[Item]:
        return state.items(group, where=where, sort=f"{'-' * descending}{sort}", limit=limit, after=after)

    found = walk(fetch)
    assert [item.key for item in found] == [item.key for item in expected]
    for item, was in zip(found, expected, strict=True):
        assert encode(item.value) == encode(was.value)
        assert (item.created_at, item.size) == (moment(was.at), len(was.record.value))
        assert item.expires_at == (None if was.expires_at is None else moment(was.expires_at))
    assert state.count(group, where=where) == (len(fitting), True)
    count = state.count(group, where=[*where, Where((), "exists")], limit=limit)
    assert count == (min(limit, len(fitting)), len(fitting) <= limit)


NAMES = st.text(st.sampled_from("ab:/\x01\x7f\ud7ff\ue000\uffff\U00010000\U0010ffff"), min_size=1, max_size=4)


@settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sets(NAMES, max_size=8), NAMES | st.just(""), st.sampled_from([":/", "", "a", "\U0010ffff"]))
def test_branches_are_what_names_say(state: Store, groups: set[str], prefix: str, separators: str) -> None:
    below = f"b{next(fresh)}="
    expected: dict[str, list[str]] = {}
    for name in sorted(groups):
        state.set(below + name, "k", 1)
        if name.startswith(prefix):
            cuts = [at for at in range(len(prefix), len(name)) if name[at] in separators]
            expected.setdefault(name[: cuts[0] + 1] if cuts else name, []).append(name)
    wanted = [(members[0] if len(members) == 1 else name, len(members)) for name, members in expected.items()]
    found = walk(lambda after: state.branches(below + prefix, separators=separators, limit=1, after=after))
    assert [(branch.name.removeprefix(below), branch.groups) for branch in found] == wanted
