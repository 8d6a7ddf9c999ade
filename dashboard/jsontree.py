"""A value as a tree to unfold: a bounded part of it at a time, however large or deep it is.

The first levels are open as far as MAX_NODES and MAX_HTML go; the rest is asked for branch by branch and page by page.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from markupsafe import escape

from dashboard.formats import visible
from dashboard.places import Place, Step, label_of
from dashboard.scalars import Encoded, encoded_in, is_large, json_of, link_in, moment_in

if TYPE_CHECKING:
    from datetime import datetime

PAGE = 100  # members of an object or array that are shown at once
MAX_NODES = 200
MAX_HTML = 80_000  # bytes, as estimated
STORY = 32  # levels; at each such depth a branch is opened on a page of its own, or the page would nest too deep
SHOWN_TEXT = 300  # characters of a string before it is unfolded
SHOWN_DATA = 60  # and of one that is no text for people
UNFOLDED_TEXT = 4000  # characters of a string that is there to be unfolded; a longer one is asked for
MAX_PLACED = 20 * PAGE  # members, before the next are on a page of their own
PREVIEW = 80  # characters
_NODE_HTML: Final = 330  # bytes of tags and attributes


@dataclass(slots=True)
class Leaf:
    """A string, number or word: `text` is its JSON, of a long string that of its start, and then it is `cut`.

    A string that is long or has several lines can be unfolded: then `length` is its length in characters, and
    `unfolded` all of it, None if that has to be asked for.
    """

    place: Place
    kind: str
    text: str
    cut: bool = False
    length: int = 0
    unfolded: str | None = None
    link: str = ""
    moment: datetime | None = None
    encoded: Encoded | None = None
    large: bool = False

    @property
    def lines(self) -> int:
        """How many lines a string has that can be unfolded only because it has several; else 0."""
        return 0 if self.unfolded is None or self.cut else self.unfolded.count("\n") + 1

    @property
    def html(self) -> int:
        """About how many bytes of HTML it takes."""
        decoded = len(self.encoded.picture) + _html(self.encoded.text) if self.encoded else 0
        return _row_html(self.place, self.text, self.link, self.unfolded or "") + decoded


@dataclass(slots=True)
class Branch:
    """An object or array of `count` members. `members` are shown, from number `start` on, none if it is closed."""

    place: Place
    kind: str
    value: dict[str, Any] | list[Any]
    preview: str
    members: list[Node] = field(default_factory=list)
    start: int = 0

    @property
    def count(self) -> int:
        """How many members it has."""
        return len(self.value)

    @property
    def next(self) -> int | None:
        """The number of the first member behind those shown; None if there is none."""
        end = self.start + len(self.members)
        return end if end < self.count else None

    @property
    def next_apart(self) -> bool:
        """Whether those behind go on a page of their own: what is put in place stands inside of what was before."""
        return (self.next or 0) // MAX_PLACED != self.start // MAX_PLACED

    @property
    def apart(self) -> bool:
        """Whether it is opened on a page of its own."""
        return len(self.place.steps) % STORY == 0

    def html(self, link: int) -> int:
        """About how many bytes of HTML it takes while it is closed; `link` are those of a link into this value."""
        return _row_html(self.place, self.preview) + 2 * (link + _html(self.place.at))


Node: TypeAlias = "Leaf | Branch"


def grow(place: Place, value: dict[str, Any] | list[Any], start: int, link: int) -> Branch:
    """A branch opened from member `start` on, and branches below it as far as the room goes.

    `link` is about how many bytes a link into the value takes.
    """
    return _Growing(link).grow(_branch(place, value), start)


def leaf(place: Place, value: Any, room: int = MAX_HTML) -> Leaf:
    """A single value; `room` is how many bytes of HTML it may take."""
    if isinstance(value, str):
        return _string(place, value, room)
    kind = "word" if value is None or isinstance(value, bool) else "number"
    moment = moment_in(place.name or "", value)
    return Leaf(place, kind, json_of(value), moment=moment, large=is_large(value))


class _Growing:
    """Opens a branch and those below it, as far as the room goes."""

    def __init__(self, link: int) -> None:
        self._link = link
        self._html = MAX_HTML
        self._nodes = MAX_NODES

    def grow(self, root: Branch, start: int) -> Branch:
        self._open(root, start)
        level = [root]
        while level:
            level = [opened for branch in level for opened in self._open_all(branch)]
        return root

    def _open_all(self, branch: Branch) -> list[Branch]:
        """Open all branches of a branch, or none: rows that are alike should look alike."""
        closed = [
            member for member in branch.members if isinstance(member, Branch) and member.count and not member.apart
        ]
        if sum(min(PAGE, member.count) for member in closed) > self._nodes:
            return []
        for member in closed:
            if self._html > 0:
                self._open(member, 0)
        return [member for member in closed if member.members]

    def _open(self, branch: Branch, start: int) -> None:
        branch.start = min(max(0, start), max(0, branch.count - 1))
        for position, step, member in _members(branch.value, branch.start):
            node = self._node(branch.place.below(step, position), member)
            branch.members.append(node)
            self._nodes -= 1
            self._html -= node.html if isinstance(node, Leaf) else node.html(self._link)
            if self._html <= 0:
                break

    def _node(self, place: Place, member: Any) -> Node:
        return _branch(place, member) if isinstance(member, dict | list) else leaf(place, member, self._html)


def _members(value: dict[str, Any] | list[Any], start: int) -> Iterator[tuple[int, Step, Any]]:
    page = slice(start, start + PAGE)
    if isinstance(value, list):
        return ((index, index, member) for index, member in enumerate(value[page], start))
    fields = islice(value.items(), page.start, page.stop)
    return ((position, name, member) for position, (name, member) in enumerate(fields, start))


def _branch(place: Place, value: dict[str, Any] | list[Any]) -> Branch:
    kind = "object" if isinstance(value, dict) else "array"
    return Branch(place, kind, value, _preview(value))


def _string(place: Place, value: str, room: int) -> Leaf:
    encoded = encoded_in(value)
    shown = SHOWN_DATA if encoded else SHOWN_TEXT
    string = Leaf(place, "string", json_of(value[:shown]), cut=len(value) > shown, encoded=encoded)
    string.link, string.moment = link_in(value), moment_in(place.name or "", value)
    if string.encoded and len(string.encoded.picture) > room // 2:
        string.encoded = Encoded(string.encoded.kind, string.encoded.size)
    if string.cut or "\n" in value:
        string.length = len(value)
        unfolded = visible(value) if len(value) <= UNFOLDED_TEXT else ""
        string.unfolded = unfolded if unfolded and _html(unfolded) < room // 4 else None
    return string


def _preview(value: dict[str, Any] | list[Any]) -> str:
    """The first members of a branch, in a line."""
    if isinstance(value, dict):
        shown = ", ".join(f"{label_of(name[:40])}: {_short(member)}" for name, member in islice(value.items(), 4))
    else:
        shown = ", ".join(map(_short, value[:8]))
    return shown if len(shown) <= PREVIEW else f"{shown[:PREVIEW]}…"


def _short(value: Any) -> str:
    if isinstance(value, dict | list):
        return ("{…}" if value else "{}") if isinstance(value, dict) else ("[…]" if value else "[]")
    return json_of(value[:PREVIEW] if isinstance(value, str) else value)


def _row_html(place: Place, *texts: str) -> int:
    return _NODE_HTML + sum(map(_html, [place.label, place.name or "", *texts]))


def _html(text: str) -> int:
    return len(escape(text).encode())
