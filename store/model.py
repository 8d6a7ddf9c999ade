"""What the store holds and hands out."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, Final, Generic, NamedTuple, Self, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

T = TypeVar("T")


class Record(NamedTuple):
    """An item as a backend keeps it; times in milliseconds since 1970.

    `version` grows with every write of the value and is never used twice for one key. A record that a change makes for
    a key without one has version 0: the backend gives it the next free number.
    """

    value: bytes
    created_at: int
    updated_at: int
    expires_at: int | None
    version: int


make_record = cast("Callable[[type[Record], tuple[bytes, int, int, int | None, int]], Record]", tuple.__new__)
"""`Record` at half its price, where that shows."""


class Unread(bytes):
    """Stands for the JSON text of a value that was left where it is; only its length is right."""

    _size: int

    def __new__(cls, size: int) -> Self:
        text = super().__new__(cls)
        text._size = size
        return text

    def __len__(self) -> int:
        return self._size


class NotRead(Enum):
    """What stands for a value that was not read."""

    NOT_READ = "not read"


NOT_READ: Final = NotRead.NOT_READ
"""The `value` of an item that was too large for a list."""


class ReadCounts(NamedTuple):
    """How many single values a backend found in this process' memory, found elsewhere, and did not find."""

    peeked: int
    fetched: int
    absent: int


class Settings(NamedTuple):
    """What a group remembers beside its items; times in milliseconds."""

    default_ttl: int | None = None
    finished_at: int | None = None
    clear_at: int | None = None

    @property
    def kept(self) -> bool:
        """Whether the group is listed even when it holds no item."""
        return self.default_ttl is not None or self.finished_at is not None


class GroupRecord(NamedTuple):
    """A group as a backend sums it up, counting live items only; sizes in bytes, times in milliseconds.

    `approximate`: more items have expired than could be counted off.
    """

    name: str
    items: int
    size: int
    created_at: int
    updated_at: int
    next_expiry: int | None
    settings: Settings
    approximate: bool = False


class BranchRecord(NamedTuple):
    """Listed groups whose names follow each other, as a backend sums them up; `first` is the first of them."""

    first: GroupRecord
    groups: int
    items: int
    size: int
    updated_at: int
    next_expiry: int | None
    finished: int
    approximate: bool


@dataclass(frozen=True, slots=True)
class Item:
    """An item of a group: `size` is bytes of JSON text, times are aware datetimes in UTC."""

    group_id: str
    key: str
    value: Any
    size: int
    version: int
    created_at: datetime
    updated_at: datetime
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class GroupInfo:
    """A group summed up: live `items`, their `size` in bytes of JSON text, `default_ttl` in seconds.

    `created_at` is when it came into being, `updated_at` when an item was last written or removed, items since expired
    included: rewriting an item that is there moves it once a second at most. `finished_at` is when the group was marked
    finished, `clear_at` when it is then cleared by itself. `approximate`: over 10,000 of its items have expired and are
    not swept yet; `items` and `size` may count some of them.
    """

    id: str
    items: int
    size: int
    created_at: datetime
    updated_at: datetime
    next_expiry: datetime | None
    default_ttl: float | None
    finished_at: datetime | None
    clear_at: datetime | None
    approximate: bool = False


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a listing; `next` is the token for `after=` that gives the page behind it, or None on the last."""

    items: list[T]
    next: str | None


class Count(NamedTuple):
    """How many there are; there may be more than `items` where that is not `exact`."""

    items: int
    exact: bool


@dataclass(frozen=True, slots=True)
class Branch:
    """What groups that begin with one name hold together: counts and `size` in bytes as in GroupInfo.

    `name` is the beginning, its separator included; or the whole name of `group`, if it is one group alone. Of several,
    `updated_at` is the latest and `next_expiry` the earliest; `finished` counts those that are marked so.
    """

    name: str
    groups: int
    items: int
    size: int
    updated_at: datetime
    next_expiry: datetime | None
    finished: int
    approximate: bool = False
    group: GroupInfo | None = None

    @property
    def is_group(self) -> bool:
        """Whether it is one group alone."""
        return self.group is not None


class SetResult(NamedTuple):
    """What `set` wrote, and the value it replaced (None if there was none)."""

    new_value: Any
    old_value: Any


@dataclass(frozen=True, slots=True)
class OpError:
    """Why one update operation could not apply: `op_index` counts from 0, `code` is stable, `message` is for people."""

    op_index: int
    code: str
    message: str


class UpdateResult(NamedTuple):
    """What `update` wrote, the value it started from (None if there was none), and what `on_error="skip"` left out."""

    new_value: Any
    old_value: Any
    errors: tuple[OpError, ...] = ()


@dataclass(frozen=True, slots=True)
class CleanupReport:
    """What a cleanup cleared, or would clear: `size` is bytes of JSON text."""

    groups: list[GroupInfo]
    items: int
    size: int


@dataclass(frozen=True, slots=True)
class TrashEntry:
    """What can be restored under an `id`, until its time is up at `until`, 10 minutes after the last addition to it.

    `action` is what was done: "set", "update", "delete", "clear" or "cleanup". `group_id` and `key` are those of what
    was removed, if it is of one group, and one item. `size` is bytes of JSON text.
    """

    id: str
    action: str
    group_id: str | None
    key: str | None
    groups: int
    items: int
    size: int
    removed_at: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class RestoreReport:
    """How many items a restore brought back, and how many it left in the trash."""

    items: int
    left: int


@dataclass(frozen=True, slots=True)
class Stats:
    """What this process did with the store since opening it, and the bytes it takes (on disk, or of JSON text).

    `reads` counts items asked for, of which `hits` were there and `misses` were not; `expired` counts items swept. Of
    the reads of single items, `cache_hits` were answered from this process' memory, `cache_misses` were not.
    """

    reads: int
    hits: int
    misses: int
    writes: int
    expired: int
    size: int
    cache_hits: int
    cache_misses: int
