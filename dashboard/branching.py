"""Beginnings of group names: where names are cut, the way to a branch, and what chooses all that is in it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, NamedTuple

SEPARATORS: Final = ":/."
_MEANT = re.compile(r"[*?\[]|^\s")  # what a pattern would read otherwise, and a blank start, which forms cut off


class Crumb(NamedTuple):
    """A step on the way to a branch: its part of the name, and the whole beginning up to it."""

    text: str
    prefix: str


def chosen_separators(chars: Iterable[str]) -> str:
    """Those of SEPARATORS that were chosen, in their order; all of them if none was."""
    chosen = {*chars}
    return "".join(char for char in SEPARATORS if char in chosen) or SEPARATORS


def way_to(prefix: str, separators: str = SEPARATORS) -> list[Crumb]:
    """The branches that lead to a beginning of names, the last of which is that itself."""
    ends = [index + 1 for index, char in enumerate(prefix) if char in separators]
    if prefix and (not ends or ends[-1] < len(prefix)):
        ends.append(len(prefix))
    return [Crumb(prefix[start:end], prefix[:end]) for start, end in zip([0, *ends], ends, strict=False)]


def branch_above(name: str, separators: str = SEPARATORS) -> str:
    """The branch that a group or branch is in: its name up to the last separator before its end; "" for none."""
    ends = (index + 1 for index in reversed(range(len(name) - 1)) if name[index] in separators)
    return name[: next(ends, 0)]


def pattern_of(prefix: str) -> str:
    """The pattern, as Store.cleanup takes it, that fits all names with this beginning and no others."""
    return _MEANT.sub(r"[\g<0>]", prefix) + "*"
