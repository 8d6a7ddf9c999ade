"""What importing a file would do, and doing it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, BinaryIO, Final, Literal, TypeAlias

from dashboard import jsonview
from dashboard.differences import Line, compare
from dashboard.formats import count, number
from dashboard.undoing import new_id
from store import LoadedLine, LoadReport

if TYPE_CHECKING:
    from datetime import datetime

    from dashboard.jobs import Job
    from dashboard.staging import Staged
    from store import Store

SHOWN: Final = 20  # rows of each kind
LARGEST: Final = 64 * 1024  # bytes of a value that is shown and compared

Existing: TypeAlias = Literal["update", "keep"]


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a preview: the item that it makes, and how that differs from what is there.

    `renewed` says that the expiry differs, `again` that an earlier line of the file has the same key.
    """

    group_id: str
    key: str
    fields: list[jsonview.Field]
    size: int
    expires_at: datetime | None
    old_size: int = 0
    old_expires_at: datetime | None = None
    difference: list[Line] = field(default_factory=list)
    renewed: bool = False
    again: bool = False

    @property
    def large(self) -> bool:
        """Whether the value, or the one that it replaces, is neither shown nor compared."""
        return max(self.size, self.old_size) > LARGEST

    @classmethod
    def of(cls, line: LoadedLine) -> Row:
        """The row of a line."""
        fields = jsonview.preview(line.value, line.key) if line.size <= LARGEST else []
        row = cls(line.group_id, line.key, fields, line.size, line.expires_at)
        if line.fate != "overwritten":
            return row
        old = line.old
        if old is None:
            return replace(row, again=True)
        small = max(old.size, line.size) <= LARGEST
        difference = compare(jsonview.formatted(old.value), jsonview.formatted(line.value)) if small else []
        renewed = old.expires_at != line.expires_at
        return replace(row, old_size=old.size, old_expires_at=old.expires_at, difference=difference, renewed=renewed)


@dataclass(frozen=True, slots=True)
class Preview:
    """What an import would do as the store is now: counts, and the first rows of each kind."""

    report: LoadReport
    rows: dict[str, list[Row]]

    @property
    def writes(self) -> int:
        """How many lines would be written."""
        return self.report.created + self.report.overwritten


def preview(store: Store, staged: Staged, existing: Existing) -> Preview:
    """Compare a file with the store."""
    rows: defaultdict[str, list[Row]] = defaultdict(list)

    def each(line: LoadedLine) -> None:
        some = rows[line.fate]
        if len(some) < SHOWN:
            some.append(Row.of(line))

    with staged.path.open("rb") as file:
        return Preview(store.load(file, dry_run=True, existing=existing, each=each), dict(rows))


class _Stoppable:
    """A file that ends where its job is to stop."""

    def __init__(self, file: BinaryIO, job: Job) -> None:
        self._file = file
        self._job = job

    def readline(self, size: int, /) -> bytes:
        return b"" if self._job.stopped else self._file.readline(size)


@dataclass(slots=True)
class Importing:
    """A job's work: imports a file, which it closes. What it replaces and makes is kept for undo under one id."""

    store: Store
    file: BinaryIO
    lines: int
    existing: Existing

    def __call__(self, job: Job) -> str:
        undo = new_id()

        def progress(report: LoadReport) -> None:
            job.trash_id = undo if report.created + report.overwritten else None
            job.step(report.lines, self.lines)

        job.step(0, self.lines)
        with self.file:
            source = _Stoppable(self.file, job)
            report = self.store.load(source, existing=self.existing, undo=undo, progress=progress)
        return in_words(report, self.lines)


def in_words(report: LoadReport, lines: int) -> str:
    """What an import did, of a file of so many lines."""
    written = report.created + report.overwritten
    said = [f"Imported {count(written, 'item')}: {number(report.created)} new, {number(report.overwritten)} changed."]
    if report.same:
        said.append(f"{number(report.same)} {_were(report.same)} the same already.")
    if report.kept:
        said.append(f"{number(report.kept)} {_were(report.kept)} there and {_were(report.kept)} kept.")
    if report.expired:
        said.append(f"{number(report.expired)} had expired.")
    if left := lines - report.lines:
        said.append(f"Stopped: {count(left, 'line')} {_were(left)} not imported.")
    return " ".join(said) if written or left else " ".join(["Nothing was imported.", *said[1:]])


def _were(items: int) -> str:
    return "was" if items == 1 else "were"
