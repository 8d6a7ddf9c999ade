"""SQLite: what a group's row counts is what there is, after any sequence of operations by any number of processes."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from store import KEEP, NEVER, Store, UpdateRejected, VersionConflict, open_store
from tests.conftest import ManualClock
from tests.store.counts import check_counts, check_integrity, left_to_remove
from tests.store.support import in_children

GROUPS = ["a", "b", "c"]
KEYS = [f"k{number}" for number in range(8)]
MANY = [f"m{number}" for number in range(230)]  # more than a clear removes at once


def anything(state: Store, chance: random.Random) -> None:
    """One random operation."""
    group, key = chance.choice(GROUPS), chance.choice(KEYS)
    ttl = chance.choice([None, None, KEEP, NEVER, 0.005, 1, 70, 10_000])
    lifetime = chance.choice([0.005, 1, 70, 10_000])
    value = "x" * chance.randrange(40)
    calls: list[Callable[[], object]] = [
        lambda: state.set(group, key, value, ttl=ttl),
        lambda: state.set(group, key, value, if_version=chance.randrange(3)),
        lambda: state.update(group, key, [{"type": "append", "path": "log", "value": 1}], ttl=ttl),
        lambda: state.update(group, key, [{"type": "increment", "path": "n", "by": 1}], on_error="skip"),
        lambda: state.delete(group, key),
        lambda: state.expire(group, key, lifetime),
        lambda: state.persist(group, key),
        lambda: state.set_many(group, dict.fromkeys(chance.sample(KEYS, 4), value), ttl=ttl),
        lambda: state.delete_many(group, chance.sample(KEYS, 5)),
        state.sweep,
    ]
    rare: list[Callable[[], object]] = [
        lambda: state.set_many(group, dict.fromkeys(MANY, value), ttl=ttl),
        lambda: state.delete_many(group, chance.sample(MANY, 200)),
        lambda: state.clear(group),
        lambda: state.cleanup(match=chance.choice(["*", "[ab]"]), finished=chance.choice([True, False])),
        lambda: state.configure(group, default_ttl=chance.choice([None, 0.005, 30, 10_000])),
        lambda: state.finish(group, keep_for=chance.choice([None, 0.005])),
        lambda: state.reopen(group),
    ]
    with contextlib.suppress(VersionConflict, UpdateRejected):
        chance.choice(rare if chance.random() < 0.15 else calls)()


def check_summaries(state: Store) -> None:
    """What the groups' summaries say is what their listings show."""
    shown = {info.id: info for info in state.groups().items}
    for group in GROUPS:
        items = state.items(group, limit=1000).items
        info = shown.get(group)
        assert info == state.group(group)
        assert len(items) == (0 if info is None else info.items)
        assert sum(item.size for item in items) == (0 if info is None else info.size)
        expiries = [item.expires_at for item in items if item.expires_at is not None]
        assert (None if info is None else info.next_expiry) == min(expiries, default=None)


@pytest.mark.parametrize("seed", range(4))
def test_after_each_of_many_random_operations_the_counts_are_right(
    tmp_path: Path, clock: ManualClock, seed: int
) -> None:
    path, chance = tmp_path / "state.db", random.Random(seed)  # noqa: S311
    versions: dict[tuple[str, str], set[int]] = {}
    with open_store(f"sqlite:///{path}", clock=clock, sweep_interval=None) as state:
        for _ in range(250):
            anything(state, chance)
            check_counts(path)
            check_summaries(state)
            clock.advance(chance.choice([0, 0, 0, 0.004, 1, 40, -0.5]))
            place = chance.choice(GROUPS), chance.choice(KEYS)
            state.set(*place, 1)
            item = state.item(*place)
            assert item is not None
            assert item.version not in versions.setdefault(place, set()), "a version was given twice"
            versions[place].add(item.version)
        clock.advance(20_000)
        state.sweep()
        check_counts(path)
        assert left_to_remove(path) == 0


def test_after_random_operations_of_several_processes_the_counts_are_right(tmp_path: Path) -> None:
    path = tmp_path / "state.db"

    def work(seed: int) -> Callable[[], int]:
        def run() -> int:
            chance = random.Random(seed)  # noqa: S311
            with open_store(f"sqlite:///{path}", sweep_interval=0.05) as state:
                for _ in range(200):
                    anything(state, chance)
            return 0

        return run

    assert in_children(*[work(seed) for seed in range(4)]) == [0] * 4
    check_integrity(path)
    check_counts(path)
    with open_store(f"sqlite:///{path}", sweep_interval=None) as state:
        state.sweep()
        check_summaries(state)
        assert left_to_remove(path) == 0
    check_counts(path)
