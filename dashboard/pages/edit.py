"""The editor of an item's value, and what to do if the item changed while it was edited."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from dashboard import forms, jsonview
from dashboard.merging import ABSENT, merge
from dashboard.pages.checking import LAYOUTS, compact, laid_out
from dashboard.pages.errors import group_in, key_in
from dashboard.pages.item import item_in
from dashboard.pages.meanwhile import Clash, Meanwhile, parsed
from dashboard.pages.panes import redirect_to_item, render_side
from dashboard.rendering import store_of
from dashboard.undoing import new_id
from store import KEEP, StoreError, VersionConflict

if TYPE_CHECKING:
    from starlette.datastructures import FormData
    from starlette.requests import Request
    from starlette.responses import Response

    from store import Item

BASE_BYTES = 256 * 1024  # of JSON; what editing started from travels with the form up to this


@dataclass(frozen=True, slots=True)
class EditSide:
    """The editor: what is typed, over which version, and what stands in the way of saving it.

    `item` is the item as it is now, None if it is gone. `base` is the JSON text that the editing started from, "" if
    that is not known. In a conflict saving once more is meant, and `meanwhile` is what changed. `merged` are the fields
    that both had changed, once their change has been merged into what is typed.
    """

    group_id: str
    opened: str
    item: Item | None
    value: str
    version: int
    ttl: str = ""
    base: str = ""
    errors: dict[str, forms.FieldError] = field(default_factory=dict)
    conflict: bool = False
    meanwhile: Meanwhile | None = None
    merged: list[Clash] | None = None
    typed: bool = False
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
    """GET: the editor."""
    item = item_in(request)
    text = jsonview.editable(item.value, store_of(request).max_value_bytes)
    return render_side(request, EditSide(item.group_id, item.key, item, text, item.version, base=_base(item)))


def submit(request: Request, form: FormData) -> Response:
    """POST: save what was typed, if the item is still the one that it was typed over; or what else the button says."""
    do = forms.text(form, "do")
    if do in LAYOUTS:
        return _lay_out(request, form, do)
    if do in ("compare", "merge"):
        return _look(request, form, merging=do == "merge")
    return _save(request, form)


def _save(request: Request, form: FormData) -> Response:
    typed = _typed(request, form)
    undo = new_id()
    errors, value, ttl = forms.value_and_ttl(typed.value, typed.ttl, blank=KEEP)
    try:
        if not errors:
            store_of(request).set(typed.group_id, typed.opened, value, ttl=ttl, if_version=typed.version, undo=undo)
    except VersionConflict as conflict:
        return render_side(request, _conflicting(typed, conflict.current, value), 409)
    except StoreError as error:
        errors["value"] = forms.FieldError.of(error)
        if (status := forms.status_of(error)) == 503:  # nothing more can be asked of the store
            return render_side(request, replace(typed, errors=errors), status)
    if errors:
        return render_side(request, _again(request, typed, errors), 422)
    return redirect_to_item(request, typed.group_id, typed.opened, f"Saved {typed.opened}.", undo)


def _lay_out(request: Request, form: FormData, layout: str) -> Response:
    typed = _typed(request, form)
    text, errors = laid_out(typed.value, LAYOUTS[layout])
    return render_side(request, _again(request, replace(typed, value=text), errors), 422 if errors else 200)


def _look(request: Request, form: FormData, *, merging: bool) -> Response:
    """Show what changed meanwhile, or merge it into what was typed; neither saves."""
    typed = _typed(request, form)
    errors, value, _ = forms.value_and_ttl(typed.value, "", blank=None)
    item = store_of(request).item(typed.group_id, typed.opened)
    if errors and merging:
        return render_side(request, _again(request, typed, errors), 422)
    if item is not None and item.version == typed.version and not typed.conflict:
        return render_side(request, replace(typed, item=item))
    if merging and item is not None and (base := parsed(typed.base)) is not ABSENT:
        return render_side(request, _merged(typed, item, base, value))
    return render_side(request, _conflicting(typed, item, ABSENT if errors else value))


def _typed(request: Request, form: FormData) -> EditSide:
    return EditSide(
        group_in(request),
        key_in(request),
        None,
        forms.text(form, "value"),
        forms.version(form, "version") or 0,
        forms.text(form, "ttl"),
        forms.text(form, "base"),
        conflict=forms.text(form, "conflict") == "yes",
        typed=True,
    )


def _again(request: Request, typed: EditSide, errors: dict[str, forms.FieldError]) -> EditSide:
    """The editor again, over the same version as before."""
    item = store_of(request).item(typed.group_id, typed.opened)
    if typed.conflict:
        _, value, _ = forms.value_and_ttl(typed.value, "", blank=None)
        again = _conflicting(typed, item, ABSENT if "value" in errors else value)
        return replace(again, version=typed.version, errors=errors)
    return replace(typed, item=item, errors=errors)


def _conflicting(typed: EditSide, current: Item | None, yours: Any) -> EditSide:
    """The editor with both versions, now on top of the current one: saving once more is then meant.

    `yours` is the value that was typed, ABSENT if it is no JSON.
    """
    if current is None:
        return replace(typed, conflict=True, version=0)
    meanwhile = Meanwhile.of(parsed(typed.base), yours, current.value)
    return replace(typed, item=current, conflict=True, version=current.version, meanwhile=meanwhile)


def _merged(typed: EditSide, item: Item, base: Any, yours: Any) -> EditSide:
    """The editor with both changes in it, as if the editing had started from the item as it is now."""
    merged = merge(base, yours, item.value)
    both = [Clash.of(conflict) for conflict in merged.conflicts]
    text = jsonview.formatted(merged.value)
    return replace(typed, item=item, value=text, version=item.version, base=_base(item), conflict=False, merged=both)


def _base(item: Item) -> str:
    return compact(item.value) if item.size <= BASE_BYTES else ""
