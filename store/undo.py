"""The rules of undoing: what `undo=` means, when an item can come back, and as what."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from store.backends.trashing import Action, Keeping, Standing
from store.errors import InvalidArgument
from store.model import GroupRecord, Record, Settings
from store.values import shown

if TYPE_CHECKING:
    from store.backends.base import Change, SettingsChange

MAX_ID = 128


def keeping(undo: bool | str, action: Action) -> Keeping | None:
    """Where a write keeps what it removes, by its `undo` argument; None: nowhere.

    Raises:
        InvalidArgument: it is neither a bool nor an id.
    """
    if undo is False:
        return None
    return Keeping(secrets.token_urlsafe(16) if undo is True else check_id(undo), action)


def check_id(name: object) -> str:
    """Refuse what is no id of the trash.

    Raises:
        InvalidArgument: saying what one is.
    """
    if not isinstance(name, str) or not 1 <= len(name) <= MAX_ID or not (name.isascii() and name.isprintable()):
        raise InvalidArgument(f"an id of the trash is 1 to {MAX_ID} printable ASCII characters, not {shown(name)}")
    return name


def conflicts(standing: Standing) -> bool:
    """Whether a kept item finds something else than the removal left; one that is to go again may be gone already."""
    return standing.found != standing.expected and (standing.existed or standing.found != 0)


def restored(kept: Record | None, removed_at: int) -> Change:
    """The change that brings an item back: as it was, written now, with the time to live that it had left."""

    def change(_old: Record | None, now: int, _default_ttl: int | None) -> Record | None:
        if kept is None:
            return None
        expires_at = None if kept.expires_at is None else kept.expires_at + now - removed_at
        return Record(kept.value, kept.created_at, now, expires_at, 0)

    return change


def resettled(kept: Settings, elapsed: int) -> SettingsChange:
    """The change that brings back what a group lost of its settings, where it has none of them by now."""

    def change(group: GroupRecord | None) -> Settings:
        now = Settings() if group is None else group.settings
        if now.default_ttl is None:
            now = now._replace(default_ttl=kept.default_ttl)
        if now.finished_at is None:
            clear_at = None if kept.clear_at is None else kept.clear_at + elapsed
            now = now._replace(finished_at=kept.finished_at, clear_at=clear_at)
        return now

    return change
