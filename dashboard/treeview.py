"""What a page shows of a value: the tree from some place on, or a part of a long string."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from dashboard.formats import visible
from dashboard.jsontree import PAGE, UNFOLDED_TEXT, Branch, Leaf, grow, leaf
from dashboard.places import Place, way_to
from dashboard.scalars import Encoded, encoded_in

TEXT_PART = 12_000  # characters of a string that are shown at once
MAX_PLACED = 20 * TEXT_PART  # characters, before the next are on a page of their own


@dataclass(frozen=True, slots=True)
class Text:
    """A part of a long string, from character `start` to `end` of `total`."""

    place: Place
    text: str
    start: int
    end: int
    total: int
    encoded: Encoded | None
    kind: Literal["text"] = "text"

    @property
    def next(self) -> int | None:
        """The first character behind it; None at the end."""
        return self.end if self.end < self.total else None

    @property
    def next_apart(self) -> bool:
        """Whether what follows goes on a page of its own: what is put in place stands inside of what was before."""
        return self.end // MAX_PLACED != self.start // MAX_PLACED


@dataclass(frozen=True, slots=True)
class View:
    """What a page shows of a value: a branch or leaf or a part of a string, and the way to it from the whole value.

    `marked` is the place that was asked for, if it is one among others.
    """

    root: Leaf | Branch | Text
    way: list[Place]
    marked: Place | None = None

    @property
    def whole(self) -> bool:
        """Whether it shows the value from its start on."""
        return len(self.way) == 1 and (not isinstance(self.root, Branch) or self.root.start == 0)


def view(value: Any, at: str, start: int, link: int) -> View | None:
    """The view of what stands at a place, from member or character `start` on; None if there is no such place.

    Args:
        value: the whole value.
        at: the place, as `Place.at` names it.
        start: the number of the first member or character.
        link: about how long the URLs of this item are.
    """
    way = way_to(value, at)
    if way is None:
        return None
    places, (place, member) = [each for each, _ in way], way[-1]
    if isinstance(member, dict | list):
        return View(grow(place, member, start, link), places)
    if isinstance(member, str) and (start or len(member) > UNFOLDED_TEXT):
        return View(text_at(place, member, start), places)
    if len(way) == 1:
        return View(leaf(place, member), places)
    return View(_around(place, *way[-2], link), places[:-1], place)


def opened(value: Any, at: str, start: int, link: int) -> Branch | Text | None:
    """A branch or string that is opened in its place among others, or goes on there; None if there is none."""
    way = way_to(value, at)
    if way is None:
        return None
    place, member = way[-1]
    if isinstance(member, dict | list):
        return grow(place, member, start, link)
    return text_at(place, member, start) if isinstance(member, str) else None


def text_at(place: Place, text: str, start: int) -> Text:
    """A part of a string."""
    start = min(max(0, start), max(0, len(text) - 1))
    end = min(start + TEXT_PART, len(text))
    encoded = None if start else encoded_in(text)
    return Text(place, visible(text[start:end]), start, end, len(text), encoded)


def _around(place: Place, above: Place, holder: Any, link: int) -> Branch:
    """The page of a branch that a member of it is on."""
    position = place.positions[-1]
    branch = grow(above, holder, position // PAGE * PAGE, link)
    if all(member.place != place for member in branch.members):
        return grow(above, holder, position, link)
    return branch
