"""Filters as people write and read them: `status = paid`, `total > 100`, `ttl < 5m`.

A filter is a field, an operator, and mostly a value.

- A field is the name of a top-level field of the values. A name that holds spaces, commas, quotes or operators, or that
  is also a property's, is written as a JSON string: `"unit price" > 3`, `"size" = XL`. A JSON array of names is a
  nested field: `["customer", "country"] = DE`; `[]` is the whole value.
- Properties of the item are `key`, `value` (its JSON text), `ttl` (time left), `age` (time since it was created),
  `changed` (time since it was changed) and `size`.
- Operators are `=`, `!=`, `>`, `>=`, `<`, `<=`, `contains`, `starts with`, and without a value `exists`, `missing` and
  `is null`. `ttl missing` finds what never expires.
- A value is JSON, or else a string without quotes: `100` is the number, `"100"` and `paid` are strings. Where only text
  makes sense (`contains`, `starts with`, `key`) `100` is text as well. Times are `90s`, `5m`, `2h` or `7d`; sizes are
  bytes, or `10 KB`, `1.5 MB`, `2 GB`.
"""

from __future__ import annotations

import re
from typing import Any, Final

import orjson

from dashboard import formats
from store import OPS, PROPERTY_OPS, InvalidTTL, InvalidValue, Property, Where, parse_duration, parse_json

Field = str | tuple[str, ...] | Property

PROPERTIES: Final = {
    "key": Property.KEY,
    "value": Property.VALUE,
    "ttl": Property.TTL,
    "age": Property.AGE,
    "changed": Property.IDLE,
    "size": Property.SIZE,
}

_NAMES: Final = {meant: name for name, meant in PROPERTIES.items()}
BARE_OPS: Final = ("exists", "missing", "is null")
_TEXT_OPS: Final = ("contains", "starts with")
_ORDER_OPS: Final = (">", ">=", "<", "<=")
_WORDS: Final[dict[tuple[Field, str], str]] = {
    (Property.TTL, "missing"): "never expires",
    (Property.TTL, "exists"): "expires",
    (Property.TTL, "<"): "expires within {}",
    (Property.TTL, ">"): "expires in over {}",
    (Property.AGE, "<"): "created within {}",
    (Property.AGE, ">"): "created over {} ago",
    (Property.IDLE, "<"): "changed within {}",
    (Property.IDLE, ">"): "unchanged for {}",
}
_TIMES: Final = (Property.TTL, Property.AGE, Property.IDLE)
STRING: Final = r'"(?:[^"\\]|\\.)*+"'
_BARE: Final = r'[^\s,"\[=<>!][^\s,=<>!]*+'
_FIELD = re.compile(rf"{STRING}|\[\s*(?:{STRING}(?:\s*,\s*{STRING})*)?\s*\]|{_BARE}")
_SYMBOL = re.compile(r"\s*(!=|>=|<=|==?|>|<)")
_WORD = re.compile(r"\s+(contains|starts\s+with|exists|missing|is\s+null)(?!\S)", re.IGNORECASE)
_SIZE = re.compile(r"([0-9]{1,9})(\.[0-9]{1,9})?\s*(b|kb|mb|gb)?", re.IGNORECASE)
_UNITS: Final = {"GB": 1024**3, "MB": 1024**2, "KB": 1024, "B": 1}


class InvalidFilter(ValueError):
    """A text that is no filter; the message is a sentence that says why."""


def parse_filter(text: str) -> Where:
    """The filter that a text stands for.

    Raises:
        InvalidFilter: it stands for none.
    """
    text = text.strip()
    named = _FIELD.match(text)
    if named is None:
        raise InvalidFilter("It begins with no field. A name with spaces, quotes and the like is a JSON string.")
    field = parse_field(named[0])
    found = _SYMBOL.match(text, named.end()) or _WORD.match(text, named.end())
    op = " ".join(found[1].lower().split()).replace("==", "=") if found else ""
    value = text[found.end() :].strip() if found else ""
    if field is Property.TTL and op in ("=", "!=") and value.lower() == "never":
        return Where(field, "missing" if op == "=" else "exists")
    ops = PROPERTY_OPS[field] if isinstance(field, Property) else OPS
    if op not in ops:
        raise InvalidFilter(f"After {named[0]} comes {_either(ops)}.")
    return Where(field, op, _value(field, op, value))


def format_filter(where: Where) -> str:
    """The text that `parse_filter` reads as this filter."""
    field = format_field(where.field)
    return f"{field} {where.op}" if where.op in BARE_OPS else f"{field} {where.op} {_written(where)}"


def compose(field: str, op: str, value: str) -> str:
    """The filter that the three controls of a form say. A field that is written as it is called gets its quotes."""
    field = field.strip()
    written = field if not field or _FIELD.fullmatch(field) else _quoted(field)
    return f"{written} {op}" if op in BARE_OPS else f"{written} {op} {value}".strip()


def parse_field(text: str) -> Field:
    """The field or property that a text names.

    Raises:
        InvalidFilter: it is not well formed.
    """
    if text[:1] not in ('"', "["):
        return PROPERTIES.get(text.lower(), text)
    try:
        name = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise InvalidFilter(f"{formats.oneline(text)} is no JSON.") from None
    return tuple(name) if isinstance(name, list) else str(name)


def format_field(field: Field) -> str:
    """The text that `parse_field` reads as this field or property."""
    if isinstance(field, Property):
        return _NAMES[field]
    if isinstance(field, tuple):
        return orjson.dumps(field).decode()
    plain = field.isprintable() and re.fullmatch(_BARE, field) and field.lower() not in PROPERTIES
    return field if plain else _quoted(field)


def describe(where: Where) -> str:
    """A filter in a few words: `expires within 5 min`, `status = paid`."""
    words = _WORDS.get((where.field, where.op[:1] if where.op in _ORDER_OPS else where.op))
    if words is None:
        return format_filter(where)
    return words.format("" if where.op in BARE_OPS else formats.duration(where.value))


def _value(field: Field, op: str, text: str) -> Any:
    if op in BARE_OPS:
        if text:
            raise InvalidFilter(f"Nothing comes after “{op}”.")
        return None
    if not text:
        raise InvalidFilter('The value is missing. Empty text is "".')
    if field in _TIMES:
        return _read_time(text)
    if field is Property.SIZE:
        return _read_size(text)
    value = _read_text(text) if _is_text(field, op) else _read_json(text)
    if op in _ORDER_OPS and (isinstance(value, bool) or not isinstance(value, int | float | str)):
        raise InvalidFilter(f"“{op}” goes with numbers and text, not with {formats.oneline(text)}.")
    return value


def _written(where: Where) -> str:
    value = where.value
    if where.field in _TIMES:
        return formats.short_duration(value)
    if where.field is Property.SIZE:
        unit = next(unit for unit, length in _UNITS.items() if value % length == 0 and (value or length == 1))
        return f"{value // _UNITS[unit]} {unit}"
    if not isinstance(value, str):
        return orjson.dumps(value).decode()
    read = _read_text if _is_text(where.field, where.op) else _read_json
    as_it_is = value.isprintable() and value == value.strip() and value[:1] not in ("", '"', "=")
    return value if as_it_is and read(value) == value else _quoted(value)


def _is_text(field: Field, op: str) -> bool:
    return op in _TEXT_OPS or field in (Property.KEY, Property.VALUE)


def _read_json(text: str) -> Any:
    try:
        return parse_json(text)
    except InvalidValue:  # also for integers that no item can hold
        return text


def _read_text(text: str) -> str:
    value = _read_json(text) if text.startswith('"') else text
    return value if isinstance(value, str) else text


def _read_time(text: str) -> float:
    try:
        seconds = parse_duration(text)
    except InvalidTTL as error:
        raise InvalidFilter(formats.sentence(str(error))) from None
    if seconds is None:
        raise InvalidFilter("“never” goes with “ttl =” only.")
    return seconds


def _read_size(text: str) -> int:
    match = _SIZE.fullmatch(text)
    if match is None:
        raise InvalidFilter(f"{formats.oneline(text)} is no size; write 200, 10 KB or 1.5 MB.")
    whole, fraction, unit = match.groups()
    length = _UNITS[(unit or "B").upper()]
    return int(whole) * length + round(float(f"0{fraction or ''}") * length)


def _either(words: tuple[str, ...]) -> str:
    *others, last = words
    return f"{', '.join(others)} or {last}" if others else last


def _quoted(text: str) -> str:
    return orjson.dumps(text).decode()
