"""JSON for people to read: formatted, and in a line."""

from __future__ import annotations

from typing import Any, NamedTuple

import orjson

from dashboard.formats import count
from dashboard.jsontext import indented_size, text_of

PREVIEW_FIELDS = 4
PREVIEW_TEXT = 40
PREVIEW_INSIDE = 30  # characters of an array or object that is shown as it is
EDITED_TEXT = 1024 * 1024  # a longer text is edited in a plain field


class Field(NamedTuple):
    """One field of a preview: its name ("" for a value that is no object), its text, and the kind of the value."""

    name: str
    text: str
    kind: str


def formatted(value: Any) -> str:
    """A value as JSON text to read, indented unless that would blow it up; integers exact."""
    return text_of(value, len(orjson.dumps(value))).decode()


def editable(value: Any, limit: int) -> str:
    """A value as text to edit: indented, unless that would make it more than twice as long as a value may be."""
    compact = orjson.dumps(value)
    return formatted(value) if indented_size(value, len(compact)) <= 2 * limit else compact.decode()


def preview(value: Any, key: str = "") -> list[Field]:
    """The leading fields of a value, each cut to a readable length, but for fields that only repeat the item's key."""
    if isinstance(value, dict) and value:
        told = [(name, member) for name, member in value.items() if member != key] or list(value.items())
        fields = [field(name, member) for name, member in told[:PREVIEW_FIELDS]]
        more = len(told) - len(fields)
        return [*fields, Field("", f"+{more}", "more")] if more else fields
    return [field("", value)]


def field(name: str, value: Any) -> Field:
    """A field in short: text is cut to a readable length, of longer arrays and objects there is how much they hold."""
    name = _cut(name)
    match value:
        case dict():
            return Field(name, _inside(value) or count(len(value), "field"), "object")
        case list():
            return Field(name, _inside(value) or count(len(value), "element"), "array")
        case str():
            return Field(name, _cut(orjson.dumps(value[: PREVIEW_TEXT * 2]).decode()), "string")
        case bool() | None:
            return Field(name, orjson.dumps(value).decode(), "word")
    return Field(name, orjson.dumps(value).decode(), "number")


def _inside(value: dict[str, Any] | list[Any]) -> str:
    """An object or array as JSON, "" if that is too long."""
    if len(value) > PREVIEW_INSIDE // 2:  # no need to look into it
        return ""
    text = orjson.dumps(value).decode()
    return text if len(text) <= PREVIEW_INSIDE else ""


def _cut(text: str) -> str:
    return text if len(text) <= PREVIEW_TEXT else f"{text[:PREVIEW_TEXT]}…"
