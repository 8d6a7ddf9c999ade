"""Whether an item fits conditions: decided here, in the same way for every backend."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeAlias

from store.apply import MISSING
from store.filtering import BARE, Property, Where
from store.model import Record
from store.narrowing import search_texts
from store.paging import fold
from store.values import damaged, decode, stored

Judge: TypeAlias = Callable[[str, Record, int], bool]
"""Whether an item fits, given its key, its record and the time."""
Reading: TypeAlias = Callable[[str, Record, int], Any]
"""The value of an item if it fits, else MISSING."""
_Test: TypeAlias = Callable[[Any], bool]

_COMPARE: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "=": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}
_NUMBERS: Final = frozenset((int, float))


def matches(conditions: Sequence[Where]) -> Judge:
    """Whether an item fits all of the conditions, which `check_where` gave."""
    if all(isinstance(condition.field, Property) for condition in conditions):
        return _all_of([_item_test(condition) for condition in conditions])
    reading = matching(conditions)
    return lambda key, record, now: reading(key, record, now) is not MISSING


def matching(conditions: Sequence[Where]) -> Reading:
    """The value of an item that fits all of the conditions, which `check_where` gave; else MISSING."""
    of_item = [_item_test(condition) for condition in conditions if condition.path is None]
    of_field = [
        (condition.path, _field_test(condition.op, condition.value))
        for condition in conditions
        if condition.path is not None
    ]

    if not of_item and len(of_field) == 1 and len(of_field[0][0]) == 1:
        return _reading_one(of_field[0][0][0], of_field[0][1])

    def read(key: str, record: Record, now: int) -> Any:
        for of_it in of_item:
            if not of_it(key, record, now):
                return MISSING
        value = stored(record.value)
        for path, fits in of_field:
            found = value
            for name in path:
                if found.__class__ is not dict:
                    found = MISSING
                    break
                found = found.get(name, MISSING)
            if not fits(found):
                return MISSING
        return value

    return read


def _reading_one(name: str, fits: _Test) -> Reading:
    """The usual case, in a hurry: it may run for each of a million items."""

    def read(_key: str, record: Record, _now: int) -> Any:
        try:
            value = decode(record.value)
        except ValueError as error:
            raise damaged(error) from error
        return value if fits(value.get(name, MISSING) if value.__class__ is dict else MISSING) else MISSING

    return read


def _all_of(tests: Sequence[Judge]) -> Judge:
    match tests:
        case [test]:
            return test
    return lambda key, record, now: all(fits(key, record, now) for fits in tests)


def _item_test(condition: Where) -> Judge:
    op, wanted = condition.op, condition.value
    match condition.field:
        case Property.KEY:
            of_key = _field_test(op, wanted)
            return lambda key, _record, _now: of_key(key)
        case Property.VALUE:
            holds = _text_search(wanted)
            return lambda _key, record, _now: holds(record.value)
        case Property.TTL:
            return _ttl_test(op, wanted)
    compare = _COMPARE[op]
    match condition.field:
        case Property.AGE:
            return lambda _key, record, now: compare(now - record.created_at, wanted)
        case Property.IDLE:
            return lambda _key, record, now: compare(now - record.updated_at, wanted)
    return lambda _key, record, _now: compare(len(record.value), wanted)


def _ttl_test(op: str, wanted: Any) -> Judge:
    if op in BARE:
        return lambda _key, record, _now: (record.expires_at is None) == (op == "missing")
    compare = _COMPARE[op]
    return lambda _key, record, now: record.expires_at is not None and compare(record.expires_at - now, wanted)


def _text_search(text: str) -> Callable[[bytes], bool]:
    """Whether a JSON text holds a text as it is, or as JSON writes it in a string."""
    plain, written = search_texts(text)
    if plain == written:
        return lambda json: plain in json.lower()
    return lambda json: plain in (lowered := json.lower()) or written in lowered


def _field_test(op: str, wanted: Any) -> _Test:
    return _FIELD_TESTS[op](wanted) if op in _FIELD_TESTS else _compares(_COMPARE[op], wanted)


def _compares(compare: Callable[[Any, Any], bool], wanted: Any) -> _Test:
    if wanted.__class__ is str:
        return lambda found: found.__class__ is str and compare(found, wanted)
    return lambda found: found.__class__ in _NUMBERS and compare(found, wanted)


def _equals(wanted: Any) -> _Test:
    if wanted is None or wanted.__class__ is bool:
        return lambda found: found is wanted
    if wanted.__class__ is str:
        return lambda found: bool(found == wanted)
    return lambda found: found == wanted and _alike(found, wanted)


def _alike(left: Any, right: Any) -> bool:
    """Whether values that Python calls equal are so in JSON, where true is not 1."""
    if left.__class__ is list:
        return all(map(_alike, left, right))
    if left.__class__ is dict:
        return all(_alike(value, right[name]) for name, value in left.items())
    return (left.__class__ is bool) == (right.__class__ is bool)


def _contains(wanted: Any) -> _Test:
    equals = _equals(wanted)
    if wanted.__class__ is not str:
        return lambda found: found.__class__ is list and any(map(equals, found))
    part = fold(wanted)

    def test(found: Any) -> bool:
        if found.__class__ is str:
            return part in fold(found)
        return found.__class__ is list and wanted in found

    return test


def _starts_with(wanted: str) -> _Test:
    start, length = fold(wanted), len(wanted)
    return lambda found: found.__class__ is str and fold(found[:length]) == start


_FIELD_TESTS: Final[dict[str, Callable[[Any], _Test]]] = {
    "=": _equals,
    "!=": lambda wanted: _not(_equals(wanted)),
    "contains": _contains,
    "starts with": _starts_with,
    "exists": lambda _: lambda found: found is not MISSING,
    "missing": lambda _: lambda found: found is MISSING,
    "is null": lambda _: lambda found: found is None,
}


def _not(test: _Test) -> _Test:
    return lambda found: not test(found)
