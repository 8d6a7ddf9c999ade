"""Update operations as JSON: what the curl command that the form shows sends, and what it is answered with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import orjson
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from dashboard import forms
from dashboard.expiry import parse_ttl
from dashboard.json_answers import answer_json, failed, refuse
from dashboard.pages.errors import group_in, key_in
from dashboard.rendering import store_of
from store import InvalidValue, StoreError, UpdateRejected, VersionConflict, parse_json

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from store.durations import Expiry

MAX_OVERHEAD = 256 * 1024  # bytes of names and of formatting, beside values at their limit
_MEMBERS: Final = ("ops", "if_version", "ttl")


async def answer(request: Request) -> Response:
    """POST {"ops": [...], "if_version": 7, "ttl": 300}, the last two as in Store.update or left out.

    `ttl` may also be a text, "5m" or "never". The answer is {"new_value": ..., "old_value": ...} or {"error": {"code":
    ..., "message": ...}}, with `errors` of single operations for UpdateRejected (422) and the `version` that the item
    has (0: none) for VersionConflict (409); the codes of these are the names of the store's errors.
    """
    try:
        body = await _body(request, 3 * store_of(request).max_value_bytes + MAX_OVERHEAD)
        return await run_in_threadpool(_update, request, body)
    except HTTPException as error:
        return refuse(error)
    except StoreError as error:
        return _refused(error)


def _update(request: Request, body: bytes) -> Response:
    group_id, key = group_in(request), key_in(request)
    asked = _asked(body)
    result = store_of(request).update(
        group_id, key, asked["ops"], ttl=_ttl(asked.get("ttl")), if_version=asked.get("if_version")
    )
    # Both are as deep as JSON may be written, so nothing is wrapped around them.
    new, old = orjson.dumps(result.new_value), orjson.dumps(result.old_value)
    return answer_json(b'{"new_value":%b,"old_value":%b}' % (new, old))


def _asked(body: bytes) -> dict[str, Any]:
    try:
        asked = parse_json(body.decode())
    except UnicodeDecodeError:
        raise InvalidValue("the body is not UTF-8") from None
    if not isinstance(asked, dict) or "ops" not in asked or not asked.keys() <= {*_MEMBERS}:
        raise InvalidValue(f"the body is an object with ops, and nothing else but {', '.join(_MEMBERS[1:])}")
    return asked


def _ttl(asked: Any) -> float | Expiry | None:
    if not isinstance(asked, str):
        return asked  # type: ignore[no-any-return]  # the store looks at it
    return parse_ttl(asked)


async def _body(request: Request, limit: int) -> bytes:
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > limit:
                raise HTTPException(413, f"the body is over {limit:,} bytes")
    except ClientDisconnect:
        raise HTTPException(400, "the connection ended before the whole body had arrived") from None
    return bytes(body)


def _refused(error: StoreError) -> Response:
    code = type(error).__name__
    match error:
        case VersionConflict():
            version = 0 if error.current is None else error.current.version
            return failed(409, code, str(error), version=version)
        case UpdateRejected():
            errors = [{"op_index": each.op_index, "code": each.code, "message": each.message} for each in error.errors]
            return failed(422, code, str(error), errors=errors)
    return failed(forms.status_of(error), code, str(error))
