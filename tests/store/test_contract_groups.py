"""Contract: groups summed up, searched and sorted; their settings."""

from __future__ import annotations

import pytest

from store import GroupInfo, Store
from tests.conftest import ManualClock
from tests.store.support import moment


def names(state: Store, *, search: str | None = None, sort: str = "id") -> list[str]:
    return [group.id for group in state.groups(search=search, sort=sort).items]


def summary(state: Store, group: str = "g") -> GroupInfo:
    found = state.group(group)
    assert found is not None
    return found


def test_an_empty_store_has_no_groups(state: Store) -> None:
    assert state.groups().items == []
    assert state.groups().next is None
    assert state.group("g") is None


def test_a_group_is_summed_up(state: Store, clock: ManualClock) -> None:
    first = moment(clock.now)
    state.set("g", "a", "é", ttl=60)
    clock.advance(5)
    state.set("g", "b", [1, 2], ttl=30)
    last = moment(clock.now)
    clock.advance(5)
    wanted = GroupInfo(
        id="g",
        items=2,
        size=len('"é"'.encode()) + len("[1,2]"),
        created_at=first,
        updated_at=last,
        next_expiry=moment(clock.now - 5_000 + 30_000),
        default_ttl=None,
        finished_at=None,
        clear_at=None,
    )
    assert state.group("g") == wanted
    assert state.groups().items == [wanted]


def test_only_live_items_count(state: Store, clock: ManualClock) -> None:
    state.set("g", "old", "xxx", ttl=10)
    created = moment(clock.now)
    clock.advance(5)
    state.set("g", "live", 1, ttl=60)
    expiry = moment(clock.now + 60_000)
    clock.advance(5)
    for swept in (False, True):
        if swept:
            state.sweep()
        found = summary(state)
        assert (found.items, found.size, found.created_at, found.next_expiry) == (1, 1, created, expiry)


def test_overwriting_and_deleting_keep_the_sums_right(state: Store) -> None:
    state.set("g", "a", "x" * 100)
    state.set("g", "a", 1)
    state.set("g", "b", 22)
    assert (summary(state).items, summary(state).size) == (2, 3)
    state.delete("g", "b")
    assert (summary(state).items, summary(state).size) == (1, 1)


def test_a_group_is_updated_by_writing_and_by_removing(state: Store, clock: ManualClock) -> None:
    state.set_many("g", {"a": {"n": 1}, "b": 2})
    clock.advance(5)
    state.update("g", "a", [{"type": "increment", "path": "n", "by": 1}])
    assert summary(state).updated_at == moment(clock.now)
    clock.advance(5)
    state.delete("g", "a")
    assert summary(state).updated_at == moment(clock.now)


@pytest.mark.parametrize("swept", [False, True])
def test_a_group_of_which_nothing_was_live_comes_into_being_anew(state: Store, clock: ManualClock, swept: bool) -> None:
    state.set_many("g", {"a": 1, "b": 1}, ttl=10)
    clock.advance(100)
    if swept:
        state.sweep()
    assert state.group("g") is None
    state.set("g", "a", 1, ttl=10)
    assert (summary(state).created_at, summary(state).items) == (moment(clock.now), 1)


def test_rewriting_updates_a_group_once_a_second_at_most(state: Store, clock: ManualClock) -> None:
    state.set("g", "a", 1)
    first = moment(clock.now)
    clock.advance(0.999)
    state.set("g", "a", 2)
    assert summary(state).updated_at == first
    clock.advance(0.001)
    state.set("g", "a", 3)
    assert summary(state).updated_at == moment(clock.now)
    clock.advance(0.001)
    state.set("g", "b", 1)
    assert summary(state).updated_at == moment(clock.now)


def test_reading_and_settings_do_not_update_a_group(state: Store, clock: ManualClock) -> None:
    state.set("g", "a", 1)
    written = moment(clock.now)
    clock.advance(5)
    state.get("g", "a")
    state.expire("g", "a", 60)
    state.persist("g", "a")
    state.delete("g", "missing")
    state.configure("g", default_ttl=60)
    state.finish("g")
    state.reopen("g")
    state.sweep()
    assert summary(state).updated_at == written


@pytest.mark.parametrize("rewritten", [False, True])
@pytest.mark.parametrize("swept", [False, True])
def test_a_group_was_active_when_an_item_since_expired_was_written(
    state: Store, clock: ManualClock, swept: bool, rewritten: bool
) -> None:
    state.set_many("g", {"stays": 1, "goes": 1} if rewritten else {"stays": 1})
    clock.advance(5)
    state.set("g", "goes", 2, ttl=10)
    written = moment(clock.now)
    clock.advance(100)
    if swept:
        assert state.sweep() == 1
    assert summary(state).updated_at == written


@pytest.mark.parametrize("swept", [False, True])
@pytest.mark.parametrize("call", ["delete", "delete_many", "expire", "persist"])
def test_a_call_that_finds_its_item_expired_does_not_update_the_group(
    state: Store, clock: ManualClock, call: str, swept: bool
) -> None:
    state.set("g", "stays", 1)
    state.set("g", "goes", 1, ttl=10)
    written = moment(clock.now)
    clock.advance(100)
    if swept:
        state.sweep()
    arguments = {"delete": ("goes",), "delete_many": (["goes"],), "expire": ("goes", 5), "persist": ("goes",)}
    getattr(state, call)("g", *arguments[call])
    assert summary(state).updated_at == written


def test_a_configured_group_is_listed_without_items(state: Store, clock: ManualClock) -> None:
    state.configure("g", default_ttl=60)
    at = moment(clock.now)
    assert summary(state) == GroupInfo("g", 0, 0, at, at, None, 60.0, None, None)
    clock.advance(5)
    state.set("g", "k", 1, ttl=1)
    clock.advance(5)
    found = summary(state)
    assert (found.items, found.size, found.created_at, found.next_expiry) == (0, 0, at, None)
    state.configure("g", default_ttl=None)
    assert state.group("g") is None


@pytest.mark.parametrize("swept", [False, True])
def test_configuring_a_group_whose_items_expired_is_configuring_a_new_one(
    state: Store, clock: ManualClock, swept: bool
) -> None:
    state.set("g", "k", 1, ttl=10)
    clock.advance(100)
    if swept:
        state.sweep()
    state.configure("g", default_ttl=60)
    assert (summary(state).created_at, summary(state).updated_at) == (moment(clock.now), moment(clock.now))


def test_a_default_ttl_is_shown_in_seconds(state: Store) -> None:
    state.configure("g", default_ttl=0.25)
    assert summary(state).default_ttl == 0.25


def test_a_default_ttl_survives_clear_and_the_last_item(state: Store) -> None:
    state.configure("g", default_ttl=60)
    state.set("g", "k", 1)
    state.delete("g", "k")
    assert summary(state).default_ttl == 60
    state.set("g", "k", 1)
    state.clear("g")
    assert (summary(state).default_ttl, summary(state).items) == (60, 0)


def test_clearing_a_group_updates_it(state: Store, clock: ManualClock) -> None:
    state.configure("g", default_ttl=60)
    state.set("g", "k", 1)
    clock.advance(5)
    state.clear("g")
    assert summary(state).updated_at == moment(clock.now)


def test_search_finds_a_part_of_the_name(state: Store) -> None:
    for group in ("wf-1", "wf-2", "orders", "a%b", "a_b", "50%_x"):
        state.set(group, "k", 1)
    assert names(state, search="f-") == ["wf-1", "wf-2"]
    assert names(state, search="%") == ["50%_x", "a%b"]
    assert names(state, search="_") == ["50%_x", "a_b"]
    assert names(state, search="nothing") == []
    assert names(state, search="") == names(state) == ["50%_x", "a%b", "a_b", "orders", "wf-1", "wf-2"]


def test_search_folds_the_case_of_ascii_letters_only(state: Store) -> None:
    for group in ("Orders", "ORDERS-2", "ÄPFEL", "äpfel"):
        state.set(group, "k", 1)
    assert names(state, search="oRDerS") == ["ORDERS-2", "Orders"]
    assert names(state, search="Äpfel") == ["ÄPFEL"]
    assert names(state, search="äPFEL") == ["äpfel"]


@pytest.mark.parametrize("search", ["\ud800", "\0"], ids=["surrogate", "nul"])
def test_search_for_what_no_name_can_hold_finds_nothing(state: Store, search: str) -> None:
    state.set("g", "k", 1)
    assert names(state, search=search) == []
    assert state.items("g", search=search).items == []


@pytest.mark.parametrize(
    ("sort", "wanted"),
    [
        ("id", ["a", "b", "c", "d"]),
        ("items", ["d", "b", "c", "a"]),
        ("size", ["d", "a", "b", "c"]),
        ("created", ["c", "a", "d", "b"]),
        ("updated", ["c", "d", "b", "a"]),
        ("expires", ["b", "a", "c", "d"]),
    ],
)
def test_groups_are_sorted_in_both_directions(state: Store, clock: ManualClock, sort: str, wanted: list[str]) -> None:
    state.set_many("c", {"1": "x" * 40, "2": 1}, ttl=900)
    clock.advance(1)
    state.set_many("a", {"1": 1, "2": 1, "3": 1})
    clock.advance(1)
    state.configure("d", default_ttl=60)
    clock.advance(1)
    state.set("b", "1", "x" * 10, ttl=100)
    clock.advance(1)
    state.set("a", "1", 2, ttl=200)
    assert names(state, sort=sort) == wanted
    assert names(state, sort=f"-{sort}") == wanted[::-1]


@pytest.mark.parametrize("sort", ["items", "size", "created", "updated", "expires"])
def test_ties_are_in_order_of_the_names_in_both_directions(state: Store, sort: str) -> None:
    for group in ("b", "é", "a", "Z"):
        state.set(group, "k", 1)
    assert names(state, sort=sort) == names(state, sort=f"-{sort}") == ["Z", "a", "b", "é"]
