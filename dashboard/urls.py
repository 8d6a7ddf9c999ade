"""Every URL of the dashboard is built here.

A group or key name travels in one path segment. ASCII letters, digits, `_`, `-`, `:` and `.` stand for themselves (but
not a dot at the start: browsers resolve `.` and `..`); every other byte of the name's UTF-8 is `~` and two hex digits.
No `%` is used, which proxies and servers decode each in their own way. So every legal name has exactly one URL.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

if TYPE_CHECKING:
    from starlette.datastructures import QueryParams
    from starlette.requests import Request

_ENCODED = re.compile(r"(?!\.)(?:[A-Za-z0-9_:.-]|~[0-9A-F]{2})+|~2E(?:[A-Za-z0-9_:.-]|~[0-9A-F]{2})*")
_PLAIN = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-:.")


def encode_name(name: str) -> str:
    """A group or key name as one path segment."""
    text = "".join(chr(byte) if byte in _PLAIN else f"~{byte:02X}" for byte in name.encode())
    return f"~2E{text[1:]}" if text.startswith(".") else text


def decode_name(segment: str) -> str | None:
    """The name that `encode_name` made this segment of; None if it made no such segment."""
    if not _ENCODED.fullmatch(segment):
        return None
    raw = re.sub(rb"~(..)", lambda match: bytes([int(match[1], 16)]), segment.encode())
    try:
        name = raw.decode()
    except UnicodeDecodeError:
        return None
    return name if encode_name(name) == segment else None


@dataclass(frozen=True, slots=True)
class Listing:
    """Which part of a list is looked at: the query parameters that list pages and what opens beside them share."""

    search: str = ""
    sort: str = ""
    after: str = ""

    @classmethod
    def of(cls, query: QueryParams) -> Listing:
        """The listing that a request asks for."""
        return cls(query.get("search", "").strip(), query.get("sort", ""), query.get("after", ""))

    def sorted(self, sort: str) -> Listing:
        """The first page of the same list in another order."""
        return Listing(self.search, sort)

    def behind(self, token: str) -> Listing:
        """The page of the same list behind this token; "" gives the first."""
        return Listing(self.search, self.sort, token)


WHOLE_LIST: Final = Listing()


class Urls:
    """URLs under the path where the dashboard is mounted."""

    def __init__(self, root: str) -> None:
        self.root = root.rstrip("/")

    @classmethod
    def of(cls, request: Request) -> Urls:
        """The URLs that a request's answer may link to."""
        return cls(request.scope.get("root_path", ""))

    def static(self, path: str) -> str:
        """A file under static/."""
        return f"{self.root}/static/{path}"

    def groups(self, listing: Listing = WHOLE_LIST) -> str:
        """The list of groups."""
        return self._with(f"{self.root}/", listing)

    def group(self, group_id: str, listing: Listing = WHOLE_LIST, action: str = "") -> str:
        """A group, or one of its actions: add, delete, clear, finish, reopen, settings."""
        path = f"{self.root}/groups/{encode_name(group_id)}"
        return self._with(f"{path}/{action}" if action else path, listing)

    def item(self, group_id: str, key: str, listing: Listing = WHOLE_LIST, action: str = "") -> str:
        """An item, or one of its actions: raw, edit, ttl, operations."""
        path = f"{self.root}/groups/{encode_name(group_id)}/items/{encode_name(key)}"
        return self._with(f"{path}/{action}" if action else path, listing)

    def add(self) -> str:
        """The form for an item of a new group."""
        return f"{self.root}/add"

    def cleanup(self, **rules: str) -> str:
        """The cleanup page."""
        return self._query(f"{self.root}/cleanup", rules)

    def cache(self, listing: Listing = WHOLE_LIST, action: str = "") -> str:
        """The cached functions, or what can be done to all of them: stale."""
        return self._with(f"{self.root}/cache/{action}" if action else f"{self.root}/cache", listing)

    def cached(self, group_id: str, listing: Listing = WHOLE_LIST, action: str = "") -> str:
        """The cached function of a group, or its action: clear."""
        path = f"{self.root}/cache/groups/{encode_name(group_id)}"
        return self._with(f"{path}/{action}" if action else path, listing)

    def drop(self, group_id: str, key: str, listing: Listing = WHOLE_LIST) -> str:
        """Dropping one entry of a cached function."""
        path = f"{self.root}/cache/groups/{encode_name(group_id)}/entries/{encode_name(key)}/drop"
        return self._with(path, listing)

    def _with(self, path: str, listing: Listing) -> str:
        return self._query(path, {"search": listing.search, "sort": listing.sort, "after": listing.after})

    def _query(self, path: str, values: dict[str, str]) -> str:
        given = {name: value for name, value in values.items() if value}
        return f"{path}?{urlencode(given)}" if given else path
