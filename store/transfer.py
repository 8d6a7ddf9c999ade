"""Copies of a store: a backup is a store itself, an export is lines of text (store/ndjson.py) for the items alone.

Groups' default TTLs and finished marks, versions and times of creation and change are in a backup only.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeAlias

from store.backends.base import Change, live
from store.core import Core
from store.errors import InvalidArgument, StoreError, StoreUnavailable
from store.items import written
from store.model import Record
from store.names import check_names
from store.ndjson import Entry, bad_line, max_line_bytes, parse_line, write_line
from store.paging import MAX_LIMIT, Query
from store.values import is_text, shown

BATCH_LINES = 1000
BATCH_BYTES = 4 * 1024 * 1024
PAGE_BYTES = 64 * 1024 * 1024

_TAKEN = ("", "-wal", "-journal")  # SQLite would play the logs that a removed database left into the new one


@dataclass(frozen=True, slots=True)
class LoadReport:
    """What was imported of a file: its first `lines`, which end at byte `offset`, and nothing behind them.

    Each line created an item, has overwritten one, or was left out because the item's time was up (`expired`).
    """

    lines: int = 0
    offset: int = 0
    created: int = 0
    overwritten: int = 0
    expired: int = 0


class LineSource(Protocol):
    """What `load` needs of a file."""

    def readline(self, size: int, /) -> bytes:
        """The next line with its end, or `size` bytes of it; nothing at the end of the file."""


_Items: TypeAlias = dict[str, Entry]
_Write: TypeAlias = Callable[[str, _Items], int]
"""Writes items of a group; how many of them were there before."""


class TransferMethods(Core):
    """Backup, export and import."""

    def backup(self, path: str | os.PathLike[str]) -> None:
        """Copy the store as it is at one moment to a new file, which is a store to open; others may go on writing.

        Args:
            path: the file, in a folder that is there.

        Raises:
            StoreUnavailable: there is something at `path` already, or a log that a removed database left beside it; or
                the file cannot be written. Nothing is left there.
            UnsupportedBackend: the store is not in a file.
        """
        if not isinstance(path, str | os.PathLike):
            raise InvalidArgument(f"path must be a string or a path, not {shown(path)}")
        if not is_text(str(path)) or "\0" in str(path):
            raise StoreUnavailable(f"{str(path)!r} names no file")
        try:
            target = Path(path).absolute()
        except OSError as error:  # the folder of the process was removed
            raise StoreUnavailable(f"{path} cannot be written: {error.strerror}") from error
        for suffix in _TAKEN:
            if os.path.lexists(f"{target}{suffix}"):
                raise StoreUnavailable(f"{target}{suffix} exists already; a backup goes to a new file")
        self._backend.backup(target)

    def export(self, groups: Iterable[str] | None = None) -> Iterator[bytes]:
        """All items as lines of NDJSON that `load` takes, group by group and in the order of their keys.

        It reads a page of at most 1000 items at a time (fewer of large values: about 64 MiB). Each page is of one
        moment, the whole is not if others are writing: for that, make a backup and export it.

        Args:
            groups: only these, in this order; one that is not there has no items.

        Raises:
            InvalidName: one of `groups` is not a name.
        """
        names = self._group_names() if groups is None else iter(check_names("group", groups))
        return (line for name in names for line in self._export_group(name))

    def load(
        self,
        file: LineSource,
        *,
        after: LoadReport | None = None,
        dry_run: bool = False,
        progress: Callable[[LoadReport], None] | None = None,
    ) -> LoadReport:
        """Write the items of an export, each over what is there under its group and key; doing so twice does no harm.

        Consecutive lines of one group are written in batches, a batch (up to 1000 lines or 4 MiB) in one transaction.
        Whatever ends a load, the lines before some line are imported and nothing behind it: `progress` was told which.
        Before a bad line is reported, all lines before it are written.

        Args:
            file: open for reading bytes, at the start or at the start of a line.
            after: what an earlier load of the same file reported, if `file` stands at its `offset`; counting goes on.
            dry_run: write nothing, only check all lines and report what would have been written.
            progress: called after each batch.

        Raises:
            InvalidValue: for a bad line, with its number as `line`; `column` is set where it is not JSON.
            StoreBusy, StoreUnavailable: a batch could not be written.
        """
        write = self._dry_writer() if dry_run else self._write_items
        batch = _Batch(after or LoadReport(), write, progress)
        longest = max_line_bytes(self._limit)
        while line := file.readline(longest + 1):
            try:
                entry = parse_line(line, self._limit)
            except StoreError as error:
                batch.flush()
                raise bad_line(batch.report.lines + 1, error) from error
            gone = entry.expires_at is not None and entry.expires_at <= self._clock()
            batch.add(entry, len(line), gone=gone)
        batch.flush()
        return batch.report

    def _group_names(self) -> Iterator[str]:
        after = None
        while True:
            page = self._backend.scan_groups(Query("", "id", descending=False, after=after, limit=MAX_LIMIT))
            yield from (group.name for group in page)
            if len(page) < MAX_LIMIT:
                return
            after = (page[-1].name, page[-1].name)

    def _export_group(self, group: str) -> Iterator[bytes]:
        limit, after = self._page_limit(group), None
        while True:
            page = self._backend.scan_items(group, Query("", "key", descending=False, after=after, limit=limit))
            for key, record in page:
                yield write_line(group, key, record)
            if len(page) < limit:
                return
            after = (page[-1][0], page[-1][0])

    def _page_limit(self, group: str) -> int:
        largest = self._backend.scan_items(group, Query("", "size", descending=True, after=None, limit=1))
        size = max((len(record.value) for _, record in largest), default=1)
        return max(1, min(MAX_LIMIT, PAGE_BYTES // size))

    def _write_items(self, group: str, items: _Items) -> int:
        olds = self._mutate_many(group, [(key, _putting(entry)) for key, entry in items.items()])
        return sum(old is not None for old in olds.values())

    def _dry_writer(self) -> _Write:
        created: set[int] = set()  # hashes: the names of a large file need not fit into memory

        def count(group: str, items: _Items) -> int:
            found, now = self._backend.read_many(group, items), self._clock()
            new = {hash((group, key)) for key in items if not live(found.get(key), now)} - created
            created.update(new)
            return len(items) - len(new)

        return count


class _Batch:
    """Lines that were read and not written yet, all of one group; and the report on those before them."""

    def __init__(self, report: LoadReport, write: _Write, progress: Callable[[LoadReport], None] | None) -> None:
        self.report = report
        self._write = write
        self._progress = progress
        self._start("")

    def _start(self, group: str) -> None:
        self._group = group
        self._items: _Items = {}
        self._lines = self._bytes = self._expired = 0

    def add(self, entry: Entry, size: int, *, gone: bool) -> None:
        """Take a line of `size` bytes, once what it does not fit in with is written; `gone` if its time is up."""
        # Another group is another transaction: a batch of several groups could be written by half.
        if entry.group != self._group or self._lines >= BATCH_LINES or self._bytes + size > BATCH_BYTES:
            self.flush()
            self._start(entry.group)
        self._lines += 1
        self._bytes += size
        if gone:
            self._expired += 1
        else:
            self._items[entry.key] = entry

    def flush(self) -> None:
        """Write what was taken."""
        if not self._lines:
            return
        before = self._write(self._group, self._items) if self._items else 0
        created = len(self._items) - before
        done = self.report
        self.report = LoadReport(
            done.lines + self._lines,
            done.offset + self._bytes,
            done.created + created,
            done.overwritten + self._lines - self._expired - created,
            done.expired + self._expired,
        )
        self._start(self._group)
        if self._progress is not None:
            self._progress(self.report)


def _putting(entry: Entry) -> Change:
    def change(old: Record | None, now: int, _default_ttl: int | None) -> Record:
        return written(old, entry.text, now, entry.expires_at)

    return change
