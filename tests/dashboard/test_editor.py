from __future__ import annotations

import math

import pytest

from dashboard.rendering import environment
from store import Store
from tests.dashboard.pages import Browser
from tests.dashboard.support import dump

EDIT = "/groups/g/items/k/edit"


def test_the_editor_holds_the_formatted_value(state: Store, browser: Browser) -> None:
    state.set("g", "k", {"n": 18446744073709551615, "s": "a\nb"})

    assert browser.get(EDIT).field("value") == '{\n  "n": 18446744073709551615,\n  "s": "a\\nb"\n}'


def test_saving_stores_what_was_typed(state: Store, browser: Browser) -> None:
    state.set("g", "k", 1)
    page = browser.get("/groups/g?sort=-key").click("k").click("Edit").submit("Save", value='{"a": 9007199254740993}')

    assert (page.path, page.notice) == ("/groups/g/items/k?sort=-key", "Saved k.")
    assert state.get("g", "k") == {"a": 9007199254740993}


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        " \n ",
        {"": {"</textarea>": ["<script>", "&amp;", "\r\n\t\x00", "\u2028 🛒"]}},
        [9007199254740993, 18446744073709551615, -9223372036854775808, 2.0, 1e300, -0.0],
    ],
)
def test_saving_unchanged_keeps_the_value(state: Store, browser: Browser, value: object) -> None:
    state.set("g", "k", value)
    browser.get(EDIT).submit("Save")

    assert repr(state.get("g", "k")) == repr(value)
    assert dump(state)["g"][2][0][2] == 2


def test_a_value_near_the_limit_can_be_saved_as_the_editor_shows_it(state: Store, browser: Browser) -> None:
    value = [[1]] * 24_000  # 96,001 bytes of 100,000; in the editor each is three lines
    state.set("g", "k", value)
    page = browser.get(EDIT).submit("Save")

    assert page.status == 200
    assert dump(state)["g"][2][0][2] == 2


@pytest.mark.parametrize(
    ("typed", "before", "low", "high"),
    [
        ("", 600, 599, 600),
        ("", None, math.inf, math.inf),
        ("5m", 600, 299, 300),
        ("5m", None, 299, 300),
        ("never", 600, math.inf, math.inf),
    ],
)
def test_saving_keeps_the_ttl_unless_another_is_typed(
    state: Store, browser: Browser, typed: str, before: float | None, low: float, high: float
) -> None:
    state.set("g", "k", 1, ttl=before)
    state.configure("g", default_ttl=7)
    browser.get(EDIT).submit("Save", value="2", ttl=typed)

    assert low <= (state.ttl("g", "k") or 0) <= high
    assert state.get("g", "k") == 2


def test_the_form_says_what_an_empty_ttl_keeps(state: Store, browser: Browser) -> None:
    state.set("g", "k", 1, ttl=290.9)
    assert "Empty keeps the expiry (in 4:50)." in browser.get(EDIT).side.text

    state.persist("g", "k")
    assert "Empty keeps it without expiry." in browser.get(EDIT).side.text


@pytest.mark.parametrize(
    "typed",
    [
        "{oops",
        '\n\n  {"a": }',
        "\n\n\n",
        "",
        "</textarea><script>alert(1)</script>",
        '"<b>&amp;&lt;\u2028"x',
        "\ttabs\n and  spaces ",
    ],
)
def test_what_was_typed_is_kept_exactly_if_it_is_no_json(state: Store, browser: Browser, typed: str) -> None:
    state.set("g", "k", 1)
    before = dump(state)
    page = browser.get(EDIT).submit("Save", value=typed, ttl="<5m>")

    assert page.status == 422
    assert [page.field("value"), page.field("ttl")] == [typed, "<5m>"]
    assert "<script>alert" not in page.source
    assert "\r" not in page.source  # the line ends that browsers send do not come back
    assert dump(state) == before


def test_an_error_has_line_and_column(state: Store, browser: Browser) -> None:
    state.set("g", "k", 1)
    page = browser.get(EDIT).submit("Save", value='{\n  "a": 1,\n  "b": oops\n}')
    error = page.tree.one(id="value-error")

    assert error.text.endswith("at line 3, column 8.")
    assert (error.attrs["data-line"], error.attrs["data-column"]) == ("3", "8")
    assert page.side.one("textarea").attrs["aria-describedby"] == "value-error"


def test_a_bad_ttl_keeps_the_value_typed(state: Store, browser: Browser) -> None:
    state.set("g", "k", 1)
    page = browser.get(EDIT).submit("Save", value="[2]", ttl="soon")

    assert (page.status, page.field("value"), page.field("ttl")) == (422, "[2]", "soon")
    assert "'soon' is not a duration" in page.errors[0]
    assert state.get("g", "k") == 1


def test_a_corrected_form_saves(state: Store, browser: Browser) -> None:
    state.set("g", "k", 1)
    page = browser.get(EDIT).submit("Save", value="[2").submit("Save", value="[2]")

    assert page.notice == "Saved k."
    assert state.get("g", "k") == [2]


def test_a_text_of_over_a_megabyte_gets_a_plain_field(
    state: Store, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert environment().globals["edited_text"] == 1024 * 1024
    monkeypatch.setitem(environment().globals, "edited_text", 100)
    state.set("g", "k", "x" * 98)
    assert browser.get(EDIT).tree.all("json-editor")
    assert "plain text field" not in browser.get(EDIT).text

    state.set("g", "k", "x" * 99)
    large = browser.get(EDIT)
    assert not large.tree.all("json-editor")
    assert "Over 1 MB: this is a plain text field" in large.side.text
    assert large.submit("Save").notice == "Saved k."
