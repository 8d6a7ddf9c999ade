"""What happened to an item while it was edited, as the editor shows it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import orjson

from dashboard import jsontext, jsonview
from dashboard.differences import Line, compare, compare_both
from dashboard.merging import ABSENT, Conflict, merge
from dashboard.pages.checking import compact

SHOWN_CLASH = 120  # characters of each value that both changed


@dataclass(frozen=True, slots=True)
class Clash:
    """A field that both changed, and the two values as they are shown; "" for a field that was removed."""

    name: str
    yours: str
    theirs: str

    @classmethod
    def of(cls, conflict: Conflict) -> Clash:
        """How a conflict of a merge is shown."""
        return cls(" › ".join(conflict.path), _shown(conflict.yours), _shown(conflict.theirs))


@dataclass(frozen=True, slots=True)
class Meanwhile:
    """How an item changed while it was edited: `theirs` is its text now.

    If it is known what the editing started from (`three_way`), `your_lines` and `their_lines` are what each changed of
    that and `clashes` what both did; else `your_lines` lead from theirs to yours. Unless yours is `valid` JSON, there
    is nothing but `theirs`.
    """

    theirs: str
    valid: bool = False
    three_way: bool = False
    your_lines: list[Line] = field(default_factory=list)
    their_lines: list[Line] = field(default_factory=list)
    clashes: list[Clash] = field(default_factory=list)

    @property
    def stored(self) -> jsontext.Part:
        """The start of that text, to be shown."""
        return jsontext.part(self.theirs, 0)

    @classmethod
    def of(cls, base: Any, yours: Any, theirs: Any) -> Meanwhile:
        """What became of `base`; it is ABSENT if it is not known, and `yours` if it is no JSON."""
        now = jsonview.formatted(theirs)
        if yours is ABSENT:
            return cls(now)
        mine = jsonview.formatted(yours)
        if base is ABSENT:
            return cls(now, True, your_lines=compare(now, mine))
        return cls(now, True, True, *compare_both(jsonview.formatted(base), mine, now), clashes(base, yours, theirs))


def clashes(base: Any, yours: Any, theirs: Any) -> list[Clash]:
    """The fields that both changed."""
    return [Clash.of(conflict) for conflict in merge(base, yours, theirs).conflicts]


def parsed(base: str) -> Any:
    """The value that a form says the editing started from; ABSENT if it says none."""
    try:
        return orjson.loads(base)
    except orjson.JSONDecodeError:
        return ABSENT


def _shown(value: Any) -> str:
    text = "" if value is ABSENT else compact(value)
    return text if len(text) <= SHOWN_CLASH else f"{text[:SHOWN_CLASH]}…"
