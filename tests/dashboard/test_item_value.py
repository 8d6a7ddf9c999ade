"""Looking around in a value: parts of its tree and its text, what is found in it, and the file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import orjson
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from dashboard.urls import encode_name
from store import Store, open_store
from tests.dashboard.pages import PARTIAL, Browser, Node, Page
from tests.dashboard.support import ODD_NAMES

ITEM = "/groups/g/items/k"
NUMBERS = {"numbers": list(range(1000)), "name": "x"}


def rows(part: Page | Node) -> list[str]:
    return [node.text for node in (part.tree if isinstance(part, Page) else part).all(class_="row")]


def at(*steps: str | int) -> str:
    return quote(orjson.dumps(steps).decode())


def tree(page: Page) -> Node:
    return page.side.one("ul", id="tree")


def link(page: Page, text: str) -> Node:
    return next(node for node in page.side.all("a") if node.text == text)


def test_the_next_members_are_a_link_away(state: Store, browser: Browser) -> None:
    state.set("g", "k", NUMBERS)
    page = browser.get(f"{ITEM}?sort=-key")
    second = page.click("next 100 of 1,000")

    assert second.path == f"{ITEM}?at=%5B%22numbers%22%5D&from=100&sort=-key"
    assert rows(second.side)[0] == "100: 100"
    assert rows(second.side)[-1] == "199: 199"
    assert second.side.one("nav", class_="way").text == "value › numbers"
    assert second.click("next 100 of 1,000").click("the 100 before").path == second.path
    assert second.click("From the start").click("value").path == f"{ITEM}?sort=-key"


def test_the_next_members_are_put_in_place_of_their_link(state: Store, browser: Browser) -> None:
    state.set("g", "k", NUMBERS)
    page = browser.get(f"{ITEM}?sort=-key")
    part = Page(Browser(browser.client, part=True), "GET", link(page, "next 100 of 1,000").attrs["hx-get"])

    (item,) = [node for node in part.tree.children if isinstance(node, Node)]
    placeholder = next(node for node in page.side.all("li", class_="more"))
    assert (item.tag, item.attrs["id"]) == ("li", placeholder.attrs["id"])
    assert item.attrs["data-part"] == part.path
    assert rows(part) == [f"{number}: {number}" for number in range(100, 200)]
    assert "sort=-key" in part.tree.all("a")[-1].attrs["hx-get"]


def test_a_branch_that_is_closed_opens_in_its_place_or_alone(state: Store, browser: Browser) -> None:
    state.set("g", "k", {"records": [{"id": number, "tags": ["a", number]} for number in range(90)]})
    page = browser.get(ITEM)
    closed = next(node for node in page.side.all("a", class_="row shut") if node.text.startswith("7: { 2 fields }"))
    (row,) = [node for node in page.side.all("li") if closed in node.children]
    part = Page(browser, "GET", closed.attrs["hx-get"])

    assert part.tree.all("li")[0].attrs["id"] == row.attrs["id"]
    assert rows(part)[1:] == ["id: 7", 'tags: [ 2 elements ] "a", 7', '0: "a"', "1: 7"]
    alone = browser.get(closed.attrs["href"])
    assert rows(alone.side) == rows(part)[1:]
    assert alone.side.one("nav", class_="way").text == "value › records › 7"


def test_a_long_string_opens_part_by_part(state: Store, browser: Browser) -> None:
    text = "\n" + "line <b>\n" * 5000
    state.set("g", "k", {"text": text})
    page = browser.get(ITEM)
    (asked,) = [node for node in page.side.all("a") if node.text == "show all 45,001"]
    shown, part = "", Page(browser, "GET", asked.attrs["hx-get"])
    alone, alone_shown = browser.get(asked.attrs["href"]), ""
    assert part.tree.all("li")[0].attrs["data-part"] == part.path
    while True:
        shown += part.tree.one("pre").raw.removeprefix("\n")
        alone_shown += tree(alone).one("pre").raw.removeprefix("\n")
        more = part.tree.all("a")
        if not more:
            break
        part, alone = Page(browser, "GET", more[0].attrs["hx-get"]), alone.click("show more")

    assert shown == alone_shown == text


def test_the_text_is_shown_part_by_part(state: Store, browser: Browser) -> None:
    value = list(range(5000))
    state.set("g", "k", value)
    whole = orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()
    page = browser.get(f"{ITEM}/json")
    part = Page(browser, "GET", link(page, "show more").attrs["hx-get"])
    second = page.click("show more")

    first = page.side.one("pre").raw.removeprefix("\n")
    assert whole.startswith(first)
    assert part.tree.one("pre").raw == second.side.one("pre").raw
    assert whole[len(first) :].startswith(second.side.one("pre").raw.removeprefix("\n"))
    assert part.tree.all("div")[0].attrs["id"] == f"text-{len(first)}"
    assert second.click("From the start").path == f"{ITEM}/json"
    assert second.click("show more").click("the part before").side.one("pre").raw.lstrip() in whole


def test_remembered_columns_leave_the_place_in_the_value_alone(state: Store, browser: Browser) -> None:
    state.set("g", "k", {"a": {"b": [*range(300)]}})
    browser.post("/groups/g/columns", {"column": "a"})
    page = browser.get(f"{ITEM}?at={at('a', 'b')}&from=200&find=7")

    assert "columns=a" in page.path
    assert rows(tree(page))[0] == "200: 200"
    assert page.field("find") == "7"


@pytest.mark.parametrize("path", [f"?at={at('gone')}", "?at=nonsense", f"?at={at('a', 0)}"])
def test_a_place_that_is_not_there_is_told(state: Store, browser: Browser, path: str) -> None:
    state.set("g", "k", {"a": 1})
    page = browser.get(ITEM + path)

    assert page.status == 404
    assert page.errors == ["There is nothing at this place in the value any more. Show the whole value"]
    assert page.click("Show the whole value").path == ITEM
    assert browser.client.get(f"{ITEM}/part{path}").status_code == 404
    assert browser.client.get(f"{ITEM}/raw{path}").status_code == 404


@pytest.mark.parametrize("start", ["-1", "x", "9" * 30, "", "٣", "1.5"])
@pytest.mark.parametrize("path", ["", "/json", "/part", "/json/part"])
def test_a_number_that_is_none_does_no_harm(state: Store, browser: Browser, path: str, start: str) -> None:
    state.set("g", "k", {"a": 1})

    assert browser.get(f"{ITEM}{path}?from={start}").status == 200


@pytest.mark.parametrize("path", ["/part", "/json/part", "/found?find=x"])
def test_what_was_to_be_put_in_place_of_a_page_that_is_gone_takes_its_place(
    state: Store, browser: Browser, path: str
) -> None:
    response = browser.client.get(f"{ITEM}{path}", headers=PARTIAL)

    assert response.status_code == 404
    assert response.headers["HX-Retarget"] == "#page"
    assert response.headers["HX-Reswap"] == "innerHTML"
    assert "There is no group" in response.text or "There is no item" in response.text


def test_searching_lists_where_a_text_is(state: Store, browser: Browser) -> None:
    state.set("g", "k", {"customer": {"email": "ada@example.org"}, "email": None, "other": 1})
    page = browser.get(f"{ITEM}?sort=-key").submit("Find", find="EMAIL")

    found = page.side.one("div", id="found")
    assert found.one("p").text == "2 places with “EMAIL”"
    assert [node.text for node in found.all("a")] == [
        'customer › email: "ada@example.org"'.replace('"', ""),
        "email: null",
    ]
    assert [node.text for node in found.all("mark")] == ["email", "email"]
    opened = browser.get(found.all("a")[0].attrs["href"].partition("#")[0])
    assert opened.side.one("li", class_="marked").text == 'email: "ada@example.org"'
    assert opened.field("find") == "EMAIL"
    assert "sort=-key" in opened.path


def test_a_place_that_was_found_is_an_anchor(state: Store, browser: Browser) -> None:
    state.set("g", "k", {"list": list(range(1000)), "needle": {"x": 1}})
    page = browser.get(f"{ITEM}?find=777")
    address, _, anchor = page.side.one("div", id="found").all("a")[0].attrs["href"].partition("#")

    assert browser.get(address).side.one(id=anchor).text == "777: 777"


def test_searching_while_typing_gets_the_list_alone(state: Store, browser: Browser) -> None:
    state.set("g", "k", ["x"] * 200)
    box = browser.get(ITEM).side.one("input", type="search")
    part = Page(browser, "GET", f"{box.attrs['hx-get']}?find=x")

    assert part.tree.all("div")[0].attrs["id"] == "found"
    assert part.tree.one("p").text == "100+ places with “x”, the first of which are"
    assert len(part.tree.all("li")) == 100
    assert Page(browser, "GET", f"{box.attrs['hx-get']}?find=y").text == "No name and no value contains “y”."
    assert Page(browser, "GET", f"{box.attrs['hx-get']}?find=").text == ""


@pytest.mark.parametrize("name", ODD_NAMES, ids=lambda name: ascii(name)[:40])
def test_any_name_can_be_opened_and_found(state: Store, browser: Browser, name: str) -> None:
    state.set("g", "k", {"x": 1, name: {name: [*range(150)]}})
    page = browser.get(ITEM)
    inside = browser.get(f"{ITEM}?at={at(name, name)}&from=100")
    found = Page(browser, "GET", f"{ITEM}?find={quote(name)}")

    assert rows(page.click("next 50 of 150").side) == rows(inside.side)
    assert rows(inside.side)[0] == "100: 100"
    if name.strip():  # else there is nothing to look for
        assert len(found.side.one("div", id="found").all("li")) == 2
    assert browser.client.get(f"{ITEM}/raw?at={at(name, name, 7)}").json() == 7


def test_a_link_goes_to_another_window_and_tells_it_nothing(state: Store, browser: Browser) -> None:
    state.set("g", "k", {"good": "https://example.org/?a=1&b=2", "bad": "javascript:alert(1)"})
    (link,) = [node for node in tree(browser.get(ITEM)).all("a") if "target" in node.attrs]

    assert link.attrs == {"href": "https://example.org/?a=1&b=2", "target": "_blank", "rel": "noopener noreferrer"}


def test_a_moment_is_shown_beside_the_number(state: Store, browser: Browser) -> None:
    state.set("g", "k", {"expires": 1_795_521_600, "n": 1_795_521_600})

    assert rows(tree(browser.get(ITEM))) == ["expires: 1795521600 2026-11-24 12:00:00 UTC", "n: 1795521600"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"a": [18446744073709551615, 1.0]}, '{\n  "a": [\n    18446744073709551615,\n    1.0\n  ]\n}'),
        ("text", '"text"'),
        (None, "null"),
    ],
)
def test_the_file_holds_the_exact_value(state: Store, browser: Browser, value: Any, text: str) -> None:
    state.set("g", "k 1", value)
    response = browser.client.get("/groups/g/items/k~201/raw")

    assert response.text == text
    assert response.headers["Content-Disposition"] == f'attachment; filename="{encode_name("k 1")}.json"'
    assert response.headers["Content-Length"] == str(len(text))
    assert response.headers["Content-Type"] == "application/json"


def test_the_file_can_be_of_a_part(state: Store, browser: Browser) -> None:
    state.set("g", "k", {"a": {"b": [1, {"c": 18446744073709551615}]}})

    assert browser.client.get(f"{ITEM}/raw?at={at('a', 'b', 1)}").text == '{\n  "c": 18446744073709551615\n}'
    assert browser.client.get(f"{ITEM}/raw?at={at('a', 'b', 0)}").text == "1"


def deep() -> Any:
    value: Any = [0] * 20_000
    for _ in range(250):
        value = [value]
    return value


LARGE: dict[str, Callable[[], Any]] = {
    "records": lambda: [{"id": number, "name": "user", "tags": ["a", number]} for number in range(60_000)],
    "numbers": lambda: list(range(500_000)),
    "string": lambda: '<"line">\n' * 600_000,
    "deep": deep,
    "names": lambda: {f"{'<' * 3000}{number}": "&" * 3000 for number in range(800)},
}


@pytest.mark.parametrize("make", LARGE.values(), ids=LARGE)
def test_a_value_of_megabytes_makes_no_large_page(make: Callable[[], Any], client: TestClient) -> None:
    value = make()
    app = client.app
    assert isinstance(app, Starlette)
    with open_store("memory://", sweep_interval=None) as state:
        app.state.store = state
        state.set("g", "k", value)
        for path in ("", "/json", "/part", "/json/part", "/found?find=a", "/found?find=1", f"?at={at(0)}"):
            response = client.get(ITEM + path)
            assert response.status_code in (200, 404)
            assert len(response.content) < 150_000, path
        assert orjson.loads(client.get(f"{ITEM}/raw").content) == value
