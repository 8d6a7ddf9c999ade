"""The trash: what was removed or replaced in the last minutes, bringing it back, and giving it up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, cast

from starlette.responses import Response

from dashboard import forms, jobs
from dashboard.formats import count, number
from dashboard.pages.errors import NotFound
from dashboard.rendering import forget_undo, redirect, render, store_of
from dashboard.restoring import WHOLE_ITEMS, OnConflict, Restoring, restored_in_words
from dashboard.returning import is_there, own_page
from dashboard.undoing import what_was_done
from dashboard.urls import Urls, decode_name
from store import UNDO_SECONDS, InvalidArgument, NotInTrash, RestoreConflict

if TYPE_CHECKING:
    from starlette.datastructures import FormData
    from starlette.requests import Request

    from store import Page, TrashEntry

PAGE_SIZE = 100


@dataclass(frozen=True, slots=True)
class TrashPage:
    """One page of what can be undone; `first` tells that there is none before it."""

    entries: Page[TrashEntry]
    first: bool
    minutes: int = UNDO_SECONDS // 60
    title: str = "Trash"
    section: Literal["trash"] = "trash"


@dataclass(frozen=True, slots=True)
class RestorePage:
    """How something is to be restored, and with `conflict`, what of it was changed since."""

    entry: TrashEntry
    back: str
    conflict: RestoreConflict | None = None
    title: str = "Restore"
    section: Literal["trash"] = "trash"

    @property
    def others(self) -> int:
        """How many items were not changed since."""
        return max(0, self.entry.items - self.conflict.conflicts) if self.conflict else 0


@dataclass(frozen=True, slots=True)
class DiscardPage:
    """What is asked before something is given up."""

    entry: TrashEntry
    title: str = "Discard"
    section: Literal["trash"] = "trash"


def show(request: Request) -> Response:
    """GET: what can be undone, the latest first."""
    after = request.query_params.get("after") or None
    page = store_of(request).trash(after=after, limit=PAGE_SIZE)
    return render(request, "trash.html", TrashPage(page, first=after is None))


def restore_form(request: Request) -> Response:
    """GET: the ways to restore an entry."""
    return render(request, "trash_restore.html", RestorePage(_entry_in(request), Urls.of(request).trash()))


def restore(request: Request, form: FormData) -> Response:
    """POST: bring an entry back, and go back to the page; if any of it was changed since, ask what to do about that."""
    entry, urls, back = _entry_in(request), Urls.of(request), own_page(request, forms.text(form, "back"))
    on_conflict = _on_conflict(forms.text(form, "on_conflict"))
    if entry.items > WHOLE_ITEMS:
        work = Restoring(store_of(request), entry, on_conflict, urls.trash_entry(entry.id, "restore"))
        return jobs.run(request, f"Restoring {count(entry.items, 'item')}", work, back or _place_of(urls, entry))
    try:
        report = store_of(request).restore(entry.id, on_conflict=on_conflict)
    except RestoreConflict as conflict:
        return render(request, "trash_restore.html", RestorePage(entry, back or urls.trash(), conflict), 409)
    except NotInTrash:
        raise _too_late(request) from None
    place = _there_now(request, entry)
    there = back if back and is_there(request, store_of(request), back) else place
    return redirect(request, there, restored_in_words(entry, report), leads_to="" if there == place else place)


def discard_form(request: Request) -> Response:
    """GET: the question before an entry is given up."""
    return render(request, "trash_discard.html", DiscardPage(_entry_in(request)))


def discard(request: Request, _form: FormData) -> Response:
    """POST: give it up."""
    entry = _entry_in(request)
    if not store_of(request).discard(entry.id):
        raise _too_late(request)
    return redirect(request, Urls.of(request).trash(), f"Discarded: {what_was_done(entry)}.")


def dismiss(request: Request, form: FormData) -> Response:
    """POST: close the message that offers to undo something; the entry stays. htmx has it taken out of the page."""
    back = own_page(request, forms.text(form, "back"))
    if "hx-request" in request.headers:
        response = Response(headers={"HX-Push-Url": "false"})
    else:
        response = redirect(request, back or Urls.of(request).trash())
    forget_undo(request, response)
    return response


def _entry_in(request: Request) -> TrashEntry:
    """The entry that the request's path names.

    Raises:
        NotFound: there is none (any more).
    """
    try:
        entry = store_of(request).trash_entry(decode_name(request.path_params["entry"]) or "")
    except InvalidArgument:
        entry = None
    if entry is None:
        raise _too_late(request)
    return entry


def _too_late(request: Request) -> NotFound:
    message = (
        "It is too late to undo this: it was restored or discarded already, or it is more than "
        f"{number(UNDO_SECONDS // 60)} minutes ago."
    )
    return NotFound(message, Urls.of(request).trash(), "What can be undone")


def _on_conflict(text: str) -> OnConflict:
    return cast("OnConflict", text) if text in ("skip", "overwrite") else "raise"


def _place_of(urls: Urls, entry: TrashEntry) -> str:
    """Where the entry's items will be."""
    if entry.group_id is None:
        return urls.groups()
    return urls.group(entry.group_id) if entry.key is None else urls.item(entry.group_id, entry.key)


def _there_now(request: Request, entry: TrashEntry) -> str:
    """Where the entry's items were, as far as that is there: undoing may have removed it."""
    store, urls, group_id = store_of(request), Urls.of(request), entry.group_id
    if group_id is None or store.group(group_id) is None:
        return urls.groups()
    gone = entry.key is not None and store.item(group_id, entry.key) is None
    return urls.group(group_id) if gone else _place_of(urls, entry)
