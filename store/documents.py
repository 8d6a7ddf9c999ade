"""Files that hold items in any form that can be imported: NDJSON, a JSON array, or an object of keys and values."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, BinaryIO, Final

import orjson

from store.errors import InvalidValue, StoreError
from store.names import check_name
from store.ndjson import Entry, bad_line, max_line_bytes, parse_line, read_json, value_text
from store.values import MAX_DEPTH, shown

_BOM: Final = b"\xef\xbb\xbf"
_SPACE: Final = re.compile(r"[ \t\r\n]*")
_DECODER: Final = json.JSONDecoder()


def entries(file: BinaryIO, limit: int, group: str | None) -> Iterator[Entry]:
    """The items of a file, whose values have at most `limit` bytes of JSON text; all in `group` if one is given.

    Raises:
        InvalidValue: for what is wrong in the file, with its line and where it is known its column.
    """
    lines = _lines(file, limit)
    first = next(lines, (0, b""))[1].strip()
    if first.startswith(b"["):
        return _Document(file).items(limit, group)
    if first.startswith(b"{") and _goes_on(first, lines, group):
        return _Document(file).members(limit, group)
    return _line_by_line(file, limit, group)


def _lines(file: BinaryIO, limit: int) -> Iterator[tuple[int, bytes]]:
    """The lines that are not empty, with their numbers from 1; so much of each that it is seen to be too long."""
    file.seek(0)
    number = 0
    while line := file.readline(max_line_bytes(limit) + 1):
        number += 1
        text = line.removeprefix(_BOM) if number == 1 else line
        if text.strip():
            yield number, text


def _line_by_line(file: BinaryIO, limit: int, group: str | None) -> Iterator[Entry]:
    for number, line in _lines(file, limit):
        try:
            yield parse_line(line, limit, group)
        except StoreError as error:
            raise bad_line(number, error) from error


def _goes_on(first: bytes, others: Iterator[object], group: str | None) -> bool:
    """Whether the object that begins in a file's first line is all of the file, and no line of many."""
    try:
        orjson.loads(first)
    except ValueError:
        return group is not None or first == b"{"
    return next(others, None) is None


class _Document:
    """A file that is one JSON text. Its parts are read one after the other: only the text is in memory as a whole."""

    def __init__(self, file: BinaryIO) -> None:
        file.seek(0)
        self._raw = file.read().removeprefix(_BOM)
        self._at = 0
        try:
            self._text = self._raw.decode()
        except UnicodeDecodeError as error:
            line = self._raw.count(b"\n", 0, error.start) + 1
            raise InvalidValue(f"line {line}: not UTF-8 at byte {error.start + 1} of the file", line=line) from None
        self._space()

    def items(self, limit: int, group: str | None) -> Iterator[Entry]:
        """The items of an array of objects."""
        for start in self._parts("]"):
            self._read()
            yield self._item(start, limit, group)

    def members(self, limit: int, group: str | None) -> Iterator[Entry]:
        """The items of an object: the one that it is, written as in an array, or else all its keys and values."""
        if self._is_item():
            self._at = len(self._text)
            yield self._item(0, limit, group)
            return
        if group is None:
            raise self._bad("an object of keys and values can only be imported into one group, so choose it", 0)
        seen: set[str] = set()
        for start in self._parts("}"):
            key = self._read()
            if not isinstance(key, str):
                raise self._bad(f"not JSON: a name is a string, not {shown(key)}", start)
            if key in seen:
                raise self._bad(f"the key {shown(key)} stands twice", start)
            seen.add(key)
            self._expect(":")
            yield self._member(start, group, key, limit)

    def _is_item(self) -> bool:
        try:
            value = orjson.loads(self._raw)
        except ValueError:
            return False
        return isinstance(value, dict) and {"key", "value"} <= value.keys()

    def _item(self, start: int, limit: int, group: str | None) -> Entry:
        """The item that was read last, from `start` on."""
        try:
            return parse_line(self._text[start : self._at].encode(), limit, group)
        except StoreError as error:
            raise self._placed(error, start) from error

    def _member(self, start: int, group: str, key: str, limit: int) -> Entry:
        """Reads the value of a key that stands at `start`."""
        value_at = self._at
        self._read()
        try:
            check_name("key", key)
            start = value_at
            value, exact = read_json(self._text[start : self._at].encode())
            return Entry(group, key, value_text(value, limit, exact=exact), None)
        except StoreError as error:
            raise self._placed(error, start) from error

    def _parts(self, closing: str) -> Iterator[int]:
        """Where each member begins; who asks for the next one has read it."""
        self._at += 1
        self._space()
        while not self._text.startswith(closing, self._at):
            yield self._at
            self._space()
            if not self._text.startswith(closing, self._at):
                self._expect(",")
                if self._text.startswith(closing, self._at):
                    raise self._bad("not JSON: a member is missing behind the comma", self._at)
        self._at += 1
        self._space()
        if self._at < len(self._text):
            raise self._bad("not JSON: something follows the end", self._at)

    def _read(self) -> Any:
        """Read a value; the cursor is behind it then."""
        start = self._at
        try:
            value, self._at = _DECODER.raw_decode(self._text, start)
        except json.JSONDecodeError as error:
            raise self._bad(f"not JSON: {error.msg[:1].lower()}{error.msg[1:]}", error.pos) from None
        except RecursionError:
            raise self._bad(f"lists and objects are nested more than {MAX_DEPTH} levels deep", start) from None
        except ValueError:  # Python reads no integers of thousands of digits
            raise self._bad("not JSON: an integer outside -2^63 to 2^64-1", start) from None
        return value

    def _space(self) -> None:
        self._at = _SPACE.match(self._text, self._at).end()  # type: ignore[union-attr]

    def _expect(self, sign: str) -> None:
        self._space()
        if not self._text.startswith(sign, self._at):
            raise self._bad(f"not JSON: {sign!r} is missing", self._at)
        self._at += 1
        self._space()

    def _placed(self, error: StoreError, start: int) -> InvalidValue:
        """An error in what begins at `start`, with its place in the file."""
        if not isinstance(error, InvalidValue) or error.line is None or error.column is None:
            line = self._text.count("\n", 0, start) + 1
            return InvalidValue(f"line {line}: {error}", line=line)
        reason = str(error).removesuffix(f", at line {error.line}, column {error.column}")
        rows = self._text[start : self._at].split("\n")
        return self._bad(reason, start + sum(len(row) + 1 for row in rows[: error.line - 1]) + error.column - 1)

    def _bad(self, reason: str, at: int) -> InvalidValue:
        line = self._text.count("\n", 0, at) + 1
        column = at - self._text.rfind("\n", 0, at)
        return InvalidValue(f"line {line}, column {column}: {reason}", line=line, column=column)
