"""What a backend is: it keeps records and runs changes to them atomically. It knows no TTL default, operation or limit.

A backend is done when tests/store/test_contract_*.py pass on it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeAlias

from store.model import BranchRecord, GroupRecord, ReadCounts, Record, Settings
from store.paging import Query, Seen

if TYPE_CHECKING:
    from store.backends.trashing import Keeping, Trash

Change: TypeAlias = Callable[[Record | None, int, int | None], Record | None]
"""Gives an item's new record for its old one (None for absent), the time and the group's default TTL in milliseconds.

It is shown no record whose time is up. The same object back means there is nothing to write. It may raise, and then
nothing is written; it may run again.
"""

SettingsChange: TypeAlias = Callable[[GroupRecord | None], Settings]
"""Gives a group's new settings; the argument is None if the group is not listed."""


REFRESH_MS = 1000


def cleared(settings: Settings) -> Settings:
    """What remains of a group's settings when it is cleared: configuration stays, the mark of a finished run goes."""
    return Settings(default_ttl=settings.default_ttl)


def removed(_settings: Settings) -> Settings:
    """What remains of them when the group is to go wholly: nothing."""
    return Settings()


class Backend(Protocol):
    """It is made with the store's clock. `read` and `read_many` may give expired records, nothing else does."""

    @property
    def location(self) -> str:
        """Where the records are, in words for people."""

    @property
    def trash(self) -> Trash:
        """What writes with a `keep` have removed."""

    def peek(self, group: str, key: str) -> bytes | None:
        """The live value of an item, if it can be had without waiting for anything; None says nothing."""

    def fetch(self, group: str, key: str) -> bytes | None:
        """The live value of an item of which `peek` said nothing. It finds nothing under what is no name."""

    def counts(self) -> ReadCounts:
        """What `peek` and `fetch` found."""

    def read(self, group: str, key: str) -> Record | None:
        """The record of one item."""

    def read_many(self, group: str, keys: Iterable[str]) -> dict[str, Record]:
        """The records of those keys that have one, all from one moment."""

    def read_values(self, group: str) -> bytes:
        """The live values of a group in key order, as one JSON array."""

    def mutate(self, group: str, key: str, change: Change, keep: Keeping | None = None) -> tuple[Record | None, bool]:
        """Run a change of one item in a transaction; the record it started from, and whether anything was written.

        `keep` has the record that is replaced put into the trash, or noted that there was none.
        """

    def mutate_many(
        self, group: str, changes: Mapping[str, Change], keep: Keeping | None = None
    ) -> tuple[dict[str, Record | None], int]:
        """Run one change per key in one transaction; what each started from, and how many wrote anything."""

    def scan_items(self, group: str, query: Query) -> list[tuple[str, Record]]:
        """Live items of a group, as the query asks."""

    def walk_items(self, group: str, query: Query) -> AbstractContextManager[Iterator[Seen]]:
        """Live items of a group one after the other in the order of their keys, as the query asks but for its limit.

        All are of one moment. Now and then there comes a key without a record: the walk has got that far.
        """

    def look_through(self, group: str, query: Query) -> AbstractContextManager[Iterator[Seen]]:
        """The same in no order and from no place in one, without keys that mean anything where there is no record."""

    def scan_groups(self, query: Query) -> list[GroupRecord]:
        """Listed groups (those with a live item or kept settings), as the query asks."""

    def walk_branches(
        self, low: str, high: str | None, end_of: Callable[[str], str | None]
    ) -> AbstractContextManager[Iterator[BranchRecord]]:
        """Listed groups from one name up to, not including, another, gathered into branches, in the order of names.

        `end_of` a group's name is what the names of its branch are less than, None if those are all names behind it.
        """

    def read_group(self, group: str) -> GroupRecord | None:
        """One group, if it is listed."""

    def configure(self, group: str, change: SettingsChange) -> None:
        """Change a group's settings in one transaction."""

    def clear(
        self,
        groups: Sequence[str] | None,
        chosen: Callable[[GroupRecord], bool],
        left: Callable[[Settings], Settings] = cleared,
        keep: Keeping | None = None,
    ) -> list[GroupRecord]:
        """Remove all items of the chosen groups, and of their settings what is not `left`, in one transaction.

        `groups` limits the choice; None means every listed group. `keep` has all of it put into the trash. Returns what
        was cleared.
        """

    def sweep(self, *, yielding: bool = False) -> int:
        """Remove expired items, clear groups whose time is up, and empty the trash of what is too old; how many items.

        `yielding` leaves it to another process that is sweeping the same records at the moment.
        """

    def backup(self, path: Path) -> None:
        """Write a copy of one moment to a new file."""

    def revision(self) -> int:
        """A number that differs whenever anything was written since, by any thread or process; sweeping is writing."""

    def size(self) -> int:
        """Bytes taken."""

    def close(self) -> None:
        """Release everything; no call follows."""


def refreshed(changed_at: int, now: int) -> int:
    """When a group counts as changed if one of its items is rewritten now: rewriting moves it once a second at most."""
    return now if now - changed_at >= REFRESH_MS else changed_at


def is_live(record: Record, now: int) -> bool:
    """Whether a record's time is not up yet."""
    return record.expires_at is None or now < record.expires_at


def live(record: Record | None, now: int) -> Record | None:
    """The record, if there is one and its time is not up yet."""
    return record if record is not None and is_live(record, now) else None
