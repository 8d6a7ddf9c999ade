from __future__ import annotations

import base64
import time
from datetime import UTC, datetime

import pytest

from dashboard.scalars import MAX_PICTURE, encoded_in, is_large, json_of, link_in, moment_in

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
SECONDS = int(NOON.timestamp())
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("", "2026-11-24T12:00:00Z"),
        ("x", "2026-11-24T13:00:00+01:00"),
        ("x", "2026-11-24 13:00:00.000+0100"),
        ("created_at", SECONDS),
        ("createdAt", SECONDS * 1000),
        ("time", float(SECONDS)),
        ("timestamp", SECONDS),
        ("ts", SECONDS),
        ("start_ts", SECONDS),
        ("date", SECONDS * 1000),
        ("expires", SECONDS),
        ("EXPIRY", SECONDS),
    ],
)
def test_a_moment_is_recognised(name: str, value: object) -> None:
    assert moment_in(name, value) == NOON


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("x", "2026-11-24T12:00:00"),
        ("x", "2026-11-24"),
        ("x", "2026-13-24T12:00:00Z"),
        ("x", "0001-01-01T00:00:00+14:00"),
        ("x", "9999-12-31T23:59:59-14:00"),
        ("total", SECONDS),
        ("that", SECONDS),
        ("parts", SECONDS),
        ("timeout", 30),
        ("time", 10**30),
        ("time", -SECONDS),
        ("time", True),
        ("time", None),
        ("time", str(SECONDS)),
    ],
)
def test_what_is_no_moment_is_none(name: str, value: object) -> None:
    assert moment_in(name, value) is None


@pytest.mark.parametrize("text", ["https://example.org", "http://a.b/c?d=e&f=%20#g", "https://user@[::1]:80/ä"])
def test_an_address_of_the_web_is_a_link(text: str) -> None:
    assert link_in(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "javascript:alert(1)",
        "JavaScript://x",
        "data:text/html,x",
        "ftp://example.org",
        "//example.org",
        "https://",
        "https:///path",
        "https://a b",
        'https://a"b',
        "https://a<b",
        " https://a.b",
        "https://a.b\n",
        "https://[bad",
        "https://a\u202eb",
        f"https://a/{'x' * 5000}",
    ],
)
def test_nothing_else_is_a_link(text: str) -> None:
    assert link_in(text) == ""


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (PNG, "PNG picture"),
        (b"\xff\xd8\xff\xe0" + bytes(range(200)), "JPEG picture"),
        (b"GIF89a" + bytes(range(200)), "GIF picture"),
        (b"RIFF\x10\0\0\0WEBP" + bytes(range(200)), "WebP picture"),
        (b"%PDF-1.7" + bytes(range(200)), "PDF"),
        (b"\x1f\x8b\x08" + bytes(range(200)), "gzip"),
        (bytes(range(256)), "data"),
        (b"plain text, " * 10, "text"),
        ("Käse 🧀, ".encode() * 10, "text"),
    ],
)
def test_base64_says_what_it_holds(data: bytes, kind: str) -> None:
    found = encoded_in(encoded(data))

    assert found is not None
    assert (found.kind, found.size) == (kind, len(data))
    assert bool(found.picture) == ("picture" in kind)
    assert bool(found.text) == (kind == "text")


def test_base64_with_other_letters_without_padding_or_in_an_address_is_read_too() -> None:
    data = b"\xfb\xff\xfe" * 5 + PNG
    for text in (
        base64.urlsafe_b64encode(PNG).decode().rstrip("="),
        f"data:image/png;base64,{encoded(PNG)}",
        encoded(PNG).rstrip("="),
    ):
        found = encoded_in(text)
        assert found is not None
        assert found.picture == f"data:image/png;base64,{encoded(PNG)}"
    assert encoded_in(f"data:a/b;base64,{encoded(data)}") is not None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "short" * 4,
        "word " * 100,
        "a" * 1000,
        "0123456789abcdef" * 20,
        "SomeVeryLongNameOfAClassInAProgramThatNobodyWouldEverWantToTypeAtAll",
        "x" * 1000 + "!",
        "A" * 65,
    ],
)
def test_what_only_looks_like_base64_is_none(text: str) -> None:
    assert encoded_in(text) is None


def test_a_picture_that_is_too_large_is_only_named() -> None:
    found = encoded_in(encoded(PNG[:8] + bytes(MAX_PICTURE)))

    assert found is not None
    assert (found.kind, found.picture) == ("PNG picture", "")


def test_only_what_is_a_picture_becomes_one() -> None:
    found = encoded_in(f"data:image/svg+xml;base64,{encoded(b'<svg onload=alert(1)>' * 10)}")

    assert found is not None
    assert (found.kind, found.picture) == ("text", "")


def test_decoded_text_is_cut_and_steers_nothing() -> None:
    found = encoded_in(encoded("a\u202eb".encode() * 50_000))

    assert found is not None
    assert len(found.text) < 20_000
    assert "\u202e" not in found.text


@pytest.mark.parametrize(
    ("value", "large"),
    [
        (2**53, False),
        (2**53 + 1, True),
        (-(2**53) - 1, True),
        (2**64 - 1, True),
        (1e300, False),
        ("9" * 20, False),
        (True, False),
    ],
)
def test_integers_that_others_round_are_told(value: object, large: bool) -> None:
    assert is_large(value) is large


def test_a_value_is_written_so_that_every_character_is_seen() -> None:
    assert json_of('a\u202e\u2028\x7f\n"🛒') == r'"a\u202e\u2028\u007f\n\"🛒"'
    assert json_of(18446744073709551615) == "18446744073709551615"
    assert json_of(1.0) == "1.0"
    assert json_of(None) == "null"


def test_recognising_megabytes_takes_no_time() -> None:
    texts = ["x" * 5_000_000, "A" * 5_000_000 + "!", "https://" + "a" * 5_000_000, "Ab1+" * 1_250_000, "=" * 5_000_000]
    started = time.process_time()
    for text in texts:
        link_in(text)
        moment_in("time", text)
        encoded_in(text)

    assert time.process_time() - started < 2
