"""Which process gets which result: a lease is an item that only one can create, and that expires if it dies."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from store.caching.keys import fitted, rendered
from store.errors import StoreBusy
from store.model import Record
from store.names import RESERVED
from store.values import encode

if TYPE_CHECKING:
    from store.api import Store

LEASES: Final = f"{RESERVED}leases"


class Lease:
    """The right to run the function for one key, for `lifetime_ms` after `acquire` and each `renew`."""

    def __init__(self, state: Store, group: str, key: str, lifetime_ms: int) -> None:
        self._state = state
        self._name = _name(group, key)
        self._lifetime = lifetime_ms
        self._process = os.getpid()
        holder = {"group": group, "key": key, "holder": f"{os.uname().nodename}:{self._process}"}
        self._text, _ = encode({**holder, "token": os.urandom(8).hex()})
        self.renew_every = lifetime_ms / 3000
        """Seconds."""
        self.is_due = False
        """Whether it may be held, so that a `release` is due."""
        self.is_asked_for = False
        """Whether `acquire` was called, or is about to be, and nobody knows yet what came of it."""

    def acquire(self) -> bool:
        """Take the lease unless somebody has it; whether it was taken."""
        if (
            self._state._read(LEASES, self._name) is not None
        ):  # who waits asks often, and this keeps nobody from writing
            return False
        self.is_due = True
        try:
            self.is_due = self._state._mutate(LEASES, self._name, self._created) is None
        except StoreBusy:
            self.is_due = False
            raise
        return self.is_due

    def renew(self) -> bool:
        """Hold it for longer; whether it was still held."""
        return self._is_mine(self._state._mutate(LEASES, self._name, self._renewed))

    def is_held(self) -> bool:
        """Whether nobody has taken over, and nobody has invalidated what it is about."""
        return self._is_mine(self._state._read(LEASES, self._name))

    def release(self) -> bool:
        """Let another one have it; whether it was held until now."""
        self.is_due = False
        return self._is_mine(self._state._mutate(LEASES, self._name, self._deleted))

    def _created(self, old: Record | None, now: int, _default_ttl: int | None) -> Record:
        return old or Record(self._text, now, now, now + self._lifetime, 0)

    def _renewed(self, old: Record | None, now: int, _default_ttl: int | None) -> Record | None:
        return old._replace(expires_at=now + self._lifetime) if old and self._is_mine(old) else old

    def _deleted(self, old: Record | None, _now: int, _default_ttl: int | None) -> Record | None:
        return None if self._is_mine(old) else old

    def _is_mine(self, record: Record | None) -> bool:
        # A child that was forked in the middle of the function does not speak for its parent.
        return record is not None and record.value == self._text and os.getpid() == self._process


def revoke(state: Store, group: str, key: str | None = None) -> None:
    """Take away the lease of a key, or all of a group: what their holders come up with is not stored any more."""
    if key is not None:
        state.delete(LEASES, _name(group, key))
        return
    after: str | None = None
    while True:
        page = state.items(LEASES, after=after, limit=1000)
        state.delete_many(
            LEASES,
            [item.key for item in page.items if isinstance(item.value, dict) and item.value.get("group") == group],
        )
        after = page.next
        if after is None:
            return


def _name(group: str, key: str) -> str:
    return fitted(f"{rendered(group)}, {key}")
