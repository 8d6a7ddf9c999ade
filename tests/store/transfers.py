"""What the tests of export and load need: items of every kind, lines, and short ways to compare stores."""

from __future__ import annotations

import io
from datetime import datetime
from typing import Any

import orjson

from store import Item, LoadReport, Store
from tests.store.support import ODD_NAMES

VALUES: list[Any] = [
    None,
    False,
    -(2**63),
    2**64 - 1,
    2**53 + 1,
    2,
    2.0,
    -0.0,
    0.1,
    1e16,
    1.7976931348623157e308,
    5e-324,
    "",
    '"\\/\b\f\n\r\t\x00\x7f\u2028\u2029',
    "🛒 日本語 e\u0301",
    [],
    {},
    [[], {}, [{"": [None]}]],
    {"b": 1, "a": {"z": [1, 1.0, "1"], "\n": "two\nlines"}},
]
DEEP: Any = 1
for _ in range(254):
    DEEP = [DEEP]


def line(group: object = "g", key: object = "k", value: object = 1, expires_at: object = None) -> bytes:
    """A line as `export` writes it."""
    return orjson.dumps({"group": group, "key": key, "value": value, "expires_at": expires_at}) + b"\n"


def numbered(count: int, group: str = "g") -> bytes:
    return b"".join(line(group, f"k{number:05}", number) for number in range(count))


def load(state: Store, text: bytes, **options: Any) -> LoadReport:
    return state.load(io.BytesIO(text), **options)


def everything(state: Store) -> dict[tuple[str, str], tuple[Any, datetime | None]]:
    return {(item.group_id, item.key): (item.value, item.expires_at) for item in every_item(state)}


def every_item(state: Store) -> list[Item]:
    return [item for group in state.groups(limit=1000).items for item in state.items(group.id, limit=1000).items]


def fill(state: Store) -> None:
    """Every odd name and value, with all kinds of expiry."""
    for number, name in enumerate(ODD_NAMES):
        state.set(name, name, name, ttl=None if number % 2 else 0.001 + number / 7)
        state.set("values", name, VALUES[number % len(VALUES)], ttl=36500 * 86400)
    state.set_many("values", {f"v{number}": value for number, value in enumerate(VALUES)})
    state.set("values", "deep", DEEP)
