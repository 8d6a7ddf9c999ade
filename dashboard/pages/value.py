"""What is asked for of an item's value beyond its page: parts of it to be put in place, what is found in it, a file."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import orjson
from starlette.exceptions import HTTPException
from starlette.responses import StreamingResponse

from dashboard import jsonfind, jsontext, treeview
from dashboard.pages.errors import NotFound, refused, store_failed
from dashboard.pages.item import found_in, item_in, link_length, start_in
from dashboard.places import way_to
from dashboard.rendering import render
from dashboard.urls import Listing, Urls, encode_name
from store import StoreError

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from dashboard.jsontree import Branch
    from store import Item

CHUNK = 256 * 1024  # bytes
_WHOLE_PAGE: Final = {"HX-Retarget": "#page", "HX-Reswap": "innerHTML"}


@dataclass(frozen=True, slots=True)
class InsidePage:
    """A part of an item's value, or what was found in it: not a page, but what htmx puts into one."""

    item: Item
    listing: Listing
    at: str = ""
    start: int = 0
    branch: Branch | None = None
    string: treeview.Text | None = None
    text: jsontext.Part | None = None
    search: jsonfind.Search | None = None
    section: Literal["groups"] = "groups"

    @property
    def title(self) -> str:
        """The item's key."""
        return self.item.key


def _for_a_place(handler: Callable[[Request], Response]) -> Callable[[Request], Response]:
    """A handler whose answer goes to some place of a page; if it cannot answer, the page makes way for the reason."""

    @functools.wraps(handler)
    def answer(request: Request) -> Response:
        try:
            return handler(request)
        except (HTTPException, StoreError) as error:
            response = refused(request, error) if isinstance(error, HTTPException) else store_failed(request, error)
            response.headers.update(_WHOLE_PAGE)
            return response

    return answer


@_for_a_place
def part(request: Request) -> Response:
    """GET: an object, array or long string opened at its place in the tree, or its members from some number on."""
    item, at, start = item_in(request), request.query_params.get("at", ""), start_in(request)
    opened = treeview.opened(item.value, at, start, link_length(request, item))
    string, branch = (opened, None) if isinstance(opened, treeview.Text) else (None, opened)
    page = InsidePage(item, Listing.of(request.query_params), at, start, branch, string)
    return render(request, "item_part.html", page, 200 if opened else 404)


@_for_a_place
def text_part(request: Request) -> Response:
    """GET: the JSON text from some character on."""
    item = item_in(request)
    text = jsontext.part(jsontext.text_of(item.value, item.size).decode(), start_in(request))
    return render(request, "item_text_part.html", InsidePage(item, Listing.of(request.query_params), text=text))


@_for_a_place
def found(request: Request) -> Response:
    """GET: what is found of a text in the value."""
    item = item_in(request)
    page = InsidePage(item, Listing.of(request.query_params), search=found_in(request, item))
    return render(request, "item_found.html", page)


def raw(request: Request) -> Response:
    """GET: the value, or what stands at a place in it, as a JSON file."""
    item, at = item_in(request), request.query_params.get("at", "")
    way = way_to(item.value, at)
    if way is None:
        raise NotFound("There is nothing at this place in the value any more.", _url(request, item), "The item")
    value, size = (way[-1][1], len(orjson.dumps(way[-1][1]))) if at else (item.value, item.size)
    text = jsontext.text_of(value, size)
    headers = {
        "Content-Disposition": f'attachment; filename="{encode_name(item.key)}.json"',
        "Content-Length": str(len(text)),
    }
    return StreamingResponse(_chunks(text), media_type="application/json", headers=headers)


async def _chunks(text: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(text), CHUNK):
        yield text[start : start + CHUNK]


def _url(request: Request, item: Item) -> str:
    return Urls.of(request).item(item.group_id, item.key)
