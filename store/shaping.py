"""From a backend's records to what callers get: values decoded, times as datetimes, durations in seconds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from store.backends.trashing import UNDO_MS
from store.durations import to_datetime
from store.model import NOT_READ, GroupInfo, Item, TrashEntry, Unread
from store.values import stored

if TYPE_CHECKING:
    from datetime import datetime

    from store.backends.trashing import TrashRecord
    from store.model import GroupRecord, Record


def item_of(group_id: str, key: str, record: Record) -> Item:
    """The item that a record stands for."""
    return Item(
        group_id,
        key,
        NOT_READ if isinstance(record.value, Unread) else stored(record.value),
        len(record.value),
        record.version,
        to_datetime(record.created_at),
        to_datetime(record.updated_at),
        _when(record.expires_at),
    )


def group_of(record: GroupRecord) -> GroupInfo:
    """The summary that a group's record stands for."""
    settings = record.settings
    return GroupInfo(
        record.name,
        record.items,
        record.size,
        to_datetime(record.created_at),
        to_datetime(record.updated_at),
        _when(record.next_expiry),
        None if settings.default_ttl is None else settings.default_ttl / 1000,
        _when(settings.finished_at),
        _when(settings.clear_at),
        record.approximate,
    )


def entry_of(record: TrashRecord) -> TrashEntry:
    """The entry of the trash that a record stands for."""
    return TrashEntry(
        record.name,
        record.action,
        record.group,
        record.key,
        record.groups,
        record.items,
        record.size,
        to_datetime(record.removed_at),
        to_datetime(record.removed_at + UNDO_MS),
    )


def _when(at: int | None) -> datetime | None:
    return None if at is None else to_datetime(at)
