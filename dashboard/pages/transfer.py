"""Exports: an item, a selection, what is listed of a group, a group, or the whole store, as a file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import TYPE_CHECKING, Final

from starlette.exceptions import HTTPException
from starlette.responses import Response, StreamingResponse

from dashboard import forms
from dashboard.filters import InvalidFilter
from dashboard.pages.group import back
from dashboard.pages.item import item_in
from dashboard.pages.item_list import criteria
from dashboard.pages.panes import known_group
from dashboard.rendering import store_of
from dashboard.urls import Listing, encode_name

if TYPE_CHECKING:
    from starlette.datastructures import FormData
    from starlette.requests import Request

CHUNK: Final = 64 * 1024  # bytes: a step of the thread pool for each line would take longer than most lines do
LONGEST_NAME: Final = 100  # characters
FORMATS: Final = {"ndjson": "application/x-ndjson", "json": "application/json"}


def export_store(request: Request) -> Response:
    """GET: all items of all groups."""
    return _file(request, _format(request.query_params.get("format", "")), store_of(request).export(), "stepstate")


def export_group(request: Request) -> Response:
    """GET: the items of a group; with the parameters of its list, those that it lists on all pages."""
    kind, group = _format(request.query_params.get("format", "")), known_group(request)
    return _file(request, kind, _matching(request, group.id), group.id)


def export_item(request: Request) -> Response:
    """GET: one item."""
    kind, item = _format(request.query_params.get("format", "")), item_in(request)
    return _file(request, kind, store_of(request).export_items(item.group_id, [item.key]), item.key)


def export_selection(request: Request, form: FormData) -> Response:
    """POST: the ticked items, or all that the list has."""
    kind, group = _format(forms.text(form, "format")), known_group(request)
    if "all" in form:
        return _file(request, kind, _matching(request, group.id), group.id)
    keys = list(forms.names_at(form, "key"))
    if not keys:
        return back(request, group.id, "Nothing was selected.")
    return _file(request, kind, store_of(request).export_items(group.id, keys), group.id)


def _format(asked: str) -> str:
    if asked not in FORMATS:
        raise HTTPException(400, "An export is of the format ndjson or json.")
    return asked


def _matching(request: Request, group_id: str) -> Iterator[bytes]:
    listing = Listing.of(request.query_params)
    try:
        search, where = criteria(listing)
    except InvalidFilter as error:
        raise HTTPException(400, f"A filter cannot be used. {error}") from None
    return store_of(request).export([group_id], search=search, where=where)


def _file(request: Request, kind: str, lines: Iterator[bytes], name: str) -> Response:
    """Answer with the lines, which are read as they are sent; what fails before the first of them has a page."""
    headers = {"Content-Disposition": f'attachment; filename="{encode_name(name)[:LONGEST_NAME]}.{kind}"'}
    if request.method == "HEAD":
        return Response(media_type=FORMATS[kind], headers=headers)
    chunks = _chunks(_array(lines) if kind == "json" else lines)
    first = next(chunks, b"")
    return StreamingResponse(chain([first], chunks), media_type=FORMATS[kind], headers=headers)


def _array(lines: Iterable[bytes]) -> Iterator[bytes]:
    """The lines as the members of one JSON array, each on a line of its own still."""
    before = b"[\n"
    for line in lines:
        yield before + line.rstrip(b"\n")
        before = b",\n"
    yield b"[]\n" if before == b"[\n" else b"\n]\n"


def _chunks(lines: Iterable[bytes]) -> Iterator[bytes]:
    waiting: list[bytes] = []
    size = 0
    for line in lines:
        waiting.append(line)
        size += len(line)
        if size >= CHUNK:
            yield b"".join(waiting)
            waiting, size = [], 0
    if waiting:
        yield b"".join(waiting)
