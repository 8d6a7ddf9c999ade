"""For how long a response is kept, and what its header fields are taken to say."""

from __future__ import annotations

import gzip
from email.utils import formatdate

import pytest

from store.http_entries import Fields, Response, decoded, directives, freshness, lifetime, received, varying

NOW = 1_800_000_000.0


def at(seconds: float) -> str:
    """The date so many seconds from NOW."""
    return formatdate(NOW + seconds, usegmt=True)


def fields(**texts: str) -> Fields:
    return {name.replace("_", "-"): [text] for name, text in texts.items()}


@pytest.mark.parametrize(
    ("told", "seconds"),
    [
        ({}, 0),
        ({"cache_control": "max-age=60"}, 60),
        ({"cache_control": 'Public, MAX-AGE = "60"'}, 60),
        ({"cache_control": "max-age=60, s-maxage=90"}, 90),
        ({"cache_control": "max-age=60", "expires": at(900)}, 60),
        ({"cache_control": "max-age=60", "age": "50"}, 10),
        ({"cache_control": "max-age=60", "age": "70"}, -10),
        ({"cache_control": "max-age=60", "age": "much"}, 60),
        ({"cache_control": "max-age=60", "date": at(-20)}, 40),
        ({"cache_control": "max-age=60", "date": at(-20), "age": "10"}, 40),
        ({"cache_control": "max-age=60", "date": at(-20), "age": "30"}, 30),
        ({"cache_control": "max-age=60", "date": at(3600)}, 60),
        ({"cache_control": "max-age=60", "date": "yesterday"}, 60),
        ({"cache_control": "max-age=60, no-cache"}, 0),
        ({"cache_control": 'max-age=60, no-cache="set-cookie"'}, 60),
        ({"cache_control": 'private="x, max-age=5", max-age=60'}, 60),
        ({"cache_control": "max-age=-1"}, 0),
        ({"cache_control": "max-age=soon", "expires": at(30)}, 30),
        ({"expires": at(30), "date": at(0)}, 30),
        ({"expires": at(30), "date": at(-10)}, 30),
        ({"expires": at(3630), "date": at(3600)}, 30),
        ({"expires": at(30), "date": at(0), "age": "20"}, 10),
        ({"expires": at(30)}, 30),
        ({"expires": "0"}, -NOW),
        ({"last_modified": at(-1000), "date": at(0)}, 100),
        ({"last_modified": at(-1000), "date": at(-30)}, 70),
        ({"last_modified": at(-1e9), "date": at(0)}, 7 * 24 * 3600),
    ],
    ids=str,
)
def test_how_long_a_response_is_fresh_from_now(told: dict[str, str], seconds: float) -> None:
    assert freshness(received(fields(**told), NOW), private=False, now=NOW) == seconds


def test_a_private_cache_does_not_look_at_s_maxage() -> None:
    told = fields(cache_control="max-age=60, s-maxage=90")
    assert freshness(received(told, NOW), private=True, now=NOW) == 60


@pytest.mark.parametrize(
    ("told", "seconds"),
    [
        ({"cache_control": "max-age=60"}, 60),
        ({"cache_control": "max-age=60", "age": "70"}, 0),
        ({"cache_control": "max-age=60", "etag": '"1"'}, 60 + 500),
        ({"cache_control": "max-age=60", "age": "70", "etag": '"1"'}, 500),
        ({"cache_control": "no-cache", "last_modified": at(-9)}, 500),
        ({"cache_control": "max-age=" + "9" * 400}, 100 * 365 * 24 * 3600),
    ],
    ids=str,
)
def test_it_is_kept_longer_if_the_server_can_be_asked_about_it(told: dict[str, str], seconds: float) -> None:
    assert lifetime(received(fields(**told), NOW), private=False, stale_for=500, now=NOW) == seconds


def test_fields_that_need_no_correction_stay_as_they_came() -> None:
    told = {**fields(date=at(-20), expires=at(40), age="5", x="1"), "set-cookie": ["a=1", "b=2"]}
    assert received(told, NOW) == {name: texts for name, texts in told.items() if name != "age"}


def test_the_date_of_what_was_stored_before_is_not_that_of_a_validation() -> None:
    told = fields(date=at(-500), cache_control="max-age=60")
    assert received(told, NOW, [at(-500)])["date"] == [at(0)]
    assert received(told, NOW, [at(-501)])["date"] == [at(-500)]
    assert received({**told, "age": ["9"]}, NOW, [at(-500)])["date"] == [at(-9)]


@pytest.mark.parametrize(
    ("told", "names"),
    [
        ({}, []),
        ({"vary": ""}, []),
        ({"vary": "Accept-Language , X-Plan,accept-language"}, ["accept-language", "x-plan"]),
        ({"vary": "x-plan, *"}, []),
        ({"vary": "Accept-Encoding, Origin"}, ["origin"]),
        ({"vary": "Accept-Encoding, Origin", "content_encoding": "br"}, ["accept-encoding", "origin"]),
    ],
    ids=str,
)
def test_what_a_response_varies_by(told: dict[str, str], names: list[str]) -> None:
    assert varying(fields(**told)) == names


def test_directives_in_quotes_are_none() -> None:
    assert directives('private="a, no-store", Max-Age=5') == {"private": "a, no-store", "max-age": "5"}


def test_a_body_is_not_unpacked_beyond_the_limit() -> None:
    packed = Response(200, fields(content_encoding="gzip"), gzip.compress(b"x" * 1000))
    assert decoded(packed, 1000).body == b"x" * 1000
    assert decoded(packed, 999) is packed
