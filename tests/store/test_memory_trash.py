"""memory://: the trash is bounded as the items are."""

from __future__ import annotations

import pytest

from store import UNDO_SECONDS, NotInTrash, RestoreReport, open_store
from store.backends.memory import MemoryBackend
from tests.conftest import ManualClock


def test_what_is_kept_takes_no_room_from_live_items() -> None:
    with open_store("memory://", max_items=3, sweep_interval=None) as state:
        state.set_many("g", {"a": 1, "b": 2, "c": 3})
        state.clear("g", undo="x")
        state.set_many("g", {"d": 4, "e": 5, "f": 6})
        assert state.list("g") == [4, 5, 6]
        assert state.trash_entry("x") is not None


def test_the_oldest_entries_go_when_there_are_more_items_in_them_than_there_may_be() -> None:
    with open_store("memory://", max_items=3, sweep_interval=None) as state:
        for number in range(5):
            state.set("g", str(number), number)
            state.delete("g", str(number), undo=f"id{number}")
        assert [entry.id for entry in state.trash().items] == ["id4", "id3", "id2"]
        state.set_many("h", {"a": 1, "b": 2})
        state.clear("h", undo="both")
        assert [entry.id for entry in state.trash().items] == ["both", "id4"]
        assert state.restore("both") == RestoreReport(2, 0)
        state.set("g", "k", 1)
        state.set("g", "k", 2, undo="one more")
        assert [entry.id for entry in state.trash().items] == ["one more", "id4"]


def test_an_entry_that_is_too_large_itself_is_not_kept_by_half() -> None:
    with open_store("memory://", max_items=3, sweep_interval=None) as state:
        for first in (0, 2):
            state.set_many("g", {str(first): first, str(first + 1): first + 1})
            state.clear("g", undo="x")
        with pytest.raises(NotInTrash):
            state.restore("x")


def test_discarded_and_old_entries_make_room(clock: ManualClock) -> None:
    with open_store("memory://", max_items=2, clock=clock, sweep_interval=None) as state:

        def remove(*ids: str) -> None:
            for name in ids:
                state.set("g", "k", 1)
                state.delete("g", "k", undo=name)

        remove("a", "b")
        state.discard("a")
        remove("c")
        assert {entry.id for entry in state.trash().items} == {"b", "c"}
        clock.advance(UNDO_SECONDS)
        state.sweep()
        assert isinstance(state._backend, MemoryBackend)
        assert state._backend.trash._entries == {}
        remove("d", "e")
        clock.advance(UNDO_SECONDS)
        remove("e", "f")
        assert {entry.id for entry in state.trash().items} == {"e", "f"}


def test_the_size_of_the_store_is_that_of_live_items() -> None:
    with open_store("memory://", sweep_interval=None) as state:
        state.set("g", "k", "x" * 98)
        state.delete("g", "k", undo="x")
        assert state.stats().size == 0
        state.restore("x")
        assert state.stats().size == 100
