"""The work of a job that clears what a preview showed."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from dashboard.clearing import BATCH, Chosen, Clearing, fingerprints, parse_fingerprints
from dashboard.jobs import Job, Jobs
from store import GroupInfo, Rule, Store
from tests.dashboard.support import SetBackClock

RUNS = Rule("", match="run-*")


class Reported(Job):
    """A job that is stopped once it has got so far, and remembers what was reported."""

    def __init__(self, stop_at: int = -1) -> None:
        super().__init__("Work", "/", "Go on", lambda: 0.0)
        self.stop_at = stop_at
        self.steps: list[tuple[int, int]] = []

    def step(self, done: int, total: int) -> None:
        super().step(done, total)
        self.steps.append((done, total))
        if done >= self.stop_at >= 0:
            self.stop()


@pytest.fixture
def groups(state: Store, clock: SetBackClock) -> list[GroupInfo]:
    """Two and a half batches of groups, as a preview shows them."""
    clock.behind = 10
    for number in range(5 * BATCH // 2):
        state.set(f"run-{number:03}", "k", 1)
    clock.behind = 0
    return state.stale(match="run-*")


def named(groups: Iterable[GroupInfo]) -> Chosen:
    return Chosen({group.id: group.updated_at for group in groups})


def run(state: Store, chosen: Chosen, stop_at: int = -1) -> tuple[str, Reported]:
    job = Reported(stop_at)
    job.run(Clearing(state, RUNS, chosen))
    return job.said, job


def test_it_goes_in_batches_and_says_how_far_it_is(state: Store, groups: list[GroupInfo]) -> None:
    said, job = run(state, named(groups))

    assert job.steps == [(0, 250), (100, 250), (200, 250), (250, 250), (250, 250)]
    assert (job.state, said) == ("done", "Cleared 250 groups: 250 items, 250 B.")
    assert state.groups().items == []


def test_it_stops_between_two_batches_and_leaves_the_rest(state: Store, groups: list[GroupInfo]) -> None:
    said, job = run(state, named(groups), stop_at=100)

    assert job.state == "stopped"
    assert said == "Cleared 100 groups: 100 items, 100 B. Stopped: 150 groups were not touched."
    assert state.stale(match="run-*") == groups[100:]


def test_one_that_is_left_is_said_so(state: Store, groups: list[GroupInfo]) -> None:
    said, _ = run(state, named(groups[:101]), stop_at=100)

    assert said.endswith("Stopped: 1 group was not touched.")


def test_stopped_at_the_start_it_clears_nothing(state: Store, groups: list[GroupInfo]) -> None:
    said, job = run(state, named(groups), stop_at=0)

    assert said == "Cleared 0 groups: 0 items, 0 B. Stopped: 250 groups were not touched."
    assert job.trash_id is None
    assert state.stale(match="run-*") == groups


def test_the_job_tells_where_all_of_it_is_kept(state: Store, groups: list[GroupInfo]) -> None:
    _, job = run(state, named(groups), stop_at=200)

    assert job.trash_id is not None
    assert state.restore(job.trash_id).items == 200


def test_those_that_are_known_by_fingerprints_count_too(
    state: Store, groups: list[GroupInfo], clock: SetBackClock
) -> None:
    chosen = Chosen(named(groups[:20]).named, parse_fingerprints(fingerprints(groups[20:])))
    clock.behind = 8
    state.set("run-000", "k2", 1)
    state.set("run-249", "k2", 1)
    clock.behind = 0
    said, job = run(state, chosen)

    assert job.steps[1] == (101, 250), "the one that cannot be found any more is through"
    assert said.startswith("Cleared 248 groups: 248 items, 248 B. 2 groups stayed: changed since, or outside")
    assert [group.id for group in state.groups().items] == ["run-000", "run-249"]


def test_when_all_have_changed_nothing_is_left_to_do(state: Store, groups: list[GroupInfo]) -> None:
    for group in groups:
        state.clear(group.id)
    said, job = run(state, Chosen({}, parse_fingerprints(fingerprints(groups))))

    assert (job.state, job.done, job.total, job.trash_id) == ("done", 250, 250, None)
    assert said.startswith("Cleared 0 groups: 0 items, 0 B. 250 groups stayed")


def test_what_was_cleared_before_an_error_can_be_undone(state: Store, groups: list[GroupInfo]) -> None:
    class Closing(Reported):
        def step(self, done: int, total: int) -> None:
            super().step(done, total)
            if done == 100:
                state.close()

    job = Closing()
    job.run(Clearing(state, RUNS, named(groups)))

    assert (job.state, job.said) == ("failed", "The store was closed. 100 of 250 were through by then.")
    assert job.trash_id is not None


@pytest.mark.parametrize("text", ["", "%", "AAA", "é"])
def test_what_are_no_fingerprints_are_none(text: str) -> None:
    assert parse_fingerprints(text) == frozenset()


def test_fingerprints_are_short(groups: list[GroupInfo]) -> None:
    assert len(fingerprints(groups)) == 8 * len(groups)
    assert len(parse_fingerprints(fingerprints(groups))) == len(groups)


def test_a_job_of_the_dashboard_does_it(state: Store, groups: list[GroupInfo]) -> None:
    job = Jobs().start("Work", Clearing(state, RUNS, named(groups)), "/")

    assert job.wait(5)
    assert job.said == "Cleared 250 groups: 250 items, 250 B."
