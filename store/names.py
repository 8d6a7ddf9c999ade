"""The names of groups and keys."""

from __future__ import annotations

from collections.abc import Iterable

from store.errors import InvalidName
from store.values import shown

MAX_NAME_BYTES = 512


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
