"""The first rows in an order, out of rows that come in any order."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from store.paging import STRETCHES, fold

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from store.model import Record
    from store.ordering import Place
    from store.paging import Query, Seen

Row = TypeVar("Row")


class Selection(Generic[Row]):
    """The page of rows that a query asks for, its search aside; not many more are kept meanwhile than it has."""

    def __init__(self, query: Query) -> None:
        self._limit, self._descending = query.limit, query.descending
        self._kept: list[tuple[Any, str, Row]] = []
        self._after: Any = query.after
        self._last: Any = None  # a place that is behind a full page

    def takes(self, value: int | str | Place, name: str) -> bool:
        """Whether a row with this sort value and name may be on the page, as far as is known yet."""
        last, after = self._last, self._after
        if last is not None and (name >= last[1] if value == last[0] else (value > last[0]) is not self._descending):
            return False
        return after is None or (name > after[1] if value == after[0] else (value < after[0]) is self._descending)

    def add(self, value: int | str | Place, name: str, row: Row) -> None:
        """Have a row that is taken."""
        self._kept.append((value, name, row))
        if len(self._kept) >= 2 * self._limit:
            self._cut()
            self._last = self._kept[-1][:2]

    def rows(self) -> list[tuple[Any, str, Row]]:
        """Sort values, names and rows of the page, in their order."""
        self._cut()
        return self._kept

    def _cut(self) -> None:
        self._kept.sort(key=lambda row: row[1])
        self._kept.sort(key=lambda row: row[0], reverse=self._descending)  # stable: ties stay in name order
        del self._kept[self._limit :]


def narrow(rows: Iterable[tuple[str, Record]], query: Query) -> Iterator[tuple[str, Record]]:
    """Those items that a query's search finds and whose text holds its parts."""
    search, parts = query.search, query.parts
    for row in rows:
        if search and search not in fold(row[0]):
            continue
        text = row[1].value
        for part, folded in parts:
            if part not in (text.lower() if folded else text):
                break
        else:
            yield row


def in_order(rows: Callable[[], Iterable[tuple[str, Record]]], query: Query) -> Iterator[Seen]:
    """Items in the order of their keys, as Backend.walk_items gives them; the first come before the rest is sorted."""
    for stretch in (*STRETCHES, sys.maxsize):
        found = select(rows(), replace(query, search="", limit=stretch), _key, _key)
        yield from found
        if len(found) < stretch:
            return
        last = found[-1][0]
        yield last, None
        query = replace(query, after=(last, last))


def select(
    rows: Iterable[Row], query: Query, value_of: Callable[[Row], int | str], name_of: Callable[[Row], str]
) -> list[Row]:
    """The page of rows that a query asks for, for backends without an ordered index."""
    selection, search = Selection[Row](query), query.search
    for row in rows:
        name = name_of(row)
        if not search or search in fold(name):
            value = value_of(row)
            if selection.takes(value, name):
                selection.add(value, name, row)
    return [row for _, _, row in selection.rows()]


def _key(row: tuple[str, Record]) -> str:
    return row[0]
