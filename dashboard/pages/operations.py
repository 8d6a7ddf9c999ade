"""The form for update operations: a list of them, a preview that writes nothing, and applying them atomically."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import orjson

from dashboard import forms, jsonview
from dashboard.formats import count
from dashboard.pages.errors import group_in, key_in
from dashboard.pages.item import item_in
from dashboard.pages.panes import redirect_to_item, render_side
from dashboard.rendering import store_of
from store import OP_TYPES, InvalidOp, InvalidValue, StoreError, UpdateRejected, VersionConflict, parse_json

if TYPE_CHECKING:
    from starlette.datastructures import FormData
    from starlette.requests import Request
    from starlette.responses import Response

    from store import Item

MAX_ROWS = 100


@dataclass(frozen=True, slots=True)
class Row:
    """One operation as it is typed, and what was wrong with it. `value` is `by` for increment and decrement."""

    type: str = "set"
    path: str = ""
    value: str = ""
    error: str = ""

    def operation(self) -> dict[str, Any]:
        """The operation that the row stands for. A path that is a JSON array of names is a nested field.

        Raises:
            InvalidValue: the value is not JSON, or the path begins like a list and is none.
        """
        op: dict[str, Any] = {"type": self.type, "path": _path(self.path)}
        if self.type in ("increment", "decrement"):
            op["by"] = parse_json(self.value or "1")
        elif self.type != "remove":
            op["value"] = parse_json(self.value)
        return op


@dataclass(frozen=True, slots=True)
class OperationsSide:
    """The rows, an error that belongs to none of them, and the preview once there is one."""

    group_id: str
    item: Item | None
    opened: str
    rows: list[Row]
    error: str = ""
    previewed: bool = False
    changed: list[jsonview.Line] = field(default_factory=list)
    types: tuple[str, ...] = OP_TYPES
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
        return any(row.path or row.value for row in self.rows)


def show(request: Request) -> Response:
    """GET: the form with one empty row."""
    item = item_in(request)
    return render_side(request, OperationsSide(item.group_id, item, item.key, [Row()]))


def submit(request: Request, form: FormData) -> Response:
    """POST: add or remove a row, preview, or apply."""
    group_id, key, action = group_in(request), key_in(request), forms.text(form, "action")
    side = OperationsSide(group_id, store_of(request).item(group_id, key), key, _rows(form))
    if action == "add":
        side = replace(side, rows=[*side.rows, Row()])
    if len(side.rows) > MAX_ROWS:
        too_many = f"At most {MAX_ROWS} operations are taken at once."
        return render_side(request, replace(side, rows=side.rows[: MAX_ROWS + 1], error=too_many), 422)
    if action == "add":
        return render_side(request, side)
    if action.startswith("remove:"):
        kept = [row for index, row in enumerate(side.rows) if action != f"remove:{index}"]
        return render_side(request, replace(side, rows=kept or [Row()]))
    if action == "apply" and side.item is None and forms.text(form, "there"):
        gone = "The item is gone: it expired or was deleted. Applying again creates it anew."
        return _run(request, replace(side, error=gone), dry_run=True)
    if action == "apply":
        return _run(request, side, dry_run=False, seen=forms.version(form, "previewed"))
    return _run(request, side, dry_run=True)


def _run(request: Request, side: OperationsSide, *, dry_run: bool, seen: int | None = None) -> Response:
    """Preview or apply; `seen` is the version that was previewed, which alone may then be changed."""
    rows, ops = _operations(side.rows)
    side = replace(side, rows=rows)
    if any(row.error for row in rows):
        return render_side(request, side, 422)
    try:
        result = store_of(request).update(side.group_id, side.opened, ops, dry_run=dry_run, if_version=seen)
    except VersionConflict:
        told = "The item changed since the preview, so nothing was applied."
        return _run(request, replace(side, error=told), dry_run=True)
    except StoreError as error:
        return render_side(request, _refused(side, error), forms.status_of(error))
    if dry_run:
        old = "" if side.item is None else jsonview.formatted(result.old_value)
        changed = jsonview.compare(old, jsonview.formatted(result.new_value))
        return render_side(request, replace(side, previewed=True, changed=changed), 409 if side.error else 200)
    done = f"Applied {count(len(ops), 'operation')} to {side.opened}."
    return redirect_to_item(request, side.group_id, side.opened, done)


def _refused(side: OperationsSide, error: StoreError) -> OperationsSide:
    match error:
        case InvalidOp():
            return replace(side, rows=_marked(side.rows, {error.op_index: error.message}))
        case UpdateRejected():
            return replace(side, rows=_marked(side.rows, {each.op_index: each.message for each in error.errors}))
    return replace(side, error=forms.FieldError.of(error).message)


def _rows(form: FormData) -> list[Row]:
    columns = (forms.texts(form, name) for name in ("type", "path", "value"))
    return [Row(*cells) for cells in zip(*columns, strict=False)] or [Row()]


def _operations(rows: list[Row]) -> tuple[list[Row], list[dict[str, Any]]]:
    ops: list[dict[str, Any]] = []
    errors: dict[int, str] = {}
    for index, row in enumerate(rows):
        try:
            ops.append(row.operation())
        except InvalidValue as error:
            errors[index] = f"{error}; text goes in double quotes" if error.line else str(error)
    return _marked(rows, errors), ops


def _marked(rows: list[Row], errors: dict[int, str]) -> list[Row]:
    return [replace(row, error=errors.get(index, "")) for index, row in enumerate(rows)]


def _path(typed: str) -> str | list[str]:
    if not typed.startswith("["):
        return typed
    try:
        names = orjson.loads(typed)
    except orjson.JSONDecodeError:
        names = None
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise InvalidValue('a field that begins with [ is a list of names, such as ["customer", "email"]')
    return names
