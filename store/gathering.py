"""Groups gathered into branches, for backends that have no better way to sum them up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from store.model import BranchRecord, GroupRecord

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator


def gathered(groups: Iterable[GroupRecord], end_of: Callable[[str], str | None]) -> Iterator[BranchRecord]:
    """The branches that groups in the order of their names form; see Backend.walk_branches."""
    members: list[GroupRecord] = []
    end: str | None = None
    for group in groups:
        if members and end is not None and group.name >= end:
            yield _summed(members)
            members = []
        if not members:
            end = end_of(group.name)
        members.append(group)
    if members:
        yield _summed(members)


def _summed(groups: list[GroupRecord]) -> BranchRecord:
    return BranchRecord(
        groups[0],
        len(groups),
        sum(group.items for group in groups),
        sum(group.size for group in groups),
        max(group.updated_at for group in groups),
        min((group.next_expiry for group in groups if group.next_expiry is not None), default=None),
        sum(group.settings.finished_at is not None for group in groups),
        any(group.approximate for group in groups),
    )
