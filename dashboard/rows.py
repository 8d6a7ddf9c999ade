"""The rows of the operations form: operations as they are typed, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import orjson

from dashboard import forms
from dashboard.paths import parse_path, typed_path
from store import InvalidOp, InvalidValue, StoreError, UpdateRejected, parse_json

if TYPE_CHECKING:
    from starlette.datastructures import FormData

MAX_ROWS = 100
HINTS: Final = {
    "set": '"text", 1, true, null, [1], {"a": 1}',
    "merge": '{"field": 1}',
    "increment": "1",
    "decrement": "1",
    "append": '"text" or an item of a list',
    "remove": "",
}
"""What the field for the value shows while it is empty, by the operation's type."""


@dataclass(frozen=True, slots=True)
class Row:
    """One operation as it is typed, and what was wrong with it. `value` is `by` for increment and decrement."""

    type: str = "set"
    path: str = ""
    value: str = ""
    error: str = ""

    @classmethod
    def of(cls, op: Mapping[str, Any]) -> Row:
        """The row that stands for an operation that is well formed."""
        operand = op.get("by", op.get("value"))
        value = "" if op["type"] == "remove" else orjson.dumps(operand).decode()
        return cls(op["type"], typed_path(op.get("path") or ""), value)

    @property
    def hint(self) -> str:
        """What to type as its value."""
        return HINTS.get(self.type, "")

    @property
    def lacks_value(self) -> bool:
        """Whether it is not typed to its end: only increment and decrement have a value of their own accord."""
        return self.type in ("set", "merge", "append") and not self.value.strip()

    @property
    def blank(self) -> bool:
        """Whether nothing is typed."""
        return self.lacks_value and not self.path

    def operation(self) -> dict[str, Any]:
        """The operation that the row stands for. A path that is a JSON array of names is a nested field.

        Raises:
            InvalidValue: the value is not JSON, or the path begins like a list and is none.
        """
        op: dict[str, Any] = {"type": self.type, "path": parse_path(self.path)}
        if self.type in ("increment", "decrement"):
            op["by"] = parse_json(self.value or "1")
        elif self.type != "remove":
            op["value"] = parse_json(self.value)
        return op


@dataclass(frozen=True, slots=True)
class Typed:
    """All rows, the operations they stand for, and the row of each operation."""

    rows: list[Row]
    ops: list[dict[str, Any]]
    places: list[int]

    @property
    def wrong(self) -> bool:
        """Whether a row stands for no operation."""
        return any(row.error for row in self.rows)

    def refused(self, error: StoreError) -> list[Row] | None:
        """The rows with the store's error at those it is about; None if it is about none."""
        match error:
            case InvalidOp():
                return self._marked({error.op_index: error.message})
            case UpdateRejected():
                return self._marked({each.op_index: each.message for each in error.errors})
        return None

    def _marked(self, errors: Mapping[int, str]) -> list[Row]:
        return marked(self.rows, {self.places[index]: message for index, message in errors.items()})


def rows_in(form: FormData) -> list[Row]:
    """The rows that a form sends."""
    columns = (forms.texts(form, name) for name in ("type", "path", "value"))
    return [Row(*cells) for cells in zip(*columns, strict=False)] or [Row()]


def parse_rows(rows: list[Row], *, unfinished: bool = False) -> Typed:
    """What the rows stand for. Blank ones are left out if there are others.

    `unfinished`: rows that lack their value yet are left out as well, and are no error.
    """
    ops: dict[int, dict[str, Any]] = {}
    errors: dict[int, str] = {}
    all_blank = all(row.blank for row in rows)
    for index, row in enumerate(rows):
        if (row.blank and not all_blank) or (unfinished and row.lacks_value):
            continue
        try:
            ops[index] = row.operation()
        except InvalidValue as error:
            errors[index] = f"{error}; text goes in double quotes" if error.line else str(error)
    return Typed(marked(rows, errors), list(ops.values()), list(ops))


def marked(rows: list[Row], errors: Mapping[int, str]) -> list[Row]:
    """The rows with these errors, by their place, and no others."""
    return [replace(row, error=errors.get(index, "")) for index, row in enumerate(rows)]
