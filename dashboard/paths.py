"""Paths of update operations as they are typed: a field's name, or a JSON list of names for a nested field."""

from __future__ import annotations

from collections import deque
from typing import Any

import orjson

from store import InvalidValue

MAX_PATHS = 200
MAX_TYPED = 300  # characters; a longer path is no help in a list to choose from


def parse_path(typed: str) -> str | list[str]:
    """The path that was typed.

    Raises:
        InvalidValue: it begins like a list of names and is none.
    """
    if not typed.startswith("["):
        return typed
    try:
        names = orjson.loads(typed)
    except orjson.JSONDecodeError:
        names = None
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise InvalidValue('a field that begins with [ is a list of names, such as ["customer", "email"]')
    return names


def typed_path(path: str | list[str]) -> str:
    """What `parse_path` reads as this path."""
    if isinstance(path, str):
        return _list([path]) if path.startswith("[") else path
    return _list(path)


def paths_in(value: Any, limit: int = MAX_PATHS) -> list[str]:
    """The fields that a value has, as paths to type; those nested less deeply come first, up to `limit` of them."""
    found: list[str] = []
    waiting: deque[tuple[list[str], Any]] = deque([([], value)])
    while waiting and len(found) < limit:
        above, holder = waiting.popleft()
        if not isinstance(holder, dict):
            continue
        for name, member in holder.items():
            path = [*above, name]
            typed = _list(path) if above else typed_path(name)
            if name and len(typed) <= MAX_TYPED:
                found.append(typed)
                waiting.append((path, member))
            if len(found) == limit:
                break
    return found


def _list(names: list[str]) -> str:
    return f"[{', '.join(orjson.dumps(name).decode() for name in names)}]"
