"""Contract: the revision, which tells whether anything was written."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from store import NEVER, Store, StoreClosed, open_store
from store.backends.sqlite_file import Connected
from tests.conftest import ManualClock
from tests.store.support import in_children

ROOT = Path(__file__).parents[2]
WRITES: dict[str, Callable[[Store], object]] = {
    "set": lambda state: state.set("g", "new", 1),
    "set over": lambda state: state.set("g", "k", 2),
    "update": lambda state: state.update("g", "k", [{"type": "set", "path": "a", "value": 1}]),
    "set many": lambda state: state.set_many("g", {"a": 1, "b": 2}),
    "delete": lambda state: state.delete("g", "k"),
    "delete many": lambda state: state.delete_many("g", ["k"]),
    "delete the last item of a group": lambda state: state.delete("other", "k"),
    "expire": lambda state: state.expire("g", "k", 60),
    "expire many": lambda state: state.expire_many("g", ["k"], 60),
    "persist": lambda state: state.persist("g", "short"),
    "never": lambda state: state.expire_many("g", ["short"], NEVER),
    "clear": lambda state: state.clear("g"),
    "clear what holds nothing but a mark": lambda state: state.clear("marked"),
    "configure": lambda state: state.configure("g", default_ttl=60),
    "configure a new group": lambda state: state.configure("empty", default_ttl=60),
    "finish": lambda state: state.finish("g"),
    "reopen": lambda state: state.reopen("done"),
    "cleanup": lambda state: state.cleanup(match="*"),
    "cleanup of a finished group": lambda state: state.cleanup(finished=True),
}
READS: dict[str, Callable[[Store], object]] = {
    "nothing": lambda _: None,
    "get": lambda state: state.get("g", "k"),
    "get what is missing": lambda state: state.get("g", "missing"),
    "item": lambda state: state.item("g", "k"),
    "list": lambda state: state.list("g"),
    "items": lambda state: state.items("g"),
    "groups": lambda state: state.groups(),
    "stale": lambda state: state.stale(match="*"),
    "delete what is missing": lambda state: state.delete("g", "missing"),
    "preview an update": lambda state: state.update("g", "k", [{"type": "set", "path": "a", "value": 1}], dry_run=True),
}


@pytest.fixture
def filled(state: Store) -> Store:
    """A store with two groups and a finished one."""
    state.set_many("g", {"k": {"n": 1}, "l": 2})
    state.set("g", "short", 3, ttl=10)
    state.set("other", "k", 1)
    state.set("done", "k", 1)
    state.finish("done")
    state.configure("marked", default_ttl=60)
    state.finish("marked")
    return state


@pytest.mark.parametrize("what", WRITES)
def test_whatever_is_written_moves_it(filled: Store, what: str) -> None:
    before = filled.revision()
    WRITES[what](filled)
    after = filled.revision()
    assert after != before
    assert filled.revision() == after


@pytest.mark.parametrize("what", READS)
def test_what_writes_nothing_leaves_it(filled: Store, what: str) -> None:
    before = filled.revision()
    READS[what](filled)
    assert filled.revision() == before


def test_a_sweep_moves_it_if_it_removes_anything(filled: Store, clock: ManualClock) -> None:
    before = filled.revision()
    filled.sweep()
    assert filled.revision() == before
    clock.advance(10)
    filled.sweep()
    assert filled.revision() != before


def test_a_finished_group_that_is_cleared_in_its_time_moves_it(filled: Store, clock: ManualClock) -> None:
    filled.finish("done", keep_for=60)
    before = filled.revision()
    clock.advance(60)
    filled.sweep()
    assert filled.revision() != before


def test_what_is_kept_to_be_undone_moves_it_as_well(filled: Store) -> None:
    filled.delete("g", "k", undo="mistake")
    before = filled.revision()
    filled.restore("mistake")
    assert filled.revision() != before
    filled.clear("g", undo="again")
    before = filled.revision()
    filled.discard("again")
    assert filled.revision() != before


def test_no_number_comes_twice(filled: Store) -> None:
    seen = {filled.revision()}
    for number in range(200):
        filled.set("g", "k", number)
        seen.add(filled.revision())
    assert len(seen) == 201


def test_writes_of_other_threads_move_it(filled: Store) -> None:
    before = filled.revision()
    thread = threading.Thread(target=filled.set, args=("g", "k", 2))
    thread.start()
    thread.join()
    assert filled.revision() != before


def test_a_store_opened_anew_counts_from_elsewhere(url: str) -> None:
    with open_store(url, sweep_interval=None) as first, open_store(url, sweep_interval=None) as second:
        seen = {first.revision() + step for step in range(-1000, 1000)}
        assert second.revision() not in seen


def test_it_is_a_whole_number_of_64_bits(state: Store) -> None:
    assert isinstance(state.revision(), int)
    assert 0 <= state.revision() < 2**63


def test_a_closed_store_has_none(state: Store) -> None:
    state.close()
    with pytest.raises(StoreClosed):
        state.revision()


class TestEviction:
    """memory:// with a bound."""

    @pytest.fixture
    def bounded(self) -> Iterator[Store]:
        with open_store("memory://", max_items=2, sweep_interval=None) as opened:
            yield opened

    def test_what_goes_for_others_moves_it(self, bounded: Store) -> None:
        bounded.set_many("g", {"a": 1, "b": 2})
        before = bounded.revision()
        bounded.set("other", "c", 3)
        assert bounded.get("g", "a") is None
        assert bounded.revision() != before


class TestProcesses:
    """SQLite, used by several processes."""

    @pytest.fixture
    def url(self, tmp_path: Path) -> str:
        return f"sqlite:///{tmp_path}/state.db"

    def test_writes_of_another_process_move_it(self, filled: Store, url: str) -> None:
        write = "import sys, store; store.open_store(sys.argv[1], sweep_interval=None).set('g', 'k', 2)"
        before = filled.revision()
        subprocess.run([sys.executable, "-c", write, url], cwd=ROOT, check=True, timeout=30)
        after = filled.revision()
        assert after != before
        assert filled.revision() == after

    def test_of_threads_that_ask_at_once_each_learns_of_a_write(
        self, filled: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        looked, learned, asked = Connected.looked, threading.Event(), threading.Event()

        def held_up(connected: Connected) -> tuple[bool, bool]:
            found = looked(connected)
            if found[0] and not learned.is_set():
                learned.set()
                asked.wait(0.2)
            return found

        before = filled.revision()
        filled.set("g", "k", 2)
        monkeypatch.setattr(Connected, "looked", held_up)
        first = threading.Thread(target=filled.revision)
        first.start()
        assert learned.wait(20)
        assert filled.revision() != before
        asked.set()
        first.join()

    def test_a_forked_child_leaves_nothing_open(self, filled: Store, url: str) -> None:
        filled.revision()
        file = url.removeprefix("sqlite:///")

        def look() -> int:
            filled.revision()
            filled.close()
            links = (os.path.realpath(f"/proc/self/fd/{name}") for name in os.listdir("/proc/self/fd"))
            return sum(link == file for link in links)

        assert in_children(look) == [0]

    def test_a_forked_child_counts_from_elsewhere_and_sees_its_parents_writes(self, filled: Store) -> None:
        number = filled.revision()

        def look() -> int:
            first = filled.revision()
            if abs(first - number) < 1000 or filled.revision() != first:
                return 1
            filled.set("g", "k", 2)
            return 0 if filled.revision() != first else 2

        assert in_children(look) == [0]
        assert abs(filled.revision() - number) < 1000
