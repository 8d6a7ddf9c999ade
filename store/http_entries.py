"""HTTP responses as items of a store: under which key, as which value, for how long. Pure."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from calendar import timegm
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import formatdate, parsedate
from typing import Any, Final, NamedTuple, TypeAlias

import httpx

from store.caching.keys import fitted
from store.durations import MAX_SECONDS

Fields: TypeAlias = dict[str, list[str]]
"""Header fields: each name, in lower case, with its values."""

Labels: TypeAlias = dict[str, str | None]
"""The request's fields that a response varies by; None where it had no such field."""

CACHED: Final = ("GET", "HEAD")
SAFE: Final = (*CACHED, "OPTIONS", "TRACE")

_WEEK: Final = 7 * 24 * 3600
_HEURISTIC: Final = 0.1  # of the time since the last change: what RFC 9111 suggests and hishel takes
_CREDENTIALS: Final = ("authorization", "cookie")
_SECRET: Final = re.compile("auth|cookie|key|secret|session|signature|token")
_DIRECTIVE: Final = re.compile(r"""([a-z-]+)(?:\s*=\s*("[^"]*"|[^\s,]*))?""", re.IGNORECASE)
_PIECE: Final = 64 * 1024


@dataclass(frozen=True)
class Asked:
    """What a request asks for.

    `private`: credentials are kept apart. `shown` is the URL without user, password and fragment; `base` is the key of
    what was stored last for it, `bases` are the keys of that for the methods in CACHED.
    """

    method: str
    url: str
    headers: Mapping[str, str]
    private: bool
    shown: str
    base: str
    bases: tuple[str, ...]

    @property
    def wants_no_store(self) -> bool:
        """Whether the request forbids keeping the response."""
        return "no-store" in directives(self.headers.get("cache-control", ""))


class Response(NamedTuple):
    """A response that was read to its end."""

    status: int
    fields: Fields
    body: bytes


def asked_by(request: httpx.Request, *, private: bool, key: str | None) -> Asked:
    """What a request asks for; `key` stands for its URL if there is one."""
    shown = str(request.url.copy_with(userinfo=b"", fragment=None))
    headers = dict(request.headers)
    owner = [f"{name}: {headers[name]}" for name in _CREDENTIALS if private and name in headers]
    place = (key or shown) + (f" [as {_digest(shown, *owner)}]" if owner else "")
    base, *bases = (fitted(f"{method} {place}") for method in (request.method, *CACHED))
    return Asked(request.method, str(request.url), headers, private, shown, base, tuple(bases))


def variant_key(asked: Asked, labels: Labels) -> str:
    """The key of the response to requests with these fields."""
    shown = ", ".join(name if text is None else f"{name}={text}" for name, text in labels.items())
    return fitted(f"{asked.base} [{shown}]")


def labels_of(asked: Asked, names: Iterable[str]) -> Labels:
    """The request's own fields of these names; of those that may be secret, a digest."""
    return {name: _label(asked, name) for name in names}


def varying(fields: Fields) -> list[str]:
    """The names of the request's fields that tell one response of a URL from another.

    None for `*`, which no request matches. A body without content coding suits every Accept-Encoding.
    """
    names = {name.strip().lower() for name in ",".join(fields.get("vary", ())).split(",")} - {""}
    if "content-encoding" not in fields:
        names.discard("accept-encoding")
    return [] if "*" in names else sorted(names)


def index_of(asked: Asked, names: list[str], mark: str) -> dict[str, Any]:
    """The value that stands at `base` where responses vary: by what, and the mark of those that count."""
    return {"method": asked.method, "url": asked.shown, "varies_by": names, "mark": mark}


def value_of(asked: Asked, response: Response, now: float) -> dict[str, Any]:
    """The value of an item that keeps a response."""
    return {
        "method": asked.method,
        "url": asked.shown,
        "status": response.status,
        **head_of(response.fields, private=asked.private, now=now),
        **_body_members(response.body),
    }


def head_of(fields: Fields, *, private: bool, now: float) -> dict[str, Any]:
    """The members of a value that a validation (304) replaces."""
    return {
        "headers": {name: values[0] if len(values) == 1 else values for name, values in fields.items()},
        "stored_at": _shown_time(now),
        "fresh_until": _shown_time(now + max(0.0, freshness(fields, private=private, now=now))),
    }


def response_of(value: Any) -> Response | None:
    """The response that a value keeps; None if it keeps none, as people may change items."""
    try:
        status, headers, body = value["status"], value["headers"], value["body"]
        fields = {name: [text] if isinstance(text, str) else list(text) for name, text in headers.items()}
        text = base64.b64decode(body, validate=True) if value.get("encoding") == "base64" else body.encode()
    except (AttributeError, KeyError, TypeError, ValueError, binascii.Error):
        return None
    sound = type(status) is int and all(isinstance(text, str) for values in fields.values() for text in values)
    return Response(status, fields, text) if sound else None


def received(fields: Fields, now: float, known_date: list[str] | None = None) -> Fields:
    """The fields of a response that came just now, with a Date by this machine's clock and Age counted into it.

    hishel tells a stored response's age from its Date alone: without one, or with that of a server whose clock is
    ahead, it would be fresh for too long.

    Args:
        fields: as they came.
        now: seconds since 1970.
        known_date: a Date that is not this response's own, but was there before.
    """
    date = None if fields.get("date") == known_date else http_time(fields, "date")
    ours = min(now if date is None else date, now - _age(fields, now))
    made = {name: values for name, values in fields.items() if name != "age"}
    if date is None or ours < date:
        made["date"] = [formatdate(ours, usegmt=True)]
        expires = http_time(fields, "expires")
        if date is not None and expires is not None:  # what counts is the time between the two
            made["expires"] = [formatdate(max(0.0, expires - date + ours), usegmt=True)]
    return made


def decoded(response: Response, limit: int) -> Response:
    """The response without its content coding, so that people can read it; unchanged if that is not to be had.

    It is not either where the body would have more than `limit` bytes.
    """
    coding = response.fields.get("content-encoding")
    if coding is None or not response.body:
        return response
    pieces = (response.body[at : at + _PIECE] for at in range(0, len(response.body), _PIECE))
    plain = bytearray()
    try:
        for part in httpx.Response(200, headers={"content-encoding": ", ".join(coding)}, content=pieces).iter_bytes():
            plain += part
            if len(plain) > limit:
                return response
    except httpx.DecodingError:
        return response
    if plain == response.body:  # a coding that httpx does not know
        return response
    fields = {name: values for name, values in response.fields.items() if name != "content-encoding"}
    return Response(response.status, {**fields, "content-length": [str(len(plain))]}, bytes(plain))


def lifetime(fields: Fields, *, private: bool, stale_for: float, now: float) -> float:
    """For how many seconds a response is worth keeping; 0 if it is not.

    That is as long as it is fresh and, if the server can be asked whether it still holds, `stale_for` on top.
    """
    fresh = max(0.0, freshness(fields, private=private, now=now))
    more = stale_for if "etag" in fields or "last-modified" in fields else 0.0
    return min(fresh + more, MAX_SECONDS)


def freshness(fields: Fields, *, private: bool, now: float) -> float:
    """For how many more seconds a response may be used unasked (RFC 9111, 4.2.1); 0 or less if it may not."""
    told = directives(", ".join(fields.get("cache-control", ())))
    if "no-cache" in told and not told["no-cache"]:  # with field names, it is about those alone
        return 0.0
    date = http_time(fields, "date") or now
    for name in ("max-age",) if private else ("s-maxage", "max-age"):
        if told.get(name, "").isdecimal():
            return float(told[name]) - (now - date)
    if "expires" in fields:
        return (http_time(fields, "expires") or 0.0) - now
    changed = http_time(fields, "last-modified")
    return 0.0 if changed is None else min(_HEURISTIC * (now - changed), _WEEK) - (now - date)


def directives(cache_control: str) -> dict[str, str]:
    """The directives of a Cache-Control field, in lower case, with their arguments."""
    return {name.lower(): text.strip('"') for name, text in _DIRECTIVE.findall(cache_control)}


def http_time(fields: Fields, name: str) -> float | None:
    """Seconds since 1970 of a field that holds a date; None if there is none that can be understood."""
    try:
        parsed = parsedate(fields[name][0])
        return None if parsed is None else float(timegm(parsed))
    except (KeyError, IndexError, ValueError, OverflowError):
        return None


def _age(fields: Fields, now: float) -> float:
    text = fields.get("age", [""])[0]
    return min(float(text), now) if text.isdecimal() else 0.0


def _label(asked: Asked, name: str) -> str | None:
    text = asked.headers.get(name)
    return _digest(asked.shown, text) if text is not None and _SECRET.search(name) else text


def _digest(*texts: str) -> str:
    return f"#{hashlib.sha256(chr(0).join(texts).encode()).hexdigest()[:16]}"


def _body_members(body: bytes) -> dict[str, str]:
    try:
        return {"body": body.decode()}
    except UnicodeDecodeError:
        return {"encoding": "base64", "body": base64.b64encode(body).decode()}


def _shown_time(seconds: float) -> str:
    try:
        return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"
    except (OverflowError, ValueError):  # fresh until after the year 9999
        return "never"
