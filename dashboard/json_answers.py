"""Answers to programs: JSON instead of pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import orjson
from starlette.responses import Response

if TYPE_CHECKING:
    from starlette.exceptions import HTTPException
    from starlette.requests import Request

_CODES: Final = {401: "Unauthorized", 403: "Forbidden", 404: "NotFound", 413: "TooLarge", 429: "TooManyRequests"}


def sends_json(request: Request) -> bool:
    """Whether a request is a program's. No page of another site can send this type without asking first (CORS)."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower() == "application/json"


def answer_json(text: bytes, status: int = 200) -> Response:
    """An answer of JSON text."""
    return Response(text, status, media_type="application/json")


def failed(status: int, code: str, message: str, **more: Any) -> Response:
    """{"error": {"code": ..., "message": ...}}, and what else is to be known."""
    return answer_json(orjson.dumps({"error": {"code": code, "message": message, **more}}), status)


def refuse(error: HTTPException) -> Response:
    """The answer for an error that has a status of its own."""
    response = failed(error.status_code, _CODES.get(error.status_code, "BadRequest"), error.detail)
    response.headers.update(error.headers or {})
    return response
