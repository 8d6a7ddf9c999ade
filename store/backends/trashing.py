"""What a backend keeps of what was removed or replaced, and hands out again. What is written then is decided above."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, NamedTuple, Protocol, TypeAlias

from store.model import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from store.backends.base import Change, SettingsChange
    from store.model import Record
    from store.paging import Query

Action: TypeAlias = Literal["set", "update", "delete", "clear", "cleanup"]

UNDO_SECONDS: Final = 600
"""How long what was removed is kept after the last addition to its entry."""
UNDO_MS: Final = UNDO_SECONDS * 1000
RESTORE_MS: Final = 60_000
"""How long an entry is there at least once a restore has begun, so that its time is not up in the middle."""
WHOLE_ITEMS: Final = 1000
"""An entry with more items is not restored in one transaction."""
BATCH_ITEMS: Final = 250
"""How many of it are at a time."""


class Keeping(NamedTuple):
    """The entry of the trash in which a write keeps what it removes, and what is done to it."""

    name: str
    action: Action


def batch_size(items: int) -> int:
    """How many items are restored in one transaction, of an entry with so many."""
    return WHOLE_ITEMS if items <= WHOLE_ITEMS else BATCH_ITEMS


def lost(settings: Settings, left: Settings) -> Settings:
    """What a group loses of its settings, given what is left of them."""
    return Settings(*(was if now is None else None for was, now in zip(settings, left, strict=True)))


class TrashRecord(NamedTuple):
    """An entry of the trash; `seq` grows with each addition. `group` and `key` if it is one, times in milliseconds."""

    seq: int
    name: str
    action: Action
    group: str | None
    key: str | None
    groups: int
    items: int
    size: int
    removed_at: int


class Standing(NamedTuple):
    """How a kept item compares to what is there now: versions, 0 meaning no item.

    `existed` is False where the write that is to be undone made the item; `expected` is the version that the removal
    left, `found` the one of now.
    """

    group: str
    key: str
    existed: bool
    expected: int
    found: int


class Restoring(Protocol):
    """What a restore writes. Of several records that one entry has of an item, the latest comes first."""

    @property
    def oldest_first(self) -> bool:
        """Whether the latest comes last instead."""

    def chosen(self, standings: Sequence[Standing], *, whole: bool) -> Sequence[bool]:
        """Which of a batch are restored; the others are left. It may raise, and then nothing of the batch is.

        `whole` tells that the batch is all that the entry has.
        """

    def change(self, kept: Record | None, removed_at: int) -> Change:
        """The change that brings an item back to the record that it had when it was removed; None: it had none."""

    def settings(self, kept: Settings, elapsed: int) -> SettingsChange:
        """The same for the settings that a group lost `elapsed` milliseconds ago; it is asked for the latest first."""


class Trash(Protocol):
    """The trash of a backend. An entry whose time is up is not there, nor are items whose time was up at removal."""

    def scan(self, query: Query) -> list[TrashRecord]:
        """Entries by `seq`, as the query asks."""

    def read(self, name: str) -> TrashRecord | None:
        """One entry."""

    def contested(self, name: str) -> Iterator[Standing]:
        """The kept items of an entry for which `found` is not `expected`."""

    def restore(self, name: str, restoring: Restoring) -> Iterator[int]:
        """Restore an entry, a batch in one transaction; how many items of each. Nothing if there is no such entry.

        What is restored leaves the trash with it, and an entry in which nothing is left goes.
        """

    def discard(self, name: str) -> bool:
        """Drop an entry; False if there is none."""
