"""One item, beside its group's list: its value to look at, and its TTL."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from dashboard import forms, jsonfind, jsontext, treeview
from dashboard.expiry import Extension, lacks_zone, parse_expiry, zone_of
from dashboard.formats import duration
from dashboard.pages.errors import group_in, key_in, no_item
from dashboard.pages.panes import render_side
from dashboard.rendering import redirect, store_of
from dashboard.urls import Listing, Urls
from store import InvalidTTL, StoreError

if TYPE_CHECKING:
    from starlette.datastructures import FormData
    from starlette.requests import Request
    from starlette.responses import Response

    from dashboard.expiry import Expires
    from store import Item, Store

MAX_START = 10**8  # beyond the members and characters of any value


@dataclass(frozen=True, slots=True)
class ValueSide:
    """An item's value, as a tree or as text, with what was found in it and its times.

    `at` and `start` are the place in the value that was asked for; `tree` is None if there is no such place, and for
    text. `ttl` is what was typed as its TTL.
    """

    group_id: str
    item: Item
    at: str
    start: int
    tree: treeview.View | None = None
    text: jsontext.Part | None = None
    search: jsonfind.Search | None = None
    ttl: str = ""
    ttl_error: forms.FieldError | None = None
    gone: bool = False
    template: str = "partials/side_value.html"

    @property
    def tab(self) -> Literal["tree", "json"]:
        """Which view of the value it is."""
        return "tree" if self.text is None else "json"

    @property
    def title(self) -> str:
        """The item's key."""
        return self.item.key

    @property
    def opened(self) -> str:
        """The item's key."""
        return self.item.key


def show(request: Request) -> Response:
    """GET: the value as a tree, from a place on if the query says `at`."""
    side = tree_side(request, item_in(request))
    return render_side(request, side, 404 if side.tree is None else 200)


def show_text(request: Request) -> Response:
    """GET: the value as JSON text."""
    return render_side(request, text_side(request, item_in(request)))


def ttl(request: Request, form: FormData) -> Response:
    """POST: change or drop the expiry, leaving the value alone."""
    item, typed = item_in(request), forms.text(form, "preset") or forms.text(form, "ttl")
    zone, tab = zone_of(forms.text(form, "zone")), forms.text(form, "tab")
    try:
        left = _expire(store_of(request), item, parse_expiry(typed, store_of(request).now(), zone))
    except StoreError as error:
        side = text_side(request, item) if tab == "json" else tree_side(request, item)
        side = replace(side, ttl=typed, ttl_error=forms.FieldError.of(error))
        return render_side(request, side, forms.status_of(error))
    if left is None:
        raise no_item(request, item.group_id, item.key)
    told = "never expires" if math.isinf(left) else f"expires in {duration(left)}"
    utc = " A time without a zone is taken as UTC." if lacks_zone(typed) and zone is None else ""
    return redirect(request, _here(request, item, "json" if tab == "json" else ""), f"{item.key} {told}.{utc}")


def item_in(request: Request) -> Item:
    """The item that the request's path names.

    Raises:
        NotFound: there is no such item.
    """
    group_id, key = group_in(request), key_in(request)
    item = store_of(request).item(group_id, key)
    if item is None:
        raise no_item(request, group_id, key)
    return item


def start_in(request: Request) -> int:
    """The number of the first member or character that a request asks for."""
    asked = request.query_params.get("from", "")
    return min(int(asked[:10]), MAX_START) if asked.isascii() and asked.isdecimal() else 0


def link_length(request: Request, item: Item) -> int:
    """How many characters a link into an item's value takes, the place aside."""
    return len(Urls.of(request).inside(item.group_id, item.key, Listing.of(request.query_params), "part", start=100))


def found_in(request: Request, item: Item) -> jsonfind.Search | None:
    """What the request looks for in an item's value, if it does."""
    sought = request.query_params.get("find", "").strip()
    return jsonfind.search(item.value, sought, link_length(request, item)) if sought else None


def tree_side(request: Request, item: Item) -> ValueSide:
    """The pane with the value as a tree."""
    at, start = request.query_params.get("at", ""), start_in(request)
    tree = treeview.view(item.value, at, start, link_length(request, item))
    return ValueSide(item.group_id, item, at, start, tree, search=found_in(request, item))


def text_side(request: Request, item: Item) -> ValueSide:
    """The pane with the value as text."""
    text = jsontext.text_of(item.value, item.size).decode()
    part = jsontext.part(text, start_in(request))
    return ValueSide(item.group_id, item, "", part.start, text=part, search=found_in(request, item))


def _expire(store: Store, item: Item, expires: Expires) -> float | None:
    """Give an item another expiry; the seconds that it then has, None if it is gone.

    Raises:
        InvalidTTL: the time is out of range, or the item never expires and was to be extended.
    """
    match expires:
        case Extension(seconds):
            extended = store.expire(item.group_id, item.key, seconds, extend=True)
            left = store.ttl(item.group_id, item.key)
            if not extended and left is not None:
                raise InvalidTTL("the item never expires, so there is no time to extend; write when it is to expire")
            return left
        case float() | int():
            return expires if store.expire(item.group_id, item.key, expires) else None
    store.persist(item.group_id, item.key)
    return store.ttl(item.group_id, item.key)


def _here(request: Request, item: Item, action: str) -> str:
    """The page that a form stood on."""
    at, listing = request.query_params.get("at", ""), Listing.of(request.query_params)
    return Urls.of(request).inside(item.group_id, item.key, listing, action, at=at, start=start_in(request))
