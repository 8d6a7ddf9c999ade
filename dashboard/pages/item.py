"""One item, beside its group's list: its value, the editor, its TTL."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from starlette.responses import Response

from dashboard import forms, jsonview
from dashboard.formats import duration
from dashboard.pages.errors import group_in, key_in, no_item
from dashboard.pages.panes import redirect_to_item, render_side
from dashboard.rendering import store_of
from dashboard.urls import encode_name
from store import KEEP, StoreError, VersionConflict, parse_duration

if TYPE_CHECKING:
    from markupsafe import Markup
    from starlette.datastructures import FormData
    from starlette.requests import Request

    from store import Item


@dataclass(frozen=True, slots=True)
class ValueSide:
    """An item's value (or, if it is not `whole`, the start of it) and times, and what was typed as its TTL."""

    group_id: str
    item: Item
    json: Markup
    whole: bool = True
    ttl: str = ""
    ttl_error: forms.FieldError | None = None
    gone: bool = False
    tab: str = "value"
    template: str = "partials/side_value.html"

    @property
    def title(self) -> str:
        """The item's key."""
        return self.item.key

    @property
    def opened(self) -> str:
        """The item's key."""
        return self.item.key


@dataclass(frozen=True, slots=True)
class EditSide:
    """The editor: what is typed, over which version, and what stands in the way of saving it.

    `item` is the item as it is now, None if it is gone. In a conflict `changed` is how what is typed differs from it.
    """

    group_id: str
    opened: str
    item: Item | None
    value: str
    version: int
    ttl: str = ""
    errors: dict[str, forms.FieldError] = field(default_factory=dict)
    conflict: bool = False
    theirs: str = ""
    changed: list[jsonview.Line] = field(default_factory=list)
    tab: str = "edit"
    template: str = "partials/side_edit.html"

    @property
    def title(self) -> str:
        """The item's key."""
        return self.opened

    @property
    def gone(self) -> bool:
        """Whether the item was found to be there no more."""
        return self.conflict and self.item is None


def show(request: Request) -> Response:
    """GET: the value."""
    item = item_in(request)
    return render_side(request, _value_side(item))


def raw(request: Request) -> Response:
    """GET: the value as a JSON file."""
    item = item_in(request)
    name = f"{encode_name(item.key)}.json"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(jsonview.formatted(item.value), media_type="application/json", headers=headers)


def edit_form(request: Request) -> Response:
    """GET: the editor."""
    item = item_in(request)
    text = jsonview.editable(item.value, store_of(request).max_value_bytes)
    return render_side(request, EditSide(item.group_id, item.key, item, text, item.version))


def edit(request: Request, form: FormData) -> Response:
    """POST: save what was typed, if the item is still the one that it was typed over."""
    group_id, key, over = group_in(request), key_in(request), forms.version(form, "version") or 0
    typed = EditSide(group_id, key, None, forms.text(form, "value"), over, forms.text(form, "ttl"))
    errors, value, ttl = forms.value_and_ttl(typed.value, typed.ttl, blank=KEEP)
    try:
        if not errors:
            store_of(request).set(group_id, key, value, ttl=ttl, if_version=over)
    except VersionConflict as conflict:
        return render_side(request, _conflicting(typed, conflict.current, jsonview.formatted(value)), 409)
    except StoreError as error:
        errors["value"] = forms.FieldError.of(error)
        if (status := forms.status_of(error)) == 503:  # nothing more can be asked of the store
            return render_side(request, replace(typed, errors=errors), status)
    if errors:
        item = store_of(request).item(group_id, key)
        if forms.text(form, "conflict"):
            typed = _conflicting(typed, item)
        return render_side(request, replace(typed, item=item, version=over, errors=errors), 422)
    return redirect_to_item(request, group_id, key, f"Saved {key}.")


def ttl(request: Request, form: FormData) -> Response:
    """POST: change or drop the expiry, leaving the value alone."""
    item, typed = item_in(request), forms.text(form, "ttl")
    try:
        seconds = parse_duration(typed)
        if seconds is None:
            store_of(request).persist(item.group_id, item.key)
        elif not store_of(request).expire(item.group_id, item.key, seconds):
            raise no_item(request, item.group_id, item.key)
    except StoreError as error:
        side = replace(_value_side(item), ttl=typed, ttl_error=forms.FieldError.of(error))
        return render_side(request, side, forms.status_of(error))
    told = "never expires" if seconds is None else f"expires in {duration(seconds)}"
    return redirect_to_item(request, item.group_id, item.key, f"{item.key} {told}.")


def item_in(request: Request) -> Item:
    """The item that the request's path names.

    Raises:
        NotFound: there is no such item.
    """
    group_id, key = group_in(request), key_in(request)
    item = store_of(request).item(group_id, key)
    if item is None:
        raise no_item(request, group_id, key)
    return item


def _value_side(item: Item) -> ValueSide:
    text = jsonview.formatted(item.value)
    return ValueSide(item.group_id, item, jsonview.highlighted(text), len(text) <= jsonview.SHOWN_TEXT)


def _conflicting(typed: EditSide, current: Item | None, yours: str = "") -> EditSide:
    """The editor again with both versions, now on top of the current one: saving once more is then meant."""
    if current is None:
        return replace(typed, conflict=True, version=0)
    theirs = jsonview.formatted(current.value)
    changed = jsonview.compare(theirs, yours) if yours else []
    return replace(typed, item=current, conflict=True, version=current.version, theirs=theirs, changed=changed)
