"""The columns that were chosen for a group: remembered by the browser, in a cookie that it sends to this group only."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from dashboard import forms
from dashboard.columns import format_columns, parse_columns
from dashboard.pages.errors import group_in
from dashboard.rendering import redirect
from dashboard.urls import Listing, Urls

if TYPE_CHECKING:
    from starlette.datastructures import FormData
    from starlette.requests import Request
    from starlette.responses import Response

_COOKIE = "stepstate_columns"
_SECONDS = 365 * 86400
_LENGTH = 3000  # characters; browsers drop cookies of 4096


def remembered(request: Request) -> str:
    """The columns chosen last for the group that a request is about; "" if none were."""
    return unquote(request.cookies.get(_COOKIE, ""))


def choose(request: Request, form: FormData) -> Response:
    """POST: show these columns, now and whenever the group is opened; none at all leaves the choice to the page."""
    group_id, urls = group_in(request), Urls.of(request)
    columns = format_columns(parse_columns(",".join(forms.texts(form, "column"))))
    listing = replace(Listing.of(request.query_params), columns=columns)
    opened = forms.names(form, "item")
    there = urls.item(group_id, opened[0], listing) if opened else urls.group(group_id, listing)
    response, kept, path = redirect(request, there), quote(columns), urls.group(group_id)
    if kept and len(kept) <= _LENGTH:
        response.set_cookie(_COOKIE, kept, max_age=_SECONDS, path=path, httponly=True, samesite="strict")
    else:
        response.delete_cookie(_COOKIE, path=path, httponly=True, samesite="strict")
    return response
