"""The order of JSON values of any type, which sorts by a field go by."""

from __future__ import annotations

import math
from typing import Any, Final, TypeAlias

from store.apply import MISSING

Place: TypeAlias = tuple[int, int | float | str]
"""A value's place in the order: what kind it is, and which of its kind, if it is a number or a string."""

COMPARED = 200
"""The characters of a string that are compared; strings that differ only behind them are in the order of their keys."""

_NUMBER, _STRING, _ARRAY, _OBJECT = range(4, 8)
_LITERALS: Final[dict[object, Place]] = {MISSING: (0, 0), None: (1, 0), False: (2, 0), True: (3, 0)}
_RANKS: Final[dict[type, int]] = {int: _NUMBER, float: _NUMBER, str: _STRING, list: _ARRAY, dict: _OBJECT}


def place_of(value: Any, field: str) -> Place:
    """Where the value whose `field` is sorted by stands: missing, null, false, true, numbers, strings, arrays, objects.

    Numbers are compared exactly, strings by their code points, arrays and objects not at all.
    """
    found: Any = value.get(field, MISSING) if value.__class__ is dict else MISSING
    rank = _RANKS.get(found.__class__)
    if rank is None:
        return _LITERALS[found]
    if rank == _STRING:
        return rank, found[:COMPARED]
    return rank, found if rank == _NUMBER else 0


def read_place(parts: Any) -> Place | None:
    """A place as a page token carries it; None if it is none."""
    if type(parts) is not list or len(parts) != 2 or type(parts[0]) is not int or not 0 <= parts[0] <= _OBJECT:
        return None
    rank, value = parts
    match rank:
        case 4:
            fits = type(value) is int or (type(value) is float and math.isfinite(value))
        case 5:
            fits = type(value) is str and len(value) <= COMPARED
        case _:
            fits = type(value) is int and value == 0
    return (rank, value) if fits else None
