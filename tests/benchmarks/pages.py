"""How long the dashboard's server takes for a page, with a million items in the store; and its peers, on as many."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from html import unescape
from itertools import islice
from pathlib import Path
from re import search
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from store import Rule, Store, open_store
from tests.benchmarks import sites_peers
from tests.benchmarks.rounds import Figure, Row, Settings
from tests.benchmarks.sites import LIVE, Site, Stepstate
from tests.benchmarks.subjects import chunks
from tests.benchmarks.values import GROUP, key_of, order

PAGES = "pages-"
WHOLE = f"{PAGES}whole-"
"""What a row's id begins with; that of a page for which all items of a group are looked at."""

RUNS = 5000
EXPIRING = 10  # each so-manieth order expires
RARE = 20_999  # one of so many orders is not paid
UNDONE = 100
RESULTS = 2000
MIDDLE = key_of(500)

_GROUP, _ITEM = f"/groups/{GROUP}", f"/groups/{GROUP}/items/{MIDDLE}"
_TABLE = f"/{sites_peers.DATABASE}/{GROUP}"
_JOBS = "/0/{}/jobs/default/queued/50/asc/{}"


@dataclass(frozen=True)
class Page:
    """A row: the paths that make up the page, here and with the peers that have the like."""

    id: str
    title: str
    path: str
    datasette: str = ""
    rq: Sequence[str] = ()

    @property
    def paths(self) -> dict[str, Sequence[str]]:
        """By site."""
        paths = {"stepstate": [self.path], "Datasette": [self.datasette], "rq-dashboard": self.rq}
        return {name: found for name, found in paths.items() if all(found) and found}


def _jobs(page: int) -> Sequence[str]:
    """The page, and what its script asks for to fill it."""
    return [_JOBS.format("view", page), f"{_JOBS.format('data', page)}.json"]


def pages(second: str) -> Sequence[Page]:
    """All of them; `second` is where the second page of the group is."""
    at_50 = f"{_TABLE}?_size=50"
    return (
        Page("groups", "groups", "/?view=list", "/", ["/", "/0/data/queues.json"]),
        Page("tree", "groups as a tree", "/?view=tree"),
        Page("group", "group, first page", _GROUP, at_50, _jobs(1)),
        Page("second", "group, second page", second, f"{at_50}&_next={key_of(49)}", _jobs(2)),
        Page("filter", "group, status = paid", f"{_GROUP}?where=status+%3D+paid", f"{at_50}&status=paid&_nofacet=1"),
        Page("ttl", "group, by TTL", f"{_GROUP}?sort=expires", f"{at_50}&_sort=expires_at"),
        Page("live", "group, what is live of it", f"{LIVE}{_GROUP}"),
        Page("item", "item", _ITEM, f"{_TABLE}/{MIDDLE}", [f"/0/view/job/{MIDDLE}", f"/0/data/job/{MIDDLE}.json"]),
        Page("json", "item as JSON", f"{_ITEM}/json"),
        Page("edit", "item, editor", f"{_ITEM}/edit"),
        Page("operations", "item, operations", f"{_ITEM}/operations"),
        Page("cleanup", "cleanup", "/cleanup"),
        Page("preview", "cleanup, preview", "/cleanup?finished=yes&match=wf-*"),
        Page("trash", "trash", "/trash"),
        Page("cache", "cache", "/cache"),
        Page("function", "cache, a function", "/cache/groups/rates"),
        Page(
            "whole-rare", "group, 48 of it by status", f"{_GROUP}?where=status+%3D+pending", f"{at_50}&status=pending"
        ),
        Page("whole-text", "group, text in values", f"{_GROUP}?search=pending&in=values"),
        Page("whole-changed", "group, by change", f"{_GROUP}?sort=-updated", f"{at_50}&_sort_desc=updated_at"),
        Page("whole-size", "group, by size", f"{_GROUP}?sort=-size"),
        Page("whole-field", "group, by a field", f"{_GROUP}?sort=-$.total", f"{at_50}&_sort_desc=total"),
    )


def orders(size: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """The content of the large group."""
    for number in range(size):
        yield key_of(number), {**order(number), "status": "pending" if number % RARE == 7 else "paid"}


def fill(store: Store, size: int) -> None:
    """The large group, small ones, a cached function's, a rule, and something in the trash."""
    for hours, part in enumerate(chunks(orders(size)), 1):
        store.set_many(GROUP, part)
        store.expire_many(GROUP, list(islice(part, 0, None, EXPIRING)), timedelta(hours=hours))
    for number in range(RUNS):
        run = f"wf-{number % 20:02d}:{number:06d}"
        store.set_many(run, {"payment": {"order": key_of(number)}, "state": "done", "attempts": number % 5})
        if number % 50 == 0:
            store.finish(run)
    rate = store.cached("rates", ttl=86400)(lambda base: {"base": base, "EUR": 0.92})
    for number in range(RESULTS):
        rate(f"C{number}")
    for number in range(UNDONE):
        store.set("gone", key_of(number), order(number))
        store.delete("gone", key_of(number), undo=True)
    store.save_rule(Rule("nightly", idle=86400, finished=True))


@dataclass
class _Seat:
    site: Site
    paths: Sequence[str]
    calls: int = 1
    times: list[float] = field(default_factory=list)
    figure: Figure = field(default_factory=lambda: Figure([]))

    def warm_up(self, settings: Settings) -> None:
        """See how many calls fill a block; pages take five of those that single operations do."""
        took = min(self.site.times(self.paths, 3))
        self.calls = max(1, min(50, round(5 * settings.block / took)))

    def take(self) -> None:
        """One turn."""
        times = [seconds * 1e6 for seconds in self.site.times(self.paths, self.calls)]
        self.times.extend(times)
        self.figure.rounds.append(median(times))
        self.figure.p95 = sorted(self.times)[len(self.times) * 95 // 100]


def measure(settings: Settings, sites: Sequence[Site], page: Page) -> Row:
    """Time a page of all sites that have it, in turns."""
    seats = [_Seat(site, page.paths[site.name]) for site in sites if site.name in page.paths]
    for seat in seats:
        seat.warm_up(settings)
    for turn in range(settings.rounds):
        for step in range(len(seats)):
            seats[(turn + step) % len(seats)].take()
    return Row(f"{PAGES}{page.id}", page.title, {seat.site.name: seat.figure for seat in seats})


@contextmanager
def _open_sites(settings: Settings) -> Iterator[list[Site]]:
    """This dashboard, and its peers."""
    with TemporaryDirectory(dir=settings.folder) as base, ExitStack() as opened:
        folder = Path(base)
        store = opened.enter_context(open_store(f"sqlite:///{folder}/state.db"))
        fill(store, settings.many)
        site = opened.enter_context(closing(Stepstate(store)))
        datasette = opened.enter_context(sites_peers.datasette(folder, orders(settings.many), EXPIRING))
        rq = opened.enter_context(sites_peers.rq_dashboard(settings.many))
        yield [site, datasette, rq]


def _second(site: Site) -> str:
    """Where the second page of the group is."""
    link = search(r'href="([^"]*\bpage=2\b[^"]*)"', site.page(_GROUP))
    if link is None:
        raise LookupError("the group has no second page")
    return unescape(link[1])


def run(settings: Settings, wanted: Callable[[str], bool]) -> Iterator[Row]:
    """The pages that are wanted; nothing is filled if none is."""
    if not any(wanted(f"{PAGES}{page.id}") for page in pages("")):
        return
    with _open_sites(settings) as sites:
        for page in pages(_second(sites[0])):
            if wanted(f"{PAGES}{page.id}"):
                yield measure(settings, sites, page)
