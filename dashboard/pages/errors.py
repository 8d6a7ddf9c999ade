"""Pages for what went wrong outside a form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from starlette.exceptions import HTTPException

from dashboard.formats import oneline
from dashboard.forms import FieldError
from dashboard.json_answers import refuse, sends_json
from dashboard.rendering import Shell, render, store_of
from dashboard.security import HEADERS
from dashboard.urls import Urls, decode_name
from store import StoreError

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

_TITLES = {
    400: "That request cannot be answered",
    401: "Not logged in",
    403: "Refused",
    404: "Not found",
    405: "Not possible here",
    413: "Too large",
    429: "Too many attempts",
    500: "Something went wrong",
    503: "The store does not answer",
}


@dataclass(frozen=True, slots=True)
class ErrorPage:
    """What went wrong, and where to go from here."""

    status: int
    message: str
    back: str
    back_label: str
    section: Literal["groups"] = "groups"

    @property
    def title(self) -> str:
        """What kind of error it is."""
        return _TITLES.get(self.status, "That did not work")


class NotFound(HTTPException):
    """A group or item that is not there; the page says which, and links to what is above it."""

    def __init__(self, message: str, back: str, back_label: str) -> None:
        super().__init__(404, message)
        self.back = back
        self.back_label = back_label


class NoItem(NotFound):
    """An item that is not there, in a group that is."""

    def __init__(self, message: str, back: str, group_id: str, key: str) -> None:
        super().__init__(message, back, f"Group {oneline(group_id)}")
        self.group_id = group_id
        self.key = key


def group_in(request: Request) -> str:
    """The group that the request's path names.

    Raises:
        NotFound: for a segment that is no group's URL.
    """
    return _name_in(request, "group")


def key_in(request: Request) -> str:
    """The key that the request's path names, as `group_in`."""
    return _name_in(request, "key")


def rule_in(request: Request) -> str:
    """The saved rule that the request's path names, as `group_in`."""
    return _name_in(request, "rule")


def no_group(request: Request, group_id: str) -> NotFound:
    """The error for a group that is not there."""
    return NotFound(
        f"There is no group “{oneline(group_id)}”. It may have expired or been cleared.",
        Urls.of(request).groups(),
        "All groups",
    )


def no_item(request: Request, group_id: str, key: str) -> NotFound:
    """The error for an item that is not there."""
    message = (
        f"There is no item “{oneline(key)}” in the group “{oneline(group_id)}”. It may have expired or been deleted."
    )
    if store_of(request).group(group_id) is None:
        return NotFound(message, Urls.of(request).groups(), "All groups")
    return NoItem(message, Urls.of(request).group(group_id), group_id, key)


def refused(request: Request, error: Exception) -> Response:
    """The page for an error that has a status of its own."""
    assert isinstance(error, HTTPException)  # noqa: S101  Starlette calls it for nothing else
    if sends_json(request):
        return refuse(error)
    home = Urls.of(request).groups()
    back, label = (error.back, error.back_label) if isinstance(error, NotFound) else (home, "All groups")
    message = error.detail
    if error.status_code == 404 and not isinstance(error, NotFound):
        message = "There is no such page."
    if error.status_code == 405:
        message = f"This address does not answer to {request.method}."
    response = render(request, "error.html", ErrorPage(error.status_code, message, back, label), error.status_code)
    response.headers.update(error.headers or {})
    return response


def store_failed(request: Request, error: Exception) -> Response:
    """The page for a store that could not do what a page needed."""
    assert isinstance(error, StoreError)  # noqa: S101  Starlette calls it for nothing else
    status = 400 if isinstance(error, ValueError) else 503
    message = FieldError.of(error).message
    return render(request, "error.html", ErrorPage(status, message, Urls.of(request).groups(), "All groups"), status)


def broken(request: Request, _error: Exception) -> Response:
    """The page for a defect of ours; Starlette logs the traceback."""
    message = "The dashboard failed at this. The server's log has the details."
    page = ErrorPage(500, message, Urls.of(request).groups(), "All groups")
    response = render(request, "error.html", page, 500, Shell())  # without a look at the store, which may be the defect
    response.headers.update(HEADERS)  # Starlette answers this outside all middleware
    return response


def _name_in(request: Request, kind: str) -> str:
    name = decode_name(request.path_params[kind])
    if name is None:
        raise NotFound(f"This address names no {kind}.", Urls.of(request).groups(), "All groups")
    return name
