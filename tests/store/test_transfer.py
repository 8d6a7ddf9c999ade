"""The contract of export, on every backend."""

from __future__ import annotations

import math
from typing import Any

import orjson
import pytest

from store import InvalidName, LoadReport, Store, StoreClosed, transfer
from store.model import Record
from store.paging import Query
from tests.conftest import ManualClock
from tests.store.support import ODD_NAMES, same
from tests.store.transfers import everything, fill, line, load


def test_a_line_for_each_item_in_order(state: Store, clock: ManualClock) -> None:
    clock.now = 1_795_498_154_000
    state.set("orders", "o-2", {"b": [1, 2.0], "a": "é"}, ttl=0.123)
    state.set("orders", "o-1", 18446744073709551615, ttl=60)
    state.set("a", "k", None)
    state.set("empty", "k", 1)
    state.delete("empty", "k")
    state.configure("configured", default_ttl=5)

    assert list(state.export()) == [
        b'{"group":"a","key":"k","value":null,"expires_at":null}\n',
        b'{"group":"orders","key":"o-1","value":18446744073709551615,"expires_at":"2026-11-24T05:30:14.000Z"}\n',
        '{"group":"orders","key":"o-2","value":{"b":[1,2.0],"a":"é"},"expires_at":"2026-11-24T05:29:14.123Z"}\n'.encode(),
    ]


def test_names_sort_by_their_utf8_bytes(state: Store) -> None:
    for name in ODD_NAMES:
        state.set("g", name, 1)

    keys = [orjson.loads(text)["key"] for text in state.export()]
    assert keys == sorted(ODD_NAMES, key=str.encode)


def test_what_was_exported_comes_back_exactly(state: Store) -> None:
    fill(state)
    before, text = everything(state), b"".join(state.export())
    for group in state.groups(limit=1000).items:
        state.clear(group.id)
    assert list(state.export()) == []

    report = load(state, text)

    after = everything(state)
    assert report == LoadReport(len(before), len(text), created=len(before))
    assert after.keys() == before.keys()
    assert all(same(after[place][0], before[place][0]) for place in before)
    assert all(after[place][1] == before[place][1] for place in before)
    assert math.copysign(1, after["values", "v7"][0]) == -1
    assert b"".join(state.export()) == text


def test_what_was_loaded_twice_is_there_once(state: Store, clock: ManualClock) -> None:
    fill(state)
    text, before = b"".join(state.export()), everything(state)

    assert load(state, text) == LoadReport(len(before), len(text), overwritten=len(before))
    assert b"".join(state.export()) == text


def test_only_some_groups(state: Store) -> None:
    for group in ("a", "b", "c"):
        state.set(group, "k", 1)

    assert list(state.export(["c", "a", "c", "unknown"])) == [line("c"), line("a")]
    assert list(state.export([])) == []


@pytest.mark.parametrize("groups", [["ok", ""], ["x" * 513], [1], "abc", 5])
def test_groups_that_are_no_names_are_refused_at_once(state: Store, groups: Any) -> None:
    with pytest.raises(InvalidName):
        state.export(groups)


def test_what_has_expired_is_not_exported(state: Store, clock: ManualClock) -> None:
    state.set("g", "gone", 1, ttl=1)
    state.set("g", "there", 1, ttl=1.001)
    clock.advance(1)

    assert [orjson.loads(text)["key"] for text in state.export()] == ["there"]


def test_many_pages(state: Store) -> None:
    state.set_many("g", dict.fromkeys((f"k{number:04}" for number in range(2000)), 0))
    for number in range(1001):
        state.set(f"h{number:04}", "k", 0)

    exported = [orjson.loads(text) for text in state.export()]
    assert [(row["group"], row["key"]) for row in exported] == [
        *(("g", f"k{number:04}") for number in range(2000)),
        *((f"h{number:04}", "k") for number in range(1001)),
    ]


def test_pages_of_large_values_are_small(state: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfer, "PAGE_BYTES", 1000)
    asked = []
    scan = state._backend.scan_items

    def scanning(group: str, query: Query) -> list[tuple[str, Record]]:
        asked.append(query.limit)
        return scan(group, query)

    monkeypatch.setattr(state._backend, "scan_items", scanning)
    state.set_many("large", dict.fromkeys("abcdefgh", "x" * 298))
    state.set("huge", "k", "x" * 5000)

    assert sum(1 for _ in state.export()) == 9
    assert set(asked) == {1, 3}


def test_an_export_goes_on_while_items_come_and_go(state: Store) -> None:
    state.set_many("g", dict.fromkeys((f"k{number:04}" for number in range(1500)), 0))
    lines = state.export()
    first = next(lines)
    state.clear("g")

    rest = list(lines)
    assert b'"k0000"' in first
    assert len(rest) == 999  # the page that was read is of one moment


def test_a_closed_store(state: Store) -> None:
    state.set("g", "k", 1)
    under_way = state.export()
    next(under_way)
    state.close()

    for call in (lambda: next(state.export()), lambda: load(state, line()), lambda: state.backup("file")):
        with pytest.raises(StoreClosed):
            call()
