"""Applying update operations to a value: a pure function.

The semantics and the codes are those of the iii engine's state::update, as tests/data/update_vectors.json records them.
Beyond that, here a `path` list serves every type, `by` may be a float, and a root merge into something that is not an
object is an error in strict mode, where the engine ignores it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from enum import Enum
from typing import Any, Final

from store.model import OpError
from store.ops import Op
from store.values import MAX_INT, MIN_INT, decode, kind_of

MAX_PATH_DEPTH = 32
MAX_SEGMENT_BYTES = 256
MAX_MERGE_DEPTH = 16
MAX_MERGE_KEYS = 1024

# JavaScript Steps read this state: a field of one of these names could reach their objects' prototypes.
_RESERVED = frozenset({"__proto__", "constructor", "prototype"})


class Missing(Enum):
    """The value of an item that is not there, as opposed to a stored null."""

    MISSING = "missing"


MISSING: Final = Missing.MISSING


class _Rejected(Exception):
    def __init__(self, op: Op, code: str, message: str) -> None:
        super().__init__(message)
        self.code = f"{op.type}.{code}"
        self.message = message


def apply_ops(value: Any, ops: Iterable[Op], *, strict: bool) -> tuple[Any, list[OpError]]:
    """Apply each operation that fits; returns the new value and why the others did not fit.

    `value` may be changed in place. MISSING counts as {} for fields, and as nothing at all for an increment, decrement
    or append at the root, until an operation has applied.
    """
    errors = []
    for index, op in enumerate(ops):
        try:
            _check_path(op)
            value = _APPLY[op.type](value, op)
        except _Rejected as rejected:
            if strict or rejected.code != "merge.target_not_object":
                errors.append(OpError(index, rejected.code, rejected.message))
    return ({} if value is MISSING else value), errors


def _check_path(op: Op) -> None:
    if len(op.path) > MAX_PATH_DEPTH:
        raise _Rejected(op, "path.too_deep", f"the path has {len(op.path)} names; at most {MAX_PATH_DEPTH} are allowed")
    for name in op.path:
        if not name:
            raise _Rejected(op, "path.empty_segment", "the path holds an empty name")
        if len(name.encode()) > MAX_SEGMENT_BYTES:
            limit = f"over {MAX_SEGMENT_BYTES} bytes of UTF-8"
            raise _Rejected(op, "path.segment_too_long", f"the path holds a name {limit}")
        if name in _RESERVED:
            raise _Rejected(op, "path.proto_polluted", f"the field name {name!r} is reserved")


def _set(root: Any, op: Op) -> Any:
    if not op.path:
        return decode(op.value)
    root = _fields(root)
    _parent(root, op)[op.path[-1]] = decode(op.value)
    return root


def _remove(root: Any, op: Op) -> Any:
    if not op.path:
        return None
    root = _fields(root)
    parent = _existing_parent(root, op)
    if parent is not None:
        parent.pop(op.path[-1], None)
    return root


def _add(root: Any, op: Op) -> Any:
    if not op.path:
        return _sum(0 if root is MISSING else root, op)
    root = _fields(root)
    parent, name = _existing_parent(root, op), op.path[-1]
    total = _sum(0 if parent is None else parent.get(name, 0), op)
    _parent(root, op)[name] = total
    return root


def _sum(number: Any, op: Op) -> int | float:
    if isinstance(number, bool) or not isinstance(number, int | float):
        raise _Rejected(op, "not_number", f"the target is {_described(number)}, not a number")
    by = -op.by if op.type == "decrement" else op.by
    total = number + by
    if isinstance(total, float) and not math.isfinite(total):
        raise _Rejected(op, "not_number", "the result is not a finite number")
    if isinstance(total, int) and not MIN_INT <= total <= MAX_INT:
        raise _Rejected(op, "not_number", "the result is outside -2^63 to 2^64-1")
    return total


def _append(root: Any, op: Op) -> Any:
    value = decode(op.value)
    if not op.path:
        return _appended(None if root is MISSING else root, value, op)
    root = _fields(root)
    parent, name = _replacing_parent(_object(root, op), op), op.path[-1]
    if name in parent:
        parent[name] = _appended(parent[name], value, op)
    else:
        # A string starts a string at the first level and an array below it: the engine's rule.
        parent[name] = value if isinstance(value, str) and len(op.path) == 1 else [value]
    return root


def _appended(target: Any, value: Any, op: Op) -> Any:
    if target is None:
        return value if isinstance(value, str) else [value]
    if isinstance(target, list):
        return [*target, value]
    if isinstance(target, str) and isinstance(value, str):
        return target + value
    raise _Rejected(op, "type_mismatch", f"cannot append {_described(value)} to {_described(target)}")


def _merge(root: Any, op: Op) -> Any:
    value = decode(op.value)
    _check_merge_value(value, op)
    root = _fields(root)
    if not op.path:
        return _object(root, op) | value
    if not isinstance(root, dict):
        root = {}
    parent, name = _replacing_parent(root, op), op.path[-1]
    target = parent.get(name)
    parent[name] = target | value if isinstance(target, dict) else value
    return root


def _check_merge_value(value: Any, op: Op) -> None:
    if not isinstance(value, dict):
        raise _Rejected(op, "value.not_an_object", f"merge takes an object, not {_described(value)}")
    if len(value) > MAX_MERGE_KEYS:
        limit = f"at most {MAX_MERGE_KEYS:,} are allowed"
        raise _Rejected(op, "value.too_many_keys", f"the object has {len(value):,} fields; {limit}")
    if reserved := _RESERVED.intersection(value):
        raise _Rejected(op, "value.proto_polluted", f"the field name {min(reserved)!r} is reserved")
    if _depth(value) > MAX_MERGE_DEPTH:
        raise _Rejected(op, "value.too_deep", f"the object is nested more than {MAX_MERGE_DEPTH} levels deep")


def _depth(value: Any) -> int:
    match value:
        case dict():
            return 1 + max(map(_depth, value.values()), default=0)
        case list():
            return 1 + max(map(_depth, value), default=0)
    return 0


def _fields(root: Any) -> Any:
    return {} if root is MISSING else root


def _object(node: Any, op: Op) -> dict[str, Any]:
    if not isinstance(node, dict):
        raise _Rejected(op, "target_not_object", f"cannot reach a field of {_described(node)}")
    return node


def _parent(root: Any, op: Op) -> dict[str, Any]:
    """The object that holds the field. Missing ones on the way are made, what is no object is an error.

    Once one is made all below it are: an error never leaves a half-made way behind.
    """
    node = _object(root, op)
    for name in op.path[:-1]:
        node = _object(node.setdefault(name, {}), op)
    return node


def _existing_parent(root: Any, op: Op) -> dict[str, Any] | None:
    """The object that holds the field, None if it or one on the way is missing; what is no object is an error."""
    node = _object(root, op)
    for name in op.path[:-1]:
        if name not in node:
            return None
        node = _object(node[name], op)
    return node


def _replacing_parent(node: dict[str, Any], op: Op) -> dict[str, Any]:
    """The object that holds the field. What is no object on the way is replaced, as the engine does."""
    for name in op.path[:-1]:
        if not isinstance(node.get(name), dict):
            node[name] = {}
        node = node[name]
    return node


def _described(value: Any) -> str:
    kind = kind_of(value)
    return {"null": "null", "array": "an array", "object": "an object"}.get(kind, f"a {kind}")


_APPLY: Final = {
    "set": _set,
    "merge": _merge,
    "increment": _add,
    "decrement": _add,
    "append": _append,
    "remove": _remove,
}
