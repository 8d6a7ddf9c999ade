"""JSON texts while they are typed: what is wrong with them, and laying them out."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

import orjson
from starlette.responses import JSONResponse

from dashboard import forms, jsonview
from dashboard.rendering import store_of
from store import InvalidValue, StoreError, ValueTooLarge, parse_json

if TYPE_CHECKING:
    from starlette.datastructures import FormData
    from starlette.requests import Request
    from starlette.responses import Response


def compact(value: Any) -> str:
    """A value as JSON text in one line; integers exact."""
    return orjson.dumps(value).decode()


LAYOUTS: Final[dict[str, Callable[[Any], str]]] = {"indented": jsonview.formatted, "compact": compact}
"""The buttons that lay out what is typed, by the value that they send as `do`."""


def check(request: Request, form: FormData) -> Response:
    """POST: what saving would find wrong with a text, as JSON; with `do`, also the text laid out."""
    try:
        value = parse_json(forms.text(form, "value"))
        if (size := len(orjson.dumps(value))) > (limit := store_of(request).max_value_bytes):
            raise ValueTooLarge(size, limit)
    except StoreError as error:
        wrong = forms.FieldError.of(error)
        return JSONResponse({"error": {"message": wrong.message, "line": wrong.line, "column": wrong.column}})
    layout = LAYOUTS.get(forms.text(form, "do"))
    return JSONResponse({"error": None, "text": layout(value) if layout else None})


def laid_out(text: str, layout: Callable[[Any], str]) -> tuple[str, dict[str, forms.FieldError]]:
    """A text laid out anew; or as it is, and what is wrong with the field `value`."""
    try:
        return layout(parse_json(text)), {}
    except InvalidValue as error:
        return text, {"value": forms.FieldError.of(error)}
