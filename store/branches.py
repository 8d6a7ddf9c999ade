"""The tree of groups: their names cut at separators."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import groupby

from store.core import Core
from store.durations import to_datetime
from store.errors import InvalidArgument
from store.model import Branch, GroupRecord, Page
from store.paging import check_limit, read_token, write_token
from store.shaping import group_of
from store.values import is_text, shown

_LAST = 0x10FFFF


class BranchMethods(Core):
    """Groups, gathered by the beginnings of their names."""

    def branches(
        self, prefix: str = "", *, separators: str = ":/.", after: str | None = None, limit: int = 100
    ) -> Page[Branch]:
        """One page of what lies below a beginning of group names: the groups that `groups` lists, gathered.

        Groups belong together whose names are the same up to and including the first separator behind the prefix. A
        group whose name has none there, or that is alone in its branch, is given as itself. In the order of names.

        Args:
            prefix: the beginning: "" for all groups, else the `name` of a branch.
            separators: the characters that cut names; "" cuts none.
            after: the `next` token of the page before.
            limit: how many, 1 to 1000.

        Raises:
            InvalidArgument: for a bad limit, what is no text, or a token that was made for other branches.
        """
        for what, text in (("prefix", prefix), ("separators", separators)):
            if not isinstance(text, str) or not is_text(text):
                raise InvalidArgument(f"{what} must be text, not {shown(text)}")
        check_limit(limit)
        made_for = ["branches", prefix, separators]
        low = prefix if after is None else _behind(_last_of(after, made_for), prefix, separators)
        if low is None:
            return Page([], None)
        with self._backend.walk_groups(low, _end_of(prefix)) as groups:
            names: list[str] = []
            found: list[Branch] = []
            for name, members in groupby(groups, _cutting(len(prefix), separators)):
                if len(found) == limit:
                    return Page(found, write_token(made_for, None, names[-1]))
                names.append(name)
                found.append(self._branch(name, members))
        return Page(found, None)

    def _branch(self, name: str, members: Iterator[GroupRecord]) -> Branch:
        groups = list(members)
        next_expiry = self._next_expiry(groups)
        alone = group_of(groups[0]._replace(next_expiry=next_expiry)) if len(groups) == 1 else None
        return Branch(
            name if alone is None else alone.id,
            len(groups),
            sum(group.items for group in groups),
            sum(group.size for group in groups),
            to_datetime(max(group.updated_at for group in groups)),
            None if next_expiry is None else to_datetime(next_expiry),
            sum(group.settings.finished_at is not None for group in groups),
            any(group.approximate for group in groups),
            alone,
        )

    def _next_expiry(self, groups: list[GroupRecord]) -> int | None:
        """The earliest of several; what a walk says may be too early, and is looked at closely where it decides."""
        earliest = None
        for at, name in sorted((group.next_expiry, group.name) for group in groups if group.next_expiry is not None):
            if earliest is not None and at >= earliest:
                break
            closely = self._backend.read_group(name)
            if closely is not None and closely.next_expiry is not None:
                earliest = closely.next_expiry if earliest is None else min(earliest, closely.next_expiry)
        return earliest


def _cutting(start: int, separators: str) -> Callable[[GroupRecord], str]:
    """What tells a group's branch: its name up to and including the first separator from `start` on, else all of it."""
    separator = re.compile(f"[{re.escape(separators)}]" if separators else "(?!)")

    def branch_of(group: GroupRecord) -> str:
        cut = separator.search(group.name, start)
        return group.name if cut is None else group.name[: cut.end()]

    return branch_of


def _last_of(token: str, made_for: list[str]) -> str:
    found, _, name = read_token(token)
    if found != made_for:
        raise InvalidArgument(f"after was made for {shown(found)}, not for {shown(made_for)}")
    return name


def _behind(name: str, prefix: str, separators: str) -> str | None:
    """What all names are at least that come behind a branch or a group."""
    is_branch = len(name) > len(prefix) and name[-1] in separators
    return _end_of(name) if is_branch else f"{name}\0"


def _end_of(prefix: str) -> str | None:
    """What all names are less than that begin so, and no others behind them; None if there can be no others."""
    for index in reversed(range(len(prefix))):
        code = ord(prefix[index])
        if code < _LAST:
            # UTF-8 has no surrogates.
            return prefix[:index] + chr(0xE000 if code == 0xD7FF else code + 1)
    return None
