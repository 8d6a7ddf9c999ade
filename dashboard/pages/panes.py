"""The page of a group: the groups beside it, its items, and in a side pane an item or a form."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, Protocol

from dashboard.filters import compose
from dashboard.pages.chosen_columns import remembered
from dashboard.pages.errors import group_in, no_group
from dashboard.pages.item_list import ItemList, item_list
from dashboard.pages.tree import Habit, Neighbours, neighbours_of
from dashboard.rendering import redirect, render, store_of
from dashboard.urls import WHOLE_LIST, Listing, Urls
from store import StoreError

if TYPE_CHECKING:
    from collections.abc import Container

    from starlette.requests import Request
    from starlette.responses import Response

    from store import GroupInfo


class Side(Protocol):
    """The context of a side pane: a template under partials/ shows it as `side`."""

    @property
    def group_id(self) -> str | None:
        """The group that it belongs to."""

    @property
    def template(self) -> str:
        """The template's path."""

    @property
    def title(self) -> str:
        """What the pane is about."""

    @property
    def opened(self) -> str | None:
        """The key of the item that it shows."""


@dataclass(frozen=True, slots=True)
class GroupPage:
    """A page of a group's items, the groups beside it, and what the side pane shows.

    `here` is the path of all that: with another listing, the same stands beside another list. `ticked` are the keys of
    the rows that are ticked, None for all of them.
    """

    listed: ItemList
    neighbours: Neighbours
    side: Side | None
    here: str
    ticked: Container[str] | None = ()
    section: Literal["groups"] = "groups"

    @property
    def group(self) -> GroupInfo:
        """The group."""
        return self.listed.group

    @property
    def listing(self) -> Listing:
        """Which part of its items is looked at."""
        return self.listed.listing

    @property
    def title(self) -> str:
        """What the side pane is about, else the group's name."""
        return self.group.id if self.side is None else f"{self.side.title} · {self.group.id}"


@dataclass(frozen=True, slots=True)
class SidePage:
    """What the side pane would show, where there is no group to show it beside."""

    side: Side
    group: None = None
    listing: Listing = WHOLE_LIST
    section: Literal["groups"] = "groups"

    @property
    def title(self) -> str:
        """What it is about."""
        return self.side.title


def render_side(request: Request, side: Side, status: int = 200) -> Response:
    """Answer with a side pane: beside its group's items, or alone if there is no such group (any more)."""
    try:
        group = None if side.group_id is None else store_of(request).group(side.group_id)
        if group is not None:
            return render_panes(request, group, side, status)
    except StoreError:
        if status != 503:
            raise  # else the form alone says so, and keeps what was typed
    return render(request, "side.html", SidePage(side), status)


def known_group(request: Request) -> GroupInfo:
    """The group that the request's path names.

    Raises:
        NotFound: there is no such group.
    """
    group_id = group_in(request)
    group = store_of(request).group(group_id)
    if group is None:
        raise no_group(request, group_id)
    return group


def render_panes(
    request: Request,
    group: GroupInfo,
    side: Side | None = None,
    status: int = 200,
    *,
    ticked: Container[str] | None = (),
) -> Response:
    """Answer with a group's page, on which rows are `ticked`: these, or with None all."""
    store = store_of(request)
    listing = listing_of(request)
    if request.method == "GET" and listing != Listing.of(request.query_params):
        return redirect(request, Urls.of(request).same(request.url.path, listing, request.query_params))
    items = item_list(store, group, listing)
    neighbours = neighbours_of(store, group, Habit.of(request).separators)
    page = GroupPage(items, neighbours, side, _here(request, group, side, status), ticked)
    return render(request, "group.html", page, status)


def listing_of(request: Request) -> Listing:
    """The listing that is asked for, with remembered columns and what the filter's form adds."""
    query = request.query_params
    listing = Listing.of(query)
    if "field" in query:
        added = compose(query["field"], query.get("op", ""), query.get("value", ""))
        listing = listing.filtered(*listing.where, added)
    return listing if listing.columns else replace(listing, columns=remembered(request))


def _here(request: Request, group: GroupInfo, side: Side | None, status: int) -> str:
    if request.method == "GET" and status != 404:
        return request.url.path
    urls = Urls.of(request)  # what a form was sent to is no page
    opened = None if status == 404 or side is None else side.opened
    return urls.group(group.id) if opened is None else urls.item(group.id, opened)


def redirect_to_item(request: Request, group_id: str, key: str, notice: str, trash_id: str = "") -> Response:
    """Send the browser to an item, beside the same part of its group's list."""
    return redirect(request, Urls.of(request).item(group_id, key, Listing.of(request.query_params)), notice, trash_id)
