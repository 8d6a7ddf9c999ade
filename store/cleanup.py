"""What makes a group stale: the rules of a cleanup."""

from __future__ import annotations

import fnmatch
import re
from typing import TYPE_CHECKING, NamedTuple

from store.backends.base import REFRESH_MS, cleared, removed
from store.durations import TTL, milliseconds, to_datetime
from store.errors import InvalidArgument
from store.names import RESERVED
from store.values import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from datetime import datetime

    from store.model import GroupRecord, Settings


class Conditions(NamedTuple):
    """What the groups that a cleanup takes have in common; `idle` in seconds, None says nothing."""

    idle: TTL | None = None
    finished: bool | None = None
    match: str | None = None
    empty: bool | None = None

    def check(self) -> None:
        """Refuse what chooses nothing in particular.

        Raises:
            InvalidArgument: there is no condition, or one that is not of its type.
            InvalidTTL: for an `idle` that is not a positive, finite time.
        """
        if all(condition is None for condition in self):
            raise InvalidArgument("a cleanup needs at least one rule: idle, finished, match or empty")
        for name, flag in (("finished", self.finished), ("empty", self.empty)):
            if not isinstance(flag, bool | None):
                raise InvalidArgument(f"{name} must be True, False or None, not {shown(flag)}")
        if not isinstance(self.match, str | None):
            raise InvalidArgument(f"match must be a pattern such as 'wf-*', not {shown(self.match)}")
        if self.idle is not None:
            milliseconds(self.idle, "idle")


def make_rule(
    conditions: Conditions,
    groups: Collection[str] | None,
    seen: Mapping[str, datetime],
    now: int,
) -> Callable[[GroupRecord], bool]:
    """Whether a cleanup takes a group: all that is given must fit; see `Store.cleanup`.

    Raises:
        InvalidArgument, InvalidTTL: as `Conditions.check`.
    """
    conditions.check()
    idle, finished, match, empty = conditions
    changed_before = None if idle is None else now - milliseconds(idle, "idle")
    pattern = re.compile("" if match is None else fnmatch.translate(match), re.DOTALL)
    own = match is not None and match.startswith(RESERVED)
    names = None if groups is None else frozenset(groups)

    def unchanged(group: GroupRecord) -> bool:
        return group.name not in seen or to_datetime(group.updated_at) <= seen[group.name]

    def chosen(group: GroupRecord) -> bool:
        return (
            _fits(group, empty)
            and (own or not group.name.startswith(RESERVED))
            and (changed_before is None or group.updated_at <= changed_before)
            and (finished is None or finished == (group.settings.finished_at is not None))
            and (match is None or pattern.match(group.name) is not None)
            and (names is None or group.name in names)
            and unchanged(group)
        )

    return chosen


def _fits(group: GroupRecord, empty: bool | None) -> bool:
    if empty is None:
        # There is nothing to clear of a group that is listed for its default TTL alone.
        return group.items > 0 or group.settings.finished_at is not None
    return empty == (group.items == 0)


def left_of(empty: bool | None) -> Callable[[Settings], Settings]:
    """What a cleanup leaves of a group's settings: a rule for empty groups would have no effect if anything stayed."""
    return removed if empty else cleared


def settled(group: GroupRecord, now: int) -> GroupRecord:
    """A group as a preview shows it, whose `updated_at` tells whether it has changed since.

    Within a second of a change, a group may change again without moving its `updated_at` (see `refreshed`). So a look
    taken that early vouches for a moment before the change.
    """
    return group if now - group.updated_at >= REFRESH_MS else group._replace(updated_at=group.updated_at - 1)
