"""What several tests of the store need: strict comparison of JSON values, walking pages, child processes."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, NoReturn, TypeVar

from store import Page

Row = TypeVar("Row")

ODD_NAMES = [
    "a/b/../c",
    ":",
    "?q=1&r=2",
    "#fragment",
    "100%",
    "%2F%00",
    '"double"',
    "'single'",
    "<script>alert(1)</script>",
    " space around ",
    "two\nlines\r\n",
    "\ttab",
    "🛒 emoji 👩‍👩‍👧",
    "Ünïcödé",
    "日本語",
    ".",
    "..",
    "*",
    "[a-z]",
    "\\",
    "\x01\x7f",
    "null",
    "'; DROP TABLE items; --",
]


def same(left: Any, right: Any) -> bool:
    """Whether two JSON values are equal and of equal types throughout: 2 is not 2.0, True is not 1."""
    if type(left) is not type(right):
        return False
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(same(left[name], right[name]) for name in left)
    if isinstance(left, list):
        return len(left) == len(right) and all(map(same, left, right))
    return bool(left == right)


def moment(milliseconds: int) -> datetime:
    """The datetime that a clock's time stands for."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)


def walk(fetch: Callable[[str | None], Page[Row]]) -> list[Row]:
    """All rows of a listing, page by page; `fetch` gets each page's token."""
    page = fetch(None)
    rows = list(page.items)
    while page.next is not None:
        page = fetch(page.next)
        rows += page.items
        assert len(rows) < 10_000, "the pages do not end"
    return rows


def in_children(*works: Callable[[], int]) -> list[int]:
    """Run each work in a forked process of its own, all starting at one moment; the exit codes they return."""
    waits, starts = os.pipe()
    children = [_start(work, waits, starts) for work in works]
    os.close(waits)
    os.close(starts)  # the end of the pipe is the starting shot
    return [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]


def _start(work: Callable[[], int], waits: int, starts: int) -> int:
    return os.fork() or _work_and_exit(work, waits, starts)


def _work_and_exit(work: Callable[[], int], waits: int, starts: int) -> NoReturn:
    code = 99
    try:
        os.close(starts)
        os.read(waits, 1)
        code = work()
    except BaseException:  # whatever it was, the child must not go on as a second test run
        traceback.print_exc()
    os._exit(code)
