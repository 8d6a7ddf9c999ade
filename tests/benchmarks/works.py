"""What is timed in one process."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from random import Random
from typing import Any

from tests.benchmarks import floors, peers
from tests.benchmarks.rounds import Maker, Place, Row, Settings, in_turns, places
from tests.benchmarks.subjects import Call, Items, Stepstate, StepstateMemory, Subject, operation
from tests.benchmarks.values import GROUP, TTL, counter, key_of, order, response

HOT = 3000  # reads that come before those of hot keys: each key was read a few times

SUBJECTS: Sequence[type[Subject]] = (
    Stepstate,
    StepstateMemory,
    peers.Tlru,
    peers.TlruSubscript,
    peers.Diskcache,
    peers.DiskcacheIncr,
    peers.KeyValueMemory,
    peers.KeyValueDisk,
    peers.Sqlitedict,
    floors.Apsw,
    floors.Lmdb,
    floors.JustLoads,
)


def _call(place: Place, name: str, *arguments: Any) -> Call:
    return operation(place.subject, name), (GROUP, *arguments)


def items(value: Callable[[int], Any], size: int) -> Items:
    """The content of a group."""
    return ((key_of(number), value(number)) for number in range(size))


def over(name: str, hot: int, *arguments: Any, value: Callable[[int], Any] | None = None) -> Maker:
    """The same `hot` keys again and again, spread evenly over the group."""

    def make(place: Place, calls: int) -> list[Call]:
        keys = [key_of(number) for number in range(0, place.size, max(1, place.size // hot))][:hot]
        values = () if value is None else (value(place.size),)
        return [_call(place, name, key, *values, *arguments) for key in islice(cycle(keys), calls)]

    return make


def once(place: Place, calls: int) -> list[Call]:
    """Keys each read once, in no order, by a subject just opened that has looked for one key in vain before."""
    numbers = Random(next(place.numbers)).sample(range(place.size), min(calls, place.size))  # the same for all subjects
    place.reopen()
    place.subject.result(_call(place, "get", "nothing"))
    return [_call(place, "get", key_of(number)) for number in numbers]


def missing(place: Place, calls: int) -> list[Call]:
    """1,000 keys that are not there, again and again."""
    keys = [f"missing-{number:06d}" for number in range(1000)]
    return [_call(place, "get", key) for key in islice(cycle(keys), calls)]


def new(value: Callable[[int], Any]) -> Maker:
    """Keys that were never there, behind those that are."""

    def make(place: Place, calls: int) -> list[Call]:
        fresh = [place.size + next(place.numbers) for _ in range(calls)]
        return [_call(place, "set", key_of(number), value(number)) for number in fresh]

    return make


def gone(place: Place, calls: int) -> list[Call]:
    """Items that were stored just before."""
    fresh = [key_of(place.size + next(place.numbers)) for _ in range(calls)]
    place.subject.fill(GROUP, ((key, order(0)) for key in fresh))
    return [_call(place, "delete", key) for key in fresh]


def mixed(place: Place, calls: int) -> list[Call]:
    """Nine reads of hot keys, then a write over one of them."""
    return list(islice(mixing(place), calls))


def mixing(place: Place) -> Iterator[Call]:
    """Nine reads and a write without end, each process of several in an order of its own."""
    random = Random(next(place.numbers))
    keys = [key_of(number) for number in range(0, place.size, max(1, place.size // 1000))]
    while True:
        for key in random.choices(keys, k=9):
            yield _call(place, "get", key)
        yield _call(place, "set", random.choice(keys), order(0))


def whole(place: Place, calls: int) -> list[Call]:
    """The group, all of it."""
    return [_call(place, "list")] * calls


@dataclass(frozen=True)
class Work:
    """A row: which operation, over which content."""

    id: str
    title: str
    operation: str
    make: Maker
    value: Callable[[int], Any] = order
    size: int = 1000
    only_disk: bool = False
    least: int = 20
    most: int = 5000
    warm: int = 0

    def kinds(self) -> list[type[Subject]]:
        """The subjects that can do this."""
        return [kind for kind in SUBJECTS if self._is_for(kind)]

    def _is_for(self, kind: type[Subject]) -> bool:
        if (kind.only_objects and self.value is counter) or (self.only_disk and not kind.on_disk):
            return False
        return hasattr(kind, self.operation) and kind.only in ("", self.operation)

    def run(self, settings: Settings) -> Row:
        """Time them all on fresh content."""
        with places(self.kinds(), settings.folder) as found:
            for place in found:
                fill(place, self.value, self.size)
            seats = [(place, self.make) for place in found]
            figures = in_turns(settings, seats, least=self.least, most=self.most, warm=self.warm)
            return Row(self.id, self.title, {place.name: figure for place, figure in zip(found, figures, strict=True)})


def fill(place: Place, value: Callable[[int], Any], size: int) -> None:
    """Give a subject its content, and see that it is there."""
    place.subject.fill(GROUP, items(value, size))
    place.size = size
    if hasattr(place.subject, "get") and place.subject.result(_call(place, "get", key_of(size - 1))) != value(size - 1):
        raise RuntimeError(f"{place.name} did not store what it was given")


WORKS: Sequence[Work] = (
    Work("get-hot-order", "get hot, 240 B", "get", over("get", 1000), warm=HOT),
    Work("get-hot-response", "get hot, 10 KB", "get", over("get", 100), response, 100, warm=HOT),
    Work("get-hot-counter", "get hot, integer", "get", over("get", 1000), counter, warm=HOT),
    Work("get-cold-order", "get cold, 240 B", "get", once, size=20_000, only_disk=True, most=1000),
    Work("get-cold-response", "get cold, 10 KB", "get", once, response, 2000, only_disk=True, most=1000),
    Work("get-miss", "get miss", "get", missing),
    Work("set-new-order", "set new, 240 B", "set", new(order), most=1000),
    Work("set-new-response", "set new, 10 KB", "set", new(response), response, most=500),
    Work("set-over-order", "set over, 240 B", "set", over("set", 1000, value=order)),
    Work("set-over-ttl", "set over with TTL, 240 B", "set_ttl", over("set_ttl", 1000, TTL, value=order)),
    Work("set-over-response", "set over, 10 KB", "set", over("set", 100, value=response), response, 100),
    Work("set-over-counter", "set over, integer", "set", over("set", 1000, value=counter), counter),
    Work("increment", "increment a counter", "increment", over("increment", 1000), counter),
    Work("increment-field", "increment a field, 240 B", "increment_field", over("increment_field", 1000)),
    Work("delete", "delete, 240 B", "delete", gone, most=1000),
    Work("list-100", "list of 100", "list", whole, size=100, least=5),
    Work("list-10000", "list of 10,000", "list", whole, size=10_000, least=2, most=5),
    Work("mixed", "9 get, 1 set over, 240 B", "set", mixed, warm=HOT),
)


def run(settings: Settings, wanted: Callable[[str], bool]) -> Iterator[Row]:
    """The rows of one process."""
    for work in WORKS:
        if wanted(work.id):
            yield work.run(settings)
