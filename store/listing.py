"""The methods of a store that look for items: pages of them, and counts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from time import monotonic

from store.apply import MISSING
from store.core import Core
from store.durations import TTL, milliseconds
from store.errors import InvalidArgument
from store.filtering import Where, check_where
from store.matching import matches, matching
from store.model import Count, Item, Page, Record
from store.names import check_name
from store.narrowing import narrowed
from store.ordering import place_of
from store.paging import ITEM_SORTS, STRETCHES, Query, check_limit, make_query
from store.selecting import Selection
from store.shaping import item_of
from store.values import shown

MAX_COUNT = 2**53
# Where some 20,000 items held less than so much of a page, it is quicker to look at all of them than to go on by key.
_SPARSE = 10


class ListingMethods(Core):
    """Pages of items, and how many there are."""

    def items(
        self,
        group_id: str,
        *,
        search: str | None = None,
        where: Iterable[Where] = (),
        sort: str = "key",
        after: str | None = None,
        limit: int = 100,
        within: TTL | None = None,
        largest: int | None = None,
    ) -> Page[Item]:
        """One page of a group's items, found by their place in the order: page 10,000 costs what page 1 costs.

        That is so of the sorts by key, size, times and expiry; a page in the order of a field looks through all items.

        Args:
            group_id: the group.
            search: only keys that contain this text; ASCII letters match in either case.
            where: only items that fit all of these conditions.
            sort: key, size, created, updated or expires (never comes last), or `$.name` for a field of the values:
                missing, null, false, true, numbers, strings (by their first 200 characters), arrays, objects. With "-"
                before it for descending.
            after: the `next` token of the page before.
            limit: how many, 1 to 1000.
            within: with conditions and sort="key", look for so many seconds (or a timedelta) at most. Then the page is
                short, with what was found, and `next` goes on behind the last item looked at. Other sorts look at all.
            largest: values of more bytes of JSON text are left where they are: the `value` of such an item is NOT_READ.

        Raises:
            InvalidArgument: for an unknown sort, a bad condition, a bad limit or a token made for another sort.
            InvalidTTL: for a `within` that is not a positive, finite time.
        """
        query = make_query(search, sort, ITEM_SORTS, after, limit, fields=True)
        query = query if largest is None else replace(query, largest=_bytes(largest))
        conditions, until = check_where(where), _deadline(within)
        check_name("group", group_id)
        if query.field is not None:
            return self._by_field(group_id, query, conditions, query.field)
        if not conditions:
            rows = self._backend.scan_items(group_id, query.peeking())
            token = query.token(rows, ITEM_SORTS[query.sort], lambda row: row[0])
            return _page(group_id, [(key, query.kept(record)) for key, record in rows[:limit]], token)
        if query.sort == "key":
            return self._walked(group_id, query, conditions, until)
        return self._selected(group_id, query, conditions)

    def count(
        self,
        group_id: str,
        *,
        search: str | None = None,
        where: Iterable[Where] = (),
        limit: int = 10_000,
        within: TTL | None = None,
    ) -> Count:
        """How many items of a group there are that `items` would list.

        Args:
            group_id: the group.
            search: only keys that contain this text, as in `items`.
            where: only items that fit all of these conditions.
            limit: count so many at most; the count of all items of a group has no limit, it costs nothing.
            within: count for so many seconds (or a timedelta) at most.

        Raises:
            InvalidArgument: for a bad condition or limit.
            InvalidTTL: for a `within` that is not a positive, finite time.
        """
        check_limit(limit, MAX_COUNT)
        query = replace(make_query(search, "key", ITEM_SORTS, None, 1), limit=limit)
        conditions, until = check_where(where), _deadline(within)
        check_name("group", group_id)
        if not query.search and not conditions:
            group = self._backend.read_group(group_id)
            return Count(0, exact=True) if group is None else Count(group.items, exact=not group.approximate)
        fits, now, found = matches(conditions), self._clock(), 0
        with self._backend.look_through(group_id, narrowed(query, conditions, now)) as rows:
            for key, record in rows:
                found += record is not None and fits(key, record, now)
                if found > limit or (until is not None and monotonic() >= until):
                    return Count(min(found, limit), exact=False)
        return Count(found, exact=True)

    def _walked(self, group_id: str, query: Query, conditions: tuple[Where, ...], until: float | None) -> Page[Item]:
        """A page in the order of keys: the walk ends where the page is full."""
        fits, now = matches(conditions), self._clock()
        found: list[tuple[str, Record]] = []
        stretches = 0
        with self._backend.walk_items(group_id, narrowed(query, conditions, now)) as rows:
            for key, record in rows:
                if record is None:
                    stretches += 1
                    if stretches == len(STRETCHES) and until is None and len(found) * _SPARSE < query.limit:
                        break
                elif fits(key, record, now):
                    if len(found) == query.limit:
                        return _page(group_id, found, query.token_behind(found[-1][0], found[-1][0]))
                    found.append((key, query.kept(record)))
                if until is not None and monotonic() >= until:
                    return _page(group_id, found, query.token_behind(key, key))
            else:
                return _page(group_id, found, None)
        rest = self._selected(group_id, replace(query, after=(key, key), limit=query.limit - len(found)), conditions)
        return Page(_page(group_id, found, None).items + rest.items, rest.next)

    def _selected(self, group_id: str, query: Query, conditions: tuple[Where, ...]) -> Page[Item]:
        """A page in any order: all items are looked at, in the order in which that is quickest."""
        fits, now, value_of = matches(conditions), self._clock(), ITEM_SORTS[query.sort]
        selection = Selection[Record](query.peeking())
        with self._backend.look_through(group_id, narrowed(query, conditions, now)) as rows:
            for row in rows:
                key, record = row
                if record is not None:
                    value = value_of((key, record))
                    if selection.takes(value, key) and fits(key, record, now):
                        selection.add(value, key, query.kept(record))
        return _page_of(group_id, selection, query)

    def _by_field(self, group_id: str, query: Query, conditions: tuple[Where, ...], field: str) -> Page[Item]:
        """A page in the order of a field: as `_selected`, but every value that fits is decoded."""
        read, now = matching(conditions), self._clock()
        selection = Selection[Record](query.peeking())
        with self._backend.look_through(group_id, narrowed(replace(query, largest=None), conditions, now)) as rows:
            for key, record in rows:
                if record is not None and (value := read(key, record, now)) is not MISSING:
                    place = place_of(value, field)
                    if selection.takes(place, key):
                        selection.add(place, key, query.kept(record))
        return _page_of(group_id, selection, query)


def _page_of(group_id: str, selection: Selection[Record], query: Query) -> Page[Item]:
    rows = selection.rows()
    token = None if len(rows) <= query.limit else query.token_behind(*rows[query.limit - 1][:2])
    return _page(group_id, [(key, record) for _, key, record in rows[: query.limit]], token)


def _page(group_id: str, rows: Iterable[tuple[str, Record]], token: str | None) -> Page[Item]:
    return Page([item_of(group_id, key, record) for key, record in rows], token)


def _bytes(largest: object) -> int:
    if isinstance(largest, bool) or not isinstance(largest, int) or largest < 0:
        raise InvalidArgument(f"largest must be a number of bytes, not {shown(largest)}")
    return largest


def _deadline(within: TTL | None) -> float | None:
    """When to stop looking, by time.monotonic()."""
    return None if within is None else monotonic() + milliseconds(within, "within") / 1000
