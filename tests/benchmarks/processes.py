"""What is timed in several processes at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from statistics import quantiles
from typing import Any

from tests.benchmarks import floors, peers
from tests.benchmarks.rounds import Figure, Place, Row, Settings, in_turns, places
from tests.benchmarks.subjects import Stepstate, Subject, operation
from tests.benchmarks.values import GROUP, counter, key_of, order
from tests.benchmarks.workers import Team, Write
from tests.benchmarks.works import HOT, SUBJECTS, fill, over

PROCESSES = 4
WRITERS = 2


@dataclass(frozen=True)
class Shared:
    """A row of several processes: microseconds for each call that they made together, and the slowest hundredth."""

    id: str
    title: str
    task: str
    operation: str
    value: Callable[[int], Any] = order

    def kinds(self) -> list[type[Subject]]:
        """The subjects that several processes can share in this."""
        return [kind for kind in SUBJECTS if self._is_for(kind)]

    def _is_for(self, kind: type[Subject]) -> bool:
        fits = kind.on_disk and not (kind.only_objects and self.value is counter)
        return fits and hasattr(kind, self.operation) and kind.only in ("", self.operation)

    def run(self, settings: Settings, team: Team) -> Row:
        """Time them all on fresh content."""
        with places(self.kinds(), settings.folder) as found:
            for place in found:
                fill(place, self.value, 1000)
            figures = {place.name: Figure([]) for place in found}
            made = {place.name: self._round(place, team, settings.seconds, Figure([])) for place in found}
            for turn in range(settings.rounds):
                for step in range(len(found)):
                    place = found[(turn + step) % len(found)]
                    made[place.name] += self._round(place, team, settings.seconds, figures[place.name])
            if self.task == "increment":
                self._check(found, made)
            team.leave()
            return Row(self.id, self.title, figures)

    def _round(self, place: Place, team: Team, seconds: float, figure: Figure) -> int:
        times = team.together(type(place.subject), place.path, place.size, self.task, seconds)
        figure.rounds.append(1e6 / sum(len(each) / sum(each) for each in times))
        together = [time for each in times for time in each]
        figure.p99.append(quantiles(together, n=100)[98] * 1e6)
        return len(together)

    def _check(self, found: Sequence[Place], made: dict[str, int]) -> None:
        for place in found:
            counted = place.subject.result((operation(place.subject, "get"), (GROUP, key_of(0))))
            if counted != made[place.name]:
                raise RuntimeError(f"{place.name} counted {counted} of {made[place.name]} increments")


SHARED: Sequence[Shared] = (
    Shared("get-4", f"get hot, 240 B, {PROCESSES} processes", "get", "get"),
    Shared("set-over-4", f"set over, 240 B, {PROCESSES} processes", "set", "set"),
    Shared("increment-4", f"increment one counter, {PROCESSES} processes", "increment", "increment", counter),
    Shared("mixed-4", f"9 get, 1 set over, 240 B, {PROCESSES} processes", "mixed", "set"),
)

BESIDE_ID = "get-hot-beside-writers"


def beside_writers(settings: Settings, team: Team) -> Row:
    """Hot reads in this process, while others write other keys of the same file about 1,000 times a second each.

    Beside a subject that lives in one process they write this store, unread: the machine is as busy for all.
    """
    kinds = [
        Stepstate,
        peers.Tlru,
        peers.TlruSubscript,
        peers.Diskcache,
        peers.KeyValueDisk,
        peers.Sqlitedict,
        floors.Apsw,
        floors.Lmdb,
    ]
    with places(kinds, settings.folder) as found:
        for place in found:
            fill(place, order, 1000)
        ours = found[0]

        def writers(place: Place) -> AbstractContextManager[list[Write]]:
            written = place if place.subject.on_disk else ours
            return team.writers(WRITERS, type(written.subject), written.path)

        seats = [(place, over("get", 1000)) for place in found]
        figures = in_turns(settings, seats, least=100, most=10_000, warm=HOT, around=writers)
        team.leave()
        title = f"get hot, 240 B, while {WRITERS} processes write other keys"
        return Row(BESIDE_ID, title, {place.name: figure for place, figure in zip(found, figures, strict=True)})


def run(settings: Settings, team: Team, wanted: Callable[[str], bool]) -> Iterator[Row]:
    """The rows of several processes."""
    if wanted(BESIDE_ID):
        yield beside_writers(settings, team)
    for shared in SHARED:
        if wanted(shared.id):
            yield shared.run(settings, team)
