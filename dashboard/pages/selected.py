"""What is done to the ticked items of a group, or to all that match its filters: the question, then the doing."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING

from dashboard import forms, jobs
from dashboard.expiry import lacks_zone, parse_expiry, zone_of
from dashboard.filters import InvalidFilter, describe
from dashboard.formats import count, number, oneline, stamp
from dashboard.pages.group import back
from dashboard.pages.item_list import criteria
from dashboard.pages.panes import known_group, render_panes
from dashboard.rendering import store_of
from dashboard.selecting import Action, Deleting, Doing, Matching, SettingTtl
from dashboard.undoing import new_id
from dashboard.urls import Listing, Urls
from store import UNDO_SECONDS, Count, StoreError

if TYPE_CHECKING:
    from starlette.datastructures import FormData
    from starlette.requests import Request
    from starlette.responses import Response

    from store import GroupInfo

COUNT_SECONDS = 2.0
COUNTED = 10_000


@dataclass(frozen=True, slots=True)
class SelectedQuestion:
    """What is asked before something is done: to which items, and for a TTL, which.

    `versions` are the ticked items, None for all that match; then `counted` is how many those are and `filters` what
    they are chosen by, in words. `asked_at` is in milliseconds since 1970.
    """

    group_id: str
    do: str
    versions: dict[str, int] | None
    counted: Count
    filters: list[str] = field(default_factory=list)
    asked_at: int = 0
    ttl: str = ""
    error: forms.FieldError | None = None
    undo_minutes: int = UNDO_SECONDS // 60
    template: str = "partials/side_selected.html"
    opened: None = None

    @property
    def title(self) -> str:
        """What is to be done."""
        return f"{'Delete' if self.do == 'delete' else 'Set the TTL of'} {self.how_many}"

    @property
    def how_many(self) -> str:
        """How many items, in words."""
        items, exact = self.counted
        if exact:
            return count(items, "item")
        return f"{'more than' if items >= COUNTED else 'at least'} {number(items)} items"


def submit(request: Request, form: FormData) -> Response:
    """POST: ask whether that is meant, or do it once it is."""
    group, do = known_group(request), forms.text(form, "do")
    every, versions = "all" in form, forms.names_at(form, "key")
    if do not in ("delete", "ttl") or not (every or versions):
        return back(request, group.id, "Nothing was selected.")
    try:
        question = _question(request, group, do, None if every else versions)
    except InvalidFilter:  # the page says what is wrong
        return render_panes(request, group, status=422)
    if "sure" not in form:
        return _ask(request, group, question)
    return _do(request, group, form, question)


def _question(request: Request, group: GroupInfo, do: str, versions: dict[str, int] | None) -> SelectedQuestion:
    if versions is not None:
        return SelectedQuestion(group.id, do, versions, Count(len(versions), exact=True))
    store, listing = store_of(request), Listing.of(request.query_params)
    asked_at = stamp(store.now())
    search, where = criteria(listing)
    counted = store.count(group.id, search=search, where=where, limit=COUNTED, within=COUNT_SECONDS)
    filters = [describe(each) for each in where]
    if search:
        filters.append(f"the key contains “{oneline(search)}”")
    return SelectedQuestion(group.id, do, None, counted, filters, asked_at)


def _ask(request: Request, group: GroupInfo, question: SelectedQuestion, status: int = 200) -> Response:
    return render_panes(request, group, question, status, ticked=question.versions)


def _do(request: Request, group: GroupInfo, form: FormData, question: SelectedQuestion) -> Response:
    undo = new_id() if question.do == "delete" else ""
    action: Action = Deleting(undo)
    note = ""
    if question.do == "ttl":
        typed, zone = forms.text(form, "preset") or forms.text(form, "ttl"), zone_of(forms.text(form, "zone"))
        try:
            now = store_of(request).now()
            action = SettingTtl(parse_expiry(typed, now, zone), now)
        except StoreError as error:
            wrong = replace(question, ttl=typed, error=forms.FieldError.of(error))
            return _ask(request, group, wrong, forms.status_of(error))
        note = " A time without a zone is taken as UTC." if lacks_zone(typed) and zone is None else ""
    if question.versions is None:
        return _start(request, form, question, action, undo)
    done, keys = action.apply(store_of(request), group.id, question.versions), list(question.versions)
    said = action.sentence(group.id, done, len(keys) - done)
    if undo and done == len(keys) == 1:
        said = f"Deleted {oneline(keys[0])}."
    return back(request, group.id, said + note, undo)


def _start(request: Request, form: FormData, question: SelectedQuestion, action: Action, trash_id: str) -> Response:
    """Do it to all that match, as a job."""
    store, urls, listing = store_of(request), Urls.of(request), Listing.of(request.query_params)
    search, where = criteria(listing)
    matching = Matching(question.group_id, search, tuple(where), _asked_at(form, store.now()))
    expected = question.counted.items if question.counted.exact else None
    work = Doing(store, matching, action, expected, trash_id)
    doing = "Deleting" if question.do == "delete" else "Setting the TTL of"
    title = f"{doing} {question.how_many} of {oneline(question.group_id)}"
    everything = question.do == "delete" and not listing.narrowed
    back_url = urls.groups() if everything else urls.group(question.group_id, listing.first)
    return jobs.run(request, title, work, back_url, "All groups" if everything else "Back to the group")


def _asked_at(form: FormData, now: datetime) -> datetime:
    """When the question was asked; now, if the form does not tell."""
    return min(now, forms.moment(forms.text(form, "asked_at")) or now)
