"""The counters by which processes know that what they have cached is still right."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from pathlib import Path

import pytest

from store import Store, open_store
from store.backends import generations
from store.backends.generations import COMMITS, ENDED, EPOCH, Generations, slot_of
from store.backends.sqlite import SqliteBackend
from tests.store.support import in_children

STORE_ID = bytes(range(16))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


def opened(path: Path) -> Store:
    return open_store(f"sqlite:///{path}", sweep_interval=None)


def counters(state: Store) -> Generations:
    """Those that the store's writes raise."""
    backend = state._backend
    assert isinstance(backend, SqliteBackend)
    return backend._file.generations


def answers_from_cache(state: Store, group: str, key: str) -> bool:
    """Whether a read is answered without SQLite, at the latest the third time."""
    before = state.stats().cache_hits
    for _ in range(3):
        state.get(group, key)
    return state.stats().cache_hits > before


def test_a_commit_is_under_way_from_its_beginning_to_its_end(path: Path) -> None:
    path.touch()
    generations.make(Path(f"{path}-gen"), STORE_ID)
    one, two = (Generations(Path(f"{path}-gen"), STORE_ID, writable=True) for _ in range(2))
    slots = (slot_of("g", "k"), slot_of("g", "l"))
    before = [one.words[slot] for slot in slots]
    numbers = one.begin(slots)
    assert [two.words[slot] for slot in slots] == list(numbers) != before
    assert all(two.words[slot + ENDED] != two.words[slot] for slot in slots)
    assert two.words[COMMITS] == 1
    one.end(slots, numbers)
    assert all(two.words[slot + ENDED] == two.words[slot] for slot in slots)
    assert two.words[EPOCH] == two.words[EPOCH + ENDED] == 0


def test_a_late_end_does_not_end_the_commit_after_it(path: Path) -> None:
    with opened(path) as state:
        both, slots = counters(state), (slot_of("g", "k"),)
        first = both.begin(slots)
        second = both.begin(slots)
        both.end(slots, first)
        assert both.words[slots[0] + ENDED] != both.words[slots[0]]
        both.end(slots, second)
        assert both.words[slots[0] + ENDED] == both.words[slots[0]]


def test_no_number_comes_twice_whoever_died_or_was_late(path: Path) -> None:
    with opened(path) as state:
        both, slots, seen = counters(state), (slot_of("g", "k"),), set[int]()
        for round_number in range(50):
            numbers = both.begin(slots)
            assert not seen & set(numbers)
            seen.update(numbers)
            late = both.begin(slots)
            seen.update(late)
            if round_number % 3:
                both.end(slots, late)
            both.end(slots, numbers)


def test_slots_are_pairs_of_words_within_the_file_and_none_of_the_shared_ones(path: Path) -> None:
    slots = {slot_of("g", str(number)) for number in range(20_000)}
    assert len(slots) > 15_000
    assert min(slots) > EPOCH + ENDED
    assert max(slots) + ENDED < generations.WORDS
    assert len({slot % 2 for slot in slots}) == 1
    assert slot_of("a", "bc") != slot_of("ab", "c")


@pytest.mark.parametrize("content", [b"", b"ststgen1", b"x" * generations.WORDS * 8], ids=["empty", "short", "other"])
def test_a_file_that_is_not_the_stores_is_replaced_at_opening(path: Path, content: bytes) -> None:
    opened(path).close()
    beside = Path(f"{path}-gen")
    beside.write_bytes(content)
    with opened(path) as state:
        state.set("g", "k", 1)
        assert answers_from_cache(state, "g", "k")
    assert beside.stat().st_size == generations.WORDS * 8


def test_the_counters_of_another_store_are_not_taken(path: Path) -> None:
    other = path.with_name("other.db")
    opened(path).close()
    opened(other).close()
    mark = Path(f"{other}-gen").read_bytes()
    Path(f"{path}-gen").write_bytes(mark)
    opened(path).close()
    assert Path(f"{path}-gen").read_bytes()[:24] != mark[:24]


def test_the_file_may_be_lost_while_nobody_has_the_store_open(path: Path) -> None:
    with opened(path) as state:
        state.set("g", "k", 1)
    Path(f"{path}-gen").unlink()
    with opened(path) as one, opened(path) as two:
        assert answers_from_cache(one, "g", "k")
        two.set("g", "k", 2)
        assert one.get("g", "k") == 2


def test_whoever_may_write_the_database_may_write_the_counters(path: Path) -> None:
    mask = os.umask(0o077)
    try:
        path.touch()
        path.chmod(0o664)
        opened(path).close()
    finally:
        os.umask(mask)
    assert stat.S_IMODE(Path(f"{path}-gen").stat().st_mode) == 0o664


def test_making_the_file_leaves_no_other_behind(path: Path) -> None:
    opened(path).close()
    assert {file.name for file in path.parent.iterdir()} == {"state.db", "state.db-gen"}


def test_a_store_opened_through_a_link_shares_the_counters(path: Path) -> None:
    link = path.with_name("link.db")
    link.symlink_to(path)
    with opened(path) as one, opened(link) as two:
        one.set("g", "k", 1)
        assert answers_from_cache(two, "g", "k")
        one.set("g", "k", 2)
        assert two.get("g", "k") == 2
    assert {file.name for file in path.parent.iterdir()} == {"state.db", "state.db-gen", "link.db"}


def test_between_two_commits_of_which_the_first_ends_late_a_read_is_never_older_than_the_one_before(path: Path) -> None:
    with opened(path) as first, opened(path) as second, opened(path) as reader:
        first.set("g", "k", 0)
        ended: list[tuple[Sequence[int], Sequence[int]]] = []
        real_end, real_begin, own_end = counters(first).end, counters(second).begin, counters(second).end

        def begin(slots: Sequence[int]) -> list[int]:
            numbers = real_begin(slots)
            real_end(*ended[0])  # the first writer notes its end only now, and the second has not committed yet
            answers_from_cache(reader, "g", "k")
            return numbers

        def end(slots: Sequence[int], numbers: Sequence[int]) -> None:
            assert reader.list("g") == [2]
            assert reader.get("g", "k") == 2
            own_end(slots, numbers)

        counters(first).end = lambda slots, numbers: ended.append((slots, numbers))  # type: ignore[method-assign]
        counters(second).begin, counters(second).end = begin, end  # type: ignore[method-assign]
        first.set("g", "k", 1)
        second.set("g", "k", 2)
        assert answers_from_cache(reader, "g", "k")


@pytest.mark.parametrize("moment", ["begin", "end"])
@pytest.mark.parametrize("whole_group", [False, True], ids=["an item", "a group"])
def test_after_a_writer_that_died_at_its_commit_reads_are_right_and_after_the_next_write_cached(
    path: Path, moment: str, whole_group: bool
) -> None:
    with opened(path) as state:
        state.set("g", "k", 1)
        assert answers_from_cache(state, "g", "k")

        def die() -> int:
            with opened(path) as own:
                real_begin = counters(own).begin

                def begin(slots: Sequence[int]) -> list[int]:
                    real_begin(slots)
                    os._exit(7)

                if moment == "begin":  # announced, never committed
                    counters(own).begin = begin  # type: ignore[method-assign]
                else:  # committed, and the end never noted
                    counters(own).end = lambda *_: os._exit(7)  # type: ignore[method-assign]
                if whole_group:
                    own.clear("g")
                own.set("g", "k", 2)
            return 0

        assert in_children(die) == [7]
        expected = {"begin": 1, "end": None if whole_group else 2}[moment]
        assert state.get("g", "k") == expected
        assert not answers_from_cache(state, "g", "k")
        assert state.get("g", "k") == expected
        state.set("g", "k", 3)
        assert state.get("g", "k") == 3
        assert answers_from_cache(state, "g", "k")
