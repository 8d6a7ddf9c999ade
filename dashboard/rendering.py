"""From a page's context object to an answer: one template serves the full page and what htmx swaps in."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, Protocol
from urllib.parse import quote, unquote

import jinja2
from starlette.responses import HTMLResponse, RedirectResponse

from dashboard import columns, formats, jsonview, rule_fields, undoing
from dashboard.access import Access, access_of
from dashboard.compression import compress
from dashboard.door import TokenDoor
from dashboard.regions import Regions, live
from dashboard.resources import resources
from dashboard.returning import own_page
from dashboard.themes import THEMES, theme_of
from dashboard.urls import Urls, encode_name, page_of
from store import UNDO_SECONDS, StoreClosed, StoreError, kind_of

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from store import Store

_REVISION = "stepstate.revision"
_NOTICE_COOKIE = "stepstate_notice"
_NOTICE_SECONDS = 30
_NOTICE_LENGTH = 300  # characters, so that even emoji fit into what browsers take as a cookie
_COOKIE_LENGTH = 3900


class PageContext(Protocol):
    """All that a template sees of a page; `section` is the entry of the navigation that is lit."""

    @property
    def title(self) -> str:
        """The page's title."""

    @property
    def section(self) -> Literal["groups", "cache", "cleanup", "trash", "jobs", ""]:
        """The entry of the navigation; "" for none."""


@dataclass(frozen=True, slots=True)
class Shell:
    """What every page shows around its own part; `revision` is the store's from before the page was made.

    `leads_to` is the page that the notice is about, if that is another. `jobs` is how many background jobs are not
    over, `undo` what was done last and can be undone, `place` the page's own URL, "" for what a form was answered with.
    Who has no `access` is shown nothing of the store; `logged_in` tells of a session, which can be ended.
    """

    location: str = ""
    notice: str = ""
    leads_to: str = ""
    undo: undoing.Offer | None = None
    place: str = ""
    revision: str = ""
    jobs: int = 0
    access: Access | None = None
    logged_in: bool = False
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def can_write(self) -> bool:
        """Whether pages show what changes something."""
        return self.access is Access.FULL


@functools.cache
def environment() -> jinja2.Environment:
    """Jinja with the filters that the templates use; undefined names are errors."""
    env = jinja2.Environment(
        loader=jinja2.FileSystemLoader(resources("templates")),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.filters.update(
        number=formats.number,
        count_of=formats.count,
        size=formats.size,
        duration=formats.duration,
        rough=formats.rough,
        countdown=formats.countdown,
        short_duration=formats.short_duration,
        stamp=formats.stamp,
        ttl_bar=formats.ttl_bar,
        utc=formats.utc,
        since=_since,
        until=_until,
        kind=kind_of,
        kind_of=columns.kind,
        preview=columns.preview,
        cell=columns.cell,
        oneline=formats.oneline,
        segment=encode_name,
        sentence=formats.sentence,
        what_was_done=undoing.what_was_done,
        rule_in_words=rule_fields.in_words,
        rule_command=rule_fields.command,
        rule_fields=lambda rule: rule_fields.RuleFields.of_rule(rule).named,
    )
    env.globals["live"] = live
    env.globals["themes"] = THEMES
    env.globals["edited_text"] = jsonview.EDITED_TEXT
    return env


def store_of(request: Request) -> Store:
    """The store that the application shows."""
    store: Store = request.app.state.store
    if _REVISION not in request.scope:  # before anything is read: what is written from here on may not be on the page
        request.scope[_REVISION] = _revision(store)
    return store


def render(
    request: Request, template: str, page: PageContext, status: int = 200, shell: Shell | None = None
) -> Response:
    """Answer with a page: as a whole, or, when htmx asks for a part, what goes into #page."""
    env: jinja2.Environment = request.app.state.templates
    regions = Regions.wanted(request)
    part = request.headers.get("hx-request-type") == "partial"
    notice, _, leads_to = unquote(request.cookies.get(_NOTICE_COOKIE, "")).partition("\n")
    shell = shell or _shell(request, notice, own_page(request, leads_to))
    context: dict[str, Any] = {
        "page": page,
        "url": Urls.of(request),
        "shell": shell,
        "regions": regions,
        "theme": theme_of(request),
        "layout": "regions.html" if regions else "part.html" if part else "whole.html",
    }
    headers = {"Vary": "HX-Request-Type"}
    if status != 200 or request.method == "POST":
        headers["HX-Push-Url"] = "false"  # what a form was answered with is no page to come back to
    response = HTMLResponse(env.get_template(template).render(context), status, headers)
    compress(request, response)
    if notice:
        response.delete_cookie(_NOTICE_COOKIE, path=_cookie_path(request))
    return response


def redirect(request: Request, url: str, notice: str = "", trash_id: str = "", leads_to: str = "") -> Response:
    """Send the browser on after a change, with a message for the next page, and a link in it to what it `leads_to`.

    If something is kept in the trash under `trash_id`, the message offers to undo it, and stays as long as that can be.
    """
    response = RedirectResponse(url, 303)
    if notice:
        text = formats.oneline(notice)[:_NOTICE_LENGTH]
        said, linked = quote(text), quote(f"{text}\n{leads_to}")
        _keep(request, response, _NOTICE_COOKIE, linked if len(linked) <= _COOKIE_LENGTH else said, _NOTICE_SECONDS)
        if trash_id:
            _keep(request, response, undoing.COOKIE, undoing.Offer.written(trash_id, text), UNDO_SECONDS)
    return response


def forget_undo(request: Request, response: Response) -> None:
    """Have the message that offers to undo something not be shown again."""
    response.delete_cookie(undoing.COOKIE, path=_cookie_path(request))


def _keep(request: Request, response: Response, cookie: str, value: str, seconds: int) -> None:
    response.set_cookie(cookie, value, seconds, path=_cookie_path(request), httponly=True, samesite="strict")


def _shell(request: Request, notice: str, leads_to: str) -> Shell:
    access = access_of(request)
    if access is None:
        return Shell(notice=notice)
    store, jobs, door = store_of(request), request.app.state.jobs.unfinished, request.app.state.door
    logged_in = isinstance(door, TokenDoor) and door.tokens.cookie in request.cookies
    try:
        undo = undoing.Offer.read(store, request.cookies.get(undoing.COOKIE, "")) if access is Access.FULL else None
        place, revision, now = _place(request), request.scope[_REVISION], store.now()
        return Shell(store.location, notice, leads_to, undo, place, revision, jobs, access, logged_in, now)
    except StoreClosed:  # the page that says so is shown all the same
        return Shell(notice=notice, jobs=jobs, access=access, logged_in=logged_in)


def _place(request: Request) -> str:
    return page_of(request) if request.method == "GET" else ""


def _revision(store: Store) -> str:
    try:
        return str(store.revision())
    except StoreError:  # what the page needs of it will say so
        return ""


@jinja2.pass_context
def _since(context: jinja2.runtime.Context, at: datetime) -> float:
    """Seconds that have passed, by the store's clock."""
    seconds: float = (context["shell"].now - at).total_seconds()
    return seconds


@jinja2.pass_context
def _until(context: jinja2.runtime.Context, at: datetime) -> float:
    """Seconds that are left, by the store's clock."""
    return max(0.0, -_since(context, at))


def _cookie_path(request: Request) -> str:
    return Urls.of(request).groups()
