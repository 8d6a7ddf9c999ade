"""Nothing that is stored or typed becomes markup or code, on any page."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dashboard.urls import encode_name
from store import Store
from tests.dashboard.pages import Browser, Page

HOSTILE = "\"'></textarea></title></pre></select><script>alert(1)</script><img src=x onerror=alert(1)>{{ 7 * 7 }}&lt;"
MARKUP = ["<script>alert", "<img src=x", "49&lt;"]


def pages(browser: Browser) -> Iterator[Page]:
    group = encode_name(HOSTILE)
    item = f"/groups/{group}/items/{group}"
    yield browser.get("/")
    yield browser.get("/").submit("Search", search=HOSTILE * 2)
    yield browser.get("/").submit("Search", search=HOSTILE)
    for action in ("", "/add", "/clear", "/settings", "?search=" + HOSTILE.replace("&", "%26").replace("#", "%23")):
        yield browser.get(f"/groups/{group}{action}")
    for action in ("", "/edit", "/operations"):
        yield browser.get(item + action)
    yield browser.get("/cleanup").submit("Preview", finished="no")
    yield browser.get("/cleanup").submit("Preview", match=HOSTILE)
    yield browser.get("/cleanup").submit("Preview", idle=HOSTILE)
    yield browser.get("/cleanup").submit("Preview", match=HOSTILE).submit("Save", name=HOSTILE[:100])
    yield browser.get(f"/cleanup/rules/{encode_name(HOSTILE[:100])}/run")
    yield browser.get("/cleanup").submit("Preview", finished="no").submit("Save", name=HOSTILE[:100])
    yield browser.get(f"{item}x")
    yield browser.get(f"/groups/{group}x")
    yield browser.get(f"/?sort={HOSTILE.split('&', maxsplit=1)[0]}")


def refused_forms(browser: Browser) -> Iterator[Page]:
    group = encode_name(HOSTILE)
    item = f"/groups/{group}/items/{group}"
    yield browser.get("/add").submit("Add item", group=HOSTILE * 9, key=HOSTILE * 9, value=HOSTILE, ttl=HOSTILE)
    yield browser.get("/add").submit("Add item", group=HOSTILE, key=HOSTILE, value="1")
    yield browser.get(f"{item}/edit").submit("Save", value=HOSTILE, ttl=HOSTILE)
    yield browser.post(f"{item}/edit", {"version": "99", "value": '{"<script>alert": "</del><script>alert(1)"}'})
    yield browser.get(item).submit("Set TTL", ttl=HOSTILE)
    yield browser.get(f"/groups/{group}/settings").submit("Save", default_ttl=HOSTILE)
    yield browser.get(f"{item}/operations").submit("Preview", path=HOSTILE, value=HOSTILE)
    yield browser.get(f"{item}/operations").submit("Preview", path=HOSTILE, value='"</ins><script>alert(1)"')
    yield browser.post(f"{item}/operations", {"type": HOSTILE, "path": HOSTILE, "value": "1"})


def notices(browser: Browser) -> Iterator[Page]:
    group = encode_name(HOSTILE)
    item = f"/groups/{group}/items/{group}"
    yield browser.get(f"{item}/edit").submit("Save")
    yield browser.get(item).submit("Set TTL", ttl="5m")
    yield browser.get(f"{item}/operations").submit("Apply 1 operation", path=HOSTILE, value="1")
    yield browser.get(f"/groups/{group}").submit("Finish")
    yield browser.get(f"/groups/{group}/settings").submit("Save")
    yield browser.get(f"/groups/{group}/add").submit("Add item", key=f"{HOSTILE}2", value="1")
    yield browser.get(item).submit("Delete")
    yield browser.get(f"/groups/{group}/clear").submit("Clear 1 item")


@pytest.fixture
def hostile(state: Store) -> Store:
    """A store in which every text is hostile."""
    state.set(HOSTILE, HOSTILE, {HOSTILE: HOSTILE, "list": [{HOSTILE: [HOSTILE]}]}, ttl=600)
    return state


@pytest.mark.parametrize("part", [False, True])
@pytest.mark.parametrize("answers", [pages, refused_forms, notices])
def test_hostile_text_is_never_markup(hostile: Store, browser: Browser, answers: object, part: bool) -> None:
    assert callable(answers)
    count = 0
    # The pages' own checks see to it besides that no element has crossed another or runs code inline.
    for page in answers(Browser(browser.client, part=part)):
        count += 1
        assert not [text for text in MARKUP if text in page.source], page.url
        assert "alert(1)" in page.text or "alert" in page.source, page.url
    assert count >= 8
