"""Reading forms: bounded bodies, and fields as the store's types."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

from dashboard import formats
from dashboard.expiry import parse_ttl
from dashboard.urls import decode_name
from store import InvalidTTL, InvalidValue, StoreBusy, StoreError, UpdateRejected, parse_json

if TYPE_CHECKING:
    from collections.abc import Iterator
    from enum import Enum

    from starlette.datastructures import FormData
    from starlette.types import Message

MAX_FIELDS = 10_000
MAX_UPLOAD = 64 * 1024 * 1024
_STAMP = re.compile("[0-9]{1,14}")
_OVERHEAD = 512 * 1024  # names, other fields, what an editor started from, the formatting of a value at its limit


def status_of(error: StoreError) -> int:
    """The status that tells what the store refused (422) from what it could not do (503)."""
    return 422 if isinstance(error, ValueError | UpdateRejected) else 503


@dataclass(frozen=True, slots=True)
class FieldError:
    """What was wrong with a field, and at which line and column, counted from 1, if that is known."""

    message: str
    line: int | None = None
    column: int | None = None

    @classmethod
    def of(cls, error: StoreError) -> FieldError:
        """The store's error as a sentence."""
        message = formats.sentence(str(error)) + (" Try again in a moment." if isinstance(error, StoreBusy) else "")
        return cls(message, error.line, error.column) if isinstance(error, InvalidValue) else cls(message)


async def read_upload(request: Request, max_value_bytes: int) -> FormData:
    """The form that a request carries, which may hold a file. The file is on disk if it is large; who asks closes it.

    Raises:
        HTTPException: 413 for a body over MAX_UPLOAD, or three times what a value may be if that is more.
    """
    limit = max(MAX_UPLOAD, 3 * max_value_bytes) + _OVERHEAD
    refusal = f"The upload is over {formats.size(limit)}. The command `stepstate import` takes files of any size."
    return await _read(request, limit, refusal, max_files=1)


async def read_form(request: Request, max_value_bytes: int) -> FormData:
    """The form that a request carries.

    Raises:
        HTTPException: 413 for a body that no allowed value could need. The editors' forms are sent as multipart: a text
            is at most twice as long as its value may be (jsonview.editable), and line ends take a byte more each.
    """
    limit = 3 * max_value_bytes + _OVERHEAD
    most = formats.size(max_value_bytes)
    return await _read(request, limit, f"The form is over {formats.size(limit)}; a value is at most {most}.")


async def _read(request: Request, limit: int, refusal: str, max_files: int = 0) -> FormData:
    received = 0

    async def receive() -> Message:
        nonlocal received
        message = await request.receive()
        received += len(message.get("body", b""))
        if received > limit:
            raise HTTPException(413, refusal)
        return message

    bounded = Request(request.scope, receive)
    try:
        return await bounded.form(max_files=max_files, max_fields=MAX_FIELDS, max_part_size=limit)
    except ClientDisconnect:
        raise HTTPException(400, "The connection ended before the whole form had arrived.") from None


def text(form: FormData, name: str) -> str:
    """A text field, "" if it is not there; browsers send line ends as CR LF."""
    return next(iter(texts(form, name)), "")


def texts(form: FormData, name: str) -> list[str]:
    """All text fields of one name."""
    return [value.replace("\r\n", "\n") for value in form.getlist(name) if isinstance(value, str)]


def version(form: FormData, name: str) -> int | None:
    """A version that a page sent along; None if it is none. No item has one of more than 20 digits."""
    sent = text(form, name)
    return int(sent[:20]) if sent.isdecimal() else None


def names(form: FormData, name: str) -> list[str]:
    """The group or key names of checkboxes, sent as in URLs: browsers change line ends in what they send as it is."""
    return [decoded for segment in texts(form, name) if (decoded := decode_name(segment)) is not None]


def names_at(form: FormData, name: str) -> dict[str, int]:
    """The keys of checkboxes whose values are `name@version`, with the version that was seen."""
    return {key: int(sent[:20]) for key, sent in _seen(form, name) if sent.isascii() and sent.isdecimal()}


def names_seen(form: FormData, name: str) -> dict[str, datetime]:
    """The groups of checkboxes whose values are `name@milliseconds`, with the last change that was seen."""
    return {group: at for group, sent in _seen(form, name) if (at := moment(sent)) is not None}


def moment(sent: str) -> datetime | None:
    """The moment that a page wrote as milliseconds since 1970; None for anything else."""
    return datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=int(sent)) if _STAMP.fullmatch(sent) else None


def _seen(form: FormData, name: str) -> Iterator[tuple[str, str]]:
    """The names of checkboxes whose values are `name@what was seen`, and what that was."""
    for value in texts(form, name):
        segment, _, sent = value.partition("@")
        decoded = decode_name(segment)
        if decoded is not None:
            yield decoded, sent


def value_and_ttl(value: str, ttl: str, blank: Enum | None) -> tuple[dict[str, FieldError], Any, Any]:
    """A value field and a TTL field: what was wrong with them, by field, and what they mean.

    `blank` is what an empty TTL field means.
    """
    errors: dict[str, FieldError] = {}
    meant: Any = None
    lifetime: Any = blank
    try:
        meant = parse_json(value)
    except InvalidValue as error:
        errors["value"] = FieldError.of(error)
    try:
        if ttl.strip():
            lifetime = parse_ttl(ttl)
    except InvalidTTL as error:
        errors["ttl"] = FieldError.of(error)
    return errors, meant, lifetime
