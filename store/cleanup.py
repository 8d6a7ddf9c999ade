"""What makes a group stale: the rules of a cleanup."""

from __future__ import annotations

import fnmatch
import re
from typing import TYPE_CHECKING

from store.backends.base import REFRESH_MS
from store.durations import TTL, milliseconds, to_datetime
from store.errors import InvalidArgument

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from datetime import datetime

    from store.model import GroupRecord


def make_rule(
    idle: TTL | None,
    finished: bool | None,
    match: str | None,
    groups: Collection[str] | None,
    seen: Mapping[str, datetime],
    now: int,
) -> Callable[[GroupRecord], bool]:
    """Whether a cleanup takes a group: all that is given must fit; see `Store.cleanup`.

    Raises:
        InvalidArgument: none of idle, finished and match is given.
        InvalidTTL: for an `idle` that is not a positive, finite time.
    """
    if idle is None and finished is None and match is None:
        raise InvalidArgument("a cleanup needs at least one rule: idle, finished or match")
    changed_before = None if idle is None else now - milliseconds(idle, "idle")
    pattern = re.compile("" if match is None else fnmatch.translate(match), re.DOTALL)
    names = None if groups is None else frozenset(groups)

    def unchanged(group: GroupRecord) -> bool:
        return group.name not in seen or to_datetime(group.updated_at) <= seen[group.name]

    def chosen(group: GroupRecord) -> bool:
        return (
            # There is nothing to clear of a group that is listed for its default TTL alone.
            (group.items > 0 or group.settings.finished_at is not None)
            and (changed_before is None or group.updated_at <= changed_before)
            and (finished is None or finished == (group.settings.finished_at is not None))
            and (match is None or pattern.match(group.name) is not None)
            and (names is None or group.name in names)
            and unchanged(group)
        )

    return chosen


def settled(group: GroupRecord, now: int) -> GroupRecord:
    """A group as a preview shows it, whose `updated_at` tells whether it has changed since.

    Within a second of a change, a group may change again without moving its `updated_at` (see `refreshed`). So a look
    taken that early vouches for a moment before the change.
    """
    return group if now - group.updated_at >= REFRESH_MS else group._replace(updated_at=group.updated_at - 1)
