"""The lines of an export, NDJSON: an item each.

    {"group":"orders","key":"o-1","value":{"n":1},"expires_at":"2026-11-24T05:29:14.123Z"}

A line has these four members, in any order. `expires_at` is null for an item that does not expire, else a time in UTC.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from store.durations import to_datetime
from store.errors import InvalidArgument, InvalidValue, StoreError, ValueTooLarge
from store.names import check_name
from store.values import encode, parse_json, shown, stored

if TYPE_CHECKING:
    from store.model import Record

_MEMBERS = ("group", "key", "value", "expires_at")
_MEMBER_SET = frozenset(_MEMBERS)
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,3})?Z")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


class Entry(NamedTuple):
    """An item as a line gives it: the value as JSON text, the expiry in milliseconds since 1970."""

    group: str
    key: str
    text: bytes
    expires_at: int | None


def write_line(group: str, key: str, record: Record) -> bytes:
    """An item as a line."""
    # The value as it is stored: exact, and no decoding. Only another program would have written it with line breaks.
    value = record.value if b"\n" not in record.value else orjson.dumps(stored(record.value))
    return entry_line(Entry(group, key, value, record.expires_at))


def entry_line(entry: Entry) -> bytes:
    """What `parse_line` read, as a line."""
    at = b"null" if entry.expires_at is None else b'"%b"' % _time_text(entry.expires_at)
    names = (orjson.dumps(entry.group), orjson.dumps(entry.key))
    return b'{"group":%b,"key":%b,"value":%b,"expires_at":%b}\n' % (*names, entry.text, at)


def _time_text(at: int) -> bytes:
    return to_datetime(at).isoformat(timespec="milliseconds").replace("+00:00", "Z").encode()


def max_line_bytes(limit: int) -> int:
    """The most bytes of a line: room for a value of `limit` bytes and names, with each character escaped."""
    return 6 * limit + 16_384


def parse_line(line: bytes, limit: int, group: str | None = None) -> Entry:
    """The item of a line, whose value has at most `limit` bytes of JSON text.

    It goes into `group` if one is given, whichever the line names; then only key and value are needed.

    Raises:
        InvalidArgument: it is not bytes.
        InvalidName, InvalidValue, ValueTooLarge: what is wrong in it, but not where it stands; see `bad_line`.
    """
    if not isinstance(line, bytes):
        raise InvalidArgument("the file must be open for reading bytes, not text")
    if len(line) > max_line_bytes(limit):
        raise InvalidValue(f"the line is over {max_line_bytes(limit):,} bytes")
    members, exact = read_json(line.rstrip(b"\r\n"))
    if isinstance(members, dict) and group is not None:
        members = {"expires_at": None, **members, "group": group}
    if not isinstance(members, dict) or members.keys() != _MEMBER_SET:
        raise _wrong_members(members)
    check_name("group", members["group"])
    check_name("key", members["key"])
    value = value_text(members["value"], limit, exact=exact)
    return Entry(members["group"], members["key"], value, _expiry(members["expires_at"]))


def read_json(text: bytes) -> tuple[Any, bool]:
    """The value of a JSON text, and whether it was written as it would be here.

    Raises:
        InvalidValue: it is not JSON, or has what `parse_json` refuses; but it may be nested too deep.
    """
    try:
        value = orjson.loads(text)
        # What is written as it was read has no field twice and no rounded number, as all that `export` writes: the
        # strict reader, which is slower, is for the rest.
        if orjson.dumps(value) == text:
            return value, True
    except (ValueError, TypeError):
        pass
    return parse_json(_decoded(text), math.inf), False  # how deep the value is, `encode` checks


def value_text(value: Any, limit: int, *, exact: bool) -> bytes:
    """The JSON text of a value that was read; `exact` if it was written as it would be here."""
    text = orjson.dumps(value) if exact else encode(value, limit, "value")[0]
    if len(text) > limit:
        raise ValueTooLarge(len(text), limit)
    return text


def _decoded(text: bytes) -> str:
    try:
        return text.decode()
    except UnicodeDecodeError as error:
        raise InvalidValue(f"not UTF-8 at byte {error.start + 1} of the line") from None


def _wrong_members(members: Any) -> InvalidValue:
    if not isinstance(members, dict):
        return InvalidValue(f"a line is an object with {', '.join(_MEMBERS)}, not {shown(members)}")
    for name in members:
        if name not in _MEMBER_SET:
            return InvalidValue(f"the member {shown(name)} is unknown; a line has {', '.join(_MEMBERS)}")
    missing = next(name for name in _MEMBERS if name not in members)
    return InvalidValue(f"{missing} is missing; a line has {', '.join(_MEMBERS)}")


def _expiry(at: Any) -> int | None:
    if at is None:
        return None
    try:
        if isinstance(at, str) and _TIME.fullmatch(at):
            return (datetime.fromisoformat(at) - _EPOCH) // _MILLISECOND
    except ValueError:  # a day or hour that there is not
        pass
    raise InvalidValue(f'expires_at is null or a time in UTC such as "2026-11-24T05:29:14.123Z", not {shown(at)}')


def bad_line(number: int, error: StoreError) -> InvalidValue:
    """What `parse_line` raised, with the line's number (from 1) and the column where it is known."""
    column = error.column if isinstance(error, InvalidValue) else None
    if column is None:
        return InvalidValue(f"line {number}: {error}", line=number)
    reason = str(error).removesuffix(f", at line 1, column {column}")
    return InvalidValue(f"line {number}, column {column}: {reason}", line=number, column=column)
