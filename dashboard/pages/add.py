"""The form for a new item, in a group or for a new one."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from dashboard import forms
from dashboard.pages.checking import LAYOUTS, laid_out
from dashboard.pages.errors import group_in
from dashboard.pages.panes import redirect_to_item, render_side
from dashboard.rendering import store_of
from store import InvalidName, StoreError, VersionConflict

if TYPE_CHECKING:
    from starlette.datastructures import FormData
    from starlette.requests import Request
    from starlette.responses import Response


@dataclass(frozen=True, slots=True)
class AddForm:
    """What was typed and what was wrong with it, by field; `taken` says that there is such an item already."""

    group_id: str | None
    group: str = ""
    key: str = ""
    value: str = ""
    ttl: str = ""
    errors: dict[str, forms.FieldError] = field(default_factory=dict)
    taken: bool = False
    typed: bool = False
    template: str = "partials/side_add.html"
    title: str = "Add item"
    opened: None = None


def show(request: Request) -> Response:
    """GET: the empty form."""
    return render_side(request, AddForm(_group_in(request)))


def submit(request: Request, form: FormData) -> Response:
    """POST: store the item, unless there is one under that key; or lay out what was typed."""
    group_id = _group_in(request)
    group = forms.text(form, "group") if group_id is None else group_id
    key = forms.text(form, "key")
    typed = AddForm(group_id, group, key, forms.text(form, "value"), forms.text(form, "ttl"), typed=True)
    if layout := LAYOUTS.get(forms.text(form, "do")):
        text, errors = laid_out(typed.value, layout)
        return render_side(request, replace(typed, value=text, errors=errors), 422 if errors else 200)
    errors, value, ttl = forms.value_and_ttl(typed.value, typed.ttl, blank=None)
    status = 422
    try:
        if not errors:
            store_of(request).set(group, key, value, ttl=ttl, if_version=0)
    except VersionConflict:
        return render_side(request, replace(typed, taken=True), 409)
    except InvalidName as error:
        errors[error.kind] = forms.FieldError.of(error)
    except StoreError as error:
        errors["value"] = forms.FieldError.of(error)
        status = forms.status_of(error)
    if errors:
        return render_side(request, replace(typed, errors=errors), status)
    return redirect_to_item(request, group, key, f"Added {key}.")


def _group_in(request: Request) -> str | None:
    return group_in(request) if "group" in request.path_params else None
