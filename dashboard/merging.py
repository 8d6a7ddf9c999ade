"""Three-way merge of JSON values: what two people made of the same value, brought together field by field."""

from __future__ import annotations

from enum import Enum
from typing import Any, Final, NamedTuple

import orjson

Path = tuple[str, ...]


class _Absent(Enum):
    ABSENT = "absent"


ABSENT: Final = _Absent.ABSENT
"""Stands for a field that is not there."""


class Conflict(NamedTuple):
    """A field that both made something else of: its path (empty for the whole value), and what; ABSENT if removed."""

    path: Path
    yours: Any
    theirs: Any


class Merge(NamedTuple):
    """What came out. In each of the `conflicts` the value is yours."""

    value: Any
    conflicts: list[Conflict]


def merge(base: Any, yours: Any, theirs: Any) -> Merge:
    """Bring two changes of `base` together.

    What only one of them changed, added or removed is taken from it, in objects field by field. A list is one value:
    its places do not say which of its entries is which. Values are JSON, and 1, 1.0 and true are three different ones.
    """
    conflicts: list[Conflict] = []
    return Merge(_merged(base, yours, theirs, (), conflicts), conflicts)


def same(one: Any, other: Any) -> bool:
    """Whether two JSON values (or ABSENT) are the same, in whatever order their fields stand."""
    if one is ABSENT or other is ABSENT:
        return one is other
    return orjson.dumps(one, option=orjson.OPT_SORT_KEYS) == orjson.dumps(other, option=orjson.OPT_SORT_KEYS)


def _merged(base: Any, yours: Any, theirs: Any, path: Path, conflicts: list[Conflict]) -> Any:
    if same(base, yours):
        return theirs
    if same(base, theirs) or same(yours, theirs):
        return yours
    before = {} if base is ABSENT else base  # an object that both added
    if isinstance(before, dict) and isinstance(yours, dict) and isinstance(theirs, dict):
        return _merged_fields(before, yours, theirs, path, conflicts)
    conflicts.append(Conflict(path, yours, theirs))
    return yours


def _merged_fields(
    base: dict[str, Any], yours: dict[str, Any], theirs: dict[str, Any], path: Path, conflicts: list[Conflict]
) -> dict[str, Any]:
    names = dict.fromkeys([*yours, *theirs, *base])
    found = {
        name: _merged(
            base.get(name, ABSENT), yours.get(name, ABSENT), theirs.get(name, ABSENT), (*path, name), conflicts
        )
        for name in names
    }
    return {name: value for name, value in found.items() if value is not ABSENT}
