"""The issue's list of bad input, through every form that takes it: each says what is wrong, and writes nothing."""

from __future__ import annotations

import gc
from collections.abc import Callable

import pytest

from store import OP_TYPES, Store
from tests.dashboard.pages import Browser, Page
from tests.dashboard.support import dump

Form = Callable[[Browser, str], Page]


def through_add(browser: Browser, value: str) -> Page:
    return browser.get("/groups/g/add").submit("Add item", key="new", value=value)


def through_edit(browser: Browser, value: str) -> Page:
    return browser.get("/groups/g/items/k/edit").submit("Save", value=value)


def through_operation(browser: Browser, value: str) -> Page:
    return browser.get("/groups/g/items/k/operations").submit("Apply 1 operation", value=value, path="x")


VALUE_FORMS = pytest.mark.parametrize("form", [through_add, through_edit, through_operation])


@VALUE_FORMS
@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("", "Not JSON: the text is empty"),
        ("{'a': 1}", "at line 1, column 2"),
        ("[1, 2,]", "at line 1, column 6"),
        ("pending", "at line 1, column 1"),
        ("{} {}", "at line 1, column 4"),
        ("NaN", "at line 1, column 1"),
        ("[Infinity]", "at line 1, column 2"),
        ("-Infinity", "at line 1, column 2"),
        ("1e999", "at line 1, column 1"),
        ("[18446744073709551616]", "an integer outside -2^63 to 2^64-1, at line 1, column 2"),
        ("-9223372036854775809", "an integer outside -2^63 to 2^64-1, at line 1, column 1"),
        ("9" * 25, "an integer outside -2^63 to 2^64-1, at line 1, column 1"),
        ("9" * 5000, "at line 1, column 1"),
        ('{"a": "\\ud800"}', "at line 1, column"),
        ('"\\udc00\\ud800"', "at line 1, column"),
        ("[" * 5000 + "]" * 5000, "Not JSON: "),
        ("\ufeff1", "Not JSON: "),
    ],
)
def test_a_value_that_json_cannot_carry(state: Store, browser: Browser, form: Form, value: str, words: str) -> None:
    state.set("g", "k", {"a": 1})
    before = dump(state)
    page = form(browser, value)

    assert page.status == 422
    assert len(page.errors) == 1
    assert words in page.errors[0]
    assert value in page.fields("value")
    assert dump(state) == before


@VALUE_FORMS
def test_a_value_over_the_limit(state: Store, browser: Browser, form: Form) -> None:
    state.set("g", "k", {"a": 1})
    before = dump(state)
    value = f'"{"x" * 99_999}"'
    page = form(browser, value)

    assert page.status == 422
    assert "bytes of JSON; at most 100,000 are allowed." in page.errors[0]
    assert value in page.fields("value")
    assert dump(state) == before


@pytest.mark.parametrize("form", [through_add, through_edit])
def test_a_value_at_the_limit_is_stored(state: Store, browser: Browser, form: Form) -> None:
    state.set("g", "k", {"a": 1})

    assert form(browser, f'"{"🛒" * 24_999}.."').status == 200


@VALUE_FORMS
def test_a_body_far_over_the_limit_is_not_read(state: Store, browser: Browser, form: Form) -> None:
    state.set("g", "k", {"a": 1})
    before = dump(state)
    page = form(browser, "x" * 30_000_000)

    assert page.status == 413
    assert page.title == "Too large · stepstate"
    assert "a value is at most 97.7 KB." in page.text
    assert page.click("All groups").status == 200
    assert dump(state) == before


@pytest.mark.parametrize("operation", OP_TYPES)
@pytest.mark.parametrize("value", [None, "text", 1.5, True, [1], {"n": "text"}])
def test_an_operation_on_the_wrong_type_is_refused_at_its_row(
    state: Store, browser: Browser, operation: str, value: object
) -> None:
    state.set("g", "k", value)
    before = dump(state)
    typed = {"increment": "1", "decrement": "1", "merge": '{"a": 1}'}.get(operation, "[1]")
    form = browser.get("/groups/g/items/k/operations")
    page = form.submit("Apply 1 operation", type=operation, path='["n", "deep"]', value=typed)

    if page.status == 200:  # the operation can apply to this type
        assert page.notice == "Applied 1 operation to k."
    else:
        assert page.status == 422
        assert page.tree.one(id="op-1-error").text == page.errors[0]
        assert dump(state) == before


@pytest.mark.parametrize("typed", ["increment", "decrement", "append", "merge"])
def test_an_operation_that_does_not_fit_the_field_is_refused(state: Store, browser: Browser, typed: str) -> None:
    state.set("g", "k", {"n": True})
    form = browser.get("/groups/g/items/k/operations")
    page = form.submit("Apply 1 operation", type=typed, path="n", value="1")

    assert page.status == 422
    assert len(page.errors) == 1
    assert dump(state)["g"][2][0][1:3] == ({"n": True}, 1)


@pytest.mark.parametrize("typed", ["0", "-1", "NaN", "soon", "inf", "30m1h", "٣", "0s", "3153600001"])
@pytest.mark.parametrize(
    ("path", "button", "field", "others"),
    [
        ("/groups/g/add", "Add item", "ttl", {"key": "new", "value": "1"}),
        ("/groups/g/items/k/edit", "Save", "ttl", {"value": "2"}),
        ("/groups/g/items/k", "Set TTL", "ttl", {}),
        ("/groups/g/settings", "Save", "default_ttl", {}),
        ("/cleanup", "Preview", "idle", {}),
    ],
)
def test_a_time_that_is_none(
    state: Store, browser: Browser, path: str, button: str, field: str, others: dict[str, str], typed: str
) -> None:
    state.set("g", "k", 1, ttl=600)
    before = dump(state)
    page = browser.get(path).submit(button, **{field: typed}, **others)

    assert page.status == 422
    assert len(page.errors) == 1
    assert "is out of range: a duration is more than 0" in page.errors[0] or "is not a duration" in page.errors[0]
    assert page.field(field) == typed
    assert dump(state) == before


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "text/plain", "multipart/form-data", "multipart/form-data; boundary=x", ""],
)
def test_a_body_that_is_no_form_is_refused_in_words(state: Store, browser: Browser, content_type: str) -> None:
    state.set("g", "k", 1)
    before = dump(state)
    headers = {"Content-Type": content_type}
    response = browser.client.post("/groups/g/items/k/edit", content=b'{"value": "2"}', headers=headers)

    assert response.status_code in (400, 409, 422)
    assert "Traceback" not in response.text
    assert dump(state) == before


def test_too_many_fields_are_refused_in_words(state: Store, browser: Browser) -> None:
    state.set("g", "k", 1)
    page = browser.post("/groups/g/delete", {"key": ["k"] * 10_001})

    assert page.status == 400
    assert "Too many fields" in page.text
    assert state.get("g", "k") == 1


def test_a_field_that_is_a_file_is_refused_and_not_left_open(state: Store, browser: Browser) -> None:
    state.set("g", "k", 1)
    response = browser.client.post("/groups/g/items/k/ttl", files={"ttl": ("5m.txt", b"5m")})
    gc.collect()  # a file that was left open warns as it goes

    assert response.status_code in (400, 422)
    assert state.ttl("g", "k") == float("inf")


DEEP = "[" * 255 + "]" * 255


@pytest.mark.parametrize(
    ("address", "button", "typed"),
    [
        ("/groups/g/items/k/edit", "Save", {"value": DEEP}),
        ("/groups/g/add", "Add item", {"key": "new", "value": DEEP}),
        ("/groups/g/items/k/operations", "Apply 1 operation", {"path": "", "value": DEEP}),
        ("/groups/g/items/k/operations", "Apply 1 operation", {"path": "a", "value": DEEP[1:-1]}),
    ],
)
def test_a_value_nested_too_deep_is_refused_where_it_was_typed(
    state: Store, browser: Browser, address: str, button: str, typed: dict[str, str]
) -> None:
    state.set("g", "k", {})
    page = browser.get(address).submit(button, **typed)

    assert page.status == 422
    assert "ested more than 254 levels deep" in page.side.text
    assert {name: page.field(name) for name in typed} == typed
    assert [(item.key, item.value) for item in state.items("g").items] == [("k", {})]
