"""What differs between formatted JSON texts, line by line: between two of them, or in two that come from a third.

Commas at line ends are left out: a field added at the end would mark the one before it as changed.
"""

from __future__ import annotations

from collections.abc import Iterator
from difflib import SequenceMatcher
from functools import cached_property
from typing import NamedTuple

CONTEXT_LINES = 2
MAX_COMPARED_LINES = 2000  # comparing takes the square of their number


class Line(NamedTuple):
    """One line of a comparison.

    `mark` is "-" for the old text only, "+" for the new only, " " for both, "@" between parts. `number` counts lines
    from 1, in the old text for "-", else in the new one. `both` says that both changed the line that was there.
    """

    mark: str
    text: str
    number: int = 0
    both: bool = False


class _Comparison:
    """The lines of two texts that have to be compared, without what is the same at their start and end."""

    def __init__(self, old: str, new: str) -> None:
        before, after = _lines(old), _lines(new)
        start = _common(before, after)
        end = _common(before[start:][::-1], after[start:][::-1])
        self.first = max(0, start - CONTEXT_LINES)
        self.before = before[self.first : len(before) - max(0, end - CONTEXT_LINES)]
        self.after = after[self.first : len(after) - max(0, end - CONTEXT_LINES)]
        self.long = len(self.before) + len(self.after) > MAX_COMPARED_LINES

    @cached_property
    def _matcher(self) -> SequenceMatcher[str]:
        return SequenceMatcher(None, self.before, self.after)

    def changed(self) -> set[int]:
        """The places of the old text's lines that are not in the new one; none are looked for in long texts."""
        if self.long:
            return set()
        found = self._matcher.get_opcodes()
        return {self.first + index for tag, i1, i2, _, _ in found if tag != "equal" for index in range(i1, i2)}

    def lines(self, others: set[int]) -> list[Line]:
        """The lines that differ and a little of what surrounds them; `both` are those at the places of `others` too."""
        if self.long:
            return [Line(" ", f"About {len(self.before):,} lines become {len(self.after):,}: too many to show.")]
        return [
            line for group in self._matcher.get_grouped_opcodes(CONTEXT_LINES) for line in self._part(group, others)
        ]

    def _part(self, group: list[tuple[str, int, int, int, int]], others: set[int]) -> Iterator[Line]:
        yield Line("@", "")
        for tag, i1, i2, j1, j2 in group:
            if tag == "equal":
                yield from (Line(" ", self.after[index], self.first + index + 1) for index in range(j1, j2))
                continue
            gone = [self.first + index in others for index in range(i1, i2)]
            came = gone if len(gone) == j2 - j1 else [any(gone)] * (j2 - j1)  # line for line, if as many came as went
            yield from (Line("-", self.before[i1 + n], self.first + i1 + n + 1, both) for n, both in enumerate(gone))
            yield from (Line("+", self.after[j1 + n], self.first + j1 + n + 1, both) for n, both in enumerate(came))


def compare(old: str, new: str) -> list[Line]:
    """The lines that differ between two texts, with some of what surrounds them; of long differences only the size."""
    return _Comparison(old, new).lines(set())


def compare_both(base: str, yours: str, theirs: str) -> tuple[list[Line], list[Line]]:
    """What you and they made of the same text, each as `compare` tells it; lines that both changed are marked so."""
    mine, other = _Comparison(base, yours), _Comparison(base, theirs)
    return mine.lines(other.changed()), other.lines(mine.changed())


def _lines(text: str) -> list[str]:
    return [line.removesuffix(",") for line in text.split("\n")] if text else []


def _common(one: list[str], other: list[str]) -> int:
    """How many lines two texts have in common from their start."""
    pairs = zip(one, other, strict=False)
    return next((index for index, (left, right) in enumerate(pairs) if left != right), min(len(one), len(other)))
