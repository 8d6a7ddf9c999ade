"""What is timed on large groups, and on many of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from time import perf_counter, sleep

from tests.benchmarks import floors, peers
from tests.benchmarks.rounds import Figure, Maker, Place, Row, Settings, in_turns, places
from tests.benchmarks.subjects import Call, Stepstate, Subject, operation
from tests.benchmarks.values import GROUP, TTL, key_of, order
from tests.benchmarks.workers import Team
from tests.benchmarks.works import HOT, fill, items, new, once, over

SMALL = 1000
WRITERS = 2
KINDS: Sequence[type[Subject]] = (Stepstate, peers.Diskcache, floors.Apsw, floors.Lmdb)
WORKS: Sequence[tuple[str, str, Maker, int, int]] = (
    ("sized-get-hot", "get hot, 240 B", over("get", 1000), 5000, HOT),
    ("sized-get-cold", "get cold, 240 B", once, 1000, 0),
    ("sized-set-over", "set over, 240 B", over("set", 1000, value=order), 5000, 0),
    ("sized-set-new", "set new, 240 B", new(order), 500, 0),
)
SPOTS = ("first", "middle", "last")


def _row(id_: str, title: str, found: Sequence[Place], figures: Sequence[Figure]) -> Row:
    return Row(id_, title, {place.name: figure for place, figure in zip(found, figures, strict=True)})


def sized(settings: Settings, small: list[Place], large: list[Place], wanted: Callable[[str], bool]) -> Iterator[Row]:
    """The same work on a group of 1,000 and on a large one, both in the same rounds."""
    for id_, title, make, most, warm in WORKS:
        if wanted(id_):
            seats = [(place, make) for place in [*small, *large]]
            figures = in_turns(settings, seats, least=20, most=most, warm=warm)
            yield _row(f"{id_}-small", f"{title}, group of {SMALL:,}", small, figures[: len(small)])
            yield _row(f"{id_}-large", f"{title}, group of {settings.many:,}", large, figures[len(small) :])


def pages(settings: Settings, large: list[Place]) -> Iterator[Row]:
    """Fifty items by key, at three places of a large group; all in the same rounds."""
    found = [place for place in large if hasattr(place.subject, "page")]

    def at(number: int) -> list[tuple[Place, Maker]]:
        return [(place, _calling("page", operation(place.subject, "place")(GROUP, number))) for place in found]

    seats = [seat for number in (0, settings.many // 2, settings.many - 50) for seat in at(number)]
    figures = in_turns(settings, seats, least=5, most=200)
    for number, spot in enumerate(SPOTS):
        part = figures[number * len(found) : (number + 1) * len(found)]
        yield _row(f"page-{spot}", f"{spot} page of 50 by key, group of {settings.many:,}", found, part)


def _calling(name: str, *arguments: object) -> Maker:
    def make(place: Place, calls: int) -> list[Call]:
        return [(operation(place.subject, name), (GROUP, *arguments))] * calls

    return make


def groups(settings: Settings) -> Iterator[Row]:
    """Pages of 50 groups of a store with many, a third of the items with a TTL."""
    each = settings.many // settings.many_groups
    with places([Stepstate], settings.folder) as (place,):
        assert isinstance(place.subject, Stepstate)
        store = place.subject.store
        plain = dict(items(order, each - each // 3))
        passing = {key_of(each + number): order(number) for number in range(each // 3)}
        for number in range(settings.many_groups):
            store.set_many(f"run-{number:06d}", plain)
            store.set_many(f"run-{number:06d}", passing, ttl=TTL + number)
        after: str | None = None
        for _ in range(5):
            after = store.groups(limit=min(1000, settings.many_groups // 6), after=after).next
        seats: list[tuple[Place, Maker]] = [(place, _paging(None)), (place, _paging(after))]
        figures = in_turns(settings, seats, least=1, most=20)
        counted = f"{settings.many_groups:,} groups of {settings.many:,} items"
        yield _row("groups-first", f"first page of 50 groups, {counted}", [place], figures[:1])
        yield _row("groups-middle", f"a later page of 50 groups, {counted}", [place], figures[1:])


def _paging(after: str | None) -> Maker:
    def make(place: Place, calls: int) -> list[Call]:
        return [(operation(place.subject, "group_page"), (after,))] * calls

    return make


def clearing(settings: Settings, team: Team) -> Iterator[Row]:
    """A group cleared while two processes write other keys of the file; and the longest that one of them waited."""
    with places([Stepstate, floors.Apsw], settings.folder) as found:
        took = [Figure([]) for _ in found]
        waited = [Figure([]) for _ in found]
        for _ in range(min(5, settings.rounds)):
            for index, place in enumerate(found):
                place.subject.fill(GROUP, items(order, settings.cleared))
                with team.writers(WRITERS, type(place.subject), place.path) as writes:
                    start = perf_counter()
                    operation(place.subject, "clear")(GROUP)
                    end = perf_counter()
                    sleep(0.02)
                took[index].rounds.append((end - start) * 1e6)
                # The clock is the machine's, so the writers' times can be laid beside these.
                meanwhile = [seconds for began, seconds in writes if began < end and began + seconds > start]
                waited[index].rounds.append(max(meanwhile, default=0.0) * 1e6)
        team.leave()
        yield _row("clear", f"clear a group of {settings.cleared:,}", found, took)
        yield _row("clear-wait", "longest write of another process meanwhile", found, waited)


@contextmanager
def sized_places(settings: Settings) -> Iterator[tuple[list[Place], list[Place]]]:
    """Small and large groups, filled."""
    with places(KINDS, settings.folder) as small, places(KINDS, settings.folder) as large:
        for place in small:
            fill(place, order, SMALL)
        for place in large:
            fill(place, order, settings.many)
        yield small, large


def run(settings: Settings, team: Team, wanted: Callable[[str], bool]) -> Iterator[Row]:
    """The rows of large groups; nothing is built for rows that are not wanted."""
    if any(wanted(id_) for id_ in ("page", *(id_ for id_, *_ in WORKS))):
        with sized_places(settings) as (small, large):
            if wanted("page"):
                yield from pages(settings, large)
            yield from sized(settings, small, large, wanted)
    if wanted("groups"):
        yield from groups(settings)
    if wanted("clear"):
        yield from clearing(settings, team)
