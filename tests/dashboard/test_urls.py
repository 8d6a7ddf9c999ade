from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest
from starlette.datastructures import QueryParams

from dashboard.statics import statics
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
    assert urls.static("app.css") == f"{under}/static/{statics().version}/app.css"
    assert urls.add() == f"{under}/add"
    assert urls.cleanup() == f"{under}/cleanup"
    assert urls.rules() == f"{under}/cleanup/rules"
    assert urls.rule("a/b", "run") == f"{under}/cleanup/rules/a~2Fb/run"
    assert urls.jobs() == f"{under}/jobs"
    assert urls.jobs("running") == f"{under}/jobs/running"
    assert urls.job("id") == f"{under}/jobs/id"
    assert urls.job("id", "stop") == f"{under}/jobs/id/stop"


def test_a_listing_travels_in_the_query() -> None:
    listing = Listing("a b&c", "-size", "to=ken")

    assert Urls("").group("g", listing) == "/groups/g?search=a+b%26c&sort=-size&after=to%3Dken"
    assert Urls("").groups(Listing(sort="id")) == "/?sort=id"


def test_another_order_starts_at_the_first_page() -> None:
    assert Listing("s", "key", "token").sorted("-size") == Listing("s", "-size", "")


def test_another_page_keeps_search_and_order() -> None:
    assert Listing("s", "key").behind("token") == Listing("s", "key", "token", page=2)


def test_the_way_back_is_that_of_the_way_there() -> None:
    pages = [Listing("s", "key", where=("a = 1",), columns="a", size=100)]
    for token in "abcdef":
        pages.append(pages[-1].behind(token))
    back = pages[-1]
    for page in reversed(pages[:-1]):
        assert back.previous == page
        back = page

    assert pages[0].previous is None
    assert pages[-1].first == pages[0]


def test_far_pages_know_the_last_few_pages_before_them() -> None:
    page = Listing()
    for number in range(100):
        page = page.behind(f"token{number}")

    assert page.page == 101
    assert page.before == tuple(f"token{number}" for number in range(91, 99))
    while page.previous:
        page = page.previous
    assert (page.after, page.page) == ("token91", 93)


def test_a_page_that_was_come_to_by_its_token_alone_has_no_way_back() -> None:
    assert Listing(after="token").previous is None
    assert Listing(after="token").behind("next").previous == Listing(after="token")


def test_filters_and_columns_travel_readably() -> None:
    listing = Listing(where=("status = paid", "total > 100"), sort="$.total", columns='status,"a b"')

    assert (
        Urls("").group("g", listing)
        == "/groups/g?where=status+%3D+paid&where=total+%3E+100&sort=$.total&columns=status,%22a+b%22"
    )


@pytest.mark.parametrize(
    "listing",
    [
        Listing("a=b&c", "-$.x;y", "to=ken", "values", ('"a b" = "&"', "ü = #"), 'x,"a,b"', 200, 7, ("a", "b=")),
        Listing(),
    ],
)
def test_a_listing_is_read_back_from_its_query(listing: Listing) -> None:
    assert Listing.of(QueryParams(urlsplit(Urls("").group("g", listing)).query)) == listing


@pytest.mark.parametrize("number", ["-1", "x", "1e3", "²", "9" * 5000, "1.5", " "])
def test_a_number_that_is_none_is_left_out(number: str) -> None:
    assert Listing.of(QueryParams({"page": number, "size": number})) == Listing()


def test_rules_travel_in_the_query_of_the_cleanup_page() -> None:
    assert Urls("").cleanup(idle="7d", finished="", match="wf-*") == "/cleanup?idle=7d&match=wf-%2A"
