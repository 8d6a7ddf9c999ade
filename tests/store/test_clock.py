"""The clock."""

from __future__ import annotations

from store.clock import SteadyClock, system_clock
from tests.conftest import ManualClock


def test_a_steady_clock_stands_still_while_its_source_runs_backwards(clock: ManualClock) -> None:
    steady = SteadyClock(clock)
    start = steady()
    clock.advance(10)
    assert steady() == start + 10_000
    clock.advance(-60)
    assert steady() == start + 10_000
    clock.advance(61)
    assert steady() == start + 11_000


def test_the_system_clock_counts_milliseconds_since_1970() -> None:
    assert 1_700_000_000_000 < system_clock() < 10_000_000_000_000


def test_a_clock_set_back_by_much_was_wrong_before(clock: ManualClock) -> None:
    steady = SteadyClock(clock)
    start = steady()
    clock.advance(86_400)
    assert steady() == start + 86_400_000
    clock.advance(-86_400)
    assert steady() == start
