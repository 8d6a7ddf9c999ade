"""Conditions that items are listed by: what can be asked, and checking it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import Any, Final

from store.errors import InvalidArgument, InvalidValue, ValueTooLarge
from store.values import encode, shown

MAX_NUMBER = 2**53


class Property(Enum):
    """What an item has beside the fields of its value.

    KEY and VALUE are text, VALUE the JSON text; TTL (seconds until it expires), AGE (seconds since it was created),
    IDLE (seconds since it was written) and SIZE (bytes of JSON text) are numbers.
    """

    KEY = "key"
    VALUE = "value"
    TTL = "ttl"
    AGE = "age"
    IDLE = "idle"
    SIZE = "size"


@dataclass(frozen=True, slots=True)
class Where:
    """A condition on an item.

    Args:
        field: the literal name of a field of the value, a tuple of names for a nested one (`()` is the value itself),
            or a Property.
        op: see `OPS`; for a Property, `PROPERTY_OPS`.
        value: what it is compared with. Nothing for exists, missing and "is null".

    `=` is equality of JSON: 2 is 2.0, but true is not 1, and "1" is not 1; `!=` is whatever is not `=`, items without
    the field included. `>`, `>=`, `<` and `<=` compare numbers with numbers and strings with strings, by their code
    points; nothing else fits. `contains` finds a part of a string, or an element of an array; strings are searched with
    ASCII letters in either case, as `starts with` does. Only an item that never expires has its TTL missing, and no
    comparison of TTLs fits it.
    """

    field: str | tuple[str, ...] | Property
    op: str
    value: Any = None

    @property
    def path(self) -> tuple[str, ...] | None:
        """The names that lead to the field; None if it is none of the value's."""
        return self.field if isinstance(self.field, tuple) else (self.field,) if isinstance(self.field, str) else None


COMPARING: Final = (">", ">=", "<", "<=")
BARE: Final = ("exists", "missing", "is null")

OPS: Final = ("=", "!=", *COMPARING, "contains", "starts with", *BARE)
"""What a field can be asked."""
PROPERTY_OPS: Final = {
    Property.KEY: ("=", "!=", "contains", "starts with"),
    Property.VALUE: ("contains",),
    Property.TTL: (*COMPARING, "exists", "missing"),
    Property.AGE: COMPARING,
    Property.IDLE: COMPARING,
    Property.SIZE: ("=", "!=", *COMPARING),
}
"""What a property can be asked."""


def check_where(where: Iterable[Where]) -> tuple[Where, ...]:
    """Conditions with their values as JSON has them, and times in milliseconds.

    Raises:
        InvalidArgument: naming the place and what is allowed.
    """
    if isinstance(where, Where | str) or not isinstance(where, Iterable):
        raise InvalidArgument(f"where must be a list of Where, not {shown(where)}")
    return tuple(_checked(condition, f"where[{index}]") for index, condition in enumerate(where))


def _checked(condition: Where, place: str) -> Where:
    if not isinstance(condition, Where):
        raise InvalidArgument(f"{place} must be a Where, not {shown(condition)}")
    field, op, value = condition.field, condition.op, condition.value
    _check_field(field, f"{place}.field")
    ops = PROPERTY_OPS[field] if isinstance(field, Property) else OPS
    if op not in ops:
        raise InvalidArgument(f"{place}.op must be one of {', '.join(ops)}, not {shown(op)}")
    return Where(field, op, _checked_value(field, op, value, f"{place}.value"))


def _check_field(field: object, place: str) -> None:
    names = (field,) if isinstance(field, str) else field
    if isinstance(names, Property):
        return
    if not isinstance(names, tuple) or not all(isinstance(name, str) for name in names):
        raise InvalidArgument(f"{place} must be a field name, a tuple of names or a Property, not {shown(field)}")
    _plain(list(names), place)


def _checked_value(field: object, op: str, value: Any, place: str) -> Any:
    if op in BARE:
        if value is not None:
            raise InvalidArgument(f"{place} must not be given for {op!r}, as {shown(value)} is")
        return None
    if field in (Property.TTL, Property.AGE, Property.IDLE):
        return _milliseconds(value, place)
    if field is Property.SIZE:
        return _number(value, place, "bytes")
    plain = _plain(value, place)
    if (isinstance(field, Property) or op == "starts with") and not isinstance(plain, str):
        raise InvalidArgument(f"{place} must be a string, not {shown(value)}")
    if op in COMPARING and type(plain) not in {int, float, str}:
        raise InvalidArgument(f"{place} must be a number or a string for {op!r}, not {shown(value)}")
    return plain


def _plain(value: Any, place: str) -> Any:
    try:
        return encode(value, place=place)[1]
    except (InvalidValue, ValueTooLarge) as error:
        raise InvalidArgument(str(error)) from error


def _milliseconds(value: Any, place: str) -> int | float:
    seconds = value.total_seconds() if isinstance(value, timedelta) else value
    return round(_number(seconds, place, "seconds") * 1000, 6)


def _number(value: Any, place: str, unit: str) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= MAX_NUMBER:
        raise InvalidArgument(f"{place} must be a number of {unit}, at most 2^53, not {shown(value)}")
    return value
