"""What a single value says beyond its text: a moment, a link, what its base64 holds, a number too large for others."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

import orjson

from dashboard.formats import visible

MAX_PICTURE = 200 * 1024  # bytes
MAX_DECODED = 2000  # characters of text that are shown of what base64 holds
MIN_BASE64 = 64  # characters; what is shorter is more often a name than data
MIN_DATA = 256  # and so is what holds nothing that is recognised, up to this
LARGEST_SAFE = 2**53

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECONDS = (631_152_000, 4_102_444_800)  # 1990 to 2100
_MOMENT_NAME = re.compile(r"(?:(?:^|_)at|[a-z]At|(?:^|_)ts)$|(?i:time|date|expir)")
_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}.*(?:Z|[+-][0-9]{2}:?[0-9]{2})")
_URL = re.compile(r"https?://[^\s<>\"\\^`{|}\x00-\x20\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2066-\u2069]{1,2000}")
_DATA_URL = re.compile(r"data:[a-z]+/[a-z0-9.+-]+;base64,")
_BASE64 = re.compile(r"[A-Za-z0-9+/]*+={0,2}|[A-Za-z0-9_-]*+={0,2}")
_UNESCAPED = re.compile("[\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")
_KINDS: Final = (
    (b"\x89PNG\r\n\x1a\n", "PNG", "image/png"),
    (b"\xff\xd8\xff", "JPEG", "image/jpeg"),
    (b"GIF87a", "GIF", "image/gif"),
    (b"GIF89a", "GIF", "image/gif"),
    (b"%PDF-", "PDF", ""),
    (b"\x1f\x8b", "gzip", ""),
    (b"PK\x03\x04", "ZIP", ""),
    (b"\x28\xb5\x2f\xfd", "Zstandard", ""),
)


@dataclass(frozen=True, slots=True)
class Encoded:
    """What a base64 text holds: `size` bytes of a `kind`; a `picture` as a data: URL, or the start of a `text`."""

    kind: str
    size: int
    picture: str = ""
    text: str = ""


def json_of(value: Any) -> str:
    """A single value as JSON text in which every character is seen."""
    return _UNESCAPED.sub(lambda found: f"\\u{ord(found[0]):04x}", orjson.dumps(value).decode())


def is_large(value: Any) -> bool:
    """Whether a value is an integer that programs which keep numbers as doubles, JavaScript's say, may round."""
    return isinstance(value, int) and abs(value) > LARGEST_SAFE


def moment_in(name: str, value: Any) -> datetime | None:
    """The moment that a value says: ISO text with a zone, or seconds or milliseconds under a name of a time."""
    try:
        match value:
            case str() if len(value) < 50 and _ISO.fullmatch(value):
                return datetime.fromisoformat(value).astimezone(UTC)
            case bool():
                return None
            case int() | float() if _MOMENT_NAME.search(name[:100]):
                return _counted(value)
    except (ValueError, OverflowError):
        pass
    return None


def link_in(text: str) -> str:
    """The address that a text is, if it is one of the web; else ""."""
    try:
        return text if _URL.fullmatch(text) and urlsplit(text).hostname else ""
    except ValueError:
        return ""


def encoded_in(text: str) -> Encoded | None:
    """What a text holds as base64, with or without `data:…;base64,` in front; None if it seems to be none."""
    prefix = _DATA_URL.match(text[:100])
    body = text[prefix.end() :] if prefix else text
    if len(body) < MIN_BASE64 or not _BASE64.fullmatch(body):
        return None
    try:
        data = base64.b64decode(
            body + "=" * (-len(body) % 4), "-_" if "-" in body or "_" in body else None, validate=True
        )
    except (binascii.Error, ValueError):
        return None
    return _recognised(data) or (Encoded("data", len(data)) if prefix or _mixed(body) else None)


def _mixed(body: str) -> bool:
    """Whether a text holds so many different characters as encoded data does."""
    return len(body) >= MIN_DATA and len({*body[:400]}) > 40


def _recognised(data: bytes) -> Encoded | None:
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return _picture(data, "WebP", "image/webp")
    for magic, kind, media in _KINDS:
        if data.startswith(magic):
            return _picture(data, kind, media) if media else Encoded(kind, len(data))
    text = _text(data)
    return Encoded("text", len(data), text=text) if text else None


def _picture(data: bytes, kind: str, media: str) -> Encoded:
    source = f"data:{media};base64,{base64.b64encode(data).decode()}" if len(data) <= MAX_PICTURE else ""
    return Encoded(f"{kind} picture", len(data), source)


def _text(data: bytes) -> str:
    """The start of the text that these bytes are, "" if they are none that people write."""
    start = data[: 4 * MAX_DECODED]
    try:
        text = start.decode("utf-8", "strict" if len(start) == len(data) else "ignore")
    except UnicodeDecodeError:
        return ""
    if len(text.encode()) < len(start) - 3 or any(char < " " and char not in "\t\r\n" for char in text):
        return ""
    return visible(text[:MAX_DECODED])


def _counted(value: float) -> datetime | None:
    for unit in (1, 1000):
        if _SECONDS[0] <= value / unit < _SECONDS[1]:
            return _EPOCH + timedelta(seconds=value / unit)
    return None
