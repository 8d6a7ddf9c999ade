"""Logging in with a token, and out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse

from dashboard import forms
from dashboard.access import SESSION_SECONDS, access_of
from dashboard.guard import next_page
from dashboard.rendering import render
from dashboard.urls import Urls

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from dashboard.access import Access
    from dashboard.door import TokenDoor

_LONGEST_TOKEN = 10_000  # bytes


@dataclass(frozen=True, slots=True)
class LoginPage:
    """Where the token is typed; `then` is where it goes on.

    `again` has the browser ask once more by itself: one that comes from another site keeps its session back.
    """

    then: str
    error: str = ""
    again: bool = False
    title: str = "Log in"
    section: Literal[""] = ""


async def show(request: Request) -> Response:
    """GET: the form; with `token`, as in the link that is printed at the start, what the form would do."""
    query = request.query_params
    then = next_page(request, query.get("next", ""))
    if "token" in query:
        return _try(request, query["token"], then)
    if access_of(request) is not None:
        return RedirectResponse(then, 303)
    again = request.headers.get("sec-fetch-site") in ("cross-site", "same-site")
    return render(request, "login.html", LoginPage(then, again=again))


async def submit(request: Request) -> Response:
    """POST: a session for the right token."""
    form = await forms.read_form(request, _LONGEST_TOKEN)
    return _try(request, forms.text(form, "token").strip(), next_page(request, forms.text(form, "next")))


async def logout(request: Request) -> Response:
    """POST: the browser forgets its session."""
    response = RedirectResponse(Urls.of(request).login(), 303)
    cookie = _door(request).tokens.cookie
    if cookie in request.cookies:  # its name is nothing to tell others
        response.delete_cookie(cookie, path=Urls.of(request).groups())
    return response


def _try(request: Request, token: str, then: str) -> Response:
    try:
        access = _door(request).try_token(request, token.encode(errors="replace"))
    except HTTPException as error:
        response = render(request, "login.html", LoginPage(then, error.detail), error.status_code)
        response.headers.update(error.headers or {})
        return response
    if access is None:
        return render(request, "login.html", LoginPage(then, "That is not the token."), 401)
    return _let_in(request, access, then)


def _let_in(request: Request, access: Access, then: str) -> Response:
    response = RedirectResponse(then, 303)
    tokens = _door(request).tokens
    response.set_cookie(
        tokens.cookie,
        tokens.session(access),
        SESSION_SECONDS,
        path=Urls.of(request).groups(),
        secure=request.scope["scheme"] == "https",
        httponly=True,
        samesite="strict",
    )
    return response


def _door(request: Request) -> TokenDoor:
    door: TokenDoor = request.app.state.door
    return door
