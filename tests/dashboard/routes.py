"""Every route of the dashboard, as addresses that lead somewhere: what is new is tested without being named."""

from __future__ import annotations

import re
from collections.abc import Mapping

from starlette.applications import Starlette
from starlette.routing import Route

from store import Rule, Store
from tests.dashboard.caches import counted, keep

NAMES: Mapping[str, str] = {
    "group": "g",
    "key": "k",
    "rule": "nightly",
    "entry": "kept",
    "job": "unknown",
    "import": "unknown",
    "path:path": "app.css",
}


def fill(store: Store) -> None:
    """Something behind each of the names."""
    store.set("g", "k", {"n": [1, {"m": None}], "text": "x"}, ttl=600)
    store.set("g", "other", "text")
    store.set("done", "k", 1)
    store.finish("done")
    store.configure("done", default_ttl=300)
    store.save_rule(Rule("nightly", finished=True))
    store.set("trashed", "k", 1)
    store.delete("trashed", "k", undo="kept")
    counted(store, "g", misses=2)
    keep(store, "g", entry=60)


def addresses(app: object, method: str, names: Mapping[str, str] = NAMES) -> list[str]:
    """The address of each route that answers to a method."""
    assert isinstance(app, Starlette)
    routes = [route for route in app.routes if isinstance(route, Route) and method in (route.methods or ())]
    return sorted({re.sub(r"{(.+?)}", lambda found: names[found[1]], route.path) for route in routes})
