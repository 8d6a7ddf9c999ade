"""The methods of a store that deal with groups: listing, settings, finishing and cleaning up."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from store.cleanup import Conditions, left_of, make_rule, settled
from store.core import Core
from store.durations import TTL, milliseconds
from store.errors import InvalidArgument
from store.model import CleanupReport, GroupInfo, GroupRecord, Page, Settings
from store.names import check_name, check_names
from store.paging import EVERYTHING, GROUP_SORTS, make_query
from store.shaping import group_of
from store.undo import keeping


class GroupMethods(Core):
    """Listing, configuring, finishing and clearing groups."""

    def groups(
        self, *, search: str | None = None, sort: str = "id", after: str | None = None, limit: int = 100
    ) -> Page[GroupInfo]:
        """One page of the groups that hold an item, have a default TTL or are marked finished.

        Args:
            search: only groups whose name contains this text; ASCII letters match in either case.
            sort: id, items, size, created, updated or expires (the next expiry; never comes last), with "-" before it
                for descending.
            after: the `next` token of the page before.
            limit: how many, 1 to 1000.

        Raises:
            InvalidArgument: for an unknown sort, a bad limit or a token made for another sort.
        """
        query = make_query(search, sort, GROUP_SORTS, after, limit)
        rows = self._backend.scan_groups(query.peeking())
        page = [group_of(record) for record in rows[:limit]]
        return Page(page, query.token(rows, GROUP_SORTS[query.sort], lambda row: row.name))

    def group(self, group_id: str) -> GroupInfo | None:
        """One group summed up, or None if `groups` would not list it."""
        check_name("group", group_id)
        record = self._backend.read_group(group_id)
        return None if record is None else group_of(record)

    def clear(self, group_id: str, *, undo: bool | str = False) -> int:
        """Remove all items of a group, and its mark of being finished; how many items there were.

        The group's default TTL stays. With `undo`, as in `set`, all of it can be restored for 10 minutes; that takes no
        longer, however many items there are.
        """
        check_name("group", group_id)
        cleared = self._backend.clear([group_id], lambda _: True, keep=keeping(undo, "clear"))
        gone = sum(group.items for group in cleared)
        self._counters.wrote(gone)
        return gone

    def configure(self, group_id: str, *, default_ttl: TTL | None) -> None:
        """Give a group the TTL that each `set` into it gets unless it names its own; None takes it away.

        Items that are there already keep the expiry they have.

        Raises:
            InvalidTTL: for anything but a positive, finite time or None.
        """
        lifetime = None if default_ttl is None else milliseconds(default_ttl, "default_ttl")
        self._configure(group_id, lambda settings, _now: settings._replace(default_ttl=lifetime))

    def finish(self, group_id: str, *, keep_for: TTL | None = None) -> bool:
        """Mark a workflow's group as finished, for cleanups of finished groups; False if there is no such group.

        Later writes into the group leave the mark. `clear` and `reopen` take it away.

        Args:
            group_id: the group.
            keep_for: clear the group by itself at the first sweep after so many seconds (or a timedelta).

        Raises:
            InvalidTTL: for a `keep_for` that is not a positive, finite time.
        """
        wait = None if keep_for is None else milliseconds(keep_for, "keep_for")

        def finished(settings: Settings, now: int) -> Settings:
            return settings._replace(finished_at=now, clear_at=None if wait is None else now + wait)

        return self._configure(group_id, finished, create=False)

    def reopen(self, group_id: str) -> bool:
        """Take back `finish`; False if there is no such group."""
        return self._configure(
            group_id, lambda settings, _now: settings._replace(finished_at=None, clear_at=None), create=False
        )

    def stale(
        self,
        *,
        idle: TTL | None = None,
        finished: bool | None = None,
        match: str | None = None,
        empty: bool | None = None,
    ) -> list[GroupInfo]:
        """The groups that a cleanup with these rules would clear, in order of their names; see `cleanup`."""
        return self.cleanup(idle=idle, finished=finished, match=match, empty=empty, dry_run=True).groups

    def cleanup(
        self,
        *,
        idle: TTL | None = None,
        finished: bool | None = None,
        match: str | None = None,
        empty: bool | None = None,
        groups: Iterable[str] | Mapping[str, datetime] | None = None,
        dry_run: bool = False,
        undo: bool | str = False,
    ) -> CleanupReport:
        """Clear every group that all given rules choose and that has anything to clear, in one transaction.

        Groups whose names begin with "stepstate:" are the store's own: they stay unless `match` begins so too.

        Args:
            idle: not changed for so many seconds (or a timedelta), as far as `updated_at` tells, which may be a second
                behind.
            finished: True for groups marked finished, False for those that are not.
            match: a name pattern with `*`, `?` and `[...]`, case-sensitive, for the whole name.
            empty: True for groups that hold no item, or only expired ones, and are listed for their default TTL or for
                being finished: these go wholly, default TTL included. False for groups that hold one.
            groups: only these groups, if the rules choose them still; in a mapping of names to the `updated_at` that
                `stale` or a dry run gave, only those that have not changed since. One that had changed within the
                second before that look stays as well.
            dry_run: only report what would be cleared.
            undo: as in `clear`.

        Raises:
            InvalidArgument: without any of idle, finished, match and empty, which would clear everything.
            InvalidTTL: for an `idle` that is not a positive, finite time.
        """
        wanted = None if groups is None else check_names("group", groups)
        seen = groups if isinstance(groups, Mapping) else {}
        if not all(isinstance(at, datetime) and at.tzinfo for at in seen.values()):
            raise InvalidArgument("groups must map names to datetimes with a timezone, as GroupInfo.updated_at is one")
        now, keep = self._clock(), keeping(undo, "cleanup")
        chosen = make_rule(Conditions(idle, finished, match, empty), wanted, seen, now)
        if dry_run:
            found = [settled(group, now) for group in self._backend.scan_groups(EVERYTHING) if chosen(group)]
        else:
            found = sorted(self._backend.clear(wanted, chosen, left_of(empty), keep), key=lambda group: group.name)
            self._counters.wrote(sum(group.items for group in found))
        report = [group_of(group) for group in found]
        return CleanupReport(report, sum(group.items for group in report), sum(group.size for group in report))

    def sweep(self) -> int:
        """Remove items whose time is up, and clear finished groups whose `keep_for` is over; how many items went."""
        return self._sweep()

    def _sweep(self, *, yielding: bool = False) -> int:
        gone = self._backend.sweep(yielding=yielding)
        self._counters.swept(gone)
        return gone

    def _configure(self, group_id: str, change: Callable[[Settings, int], Settings], *, create: bool = True) -> bool:
        check_name("group", group_id)
        known = False

        def run(group: GroupRecord | None) -> Settings:
            nonlocal known
            known = group is not None
            if group is None and not create:
                return Settings()
            return change(Settings() if group is None else group.settings, self._clock())

        self._backend.configure(group_id, run)
        return known
