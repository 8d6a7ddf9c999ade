from __future__ import annotations

import pytest

from store import Store
from tests.dashboard.pages import Browser, Page
from tests.dashboard.support import dump


def in_group(browser: Browser) -> Page:
    return browser.get("/groups/g").click("Add item")


def test_an_item_of_a_new_group(state: Store, browser: Browser) -> None:
    page = browser.get("/").click("Add item").submit("Add item", group="g", key="k", value='{"a": 1}')

    assert (page.status, page.path, page.notice) == (200, "/groups/g/items/k", "Added k.")
    assert state.get("g", "k") == {"a": 1}
    assert state.ttl("g", "k") == float("inf")


def test_an_item_in_a_group(state: Store, browser: Browser) -> None:
    state.set("g", "first", 1)
    form = in_group(browser)
    page = form.submit("Add item", key="k", value="[1, 2]", ttl="5m")

    assert form.rows[0][1] == "first"  # the list stays beside the form
    assert page.notice == "Added k."
    assert state.get("g", "k") == [1, 2]
    assert 299 <= (state.ttl("g", "k") or 0) <= 300


def test_the_group_of_a_form_in_a_group_is_not_asked_for(state: Store, browser: Browser) -> None:
    state.set("g", "first", 1)

    assert in_group(browser).fields("group") == []


@pytest.mark.parametrize(
    ("typed", "low", "high"), [("", 59, 60), ("never", float("inf"), float("inf")), ("2h", 7199, 7200)]
)
def test_the_default_ttl_is_given_unless_another_is_typed(
    state: Store, browser: Browser, typed: str, low: float, high: float
) -> None:
    state.configure("g", default_ttl=60)
    in_group(browser).submit("Add item", key="k", value="1", ttl=typed)

    assert low <= (state.ttl("g", "k") or 0) <= high


def test_a_key_that_is_taken_is_refused_with_a_link(state: Store, browser: Browser) -> None:
    state.set("g", "k", "kept", ttl=600)
    before = dump(state)
    page = in_group(browser).submit("Add item", key="k", value='{"mine": 1}', ttl="5m")

    assert page.status == 409
    assert "There is an item under this key already" in page.errors[0]
    assert [page.field("key"), page.field("value"), page.field("ttl")] == ["k", '{"mine": 1}', "5m"]
    assert page.click("open it").path == "/groups/g/items/k"
    assert dump(state) == before


def test_a_key_that_is_taken_in_the_group_typed_is_refused(state: Store, browser: Browser) -> None:
    state.set("g", "k", "kept")
    page = browser.get("/add").submit("Add item", group="g", key="k", value="1")

    assert page.status == 409
    assert page.click("open it").path == "/groups/g/items/k"
    assert state.get("g", "k") == "kept"


def test_each_error_is_at_its_field_and_everything_typed_is_kept(state: Store, browser: Browser) -> None:
    typed = {"group": "g", "key": "k", "value": "{oops", "ttl": "soon"}
    page = browser.get("/add").submit("Add item", **typed)

    assert page.status == 422
    assert {name: page.field(name) for name in typed} == typed
    for name, words in (("value", "line 1"), ("ttl", "'soon' is not a duration")):
        control = page.tree.one("input", "textarea", name=name)
        assert control.attrs["aria-invalid"] == "true"
        assert words in page.tree.one("p", id=control.attrs["aria-describedby"]).text
    assert dump(state) == {}


@pytest.mark.parametrize("field", ["group", "key"])
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("", "A {} name must not be empty."),
        ("x" * 513, "A {} name is at most 512 bytes of UTF-8; this one has 513."),
        ("ü" * 257, "A {} name is at most 512 bytes of UTF-8; this one has 514."),
        ("a\0b", "A {} name must not contain NUL (at character 1)."),
    ],
)
def test_a_bad_name_is_refused_at_its_field(
    state: Store, browser: Browser, field: str, name: str, message: str
) -> None:
    typed = {"group": "g", "key": "k", field: name}
    page = browser.get("/add").submit("Add item", value="1", **typed)

    assert page.status == 422
    assert page.errors == [message.format(field)]
    assert page.tree.one("p", id=f"{field}-error").text == page.errors[0]
    assert [page.field("group"), page.field("key"), page.field("value")] == [typed["group"], typed["key"], "1"]
    assert dump(state) == {}


def test_a_bad_key_in_a_group_keeps_the_list_beside_it(state: Store, browser: Browser) -> None:
    state.set("g", "first", 1)
    page = in_group(browser).submit("Add item", key="", value="1")

    assert page.status == 422
    assert page.column(1) == ["first"]


def test_the_form_of_a_group_that_is_gone_still_works(state: Store, browser: Browser) -> None:
    state.set("g", "first", 1)
    form = in_group(browser)
    state.clear("g")

    refused = form.submit("Add item", key="k", value="?")
    assert refused.status == 422
    assert refused.submit("Add item", key="k", value="1").path == "/groups/g/items/k"
    assert state.get("g", "k") == 1


def test_adding_keeps_the_list_as_it_was(state: Store, browser: Browser) -> None:
    state.set_many("g", {"a1": 1, "a2": 1, "b": 1})
    form = browser.get("/groups/g?search=a&sort=-key").click("Add item")
    page = form.submit("Add item", key="a3", value="1")

    assert page.column(1) == ["a3", "a2", "a1"]
