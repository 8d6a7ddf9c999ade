"""Every URL of the dashboard is built here.

A group or key name travels in one path segment. ASCII letters, digits, `_`, `-`, `:` and `.` stand for themselves (but
not a dot at the start: browsers resolve `.` and `..`); every other byte of the name's UTF-8 is `~` and two hex digits.
No `%` is used, which proxies and servers decode each in their own way. So every legal name has exactly one URL.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from dashboard.branching import SEPARATORS
from dashboard.statics import statics

if TYPE_CHECKING:
    from starlette.datastructures import QueryParams
    from starlette.requests import Request

_AS_IT_IS = re.compile(r"(?!\.)[A-Za-z0-9_:.-]+")
_ENCODED = re.compile(r"(?!\.)(?:[A-Za-z0-9_:.-]|~[0-9A-F]{2})+|~2E(?:[A-Za-z0-9_:.-]|~[0-9A-F]{2})*")
_PLACE: Final = ("at", "from", "find")
_SAFE: Final = "$,:/"  # what queries may hold as it is, so that people can read it
MAX_BEFORE: Final = 8
_PLAIN = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-:.")


def encode_name(name: str) -> str:
    """A group or key name as one path segment."""
    if _AS_IT_IS.fullmatch(name):
        return name
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
    """Which part of a list is looked at: the query parameters that list pages and what opens beside them share.

    `search` is looked for in names, or in values if `within` is "values"; `where` are filters as dashboard/filters.py
    reads them, `columns` names of fields as dashboard/columns.py does ("": as the page thinks best), `size` the rows of
    a page (0: as many as the page thinks best). `before` holds the tokens of the pages before this one but the first.
    """

    search: str = ""
    sort: str = ""
    after: str = ""
    within: str = ""
    where: tuple[str, ...] = ()
    columns: str = ""
    size: int = 0
    page: int = 1
    before: tuple[str, ...] = ()

    @classmethod
    def of(cls, query: QueryParams) -> Listing:
        """The listing that a request asks for."""
        return cls(
            query.get("search", "").strip(),
            query.get("sort", ""),
            query.get("after", ""),
            "values" if query.get("in") == "values" else "",
            tuple(filter(None, map(str.strip, query.getlist("where")))),
            query.get("columns", "").strip(),
            _number(query.get("size", "")),
            _number(query.get("page", "")) or 1,
            tuple(query.getlist("before"))[-MAX_BEFORE:],
        )

    def sorted(self, sort: str) -> Listing:
        """The first page of the same list in another order."""
        return replace(self.first, sort=sort)

    def filtered(self, *where: str) -> Listing:
        """The first page of the list with these filters."""
        return replace(self.first, where=where)

    @property
    def everything(self) -> Listing:
        """The same without search and filters."""
        return replace(self.first, search="", within="", where=())

    def sized(self, size: int) -> Listing:
        """The first page of the same list, so many rows long."""
        return replace(self.first, size=size)

    def behind(self, token: str) -> Listing:
        """The page that follows this one, behind this token; "" gives the first."""
        if not token:
            return self.first
        before = (*self.before, self.after) if self.after else ()
        return replace(self, after=token, page=self.page + 1, before=before[-MAX_BEFORE:])

    @property
    def first(self) -> Listing:
        """The first page of the same list."""
        return replace(self, after="", page=1, before=())

    @property
    def previous(self) -> Listing | None:
        """The page before this one; None if there is none, or the way back to it is not known."""
        if self.before:
            return replace(self, after=self.before[-1], page=max(1, self.page - 1), before=self.before[:-1])
        return self.first if self.page == 2 else None

    @property
    def narrowed(self) -> bool:
        """Whether not everything is listed."""
        return bool(self.search or self.where)

    def pairs(self, *without: str) -> list[tuple[str, str]]:
        """The parameters that say anything, but for some; for the hidden fields of forms as well."""
        pairs = [
            ("search", self.search),
            ("in", self.within),
            *(("where", text) for text in self.where),
            ("sort", self.sort),
            ("columns", self.columns),
            ("size", str(self.size or "")),
            ("page", str(self.page) if self.page > 1 else ""),
            ("after", self.after),
            *(("before", token) for token in self.before),
        ]
        return [(name, value) for name, value in pairs if value and name not in without]


WHOLE_LIST: Final = Listing()


class Urls:
    """URLs under the path where the dashboard is mounted."""

    def __init__(self, root: str) -> None:
        self.root = root.rstrip("/")

    @classmethod
    def of(cls, request: Request) -> Urls:
        """The URLs that a request's answer may link to."""
        return cls(request.scope.get("root_path", ""))

    @property
    def statics(self) -> str:
        """What the URLs of all files under static/ begin with."""
        return f"{self.root}/static/"

    def static(self, path: str) -> str:
        """A file under static/, as it is now."""
        return f"{self.statics}{statics().version}/{path}"

    def modules(self) -> list[str]:
        """What app.js imports."""
        return [self.static(path) for path in statics().modules("app.js")]

    def live(self) -> str:
        """The events that say what changes of a page."""
        return f"{self.root}/live"

    def login(self, then: str = "") -> str:
        """Where somebody logs in, to go on to a page of ours."""
        return self._query(f"{self.root}/login", {"next": then})

    def logout(self) -> str:
        """Where a session ends."""
        return f"{self.root}/logout"

    def keys(self) -> str:
        """Which keys do what."""
        return f"{self.root}/keys"

    def theme(self) -> str:
        """Where a theme is chosen."""
        return f"{self.root}/theme"

    def groups(self, listing: Listing = WHOLE_LIST) -> str:
        """The list of groups."""
        return self._with(f"{self.root}/", listing)

    def listed(self, listing: Listing = WHOLE_LIST) -> str:
        """The list of groups, whichever way they were looked at last."""
        return _asking(f"{self.root}/", [("view", "list"), *listing.pairs()])

    def tree(self, under: str, separators: str, listing: Listing = WHOLE_LIST) -> str:
        """The groups whose names begin so, as a tree whose names are cut at these characters."""
        by = "" if separators == SEPARATORS else separators
        given = [(name, value) for name, value in (("under", under), ("by", by)) if value]
        return _asking(f"{self.root}/", [("view", "tree"), *given, *listing.pairs()])

    def group(self, group_id: str, listing: Listing = WHOLE_LIST, action: str = "") -> str:
        """A group, or one of its actions: add, delete, selected, clear, columns, finish, reopen, settings."""
        path = f"{self.root}/groups/{encode_name(group_id)}"
        return self._with(f"{path}/{action}" if action else path, listing)

    def same(self, path: str, listing: Listing, query: Mapping[str, str] = MappingProxyType({})) -> str:
        """A path that was built here, with another listing, at the place in a value that a query names."""
        place = [(name, query[name]) for name in _PLACE if query.get(name)]
        return _asking(path, [*place, *listing.pairs()])

    def item(self, group_id: str, key: str, listing: Listing = WHOLE_LIST, action: str = "") -> str:
        """An item, or one of its actions: raw, json, edit, ttl, operations."""
        return self.inside(group_id, key, listing, action)

    def inside(
        self,
        group_id: str,
        key: str,
        listing: Listing = WHOLE_LIST,
        action: str = "",
        *,
        at: str = "",
        start: int = 0,
        find: str = "",
    ) -> str:
        """An item's value from some place on (dashboard/places.py), or one of the actions there: part, found, raw."""
        path = f"{self.root}/groups/{encode_name(group_id)}/items/{encode_name(key)}"
        pairs = [("at", at), ("from", str(start or "")), ("find", find)]
        given = [(name, value) for name, value in pairs if value]
        return _asking(f"{path}/{action}" if action else path, [*given, *listing.pairs()])

    def add(self) -> str:
        """The form for an item of a new group."""
        return f"{self.root}/add"

    def check(self) -> str:
        """Where a JSON text is checked while it is typed."""
        return f"{self.root}/check"

    def cleanup(self, **rules: str) -> str:
        """The cleanup page."""
        return self._query(f"{self.root}/cleanup", rules)

    def rules(self) -> str:
        """Where a cleanup's rules are saved."""
        return f"{self.root}/cleanup/rules"

    def rule(self, name: str, action: str) -> str:
        """What can be done with a saved rule: count, run, delete."""
        return f"{self.root}/cleanup/rules/{encode_name(name)}/{action}"

    def jobs(self, action: str = "") -> str:
        """The background jobs, or what the bar says of them: running."""
        return f"{self.root}/jobs/{action}" if action else f"{self.root}/jobs"

    def job(self, id: str, action: str = "") -> str:
        """A background job, or what can be done to it: stop."""
        return f"{self.root}/jobs/{id}/{action}" if action else f"{self.root}/jobs/{id}"

    def export(self, format: str, group_id: str = "", key: str = "", listing: Listing = WHOLE_LIST) -> str:
        """A file of an item, of what is listed of a group (all pages of it), or of the whole store."""
        if not group_id:
            return _asking(f"{self.root}/export", [("format", format)])
        path = self.item(group_id, key, action="export") if key else self.group(group_id, action="export")
        kept = [(name, value) for name, value in listing.pairs() if name in ("search", "in", "where")]
        return _asking(path, [("format", format), *kept])

    def imports(self, group_id: str = "") -> str:
        """The form for importing a file, into one group if one is named."""
        return self.group(group_id, action="import") if group_id else f"{self.root}/import"

    def staged(self, id: str, existing: str = "") -> str:
        """What a file would import, given what is to be done with items that are there."""
        return self._query(f"{self.root}/import/{id}", {"existing": existing})

    def trash(self, after: str = "") -> str:
        """What can be undone."""
        return self._query(f"{self.root}/trash", {"after": after})

    def trash_entry(self, id: str, action: str) -> str:
        """What can be done with an entry of the trash: restore, discard, dismiss (its message)."""
        return f"{self.root}/trash/{encode_name(id)}/{action}"

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
        return _asking(path, listing.pairs())

    def _query(self, path: str, values: dict[str, str]) -> str:
        return _asking(path, [(name, value) for name, value in values.items() if value])


def page_of(request: Request) -> str:
    """The path and query of a request."""
    path, query = request.scope["path"], request.scope["query_string"].decode("latin-1")
    return f"{path}?{query}" if query else path


def _asking(path: str, pairs: list[tuple[str, str]]) -> str:
    return f"{path}?{urlencode(pairs, safe=_SAFE)}" if pairs else path


def _number(text: str) -> int:
    """A number of a few digits; 0 for anything else."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 7 else 0
