"""Keyset pagination: sorts, and page tokens that carry the last row's place in the order."""

from __future__ import annotations

import base64
import binascii
import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

import orjson

from store.errors import InvalidArgument
from store.values import is_text, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from store.model import GroupRecord, Record

Row = TypeVar("Row")

MAX_LIMIT = 1000
NEVER_EXPIRES = 2**62  # sorts after every expiry

# What each sort compares, given a row; ties are ordered by name. The SQL twins stand in the SQLite backend.
ITEM_SORTS: Mapping[str, Callable[[tuple[str, Record]], int | str]] = {
    "key": lambda row: row[0],
    "size": lambda row: len(row[1].value),
    "created": lambda row: row[1].created_at,
    "updated": lambda row: row[1].updated_at,
    "expires": lambda row: NEVER_EXPIRES if row[1].expires_at is None else row[1].expires_at,
}
GROUP_SORTS: Mapping[str, Callable[[GroupRecord], int | str]] = {
    "id": lambda row: row.name,
    "items": lambda row: row.items,
    "size": lambda row: row.size,
    "created": lambda row: row.created_at,
    "updated": lambda row: row.updated_at,
    "expires": lambda row: NEVER_EXPIRES if row.next_expiry is None else row.next_expiry,
}


@dataclass(frozen=True, slots=True)
class Query:
    """A listing as a backend answers it: `after` is the sort value and the name of the row before the page."""

    search: str
    sort: str
    descending: bool
    after: tuple[int | str, str] | None
    limit: int

    def peeking(self) -> Query:
        """The same page with one row more, which tells whether another page follows."""
        return replace(self, limit=self.limit + 1)

    def token(
        self, rows: Sequence[Row], value_of: Callable[[Row], int | str], name_of: Callable[[Row], str]
    ) -> str | None:
        """The token of the page behind this one, given the rows that `peeking` found; None on the last page."""
        if len(rows) <= self.limit:
            return None
        last = rows[self.limit - 1]
        sort = f"-{self.sort}" if self.descending else self.sort
        return base64.urlsafe_b64encode(orjson.dumps([sort, value_of(last), name_of(last)])).decode().rstrip("=")


EVERYTHING = Query(search="", sort="id", descending=False, after=None, limit=sys.maxsize)
"""All groups, in the order of their names."""


def fold(text: str) -> str:
    """ASCII letters in lower case, everything else as it is: what SQLite's lower() does, so that all backends agree."""
    return "".join(char.lower() if char.isascii() else char for char in text)


def make_query(search: str | None, sort: str, sorts: Iterable[str], after: str | None, limit: int) -> Query:
    """Check a listing's arguments; `sort` is a name of `sorts`, with "-" before it for descending.

    Raises:
        InvalidArgument: naming the argument and what is allowed.
    """
    name, descending = sort.removeprefix("-"), sort.startswith("-")
    if name not in sorts:
        raise InvalidArgument(f"cannot sort by {name!r}; sorts are {', '.join(sorts)}, with - before it for descending")
    if isinstance(limit, bool) or not isinstance(limit, int) or not 1 <= limit <= MAX_LIMIT:
        raise InvalidArgument(f"limit must be an integer from 1 to {MAX_LIMIT}, not {shown(limit)}")
    # No name holds NUL, nor what is no Unicode text: both find nothing, on every backend.
    sought = fold(search or "") if is_text(search or "") else "\0"
    return Query(sought, name, descending, None if after is None else _read_token(after, sort), limit)


def _read_token(token: str, sort: str) -> tuple[int | str, str]:
    try:
        parts: Any = orjson.loads(base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True))
        made_for, value, name = parts
    except (ValueError, TypeError, binascii.Error):
        raise InvalidArgument("after is not a page token of this store") from None
    if made_for != sort:
        raise InvalidArgument(f"after was made for sort={made_for!r}, not for sort={sort!r}")
    # -2^62..2^62 is what the sorts produce; anything wider was not made here and would not bind as an SQL integer.
    wanted = str if sort.removeprefix("-") in ("key", "id") else int
    in_range = type(value) is str or (type(value) is int and abs(value) <= NEVER_EXPIRES)
    if type(value) is not wanted or not in_range or type(name) is not str:
        raise InvalidArgument("after is not a page token of this store")
    return value, name


def select(
    rows: Iterable[Row],
    query: Query,
    value_of: Callable[[Row], int | str],
    name_of: Callable[[Row], str],
) -> list[Row]:
    """The page of `rows` that a query asks for, for backends without an ordered index."""
    found = [row for row in rows if query.search in fold(name_of(row))]
    found.sort(key=name_of)
    found.sort(key=value_of, reverse=query.descending)  # stable: ties stay in name order
    if query.after is not None:
        last, last_name = query.after

        def behind(row: Row) -> bool:
            value: Any = value_of(row)
            further = value < last if query.descending else value > last
            return further or (value == last and name_of(row) > last_name)

        found = [row for row in found if behind(row)]
    return found[: query.limit]
