"""Doing something to many items of a group: to those that were ticked, or to all that match a filter.

Nobody is to be surprised: an item is only touched as it was when the question was asked. Ticked items bring along the
versions that were seen; of those that match, any that was written after the question stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Protocol

from dashboard.expiry import Extension
from dashboard.formats import count, number, oneline
from store import NEVER

if TYPE_CHECKING:
    from datetime import datetime

    from dashboard.expiry import Expires
    from dashboard.jobs import Job
    from store import Item, Store, Where

BATCH_ITEMS: Final = 250  # in one transaction: other writers get in between
BATCH_BYTES: Final = 16 * 1024 * 1024
LOOK_SECONDS: Final = 1.0  # after so long it is asked whether to stop
ALL: Final = 2**53


@dataclass(frozen=True, slots=True)
class Matching:
    """All items of a group that fit a search and filters, as they were at a moment."""

    group_id: str
    search: str
    where: tuple[Where, ...]
    asked_at: datetime

    def batches(self, store: Store) -> Iterator[tuple[dict[str, int], int]]:
        """Keys and versions, a part at a time, and how many were passed by because they were written since."""
        after: str | None = None
        while True:
            page = store.items(
                self.group_id,
                search=self.search,
                where=self.where,
                after=after,
                limit=BATCH_ITEMS,
                within=LOOK_SECONDS,
                largest=0,
            )
            yield from _parts(page.items, self.asked_at)
            after = page.next
            if after is None:
                return


class Action(Protocol):
    """What is done to items."""

    def apply(self, store: Store, group_id: str, versions: Mapping[str, int]) -> int:
        """Do it to those that are still at their versions; to how many it was done."""

    def sentence(self, group_id: str, done: int, stayed: int) -> str:
        """What was done, in words."""


@dataclass(frozen=True, slots=True)
class Deleting:
    """Deletes items, and keeps them in the trash under one id."""

    undo: str

    def apply(self, store: Store, group_id: str, versions: Mapping[str, int]) -> int:
        """See `Action`."""
        return len(store.delete_many(group_id, versions, undo=self.undo))

    def sentence(self, group_id: str, done: int, stayed: int) -> str:
        """See `Action`."""
        return f"Deleted {count(done, 'item')} of {oneline(group_id)}.{_stayed(stayed, 'changed since, or gone')}"


@dataclass(frozen=True, slots=True)
class SettingTtl:
    """Gives items another expiry: all the same one, however long it takes to get to the last of them."""

    expires: Expires
    said_at: datetime

    def apply(self, store: Store, group_id: str, versions: Mapping[str, int]) -> int:
        """See `Action`."""
        match self.expires:
            case Extension(seconds):
                return store.expire_many(group_id, versions, seconds, extend=True)
            case float() | int() as seconds:
                left = (self.said_at + timedelta(seconds=seconds) - store.now()).total_seconds()
                return store.expire_many(group_id, versions, max(left, 0.001))
        return store.expire_many(group_id, versions, NEVER)

    def sentence(self, group_id: str, done: int, stayed: int) -> str:
        """See `Action`."""
        what = f"{count(done, 'item')} of {oneline(group_id)}"
        if isinstance(self.expires, Extension):
            return f"Extended the TTL of {what}.{_stayed(stayed, 'changed since, gone, or without an expiry')}"
        if self.expires is NEVER:
            return f"Dropped the TTL of {what}.{_stayed(stayed, 'changed since, gone, or without an expiry')}"
        return f"Set the TTL of {what}.{_stayed(stayed, 'changed since, or gone')}"


@dataclass(slots=True)
class Doing:
    """A job's work: does something to all items that match. `expected` is how many there are, None if not known."""

    store: Store
    matching: Matching
    action: Action
    expected: int | None
    trash_id: str = ""
    done: int = 0
    seen: int = field(default=0, init=False)

    def __call__(self, job: Job) -> str:
        total = self._count() if self.expected is None else self.expected
        job.step(0, total)
        for versions, passed in self.matching.batches(self.store):
            if job.stopped:
                return self._stopped(job)
            self.done += self.action.apply(self.store, self.matching.group_id, versions) if versions else 0
            self.seen += len(versions) + passed
            job.trash_id = self.trash_id if self.done and self.trash_id else None
            job.step(min(self.seen, total), total)
        job.step(total, total)
        return self.action.sentence(self.matching.group_id, self.done, self.seen - self.done)

    def _count(self) -> int:
        matching = self.matching
        return self.store.count(matching.group_id, search=matching.search, where=matching.where, limit=ALL).items

    def _stopped(self, job: Job) -> str:
        said = self.action.sentence(self.matching.group_id, self.done, self.seen - self.done)
        left = max(0, job.total - self.seen)
        return f"{said} Stopped: {count(left, 'item')} {'was' if left == 1 else 'were'} not touched."


def _parts(items: list[Item], asked_at: datetime) -> Iterator[tuple[dict[str, int], int]]:
    """The items in parts of a bearable size."""
    versions: dict[str, int] = {}
    passed = size = 0
    for item in items:
        if item.updated_at > asked_at:
            passed += 1
            continue
        versions[item.key] = item.version
        size += item.size
        if size >= BATCH_BYTES:
            yield versions, passed
            versions, passed, size = {}, 0, 0
    yield versions, passed


def _stayed(number_of: int, why: str) -> str:
    return f" {number(number_of)} stayed: {why}." if number_of else ""
