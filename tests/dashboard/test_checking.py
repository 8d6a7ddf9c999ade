"""JSON texts checked while they are typed, and laid out by a button."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from store import Store
from tests.dashboard.pages import Browser
from tests.dashboard.support import dump

EDIT = "/groups/g/items/k/edit"
WRONG = [
    "",
    "{oops",
    '{\n  "a": NaN}',
    "[Infinity]",
    '{"a": 1,\n "a": 2}',
    '["\\ud800"]',
    "[18446744073709551616]",
    "[\n" * 255 + "]" * 255,
    '["tab\there"]',
    "[1,]",
    '"' + "x" * 100_000 + '"',
]


def check(client: TestClient, text: str, do: str = "") -> dict[str, Any]:
    response = client.post("/check", data={"value": text.replace("\n", "\r\n"), "do": do})
    assert response.status_code == 200
    answer: dict[str, Any] = response.json()
    return answer


@pytest.mark.parametrize("text", WRONG, ids=lambda text: ascii(text)[:20])
def test_what_is_checked_is_what_saving_says(state: Store, client: TestClient, browser: Browser, text: str) -> None:
    state.set("g", "k", 1)
    error = check(client, text)["error"]
    saved = browser.get(EDIT).submit("Save", value=text)
    told = saved.tree.one(id="value-error")

    assert saved.status == 422
    assert told.raw == error["message"]
    assert [told.attrs.get("data-line"), told.attrs.get("data-column")] == [
        str(error[place]) if error[place] else None for place in ("line", "column")
    ]


@pytest.mark.parametrize(
    "text", ["null", ' {"a": [1, 18446744073709551615, "\\ud83d\\ude00"]}\n', "[" * 254 + "]" * 254]
)
def test_what_can_be_saved_has_no_error(state: Store, client: TestClient, text: str) -> None:
    before = dump(state)

    assert check(client, text) == {"error": None, "text": None}
    assert dump(state) == before


def test_another_site_is_told_nothing(state: Store, client: TestClient) -> None:
    assert client.post("/check", data={"value": "1"}, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403


@pytest.mark.parametrize(
    ("do", "text"),
    [
        ("indented", '{\n  "n": [\n    9007199254740993,\n    2.0\n  ],\n  "s": "ü"\n}'),
        ("compact", '{"n":[9007199254740993,2.0],"s":"ü"}'),
    ],
)
def test_layouts_keep_the_value(state: Store, client: TestClient, do: str, text: str) -> None:
    assert check(client, ' {"n":[9007199254740993,\n2.0], "s": "\\u00fc" } ', do) == {"error": None, "text": text}
    assert check(client, "{", do)["error"]["line"] == 1


@pytest.mark.parametrize(
    ("button", "text"), [("Format", "[\n  1,\n  18446744073709551615\n]"), ("Compact", "[1,18446744073709551615]")]
)
def test_the_buttons_lay_out_what_is_typed_and_save_nothing(
    state: Store, browser: Browser, button: str, text: str
) -> None:
    state.set("g", "k", 1, ttl=600)
    before = dump(state)
    page = browser.get(EDIT).submit(button, value="[1 ,\n18446744073709551615]", ttl="5 parsecs")

    assert (page.status, page.field("value"), page.field("ttl")) == (200, text, "5 parsecs")
    assert "data-typed" in page.form("Save")[0].attrs
    assert dump(state) == before
    assert page.submit("Save", ttl="").notice == "Saved k."
    assert state.get("g", "k") == [1, 18446744073709551615]


def test_the_buttons_of_a_new_item_lay_out_what_is_typed(state: Store, browser: Browser) -> None:
    page = browser.get("/add").submit("Compact", group="g", key="k", value="[1, 2]", ttl="5m")

    assert [page.field(name) for name in ("group", "key", "value", "ttl")] == ["g", "k", "[1,2]", "5m"]
    assert dump(state) == {}
    assert page.submit("Add item").notice == "Added k."
    assert state.get("g", "k") == [1, 2]


@pytest.mark.parametrize("button", ["Format", "Compact"])
def test_what_is_no_json_is_not_laid_out(state: Store, browser: Browser, button: str) -> None:
    state.set("g", "k", 1)
    for page in (browser.get(EDIT), browser.get("/groups/g/add")):
        wrong = page.submit(button, value='{\n "a": x}')

        assert (wrong.status, wrong.field("value")) == (422, '{\n "a": x}')
        assert wrong.tree.one(id="value-error").attrs["data-line"] == "2"


def test_laying_out_in_a_conflict_keeps_the_conflict(state: Store, browser: Browser) -> None:
    state.set("g", "k", {"a": 1, "b": 1})
    editor = browser.get(EDIT)
    state.set("g", "k", {"a": 1, "b": 2})
    page = editor.submit("Save", value='{"a": 2, "b": 1}').submit("Format")

    assert page.field("value") == '{\n  "a": 2,\n  "b": 1\n}'
    assert page.submit("Merge both").submit("Save").notice == "Saved k."
    assert state.get("g", "k") == {"a": 2, "b": 2}
