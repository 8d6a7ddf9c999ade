"""What is true of each item that fits conditions, and is told sooner than whether it does."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import orjson

from store.filtering import COMPARING, Property, Where
from store.paging import NEVER_EXPIRES, Bound, Part, Query, fold

# The column that tells of a property, and whether it grows with it.
_BOUND_COLUMNS: Final[dict[object, tuple[str, int]]] = {
    Property.TTL: ("expires", 1),
    Property.AGE: ("created", -1),
    Property.IDLE: ("updated", -1),
    Property.SIZE: ("size", 1),
}
_SMALL, _LARGE = 0.001, 10**15


def narrowed(query: Query, conditions: Sequence[Where], now: int) -> Query:
    """A query that leaves out much of what does not fit, where a backend can tell without decoding values."""
    names = [condition.value for condition in conditions if condition.field is Property.KEY and condition.op != "!="]
    reads_values = any(condition.path is not None or condition.field is Property.VALUE for condition in conditions)
    return replace(
        query,
        search=query.search or fold("".join(names[:1])),
        bounds=tuple(bound for condition in conditions for bound in _bounds(condition, now)),
        parts=tuple(part for condition in conditions for part in _parts(condition)),
        largest=None if reads_values else query.largest,
    )


def _parts(condition: Where) -> list[Part]:
    """What the JSON text of each value that fits holds.

    Stored values are as `encode` writes them: without spaces, and a character always in the same way.
    """
    path, op, wanted = condition.path, condition.op, condition.value
    if condition.field is Property.VALUE:
        plain, written = search_texts(wanted)
        return [Part(plain, folded=True)] if plain == written else []
    if path is None or op in ("!=", "missing"):
        return []
    name = orjson.dumps(path[-1]) + b":" if path else b""
    if op == "starts with":
        return [Part((name + b'"' + _escaped(wanted)).lower(), folded=True)]
    parts = [Part(name + (_written(wanted) if op in ("=", "is null") else b""))]
    if op == "contains" and isinstance(wanted, str):
        parts.append(Part(_escaped(wanted).lower(), folded=True))
    return [part for part in parts if part.text]


def _written(wanted: Any) -> bytes:
    """How the JSON text of whatever equals a value begins, where there is one way only to write it."""
    if wanted is None or isinstance(wanted, str | bool):
        return orjson.dumps(wanted)
    # 0 is -0.0 as well, and very small and very large numbers can have exponents. "2" begins "2.0".
    if isinstance(wanted, int | float) and _SMALL <= abs(wanted) < _LARGE:
        return orjson.dumps(int(wanted) if wanted == int(wanted) else wanted)
    return b""


def search_texts(text: str) -> tuple[bytes, bytes]:
    """What to look for in a JSON text in lower case: a text as it is, and as JSON writes it in a string."""
    return text.encode().lower(), _escaped(text).lower()  # of bytes, only ASCII letters are lowered


def _escaped(text: str) -> bytes:
    """A text as JSON writes it inside of a string."""
    return orjson.dumps(text)[1:-1]


def _bounds(condition: Where, now: int) -> list[Bound]:
    """What is true of each item that fits, one more or less for what is not whole."""
    op, field = condition.op, condition.field
    if op not in (*COMPARING, "=") or field not in _BOUND_COLUMNS:
        return []
    column, sign = _BOUND_COLUMNS[field]
    edge = sign * condition.value if field is Property.SIZE else now + sign * condition.value
    upwards = op == "=" or (op[0] == ">") == (sign > 0)
    downwards = op == "=" or not upwards
    low = math.floor(edge) - 1 if upwards else -NEVER_EXPIRES
    high = math.ceil(edge) + 1 if downwards else NEVER_EXPIRES
    return [Bound(column, _clamped(low), _clamped(high))]


def _clamped(number: int) -> int:
    return max(-NEVER_EXPIRES, min(number, NEVER_EXPIRES))
