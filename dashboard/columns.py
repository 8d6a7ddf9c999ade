"""Columns of a list of items: fields of the values, each in a column of its own.

They are written as names with commas between them, each as in a filter: `status,"unit price"`. `value` is a preview of
the whole value, `age` when the item was created; a field that is called so is written `"value"`.
"""

from __future__ import annotations

import re
from collections import Counter
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from dashboard import formats, jsonview
from dashboard.filters import PROPERTIES, STRING, format_field
from store import NOT_READ, Property, kind_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from store import Item

MAX_COLUMNS = 12
MAX_CHOICES = 60
MAX_NAME = 100  # characters; longer names are no help in a list to choose from
MAX_TITLE = 400  # characters
LOOKED_AT = 200  # fields of one value
DEFAULTS = 3
EXTRAS = (Property.VALUE, Property.AGE)

_TOKEN = re.compile(rf"\s*({STRING})|([^,]+)")

Name = str | Property


class Column(NamedTuple):
    """A field's column; `right`: its values are numbers, which stand to the right."""

    name: str
    right: bool

    @property
    def sort(self) -> str:
        """How the list is sorted by it."""
        return f"$.{self.name}"


class Cell(NamedTuple):
    """What stands in a column: the value in short, its kind, and more of it where that is not all."""

    text: str
    kind: str
    title: str


class Columns(NamedTuple):
    """The columns between the key and the size; where there is none of a field, the `preview` is there."""

    fields: list[Column]
    preview: bool
    created: bool

    @property
    def names(self) -> list[Name]:
        """What was chosen."""
        extras = zip(EXTRAS, (self.preview, self.created), strict=True)
        return [*(column.name for column in self.fields), *(name for name, there in extras if there)]


def parse_columns(text: str) -> list[Name]:
    """The columns that a text names: fields, and what EXTRAS has. Nothing is refused: odd text is a field's name."""
    names: list[Name] = []
    for match in islice(_TOKEN.finditer(text), 4 * MAX_COLUMNS):
        name = _name(match)
        if name not in ("", *names) and (isinstance(name, str) or name in EXTRAS):
            names.append(name)
    return names[:MAX_COLUMNS]


def format_columns(names: Iterable[Name]) -> str:
    """The text that `parse_columns` reads as these columns."""
    return ",".join(map(format_field, names))


def chosen(names: Sequence[Name], items: Sequence[Item]) -> Columns:
    """The columns of these names, over the items of a page."""
    fields = [Column(name, _is_numeric(name, items)) for name in names if isinstance(name, str)]
    return Columns(fields, not fields or Property.VALUE in names, Property.AGE in names)


def default_names(items: Sequence[Item]) -> list[str]:
    """The first few fields that most items have as plain values, but for those that repeat the key."""
    counts: Counter[str] = Counter()
    for item in items:
        counts.update(name for name, value in _fields(item) if _is_plain(value) and value != item.key)
    shared = [name for name, count in counts.items() if 2 * count > len(items)]
    return [name for name in shared if 0 < len(name) <= MAX_NAME][:DEFAULTS]


def seen_names(items: Sequence[Item]) -> list[str]:
    """The fields that the values of a page have, in the order in which they come."""
    names = dict.fromkeys(name for item in items for name, _ in _fields(item) if name and len(name) <= MAX_NAME)
    return list(islice(names, MAX_CHOICES))


def cell(item: Item, column: Column) -> Cell | None:
    """What stands in a column of an item whose value is an object; None if it has no such field."""
    if column.name not in item.value:
        return None
    value = item.value[column.name]
    field = jsonview.field(column.name, value)
    title = orjson.dumps(value[:MAX_TITLE]).decode() if isinstance(value, str) else field.text
    return Cell(field.text, field.kind, title)


def preview(item: Item, shown: Columns) -> list[jsonview.Field]:
    """The value in a line, but for what stands in other columns."""
    if item.value is NOT_READ:
        return [jsonview.Field("", f"{formats.size(item.size)} of JSON", "more")]
    names = {column.name for column in shown.fields}
    if not names or not isinstance(item.value, dict):
        return jsonview.preview(item.value, item.key)
    rest = {name: member for name, member in item.value.items() if name not in names}
    return jsonview.preview(rest, item.key) if rest else []


def kind(item: Item) -> str:
    """The JSON type of a value; "" if the value was too large to be read."""
    return "" if item.value is NOT_READ else kind_of(item.value)


def _name(match: re.Match[str]) -> Name:
    quoted, bare = match.groups()
    if quoted is None:
        name: str = bare.strip()
        return PROPERTIES.get(name.lower(), name)
    try:
        return str(orjson.loads(quoted))
    except orjson.JSONDecodeError:
        return str(quoted)


def _fields(item: Item) -> Iterable[tuple[str, Any]]:
    return islice(item.value.items(), LOOKED_AT) if isinstance(item.value, dict) else ()


def _is_plain(value: Any) -> bool:
    return isinstance(value, bool | int | float) or (isinstance(value, str) and len(value) <= 2 * jsonview.PREVIEW_TEXT)


def _is_numeric(name: str, items: Sequence[Item]) -> bool:
    values = [item.value.get(name) for item in items if isinstance(item.value, dict)]
    numbers = sum(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
    return numbers > 0 and not any(isinstance(value, str) for value in values)
