"""A value as JSON text to read and to keep, however large it is: indented within bounds, and shown in parts."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import orjson
from markupsafe import Markup, escape

MAX_INDENTED = 32 * 1024 * 1024  # bytes; a value that is nested deeply can grow to more than a hundred times its size
PART = 12_000  # characters of text that are shown at once
MAX_PLACED = 20 * PART  # characters, before the next are on a page of their own
MAX_MARKUP = 80_000  # characters of HTML that a part becomes
LOOK_BACK = 100_000  # characters; in a longer line it is not looked for what kind of token a part begins inside of

# A string may be cut off where the part ends.
_HOLDERS = (dict, list)
_STRING = r'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)'
_TOKEN = re.compile(
    rf"(?P<name>{_STRING})(?=:)|(?P<string>{_STRING})|(?P<number>-?[0-9][0-9.eE+-]*)|(?P<word>true|false|null)"
)


class Part(NamedTuple):
    """A part of a text, highlighted: from character `start` to `end` of `total`."""

    markup: Markup
    start: int
    end: int
    total: int

    @property
    def next(self) -> int | None:
        """Where the next part begins; None behind the last."""
        return self.end if self.end < self.total else None

    @property
    def next_apart(self) -> bool:
        """Whether what follows goes on a page of its own: what is put in place stands inside of what was before."""
        return self.end // MAX_PLACED != self.start // MAX_PLACED

    @property
    def previous(self) -> int | None:
        """Where to begin in order to see what is before; None in the first part."""
        return max(0, self.start - PART) if self.start else None


def text_of(value: Any, size: int) -> bytes:
    """The JSON text of a value that takes `size` bytes as compact JSON: indented, unless that makes it too long."""
    return orjson.dumps(value, option=orjson.OPT_INDENT_2 if indented_size(value, size) <= MAX_INDENTED else None)


def indented_size(value: Any, size: int) -> int:
    """How many bytes a value of `size` bytes takes indented; beyond MAX_INDENTED some number above that."""
    waiting = [(value, 0)] if type(value) in _HOLDERS and value else []
    while waiting and size <= MAX_INDENTED:
        holder, depth = waiting.pop()
        named = type(holder) is dict
        # Each member starts a line of its own, the closing bracket another; behind a name comes a space.
        size += len(holder) * (2 * depth + 3 + named) + 2 * depth + 1
        inside = holder.values() if named else holder
        waiting += [(member, depth + 1) for member in inside if type(member) in _HOLDERS and member]
    return size


def part(text: str, start: int) -> Part:
    """About PART characters of a JSON text from `start` on, up to the end of a line where there is one."""
    start = min(max(0, start), len(text))
    end = min(start + PART, len(text))
    if end < len(text):
        end = text.rfind("\n", start, end) + 1 or end
    line = text.rfind("\n", 0, start) + 1
    if start - line > LOOK_BACK:
        return Part(escape(text[start:end]), start, end, len(text))
    markup, end = _highlighted(text, line, start, end)
    return Part(markup, start, end, len(text))


def _highlighted(text: str, line: int, start: int, end: int) -> tuple[Markup, int]:
    """The text from `start` to `end` or a bit before, tokens in elements that name their kinds; counted from `line`."""
    parts: list[str] = []
    last, length = start, 0
    for token in _TOKEN.finditer(text, line, end):
        if token.end() > start:
            kind = Markup("j-{}").format(token.lastgroup)
            parts.append(escape(text[last : token.start()]))
            parts.append(
                Markup('<span class="{}">{}</span>').format(kind, text[max(token.start(), start) : token.end()])
            )
            last, length = token.end(), length + len(parts[-1]) + len(parts[-2])
        if length > MAX_MARKUP:
            return Markup("").join(parts), last
    return Markup("").join([*parts, escape(text[last:end])]), end
