"""Contract: listing and counting items by conditions on their fields and properties, on every road to them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from store import InvalidArgument, InvalidName, InvalidTTL, Item, Page, Property, Store, Where
from tests.conftest import ManualClock
from tests.store.support import walk

SORTS = ["key", "size", "created", "updated", "expires", "$.n", "$.status"]
DIRECTIONS = ["", "-"]
PAID = [Where("status", "=", "paid")]


@pytest.fixture(params=["as they are", "short"])
def stretches(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """How many items are looked at before it is said how far that went: as always, or so few that it shows here."""
    if request.param == "short":
        for module in ("store.backends.sqlite_listing", "store.selecting", "store.listing"):
            monkeypatch.setattr(f"{module}.STRETCHES", (3, 7))


@pytest.fixture
def filled(state: Store, clock: ManualClock, stretches: None) -> Store:
    """60 items of group g, in no order of their keys; every third is paid, every second expires, and some have."""
    for number in range(60):
        clock.now += number % 4
        value = {"n": number % 10, "status": ["paid", "new", "sent"][number % 3], "note": "X" * (number % 5)}
        state.set("g", f"k{number * 37 % 60:02}", value, ttl=100 + number % 7 if number % 2 else None)
        state.set("other", f"k{number:02}", value)
    for number in range(5):
        state.set("g", f"k{number * 12:02}+", {"n": 1, "status": "paid"}, ttl=0.5)
    clock.advance(1)
    return state


def keys(page: Page[Any]) -> list[str]:
    return [item.key for item in page.items]


@pytest.mark.parametrize("limit", [1, 3, 19, 20])
@pytest.mark.parametrize("direction", DIRECTIONS, ids=["ascending", "descending"])
@pytest.mark.parametrize("sort", SORTS)
def test_pages_of_a_filtered_listing_cover_what_fits_in_order(
    filled: Store, sort: str, direction: str, limit: int
) -> None:
    everything = filled.items("g", sort=direction + sort, limit=1000)
    assert everything.next is None
    fitting = [item for item in everything.items if item.value["status"] == "paid"]
    assert len(fitting) == 20
    assert filled.items("g", where=PAID, sort=direction + sort) == Page(fitting, None)
    pages: list[Page[Item]] = []

    def fetch(after: str | None) -> Page[Item]:
        pages.append(filled.items("g", where=PAID, sort=direction + sort, limit=limit, after=after))
        return pages[-1]

    assert walk(fetch) == fitting
    assert [len(page.items) for page in pages[:-1]] == [limit] * (len(pages) - 1)
    assert 0 < len(pages[-1].items) <= limit


def seconds_left(item: Item, now: datetime) -> float | None:
    return None if item.expires_at is None else (item.expires_at - now).total_seconds()


CONDITIONS: dict[str, tuple[list[Where], Callable[[Item, datetime], bool]]] = {
    "number": ([Where("n", "=", 3)], lambda item, _: item.value["n"] == 3),
    "two fields": (
        [Where("n", ">", 6), Where("status", "!=", "new")],
        lambda item, _: item.value["n"] > 6 and item.value["status"] != "new",
    ),
    "contains": ([Where("note", "contains", "xxX")], lambda item, _: "XXX" in item.value["note"]),
    "exists": ([Where("n", "exists")], lambda item, _: "n" in item.value),
    "missing": ([Where("n", "missing")], lambda item, _: "n" not in item.value),
    "never expires": ([Where(Property.TTL, "missing")], lambda item, _: item.expires_at is None),
    "expires": ([Where(Property.TTL, "exists")], lambda item, _: item.expires_at is not None),
    "ttl": ([Where(Property.TTL, "<", 101)], lambda item, now: (seconds_left(item, now) or 999) < 101),
    "ttl and field": (
        [Where(Property.TTL, "<=", 101), Where("status", "=", "new")],
        lambda item, now: (seconds_left(item, now) or 999) <= 101 and item.value["status"] == "new",
    ),
    "key contains": ([Where(Property.KEY, "contains", "K1")], lambda item, _: item.key.startswith("k1")),
    "key": ([Where(Property.KEY, "=", "k17")], lambda item, _: item.key == "k17"),
    "key starts": (
        [Where(Property.KEY, "starts with", "K"), Where("n", "=", 0.0)],
        lambda item, _: item.value["n"] == 0,
    ),
    "size": ([Where(Property.SIZE, ">", 35)], lambda item, _: item.size > 35),
    "age": (
        [Where(Property.AGE, ">=", 1.05)],
        lambda item, now: now - item.created_at >= timedelta(seconds=1.05),
    ),
    "idle": ([Where(Property.IDLE, "<", 1.05)], lambda item, now: now - item.updated_at < timedelta(seconds=1.05)),
    "text": ([Where(Property.VALUE, "contains", '"STATUS":"sent"')], lambda item, _: item.value["status"] == "sent"),
}


@pytest.mark.parametrize("name", CONDITIONS)
def test_every_kind_of_condition(filled: Store, name: str) -> None:
    where, fits = CONDITIONS[name]
    everything = filled.items("g").items
    expected = [item for item in everything if fits(item, filled.now())]
    assert name in ("exists", "missing") or 0 < len(expected) < len(everything)
    assert walk(lambda after: filled.items("g", where=where, limit=4, after=after)) == expected
    assert filled.count("g", where=where) == (len(expected), True)
    by_time = walk(lambda after: filled.items("g", where=where, sort="-updated", limit=4, after=after))
    assert sorted(by_time, key=lambda item: item.key) == expected


def test_a_search_and_conditions_narrow_together(filled: Store) -> None:
    assert keys(filled.items("g", search="K3", where=PAID)) == ["k30", "k33", "k36", "k39"]
    assert filled.count("g", search="K3", where=PAID) == (4, True)
    where = [*PAID, Where(Property.KEY, "contains", "6")]
    assert keys(filled.items("g", search="3", where=where, sort="-key")) == ["k63", "k36"][1:]


def test_conditions_that_cannot_be_met(filled: Store) -> None:
    assert filled.items("g", where=[Where("status", "=", "PAID")]) == Page([], None)
    assert filled.items("g", where=[Where(Property.TTL, "<", -5)]) == Page([], None)
    assert filled.count("g", where=[Where("status", "=", "PAID")]) == (0, True)


def test_a_group_that_is_not_there(state: Store) -> None:
    for sort in SORTS:
        assert state.items("nowhere", where=PAID, sort=sort) == Page([], None)
    assert state.count("nowhere") == state.count("nowhere", where=PAID) == (0, True)


def test_what_was_written_by_any_road_is_filtered(state: Store) -> None:
    state.set("g", "set", {"f": 1})
    state.set_many("g", {"many": {"f": 1}, "other": {"f": 2}})
    state.set("g", "updated", {"f": 2})
    state.update("g", "updated", [{"type": "decrement", "path": "f", "by": 1}])
    assert keys(state.items("g", where=[Where("f", "=", 1)])) == ["many", "set", "updated"]


@pytest.mark.parametrize("value", [2**64 - 1, -(2**63), 2**53 + 1, 1e300, 5e-324, -0.0, '\x7f\x00\n\\"é🛒', "\u2028"])
def test_odd_values_are_found_exactly(state: Store, value: Any) -> None:
    state.set_many("g", {"it": {"f": value}, "nested": {"a": {"f": value}}, "list": {"f": [value]}, "none": {}})
    assert keys(state.items("g", where=[Where("f", "=", value)])) == ["it"]
    assert keys(state.items("g", where=[Where(("a", "f"), "=", value)])) == ["nested"]
    assert keys(state.items("g", where=[Where("f", "contains", value)], search="list")) == ["list"]


@pytest.mark.parametrize("name", ['"', "\\", "a.b", "$", "[0]", "\n", "é", "🛒", "x" * 1000, "%", "'"])
def test_odd_field_names(state: Store, name: str) -> None:
    state.set_many("g", {"it": {name: "x"}, "other": {name + "!": "x"}, "third": {"a": {name: "x"}}})
    assert keys(state.items("g", where=[Where(name, "=", "x")])) == ["it"]
    assert keys(state.items("g", where=[Where(("a", name), "exists")])) == ["third"]
    assert keys(state.items("g", sort=f"-$.{name}")) == ["it", "other", "third"]


@pytest.mark.parametrize("direction", DIRECTIONS, ids=["ascending", "descending"])
def test_pages_that_end_early_lead_on_to_the_rest(
    filled: Store, direction: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads = iter(range(10**6))
    monkeypatch.setattr("store.listing.monotonic", lambda: next(reads) * 0.001)
    rare = [Where("n", ">", 8)]
    pages: list[Page[Any]] = []

    def fetch(after: str | None) -> Page[Any]:
        pages.append(filled.items("g", where=rare, sort=f"{direction}key", after=after, within=0.005))
        return pages[-1]

    found = walk(fetch)
    assert found == filled.items("g", where=rare, sort=f"{direction}key").items
    assert len(found) == 6
    assert len(pages) > 9
    assert not all(page.items for page in pages)


@pytest.mark.parametrize("direction", DIRECTIONS, ids=["ascending", "descending"])
def test_a_page_that_begins_where_few_fit_is_as_long_as_asked_for(
    state: Store, direction: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("store.backends.sqlite_listing", "store.selecting", "store.listing"):
        monkeypatch.setattr(f"{module}.STRETCHES", (3, 7))
    state.set_many("g", {f"{number:02}": {"n": number} for number in range(60)})
    where = [Where("n", "!=", number) for number in (*range(11), *range(49, 60)) if number not in (2, 57)]
    page = state.items("g", where=where, sort=f"{direction}key", limit=11)
    expected = [2, *range(11, 49), 57][:: -1 if direction else 1]
    assert [item.value["n"] for item in page.items] == expected[:11]
    rest = state.items("g", where=where, sort=f"{direction}key", after=page.next)
    assert [item.value["n"] for item in rest.items] == expected[11:]


def test_a_page_ends_early_where_nothing_fits(filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("store.backends.sqlite_listing", "store.selecting", "store.listing"):
        monkeypatch.setattr(f"{module}.STRETCHES", (3, 7))
    reads = iter(range(10**6))
    monkeypatch.setattr("store.listing.monotonic", lambda: next(reads) * 0.001)
    nothing = [Where("status", "=", "nothing"), Where("note", "contains", "xxx")]
    pages = [filled.items("g", where=nothing, within=0.003)]
    while pages[-1].next is not None:
        pages.append(filled.items("g", where=nothing, within=0.003, after=pages[-1].next))
    assert [page.items for page in pages] == [[]] * len(pages)
    assert filled.location == "memory" or len(pages) > 2
    assert filled.location == "memory" or not filled.count("g", where=nothing, within=0.003).exact


def test_time_does_not_end_other_sorts_early(filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    reads = iter(range(10**6))
    monkeypatch.setattr("store.listing.monotonic", lambda: next(reads) * 0.001)
    for sort in SORTS[1:]:
        assert filled.items("g", where=PAID, sort=sort, within=0.005) == filled.items("g", where=PAID, sort=sort)


def test_a_page_within_its_time_is_whole(filled: Store) -> None:
    assert filled.items("g", where=PAID, within=60) == filled.items("g", where=PAID)
    assert filled.items("g", within=60) == filled.items("g")


def test_counting_stops_at_a_limit(filled: Store) -> None:
    assert filled.count("g", where=PAID, limit=19) == (19, False)
    assert filled.count("g", where=PAID, limit=20) == (20, True)
    assert filled.count("g", search="k1", limit=9) == (9, False)
    assert filled.count("g", search="k1", limit=10) == (10, True)


def test_all_items_are_counted_whatever_the_limit(filled: Store) -> None:
    assert filled.count("g", limit=1) == filled.count("g") == (60, True)
    assert filled.count("other") == (60, True)


def test_counting_stops_when_its_time_is_up(filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    reads = iter(range(10**6))
    monkeypatch.setattr("store.listing.monotonic", lambda: next(reads) * 0.001)
    found = filled.count("g", where=[Where("n", "exists")], within=0.010)
    assert 1 < found.items < 12
    assert not found.exact
    assert filled.count("g", where=PAID, within=60) == (20, True)


@pytest.mark.parametrize("where", [Where("a", "exists"), [Where("a", "~")], ["a"], "a", None], ids=repr)
def test_bad_conditions_are_refused(state: Store, where: Any) -> None:
    with pytest.raises(InvalidArgument, match="where"):
        state.items("g", where=where)
    with pytest.raises(InvalidArgument, match="where"):
        state.count("g", where=where)


@pytest.mark.parametrize("limit", [0, -1, 1.5, True, "10", 2**60], ids=repr)
def test_a_bad_limit_of_a_count_is_refused(state: Store, limit: Any) -> None:
    with pytest.raises(InvalidArgument, match="limit must be an integer from 1"):
        state.count("g", limit=limit)


@pytest.mark.parametrize("within", [0, -1, float("nan"), "1"], ids=repr)
def test_a_bad_time_is_refused(state: Store, within: Any) -> None:
    calls: list[Callable[..., Any]] = [state.items, state.count]
    for call in calls:
        with pytest.raises(InvalidTTL, match="within"):
            call("g", where=PAID, within=within)


def test_a_bad_group_is_refused(state: Store) -> None:
    for bad in ("", "\0", 5):
        with pytest.raises(InvalidName):
            state.count(bad)  # type: ignore[arg-type]
        with pytest.raises(InvalidName):
            state.items(bad, where=PAID)  # type: ignore[arg-type]


def test_items_that_come_and_go_between_pages(filled: Store) -> None:
    seen: list[str] = []
    after = None
    while True:
        page = filled.items("g", where=PAID, limit=2, after=after)
        seen += keys(page)
        if page.next is None:
            break
        after = page.next
        filled.delete("g", page.items[-1].key)
        filled.set("g", f"{page.items[-1].key}+", {"status": "new"})
    assert len(seen) == len(set(seen)) == 20
