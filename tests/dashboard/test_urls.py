from __future__ import annotations

import re

import pytest

from dashboard.urls import Listing, Urls, decode_name, encode_name
from tests.dashboard.support import ODD_NAMES


@pytest.mark.parametrize("name", [*ODD_NAMES, *map(chr, range(1, 256))])
def test_a_name_survives_its_segment(name: str) -> None:
    assert decode_name(encode_name(name)) == name


@pytest.mark.parametrize("name", ODD_NAMES)
def test_a_segment_needs_no_encoding_and_no_resolving(name: str) -> None:
    segment = encode_name(name)

    assert re.fullmatch("[A-Za-z0-9_~:.-]+", segment)
    assert not segment.startswith(".")


def test_plain_names_are_readable() -> None:
    assert encode_name("wf-order_1:retry.2") == "wf-order_1:retry.2"


@pytest.mark.parametrize(
    "segment",
    [
        "",
        ".",
        "..",
        ".hidden",
        "a b",
        "a%20b",
        "a+b",
        "a/b",
        "ä",
        "~",
        "~2",
        "~2e",  # lower case
        "~41",  # A stands for itself
        "a~2E",  # a dot that is not the first stands for itself
        "~2D",
        "~FF",  # not UTF-8
        "~C0~AF",  # an overlong slash
        "~ED~A0~80",  # a lone surrogate
        "~F0~9F~9B",  # half an emoji
        "~7e",
        "a\n",
        "~GG",
    ],
)
def test_a_segment_that_no_name_gives_is_no_name(segment: str) -> None:
    assert decode_name(segment) is None


def test_different_names_have_different_segments() -> None:
    names = {*ODD_NAMES, *map(chr, range(1, 0x250)), "~2e", "~7E2E"}

    assert len({encode_name(name) for name in names}) == len(names)


@pytest.mark.parametrize("root", ["", "/_state", "/_state/", "/a/b"])
def test_urls_are_under_the_root(root: str) -> None:
    urls, under = Urls(root), root.rstrip("/")

    assert urls.groups() == f"{under}/"
    assert urls.group("g/1", action="clear") == f"{under}/groups/g~2F1/clear"
    assert urls.item("g", "k", action="edit") == f"{under}/groups/g/items/k/edit"
    assert urls.static("app.css") == f"{under}/static/app.css"
    assert urls.add() == f"{under}/add"
    assert urls.cleanup() == f"{under}/cleanup"


def test_a_listing_travels_in_the_query() -> None:
    listing = Listing("a b&c", "-size", "to=ken")

    assert Urls("").group("g", listing) == "/groups/g?search=a+b%26c&sort=-size&after=to%3Dken"
    assert Urls("").groups(Listing(sort="id")) == "/?sort=id"


def test_another_order_starts_at_the_first_page() -> None:
    assert Listing("s", "key", "token").sorted("-size") == Listing("s", "-size", "")


def test_another_page_keeps_search_and_order() -> None:
    assert Listing("s", "key").behind("token") == Listing("s", "key", "token")


def test_rules_travel_in_the_query_of_the_cleanup_page() -> None:
    assert Urls("").cleanup(idle="7d", finished="", match="wf-*") == "/cleanup?idle=7d&match=wf-%2A"
