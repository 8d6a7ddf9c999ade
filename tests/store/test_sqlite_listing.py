"""SQLite: what listings read, and what they leave behind."""

from __future__ import annotations

import functools
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import apsw
import orjson
import pytest

from store import Property, Store, StoreCorrupt, Where, open_store
from store.backends.sqlite import SqliteBackend
from store.paging import Query
from tests.conftest import ManualClock

MANY = 4000
EVERYTHING = Query("", "key", descending=False, after=None, limit=1)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with many items in no order of their keys, most of which expire, at different times."""
    path: Path = tmp_path_factory.mktemp("template") / "state.db"
    clock = ManualClock()
    with open_store(f"sqlite:///{path}", clock=clock, sweep_interval=None) as state:
        for start in range(0, MANY, 100):
            values = {
                f"k{number * 37 % MANY:04}": {"n": number, "note": "x" * 50} for number in range(start, start + 100)
            }
            state.set_many("g", values, ttl=1000 + start if start % 1000 else None)
            state.set(f"run:{start % 700}:{start}", "k", 1)
            clock.advance(1)
        state.backup(path.with_name("copy.db"))
    return path.with_name("copy.db")


@pytest.fixture
def path(template: Path, tmp_path: Path) -> Path:
    """A copy of the file."""
    shutil.copy(template, tmp_path / "state.db")
    return tmp_path / "state.db"


@pytest.fixture
def filled(path: Path, clock: ManualClock) -> Iterator[Store]:
    """A store over the copy."""
    clock.advance(MANY // 100)
    with open_store(f"sqlite:///{path}", clock=clock, sweep_interval=None) as opened:
        yield opened


def backend(state: Store) -> SqliteBackend:
    found = state._backend
    assert isinstance(found, SqliteBackend)
    return found


def steps(state: Store, call: Callable[[], object]) -> int:
    """How many thousands of steps SQLite's machine takes in a call."""
    counted = 0

    def count() -> bool:
        nonlocal counted
        counted += 1
        return False

    with backend(state)._file.connected() as db:
        connection = db.connection
    connection.set_progress_handler(count, 1000)
    try:
        call()
    finally:
        connection.set_progress_handler(None)
    return counted


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"sort": "-key"},
        {"sort": "expires"},
        {"sort": "-expires"},
        {"where": [Where("n", ">", 10)]},
        {"where": [Where("n", ">", 10)], "sort": "-key", "within": 60},
        {"where": [Where(Property.TTL, "<", 1100)]},
        {"where": [Where(Property.TTL, "<", 1100)], "sort": "$.n"},
        {"where": [Where(Property.TTL, "<", 1100)], "sort": "-updated"},
    ],
    ids=str,
)
def test_the_first_page_reads_a_small_part_of_the_group(filled: Store, arguments: dict[str, Any]) -> None:
    all_of_it = steps(filled, lambda: filled.items("g", sort="size", limit=10))
    assert all_of_it >= MANY * 10 // 1000
    assert steps(filled, lambda: filled.items("g", limit=10, **arguments)) <= all_of_it // 4


def test_a_page_behind_others_reads_no_more_than_the_first(filled: Store) -> None:
    for sort in ("key", "expires", "-expires"):
        first = filled.items("g", sort=sort, limit=1000)
        after = filled.items("g", sort=sort, limit=1000, after=first.next).next
        assert steps(filled, functools.partial(filled.items, "g", sort=sort, limit=10, after=after)) <= 15


def test_counting_all_items_and_a_page_of_branches_read_little(filled: Store) -> None:
    assert filled.count("g") == (MANY, True)
    assert steps(filled, lambda: filled.count("g")) <= 4
    assert [branch.groups for branch in filled.branches("run:").items] == [6, 6, 6, 6, 6, 5, 5]
    assert steps(filled, lambda: filled.branches("run:5")) <= 1


def test_a_count_of_all_items_says_when_too_many_have_expired(filled: Store, clock: ManualClock) -> None:
    filled.set_many("expired", {str(number): {"n": 1} for number in range(10_050)}, ttl=1)
    filled.set("expired", "live", {"n": 1})
    clock.advance(1)
    found = filled.count("expired")
    assert (found.items > 1, found.exact) == (True, False)
    assert filled.count("expired", where=[Where("n", "exists")]) == filled.count("expired", search="i") == (1, True)


def test_what_is_not_in_the_text_is_not_decoded(filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    decoded: list[bytes] = []

    def decode(text: bytes) -> Any:
        decoded.append(text)
        return orjson.loads(text)

    monkeypatch.setattr("store.matching.decode", decode)
    assert [item.key for item in filled.items("g", where=[Where("n", "=", 77)]).items] == [f"k{77 * 37 % MANY:04}"]
    assert filled.count("g", where=[Where("other", "exists")]) == (0, True)
    assert sorted(decoded) == sorted(b'{"n":%d,"note":"%s"}' % (n, b"x" * 50) for n in (77, *range(770, 780)))


def test_large_groups_are_read_as_they_lie_and_small_ones_by_key(
    filled: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    statements: list[str] = []
    with backend(filled)._file.connected() as db:
        db.connection.trace_v2(apsw.SQLITE_TRACE_STMT, lambda told: statements.append(told["sql"]))
    counts: list[tuple[str, dict[str, Any], str]] = [
        ("g", {"where": [Where("n", ">", 10)]}, "NOT INDEXED"),
        ("g", {"search": "k1"}, "sqlite_autoindex_items_1"),
        ("run:0:0", {"where": [Where("n", ">", 10)]}, "sqlite_autoindex_items_1"),
        ("g", {"where": [Where(Property.TTL, "<", 1100)]}, "items_by_expiry"),
        ("g", {"where": [Where(Property.TTL, ">", 1100)]}, "items_by_expiry"),
    ]
    for group, arguments, road in counts:
        statements.clear()
        filled.count(group, **arguments)
        assert road in statements[-2], group
    monkeypatch.setattr("store.backends.sqlite_listing._FEW", 1000)
    statements.clear()
    filled.count("g", where=[Where(Property.TTL, ">", 1100)])
    assert "NOT INDEXED" in statements[-2]


def test_a_listing_is_of_one_moment_whatever_others_write(filled: Store, path: Path) -> None:
    with (
        open_store(f"sqlite:///{path}", clock=filled._clock, sweep_interval=None) as other,
        backend(filled).look_through("g", EVERYTHING) as rows,
    ):
        assert next(rows)[1] is not None
        for number in range(0, MANY, 3):
            other.delete("g", f"k{number:04}")
            other.set("g", f"k{number:04}", 1)
        assert sum(record is not None for _, record in rows) == MANY - 1


def test_a_page_leaves_no_transaction_open(filled: Store) -> None:
    calls: list[Callable[[], object]] = [
        lambda: filled.items("g", where=[Where("n", ">", 10)], limit=1),
        lambda: filled.items("g", where=[Where("n", ">", 10)], sort="$.n", limit=1),
        lambda: filled.items("g", sort="expires", limit=1),
        lambda: filled.count("g", where=[Where("n", ">", 10)], limit=1),
        lambda: filled.branches(limit=1),
    ]
    for call in calls:
        call()
        with backend(filled)._file.connected() as db:
            assert not db.connection.in_transaction
            assert db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()[0][0] == 0


def test_reads_within_a_walk(filled: Store) -> None:
    with backend(filled).walk_items("g", EVERYTHING) as rows:
        for key, record in rows:
            assert record is not None
            assert filled.get("g", key)["n"] == filled.items("g", search=key, sort="expires").items[0].value["n"]
            if key == "k0020":
                break
        assert next(rows)[0] == "k0021"
    filled.set("g", "new", 1)


def test_a_damaged_value_is_reported_and_the_store_goes_on(filled: Store, path: Path) -> None:
    db = apsw.Connection(str(path))
    db.execute("""UPDATE items SET value = '{"n":' WHERE key = 'k0100'""")
    db.close()
    calls: list[Callable[[], object]] = [
        lambda: filled.items("g", where=[Where("n", "<", 0)]),
        lambda: filled.items("g", sort="$.n"),
        lambda: filled.count("g", where=[Where("n", "<", 0)]),
    ]
    for call in calls:
        with pytest.raises(StoreCorrupt, match="the store is damaged"):
            call()
    filled.clear("g")
    filled.set("g", "k", {"n": -1})
    assert [item.key for item in filled.items("g", where=[Where("n", "<", 0)]).items] == ["k"]
