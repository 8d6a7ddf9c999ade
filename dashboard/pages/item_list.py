"""The list of a group's items: its filters, its columns, how many there are, and the pages around it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dashboard import columns
from dashboard.filters import BARE_OPS, PROPERTIES, InvalidFilter, describe, format_field, parse_filter
from dashboard.formats import number
from store import OPS, Count, Page, Property, Where

if TYPE_CHECKING:
    from dashboard.urls import Listing
    from store import GroupInfo, Item, Store

PAGE_SIZES = (50, 100, 200)
LOOK_SECONDS = 2.0  # then a page that is filtered shows what was found so far
COUNT_SECONDS = 0.25
COUNTED = 10_000
LARGEST = 64 * 1024  # bytes; larger values are not read to show a few words of them
MAX_FILTERS = 20
TIMES = (Property.TTL, Property.AGE, Property.IDLE)
QUICK = ("ttl < 5m", "ttl missing")


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter that is set, or could be: how it is written, in words, where it leads, and what is wrong with it."""

    text: str
    words: str
    leads_to: Listing
    error: str = ""


@dataclass(frozen=True, slots=True)
class ItemList:
    """A page of a group's items, and all that stands around it."""

    group: GroupInfo
    listing: Listing
    page: Page[Item]
    filters: list[Filter]
    columns: columns.Columns
    counted: str
    sizes: tuple[int, ...] = PAGE_SIZES
    ops: tuple[str, ...] = OPS

    @property
    def items(self) -> list[Item]:
        """The items of this page."""
        return self.page.items

    @property
    def sort(self) -> str:
        """The order that they are in."""
        return self.listing.sort or "key"

    @property
    def size(self) -> int:
        """How many items a page has."""
        return _size(self.listing)

    @property
    def next(self) -> Listing | None:
        """The page that follows."""
        return self.listing.behind(self.page.next) if self.page.next else None

    @property
    def cut_short(self) -> bool:
        """Whether the time was up before the page was full."""
        return self.page.next is not None and len(self.page.items) < self.size

    @property
    def runs(self) -> bool:
        """Whether time that passes is enough to change what is listed."""
        return any(parse_filter(each.text).field in TIMES for each in self.filters if not each.error)

    @property
    def errors(self) -> list[Filter]:
        """The filters that are none."""
        return [each for each in self.filters if each.error]

    @property
    def quick(self) -> list[Filter]:
        """Filters that are often wanted, but for those that are set."""
        where = self.listing.where
        offered = [text for text in QUICK if text not in where]
        return [Filter(text, describe(parse_filter(text)), self.listing.filtered(*where, text)) for text in offered]

    @property
    def fields(self) -> list[str]:
        """The fields seen on this page, as they are written in filters."""
        return [format_field(name) for name in columns.seen_names(self.items)]

    @property
    def properties(self) -> list[str]:
        """The properties of items, as they are written in filters."""
        return list(PROPERTIES)

    @property
    def bare_ops(self) -> tuple[str, ...]:
        """The operators that nothing follows."""
        return BARE_OPS

    @property
    def choices(self) -> list[tuple[str, str, bool]]:
        """The columns that there could be: how each is written, its name, and whether it is there."""
        there = self.columns.names
        names = dict.fromkeys([*(name for name in there if isinstance(name, str)), *columns.seen_names(self.items)])
        extras = [(Property.VALUE, "Preview of the value"), (Property.AGE, "Created")]
        return [
            *((format_field(name), name, name in there) for name in names),
            *((format_field(extra), label, extra in there) for extra, label in extras),
        ]


def item_list(store: Store, group: GroupInfo, listing: Listing) -> ItemList:
    """The page of a group's items that a listing asks for; filters that are none are left out.

    Raises:
        InvalidArgument: for an unknown order, or a token that was made for another one.
    """
    texts = list(dict.fromkeys(listing.where))
    shown = [_set(listing, texts, index) for index in range(len(texts))]
    usable = tuple(each.text for each in shown if not each.error)
    search, where = criteria(replace(listing, where=usable))
    page = store.items(
        group.id,
        search=search,
        where=where,
        sort=listing.sort or "key",
        after=listing.after or None,
        limit=_size(listing),
        within=LOOK_SECONDS,
        largest=LARGEST,
    )
    counted = ""
    if listing.narrowed:
        count = _known(listing, page)
        if count is None:
            count = store.count(group.id, search=search, where=where, limit=COUNTED, within=COUNT_SECONDS)
        counted = f"{_about(count)} of {'≈ ' if group.approximate else ''}{number(group.items)}"
    names = columns.parse_columns(listing.columns) or columns.default_names(page.items)
    return ItemList(group, listing, page, shown, columns.chosen(names, page.items), counted)


def criteria(listing: Listing) -> tuple[str, list[Where]]:
    """What a listing looks for in keys, and its filters; a search in values is one of them.

    Raises:
        InvalidFilter: one of them is none.
    """
    where = [parse_filter(text) for text in dict.fromkeys(listing.where)]
    if listing.search and listing.within == "values":
        return "", [*where, Where(Property.VALUE, "contains", listing.search)]
    return listing.search, where


def _set(listing: Listing, texts: list[str], index: int) -> Filter:
    """A filter that is set; it leads to where it is not."""
    text = texts[index]
    without = listing.filtered(*texts[:index], *texts[index + 1 :])
    if index >= MAX_FILTERS:
        return Filter(text, text, without, f"There are at most {MAX_FILTERS} filters.")
    try:
        return Filter(text, describe(parse_filter(text)), without)
    except InvalidFilter as error:
        return Filter(text, text, without, str(error))


def _known(listing: Listing, page: Page[Item]) -> Count | None:
    """What the page itself says of how many there are: all of them, or that counting them would take too long."""
    whole = not listing.after and page.next is None
    short = page.next is not None and len(page.items) < _size(listing)
    return Count(len(page.items), exact=whole) if whole or short else None


def _about(count: Count) -> str:
    if count.exact:
        return number(count.items)
    return f"{number(count.items)}+" if count.items >= COUNTED else f"at least {number(count.items)}"


def _size(listing: Listing) -> int:
    return listing.size if listing.size in PAGE_SIZES else PAGE_SIZES[0]
