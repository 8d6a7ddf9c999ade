"""The tree of groups: their names cut at separators."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import islice

from store.core import Core
from store.durations import to_datetime
from store.errors import InvalidArgument
from store.model import Branch, BranchRecord, Page
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
        cut = _cutting(len(prefix), separators)

        def end_of(name: str) -> str | None:
            return _behind(cut(name), prefix, separators)

        with self._backend.walk_branches(low, _end_of(prefix), end_of) as records:
            found = list(islice(records, limit + 1))
        more = write_token(made_for, None, cut(found[limit - 1].first.name)) if len(found) > limit else None
        return Page([_branch_of(record, cut(record.first.name)) for record in found[:limit]], more)


def _branch_of(record: BranchRecord, name: str) -> Branch:
    _, groups, items, size, updated_at, next_expiry, finished, approximate = record
    alone = group_of(record.first) if groups == 1 else None
    return Branch(
        name if alone is None else alone.id,
        groups,
        items,
        size,
        to_datetime(updated_at),
        None if next_expiry is None else to_datetime(next_expiry),
        finished,
        approximate,
        alone,
    )


def _cutting(start: int, separators: str) -> Callable[[str], str]:
    """What gives a group's branch: its name up to and including the first separator from `start` on, else all of it."""
    separator = re.compile(f"[{re.escape(separators)}]" if separators else "(?!)")

    def branch_of(name: str) -> str:
        cut = separator.search(name, start)
        return name if cut is None else name[: cut.end()]

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
