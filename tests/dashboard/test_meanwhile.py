"""What the editor does about an item that changed while it was edited."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from store import Store
from tests.dashboard.pages import Browser, Page
from tests.dashboard.support import SetBackClock, dump

EDIT = "/groups/g/items/k/edit"


def conflict(state: Store, browser: Browser, base: Any, yours: Any, theirs: Any) -> Page:
    """What saving `yours` brings, if `base` became `theirs` after the editor was opened."""
    state.set("g", "k", base)
    editor = browser.get(EDIT)
    state.set("g", "k", theirs)
    return editor.submit("Save", value=orjson.dumps(yours).decode())


def sides(page: Page) -> list[list[tuple[str, str, str]]]:
    """The lines that each side changed: what happened, its number and its text."""
    found = page.side.one("div", class_="both-sides").all(class_="diff")
    return [[(node.tag, node.attrs["data-number"], node.text) for node in side.all("del", "ins")] for side in found]


def test_a_change_meanwhile_is_shown_by_who_changed_what_and_not_overwritten(state: Store, browser: Browser) -> None:
    state.set("g", "k", {"a": 1, "b": 2, "c": 3}, ttl=600)
    editor = browser.get(EDIT)
    state.set("g", "k", {"a": 1, "b": "theirs <b>", "c": 3}, ttl=600)
    before = dump(state)
    page = editor.submit("Save", value='{"a": "mine <b>", "b": 2, "c": 3}', ttl="5m")

    assert page.status == 409
    assert "The item changed since you opened it, and what you typed is not saved." in page.errors[0]
    assert "It is now at version 2, written 0 s ago." in page.errors[0]
    assert [page.field("value"), page.field("ttl")] == ['{"a": "mine <b>", "b": 2, "c": 3}', "5m"]
    assert sides(page) == [
        [("del", "2", '"a": 1'), ("ins", "2", '"a": "mine <b>"')],
        [("del", "3", '"b": 2'), ("ins", "3", '"b": "theirs <b>"')],
    ]
    assert [node.text for node in page.side.all("h3")] == ["You changed", "Somebody else changed"]
    assert page.side.one("pre").raw.strip() == '{\n  "a": 1,\n  "b": "theirs <b>",\n  "c": 3\n}'
    assert dump(state) == before


def test_changes_of_different_fields_are_merged_into_the_editor_and_saved_from_there(
    state: Store, browser: Browser
) -> None:
    base = {"a": 1, "b": {"c": 2**64 - 1, "d": 4.0}, "e": []}
    page = conflict(
        state, browser, base, {**base, "a": 9007199254740993}, {**base, "b": {"c": 2**64 - 2, "d": 4.0, "f": 1}}
    )
    assert "No field was changed by both of you" in page.side.text
    merged = page.submit("Merge both")

    assert merged.status == 200
    assert "Merged with version 2, and not saved yet" in merged.side.text
    assert orjson.loads(merged.field("value")) == {
        "a": 9007199254740993,
        "b": {"c": 2**64 - 2, "d": 4.0, "f": 1},
        "e": [],
    }
    assert state.get("g", "k") != orjson.loads(merged.field("value"))
    assert "data-typed" in merged.form("Save")[0].attrs
    assert merged.submit("Save").notice == "Saved k."
    assert repr(state.get("g", "k")["b"]) == repr({"c": 2**64 - 2, "d": 4.0, "f": 1})


def test_a_field_that_both_changed_is_listed_and_stays_yours_when_merged(state: Store, browser: Browser) -> None:
    base = {"status": "new", "n": 1, "x": {"y": 1}}
    page = conflict(
        state, browser, base, {"status": "<paid>", "n": 1, "x": {}}, {"status": "lost", "n": 2, "x": {"y": 2}}
    )
    table = [[cell.text for cell in row.all("th", "td")] for row in page.side.one("table").all("tr")][1:]

    assert "2 fields were changed by both of you:" in page.side.text
    assert table == [["status", '"<paid>"', '"lost"'], ["x › y", "removed", "2"]]
    assert {node.text for node in page.side.all("del", "ins") if "class" not in node.attrs} == {
        '"n": 1',
        '"n": 2',
        '"x": {',  # becomes "x": {} in yours
        "}",
    }
    merged = page.submit("Merge, mine where both")
    assert orjson.loads(merged.field("value")) == {"status": "<paid>", "n": 2, "x": {}}
    assert "Where both of you changed a field, yours stands:" in merged.side.text
    assert [[cell.text for cell in row.all("th", "td")] for row in merged.side.one("table").all("tr")][1:] == table


def test_a_change_after_the_merge_is_a_conflict_that_starts_from_there(state: Store, browser: Browser) -> None:
    merged = conflict(state, browser, {"a": 1, "b": 1}, {"a": 2, "b": 1}, {"a": 1, "b": 2}).submit("Merge both")
    state.set("g", "k", {"a": 1, "b": 3})
    page = merged.submit("Save")

    assert page.status == 409
    assert sides(page) == [
        [("del", "2", '"a": 1'), ("ins", "2", '"a": 2')],
        [("del", "3", '"b": 2'), ("ins", "3", '"b": 3')],
    ]
    assert orjson.loads(page.submit("Merge both").field("value")) == {"a": 2, "b": 3}


def test_a_change_while_the_conflict_is_looked_at_goes_into_the_merge(state: Store, browser: Browser) -> None:
    page = conflict(state, browser, {"a": 1, "b": 1}, {"a": 2, "b": 1}, {"a": 1, "b": 2})
    state.set("g", "k", {"a": 1, "b": 7})

    assert page.submit("Merge both").submit("Save").notice == "Saved k."
    assert state.get("g", "k") == {"a": 2, "b": 7}


def test_without_what_the_editing_started_from_two_versions_are_compared(state: Store, browser: Browser) -> None:
    page = two_way(browser, {"version": "1", "base": ""}, state)

    assert page.status == 409
    assert [node.text for node in page.side.all("del")] == ['"b": 2']
    assert [node.text for node in page.side.all("ins")] == ['"b": 3']
    assert not page.has("Merge both")


@pytest.mark.parametrize("base", ["{", "\ud7ff", "NaN"])
def test_a_base_that_is_no_json_is_none(state: Store, browser: Browser, base: str) -> None:
    page = two_way(browser, {"version": "1", "base": base}, state)

    assert not page.tree.all(class_="both-sides")
    assert browser.post(EDIT, {"version": "1", "base": base, "value": "1", "do": "merge"}).status == 200
    assert state.get("g", "k") == {"a": 1, "b": 2}


def two_way(browser: Browser, fields: dict[str, str], state: Store) -> Page:
    state.set("g", "k", 1)
    state.set("g", "k", {"a": 1, "b": 2})
    return browser.post(EDIT, {**fields, "value": '{"a": 1, "b": 3}'})


@pytest.mark.parametrize(("over", "known"), [(0, True), (1, False)])
def test_what_the_editing_starts_from_is_in_the_form_up_to_a_size(
    state: Store, browser: Browser, over: int, known: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dashboard.pages.edit.BASE_BYTES", 100)
    state.set("g", "k", "ü" * 49 + "x" * over)

    assert browser.get(EDIT).field("base") == (f'"{"ü" * 49}"' if known else "")


@pytest.mark.parametrize("button", ["Keep mine", "Save anyway"])
def test_saving_again_after_a_conflict_overwrites(state: Store, browser: Browser, button: str) -> None:
    page = conflict(state, browser, 1, 3, 2).submit(button)

    assert page.notice == "Saved k."
    assert state.get("g", "k") == 3


def test_a_second_change_after_a_conflict_is_a_conflict_again(state: Store, browser: Browser) -> None:
    page = conflict(state, browser, 1, 3, 2)
    state.set("g", "k", 4)

    assert page.submit("Keep mine").status == 409
    assert state.get("g", "k") == 4


def test_theirs_can_be_taken(state: Store, browser: Browser) -> None:
    page = conflict(state, browser, 1, 3, 2).click("Take theirs")

    assert page.field("value") == "2"
    assert "data-typed" not in page.form("Save")[0].attrs


def test_what_is_no_json_in_a_conflict_is_told_and_the_conflict_stays(state: Store, browser: Browser) -> None:
    page = conflict(state, browser, {"a": 1, "b": 1}, {"a": 2, "b": 1}, {"a": 1, "b": 2})
    wrong = page.submit("Save anyway", value="{oops")

    assert wrong.status == 422
    assert "line 1, column 2" in wrong.tree.one(id="value-error").text
    assert "What you typed is not JSON yet, so it cannot be compared." in wrong.side.text
    assert not wrong.has("Merge both")
    right = wrong.submit("Save anyway", value="{}", ttl="soon")
    assert right.status == 422
    assert right.has("Merge, mine where both")
    assert right.submit("Save anyway", ttl="").notice == "Saved k."
    assert state.get("g", "k") == {}


def test_an_error_in_a_conflict_does_not_hide_a_second_change(state: Store, browser: Browser) -> None:
    page = conflict(state, browser, 1, 3, 2)
    state.set("g", "k", 4)
    wrong = page.submit("Save anyway", value="{")

    assert wrong.submit("Save anyway", value="3").status == 409
    assert state.get("g", "k") == 4


def test_merging_what_is_no_json_is_told(state: Store, browser: Browser) -> None:
    page = conflict(state, browser, {"a": 1, "b": 1}, {"a": 2, "b": 1}, {"a": 1, "b": 2})
    wrong = page.submit("Merge both", value="{oops")

    assert wrong.status == 422
    assert wrong.field("value") == "{oops"


def test_differences_are_shown_before_saving(state: Store, browser: Browser) -> None:
    state.set("g", "k", {"a": 1, "b": 1})
    editor = browser.get(EDIT)
    state.set("g", "k", {"a": 1, "b": 2})
    page = editor.submit("Show differences", value='{"a": 2, "b": 1}')

    assert page.status == 200
    assert sides(page)[0] == [("del", "2", '"a": 1'), ("ins", "2", '"a": 2')]
    assert page.submit("Merge both").submit("Save").notice == "Saved k."
    assert state.get("g", "k") == {"a": 2, "b": 2}


def test_differences_of_what_is_no_json_are_what_is_stored_now(state: Store, browser: Browser) -> None:
    state.set("g", "k", 1)
    editor = browser.get(EDIT)
    state.set("g", "k", 2)
    page = editor.submit("Show differences", value="[")

    assert page.side.one("pre").raw.strip() == "2"
    assert page.field("value") == "["


def test_without_a_change_there_are_no_differences(state: Store, browser: Browser) -> None:
    state.set("g", "k", 1)
    page = browser.get(EDIT).submit("Show differences", value="2")

    assert (page.status, page.field("value"), page.field("version")) == (200, "2", "1")
    assert not page.tree.all(class_="conflict")


def test_a_new_ttl_meanwhile_is_no_conflict_and_is_kept(state: Store, browser: Browser) -> None:
    state.set("g", "k", 1)
    editor = browser.get(EDIT)
    state.expire("g", "k", 600)

    assert editor.submit("Save", value="2").status == 200
    assert 599 <= (state.ttl("g", "k") or 0) <= 600


@pytest.mark.parametrize("button", ["Save", "Show differences"])
@pytest.mark.parametrize("others", [{}, {"j": 1}])
def test_an_item_gone_meanwhile_is_said_and_saving_again_creates_it(
    state: Store, browser: Browser, others: dict[str, int], button: str
) -> None:
    state.set_many("g", {**others, "k": 1})
    editor = browser.get(EDIT)
    state.delete("g", "k")
    page = editor.submit(button, value="[2]")

    assert page.status == (409 if button == "Save" else 200)
    assert "The item is gone" in page.errors[0]
    assert page.field("value") == "[2]"
    assert state.get("g", "k") is None
    assert page.submit("Save anyway").notice == "Saved k."
    assert state.get("g", "k") == [2]


@pytest.mark.parametrize("button", ["Merge both", "Keep mine"])
def test_an_item_that_goes_during_a_conflict_is_said_by_each_button(
    state: Store, browser: Browser, button: str
) -> None:
    page = conflict(state, browser, {"a": 1, "b": 1}, {"a": 2, "b": 1}, {"a": 1, "b": 2})
    state.delete("g", "k")
    gone = page.submit(button)

    assert "The item is gone" in gone.errors[0]
    assert gone.field("value") == '{"a":2,"b":1}'
    assert state.get("g", "k") is None


def test_an_item_made_anew_meanwhile_is_a_conflict(state: Store, browser: Browser) -> None:
    state.set("g", "k", {"a": 1, "b": 1})
    editor = browser.get(EDIT)
    state.clear("g")
    state.set("g", "k", {"a": 1, "b": 2})
    page = editor.submit("Save", value='{"a": 2, "b": 1}')

    assert page.status == 409
    assert state.get("g", "k") == {"a": 1, "b": 2}
    assert page.submit("Merge both").submit("Save").notice == "Saved k."


def test_an_item_that_expires_while_it_is_edited_is_gone(state: Store, browser: Browser, clock: SetBackClock) -> None:
    state.set("g", "k", 1, ttl=5)
    editor = browser.get(EDIT)
    clock.behind = -5.1

    assert editor.submit("Save", value="{").status == 422
    assert editor.submit("Save", value="2").status == 409


@pytest.mark.parametrize("version", ["", "-1", "x", "1.0", "²", "9" * 5000])
def test_a_form_without_a_version_is_a_conflict(state: Store, browser: Browser, version: str) -> None:
    state.set("g", "k", 1)

    assert browser.post(EDIT, {"version": version, "value": "2"}).status == 409
    assert state.get("g", "k") == 1


@pytest.mark.parametrize(("field", "stamp"), [("live-version", "2")])
def test_the_page_says_which_version_the_item_has_now(state: Store, browser: Browser, field: str, stamp: str) -> None:
    state.set("g", "k", 1)
    state.set("g", "k", 2)

    assert browser.get(EDIT).tree.one(field).attrs["data-version"] == stamp
