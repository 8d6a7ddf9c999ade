from __future__ import annotations

import math

import pytest

from store import Store
from tests.dashboard.pages import Browser, Node, Page
from tests.dashboard.support import SetBackClock, dump

ITEM = "/groups/g/items/k"


def tree(page: Page) -> Node:
    return page.side.one("ul", id="tree")


def test_the_value_is_shown_as_a_tree_with_exact_integers(state: Store, browser: Browser) -> None:
    state.set("g", "k", {"a": [9007199254740993, 18446744073709551615], "b": None, "o": {"x": "y"}})
    page = browser.get("/groups/g").click("k")

    assert page.path == ITEM
    assert [node.text for node in tree(page).all(class_="row")] == [
        "a: [ 2 elements ] 9007199254740993, 18446744073709551615",
        "0: 9007199254740993 64-bit",
        "1: 18446744073709551615 64-bit",
        "b: null",
        'o: { 1 field } x: "y"',
        'x: "y"',
    ]


def test_the_value_is_shown_as_formatted_json(state: Store, browser: Browser) -> None:
    state.set("g", "k", {"a": [9007199254740993, 18446744073709551615], "b": None})
    page = browser.get(ITEM).click("JSON")

    assert page.path == f"{ITEM}/json"
    assert page.side.one("pre").raw.removeprefix("\n") == (
        '{\n  "a": [\n    9007199254740993,\n    18446744073709551615\n  ],\n  "b": null\n}'
    )


def test_the_head_names_key_type_size_and_version(state: Store, browser: Browser) -> None:
    state.set("g", "k", [1])
    state.set("g", "k", [1, 2])
    side = browser.get(ITEM).side

    assert side.one("h2").raw == "k"
    assert side.all("p")[0].text == "array · 5 B · version 2"


def test_times_are_shown(state: Store, browser: Browser, clock: SetBackClock) -> None:
    clock.behind = 600
    state.set("g", "k", 1)
    clock.behind = 180
    state.set("g", "k", 2, ttl=180 + 290.9)
    clock.behind = 0
    expires, changed, created, version = browser.get(ITEM).side.all("dd")

    assert expires.text.startswith("in 4:50 ")
    assert "UTC" in created.text
    assert changed.text.startswith("3 min ago ")
    assert version.text == "2"


def test_an_item_without_expiry_says_never(state: Store, browser: Browser) -> None:
    state.set("g", "k", 1)

    assert browser.get(ITEM).side.all("dd")[0].text.startswith("never")


def test_the_list_stays_beside_the_item_and_marks_it(state: Store, browser: Browser) -> None:
    state.set_many("g", {"j": 1, "k": 1})
    page = browser.get(ITEM)

    assert page.column(1) == ["j", "k"]
    assert page.content.one("tr", aria_current="true").all("a")[0].text == "k"


def test_tabs_lead_to_the_views_and_close_back_to_the_list(state: Store, browser: Browser) -> None:
    state.set("g", "k", 1)
    page = browser.get("/groups/g?sort=-key").click("k")

    assert page.click("Edit").path == f"{ITEM}/edit?sort=-key"
    assert page.click("Operations").path == f"{ITEM}/operations?sort=-key"
    assert page.click("JSON").path == f"{ITEM}/json?sort=-key"
    assert page.click("Edit").click("Tree").path == f"{ITEM}?sort=-key"
    assert page.click("Close").path == "/groups/g?sort=-key"


def test_the_title_names_item_and_group(state: Store, browser: Browser) -> None:
    state.set("g", "k", 1)

    assert browser.get(ITEM).title == "k · g · stepstate"


@pytest.mark.parametrize(
    ("typed", "low", "high", "told"),
    [
        ("5m", 299, 300, "k expires in 5 min."),
        (" 2h ", 7199, 7200, "k expires in 2 h."),
        ("90", 89, 90, "k expires in 1 min 30 s."),
        ("never", math.inf, math.inf, "k never expires."),
    ],
)
def test_setting_the_ttl_leaves_the_value_alone(
    state: Store, browser: Browser, typed: str, low: float, high: float, told: str
) -> None:
    state.set("g", "k", [1], ttl=60)
    page = browser.get(ITEM).submit("Set TTL", ttl=typed)

    assert (page.path, page.notice) == (ITEM, told)
    assert low <= (state.ttl("g", "k") or 0) <= high
    assert dump(state)["g"][2][0][:3] == ("k", [1], 1)


@pytest.mark.parametrize("typed", ["0", "-1", "NaN", "soon", "", "1e3", "5 months", "9999999999", "+", "1999-01-01"])
def test_a_bad_ttl_is_refused_and_kept(state: Store, browser: Browser, typed: str) -> None:
    state.set("g", "k", 1, ttl=60)
    before = dump(state)
    page = browser.get(ITEM).submit("Set TTL", ttl=typed)

    assert page.status == 422
    assert page.field("ttl") == typed
    control = page.side.one("input", name="ttl")
    assert page.tree.one(id=control.attrs["aria-describedby"]).text == page.errors[0]
    assert dump(state) == before


def test_deleting_an_item(state: Store, browser: Browser) -> None:
    state.set_many("g", {"j": 1, "k": 1})
    page = browser.get("/groups/g?sort=-key").click("k").submit("Delete")

    assert (page.path, page.notice) == ("/groups/g?sort=-key", "Deleted k.")
    assert page.column(1) == ["j"]
    assert page.click("j").submit("Delete").path == "/"
    assert dump(state) == {}


@pytest.mark.parametrize("action", ["", "/edit", "/operations"])
def test_an_unknown_item_is_not_found(state: Store, browser: Browser, action: str) -> None:
    state.set("g", "other", 1)
    page = browser.get(ITEM + action)

    assert page.status == 404
    assert "There is no item “k” in the group “g”. It may have expired or been deleted." in page.text
    assert page.click("Group g").path == "/groups/g"


def test_a_ttl_for_an_item_that_is_gone_says_so(state: Store, browser: Browser) -> None:
    state.set_many("g", {"j": 1, "k": 1})
    page = browser.get(ITEM)
    state.delete("g", "k")

    after = page.submit("Set TTL", ttl="5m")
    assert after.status == 404
    assert "There is no item “k”" in after.text
    assert list(state.list("g")) == [1]


def test_deleting_an_item_that_is_gone_says_so(state: Store, browser: Browser) -> None:
    state.set_many("g", {"j": 1, "k": 1})
    page = browser.get(ITEM)
    state.delete("g", "k")

    assert page.submit("Delete").notice == "k had gone already."
    assert list(state.list("g")) == [1]


def test_an_expired_item_is_not_found(state: Store, browser: Browser, clock: SetBackClock) -> None:
    state.set("g", "k", 1, ttl=5)
    clock.behind = -5.1

    assert browser.get(ITEM).status == 404


@pytest.mark.parametrize(
    "path", ["/nothing", "/groups", "/groups/g/nothing", "/groups//items/k", "/groups/g/items/k/x"]
)
def test_an_unknown_page_is_not_found(browser: Browser, path: str) -> None:
    page = browser.get(path)

    assert page.status == 404
    assert "There is no such page." in page.text
    assert page.click("All groups").path == "/"


@pytest.mark.parametrize("segment", ["~", "~2e", "a%20b", ".hidden", "~FF", "%C3%A4", "a%0A"])
@pytest.mark.parametrize("path", ["/groups/{}", "/groups/{}/clear", "/groups/{}/items/k", "/groups/g/items/{}"])
def test_an_address_that_names_nothing_is_not_found(state: Store, browser: Browser, path: str, segment: str) -> None:
    state.set("g", "k", 1)
    page = browser.get(path.format(segment))

    assert page.status == 404
    assert "This address names no " in page.text
    assert page.click("All groups").status == 200


def test_a_name_that_is_too_long_is_refused_in_words(browser: Browser) -> None:
    page = browser.get(f"/groups/{'x' * 513}")

    assert page.status == 400
    assert "A group name is at most 512 bytes of UTF-8; this one has 513." in page.text


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/"), ("PUT", "/groups/g"), ("GET", "/groups/g/finish"), ("DELETE", ITEM)]
)
def test_what_is_not_possible_at_an_address_is_said(browser: Browser, method: str, path: str) -> None:
    response = browser.client.request(method, path)

    assert response.status_code == 405
    assert "Not possible here" in response.text
    assert "All groups" in response.text
    assert response.headers["Allow"]
