"""The groups as a tree: their names, cut at separators."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal
from urllib.parse import quote, unquote

from dashboard.branching import SEPARATORS, Crumb, branch_above, chosen_separators, pattern_of, way_to
from dashboard.rendering import render, store_of
from dashboard.urls import Listing, Urls

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from store import Branch, GroupInfo, Page, Store

PAGE_SIZE = 100
SIDEBAR_SIZE = 60
_COOKIE = "stepstate_groups"
_SECONDS = 365 * 86400


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the tree: below a beginning of names, which are cut at `separators`."""

    under: str = ""
    separators: str = SEPARATORS

    @classmethod
    def of(cls, request: Request) -> Place:
        """The place that a request asks for."""
        query = request.query_params
        return cls(query.get("under", ""), chosen_separators("".join(query.getlist("by"))))

    @property
    def way(self) -> list[Crumb]:
        """The branches on the way here."""
        return way_to(self.under, self.separators)

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """The parameters of its URL, for the hidden fields of a form."""
        return [("view", "tree"), ("under", self.under), ("by", self.separators)]

    @property
    def pattern(self) -> str:
        """What chooses all groups here for a cleanup."""
        return pattern_of(self.under)

    def rest(self, name: str) -> str:
        """What tells a branch or group from the others here."""
        return name[len(self.under) :] or name


@dataclass(frozen=True, slots=True)
class TreePage:
    """One level of the tree, or a page of it."""

    branches: Page[Branch]
    place: Place
    listing: Listing
    all_separators: str = SEPARATORS
    title: str = "Groups"
    section: Literal["groups"] = "groups"

    @property
    def totals(self) -> tuple[int, int, int] | None:
        """How many groups, items and bytes of JSON text there are below; None if not all of that is on this page."""
        if self.listing.after or self.branches.next:
            return None
        rows = self.branches.items
        return sum(row.groups for row in rows), sum(row.items for row in rows), sum(row.size for row in rows)


@dataclass(frozen=True, slots=True)
class Neighbours:
    """What stands beside a group: the level of the tree that it is in, itself among it."""

    place: Place
    branches: list[Branch]
    beside: GroupInfo | None
    more: bool


def show(request: Request, place: Place) -> Response:
    """GET: one level of the tree."""
    listing = Listing.of(request.query_params)
    branches = store_of(request).branches(
        place.under, separators=place.separators, after=listing.after or None, limit=PAGE_SIZE
    )
    return render(request, "groups_tree.html", TreePage(branches, place, listing))


def neighbours_of(store: Store, group: GroupInfo, separators: str) -> Neighbours:
    """The level of the tree that a group is shown in. `beside` is the group if it is not among the first there."""
    above = branch_above(group.id, separators)
    found = store.branches(above, separators=separators, limit=SIDEBAR_SIZE)
    while above and found.next is None and len(found.items) < 2:  # alone in its branch, it is shown one above
        above = branch_above(above, separators)
        found = store.branches(above, separators=separators, limit=SIDEBAR_SIZE)
    listed = any(branch.name == group.id for branch in found.items)
    return Neighbours(Place(above, separators), found.items, None if listed else group, found.next is not None)


@dataclass(frozen=True, slots=True)
class Habit:
    """How groups were looked at last in this browser."""

    as_tree: bool = False
    separators: str = SEPARATORS

    @classmethod
    def of(cls, request: Request) -> Habit:
        """What the browser remembers."""
        view, _, chars = unquote(request.cookies.get(_COOKIE, "")).partition(" ")
        return cls(view == "tree", chosen_separators(chars))

    def keep(self, request: Request, response: Response) -> None:
        """Have the browser remember it."""
        kept = quote(f"{'tree' if self.as_tree else 'list'} {self.separators}", safe="")
        if request.cookies.get(_COOKIE) != kept:
            path = Urls.of(request).groups()
            response.set_cookie(_COOKIE, kept, max_age=_SECONDS, path=path, httponly=True, samesite="strict")
