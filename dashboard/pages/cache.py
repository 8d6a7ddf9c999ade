"""What the store's cached functions did, what is kept of them and until when."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Literal

from dashboard.formats import duration, oneline
from dashboard.histogram import Histogram, entries, histogram
from dashboard.pages.errors import NotFound, group_in
from dashboard.rendering import render, store_of
from dashboard.urls import Listing, Urls
from store import InvalidArgument

if TYPE_CHECKING:
    from datetime import datetime

    from starlette.requests import Request
    from starlette.responses import Response

    from store import CacheInfo, GroupInfo, Item, Page, Store

FUNCTIONS: Final = 25  # on a page
ENTRIES: Final = 50  # on a page
SAMPLE: Final = 1000  # entries that a picture is made of at most
SAMPLE_BYTES: Final = 4 * 1024 * 1024
COUNTERS: Final = "stepstate:cache"  # the group with the counters, as `Store.cache_stats` says


@dataclass(frozen=True, slots=True)
class Function:
    """A cached function: its counters, and its group (None: nothing is kept)."""

    info: CacheInfo
    group: GroupInfo | None
    picture: Histogram | None = None

    @property
    def name(self) -> str:
        """The function's own name."""
        return oneline(self.info.function.rpartition(".")[2]) or "unknown function"

    @property
    def home(self) -> str:
        """The module or class that it belongs to."""
        return oneline(self.info.function.rpartition(".")[0])

    @property
    def entries(self) -> int:
        """How many results are kept."""
        return 0 if self.group is None else self.group.items

    @property
    def size(self) -> int:
        """Their bytes of JSON text."""
        return 0 if self.group is None else self.group.size

    @property
    def next_end(self) -> datetime | None:
        """When the next entry's time is up, as far as is known."""
        known = [] if self.group is None else [self.group.next_expiry]
        known += [] if self.picture is None else [self.picture.first]
        return min((at for at in known if at is not None), default=None)

    @property
    def rate(self) -> str:
        """The part of the calls that were served, in percent."""
        return percent(self.info.served, self.info.calls)


SORTS: Mapping[str, Callable[[Function], float | str]] = {
    "group": lambda function: function.info.group_id,
    "name": lambda function: function.name,
    "entries": lambda function: function.entries,
    "size": lambda function: function.size,
    "hits": lambda function: function.info.hits,
    "misses": lambda function: function.info.misses,
    "rate": lambda function: function.info.hit_rate,
    "stale": lambda function: function.info.stale_hits,
    "saved": lambda function: function.info.seconds_saved,
}


@dataclass(frozen=True, slots=True)
class CachePage:
    """Some of the cached functions, and all of those that were looked for summed up."""

    functions: list[Function]
    next: str
    count: int
    entries: str
    size: int
    rate: str
    saved: float
    listing: Listing
    sort: str
    title: str = "Cache"
    section: Literal["cache"] = "cache"


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of a function, whether it is fresh or stale, and until when it is fresh (None: for ever)."""

    item: Item
    fresh: bool
    fresh_until: datetime | None


@dataclass(frozen=True, slots=True)
class FunctionPage:
    """A cached function, everything counted about it, and a page of its entries."""

    function: Function
    figures: list[tuple[str, str, str]]
    entries: list[Entry]
    next: str | None
    listing: Listing
    sort: str
    counters: str | None
    section: Literal["cache"] = "cache"

    @property
    def title(self) -> str:
        """The function's name."""
        return f"{self.function.name} · Cache"


def show(request: Request) -> Response:
    """GET: the cached functions, summed up and one by one."""
    store, listing = store_of(request), Listing.of(request.query_params)
    found = _sorted(_found(store, listing.search), listing.sort or "group")
    start = int(listing.after) if listing.after.isdecimal() and len(listing.after) < 10 else 0
    shown = found[start : start + FUNCTIONS]
    now = store.now()
    page = CachePage(
        functions=[replace(function, picture=_picture(store, function, now)) for function in shown],
        next=str(start + FUNCTIONS) if len(found) > start + FUNCTIONS else "",
        count=len(found),
        entries=entries(sum(function.entries for function in found)),
        size=sum(function.size for function in found),
        rate=percent(sum(each.info.served for each in found), sum(each.info.calls for each in found)),
        saved=sum(function.info.seconds_saved for function in found),
        listing=listing,
        sort=listing.sort or "group",
    )
    return render(request, "cache.html", page)


def show_function(request: Request) -> Response:
    """GET: one function with its entries."""
    function, store, listing = function_in(request), store_of(request), Listing.of(request.query_params)
    group_id, sort, now = function.info.group_id, listing.sort or "key", store.now()
    items = store.items(group_id, search=listing.search, sort=sort, after=listing.after or None, limit=ENTRIES)
    page = FunctionPage(
        function=replace(function, picture=_picture(store, function, now)),
        figures=_figures(function.info),
        entries=[_entry(item, function.info, now) for item in items.items],
        next=items.next,
        listing=listing,
        sort=sort,
        counters=COUNTERS if store.item(COUNTERS, group_id) else None,
    )
    return render(request, "cache_function.html", page)


def function_in(request: Request) -> Function:
    """The cached function whose group the request's path names.

    Raises:
        NotFound: no function is known to be cached there.
    """
    store, group_id = store_of(request), group_in(request)
    info = next((info for info in store.cache_stats() if info.group_id == group_id), None)
    if info is None:
        message = f"No cached function is known to keep its results in “{oneline(group_id)}”."
        raise NotFound(message, Urls.of(request).cache(), "All cached functions")
    return Function(info, store.group(group_id))


def percent(part: int, whole: int) -> str:
    """A share, which is 100% only if nothing is missing."""
    if not whole:
        return "–"
    return "100%" if part == whole else f"{math.floor(1000 * part / whole) / 10:.1f}%"


def _found(store: Store, search: str) -> list[Function]:
    sought = search.lower()
    infos = [info for info in store.cache_stats() if sought in f"{info.group_id}\n{info.function}".lower()]
    return [Function(info, store.group(info.group_id)) for info in infos]


def _sorted(functions: list[Function], sort: str) -> list[Function]:
    name, descending = sort.removeprefix("-"), sort.startswith("-")
    if name not in SORTS:
        raise InvalidArgument(f"cannot sort by {name!r}; sorts are {', '.join(SORTS)}, with - before it for descending")
    return sorted(functions, key=SORTS[name], reverse=descending)


def _picture(store: Store, function: Function, now: datetime) -> Histogram | None:
    """Of all entries, or of as many as are read quickly: the first by key, whose times are as good as any."""
    if not function.entries:
        return None
    limit = max(1, min(SAMPLE, SAMPLE_BYTES * function.entries // max(1, function.size)))
    page: Page[Item] = store.items(function.info.group_id, limit=limit)
    return histogram(page.items, now, function.info.stale, function.entries if page.next else None)


def _entry(item: Item, info: CacheInfo, now: datetime) -> Entry:
    if item.expires_at is None:
        return Entry(item, True, None)
    until = item.expires_at - timedelta(seconds=info.stale)
    return Entry(item, now < until, until)


def _figures(info: CacheInfo) -> list[tuple[str, str, str]]:
    """What was counted: label, figure, and what it means."""
    return [
        ("Hit rate", percent(info.served, info.calls), "Hits, stale hits and waits, of all calls"),
        ("Time saved", duration(info.seconds_saved), "How long the runs would have taken that were not needed"),
        ("Calls", f"{info.calls:,}", "Calls of the cached function"),
        ("Hits", f"{info.hits:,}", "A fresh result was there"),
        ("Stale hits", f"{info.stale_hits:,}", "An old result was served while a new one was fetched"),
        ("Waits", f"{info.waits:,}", "Another call was about to get it, and this one had it from there"),
        ("Misses", f"{info.misses:,}", "The function ran for this call"),
        ("Runs", f"{info.runs:,}", "Runs of the function that returned, those in the background included"),
        ("Mean run", run_time(info.mean_seconds) if info.runs else "–", "How long the function takes"),
        ("Failed runs", f"{info.failures:,}", "Runs of the function that raised"),
        ("Store errors", f"{info.errors:,}", "Failures of the store, past which the function was called"),
    ]


def run_time(seconds: float) -> str:
    """How long a call takes: `0.4 ms`, `210 ms`, `1.8 s`, `2 min 5 s`."""
    if seconds < 1:
        return f"{seconds * 1000:.3g} ms"
    return f"{seconds:.1f} s" if seconds < 60 else duration(seconds)
