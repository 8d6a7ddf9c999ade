"""Places inside a value: the way to one of its members, as a page shows it and as its URL names it."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final, TypeAlias

import orjson

from dashboard.scalars import json_of

MAX_AT = 512  # characters of names in a URL
SHOWN_NAME = 100  # characters

_KEPT = re.compile(r"[^\0\r]{0,200}")  # browsers read those two as other characters
Step: TypeAlias = "str | int"
"""A field's name or an index."""


@dataclass(frozen=True, slots=True)
class Place:
    """The way from a value to a member of it: each step, and at which position in its parent that one stands.

    `id` is short and the same on every page, for an element to be known by.
    """

    steps: tuple[Step, ...] = ()
    positions: tuple[int, ...] = ()
    id: str = "j"

    def below(self, step: Step, position: int) -> Place:
        """The place of a member."""
        marked = hashlib.blake2b(self.id.encode() + orjson.dumps(step), digest_size=6).hexdigest()
        return Place((*self.steps, step), (*self.positions, position), f"j{marked}")

    @property
    def at(self) -> str:
        """How URLs name it, "" for the whole value: a JSON list of names and indices, or of positions if that is long.

        Names are never numbers, so that a number in place of a name says the position of a field.
        """
        if not self.steps:
            return ""
        return orjson.dumps(self.steps if self.named else self.positions).decode()

    @property
    def label(self) -> str:
        """What it is called on a page; "" for the whole value."""
        return label_of(self.steps[-1]) if self.steps else ""

    @property
    def name(self) -> str | None:
        """The field's name, to be copied; None for an index, the whole value, and a name that no attribute can keep."""
        step = self.steps[-1] if self.steps else None
        return step if isinstance(step, str) and _KEPT.fullmatch(step) else None

    @property
    def index(self) -> int | None:
        """The index in an array; None for a field and for the whole value."""
        step = self.steps[-1] if self.steps else None
        return step if isinstance(step, int) else None

    @property
    def named(self) -> bool:
        """Whether `at` holds the names on the way."""
        return len(orjson.dumps(self.steps)) <= MAX_AT


WHOLE: Final = Place()


def way_to(value: Any, at: str) -> list[tuple[Place, Any]] | None:
    """The places from the whole value to the one that `at` names, each with what stands there; None if none is."""
    steps = _steps(at)
    if steps is None:
        return None
    way = [(WHOLE, value)]
    for step in steps:
        place, holder = way[-1]
        found = _member(holder, step)
        if found is None:
            return None
        name, position, member = found
        way.append((place.below(name, position), member))
    return way


def label_of(step: Step) -> str:
    """A name or index as it is shown: a name that is odd in any way is in quotes."""
    if isinstance(step, int):
        return str(step)
    shown = json_of(step[:SHOWN_NAME])
    plain = shown[1:-1] == step[:SHOWN_NAME] == step[:SHOWN_NAME].strip() != ""
    return (shown[1:-1] if plain else shown) + ("…" if len(step) > SHOWN_NAME else "")


def _steps(at: str) -> list[Step] | None:
    if not at:
        return []
    try:
        steps = orjson.loads(at)
    except orjson.JSONDecodeError:
        return None
    if isinstance(steps, list) and all(isinstance(step, str | int) and not isinstance(step, bool) for step in steps):
        return steps
    return None


def _member(holder: Any, step: Step) -> tuple[Step, int, Any] | None:
    if isinstance(holder, dict) and isinstance(step, str):
        return (step, list(holder).index(step), holder[step]) if step in holder else None
    if not isinstance(holder, dict | list) or isinstance(step, str) or not 0 <= step < len(holder):
        return None
    if isinstance(holder, list):
        return step, step, holder[step]
    name = next(islice(holder, step, None))
    return name, step, holder[name]
