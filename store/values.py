"""JSON in and out."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any, Final

import orjson

from store.errors import InvalidValue, StoreCorrupt, ValueTooLarge

MAX_VALUE_BYTES = 16 * 1024 * 1024
MAX_DEPTH = 254  # what orjson writes
MAX_SHOWN = 80
MIN_INT = -(2**63)
MAX_INT = 2**64 - 1
MAX_INT_DIGITS = 20  # with the sign of -2^63

_PLAIN_FIELD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LONG_NUMBER = re.compile(r"[0-9]{19}")
_STRING = r'"(?:[^"\\]++|\\.)*+"'
_STRUCTURE = re.compile(rf"({_STRING})(\s*:)?|[{{}}\[\]]")
_STRING_OR_NUMBER = re.compile(rf"{_STRING}|(-?[0-9]+)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_ORJSON_ERRORS = (TypeError, ValueError, RecursionError)


def shown(value: object) -> str:
    """A value as error messages quote it: short, whatever it is."""
    try:
        text = repr(value)
    except ValueError:  # Python refuses to write integers of thousands of digits
        return "an integer of thousands of digits"
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}…"


def is_text(name: str) -> bool:
    """Whether a string can be written as UTF-8: it holds no lone surrogate."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def kind_of(value: Any) -> str:
    """The JSON type of a value: null, boolean, number, string, array or object."""
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case str():
            return "string"
        case list():
            return "array"
    return "object"


def encode(value: Any, limit: int = MAX_VALUE_BYTES, place: str = "$") -> tuple[bytes, Any]:
    """The JSON text of `value`, and a copy of the value as it will be read back.

    Raises:
        InvalidValue: naming the place of what JSON cannot carry, under `place`.
        ValueTooLarge: over `limit` bytes of JSON text.
    """
    try:
        text = orjson.dumps(value)
        plain = orjson.loads(text)
        # orjson turns NaN into null and a UUID into a string: what does not read back equal is looked at in pieces.
        same = bool(plain == value)
    except _ORJSON_ERRORS:
        same = False
    if not same:
        text = orjson.dumps(_plain(value, place, 0))
        plain = orjson.loads(text)
    if len(text) > limit:
        raise ValueTooLarge(len(text), limit)
    return text, plain


decode: Final[Callable[[bytes], Any]] = orjson.loads
"""The value of a JSON text that `encode` made."""


def stored(text: bytes) -> Any:
    """The value of a JSON text that was kept in a file.

    Raises:
        StoreCorrupt: the file was damaged where nothing but the text shows it.
    """
    try:
        return decode(text)
    except ValueError as error:
        raise damaged(error) from error


def damaged(error: Exception) -> StoreCorrupt:
    """What it means that something stored cannot be read as what was written."""
    return StoreCorrupt(f"the store is damaged: what was read is not what can have been written ({error})")


def parse_json(text: str, max_depth: float = MAX_DEPTH) -> Any:
    """The value of a JSON text that a person typed; integers are exact or refused.

    Raises:
        InvalidValue: with line and column, both counted from 1.
    """
    if not text.strip():
        raise InvalidValue("not JSON: the text is empty", line=1, column=1)
    if not is_text(text):
        place = next(index for index, char in enumerate(text) if "\ud800" <= char <= "\udfff")
        raise _not_json(text, "a lone surrogate", place)
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise _not_json(text, error.msg, error.pos) from None
    _refuse_repeated_fields(text, max_depth)
    if _LONG_NUMBER.search(text):  # orjson reads an integer beyond 64 bits as a float, without a word
        _refuse_long_integers(text)
    return value


def _plain(value: Any, place: str, depth: int) -> Any:
    if depth >= MAX_DEPTH and isinstance(value, list | tuple | dict):
        raise InvalidValue(_too_deep(MAX_DEPTH), place="$")
    match value:
        case None | bool():
            return value
        case str():
            return _plain_text(value, place)
        case int():
            return _plain_integer(int(value), place)
        case float():
            if not math.isfinite(value):
                raise InvalidValue(f"{place} is {float(value)}; JSON numbers are finite", place=place)
            return float(value)
        case list() | tuple():
            return [_plain(item, f"{place}[{index}]", depth + 1) for index, item in enumerate(value)]
        case dict():
            return {_field(name, place): _plain(item, member(place, name), depth + 1) for name, item in value.items()}
    raise InvalidValue(f"{place} is of type {type(value).__name__}, which JSON cannot carry", place=place)


def _too_deep(depth: float) -> str:
    return f"lists and objects are nested more than {depth} levels deep"


def _plain_text(value: str, place: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise InvalidValue(f"{place} holds a lone surrogate at character {error.start}", place=place) from None
    return str.__str__(value)  # str() of a member of an `Enum` that is a `str` is its name, not its text


def _plain_integer(value: int, place: str) -> int:
    if not MIN_INT <= value <= MAX_INT:
        raise InvalidValue(f"{place} is an integer outside -2^63 to 2^64-1", place=place)
    return value


def _field(name: object, place: str) -> str:
    if not isinstance(name, str):
        raise InvalidValue(
            f"{place} has the field name {shown(name)}, a {type(name).__name__}; names are strings", place=place
        )
    return _plain_text(name, f"a field name of {place}")


def member(place: str, name: object) -> str:
    """The place of the field `name` below `place`, as errors write it."""
    if isinstance(name, str) and _PLAIN_FIELD.fullmatch(name):
        return f"{place}.{name}"
    return f"{place}[{shown(name)}]"


def _not_json(text: str, reason: str, position: int) -> InvalidValue:
    line = text.count("\n", 0, position) + 1
    column = position - text.rfind("\n", 0, position)
    return InvalidValue(f"not JSON: {reason}, at line {line}, column {column}", line=line, column=column)


def _refuse_repeated_fields(text: str, max_depth: float) -> None:
    """JSON lets a field stand twice in an object and readers keep one of them; a person who types that is told.

    On the way, what is nested deeper than can be stored is refused at its place.
    """
    fields: list[set[str]] = []
    for token in _STRUCTURE.finditer(text):
        match token[0][0]:
            case "{" | "[":
                fields.append(set())
                if len(fields) > max_depth:
                    raise _not_json(text, _too_deep(max_depth), token.start())
            case "}" | "]":
                fields.pop()
            case _ if token[2]:
                name = orjson.loads(token[1])
                if name in fields[-1]:
                    raise _not_json(text, f"the field {shown(name)} stands twice in one object", token.start())
                fields[-1].add(name)


def _refuse_long_integers(text: str) -> None:
    for token in _STRING_OR_NUMBER.finditer(text):
        digits, fraction, exponent = token.groups()
        whole = digits and not fraction and not exponent
        if whole and (len(digits) > MAX_INT_DIGITS or not MIN_INT <= int(digits) <= MAX_INT):
            raise _not_json(text, "an integer outside -2^63 to 2^64-1", token.start())
