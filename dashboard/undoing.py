"""Undoing: what was done, in words, and the message that offers to undo it."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, unquote

from dashboard.formats import count, oneline
from store import UNDO_SECONDS, StoreError

if TYPE_CHECKING:
    from datetime import datetime

    from store import Store, TrashEntry

COOKIE: Final = "stepstate_undo"
HOW_LONG: Final = f"It can be undone for {UNDO_SECONDS // 60} minutes."

_DONE: Final = {"set": "Saved", "update": "Applied operations to", "delete": "Deleted", "clear": "Cleared"}


def new_id() -> str:
    """An id of the trash that nobody can guess."""
    return secrets.token_urlsafe(16)


@dataclass(frozen=True, slots=True)
class Offer:
    """A message about what was done, while that can be undone: until then, under that id of the trash."""

    id: str
    text: str
    until: datetime

    @staticmethod
    def written(id: str, text: str) -> str:
        """The cookie that has a message shown from now on."""
        return f"{id}:{quote(text)}"

    @classmethod
    def read(cls, store: Store, cookie: str) -> Offer | None:
        """The message that a cookie stands for; None if there is nothing to undo (any more)."""
        name, _, text = cookie.partition(":")
        try:
            entry = store.trash_entry(name) if text else None
        except StoreError:  # what the page needs of the store will say so
            return None
        return None if entry is None else cls(name, unquote(text), entry.until)


def what_was_done(entry: TrashEntry) -> str:
    """What can be undone, without a full stop: `Deleted 12 items of orders`, `Saved order-1 of orders`."""
    done = _DONE.get(entry.action, "Cleaned up")
    if entry.group_id is None:
        return f"{done} {count(entry.groups, 'group')}"
    group = oneline(entry.group_id)
    if entry.action in ("clear", "cleanup"):
        return f"{done} {group}"
    what = count(entry.items, "item") if entry.key is None else oneline(entry.key)
    return f"{done} {what} of {group}"
