"""The list of groups."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from dashboard.rendering import render, store_of
from dashboard.urls import Listing

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from store import GroupInfo, Page

PAGE_SIZE = 100


@dataclass(frozen=True, slots=True)
class GroupsPage:
    """One page of groups, and how it was asked for."""

    groups: Page[GroupInfo]
    listing: Listing
    sort: str
    title: str = "Groups"
    section: Literal["groups"] = "groups"


def show(request: Request) -> Response:
    """GET /: groups with their counts, sizes and times."""
    listing = Listing.of(request.query_params)
    sort = listing.sort or "id"
    groups = store_of(request).groups(search=listing.search, sort=sort, after=listing.after or None, limit=PAGE_SIZE)
    return render(request, "groups.html", GroupsPage(groups, listing, sort))
