"""The form for update operations: a list of them, a preview that writes nothing, and applying them atomically."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from dashboard import forms, jsonview
from dashboard.calls import MAX_CALL, Call
from dashboard.differences import Line, compare
from dashboard.expiry import parse_ttl
from dashboard.formats import count, oneline
from dashboard.pages.errors import group_in, key_in
from dashboard.pages.item import item_in
from dashboard.pages.panes import SidePage, redirect_to_item, render_side
from dashboard.paths import paths_in
from dashboard.presets import Ops, PresetRefused, drop_preset, presets_of, save_preset
from dashboard.rendering import render, store_of
from dashboard.rows import HINTS, MAX_ROWS, Row, Typed, parse_rows, rows_in
from dashboard.undoing import new_id
from dashboard.urls import Listing, Urls
from store import KEEP, NEVER, InvalidTTL, StoreError, UpdateRejected, VersionConflict

if TYPE_CHECKING:
    from starlette.datastructures import FormData
    from starlette.requests import Request
    from starlette.responses import Response

    from store import Item
    from store.durations import Expiry

_FORM, _PREVIEW = "form#operations", "div#preview"  # what htmx says it is to put the answer into


@dataclass(frozen=True, slots=True)
class Preview:
    """What the operations would change, of an item at `version` (0: there is none)."""

    version: int
    changed: list[Line]
    lifetime: float | Expiry = KEEP

    @property
    def persists(self) -> bool:
        """Whether the item's expiry would be dropped."""
        return self.lifetime is NEVER


@dataclass(frozen=True, slots=True)
class OperationsSide:
    """The rows and TTL as they are typed, errors that belong to no row, and the preview once there is one.

    `told` is what was done with the presets, `focused` the row to go on typing in.
    """

    group_id: str
    item: Item | None
    opened: str
    rows: list[Row]
    ttl: str = ""
    ttl_error: str = ""
    error: str = ""
    preview: Preview | None = None
    call: Call | None = None
    url: str = ""
    presets: dict[str, Ops] = field(default_factory=dict)
    preset: str = ""
    preset_name: str = ""
    told: str = ""
    focused: int | None = None
    tab: str = "operations"
    template: str = "partials/side_operations.html"

    @property
    def title(self) -> str:
        """The item's key."""
        return self.opened

    @property
    def gone(self) -> bool:
        """Whether there is no such item any more."""
        return self.item is None

    @property
    def typed(self) -> bool:
        """Whether there is anything that leaving the form would lose."""
        return bool(self.ttl) or any(row.path or row.value for row in self.rows)

    @property
    def hints(self) -> dict[str, str]:
        """What to type as the value, by type of operation."""
        return HINTS

    @property
    def fields(self) -> list[str]:
        """The paths that the item's value has."""
        return [] if self.item is None else paths_in(self.item.value)

    @property
    def to_apply(self) -> int:
        """How many operations there are to apply."""
        return sum(not row.blank for row in self.rows) or 1

    @property
    def calls(self) -> list[tuple[str, str]]:
        """The call that the form amounts to, in each language; "" while it amounts to none, or to one too long."""
        texts = {"Python": "", "TypeScript": "", "curl": ""}
        if self.call is not None:
            texts = {
                "Python": self.call.python(),
                "TypeScript": self.call.typescript(),
                "curl": self.call.curl(self.url),
            }
        return [(language, text if len(text) <= MAX_CALL else "") for language, text in texts.items()]


def show(request: Request) -> Response:
    """GET: the form with one empty row."""
    item = item_in(request)
    return render_side(request, _side(request, item, item.group_id, item.key, [Row()]))


def submit(request: Request, form: FormData) -> Response:
    """POST: add or remove a row, use, save or delete a preset, preview, or apply."""
    group_id, key, action = group_in(request), key_in(request), forms.text(form, "action")
    side = replace(
        _side(request, store_of(request).item(group_id, key), group_id, key, rows_in(form)),
        ttl=forms.text(form, "ttl").strip(),
        preset=forms.text(form, "preset"),
        preset_name=forms.text(form, "preset_name").strip(),
    )
    edit = _EDITS.get(action.partition(":")[0])
    if edit is not None:
        side = edit(request, side, action)
    if len(side.rows) > MAX_ROWS:
        too_many = f"At most {MAX_ROWS} operations are taken at once."
        return _answer(request, replace(side, rows=side.rows[: MAX_ROWS + 1], error=too_many), 422)
    if edit is not None:
        return _answer(request, _previewed(request, side, unfinished=True)[0], 422 if side.error else 200)
    if action == "apply":
        return _apply(request, side, form)
    if action == "live":
        return _answer(request, _previewed(request, side, unfinished=True)[0], 200)  # what is half typed is no mistake
    return _answer(request, *_previewed(request, side))


def _side(request: Request, item: Item | None, group_id: str, key: str, rows: list[Row]) -> OperationsSide:
    url = f"{request.url.scheme}://{request.url.netloc}{Urls.of(request).item(group_id, key, action='operations')}"
    return OperationsSide(group_id, item, key, rows, url=url, presets=presets_of(store_of(request), group_id))


def _add(_request: Request, side: OperationsSide, _action: str) -> OperationsSide:
    return replace(side, rows=[*side.rows, Row()], focused=len(side.rows))


def _remove(_request: Request, side: OperationsSide, action: str) -> OperationsSide:
    kept = [row for index, row in enumerate(side.rows) if action != f"remove:{index}"] or [Row()]
    place = action.partition(":")[2]
    return replace(side, rows=kept, focused=min(int(place), len(kept) - 1) if place.isdecimal() else None)


def _use(_request: Request, side: OperationsSide, _action: str) -> OperationsSide:
    """A preset's operations come behind those that are typed."""
    typed = [row for row in side.rows if not row.blank]
    rows = [*typed, *map(Row.of, side.presets.get(side.preset, []))]
    return replace(side, rows=rows, focused=len(typed)) if rows else side


def _save(request: Request, side: OperationsSide, _action: str) -> OperationsSide:
    store, name, typed = store_of(request), side.preset_name, parse_rows(side.rows)
    if typed.wrong:
        return replace(side, error="The preset was not saved: an operation is not complete.")
    try:
        store.update(side.group_id, side.opened, typed.ops, dry_run=True)
    except UpdateRejected:
        pass  # it may fit another item
    except StoreError:
        return replace(side, error="The preset was not saved: an operation is not complete.")
    try:
        save_preset(store, side.group_id, name, typed.ops)
    except PresetRefused as refused:
        return replace(side, error=str(refused))
    told = f"Saved the preset “{oneline(name)}”."
    return replace(side, presets=presets_of(store, side.group_id), preset=name, preset_name="", told=told)


def _drop(request: Request, side: OperationsSide, _action: str) -> OperationsSide:
    store = store_of(request)
    drop_preset(store, side.group_id, side.preset)
    told = f"Deleted the preset “{oneline(side.preset)}”."
    return replace(side, presets=presets_of(store, side.group_id), preset="", told=told)


_EDITS: dict[str, Callable[[Request, OperationsSide, str], OperationsSide]] = {
    "add": _add,
    "remove": _remove,
    "use": _use,
    "save": _save,
    "drop": _drop,
}


def _previewed(request: Request, side: OperationsSide, *, unfinished: bool = False) -> tuple[OperationsSide, int]:
    """The form with what its operations would change, or with what stands in the way; and the status that tells which.

    `unfinished`: rows that lack their value yet are left out.
    """
    side, typed, lifetime = _parsed(side, unfinished=unfinished)
    if typed.wrong or side.ttl_error:
        return side, 422
    if not typed.ops:
        return side, 200
    side = replace(side, call=Call(side.group_id, side.opened, typed.ops, lifetime))
    try:
        result = store_of(request).update(side.group_id, side.opened, typed.ops, ttl=lifetime, dry_run=True)
    except StoreError as error:
        return _refused(side, typed, error), forms.status_of(error)
    old = "" if side.item is None else jsonview.formatted(result.old_value)
    changed = compare(old, jsonview.formatted(result.new_value))
    version = 0 if side.item is None else side.item.version
    return replace(side, preview=Preview(version, changed, lifetime)), 200


def _apply(request: Request, side: OperationsSide, form: FormData) -> Response:
    """Apply to the version that was previewed, if there was a preview; if the item is another now, preview anew."""
    if side.item is None and forms.text(form, "there"):
        return _asked_again(
            request, side, "The item is gone: it expired or was deleted. Applying again creates it anew."
        )
    side, typed, lifetime = _parsed(side)
    if typed.wrong or side.ttl_error:
        return _answer(request, side, 422)
    seen, undo = forms.version(form, "previewed"), new_id()
    try:
        store_of(request).update(side.group_id, side.opened, typed.ops, ttl=lifetime, if_version=seen, undo=undo)
    except VersionConflict:
        return _asked_again(request, side, "The item changed since the preview, so nothing was applied.")
    except StoreError as error:
        return _answer(request, _refused(side, typed, error), forms.status_of(error))
    done = f"Applied {count(len(typed.ops), 'operation')} to {side.opened}."
    return redirect_to_item(request, side.group_id, side.opened, done, undo)


def _asked_again(request: Request, side: OperationsSide, why: str) -> Response:
    side, status = _previewed(request, replace(side, error=why))
    return _answer(request, side, 409 if side.preview else status)


def _parsed(side: OperationsSide, *, unfinished: bool = False) -> tuple[OperationsSide, Typed, float | Expiry]:
    typed = parse_rows(side.rows, unfinished=unfinished)
    lifetime: float | Expiry = KEEP
    ttl_error = ""
    try:
        if side.ttl:
            lifetime = parse_ttl(side.ttl)
    except InvalidTTL as error:
        ttl_error = forms.FieldError.of(error).message
    return replace(side, rows=typed.rows, ttl_error=ttl_error), typed, lifetime


def _refused(side: OperationsSide, typed: Typed, error: StoreError) -> OperationsSide:
    rows = typed.refused(error)
    return replace(side, error=forms.FieldError.of(error).message) if rows is None else replace(side, rows=rows)


def _answer(request: Request, side: OperationsSide, status: int) -> Response:
    """The form beside its group's items, or as much of it as htmx puts into the page."""
    template = {_FORM: "operations_form.html", _PREVIEW: "operations_live.html"}.get(
        request.headers.get("hx-target", "")
    )
    if template is None:
        return render_side(request, side, status)
    return render(request, template, SidePage(side, listing=Listing.of(request.query_params)), status)
