"""What several tests of the dashboard need."""

from __future__ import annotations

import time
from typing import Any

from store import Store

ODD_NAMES = [
    "a/b",
    "/",
    "a//b/../c",
    ":",
    "?q=1&r=2",
    "#fragment",
    "100%",
    "%2F%00",
    '"double"',
    "'single'",
    "<b>&lt;</b>",
    "</textarea><script>alert(1)</script>",
    " space  around ",
    " ",
    "two\nlines",
    "\nfirst",
    "carriage\r\nreturn",
    "\r",
    "🛒 emoji 👩‍👩‍👧",
    ".",
    "..",
    "...",
    ".hidden",
    "~",
    "~2E",
    "+",
    "add",
    "{{ 7 * 7 }}",
    "\x01\x7f\u2028",
    "x" * 512,
    "🛒" * 128,
]

DAY = 24 * 3600


class SetBackClock:
    """The wall clock, or that many seconds behind it; ahead of it, if negative."""

    behind = 0.0

    def __call__(self) -> int:
        return time.time_ns() // 1_000_000 - round(self.behind * 1000)


def dump(store: Store) -> dict[str, Any]:
    """All that a store holds, for comparing before and after."""
    return {
        group.id: (
            group.default_ttl,
            group.finished_at,
            [(item.key, item.value, item.version, item.expires_at) for item in store.items(group.id, limit=1000).items],
        )
        for group in store.groups(limit=1000).items
    }
