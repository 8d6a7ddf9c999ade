"""Dropping what is kept of cached functions: one entry, all of a function, or all that is expired or stale."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from dashboard.formats import count, oneline
from dashboard.histogram import entries
from dashboard.pages.cache import function_in
from dashboard.pages.errors import key_in
from dashboard.rendering import redirect, render, store_of
from dashboard.undoing import HOW_LONG, new_id
from dashboard.urls import Listing, Urls

if TYPE_CHECKING:
    from starlette.datastructures import FormData
    from starlette.requests import Request
    from starlette.responses import Response

AT_ONCE: Final = 20_000  # stale results; nobody waits longer for a page


@dataclass(frozen=True, slots=True)
class QuestionPage:
    """What is asked before something is dropped, and where to go with either answer."""

    title: str
    lines: list[str]
    button: str
    action: str
    back: str
    section: Literal["cache"] = "cache"


def clear_form(request: Request) -> Response:
    """GET: the question before clearing a function."""
    function, urls = function_in(request), Urls.of(request)
    group_id = function.info.group_id
    lines = [
        f"This drops everything in the group “{oneline(group_id)}”: {entries(function.entries)}. "
        f"What is needed again, the function is run for again. {HOW_LONG}",
        "The counters stay.",
    ]
    page = QuestionPage(
        f"Clear {function.name}?",
        lines,
        f"Clear {entries(function.entries)}",
        urls.cached(group_id, action="clear"),
        urls.cached(group_id),
    )
    return render(request, "cache_question.html", page)


def clear(request: Request, _form: FormData) -> Response:
    """POST: drop everything that is kept of a function."""
    function, undo = function_in(request), new_id()
    gone = store_of(request).cache_clear(function.info.group_id, undo=undo)
    return redirect(request, Urls.of(request).cache(), f"Cleared {function.name}: {entries(gone)} dropped.", undo)


def drop_form(request: Request) -> Response:
    """GET: the question before dropping one entry."""
    function, key = function_in(request), key_in(request)
    urls, listing, group_id = Urls.of(request), Listing.of(request.query_params), function.info.group_id
    lines = [f"The next call of {function.name} that needs it runs the function anew."]
    page = QuestionPage(
        f"Drop {oneline(key)}?",
        lines,
        "Drop the entry",
        urls.drop(group_id, key, listing),
        urls.cached(group_id, listing),
    )
    return render(request, "cache_question.html", page)


def drop(request: Request, _form: FormData) -> Response:
    """POST: drop one entry."""
    function, key, undo = function_in(request), key_in(request), new_id()
    gone = store_of(request).cache_clear(function.info.group_id, [key], undo=undo)
    notice = f"Dropped {oneline(key)}." if gone else f"{oneline(key)} had gone already."
    back = Urls.of(request).cached(function.info.group_id, Listing.of(request.query_params))
    return redirect(request, back, notice, undo)


def stale_form(request: Request) -> Response:
    """GET: the question before dropping all that is expired or stale."""
    urls = Urls.of(request)
    lines = [
        "Stale entries are past their TTL, and only served while a new one is fetched. "
        f"Without them, the next call of each has to wait for the function. {HOW_LONG}",
        "Expired items are seen by nobody any more; they only take space until they are swept, in any group.",
    ]
    page = QuestionPage(
        "Drop everything expired and stale?", lines, "Drop it", urls.cache(action="stale"), urls.cache()
    )
    return render(request, "cache_question.html", page)


def drop_stale(request: Request, _form: FormData) -> Response:
    """POST: drop it."""
    store, undo = store_of(request), new_id()
    expired, stale = store.sweep(), store.cache_clear_stale(limit=AT_ONCE, undo=undo)
    notice = f"Dropped {count(stale, 'stale result')} and swept {count(expired, 'expired item')}."
    if stale == AT_ONCE:
        notice += " There may be more that is stale: drop again."
    return redirect(request, Urls.of(request).cache(), notice, undo)
