"""Lists of update operations that are kept under a name, for all items of a group.

They are items of a group of the store's own: the key is the group's name, the value an object of lists of operations by
name. What is no such list in there, because someone edited it, is passed over and stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeAlias

import orjson

from store import NEVER, OP_TYPES, Store, VersionConflict

PRESETS_GROUP: Final = "stepstate:presets"
MAX_PRESETS = 50
MAX_NAME = 60  # characters
MAX_OPS = 100
MAX_BYTES = 64 * 1024  # of JSON text, all presets of a group together

Ops: TypeAlias = list[dict[str, Any]]


class PresetRefused(Exception):
    """What stands in the way of keeping a preset, as a sentence."""


def presets_of(store: Store, group_id: str) -> dict[str, Ops]:
    """The presets of a group, in order of their names."""
    kept = store.get(PRESETS_GROUP, group_id)
    if not isinstance(kept, dict):
        return {}
    sound = [(name, ops) for name, ops in kept.items() if 0 < len(name) <= MAX_NAME and _are_ops(ops)]
    return dict(sorted(sound[:MAX_PRESETS]))


def save_preset(store: Store, group_id: str, name: str, ops: Ops) -> None:
    """Keep a list of operations under a name, in place of what was kept under it.

    Raises:
        PresetRefused: the name is empty or too long, or there is too much to keep.
    """
    if not name or len(name) > MAX_NAME:
        raise PresetRefused(f"A preset needs a name of 1 to {MAX_NAME} characters.")
    if len(ops) > MAX_OPS:
        raise PresetRefused(f"A preset holds at most {MAX_OPS} operations.")

    def saved(kept: dict[str, Any]) -> dict[str, Any]:
        if name not in kept and len(kept) >= MAX_PRESETS:
            raise PresetRefused(f"A group has at most {MAX_PRESETS} presets: delete one first.")
        changed = {**kept, name: ops}
        if len(orjson.dumps(changed)) > MAX_BYTES:
            raise PresetRefused(f"The presets of a group are at most {MAX_BYTES // 1024} KB together.")
        return changed

    _change(store, group_id, saved)


def drop_preset(store: Store, group_id: str, name: str) -> None:
    """Keep a preset no longer, if there is one of that name."""
    _change(store, group_id, lambda kept: {other: ops for other, ops in kept.items() if other != name})


def _change(store: Store, group_id: str, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    while True:
        item = store.item(PRESETS_GROUP, group_id)
        changed = change(item.value if item is not None and isinstance(item.value, dict) else {})
        version = 0 if item is None else item.version
        try:
            if changed:
                store.set(PRESETS_GROUP, group_id, changed, ttl=NEVER, if_version=version)
            else:
                store.delete(PRESETS_GROUP, group_id, if_version=version)
            return
        except VersionConflict:  # someone else keeps or drops one at the same time
            continue


def _are_ops(ops: Any) -> bool:
    return isinstance(ops, list) and 0 < len(ops) <= MAX_OPS and all(map(_is_op, ops))


def _is_op(op: Any) -> bool:
    """Whether the form has a row for it; what the store takes is for the store to say."""
    if not isinstance(op, dict) or op.get("type") not in OP_TYPES:
        return False
    path = op.get("path", "")
    return isinstance(path, str) or (isinstance(path, list) and all(isinstance(name, str) for name in path))
