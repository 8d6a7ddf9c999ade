"""Cached functions that nobody called: their counters as a process writes them down, and results beside them."""

from __future__ import annotations

from typing import Any

from store import Store

COUNTERS = "stepstate:cache"


def counted(state: Store, group: str, function: str = "app.steps.rate", **counts: float | None) -> None:
    """Put a function on the list."""
    none: dict[str, Any] = dict.fromkeys(
        ("hits", "stale_hits", "waits", "misses", "errors", "runs", "failures", "seconds"), 0
    )
    state.set(COUNTERS, group, {"function": function, "ttl": 60, "stale": 0, **none, **counts})


def keep(state: Store, group: str, **ttls: float | None) -> None:
    """Store a result for each key, for so many seconds."""
    for key, seconds in ttls.items():
        state.set(group, key, {"n": 1}, ttl=seconds)
