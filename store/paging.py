"""Keyset pagination: sorts, and page tokens that carry the last row's place in the order."""

from __future__ import annotations

import base64
import binascii
import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, TypeVar

import orjson

from store.errors import InvalidArgument
from store.model import Unread
from store.ordering import Place, read_place
from store.values import is_text, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from store.model import GroupRecord, Record

Row = TypeVar("Row")
Seen: TypeAlias = "tuple[str, Record | None]"
"""An item that was looked at; or the key up to which all have been, those that did not show included."""

MAX_LIMIT = 1000
NEVER_EXPIRES = 2**62  # sorts after every expiry
FIELD = "$."  # what a sort by a field begins with

STRETCHES = (500, 20_000)  # items that a walk looks at, at first and then, before it says how far it has got

_LOWER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}

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


class Bound(NamedTuple):
    """What lies between two numbers, both included: one of the sorts by number; not what never expires."""

    column: str
    low: int
    high: int


class Part(NamedTuple):
    """What a JSON text holds; `folded`: with its ASCII letters in lower case."""

    text: bytes
    folded: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """A listing as a backend answers it: `after` is the sort value and the name of the row before the page.

    Where items are walked or looked through, those are not wanted, but may be among the answers, that are not within
    `bounds` or whose text does not hold `parts`. Of records whose value has more than `largest` bytes the value is not
    wanted, but may be there.
    """

    search: str
    sort: str
    descending: bool
    after: tuple[int | str | Place, str] | None
    limit: int
    bounds: tuple[Bound, ...] = ()
    parts: tuple[Part, ...] = ()
    largest: int | None = None

    @property
    def field(self) -> str | None:
        """The field of the values that is sorted by; None if it is none of them."""
        return self.sort.removeprefix(FIELD) if self.sort.startswith(FIELD) else None

    def kept(self, record: Record) -> Record:
        """A record as it is wanted: the value is not kept if it is too large."""
        size = len(record.value)
        return record if self.largest is None or size <= self.largest else record._replace(value=Unread(size))

    def peeking(self) -> Query:
        """The same page with one row more, which tells whether another page follows."""
        return replace(self, limit=self.limit + 1)

    def token(
        self, rows: Sequence[Row], value_of: Callable[[Row], int | str | Place], name_of: Callable[[Row], str]
    ) -> str | None:
        """The token of the page behind this one, given the rows that `peeking` found; None on the last page."""
        if len(rows) <= self.limit:
            return None
        last = rows[self.limit - 1]
        return self.token_behind(value_of(last), name_of(last))

    def token_behind(self, value: int | str | Place, name: str) -> str:
        """The token of the page behind a row with this sort value and name."""
        return write_token(f"-{self.sort}" if self.descending else self.sort, value, name)


EVERYTHING = Query(search="", sort="id", descending=False, after=None, limit=sys.maxsize)
"""All groups, in the order of their names."""


def fold(text: str) -> str:
    """ASCII letters in lower case, everything else as it is: what SQLite's lower() does, so that all backends agree."""
    return text.lower() if text.isascii() else text.translate(_LOWER)


def make_query(
    search: str | None, sort: str, sorts: Iterable[str], after: str | None, limit: int, *, fields: bool = False
) -> Query:
    """Check a listing's arguments; `sort` is a name of `sorts`, with "-" before it for descending.

    Where `fields` can be sorted by it may also be `$.` and the name of one.

    Raises:
        InvalidArgument: naming the argument and what is allowed.
    """
    name, descending = sort.removeprefix("-"), sort.startswith("-")
    if name not in sorts and not (fields and name.startswith(FIELD) and is_text(name)):
        known = ", ".join((*sorts, f"{FIELD}NAME for a field") if fields else sorts)
        raise InvalidArgument(f"cannot sort by {name!r}; sorts are {known}, with - before it for descending")
    check_limit(limit)
    # No name holds NUL, nor what is no Unicode text: both find nothing, on every backend.
    sought = fold(search or "") if is_text(search or "") else "\0"
    return Query(sought, name, descending, None if after is None else _behind(after, sort), limit)


def check_limit(limit: object, most: int = MAX_LIMIT) -> None:
    """Refuse a page's length that is not 1 to `most`.

    Raises:
        InvalidArgument: naming what is allowed.
    """
    if isinstance(limit, bool) or not isinstance(limit, int) or not 1 <= limit <= most:
        raise InvalidArgument(f"limit must be an integer from 1 to {most}, not {shown(limit)}")


def write_token(made_for: str | list[str], value: int | str | Place | None, name: str) -> str:
    """The token of the page behind a row, given its sort value and its name, in the listing that it is made for."""
    return base64.urlsafe_b64encode(orjson.dumps([made_for, value, name])).decode().rstrip("=")


def read_token(token: str) -> tuple[Any, Any, str]:
    """What a page token was made for, a sort value, which the caller checks, and a name.

    Raises:
        InvalidArgument: for what is no page token.
    """
    try:
        parts: Any = orjson.loads(base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True))
        made_for, value, name = parts
    except (ValueError, TypeError, binascii.Error):
        raise bad_token() from None
    if type(name) is not str:
        raise bad_token()
    return made_for, value, name


def bad_token() -> InvalidArgument:
    """What to say of a page token that was not made here."""
    return InvalidArgument("after is not a page token of this store")


def _behind(token: str, sort: str) -> tuple[int | str | Place, str]:
    made_for, value, name = read_token(token)
    if made_for != sort:
        raise InvalidArgument(f"after was made for sort={made_for!r}, not for sort={sort!r}")
    by = sort.removeprefix("-")
    if by.startswith(FIELD):
        place = read_place(value)
        if place is None:
            raise bad_token()
        return place, name
    # -2^62..2^62 is what the sorts produce; anything wider was not made here and would not bind as an SQL integer.
    wanted = str if by in ("key", "id") else int
    in_range = type(value) is str or (type(value) is int and abs(value) <= NEVER_EXPIRES)
    if type(value) is not wanted or not in_range:
        raise bad_token()
    return value, name
