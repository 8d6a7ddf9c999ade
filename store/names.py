"""The names of groups and keys."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from store.errors import InvalidArgument, InvalidName
from store.values import shown

MAX_NAME_BYTES = 512
RESERVED: Final = "stepstate:"
"""How the names of the store's own groups begin."""


def check_name(kind: str, name: object) -> None:
    """Refuse a group or key name that is not 1 to 512 bytes of UTF-8 without NUL.

    Raises:
        InvalidName: naming the kind ("group" or "key") and the limit.
    """
    if not isinstance(name, str):
        raise InvalidName(kind, f"must be a string, not {type(name).__name__}")
    if not name:
        raise InvalidName(kind, "must not be empty")
    if "\0" in name:
        raise InvalidName(kind, f"must not contain NUL (at character {name.index(chr(0))})")
    try:
        size = len(name) if name.isascii() else len(name.encode())
    except UnicodeEncodeError as error:
        raise InvalidName(kind, f"must be valid Unicode; character {error.start} is a lone surrogate") from None
    if size > MAX_NAME_BYTES:
        raise InvalidName(kind, f"is at most {MAX_NAME_BYTES} bytes of UTF-8; this one has {size:,}")


def check_names(kind: str, names: object) -> list[str]:
    """The names of a list, each once; as `check_name`, and a single string is not taken letter by letter.

    Raises:
        InvalidName: the first that is not a name.
    """
    if isinstance(names, str | bytes) or not isinstance(names, Iterable):
        raise InvalidName(kind, f"must come in a list of names, not in {shown(names)}")
    checked: dict[str, None] = {}
    for name in names:
        check_name(kind, name)
        checked[name] = None
    return list(checked)


def check_versions(keys: object) -> dict[str, int | None]:
    """The keys of a list, each once, or those of a mapping with the versions that their items must be at.

    Raises:
        InvalidName: the first that is not a name.
        InvalidArgument: the first version that is not an integer.
    """
    if not isinstance(keys, Mapping):
        return dict.fromkeys(check_names("key", keys))
    for key, version in keys.items():
        check_name("key", key)
        if isinstance(version, bool) or not isinstance(version, int):
            raise InvalidArgument(f"the version of {key!r} must be an integer, not {shown(version)}")
    return dict(keys)
