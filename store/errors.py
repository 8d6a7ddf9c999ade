"""Every error the store raises.

StoreError
├── InvalidName         a group or key name that is empty, too long, or not text        (ValueError)
├── InvalidValue        something JSON cannot carry, or text that is not JSON           (ValueError)
├── ValueTooLarge       a value whose JSON text is over `max_value_bytes`               (ValueError)
├── InvalidTTL          a TTL or duration that is not a positive, finite time           (ValueError)
├── InvalidOp           an update operation that is not well formed                     (ValueError)
├── InvalidArgument     an option that is not one: a sort, limit, page token, mode ...   (ValueError)
├── UpdateRejected      update operations that do not fit the item; nothing was written
├── VersionConflict     the item is not at the version the caller named
├── RestoreConflict     what is to be restored was changed since; nothing was restored
├── NotInTrash          there is nothing to restore under that id
├── UnsupportedBackend  no backend for that URL                                         (ValueError)
├── StoreClosed         the store was closed
├── StoreBusy           a lock was not had within `timeout`
├── StoreCorrupt        the file is not a database, or is damaged
└── StoreUnavailable    the store cannot be reached, opened or written
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from store.model import Item, OpError


class StoreError(Exception):
    """The base of all errors of the store; its text says what was wrong, where, and what is allowed."""


class InvalidName(StoreError, ValueError):
    """A name that is empty, longer than 512 bytes of UTF-8, not text, or holds NUL; `kind` is "group" or "key"."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(f"a {kind} name {message}")
        self.kind = kind


class InvalidValue(StoreError, ValueError):
    """Something JSON cannot carry, at `place` (`$.items[3]`), or text that is not JSON, at `line` and `column`."""

    def __init__(
        self, message: str, *, place: str | None = None, line: int | None = None, column: int | None = None
    ) -> None:
        super().__init__(message)
        self.place = place
        self.line = line
        self.column = column


class ValueTooLarge(StoreError, ValueError):
    """A value whose JSON text has `size` bytes where `limit` are allowed."""

    def __init__(self, size: int, limit: int) -> None:
        super().__init__(f"the value is {size:,} bytes of JSON; at most {limit:,} are allowed")
        self.size = size
        self.limit = limit


class InvalidTTL(StoreError, ValueError):
    """A TTL or duration that is not a positive, finite time."""


class InvalidOp(StoreError, ValueError):
    """An update operation that is not well formed; `op_index` counts from 0."""

    def __init__(self, op_index: int, message: str) -> None:
        super().__init__(f"operation {op_index}: {message}")
        self.op_index = op_index
        self.message = message


class InvalidArgument(StoreError, ValueError):
    """An unknown sort or mode, a page token, limit or version that is not one, or a cleanup without any rule."""


class UpdateRejected(StoreError):
    """Operations that do not fit the item's value, each in `errors`; nothing was written."""

    def __init__(self, errors: Sequence[OpError]) -> None:
        super().__init__("; ".join(f"operation {e.op_index}: {e.message} ({e.code})" for e in errors))
        self.errors = tuple(errors)


class VersionConflict(StoreError):
    """The item is not at the version that was named; `current` is what is there now, or None."""

    def __init__(self, expected: int, current: Item | None) -> None:
        found = "does not exist" if current is None else f"is at version {current.version}"
        wanted = "it to be absent" if expected == 0 else f"version {expected}"
        super().__init__(f"the item {found}, the caller expected {wanted}")
        self.expected = expected
        self.current = current


class RestoreConflict(StoreError):
    """So many items (`conflicts`) were written or removed since; `sample` has the (group, key) of the first of them."""

    def __init__(self, conflicts: int, sample: Sequence[tuple[str, str]]) -> None:
        names = ", ".join(f"{key!r} of {group!r}" for group, key in sample)
        more = f" and {conflicts - len(sample):,} more" if conflicts > len(sample) else ""
        super().__init__(f"changed since, so nothing was restored: {names}{more}")
        self.conflicts = conflicts
        self.sample = tuple(sample)


class NotInTrash(StoreError):
    """Nothing can be restored under that `id`: it was restored or given up, or its time is up."""

    def __init__(self, id: str) -> None:
        super().__init__(f"there is nothing to restore under {id!r}; what was removed is kept for 10 minutes")
        self.id = id


class UnsupportedBackend(StoreError, ValueError):
    """No backend answers to that URL."""


class StoreClosed(StoreError):
    """The store was closed."""


class StoreBusy(StoreError):
    """A lock was not had within `timeout`."""


class StoreCorrupt(StoreError):
    """The file is not a database, or is damaged."""


class StoreUnavailable(StoreError):
    """The store cannot be reached, opened or written."""
