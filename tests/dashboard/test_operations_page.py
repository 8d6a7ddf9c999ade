from __future__ import annotations

import math
from urllib.parse import urlencode

import pytest

from dashboard.calls import Call
from dashboard.rows import MAX_ROWS
from store import OP_TYPES, Store
from tests.dashboard.pages import Browser, Node, Page, Typed, parse
from tests.dashboard.support import dump

OPERATIONS = "/groups/g/items/k/operations"
ONE = "Apply 1 operation"


def with_rows(page: Page, *rows: tuple[str, str, str]) -> Page:
    """The form with these operations typed in, by pressing for another row as often as needed."""
    for _ in rows[1:]:
        page = page.submit("+ Operation")
    types, paths, values = zip(*rows, strict=True)
    return page.submit("+ Operation", type=types, path=paths, value=values).submit(f"Remove operation {len(rows) + 1}")


def rows_of(page: Page) -> list[tuple[str, str, str]]:
    columns = (page.fields(name) for name in ("type", "path", "value"))
    return list(zip(*columns, strict=True))


def error_at(page: Page, row: int) -> str:
    control = page.tree.one("input", aria_label=f"Field of operation {row}")
    return page.tree.one(id=control.attrs["aria-describedby"]).text


def test_the_form_has_one_row_and_knows_all_operations(state: Store, browser: Browser) -> None:
    state.set("g", "k", {})
    page = browser.get(OPERATIONS)

    assert rows_of(page) == [("set", "", "")]
    assert tuple(option.text for option in page.side.one("select", name="type").all("option")) == OP_TYPES


@pytest.mark.parametrize(
    ("row", "after"),
    [
        (("set", "status", '"paid"'), {"status": "paid", "n": 1, "list": [1], "deep": {"x": 1}}),
        (("set", "", "[18446744073709551615]"), [18446744073709551615]),
        (("merge", "", '{"n": 2}'), {"n": 2, "list": [1], "deep": {"x": 1}}),
        (("merge", "deep", '{"y": 2}'), {"n": 1, "list": [1], "deep": {"x": 1, "y": 2}}),
        (("increment", "n", "5"), {"n": 6, "list": [1], "deep": {"x": 1}}),
        (("increment", "n", ""), {"n": 2, "list": [1], "deep": {"x": 1}}),
        (("decrement", "n", "0.5"), {"n": 0.5, "list": [1], "deep": {"x": 1}}),
        (("append", "list", "[2]"), {"n": 1, "list": [1, [2]], "deep": {"x": 1}}),
        (("remove", "n", ""), {"list": [1], "deep": {"x": 1}}),
        (("remove", "n", "whatever {"), {"list": [1], "deep": {"x": 1}}),
        (("increment", '["deep", "x"]', "1"), {"n": 1, "list": [1], "deep": {"x": 2}}),
        (("set", '["new.name", "y"]', "null"), {"n": 1, "list": [1], "deep": {"x": 1}, "new.name": {"y": None}}),
        (("set", "deep.x", "2"), {"n": 1, "list": [1], "deep": {"x": 1}, "deep.x": 2}),
        (("set", '["[no list"]', "2"), {"n": 1, "list": [1], "deep": {"x": 1}, "[no list": 2}),
    ],
)
def test_an_operation_is_applied(state: Store, browser: Browser, row: tuple[str, str, str], after: object) -> None:
    state.set("g", "k", {"n": 1, "list": [1], "deep": {"x": 1}}, ttl=600)
    page = with_rows(browser.get(OPERATIONS), row).submit(ONE)

    assert (page.status, page.path, page.notice) == (200, "/groups/g/items/k", "Applied 1 operation to k.")
    assert state.get("g", "k") == after
    assert 599 <= (state.ttl("g", "k") or 0) <= 600


def test_several_operations_apply_in_order(state: Store, browser: Browser) -> None:
    state.set("g", "k", {"n": 1})
    page = with_rows(browser.get(OPERATIONS), ("set", "n", "10"), ("increment", "n", "5"), ("decrement", "n", "1"))

    assert page.submit("Apply 3 operations").notice == "Applied 3 operations to k."
    assert dump(state)["g"][2][0][:3] == ("k", {"n": 14}, 2)


def test_a_preview_shows_what_would_change_and_writes_nothing(state: Store, browser: Browser) -> None:
    state.set("g", "k", {"n": 1, "s": "<b>"})
    before = dump(state)
    page = with_rows(browser.get(OPERATIONS), ("increment", "n", "5")).submit("Preview")

    difference = page.side.one(class_="diff")
    assert page.status == 200
    assert "What would change" in page.side.text
    assert [node.text for node in difference.all("del")] == ['"n": 1']
    assert [node.text for node in difference.all("ins")] == ['"n": 6']
    assert rows_of(page) == [("increment", "n", "5")]
    assert dump(state) == before
    assert page.submit(ONE).notice == "Applied 1 operation to k."


def test_a_preview_of_no_change_says_so(state: Store, browser: Browser) -> None:
    state.set("g", "k", {"n": 1})

    assert "No difference." in with_rows(browser.get(OPERATIONS), ("remove", "x", "")).submit("Preview").side.text


def test_the_first_button_of_the_form_writes_nothing(state: Store, browser: Browser) -> None:
    state.set("g", "k", {"n": 1})
    form, _ = browser.get(OPERATIONS).form(ONE)

    assert form.all("button")[0].attrs["value"] == "preview"  # which is what Enter presses


def test_adding_and_removing_rows_keeps_what_was_typed(state: Store, browser: Browser) -> None:
    state.set("g", "k", {"n": 1})
    before = dump(state)
    typed = [("increment", '"><b>', "{ no json"), ("remove", " a  b ", ""), ("append", "[", "</textarea>")]
    page = with_rows(browser.get(OPERATIONS), *typed)

    assert rows_of(page) == typed
    assert rows_of(page.submit("+ Operation")) == [*typed, ("set", "", "")]
    assert rows_of(page.submit("Remove operation 2")) == [typed[0], typed[2]]
    assert dump(state) == before


def test_removing_the_last_row_leaves_an_empty_one(state: Store, browser: Browser) -> None:
    state.set("g", "k", 1)

    assert rows_of(with_rows(browser.get(OPERATIONS), ("remove", "x", "")).submit("Remove operation 1")) == [
        ("set", "", "")
    ]


@pytest.mark.parametrize("button", ["Preview", "Apply 3 operations"])
def test_a_rejected_operation_is_shown_at_its_row(state: Store, browser: Browser, button: str) -> None:
    state.set("g", "k", {"n": "text"})
    before = dump(state)
    rows = [("set", "a", "1"), ("increment", "n", "1"), ("append", "n", "2")]
    page = with_rows(browser.get(OPERATIONS), *rows).submit(button)

    assert page.status == 422
    assert rows_of(page) == rows
    assert page.errors == [error_at(page, 2), error_at(page, 3)]
    assert page.errors == ["The target is a string, not a number.", "Cannot append a number to a string."]
    assert dump(state) == before


@pytest.mark.parametrize("button", ["Preview", "Apply 2 operations"])
def test_a_value_that_is_no_json_is_shown_at_its_row(state: Store, browser: Browser, button: str) -> None:
    state.set("g", "k", {"n": 1})
    before = dump(state)
    page = with_rows(browser.get(OPERATIONS), ("set", "a", "1"), ("set", "b", "{oops <b>")).submit(button)

    assert page.status == 422
    assert error_at(page, 2).startswith("Not JSON: ")
    assert len(page.errors) == 1
    assert dump(state) == before


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (("increment", "n", '"1"'), "increment needs by: an integer from -2^63 to 2^64-1, or a finite float"),
        (("decrement", "n", "null"), "decrement needs by"),
        (("increment", "n", "true"), "increment needs by"),
    ],
)
def test_an_operation_that_is_not_well_formed_is_shown_at_its_row(
    state: Store, browser: Browser, row: tuple[str, str, str], words: str
) -> None:
    state.set("g", "k", {"n": 1})
    page = with_rows(browser.get(OPERATIONS), ("set", "a", "1"), row).submit("Apply 2 operations")

    assert page.status == 422
    assert words.lower() in error_at(page, 2).lower()
    assert state.get("g", "k") == {"n": 1}


def test_an_unknown_operation_is_shown_at_its_row(state: Store, browser: Browser) -> None:
    state.set("g", "k", {"n": 1})
    page = browser.post(OPERATIONS, {"type": "multiply", "path": "n", "value": "2", "action": "apply"})

    assert page.status == 422
    assert error_at(page, 1).startswith("Unknown type 'multiply'; types are set, merge, increment")
    assert state.get("g", "k") == {"n": 1}


def test_an_increment_beyond_64_bits_is_rejected(state: Store, browser: Browser) -> None:
    state.set("g", "k", {"n": 18446744073709551615})
    page = with_rows(browser.get(OPERATIONS), ("increment", "n", "1")).submit(ONE)

    assert page.status == 422
    assert error_at(page, 1)
    assert state.get("g", "k") == {"n": 18446744073709551615}


@pytest.mark.parametrize(("path", "value"), [("a", f'"{"x" * 100_000}"'), ("b", f'"{"x" * 60_000}"')])
def test_a_result_over_the_limit_is_refused(state: Store, browser: Browser, path: str, value: str) -> None:
    state.set("g", "k", {"a": "y" * 60_000})
    before = dump(state)
    page = with_rows(browser.get(OPERATIONS), ("set", path, value)).submit(ONE)

    assert page.status == 422
    assert "bytes of JSON; at most 100,000 are allowed" in page.errors[0]
    assert dump(state) == before


def test_more_rows_than_a_form_takes_are_not_applied_in_part(state: Store, browser: Browser) -> None:
    state.set("g", "k", {"n": 0})
    count = MAX_ROWS + 1
    rows = {"type": ["increment"] * count, "path": ["n"] * count, "value": ["1"] * count}
    browser.post(OPERATIONS, {**rows, "action": "apply"})

    assert state.get("g", "k") in ({"n": 0}, {"n": count})


@pytest.mark.parametrize("others", [{}, {"j": 1}])
def test_an_item_gone_meanwhile_is_said_before_anything_is_written(
    state: Store, browser: Browser, others: dict[str, int]
) -> None:
    state.set_many("g", {**others, "k": {"n": 1}})
    form = with_rows(browser.get(OPERATIONS), ("increment", "n", "1"))
    state.delete("g", "k")
    page = form.submit("Preview")

    assert page.status == 200
    assert "not there any more" in page.side.text if others else "not there any more" in page.text
    assert state.get("g", "k") is None


def test_applying_to_an_item_gone_meanwhile_asks_first(state: Store, browser: Browser) -> None:
    state.set_many("g", {"j": 1, "k": {"n": 1}})
    form = with_rows(browser.get(OPERATIONS), ("increment", "n", "1"))
    state.delete("g", "k")
    asked = form.submit(ONE)

    assert asked.status == 409
    assert "Applying again creates it anew." in asked.side.text
    assert state.get("g", "k") is None
    state.set("g", "k", {"someone": "else"})
    assert asked.submit(ONE).status == 409  # the new preview was one of an item that is not there
    assert state.get("g", "k") == {"someone": "else"}
    state.delete("g", "k")
    asked.submit(ONE)
    assert state.get("g", "k") == {"n": 1}


@pytest.mark.parametrize("path", ["[no list", "[1]", '["a", null]'])
def test_a_field_that_begins_like_a_list_and_is_none_is_refused_at_its_row(
    state: Store, browser: Browser, path: str
) -> None:
    state.set("g", "k", {})
    page = with_rows(browser.get(OPERATIONS), ("set", path, "2")).submit(ONE)

    assert page.status == 422
    assert 'is a list of names, such as ["customer", "email"]' in error_at(page, 1)
    assert state.get("g", "k") == {}


def test_what_is_applied_is_what_was_previewed(state: Store, browser: Browser) -> None:
    state.set("g", "k", {"n": 1})
    preview = with_rows(browser.get(OPERATIONS), ("increment", "n", "1")).submit("Preview")
    state.set("g", "k", {"n": 100})
    asked = preview.submit(ONE)

    assert asked.status == 409
    assert "The item changed since the preview, so nothing was applied." in asked.side.text
    assert '"n": 101' in asked.side.text
    assert state.get("g", "k") == {"n": 100}
    asked.submit(ONE)
    assert state.get("g", "k") == {"n": 101}


def test_the_form_keeps_the_list_as_it_was(state: Store, browser: Browser) -> None:
    state.set_many("g", {"j": {}, "k": {}})
    page = browser.get("/groups/g?sort=-key").click("k").click("Operations")
    previewed = with_rows(page, ("set", "a", "1")).submit("Preview")

    assert previewed.column(1) == ["k", "j"]
    assert previewed.submit(ONE).path == "/groups/g/items/k?sort=-key"


def test_rows_that_were_left_blank_are_left_out(state: Store, browser: Browser) -> None:
    state.set("g", "k", {"n": 1})
    page = with_rows(browser.get(OPERATIONS), ("increment", "n", "1")).submit("+ Operation").submit("+ Operation")

    assert page.submit(ONE).notice == "Applied 1 operation to k."
    assert state.get("g", "k") == {"n": 2}


@pytest.mark.parametrize(
    ("ttl", "left", "told"),
    [
        ("", 600, ""),
        ("5m", 300, "It would expire 5 min after that."),
        ("never", math.inf, "It would have no expiry."),
    ],
)
def test_a_ttl_is_set_along(state: Store, browser: Browser, ttl: str, left: float, told: str) -> None:
    state.set("g", "k", {"n": 1}, ttl=600)
    page = browser.get(OPERATIONS).submit("Preview", type="increment", path="n", ttl=ttl)

    assert told in page.tree.one(id="preview").text
    assert ("expir" in page.tree.one(id="preview").text) is bool(told)
    assert state.ttl("g", "k") == pytest.approx(600, abs=2)
    page.submit(ONE)
    assert state.ttl("g", "k") == pytest.approx(left, abs=2)
    assert state.get("g", "k") == {"n": 2}


@pytest.mark.parametrize("button", ["Preview", ONE])
def test_a_ttl_that_is_none_is_shown_at_its_field(state: Store, browser: Browser, button: str) -> None:
    state.set("g", "k", {"n": 1})
    before = dump(state)
    page = browser.get(OPERATIONS).submit(button, type="increment", path="n", ttl="soon")

    assert page.status == 422
    assert page.tree.one(id="ttl-error").text.startswith("'soon' is not a duration")
    assert page.field("ttl") == "soon"
    assert dump(state) == before


def test_the_field_is_completed_from_the_fields_of_the_value(state: Store, browser: Browser) -> None:
    state.set("g", "k", {"n": 1, "customer": {"email": '"<b>'}})
    page = browser.get(OPERATIONS)
    choices = page.tree.one("datalist", id=page.tree.one("input", name="path").attrs["list"])

    assert [node.attrs["value"] for node in choices.all("option")] == ["n", "customer", '["customer", "email"]']


@pytest.mark.parametrize("kind", OP_TYPES)
def test_the_value_field_says_what_the_operation_takes(state: Store, browser: Browser, kind: str) -> None:
    state.set("g", "k", {})
    page = browser.get(OPERATIONS).submit("+ Operation", type=kind, path="x")
    (chosen,) = [node for node in page.tree.one(id="op-1-type").all("option") if "selected" in node.attrs]

    hint = page.tree.one(id="op-1-value").attrs["placeholder"]
    assert (chosen.text, chosen.attrs["data-hint"]) == (kind, hint)
    assert (hint == "") is (kind == "remove")  # which is how the style sheet knows that there is no value to type


def test_typing_goes_on_in_the_row_that_was_added_or_behind_the_one_removed(state: Store, browser: Browser) -> None:
    state.set("g", "k", {})

    def focused(page: Page) -> list[str]:
        return [node.attrs["id"] for node in page.tree.walk() if "autofocus" in node.attrs]

    page = browser.get(OPERATIONS)
    assert focused(page) == []
    page = page.submit("+ Operation").submit("+ Operation")
    assert focused(page) == ["op-3-type"]
    assert focused(page.submit("Remove operation 1")) == ["op-1-type"]
    assert focused(page.submit("Remove operation 3")) == ["op-2-type"]


def swapped(page: Page, target: str, **fields: Typed) -> tuple[int, Node]:
    """What htmx is answered with when it puts the answer into an element: status and fragment."""
    headers = {"HX-Request-Type": "partial", "HX-Target": target, "Content-Type": "application/x-www-form-urlencoded"}
    response = page.browser.client.post(OPERATIONS, content=urlencode(fields, doseq=True), headers=headers)
    return response.status_code, parse(response.text)


def partials(answer: Node) -> dict[str, str]:
    return {node.attrs["hx-target"]: node.text for node in answer.all("hx-partial")}


def live(browser: Browser, *rows: tuple[str, str, str], ttl: str = "") -> Node:
    types, paths, values = zip(*rows, strict=True)
    page = browser.get(OPERATIONS)
    preview = page.tree.one(id="preview").attrs
    assert (preview["hx-post"], preview["hx-vals"]) == (OPERATIONS, '{"action": "live"}')
    status, answer = swapped(page, "div#preview", action="live", type=types, path=paths, value=values, ttl=ttl)
    assert status == 200
    assert not answer.all("form", "header", "table")
    return answer


def test_while_typing_only_what_stands_around_the_rows_is_answered(state: Store, browser: Browser) -> None:
    state.set("g", "k", {"n": 1})
    before = dump(state)
    answer = live(browser, ("increment", "n", "2"), ("set", "a", '"x"'))

    assert [node.text for node in answer.one(class_="diff").all("ins")] == ['"n": 3', '"a": "x"']
    assert answer.one("input", name="previewed").attrs["value"] == str(before["g"][2][0][2])
    assert partials(answer).items() >= {
        ("#op-1-error", ""), ("#op-2-error", ""), ("#ttl-error", ""), ("#apply", "Apply 2 operations")
    }  # fmt: skip
    assert dump(state) == before


def test_every_place_that_is_answered_while_typing_is_on_the_page(state: Store, browser: Browser) -> None:
    state.set("g", "k", {"n": 1})
    page = with_rows(browser.get(OPERATIONS), ("increment", "n", "2"), ("set", "a", "1"))

    for target in partials(live(browser, ("increment", "n", "2"), ("set", "a", "1"))):
        page.tree.one(id=target.removeprefix("#"))


def test_what_is_typed_by_half_is_no_error_yet(state: Store, browser: Browser) -> None:
    state.set("g", "k", {"n": 1})
    answer = live(browser, ("set", "a", ""), ("increment", "n", ""), ("merge", "", ""), ("append", "list", " "))

    assert [text for place, text in partials(answer).items() if place.endswith("-error")] == [""] * 5
    assert [node.text for node in answer.one(class_="diff").all("ins")] == ['"n": 2']


def test_what_is_wrong_shows_while_typing_and_nothing_is_previewed(state: Store, browser: Browser) -> None:
    state.set("g", "k", {"n": "text"})
    answer = live(browser, ("set", "a", '"x'), ("increment", "n", "1"))
    assert partials(answer)["#op-1-error"].startswith("Not JSON: ")
    assert not answer.all(class_="diff") + answer.all(name="previewed")

    answer = live(browser, ("set", "a", ""), ("increment", "n", "1"), ttl="5m")
    assert partials(answer)["#op-2-error"] == "The target is a string, not a number."
    assert not answer.all(class_="diff") + answer.all(name="previewed")

    answer = live(browser, ("set", "a", "1"), ttl="soon")
    assert partials(answer)["#ttl-error"].startswith("'soon' is not a duration")
    assert not answer.all(class_="diff")


def test_a_form_with_nothing_in_it_previews_nothing(state: Store, browser: Browser) -> None:
    state.set("g", "k", {"n": 1})
    answer = live(browser, ("set", "", ""))

    assert not answer.all(class_="diff") + answer.all(name="previewed") + answer.all(class_="error")


def test_a_row_comes_and_goes_without_the_rest_of_the_page(state: Store, browser: Browser) -> None:
    state.set("g", "k", {"n": 1})
    status, answer = swapped(
        browser.get(OPERATIONS), "form#operations", action="add", type="increment", path="n", value="2"
    )

    assert status == 200
    form = answer.one("form", id="operations")
    assert [node.attrs["value"] for node in form.all("input", name="path")] == ["n", ""]
    assert [node.text for node in form.one(class_="diff").all("ins")] == ['"n": 3']
    assert not answer.all("header", "table")


def calls_of(page: Page) -> list[str]:
    return [page.tree.one(id=f"call-{number}").raw for number in (1, 2, 3)]


def test_the_call_that_the_form_amounts_to_is_shown(state: Store, browser: Browser) -> None:
    state.set("g", "k", {"n": 1})
    page = browser.get(OPERATIONS)
    assert calls_of(page) == ["", "", ""]
    page = with_rows(page, ("increment", "n", "2")).submit("Preview", ttl="5m")

    call = Call("g", "k", [{"type": "increment", "path": "n", "by": 2}], 300)
    assert calls_of(page) == [
        call.python(),
        call.typescript(),
        call.curl(f"{browser.client.base_url}{OPERATIONS}"),
    ]
    assert partials(live(browser, ("increment", "n", "2"), ttl="5m"))["#call-1"] == " ".join(call.python().split())


@pytest.mark.parametrize("row", [("set", "a", "oops"), ("set", "a", f'"{"x" * 70_000}"')])
def test_no_call_is_shown_of_what_is_wrong_or_too_long_to_copy(
    state: Store, browser: Browser, row: tuple[str, str, str]
) -> None:
    state.set("g", "k", {"n": 1})

    assert calls_of(with_rows(browser.get(OPERATIONS), row).submit("Preview")) == ["", "", ""]


def test_the_call_of_operations_that_do_not_fit_this_item_is_shown(state: Store, browser: Browser) -> None:
    state.set("g", "k", {"n": "text"})

    assert '"increment"' in calls_of(with_rows(browser.get(OPERATIONS), ("increment", "n", "2")).submit("Preview"))[0]
