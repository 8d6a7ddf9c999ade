"""Importing lines of NDJSON: what becomes of each, and writing them in batches."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, Protocol, TypeAlias

from store.durations import to_datetime
from store.items import written
from store.shaping import item_of
from store.values import stored

if TYPE_CHECKING:
    from datetime import datetime

    from store.backends.base import Change
    from store.model import Item, Record
    from store.ndjson import Entry

BATCH_LINES = 1000
BATCH_BYTES = 4 * 1024 * 1024

Existing: TypeAlias = Literal["overwrite", "update", "keep"]
EXISTING: Final = ("overwrite", "update", "keep")
Fate: TypeAlias = Literal["created", "overwritten", "same", "kept", "expired"]


@dataclass(frozen=True, slots=True)
class LoadReport:
    """What was imported of a file: its first `lines`, which end at byte `offset`, and nothing behind them.

    Each line created an item, has overwritten one, or was left out: because the item's time was up (`expired`), because
    there was the `same` item already, or because what was there was to be `kept`.
    """

    lines: int = 0
    offset: int = 0
    created: int = 0
    overwritten: int = 0
    expired: int = 0
    same: int = 0
    kept: int = 0


class LoadedLine(NamedTuple):
    """A line, from 1, and what became of it, or would: `entry` is its item, `record` what was there in the store."""

    number: int
    fate: Fate
    entry: Entry
    record: Record | None

    @property
    def group_id(self) -> str:
        """The group of the line's item."""
        return self.entry.group

    @property
    def key(self) -> str:
        """Its key."""
        return self.entry.key

    @property
    def value(self) -> Any:
        """Its value."""
        return stored(self.entry.text)

    @property
    def size(self) -> int:
        """The bytes of its JSON text."""
        return len(self.entry.text)

    @property
    def expires_at(self) -> datetime | None:
        """When it expires."""
        return None if self.entry.expires_at is None else to_datetime(self.entry.expires_at)

    @property
    def old(self) -> Item | None:
        """The item that was there; None also where an earlier line made it."""
        return None if self.record is None else item_of(self.entry.group, self.entry.key, self.record)


class LineSource(Protocol):
    """What `load` needs of a file."""

    def readline(self, size: int, /) -> bytes:
        """The next line with its end, or `size` bytes of it; nothing at the end of the file."""


Items: TypeAlias = dict[str, "Entry"]
Write: TypeAlias = Callable[[str, Items], Mapping[str, "tuple[Fate, Record | None]"]]
"""Writes items of a group, as far as they are to be written: what became of each, and what was there before."""


def fate_of(entry: Entry, old: Record | None, existing: Existing) -> Fate:
    """What becomes of an item, given what is there."""
    if old is None:
        return "created"
    if existing == "keep":
        return "kept"
    same = existing == "update" and (old.value, old.expires_at) == (entry.text, entry.expires_at)
    return "same" if same else "overwritten"


def putting(entry: Entry, existing: Existing) -> Change:
    """The change that writes an item, if it is to be written."""

    def change(old: Record | None, now: int, _default_ttl: int | None) -> Record | None:
        writes = fate_of(entry, old, existing) in ("created", "overwritten")
        return written(old, entry.text, now, entry.expires_at) if writes else old

    return change


class Plan:
    """What the lines of a file would have written so far, for saying what becomes of those that follow."""

    def __init__(self, existing: Existing) -> None:
        self._existing: Existing = existing
        self._written: dict[int, int] = {}  # hashes: the names of a large file need not fit into memory

    def fates(self, group: str, items: Items, found: Mapping[str, Record | None]) -> dict[str, tuple[Fate, Any]]:
        """What would become of items of a group, given what is there of them."""
        return {key: (self._fate(group, entry, found.get(key)), found.get(key)) for key, entry in items.items()}

    def _fate(self, group: str, entry: Entry, old: Record | None) -> Fate:
        name, value = hash((group, entry.key)), hash((entry.text, entry.expires_at))
        planned = self._written.get(name)
        fate = fate_of(entry, old, self._existing) if planned is None else self._again(planned == value)
        if fate in ("created", "overwritten"):
            self._written[name] = value
        return fate

    def _again(self, same: bool) -> Fate:
        if self._existing == "keep":
            return "kept"
        return "same" if same and self._existing == "update" else "overwritten"


class Batch:
    """Lines that were read and not written yet, all of one group; and the report on those before them."""

    def __init__(
        self,
        report: LoadReport,
        write: Write,
        existing: Existing,
        progress: Callable[[LoadReport], None] | None,
        each: Callable[[LoadedLine], None] | None,
    ) -> None:
        self.report = report
        self._write = write
        self._existing = existing
        self._progress = progress
        self._each = each
        self._start("")

    def _start(self, group: str) -> None:
        self._group = group
        self._items: Items = {}
        self._lines: list[tuple[Entry, Fate | None]] = []
        self._bytes = 0

    def add(self, entry: Entry, size: int, *, gone: bool) -> None:
        """Take a line of `size` bytes, once what it does not fit in with is written; `gone` if its time is up."""
        # Another group is another transaction: a batch of several groups could be written by half.
        if entry.group != self._group or len(self._lines) >= BATCH_LINES or self._bytes + size > BATCH_BYTES:
            self.flush()
            self._start(entry.group)
        self._bytes += size
        self._lines.append((entry, "expired" if gone else self._put(entry)))

    def _put(self, entry: Entry) -> Fate | None:
        """Have an item written with the batch; what becomes of it, if that depends on this batch alone."""
        earlier = self._items.get(entry.key)
        if earlier is None:
            self._items[entry.key] = entry
            return None
        if self._existing == "keep":
            return "kept"
        if self._existing == "update" and earlier == entry:
            return "same"
        self._items[entry.key] = entry
        return "overwritten"

    def flush(self) -> None:
        """Write what was taken."""
        if not self._lines:
            return
        fates = self._write(self._group, self._items) if self._items else {}
        counts: Counter[str] = Counter()
        for number, (entry, known) in enumerate(self._lines, self.report.lines + 1):
            fate, record = (known, None) if known == "expired" else fates[entry.key]
            counts[known or fate] += 1
            if self._each is not None:
                self._each(LoadedLine(number, known or fate, entry, record))
        self.report = self._report_with(counts)
        self._start(self._group)
        if self._progress is not None:
            self._progress(self.report)

    def _report_with(self, counts: Counter[str]) -> LoadReport:
        done = self.report
        return LoadReport(
            done.lines + len(self._lines),
            done.offset + self._bytes,
            done.created + counts["created"],
            done.overwritten + counts["overwritten"],
            done.expired + counts["expired"],
            done.same + counts["same"],
            done.kept + counts["kept"],
        )
