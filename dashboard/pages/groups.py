"""The groups: as a list, or as dashboard/pages/tree.py shows them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from dashboard.pages import tree
from dashboard.rendering import redirect, render, store_of
from dashboard.urls import Listing, Urls

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from store import GroupInfo, Page

PAGE_SIZE = 100


@dataclass(frozen=True, slots=True)
class GroupsPage:
    """One page of groups, and how it was asked for.

    `place` is where the tree shows them, `searched`: they were looked for in the tree.
    """

    groups: Page[GroupInfo]
    listing: Listing
    sort: str
    place: tree.Place
    searched: bool
    title: str = "Groups"
    section: Literal["groups"] = "groups"


def show(request: Request) -> Response:
    """GET /: groups with their counts, sizes and times; as they were looked at last, if the query does not say how."""
    view, habit = request.query_params.get("view"), tree.Habit.of(request)
    if not request.query_params and habit.as_tree:
        return redirect(request, Urls.of(request).tree("", habit.separators))
    as_tree = view == "tree"
    place = tree.Place.of(request) if as_tree else tree.Place("", habit.separators)
    listing = Listing.of(request.query_params)
    response = tree.show(request, place) if as_tree and not listing.search else _list(request, listing, place, as_tree)
    if view in ("tree", "list"):
        tree.Habit(as_tree, place.separators).keep(request, response)
    return response


def _list(request: Request, listing: Listing, place: tree.Place, searched: bool) -> Response:
    sort = listing.sort or "id"
    groups = store_of(request).groups(search=listing.search, sort=sort, after=listing.after or None, limit=PAGE_SIZE)
    return render(request, "groups.html", GroupsPage(groups, listing, sort, place, searched))
