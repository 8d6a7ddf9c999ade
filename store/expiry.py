"""The methods of a store that read and change when items expire."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

from store.core import Core
from store.durations import MAX_SECONDS, NEVER, TTL, Expiry, milliseconds
from store.errors import InvalidTTL
from store.model import Record
from store.names import check_versions
from store.values import shown

_NewExpiry: TypeAlias = Callable[[Record, int], int | None]
"""When a record expires from now on, given the time."""


class ExpiryMethods(Core):
    """When items expire; values and versions are not touched."""

    def ttl(self, group_id: str, key: str) -> float | None:
        """Seconds until the item expires, `math.inf` if it never does, None if there is no such item."""
        record = self._read(group_id, key)
        if record is None:
            return None
        return math.inf if record.expires_at is None else max(0, record.expires_at - self._clock()) / 1000

    def expire(self, group_id: str, key: str, ttl: TTL, *, extend: bool = False) -> bool:
        """Let an item expire `ttl` seconds from now, without touching value or version; False if there is no such item.

        Args:
            group_id: the group.
            key: the key.
            ttl: seconds or a timedelta.
            extend: add `ttl` to the time that is left, up to 100 years; False as well if the item never expires, which
                stays so.

        Raises:
            InvalidTTL: for anything but a positive, finite time.
        """
        expiry = _expiry(milliseconds(ttl), extend=extend)

        def change(old: Record | None, now: int, _default_ttl: int | None) -> Record | None:
            return old and _expiring(old, expiry(old, now))

        old = self._mutate(group_id, key, change)
        return old is not None and not (extend and old.expires_at is None)

    def expire_many(
        self, group_id: str, keys: Iterable[str] | Mapping[str, int], ttl: TTL | Expiry, *, extend: bool = False
    ) -> int:
        """Let several items of one group expire `ttl` seconds from now, in one transaction; how many there were.

        Args:
            group_id: the group.
            keys: the keys; or a mapping of keys to versions, and then only items that are still at theirs.
            ttl: seconds or a timedelta; NEVER drops the expiry, and items that have none are not counted.
            extend: add `ttl` to the time that is left of each, up to 100 years; items that never expire stay so, and
                are not counted.

        Raises:
            InvalidTTL: for anything but a positive, finite time or NEVER.
            InvalidArgument: for a version that is not an integer.
        """
        versions = check_versions(keys)
        expiry, only_expiring = _many_expiry(ttl, extend=extend)

        def reached(old: Record | None, version: int | None) -> bool:
            return old is not None and version in (None, old.version) and not (only_expiring and old.expires_at is None)

        def changing(version: int | None) -> Any:
            def change(old: Record | None, now: int, _default_ttl: int | None) -> Record | None:
                return _expiring(old, expiry(old, now)) if old is not None and reached(old, version) else old

            return change

        olds = self._mutate_many(group_id, [(key, changing(version)) for key, version in versions.items()])
        return sum(reached(olds[key], version) for key, version in versions.items())

    def persist(self, group_id: str, key: str) -> bool:
        """Drop an item's expiry; False if there is no such item, or it had none."""

        def change(old: Record | None, _now: int, _default_ttl: int | None) -> Record | None:
            return old and _expiring(old, None)

        old = self._mutate(group_id, key, change)
        return old is not None and old.expires_at is not None


def _many_expiry(ttl: TTL | Expiry, *, extend: bool) -> tuple[_NewExpiry, bool]:
    """The new expiry, and whether only items that have one get it."""
    if ttl is NEVER and not extend:
        return lambda _old, _now: None, True
    if isinstance(ttl, Expiry):
        allowed = "seconds or a timedelta to extend by" if extend else "seconds, a timedelta or NEVER"
        raise InvalidTTL(f"ttl must be {allowed}, not {shown(ttl)}")
    return _expiry(milliseconds(ttl), extend=extend), extend


def _expiry(lifetime: int, *, extend: bool) -> _NewExpiry:
    if not extend:
        return lambda _old, now: now + lifetime
    longest = MAX_SECONDS * 1000
    return lambda old, now: None if old.expires_at is None else min(old.expires_at + lifetime, now + longest)


def _expiring(old: Record, expires_at: int | None) -> Record:
    return old if old.expires_at == expires_at else old._replace(expires_at=expires_at)
