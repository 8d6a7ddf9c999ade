"""What makes the pages comfortable: light or dark, and the keys that do things."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from starlette.responses import RedirectResponse

from dashboard import forms
from dashboard.guard import next_page
from dashboard.rendering import render
from dashboard.themes import COOKIE, theme_named
from dashboard.urls import Urls

if TYPE_CHECKING:
    from starlette.datastructures import FormData
    from starlette.requests import Request
    from starlette.responses import Response

_SECONDS: Final = 365 * 86400


@dataclass(frozen=True, slots=True)
class KeysPage:
    """The list of keys, for browsers that cannot show it over the page."""

    title: str = "Keys"
    section: Literal[""] = ""


def keys(request: Request) -> Response:
    """GET: which keys do what."""
    return render(request, "keys.html", KeysPage())


def choose_theme(request: Request, form: FormData) -> Response:
    """POST: pages look so from now on. It changes nothing of the store, so readers may do it too."""
    response = RedirectResponse(next_page(request, forms.text(form, "back")), 303)
    theme, path = theme_named(forms.text(form, "theme")), Urls.of(request).groups()
    if theme == "system":
        response.delete_cookie(COOKIE, path=path, httponly=True, samesite="strict")
    else:
        response.set_cookie(COOKIE, theme, max_age=_SECONDS, path=path, httponly=True, samesite="strict")
    return response
