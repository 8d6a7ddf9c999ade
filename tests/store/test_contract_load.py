"""The contract of load where there are items already, and of undoing it, on every backend."""

from __future__ import annotations

import math
from typing import Any

import pytest

from store import InvalidArgument, LoadedLine, LoadReport, Store, loading
from tests.conftest import ManualClock
from tests.store.transfers import everything, line, load, numbered

LATER = "2099-01-01T00:00:00.000Z"
TEXT = line(key="new", value=9) + line(key="same") + line(key="other", value=2) + line(key="expiry", expires_at=LATER)


@pytest.fixture
def filled(state: Store) -> Store:
    """Items that TEXT has too."""
    state.set_many("g", dict.fromkeys(("same", "other", "expiry", "untouched"), 1))
    return state


def versions(state: Store) -> dict[str, int]:
    return {item.key: item.version for item in state.items("g").items}


@pytest.mark.parametrize("dry_run", [True, False])
def test_update_writes_what_is_new_or_differs(filled: Store, dry_run: bool) -> None:
    report = load(filled, TEXT, existing="update", dry_run=dry_run)

    assert report == LoadReport(4, len(TEXT), created=1, overwritten=2, same=1)
    if not dry_run:
        assert versions(filled) == {"expiry": 2, "new": 1, "other": 2, "same": 1, "untouched": 1}
        assert filled.get("g", "other") == 2
        assert filled.ttl("g", "expiry") != math.inf


@pytest.mark.parametrize("dry_run", [True, False])
def test_keep_writes_what_is_new(filled: Store, dry_run: bool) -> None:
    report = load(filled, TEXT, existing="keep", dry_run=dry_run)

    assert report == LoadReport(4, len(TEXT), created=1, kept=3)
    if not dry_run:
        assert filled.get_many("g", ["new", "same", "other"]) == {"new": 9, "same": 1, "other": 1}


@pytest.mark.parametrize("existing", ["update", "keep"])
def test_an_item_whose_time_is_up_is_not_there(state: Store, clock: ManualClock, existing: str) -> None:
    state.set("g", "k", 1, ttl=5)
    clock.advance(5)

    assert load(state, line(), existing=existing, dry_run=True).created == 1
    assert load(state, line(), existing=existing).created == 1
    assert state.ttl("g", "k") == math.inf


@pytest.mark.parametrize(
    ("existing", "counts", "left"),
    [
        ("overwrite", {"created": 1, "overwritten": 3}, 2),
        ("update", {"created": 1, "overwritten": 2, "same": 1}, 2),
        ("keep", {"created": 1, "kept": 3}, 1),
    ],
)
@pytest.mark.parametrize("batch", [1, 3, 1000])
def test_a_key_that_stands_in_a_file_several_times(
    state: Store, monkeypatch: pytest.MonkeyPatch, batch: int, existing: str, counts: dict[str, int], left: int
) -> None:
    monkeypatch.setattr(loading, "BATCH_LINES", batch)
    text = line(value=1) + line(value=1) + line(value=3) + line(value=2)

    would = load(state, text, existing=existing, dry_run=True)
    assert would == load(state, text, existing=existing) == LoadReport(4, len(text), **counts)
    assert state.get("g", "k") == left


@pytest.mark.parametrize("dry_run", [True, False])
def test_each_line_is_told_with_what_was_there(filled: Store, dry_run: bool) -> None:
    told: list[LoadedLine] = []
    gone = line(key="gone", expires_at="2001-01-01T00:00:00Z")
    load(filled, TEXT + gone, existing="update", dry_run=dry_run, each=told.append)

    assert [(each.number, each.fate, each.entry.key, each.value) for each in told] == [
        (1, "created", "new", 9),
        (2, "same", "same", 1),
        (3, "overwritten", "other", 2),
        (4, "overwritten", "expiry", 1),
        (5, "expired", "gone", 1),
    ]
    assert [each.old and (each.old.key, each.old.value) for each in told] == [
        None,
        ("same", 1),
        ("other", 1),
        ("expiry", 1),
        None,
    ]


@pytest.mark.parametrize("undo", [True, "import-1"])
def test_a_whole_load_is_undone_under_one_id(filled: Store, monkeypatch: pytest.MonkeyPatch, undo: bool | str) -> None:
    monkeypatch.setattr(loading, "BATCH_LINES", 2)
    before = everything(filled)
    load(filled, TEXT + numbered(5, "h"), existing="update", undo=undo)
    (entry,) = filled.trash().items

    assert undo in (True, entry.id)
    assert (entry.action, entry.items, entry.groups) == ("set", 8, 2)
    assert filled.restore(entry.id).items == 8
    assert everything(filled) == before


def test_a_dry_run_keeps_nothing_for_undo(filled: Store) -> None:
    load(filled, TEXT, dry_run=True, undo=True)
    assert filled.trash().items == []


@pytest.mark.parametrize("options", [{"existing": "skip"}, {"existing": None}, {"undo": ""}, {"undo": "\n"}])
def test_bad_options_are_refused_before_anything_is_written(state: Store, options: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgument):
        load(state, line(), **options)
    assert everything(state) == {}
