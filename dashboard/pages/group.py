"""One group: its items, and what can be done to all of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dashboard import forms
from dashboard.formats import count, oneline, short_duration
from dashboard.pages.errors import group_in, no_group
from dashboard.pages.panes import known_group, render_panes, render_side
from dashboard.rendering import redirect, store_of
from dashboard.undoing import new_id
from dashboard.urls import Listing, Urls
from store import UNDO_SECONDS, StoreError, parse_duration

if TYPE_CHECKING:
    from starlette.datastructures import FormData
    from starlette.requests import Request
    from starlette.responses import Response


@dataclass(frozen=True, slots=True)
class ClearQuestion:
    """What is asked before a group is cleared."""

    group_id: str
    undo_minutes: int = UNDO_SECONDS // 60
    template: str = "partials/side_clear.html"
    title: str = "Clear"
    opened: None = None


@dataclass(frozen=True, slots=True)
class SettingsForm:
    """The form for a group's default TTL, with what was wrong with what was typed."""

    group_id: str
    default_ttl: str
    error: forms.FieldError | None = None
    template: str = "partials/side_settings.html"
    title: str = "Settings"
    opened: None = None


def show(request: Request) -> Response:
    """GET: the group's items."""
    return render_panes(request, known_group(request))


def delete_item(request: Request, form: FormData) -> Response:
    """POST: delete one item; nothing is asked, because it can be undone."""
    group, undo = known_group(request), new_id()
    key = next(iter(forms.names(form, "key")), None)
    if key is None:
        return back(request, group.id, "Nothing was selected.")
    gone = store_of(request).delete_many(group.id, [key], undo=undo)
    notice = f"Deleted {oneline(key)}." if gone else f"{oneline(key)} had gone already."
    return back(request, group.id, notice, undo)


def clear_form(request: Request) -> Response:
    """GET: the question before clearing."""
    group = known_group(request)
    return render_panes(request, group, ClearQuestion(group.id))


def clear(request: Request, _form: FormData) -> Response:
    """POST: remove all items of the group."""
    group_id, undo = known_group(request).id, new_id()
    gone = store_of(request).clear(group_id, undo=undo)
    return back(request, group_id, f"Cleared {group_id}: {count(gone, 'item')} removed.", undo)


def finish(request: Request, _form: FormData) -> Response:
    """POST: mark the group as finished."""
    group_id = group_in(request)
    if not store_of(request).finish(group_id):
        raise no_group(request, group_id)
    return back(request, group_id, f"{group_id} is marked finished. Cleanup finds it among the finished groups.")


def reopen(request: Request, _form: FormData) -> Response:
    """POST: take the mark back."""
    group_id = group_in(request)
    if not store_of(request).reopen(group_id):
        raise no_group(request, group_id)
    return back(request, group_id, f"{group_id} is open again.")


def settings_form(request: Request) -> Response:
    """GET: the form for the default TTL."""
    group = known_group(request)
    typed = "never" if group.default_ttl is None else short_duration(group.default_ttl)
    return render_panes(request, group, SettingsForm(group.id, typed))


def settings(request: Request, form: FormData) -> Response:
    """POST: set the default TTL."""
    group_id, typed = group_in(request), forms.text(form, "default_ttl")
    try:
        default_ttl = parse_duration(typed)
        store_of(request).configure(group_id, default_ttl=default_ttl)
    except StoreError as error:
        return render_side(request, SettingsForm(group_id, typed, forms.FieldError.of(error)), forms.status_of(error))
    meaning = "have no expiry" if default_ttl is None else f"expire after {short_duration(default_ttl)}"
    return back(request, group_id, f"New items of {group_id} {meaning} unless they name a TTL.")


def back(request: Request, group_id: str, notice: str, trash_id: str = "") -> Response:
    """To the group, or to the list of groups if this was the end of it."""
    urls, listing = Urls.of(request), Listing.of(request.query_params)
    there = store_of(request).group(group_id) is not None
    return redirect(request, urls.group(group_id, listing) if there else urls.groups(), notice, trash_id)
