"""Timing subjects in turns."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from tests.benchmarks.subjects import Call, Subject


@dataclass(frozen=True)
class Settings:
    """How long the run looks at each thing, and at how much."""

    rounds: int
    block: float  # seconds that one subject's turn takes, about
    many: int  # the items of a large group, or of many groups together
    many_groups: int
    cleared: int
    seconds: float  # that several processes run at once, in each round
    folder: Path


@dataclass
class Figure:
    """What one subject took: a number for each round, microseconds unless the row says otherwise."""

    rounds: list[float]
    p99: list[float] = field(default_factory=list)
    p95: float | None = None

    @property
    def median(self) -> float:
        """The number to compare."""
        return median(self.rounds)

    @property
    def median_p99(self) -> float:
        """The slowest hundredth of the calls, as it is in most rounds."""
        return median(self.p99)

    @property
    def worst(self) -> float:
        """The slowest round."""
        return max(self.rounds)


@dataclass
class Row:
    """One line of the table: what was done, and the figures by subject."""

    id: str
    title: str
    figures: dict[str, Figure]


class Place:
    """A subject that is open on a folder of its own, and what a work needs to know to make calls for it."""

    def __init__(self, kind: Callable[[Path], Subject], path: Path, size: int = 0, first: int = 0) -> None:
        self._kind = kind
        self.path = path
        self.size = size
        self.numbers = count(first)  # each gives a key that was not used before
        path.mkdir(parents=True, exist_ok=True)
        self.subject = kind(path)

    @property
    def name(self) -> str:
        """The subject's."""
        return self.subject.name

    def reopen(self) -> None:
        """Close the subject and open it anew: it knows nothing that is not in its files."""
        self.subject.close()
        self.subject = self._kind(self.path)

    def close(self) -> None:
        """Close the subject; its files stay."""
        self.subject.close()


Maker = Callable[[Place, int], list[Call]]
"""Prepares so many calls for a subject, untimed."""


@contextmanager
def places(kinds: Sequence[type[Subject]], folder: Path) -> Iterator[list[Place]]:
    """Subjects open on a temporary folder each."""
    with TemporaryDirectory(dir=folder, ignore_cleanup_errors=True) as base, ExitStack() as opened:
        found = []
        for kind in kinds:
            place = Place(kind, Path(base) / kind.name)
            opened.callback(place.close)
            found.append(place)
        yield found


def _alone(_place: Place) -> AbstractContextManager[object]:
    return nullcontext()


def in_turns(
    settings: Settings,
    seats: Sequence[tuple[Place, Maker]],
    *,
    least: int,
    most: int,
    warm: int = 0,
    around: Callable[[Place], AbstractContextManager[object]] = _alone,
) -> list[Figure]:
    """Time each place's calls in short blocks, one place after the other, round after round.

    Before, `warm` calls (or `least`) go untimed, and `least` more say how many calls (up to `most`) fill a
    block. What happens meanwhile elsewhere is `around` each block.
    """
    sizes = []
    for place, make in seats:
        with around(place):
            took = 0.0
            for number in (warm or least, least):
                calls = make(place, number)
                took = place.subject.run(calls) / number
        sizes.append(max(least, min(most, round(settings.block / took))))
    figures = [Figure([]) for _ in seats]
    for turn in range(settings.rounds):
        for step in range(len(seats)):
            index = (turn + step) % len(seats)  # nobody always follows the same one
            place, make = seats[index]
            calls = make(place, sizes[index])
            gc.collect()  # it stays on, but starts each block from the same state
            with around(place):
                figures[index].rounds.append(place.subject.run(calls) / len(calls) * 1e6)
    return figures
