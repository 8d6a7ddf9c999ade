"""Copies of a store: a backup is a store itself, an export is lines of text (store/ndjson.py) for the items alone.

Groups' default TTLs and finished marks, versions and times of creation and change are in a backup only.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from store.backends.base import live
from store.core import Core
from store.documents import entries
from store.errors import InvalidArgument, StoreError, StoreUnavailable
from store.filtering import Where, check_where
from store.loading import (
    EXISTING,
    Batch,
    Existing,
    Fate,
    Items,
    LineSource,
    LoadedLine,
    LoadReport,
    Plan,
    Write,
    fate_of,
    putting,
)
from store.matching import matches
from store.names import check_name, check_names
from store.ndjson import bad_line, entry_line, max_line_bytes, parse_line, write_line
from store.paging import ITEM_SORTS, MAX_LIMIT, Query, make_query
from store.undo import keeping
from store.values import is_text, shown

if TYPE_CHECKING:
    from store.backends.trashing import Keeping
    from store.model import Record

PAGE_BYTES = 64 * 1024 * 1024

_TAKEN = ("", "-wal", "-journal")  # SQLite would play the logs that a removed database left into the new one


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

    def export(
        self, groups: Iterable[str] | None = None, *, search: str | None = None, where: Iterable[Where] = ()
    ) -> Iterator[bytes]:
        """All items as lines of NDJSON that `load` takes, group by group and in the order of their keys.

        It reads a page of at most 1000 items at a time (fewer of large values: about 64 MiB). Each page is of one
        moment, the whole is not if others are writing: for that, make a backup and export it.

        Args:
            groups: only these, in this order; one that is not there has no items.
            search: only keys that contain this text, as in `items`.
            where: only items that fit all of these conditions.

        Raises:
            InvalidName: one of `groups` is not a name.
            InvalidArgument: for a bad condition.
        """
        names = self._group_names() if groups is None else iter(check_names("group", groups))
        query, conditions = make_query(search, "key", ITEM_SORTS, None, MAX_LIMIT), check_where(where)
        return (line for name in names for line in self._export_group(name, query, conditions))

    def export_items(self, group_id: str, keys: Iterable[str]) -> Iterator[bytes]:
        """Those of some items that are there, as `export` writes them, in the order of `keys`.

        Raises:
            InvalidName: the group or one of the keys is not a name.
        """
        check_name("group", group_id)
        return self._export_keys(group_id, check_names("key", keys))

    def importable(self, file: BinaryIO, *, group: str | None = None) -> Iterator[bytes]:
        """The items of a file in any form that can be imported, as lines that `load` takes.

        The file is NDJSON as `export` writes it, empty lines aside, or a JSON array of such objects. If all goes into
        one group, it may be a JSON object of keys and values as well, and `group` and `expires_at` may be left out.

        Args:
            file: open for reading bytes, at its start; it must be able to go back there. JSON that is not NDJSON is
                read into memory.
            group: the group that all items go into, whichever the file names.

        Raises:
            InvalidName: `group` is not a name.
            InvalidValue: for what is wrong in the file, with `line` and where it is known `column`, as the iterator
                gets there.
        """
        if group is not None:
            check_name("group", group)
        return (entry_line(entry) for entry in entries(file, self._limit, group))

    def load(
        self,
        file: LineSource,
        *,
        after: LoadReport | None = None,
        dry_run: bool = False,
        existing: Existing = "overwrite",
        undo: bool | str = False,
        progress: Callable[[LoadReport], None] | None = None,
        each: Callable[[LoadedLine], None] | None = None,
    ) -> LoadReport:
        """Write the items of an export, each over what is there under its group and key; doing so twice does no harm.

        Consecutive lines of one group are written in batches, a batch (up to 1000 lines or 4 MiB) in one transaction.
        Whatever ends a load, the lines before some line are imported and nothing behind it: `progress` was told which.
        Before a bad line is reported, all lines before it are written.

        Args:
            file: open for reading bytes, at the start or at the start of a line.
            after: what an earlier load of the same file reported, if `file` stands at its `offset`; counting goes on.
            dry_run: write nothing, only check all lines and report what would have been written.
            existing: what is done where there is an item: "overwrite" writes each anew, "update" only those whose value
                or expiry differs, "keep" leaves them.
            undo: as in `set`; all batches are kept under one id.
            progress: called after each batch.
            each: called for each line of a batch, once it is written.

        Raises:
            InvalidValue: for a bad line, with its number as `line`; `column` is set where it is not JSON.
            StoreBusy, StoreUnavailable: a batch could not be written.
            InvalidArgument: `existing` is none of these, or `undo` is no id.
        """
        if existing not in EXISTING:
            raise InvalidArgument(f"existing must be 'overwrite', 'update' or 'keep', not {shown(existing)}")
        keep = keeping(undo, "set")
        write = self._dry_writer(existing) if dry_run else self._writer(existing, keep)
        batch = Batch(after or LoadReport(), write, existing, progress, each)
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

    def _export_group(self, group: str, query: Query, conditions: tuple[Where, ...]) -> Iterator[bytes]:
        query, fits = replace(query, limit=self._page_limit(group)), matches(conditions)
        while True:
            page, now = self._backend.scan_items(group, query), self._clock()
            for key, record in page:
                if not conditions or fits(key, record, now):
                    yield write_line(group, key, record)
            if len(page) < query.limit:
                return
            query = replace(query, after=(page[-1][0], page[-1][0]))

    def _export_keys(self, group: str, keys: list[str]) -> Iterator[bytes]:
        limit = self._page_limit(group)
        for start in range(0, len(keys), limit):
            some = keys[start : start + limit]
            found, now = self._backend.read_many(group, some), self._clock()
            for key in some:
                record = live(found.get(key), now)
                if record is not None:
                    yield write_line(group, key, record)

    def _page_limit(self, group: str) -> int:
        largest = self._backend.scan_items(group, Query("", "size", descending=True, after=None, limit=1))
        size = max((len(record.value) for _, record in largest), default=1)
        return max(1, min(MAX_LIMIT, PAGE_BYTES // size))

    def _writer(self, existing: Existing, keep: Keeping | None) -> Write:
        def write(group: str, items: Items) -> dict[str, tuple[Fate, Record | None]]:
            changes = [(key, putting(entry, existing)) for key, entry in items.items()]
            olds = self._mutate_many(group, changes, keep)
            return {key: (fate_of(entry, olds[key], existing), olds[key]) for key, entry in items.items()}

        return write

    def _dry_writer(self, existing: Existing) -> Write:
        plan = Plan(existing)

        def compare(group: str, items: Items) -> dict[str, tuple[Fate, Record | None]]:
            found, now = self._backend.read_many(group, items), self._clock()
            return plan.fates(group, items, {key: live(found.get(key), now) for key in items})

        return compare
