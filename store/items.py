"""The methods of a store that deal with items."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from store.apply import MISSING, apply_ops
from store.backends.base import Change, live
from store.core import Core
from store.durations import KEEP, NEVER, TTL, Expiry, milliseconds
from store.errors import InvalidArgument, UpdateRejected, VersionConflict
from store.model import Item, OpError, Record, SetResult, UpdateResult, make_record
from store.names import check_name, check_names, check_versions
from store.ops import parse_ops
from store.shaping import item_of
from store.undo import keeping
from store.values import damaged, decode, encode, member, shown, stored


class ItemMethods(Core):
    """Reading and writing items."""

    def set(
        self,
        group_id: str,
        key: str,
        value: Any,
        *,
        ttl: TTL | Expiry | None = None,
        if_version: int | None = None,
        undo: bool | str = False,
    ) -> SetResult:
        """Store a value under a key.

        Args:
            group_id: the group, 1 to 512 bytes of UTF-8; it comes into being with its first item.
            key: the key, likewise.
            value: anything JSON can carry.
            ttl: seconds or a timedelta until the item expires; None gives the group's default TTL, else no expiry;
                KEEP keeps the expiry the item has (a new item gets what None gives), NEVER sets none.
            if_version: write only if the item is at this version (0: only if there is none).
            undo: keep what is replaced for 10 minutes, for `restore` to bring it back (or to remove the item again):
                under an id that is made up, which `trash` tells, or under the one given, 1 to 128 printable ASCII
                characters; what several calls keep under one id is restored together.

        Raises:
            InvalidName, InvalidValue, ValueTooLarge, InvalidTTL: nothing was written.
            VersionConflict: the item is not at `if_version`; nothing was written.
        """
        text, new_value = encode(value, self._limit)
        change = _setting(group_id, key, text, ttl, _lifetime(ttl), if_version)
        old = self._mutate(group_id, key, change, None if undo is False else keeping(undo, "set"))
        return SetResult(new_value, _value(old))

    def get(self, group_id: str, key: str, default: Any = None) -> Any:
        """The value of an item, or `default`; `item` tells a stored null from no item."""
        text = self._peek(group_id, key)
        if text is None:
            text = self._backend.fetch(group_id, key)
        if text is not None:
            try:
                return decode(text)
            except ValueError as error:
                raise damaged(error) from error
        check_name("group", group_id)
        check_name("key", key)
        return default

    def item(self, group_id: str, key: str) -> Item | None:
        """The item with its size, version and times, or None."""
        record = self._read(group_id, key)
        return None if record is None else item_of(group_id, key, record)

    def list(self, group_id: str) -> list[Any]:
        """All values of a group, in the order of their keys' UTF-8 bytes; [] if there is no such group."""
        check_name("group", group_id)
        values: list[Any] = stored(self._backend.read_values(group_id))
        self._counters.read(len(values))
        return values

    def update(
        self,
        group_id: str,
        key: str,
        ops: Iterable[Mapping[str, Any]],
        *,
        ttl: TTL | Expiry | None = None,
        if_version: int | None = None,
        on_error: Literal["raise", "skip"] = "raise",
        dry_run: bool = False,
        undo: bool | str = False,
    ) -> UpdateResult:
        """Apply update operations to an item, atomically.

        Operations are objects with a `type`: `set` (path, value), `merge` (value, path), `increment` and `decrement`
        (path, by), `append` (value, path), `remove` (path). A path is one literal field name, a list of names for a
        nested field, or "" for the whole value. An item that is not there counts as {}.

        Args:
            group_id: the group.
            key: the key.
            ops: the operations, applied in order.
            ttl: as in `set`, but None keeps the expiry the item has (and gives a new item the group's default TTL).
            if_version: as in `set`.
            on_error: "raise" writes nothing unless every operation applies; "skip" applies those that can and reports
                the others in the result's `errors`. Where none applies the item is written all the same, as {} if it
                was not there: the engine does so.
            dry_run: only say what the result would be.
            undo: as in `set`.

        Raises:
            InvalidOp: an operation is not well formed.
            UpdateRejected: operations do not fit the value; nothing was written.
            InvalidName, InvalidValue, ValueTooLarge, InvalidTTL, VersionConflict: nothing was written.
        """
        if on_error not in ("raise", "skip"):
            raise InvalidArgument(f"on_error must be 'raise' or 'skip', not {shown(on_error)}")
        parsed, strict = parse_ops(ops, self._limit), on_error == "raise"
        ttl, lifetime = KEEP if ttl is None else ttl, _lifetime(ttl)
        keep = None if undo is False else keeping(undo, "update")
        errors: list[OpError] = []
        new_value: Any = None

        def change(old: Record | None, now: int, default_ttl: int | None) -> Record:
            nonlocal errors, new_value
            if if_version is not None:
                _check_version(group_id, key, old, if_version)
            value, errors = apply_ops(MISSING if old is None else stored(old.value), parsed, strict=strict)
            if errors and strict:
                raise UpdateRejected(errors)
            text, new_value = encode(value, self._limit)
            return written(old, text, now, _deadline(ttl, lifetime, old, now, default_ttl))

        if dry_run:
            old = self._read(group_id, key)
            change(old, 0, None)
        else:
            old = self._mutate(group_id, key, change, keep)
        return UpdateResult(new_value, _value(old), tuple(errors))

    def delete(self, group_id: str, key: str, *, if_version: int | None = None, undo: bool | str = False) -> Any:
        """Remove an item; the value removed, or None if there was none. `undo` is as in `set`.

        Raises:
            VersionConflict: the item is not at `if_version`; nothing was removed.
        """
        keep = None if undo is False else keeping(undo, "delete")
        return _value(self._mutate(group_id, key, _deleting(group_id, key, if_version), keep))

    def set_many(
        self, group_id: str, values: Mapping[str, Any], *, ttl: TTL | Expiry | None = None, undo: bool | str = False
    ) -> dict[str, SetResult]:
        """Store several values of one group in one transaction; all or none. `ttl` and `undo` are as in `set`."""
        if not isinstance(values, Mapping):
            raise InvalidArgument(f"values must be a mapping of keys to values, not {shown(values)}")
        encoded = {key: encode(value, self._limit, member("values", key)) for key, value in values.items()}
        lifetime = _lifetime(ttl)
        changes = [(key, _setting(group_id, key, text, ttl, lifetime, None)) for key, (text, _) in encoded.items()]
        olds = self._mutate_many(group_id, changes, keeping(undo, "set"))
        return {key: SetResult(new_value, _value(olds[key])) for key, (_, new_value) in encoded.items()}

    def get_many(self, group_id: str, keys: Iterable[str]) -> dict[str, Any]:
        """The values of those keys that have one, all from one moment, in the order of `keys`."""
        check_name("group", group_id)
        wanted = check_names("key", keys)
        found = self._backend.read_many(group_id, wanted)
        now = self._clock()
        values = {key: stored(found[key].value) for key in wanted if live(found.get(key), now)}
        self._counters.read(len(values), len(wanted) - len(values))
        return values

    def delete_many(
        self, group_id: str, keys: Iterable[str] | Mapping[str, int], *, undo: bool | str = False
    ) -> dict[str, Any]:
        """Remove several items of one group in one transaction; the values removed, by key.

        Args:
            group_id: the group.
            keys: the keys; or a mapping of keys to versions, and then only items that are still at theirs go.
            undo: as in `set`.

        Raises:
            InvalidArgument: for a version that is not an integer.
        """
        versions = check_versions(keys)
        changes = [(key, _deleting_at(version)) for key, version in versions.items()]
        olds = self._mutate_many(group_id, changes, keeping(undo, "delete"))
        gone = ((key, old) for key, old in olds.items() if old is not None and versions[key] in (None, old.version))
        return {key: stored(old.value) for key, old in gone}


def _value(record: Record | None) -> Any:
    return None if record is None else stored(record.value)


def _lifetime(ttl: TTL | Expiry | None) -> int | None:
    """The milliseconds that a TTL names, None if it names none."""
    return None if ttl is None or isinstance(ttl, Expiry) else milliseconds(ttl)


def _deadline(
    ttl: TTL | Expiry | None, lifetime: int | None, old: Record | None, now: int, default_ttl: int | None
) -> int | None:
    """When a write's item expires; `lifetime` is that of `ttl`."""
    if lifetime is not None:
        return now + lifetime
    if ttl is KEEP and old is not None:
        return old.expires_at
    return None if ttl is NEVER or default_ttl is None else now + default_ttl


def written(old: Record | None, text: bytes, now: int, expires_at: int | None) -> Record:
    """The record of a value that is written in place of another."""
    if old is None:
        return Record(text, now, now, expires_at, 0)
    return make_record(Record, (text, old.created_at, now, expires_at, old.version + 1))


def _setting(
    group_id: str, key: str, text: bytes, ttl: TTL | Expiry | None, lifetime: int | None, if_version: int | None
) -> Change:
    def change(old: Record | None, now: int, default_ttl: int | None) -> Record:
        if if_version is not None:
            _check_version(group_id, key, old, if_version)
        return written(old, text, now, _deadline(ttl, lifetime, old, now, default_ttl))

    return change


def _deleting(group_id: str, key: str, if_version: int | None) -> Change:
    def change(old: Record | None, _now: int, _default_ttl: int | None) -> None:
        if if_version is not None:
            _check_version(group_id, key, old, if_version)

    return change


def _deleting_at(version: int | None) -> Change:
    """A change that removes an item if it is at a version; None means any."""

    def change(old: Record | None, _now: int, _default_ttl: int | None) -> Record | None:
        return None if old is None or version in (None, old.version) else old

    return change


def _check_version(group_id: str, key: str, record: Record | None, expected: int) -> None:
    if isinstance(expected, bool) or not isinstance(expected, int):
        raise InvalidArgument(f"if_version must be an integer, not {shown(expected)}")
    if expected != (0 if record is None else record.version):
        raise VersionConflict(expected, None if record is None else item_of(group_id, key, record))
