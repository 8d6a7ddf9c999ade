"""Caching httpx clients against a real server: what is asked again, and what is not."""

from __future__ import annotations

import gzip
import os
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from store import Store
from tests.conftest import ManualClock
from tests.store.origins import Answer, Caller, Callers, Origin, Request, http_date

FRESH = {"cache-control": "max-age=60"}


@pytest.fixture(scope="module")
def server() -> Iterator[Origin]:
    server = Origin()
    yield server
    server.close()


@pytest.fixture
def origin(server: Origin) -> Origin:
    server.requests.clear()
    server.says(FRESH)
    return server


@pytest.fixture
def url(tmp_path: Path) -> str:
    """One backend will do: what others do differently is not seen from here."""
    return f"sqlite:///{tmp_path}/state.db"


@pytest.fixture(params=["sync", "async"])
def callers(request: pytest.FixtureRequest, state: Store) -> Iterator[Callers]:
    with Callers(request.param, state) as made:
        yield made


@pytest.fixture
def ask(callers: Callers, origin: Origin) -> Caller:
    return callers(origin.url)


def from_cache(response: httpx.Response) -> bool:
    return bool(response.extensions["caching"]["from_cache"])


def seconds_between(start: str, end: str) -> float:
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()


def test_a_fresh_response_is_not_asked_for_again(ask: Caller, origin: Origin) -> None:
    first, second = ask("/rates?base=EUR"), ask("/rates?base=EUR")
    assert (first.text, second.text) == ("hello", "hello")
    assert (first.status_code, second.status_code) == (200, 200)
    assert (from_cache(first), from_cache(second)) == (False, True)
    assert int(second.headers["age"]) < 5
    assert len(origin.requests) == 1
    assert ask("/rates?base=USD").text == "hello"
    assert len(origin.requests) == 2


def test_two_clients_share_what_a_group_holds(callers: Callers, origin: Origin) -> None:
    one, other, apart = callers(origin.url), callers(origin.url), callers(origin.url, "elsewhere")
    assert [from_cache(ask("/")) for ask in (one, other, apart, apart)] == [False, True, False, True]


@pytest.mark.parametrize("way", ["expires", "is deleted", "is cleared"])
def test_without_its_item_a_response_is_asked_for_again(
    way: str, ask: Caller, origin: Origin, state: Store, clock: ManualClock
) -> None:
    ask("/")
    assert from_cache(ask("/"))
    if way == "expires":
        clock.advance(60)
    elif way == "is deleted":
        state.delete("http", f"GET {origin.url}/")
    else:
        state.clear("http")
    assert not from_cache(ask("/"))


def test_a_stale_response_is_asked_about_and_stays_if_it_still_holds(ask: Caller, origin: Origin, state: Store) -> None:
    origin.says({**FRESH, "etag": '"1"', "x-told": "before"}, date=-100)
    assert ask("/").text == "hello"
    key = f"GET {origin.url}/"
    assert (state.ttl("http", key) or 0) == 24 * 3600

    origin.says({**FRESH, "etag": '"1"', "x-told": "after"}, b"", 304)
    answer = ask("/")
    assert (answer.status_code, answer.text, answer.headers["x-told"]) == (200, "hello", "after")
    assert answer.extensions["caching"] == {"from_cache": True, "revalidated": True, "stored": False}
    assert [request.headers.get("if-none-match") for request in origin.requests] == [None, '"1"']
    assert 24 * 3600 + 50 < (state.ttl("http", key) or 0) <= 24 * 3600 + 60
    assert state.get("http", key)["headers"]["x-told"] == "after"

    assert ask("/").text == "hello"
    assert len(origin.requests) == 2, "it is fresh again"


def test_a_validation_without_a_date_counts_from_now(ask: Caller, origin: Origin) -> None:
    origin.says({**FRESH, "etag": '"1"'}, date=-100)
    ask("/")
    origin.says({}, b"", 304, date=None)
    assert [ask("/").text, ask("/").text] == ["hello", "hello"]
    assert len(origin.requests) == 2


def test_it_is_fresh_for_as_long_as_the_server_says(origin: Origin, state: Store) -> None:
    with Callers("sync", state) as callers, Callers("async", state) as async_callers:
        both = [callers(origin.url, "one"), async_callers(origin.url, "two")]
        origin.says({"cache-control": "max-age=1", "last-modified": http_date(-9)})
        for ask in both:
            ask("/")
            assert ask("/").extensions["caching"] == {"from_cache": True, "revalidated": False, "stored": False}
        time.sleep(1.01)
        origin.says(FRESH, b"", 304)
        for ask in both:
            assert ask("/").extensions["caching"] == {"from_cache": True, "revalidated": True, "stored": False}
        assert ["if-modified-since" in request.headers for request in origin.requests] == [False, False, True, True]


def test_what_has_changed_takes_the_place_of_what_was(ask: Caller, origin: Origin, state: Store) -> None:
    origin.says({"cache-control": "no-cache", "etag": '"1"'}, b"old")
    ask("/")
    origin.says({"cache-control": "max-age=60", "etag": '"2"'}, b"new")
    assert [ask("/").text, ask("/").text] == ["new", "new"]
    assert len(origin.requests) == 2
    assert [value["body"] for value in state.list("http")] == ["new"]


def test_a_server_that_fails_to_answer_leaves_what_is_stored(ask: Caller, origin: Origin) -> None:
    origin.says({**FRESH, "etag": '"1"'}, date=-100)
    ask("/")
    origin.says({}, b"sorry", 503)
    assert ask("/").status_code == 503
    origin.says(FRESH, b"", 304)
    assert ask("/").text == "hello"


def test_a_validation_does_not_undo_what_another_has_stored_meanwhile(
    ask: Caller, origin: Origin, state: Store
) -> None:
    origin.says({**FRESH, "etag": '"1"'}, b"old", date=-100)
    ask("/")
    key = f"GET {origin.url}/"

    def answer(_request: Request) -> Answer:
        state.set("http", key, {**state.get("http", key), "body": "newer"})
        return Answer({**FRESH, "etag": '"1"'}, b"", 304)

    origin.answer = answer
    assert ask("/").text == "old"
    assert state.get("http", key)["body"] == "newer"


def test_responses_that_vary_are_told_apart(ask: Caller, origin: Origin, state: Store) -> None:
    origin.answer = lambda request: Answer(
        {**FRESH, "vary": "Accept-Language, X-Plan"}, request.headers.get("accept-language", "none").encode()
    )
    languages = ["de", "en", "fr", "de", "en", "fr"]
    assert [ask("/", headers={"accept-language": language}).text for language in languages] == languages
    assert len(origin.requests) == 3
    assert from_cache(ask("/", headers={"accept-language": "de"}))
    assert not from_cache(ask("/", headers={"accept-language": "de", "x-plan": ""}))
    page = f"GET {origin.url}/"
    assert [item.key for item in state.items("http").items] == [
        page,
        f"{page} [accept-language=de, x-plan=]",
        f"{page} [accept-language=de, x-plan]",
        f"{page} [accept-language=en, x-plan]",
        f"{page} [accept-language=fr, x-plan]",
    ]
    assert state.get("http", page)["varies_by"] == ["accept-language", "x-plan"]

    state.delete("http", f"{page} [accept-language=de, x-plan]")
    assert not from_cache(ask("/", headers={"accept-language": "de"}))
    state.delete("http", page)
    assert not from_cache(ask("/", headers={"accept-language": "de"}))
    assert not from_cache(ask("/", headers={"accept-language": "en"})), "without the page, none of them counts"


def test_the_item_that_says_what_varies_lives_as_long_as_what_does(
    ask: Caller, origin: Origin, state: Store, clock: ManualClock
) -> None:
    for number, seconds in enumerate([60, 600, 60]):
        origin.says({"cache-control": f"max-age={seconds}", "vary": "x-n"})
        ask("/", headers={"x-n": str(number)})
    assert 590 < (state.ttl("http", f"GET {origin.url}/") or 0) <= 600
    clock.advance(300)
    assert [from_cache(ask("/", headers={"x-n": number})) for number in "01"] == [False, True]


def test_a_varying_response_that_still_holds_stays_reachable(ask: Caller, origin: Origin, state: Store) -> None:
    origin.says({**FRESH, "etag": '"1"', "vary": "x-n"}, date=-100)
    ask("/", headers={"x-n": "1"})
    origin.says({"cache-control": "max-age=600", "etag": '"1"'}, b"", 304)
    assert ask("/", headers={"x-n": "1"}).text == "hello"
    assert ask("/", headers={"x-n": "1"}).text == "hello"
    assert len(origin.requests) == 2
    lives = [state.ttl("http", f"GET {origin.url}/{label}") for label in ("", " [x-n=1]")]
    assert all(life is not None and life > 24 * 3600 + 590 for life in lives)

    origin.says({**FRESH, "etag": '"1"', "vary": "x-n, x-m"}, b"", 304)
    assert ask("/", headers={"x-n": "1", "cache-control": "no-cache"}).text == "hello"
    assert not from_cache(ask("/", headers={"x-n": "1"})), "the fields it varies by now were not looked at before"


def test_variants_whose_keys_look_alike_are_told_apart(ask: Caller, origin: Origin) -> None:
    origin.answer = lambda request: Answer({**FRESH, "vary": "x-a, x-b"}, request.headers["x-a"].encode())
    alike = [{"x-a": "1, x-b=2", "x-b": "3"}, {"x-a": "1", "x-b": "2, x-b=3"}]
    assert [ask("/", headers=headers).text for headers in alike] == ["1, x-b=2", "1"]


def test_what_the_rules_do_not_allow_is_not_stored(
    ask: Caller, origin: Origin, state: Store, caplog: pytest.LogCaptureFixture
) -> None:
    for directive in ("no-store", "private, max-age=60"):
        origin.says({"cache-control": directive, "etag": '"1"'})
        ask("/")
    origin.says(FRESH)
    ask("/", "POST")
    ask("/", headers={"authorization": "Bearer secret"})
    ask("/", headers={"cache-control": "no-store"})
    origin.says({})
    ask("/")
    assert state.list("http") == []
    assert len(origin.requests) == 6
    assert caplog.records == []


def test_the_cache_of_one_user_keeps_credentials_apart(callers: Callers, origin: Origin, state: Store) -> None:
    ask = callers(origin.url, shared=False)
    origin.answer = lambda request: Answer(
        {"cache-control": "private, s-maxage=9, max-age=60"}, request.headers.get("authorization", "nobody").encode()
    )
    users = [{"authorization": "Bearer anna"}, {"authorization": "Bearer ben"}, {}, {"cookie": "session=anna"}]
    assert [ask("/", headers=user).text for user in users * 2] == ["Bearer anna", "Bearer ben", "nobody", "nobody"] * 2
    assert len(origin.requests) == 4
    items = state.items("http").items
    assert not any("anna" in item.key or "ben" in item.key for item in items)
    assert all(50 < (state.ttl("http", item.key) or 0) <= 60 for item in items), "s-maxage is not for this cache"

    ask("/", "POST", headers=users[0])
    assert [from_cache(ask("/", headers=user)) for user in users] == [False, True, True, True]


def test_secrets_do_not_stand_in_keys(ask: Caller, origin: Origin, state: Store) -> None:
    origin.says({"cache-control": "public, max-age=60", "vary": "X-Api-Key"})
    ask("/", headers={"x-api-key": "hidden"})
    assert from_cache(ask("/", headers={"x-api-key": "hidden"}))
    assert not from_cache(ask("/", headers={"x-api-key": "another"}))
    ask(origin.url.replace("//", "//anna:hidden@") + "/page#part")
    assert from_cache(ask(origin.url.replace("//", "//ben:hidden@") + "/page"))
    keys = [item.key for item in state.items("http").items]
    assert f"GET {origin.url}/page" in keys
    assert "hidden" not in str([(item.key, item.value) for item in state.items("http").items])


def test_a_request_that_changes_something_makes_what_is_stored_invalid(
    ask: Caller, origin: Origin, state: Store
) -> None:
    asked = [("/", "GET", {}), ("/", "HEAD", {}), ("/varying", "GET", {"x-n": "1"})]

    def hits() -> list[bool]:
        return [from_cache(ask(path, method, headers=headers)) for path, method, headers in asked]

    origin.answer = lambda request: Answer({**FRESH, "vary": "x-n"} if request.path == "/varying" else FRESH)
    assert (hits(), hits()) == ([False] * 3, [True] * 3)

    origin.answer = lambda _request: Answer(status=500)
    ask("/", "POST")
    assert hits() == [True] * 3, "it failed"

    origin.says(FRESH)
    ask("/", "PUT")
    ask("/varying", "POST")
    assert state.list("http") == [value for value in state.list("http") if "mark" in value]
    assert hits() == [False] * 3


def test_what_is_streamed_is_stored_when_it_was_read_to_its_end(ask: Caller, origin: Origin) -> None:
    arrived = threading.Event()

    def pieces() -> Iterator[bytes]:
        yield b"one "
        assert arrived.wait(5), "the first piece is not passed on before the second is there"
        yield b"two"

    origin.answer = lambda _request: Answer(FRESH, pieces())
    assert ask.pieces("/", arrived=arrived.set) == [b"one ", b"two"]
    assert ask("/").text == "one two"
    assert len(origin.requests) == 1

    arrived.clear()
    assert ask.pieces("/part", 1) == [b"one "]
    arrived.set()
    assert not from_cache(ask("/part"))
    ask.pieces("/", 1)
    assert ask("/").text == "one two", "from the cache, too, one may stop"


BODIES = {
    "text": "Zürich € \U0001f600\0\r\n".encode(),
    "not text": bytes(range(256)),
    "nothing": b"",
    "much": os.urandom(300_000),
}


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
@pytest.mark.parametrize("kind", BODIES)
def test_bodies_come_back_byte_by_byte(kind: str, pack: Callable[[bytes], bytes], ask: Caller, origin: Origin) -> None:
    body = BODIES[kind]
    origin.says({**FRESH, **({} if pack is bytes else {"content-encoding": "gzip"})}, pack(body))
    assert [ask("/").content, ask("/").content, ask("/").content] == [body] * 3
    assert len(origin.requests) == 1


def test_people_can_read_what_is_stored(ask: Caller, origin: Origin, state: Store) -> None:
    body = '{"price": 2.50, "where": "Zürich"}'.encode()
    headers = {**FRESH, "vary": "accept-encoding", "content-encoding": "gzip", "content-type": "application/json"}
    origin.says({**headers, "set-cookie": "a=1"}, gzip.compress(body))
    ask("/rates?base=EUR")
    (item,) = state.items("http").items
    assert item.key == f"GET {origin.url}/rates?base=EUR"
    assert (item.value["method"], item.value["url"]) == ("GET", f"{origin.url}/rates?base=EUR")
    assert (item.value["status"], item.value["body"]) == (200, body.decode())
    assert item.value["headers"].items() >= {**FRESH, "content-type": "application/json", "set-cookie": "a=1"}.items()
    assert item.value["headers"]["content-length"] == str(len(body))
    assert 55 <= seconds_between(item.value["stored_at"], item.value["fresh_until"]) <= 60

    answer = ask("/rates?base=EUR", headers={"accept-encoding": "identity"})
    assert from_cache(answer), "without its coding it suits everybody"
    assert (answer.json()["price"], answer.headers["content-length"]) == (2.5, str(len(body)))
    assert "content-encoding" not in answer.headers

    origin.says(FRESH, b"\xff\x00")
    ask("/binary")
    value = state.get("http", f"GET {origin.url}/binary")
    assert (value["encoding"], value["body"]) == ("base64", "/wA=")


@pytest.mark.parametrize("coding", ["x-unknown", "gzip"])
def test_a_body_that_cannot_be_decoded_stays_as_it_is(coding: str, ask: Caller, origin: Origin) -> None:
    origin.says({**FRESH, "vary": "accept-encoding", "content-encoding": coding}, b"not gzip")
    assert ask.pieces("/") + ask.pieces("/") == [b"not gzip", b"not gzip"]
    assert len(origin.requests) == 1
    ask.pieces("/", headers={"accept-encoding": "identity"})
    assert len(origin.requests) == 2


def test_any_transport_may_do_the_requests(callers: Callers, origin: Origin) -> None:
    asked: list[str] = []

    def handle(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(200, headers=FRESH, text="mocked")

    mock = httpx.MockTransport(handle)
    ways: list[dict[str, Any]] = [{"transport": mock}, {"mounts": {"all://": mock}}]
    for number, options in enumerate(ways):
        ask = callers(f"http://host{number}.test", **options)
        assert [ask("/").text, ask("/").text] == ["mocked", "mocked"]
    assert asked == ["http://host0.test/", "http://host1.test/"]

    ask = callers("http://elsewhere.test", proxy=origin.url)
    assert [ask("/").text, ask("/").text] == ["hello", "hello"]
    assert [request.path for request in origin.requests] == ["http://elsewhere.test/"]


def test_redirects_are_followed_from_the_cache(callers: Callers, origin: Origin) -> None:
    ask = callers(origin.url, follow_redirects=True)
    origin.answer = lambda request: (
        Answer({**FRESH, "location": "/new"}, b"", 301) if request.path == "/old" else Answer(FRESH, b"here")
    )
    assert [ask("/old").text, ask("/old").text] == ["here", "here"]
    assert [request.path for request in origin.requests] == ["/old", "/new"]


def test_a_request_may_say_otherwise(ask: Caller, origin: Origin, state: Store) -> None:
    origin.says({"cache-control": "no-store"})
    forced: dict[str, Any] = {"caching": {"rfc": False, "ttl": 5, "key": "rates"}}
    assert [from_cache(ask(path, extensions=forced)) for path in ("/a", "/b")] == [False, True]
    assert state.ttl("http", "GET rates") == 5
    for user in ("anna", "ben"):
        assert not from_cache(ask("/a", extensions=forced, headers={"authorization": user}))

    origin.says(FRESH)
    by_the_rules = {"caching": {"key": "mine"}}
    assert not any(from_cache(ask(path, extensions=by_the_rules)) for path in ("/a", "/b"))
    assert from_cache(ask("/b", extensions=by_the_rules))
    assert not from_cache(ask("/b", extensions={"caching": {"key": "yours"}}))


def test_a_ttl_that_a_request_names_is_not_made_longer_later(
    ask: Caller, origin: Origin, state: Store, clock: ManualClock
) -> None:
    origin.says({**FRESH, "etag": '"1"'}, date=-100)
    ask("/", extensions={"caching": {"ttl": 9, "tti": 8}})
    clock.advance(3)
    origin.says(FRESH, b"", 304)
    assert ask("/").extensions["caching"]["revalidated"]
    assert state.ttl("http", f"GET {origin.url}/") == 5
