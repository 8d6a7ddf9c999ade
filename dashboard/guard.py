"""What every request passes before its handler: where it was sent, where it comes from, and what it may do.

Nothing has to be said of a route for it to be guarded: a new one that is no GET changes something, and all but the
public ones need access.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from dashboard.access import ACCESS, Access, access_of
from dashboard.door import Door, Open, TokenDoor
from dashboard.json_answers import sends_json
from dashboard.returning import own_page
from dashboard.security import check_host, check_origin
from dashboard.urls import Urls, page_of

if TYPE_CHECKING:
    from collections.abc import Collection

    from starlette.types import ASGIApp, Receive, Scope, Send

_SAFE: Final = ("GET", "HEAD", "OPTIONS")
_READ_ONLY: Final = "The dashboard is read only for you, so nothing was changed."
_LOGGED_OUT: Final = "You are not logged in, so nothing was changed."


class Guard:
    """ASGI middleware between the error pages and the routes."""

    def __init__(self, app: ASGIApp, door: Door, *, read_only: bool, allowed_hosts: Collection[str] | None) -> None:
        self._app = app
        self._door = door
        self._read_only = read_only
        self._hosts = allowed_hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # What has access already is a page that dashboard/live.py renders for somebody who was let in.
        if scope["type"] == "http" and ACCESS not in scope:
            request = Request(scope, receive, send)
            if (refusal := await self._refusal(request)) is not None:
                await refusal(scope, receive, send)
                return
        await self._app(scope, receive, send)

    async def _refusal(self, request: Request) -> Response | None:
        check_host(request, self._hosts, guess=isinstance(self._door, Open))
        urls, changes = Urls.of(request), request.method not in _SAFE
        if changes:
            check_origin(request)
        path = request.scope["path"]
        if path.startswith(urls.statics):
            return None
        access = await self._door.access(request)
        if access is not None:
            request.scope[ACCESS] = access = Access.READ if self._read_only else access
        if isinstance(self._door, TokenDoor) and path in (urls.login(), urls.logout()):
            return None
        if access is None:
            return _no_access(request, login=isinstance(self._door, TokenDoor))
        if changes and access is not Access.FULL and path != urls.theme():
            raise HTTPException(403, _READ_ONLY)
        return None


def changing(show: Callable[[Request], Response]) -> Callable[[Request], Response]:
    """The handler of a form that only those may see who may change something."""

    @functools.wraps(show)
    def shown(request: Request) -> Response:
        if access_of(request) is not Access.FULL:
            raise HTTPException(403, "The dashboard is read only for you.")
        return show(request)

    return shown


def next_page(request: Request, url: str) -> str:
    """Where to go after the login: this URL if it is one of our pages, else the first page."""
    return own_page(request, url) or Urls.of(request).groups()


def _no_access(request: Request, *, login: bool) -> Response:
    if not login:
        raise HTTPException(403, "You have no access to this dashboard.")
    if "hx-request" in request.headers:
        return _no_access_htmx(request)
    if request.method in _SAFE and "text/html" in request.headers.get("accept", ""):
        return RedirectResponse(Urls.of(request).login(next_page(request, page_of(request))), 303)
    message = "Send a token as Authorization: Bearer." if sends_json(request) else _LOGGED_OUT
    raise HTTPException(401, message, {"WWW-Authenticate": 'Bearer realm="stepstate"'})


def _no_access_htmx(request: Request) -> Response:
    safe = request.method in _SAFE
    shown = re.sub("^https?://[^/]*|#.*", "", request.headers.get("hx-current-url", ""))
    wanted = (
        page_of(request) if safe and "hx-boosted" in request.headers else shown
    )  # a link to follow, or part of a page
    login = Urls.of(request).login(next_page(request, wanted))
    if safe:
        return Response(status_code=401, headers={"HX-Redirect": login})
    # What was typed stays where it is, to be sent again.
    notice = (
        f'<p class="notice bad" role="alert">{_LOGGED_OUT} '
        f'<a href="{login}" target="_blank" rel="noopener">Log in</a> in another tab, then try again here.</p>'
    )
    headers = {"HX-Retarget": "header.bar", "HX-Reswap": "afterend", "HX-Push-Url": "false"}
    return HTMLResponse(notice, 401, headers)
