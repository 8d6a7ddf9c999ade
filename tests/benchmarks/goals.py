"""What the store should reach, as ratios of medians of one run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import TypeAlias

from tests.benchmarks.caching import COUNTING_ID, HIT_ID
from tests.benchmarks.pages import PAGES, WHOLE
from tests.benchmarks.processes import BESIDE_ID
from tests.benchmarks.rounds import Figure, Row
from tests.benchmarks.stampede import PROCESSES, RUNS_ID, SERVED_ID, THREADS

Rows: TypeAlias = dict[str, Row]
Of: TypeAlias = Callable[[Figure], float]

_MEDIAN: Of = attrgetter("median")
_P99: Of = attrgetter("median_p99")
_WORST: Of = attrgetter("worst")

_STAMPEDE = f"{PROCESSES} processes x {THREADS} threads call a cold key"


@dataclass(frozen=True)
class Goal:
    """A goal: `measure` gives the number that should be at most (or at least) the limit, or raises KeyError."""

    text: str
    measure: Callable[[Rows], float]
    limit: float
    unit: str = "x"
    at_least: bool = False

    def measured(self, rows: Rows) -> float | None:
        """The number, or None if this run did not measure it."""
        try:
            return self.measure(rows)
        except KeyError:
            return None

    def is_met(self, measured: float) -> bool:
        """Whether that is good enough."""
        return measured >= self.limit if self.at_least else measured <= self.limit

    @property
    def bound(self) -> str:
        """The limit in words."""
        return f"{'at least' if self.at_least else 'at most'} {self.limit:.3g} {self.unit}"


def _faster(text: str, row: str, limit: float, peer: str = "diskcache", of: Of = _MEDIAN) -> Goal:
    """This store against a slower peer."""

    def measure(rows: Rows) -> float:
        figures = rows[row].figures
        return of(figures[peer]) / of(figures["stepstate"])

    return Goal(f"{text}: faster than {peer}", measure, limit, at_least=True)


def _close(text: str, row: str, limit: float, peer: str, ours: str = "stepstate", of: Of = _MEDIAN) -> Goal:
    """This store against what bounds it from below."""

    def measure(rows: Rows) -> float:
        return of(rows[row].figures[ours]) / of(rows[row].figures[peer])

    return Goal(f"{text}: against {peer}", measure, limit)


def _large(text: str, row: str) -> Goal:
    def measure(rows: Rows) -> float:
        return rows[f"{row}-large"].figures["stepstate"].median / rows[f"{row}-small"].figures["stepstate"].median

    return Goal(f"{text}, large group: against the same in one of 1,000", measure, 1.5)


def _time(text: str, row: str, milliseconds: float, of: Of = _MEDIAN) -> Goal:
    return Goal(text, lambda rows: of(rows[row].figures["stepstate"]) / 1000, milliseconds, "ms")


def _flat(rows: Rows) -> float:
    times = [rows[f"page-{spot}"].figures["stepstate"].median for spot in ("first", "middle", "last")]
    return max(times) / min(times)


def _slowest_page(rows: Rows) -> float:
    ids = [id_ for id_ in rows if id_.startswith(PAGES) and not id_.startswith(WHOLE)]
    if not ids:
        raise KeyError(PAGES)
    return max(rows[id_].figures["stepstate"].median for id_ in ids) / 1000


GOALS: Sequence[Goal] = (
    _faster("get hot beside writers", BESIDE_ID, 5),
    _close("get hot beside writers", BESIDE_ID, 1.3, "TLRUCache"),
    _faster("get cold", "get-cold-order", 1.8),
    _close("get cold", "get-cold-order", 1.35, "bare apsw"),
    _faster("set over, old value returned", "set-over-order", 3.5),
    _faster("set over with TTL, old value returned", "set-over-ttl", 3),
    _faster("increment, 1 process", "increment", 4),
    _faster("increment one counter, 4 processes", "increment-4", 5),
    _close("increment one counter, 4 processes, p99", "increment-4", 1 / 3, "diskcache", of=_P99),
    _close("memory backend, get", "get-hot-order", 1.3, "TLRUCache", "stepstate memory"),
    _close("list of 10,000", "list-10000", 2, "orjson.loads"),
    _large("get hot", "sized-get-hot"),
    _large("get cold", "sized-get-cold"),
    _large("set over", "sized-set-over"),
    _large("set new", "sized-set-new"),
    _time("first page of 50 of a large group", "page-first", 1),
    _time("middle page", "page-middle", 1),
    _time("last page", "page-last", 1),
    Goal("slowest of these pages: against the quickest", _flat, 1.5),
    _time("first page of 50 of many groups", "groups-first", 10),
    _time("a later page", "groups-middle", 10),
    _time("clear a large group", "clear", 500),
    _time("longest write of another process meanwhile", "clear-wait", 50, _WORST),
    _close("cached function, hit with near=", HIT_ID, 2, "cachetools.cached", "stepstate near"),
    _faster("cached function, SQLite hit", HIT_ID, 3, "diskcache.memoize"),
    _close("counted SQLite hit", COUNTING_ID, 1.05, "stepstate uncounted"),
    _close("counted hit with near=", COUNTING_ID, 1.05, "stepstate near uncounted", "stepstate near"),
    Goal(f"{_STAMPEDE}: most runs", lambda rows: _WORST(rows[RUNS_ID].figures["stepstate"]), 1, ""),
    Goal(f"{_STAMPEDE}: last one served", lambda rows: _WORST(rows[SERVED_ID].figures["stepstate"]), 250, "ms"),
    Goal("slowest page of the dashboard", _slowest_page, 30, "ms"),
    _time("import and open, nothing there", "startup-new", 100),
    _time("import and open, existing", "startup-existing", 100),
    Goal(
        "foreign libraries that `import store` loads",
        lambda rows: rows["startup-foreign"].figures["stepstate"].median,
        0,
        "",
    ),
)
