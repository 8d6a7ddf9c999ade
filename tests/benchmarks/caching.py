"""A hit of a cached function, by each caching decorator, and what counting the hits costs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import cycle, islice
from typing import Any

from tests.benchmarks import caching_peers as peers
from tests.benchmarks.rounds import Place, Row, Settings, in_turns, places
from tests.benchmarks.subjects import Call, Subject
from tests.benchmarks.values import key_of

CACHED = "cached-"  # so begin the ids of these rows
HIT_ID = f"{CACHED}hit"
ASYNC_ID = f"{CACHED}hit-async"
COUNTING_ID = f"{CACHED}counting"

CALLS = 100  # at least, in a block
CALLS_BEFORE = 5  # of each key: the first runs the function, and then what keeps results at hand has come to do so

HIT: Sequence[type[Subject]] = (
    peers.Function,
    peers.Stepstate,
    peers.StepstateNear,
    peers.StepstateMemory,
    peers.StepstateMemoryNear,
    peers.Cachetools,
    peers.CachetoolsLocked,
    peers.DiskcacheStampede,
    peers.DiskcacheMemoize,
    peers.DogpileMemory,
    peers.DogpileDbm,
)
ASYNC: Sequence[type[Subject]] = (
    peers.AsyncFunction,
    peers.AsyncStepstate,
    peers.AsyncStepstateNear,
    peers.AsyncStepstateMemory,
    peers.Cashews,
    peers.Aiocache,
)
COUNTING: Sequence[type[Subject]] = (
    peers.Stepstate,
    peers.StepstateUncounted,
    peers.StepstateNear,
    peers.StepstateNearUncounted,
)


def hits(place: Place, calls: int) -> list[Call]:
    """Some keys again and again: new ones for each block, so that nothing kept for a second ends within one."""
    subject: Any = place.subject
    keyed: list[Call] = [(subject.hit, (key_of(next(place.numbers)),)) for _ in range(subject.keys)]
    place.subject.run(keyed * CALLS_BEFORE)
    return list(islice(cycle(keyed), calls))


def _row(settings: Settings, id_: str, title: str, kinds: Sequence[type[Subject]]) -> Row:
    with places(kinds, settings.folder) as found:
        for place in found:
            (call,) = hits(place, 1)
            subject: Any = place.subject
            if (subject.result(call) == subject.result(call)) is not subject.caches:
                raise RuntimeError(f"{place.name} did not serve what it has")
        figures = in_turns(settings, [(place, hits) for place in found], least=CALLS, most=50_000)
        return Row(id_, title, {place.name: figure for place, figure in zip(found, figures, strict=True)})


def run(settings: Settings, wanted: Callable[[str], bool]) -> Iterator[Row]:
    """The rows of one process."""
    if wanted(HIT_ID):
        yield _row(settings, HIT_ID, "hit, us", HIT)
    if wanted(ASYNC_ID):
        yield _row(settings, ASYNC_ID, "hit in asyncio, us", ASYNC)
    if wanted(COUNTING_ID):
        # A few hundredths are at stake: more rounds, and shorter ones.
        closely = replace(settings, rounds=4 * settings.rounds, block=settings.block / 2)
        yield _row(closely, COUNTING_ID, "hit, counted or not, us", COUNTING)
