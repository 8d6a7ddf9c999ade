"""Update operations: parsed and checked before anything is read or written; `store/apply.py` applies them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from store.errors import InvalidOp, InvalidValue
from store.values import MAX_INT, MIN_INT, encode, is_text, shown

_MEMBERS: Final = {
    kind: dict.fromkeys(("type", *members)).keys()
    for kind, members in {
        "set": ("path", "value"),
        "merge": ("path", "value"),
        "increment": ("path", "by"),
        "decrement": ("path", "by"),
        "append": ("path", "value"),
        "remove": ("path",),
    }.items()
}
OP_TYPES: Final = tuple(_MEMBERS)


class Op(NamedTuple):
    """One well-formed operation; `value` is JSON text, so that applying it twice shares nothing."""

    type: str
    path: tuple[str, ...]
    value: bytes = b"null"
    by: int | float = 0


def parse_ops(ops: object, limit: int) -> list[Op]:
    """Check that operations are well formed.

    Raises:
        InvalidOp: naming the first operation that is not, and what it lacks.
        ValueTooLarge: a value over `limit` bytes of JSON text.
    """
    # Asking what is no list or dict whether it is like one takes longer than the rest: that is asked last.
    if not isinstance(ops, list) and (isinstance(ops, str | bytes | Mapping) or not isinstance(ops, Iterable)):
        raise InvalidOp(0, f"ops must be a list of operations, not {type(ops).__name__}")
    return [_parse(index, op, limit) for index, op in enumerate(ops)]


def _parse(index: int, op: object, limit: int) -> Op:
    if not isinstance(op, dict) and not isinstance(op, Mapping):
        raise InvalidOp(index, f"an operation is an object, not {type(op).__name__}")
    kind = op.get("type")
    if not isinstance(kind, str) or kind not in _MEMBERS:
        raise InvalidOp(index, f"unknown type {shown(kind)}; types are {', '.join(OP_TYPES)}")
    members = _MEMBERS[kind]
    if not op.keys() <= members:
        unknown = [str(name) for name in op if name not in members]
        raise InvalidOp(index, f"{kind} has no member {', '.join(unknown)}; it has {', '.join(members)}")
    path = _parse_path(index, kind, op)
    if "by" in members:
        return Op(kind, path, by=_parse_by(index, kind, op))
    if "value" in members:
        return Op(kind, path, value=_parse_value(index, kind, op, limit))
    return Op(kind, path)


def _parse_path(index: int, kind: str, op: Mapping[Any, Any]) -> tuple[str, ...]:
    path = op.get("path")
    if path is None and kind in ("merge", "append"):
        return ()
    if isinstance(path, str):
        path = [path] if path else []
    if not isinstance(path, list | tuple) or not all(isinstance(name, str) for name in path):
        given = shown(path) if "path" in op else "no path"
        allowed = 'a field name, a list of field names, or "" for the whole value'
        raise InvalidOp(index, f"{kind} needs a path: {allowed}; it has {given}")
    if not all(map(is_text, path)):
        raise InvalidOp(index, f"{kind} has a lone surrogate in its path")
    return tuple(path)


def _parse_by(index: int, kind: str, op: Mapping[Any, Any]) -> int | float:
    by = op.get("by")
    if isinstance(by, int) and not isinstance(by, bool) and MIN_INT <= by <= MAX_INT:
        return by
    if isinstance(by, float) and math.isfinite(by):
        return by
    given = shown(by) if "by" in op else "no by"
    raise InvalidOp(index, f"{kind} needs by: an integer from -2^63 to 2^64-1, or a finite float; it has {given}")


def _parse_value(index: int, kind: str, op: Mapping[Any, Any], limit: int) -> bytes:
    if kind != "set" and "value" not in op:
        raise InvalidOp(index, f"{kind} needs a value")
    try:
        text, _ = encode(op.get("value"), limit, place="value")
    except InvalidValue as error:
        raise InvalidOp(index, str(error)) from error
    return text
