"""Finding a text inside a value: in names, strings, numbers and words, whatever their case."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias
from urllib.parse import quote

from markupsafe import escape

from dashboard.formats import oneline
from dashboard.places import WHOLE, Place, Step, label_of
from dashboard.scalars import json_of

MAX_FOUND = 100
MAX_SOUGHT = 100  # characters; of a longer text the start is looked for
MAX_HTML = 80_000  # bytes of the list, as estimated
BEFORE, BEHIND = 24, 60  # characters shown around what was found
SHOWN_STEPS = 4
_ROW_HTML = 200  # bytes of tags and attributes

_NUMERIC = re.compile(r"[-+.0-9e\\]+", re.IGNORECASE)

Way: TypeAlias = "list[tuple[Step, int]]"
"""The steps to a member, each with its position."""


class Excerpt(NamedTuple):
    """A piece of a text: what was found in it is `match`, "" if nothing was."""

    before: str
    match: str
    behind: str


@dataclass(frozen=True, slots=True)
class Found:
    """A name or value in which a text was found: where, the names above it, its own name, and a piece of its value."""

    place: Place
    above: list[str]
    name: Excerpt
    value: Excerpt
    kind: str

    @property
    def html(self) -> int:
        """About how many bytes of HTML it takes, the link to it aside."""
        return (
            _ROW_HTML
            + len(quote(self.place.at))
            + len(escape("".join([*self.above, *self.name, *self.value])).encode())
        )


@dataclass(frozen=True, slots=True)
class Search:
    """What was found of a text, in the value's order, and whether there is `more` than that."""

    text: str
    found: list[Found]
    more: bool


def search(value: Any, text: str, link: int) -> Search:
    """Look for a text: the first MAX_FOUND members whose name or value holds it, or fewer if their list gets long.

    `link` is about how many bytes a link into the value takes, the place aside.
    """
    text = text[:MAX_SOUGHT]
    sought = re.compile(re.escape(text), re.IGNORECASE)
    found: list[Found] = []
    room = MAX_HTML
    for way, member in _matching(value, sought):
        if len(found) == MAX_FOUND or room <= 0:
            return Search(text, found, more=True)
        found.append(_found(way, member, sought))
        room -= link + len(quote(text)) + found[-1].html
    return Search(text, found, more=False)


def _matching(value: Any, sought: re.Pattern[str]) -> Iterator[tuple[Way, Any]]:
    says = _sayer(sought)
    if says(value):
        yield [], value
    way: Way = []
    open_holders = [_numbered(value)]
    while open_holders:
        for position, step, member in open_holders[-1]:
            if says(member) or (type(step) is str and sought.search(step)):
                yield [*way, (step, position)], member
            if type(member) in (dict, list):
                way.append((step, position))
                open_holders.append(_numbered(member))
                break
        else:
            open_holders.pop()
            if way:
                way.pop()


def _sayer(sought: re.Pattern[str]) -> Callable[[Any], bool]:
    """Tells whether a single value holds the text."""
    words = {word for word in (None, True, False) if sought.search(json_of(word))}
    numeric = _NUMERIC.fullmatch(sought.pattern) is not None

    def says(value: Any) -> bool:
        kind = type(value)
        if kind is str:
            return sought.search(value) is not None
        if kind is int:
            return numeric and sought.search(str(value)) is not None
        if kind is float:
            return numeric and sought.search(json_of(value)) is not None
        return kind not in (dict, list) and value in words

    return says


def _numbered(holder: Any) -> Iterator[tuple[int, Step, Any]]:
    if isinstance(holder, dict):
        return ((position, name, member) for position, (name, member) in enumerate(holder.items()))
    return ((index, index, member) for index, member in enumerate(holder if isinstance(holder, list) else []))


def _found(way: Way, member: Any, sought: re.Pattern[str]) -> Found:
    place = WHOLE
    for step, position in way:
        place = place.below(step, position)
    names = [label_of(step) for step, _ in way]
    above = names[:-1] if len(names) <= SHOWN_STEPS else [names[0], "…", *names[-SHOWN_STEPS + 1 : -1]]
    name = way[-1][0] if way else ""
    named = _excerpt(name, sought) if isinstance(name, str) else Excerpt(str(name), "", "")
    if isinstance(member, dict | list):
        shape = f"{{ {len(member):,} }}" if isinstance(member, dict) else f"[ {len(member):,} ]"
        return Found(place, above, named, Excerpt(shape, "", ""), "object")
    kind = "string" if isinstance(member, str) else "number" if type(member) in (int, float) else "word"
    return Found(place, above, named, _excerpt(member if isinstance(member, str) else json_of(member), sought), kind)


def _excerpt(text: str, sought: re.Pattern[str]) -> Excerpt:
    found = sought.search(text)
    if found is None:
        return Excerpt(_start(text), "", "")
    start = max(0, found.start() - BEFORE)
    before = ("…" if start else "") + _line(text[start : found.start()])
    return Excerpt(before, _line(found[0]), _start(text[found.end() : found.end() + BEHIND + 1]))


def _start(text: str) -> str:
    return _line(text[:BEHIND]) + ("…" if len(text) > BEHIND else "")


def _line(text: str) -> str:
    """A piece of a text on one line; unlike a name it may be blank."""
    return oneline(f"|{text}")[1:]
