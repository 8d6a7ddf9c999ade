"""Memory: the bound on items, and a clock that moves while the store works."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from store import InvalidArgument, Store, open_store
from tests.conftest import ManualClock

COUNT = [{"type": "increment", "path": "n", "by": 1}]


@pytest.fixture
def three(clock: ManualClock) -> Iterator[Store]:
    """A store of at most three items, which are a, b and c of group g."""
    with open_store("memory://", clock=clock, sweep_interval=None, max_items=3) as state:
        for key in "abc":
            state.set("g", key, {"n": 1})
        yield state


def keys(state: Store, group: str = "g") -> str:
    """The keys that a group lists, after making sure that every read agrees on them."""
    found = [item.key for item in state.items(group).items]
    assert len(state.list(group)) == len(found)
    summary = state.group(group)
    assert (0 if summary is None else summary.items) == len(found)
    assert list(state.get_many(group, found)) == found
    return "".join(found)


def test_beyond_max_items_the_oldest_goes(three: Store) -> None:
    three.set("g", "d", {})
    assert keys(three) == "bcd"
    assert three.get("g", "a") is None
    assert three.item("g", "a") is None


def test_overwriting_evicts_nothing(three: Store) -> None:
    three.set("g", "a", {"n": 2})
    three.update("g", "b", COUNT)
    three.expire("g", "c", 60)
    assert keys(three) == "abc"


USES: dict[str, Callable[[Store], object]] = {
    "get": lambda state: state.get("g", "a"),
    "item": lambda state: state.item("g", "a"),
    "ttl": lambda state: state.ttl("g", "a"),
    "get_many": lambda state: state.get_many("g", ["a"]),
    "set": lambda state: state.set("g", "a", {}),
    "update": lambda state: state.update("g", "a", COUNT),
    "expire": lambda state: state.expire("g", "a", 60),
}


@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_the_least_recently_used_goes(three: Store, use: Callable[[Store], object]) -> None:
    use(three)
    three.set("g", "d", {})
    assert keys(three) == "acd"


def test_listing_is_no_use(three: Store) -> None:
    three.list("g")
    three.items("g")
    three.groups()
    three.set("g", "d", {})
    assert "a" not in keys(three)


def test_the_bound_is_over_all_groups(three: Store) -> None:
    three.set_many("h", {"x": 1, "y": 1})
    assert (keys(three), keys(three, "h")) == ("c", "xy")
    three.set("i", "z", 1)
    three.set("i", "zz", 1)
    three.set("i", "zzz", 1)
    assert [group.id for group in three.groups().items] == ["i"]
    assert three.group("g") is None


def test_more_items_at_once_than_fit_leave_the_last(three: Store) -> None:
    done = three.set_many("h", {key: key for key in "vwxyz"})
    assert list(done) == list("vwxyz")
    assert keys(three, "h") == "xyz"
    assert three.group("g") is None


def test_a_group_whose_items_were_evicted_keeps_its_settings(three: Store) -> None:
    three.configure("g", default_ttl=60)
    three.set_many("h", {key: key for key in "xyz"})
    summary = three.group("g")
    assert summary is not None
    assert (summary.items, summary.size, summary.default_ttl) == (0, 0, 60)
    three.set("g", "a", 1)
    assert three.ttl("g", "a") == 60


def test_expired_items_go_before_live_ones(three: Store, clock: ManualClock) -> None:
    three.expire("g", "c", 1)
    clock.advance(1)
    three.set("g", "d", {})
    assert keys(three) == "abd"


def test_evicted_items_leave_the_size(three: Store) -> None:
    before = three.stats().size
    assert before == 3 * len('{"n":1}')
    three.set("g", "d", "x" * 98)
    assert three.stats().size == before - len('{"n":1}') + 100
    three.clear("g")
    assert three.stats().size == 0


def test_a_version_is_not_used_again_after_eviction(three: Store) -> None:
    for _ in range(5):
        three.update("g", "a", COUNT)
    item = three.item("g", "a")
    assert item is not None
    three.set_many("h", {key: key for key in "xyz"})
    assert three.item("g", "a") is None
    three.set("g", "a", 1)
    again = three.item("g", "a")
    assert again is not None
    assert again.version > item.version


def test_a_bound_of_one_item_works(clock: ManualClock) -> None:
    with open_store("memory://", clock=clock, sweep_interval=None, max_items=1) as state:
        state.set_many("g", {"a": 1, "b": 2})
        assert keys(state) == "b"
        state.set("h", "c", 3)
        assert [group.id for group in state.groups().items] == ["h"]


@pytest.mark.parametrize("max_items", [0, -1])
def test_a_bound_below_one_is_refused(max_items: int) -> None:
    with pytest.raises(InvalidArgument, match=f"max_items must be an integer of at least 1, not {max_items}"):
        open_store("memory://", max_items=max_items)


def test_two_memory_stores_share_nothing() -> None:
    with open_store("memory://") as one, open_store("memory://") as two:
        one.set("g", "k", 1)
        assert two.get("g", "k") is None


class TickingClock(ManualClock):
    """Moves on by a millisecond whenever it is asked, as a real clock may."""

    def __call__(self) -> int:
        self.now += 1
        return self.now


@pytest.fixture
def ticking(url: str) -> Iterator[Store]:
    """A store of each backend, on a clock that ticks while it works."""
    with open_store(url, clock=TickingClock(), sweep_interval=None) as state:
        yield state


def test_a_value_that_expires_while_it_is_written_leaves_nothing_of_the_one_before(ticking: Store) -> None:
    ticking.set("g", "k", "old")
    ticking.set("g", "k", "new", ttl=0.001)
    assert ticking.get("g", "k") is None
    assert ticking.list("g") == []
    assert ticking.items("g").items == []
    assert ticking.group("g") is None


def test_short_lives_on_a_ticking_clock_break_nothing(ticking: Store) -> None:
    for lifetime in range(1, 12):
        ticking.set_many("g", {"a": {"n": 1}, "b": {"n": 1}, "c": {"n": 1}}, ttl=lifetime / 1000)
        ticking.update("g", "a", COUNT)
        ticking.expire("g", "b", lifetime / 1000)
        ticking.delete_many("g", ["a", "b", "c"])
        ticking.set("g", "a", 1, ttl=lifetime / 1000)
        ticking.clear("g")
        ticking.sweep()
    assert ticking.group("g") is None
    ticking.set("g", "k", 1)
    assert ticking.list("g") == [1]
