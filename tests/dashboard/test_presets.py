"""Lists of operations kept under a name, for a group."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from dashboard.presets import (
    MAX_BYTES,
    MAX_NAME,
    MAX_OPS,
    MAX_PRESETS,
    PRESETS_GROUP,
    PresetRefused,
    drop_preset,
    presets_of,
    save_preset,
)
from dashboard.rows import MAX_ROWS
from store import Item, Store
from tests.dashboard.pages import Browser, Page
from tests.dashboard.support import ODD_NAMES

OPERATIONS = "/groups/g/items/k/operations"
INCREMENT: list[dict[str, Any]] = [{"type": "increment", "path": "n", "by": 1}]
EVERY_KIND: list[dict[str, Any]] = [
    {"type": "set", "path": "a", "value": {"big": 18446744073709551615, "text": '"</b>'}},
    {"type": "set", "path": ["[x", "y.z"], "value": None},
    {"type": "set", "path": "", "value": []},
    {"type": "set", "path": ["[list"], "value": 1.0},
    {"type": "merge", "path": "", "value": {}},
    {"type": "increment", "path": "n", "by": 9007199254740993},
    {"type": "decrement", "path": "n", "by": 0.5},
    {"type": "append", "path": ["a", "b"], "value": "x"},
    {"type": "remove", "path": "gone"},
]


@pytest.fixture
def page(state: Store, browser: Browser) -> Page:
    state.set("g", "k", {"n": 1})
    return browser.get(OPERATIONS)


def rows_of(page: Page) -> list[tuple[str, str, str]]:
    columns = (page.fields(name) for name in ("type", "path", "value"))
    return list(zip(*columns, strict=True))


def told(page: Page) -> str:
    return page.side.one(class_="told", role="status").text


def choices(page: Page) -> list[str]:
    return [node.attrs["value"] for select in page.tree.all("select", name="preset") for node in select.all("option")]


def test_without_presets_there_is_nothing_to_choose(page: Page) -> None:
    assert choices(page) == []
    assert not page.has("Use")


def test_what_is_typed_is_saved_under_a_name_and_used_for_other_items(
    state: Store, browser: Browser, page: Page
) -> None:
    saved = page.submit("Save", type="increment", path="n", value="2", preset_name="  Increment n ")
    assert told(saved) == "Saved the preset “Increment n”."
    assert rows_of(saved) == [("increment", "n", "2")]
    assert (choices(saved), saved.field("preset")) == (["Increment n"], "Increment n")
    assert saved.field("preset_name") == ""
    assert state.get("g", "k") == {"n": 1}

    state.set("g", "other", {"n": 10})
    used = browser.get("/groups/g/items/other/operations").submit("Use", preset="Increment n")
    assert rows_of(used) == [("increment", "n", "2")]
    assert '"n": 12' in used.side.text
    assert used.submit("Apply 1 operation").notice == "Applied 1 operation to other."
    assert state.get("g", "other") == {"n": 12}


def test_presets_are_of_one_group(state: Store, browser: Browser, page: Page) -> None:
    state.set("h", "k", 1)
    page.submit("Save", type="increment", path="n", preset_name="p")

    assert choices(browser.get("/groups/h/items/k/operations")) == []


@pytest.mark.parametrize("group", [name for name in ODD_NAMES if name])
def test_any_group_can_have_them(state: Store, group: str) -> None:
    save_preset(state, group, group[:MAX_NAME], INCREMENT)

    assert presets_of(state, group) == {group[:MAX_NAME]: INCREMENT}


def test_every_kind_of_operation_comes_back_as_it_was(state: Store, page: Page) -> None:
    save_preset(state, "g", "all", EVERY_KIND)
    used = page.browser.get(OPERATIONS).submit("Use", preset="all")
    again = used.submit("Save", preset_name="again")

    assert told(again) == "Saved the preset “again”."
    assert presets_of(state, "g")["again"] == EVERY_KIND
    assert [type(op.get("value")) for op in presets_of(state, "g")["again"]] == [
        type(op.get("value")) for op in EVERY_KIND
    ]


def test_a_preset_comes_behind_what_is_typed(state: Store, page: Page) -> None:
    save_preset(state, "g", "p", INCREMENT)
    page = page.browser.get(OPERATIONS).submit("+ Operation", path=["a"], value=["1"])

    assert rows_of(page.submit("Use", preset="p")) == [("set", "a", "1"), ("increment", "n", "1")]


def test_saving_under_the_same_name_replaces(state: Store, page: Page) -> None:
    page.submit("Save", type="increment", path="n", preset_name="p")
    page.submit("Save", type="remove", path="n", preset_name="p")

    assert presets_of(state, "g") == {"p": [{"type": "remove", "path": "n"}]}


def test_a_preset_is_deleted(state: Store, browser: Browser, page: Page) -> None:
    save_preset(state, "g", "a", INCREMENT)
    save_preset(state, "g", "b", INCREMENT)
    dropped = browser.get(OPERATIONS).submit("Delete the preset", type="set", path="typed", preset="a")

    assert told(dropped) == "Deleted the preset “a”."
    assert choices(dropped) == ["b"]
    assert rows_of(dropped) == [("set", "typed", "")]
    assert choices(dropped.submit("Delete the preset", preset="b")) == []
    assert state.group(PRESETS_GROUP) is None  # the last one leaves nothing behind


def test_a_preset_that_went_meanwhile_is_no_error(state: Store, browser: Browser, page: Page) -> None:
    save_preset(state, "g", "p", INCREMENT)
    page = browser.get(OPERATIONS)
    drop_preset(state, "g", "p")

    assert rows_of(page.submit("Use", path="a", value="1", preset="p")) == [("set", "a", "1")]
    assert choices(page.submit("Delete the preset", preset="p")) == []


@pytest.mark.parametrize(
    ("row", "name", "words"),
    [
        (("set", "a", "{oops"), "p", "The preset was not saved: an operation is not complete."),
        (("set", "a", ""), "p", "The preset was not saved: an operation is not complete."),
        (("increment", "a", '"1"'), "p", "The preset was not saved: an operation is not complete."),
        (("increment", "n", "1"), "", "A preset needs a name of 1 to 60 characters."),
        (("increment", "n", "1"), "   ", "A preset needs a name of 1 to 60 characters."),
        (("increment", "n", "1"), "x" * 61, "A preset needs a name of 1 to 60 characters."),
        (("set", "a", f'"{"x" * MAX_BYTES}"'), "p", "The presets of a group are at most 64 KB together."),
    ],
)
def test_what_cannot_be_kept_is_said_and_what_was_typed_stays(
    state: Store, page: Page, row: tuple[str, str, str], name: str, words: str
) -> None:
    kind, path, value = row
    refused = page.submit("Save", type=kind, path=path, value=value, preset_name=name)

    assert refused.status == 422
    assert words in refused.errors
    assert rows_of(refused) == [row]
    assert refused.field("preset_name") == name.strip()
    assert state.group(PRESETS_GROUP) is None


def test_operations_that_do_not_fit_this_item_may_be_kept_for_others(state: Store, page: Page) -> None:
    assert told(page.submit("Save", type="append", path="n", value="1", preset_name="p"))
    assert list(presets_of(state, "g")) == ["p"]


def test_no_more_than_so_many_are_kept(state: Store) -> None:
    for number in range(MAX_PRESETS):
        save_preset(state, "g", f"p{number:02}", INCREMENT)
    with pytest.raises(PresetRefused, match="at most 50 presets"):
        save_preset(state, "g", "one more", INCREMENT)
    save_preset(state, "g", "p00", EVERY_KIND)

    assert len(presets_of(state, "g")) == MAX_PRESETS
    assert presets_of(state, "g")["p00"] == EVERY_KIND


def test_a_preset_fits_into_the_form(state: Store) -> None:
    with pytest.raises(PresetRefused, match="at most 100 operations"):
        save_preset(state, "g", "p", INCREMENT * (MAX_OPS + 1))
    assert MAX_OPS <= MAX_ROWS


def test_using_presets_again_and_again_ends_at_the_rows_that_a_form_takes(state: Store, page: Page) -> None:
    save_preset(state, "g", "p", INCREMENT * MAX_OPS)
    once = page.browser.get(OPERATIONS).submit("Use", preset="p")
    twice = once.submit("Use", preset="p")

    assert len(rows_of(once)) == MAX_OPS
    assert f"At most {MAX_ROWS} operations are taken at once." in twice.errors
    assert state.get("g", "k") == {"n": 1}


@pytest.mark.parametrize(
    "damaged",
    [
        None,
        1,
        "text",
        [],
        {"p": None, "good": INCREMENT},
        {"p": [], "good": INCREMENT},
        {"p": {"type": "set"}, "good": INCREMENT},
        {"p": [1], "good": INCREMENT},
        {"p": [{}], "good": INCREMENT},
        {"p": [{"type": ["set"]}], "good": INCREMENT},
        {"p": [{"type": "multiply", "path": "n"}], "good": INCREMENT},
        {"p": [{"type": "set", "path": [1]}], "good": INCREMENT},
        {"p": [{"type": "set", "path": {"a": 1}}], "good": INCREMENT},
        {"": INCREMENT, "good": INCREMENT},
        {"x" * 1000: INCREMENT, "good": INCREMENT},
        {"p": INCREMENT * (MAX_OPS + 1), "good": INCREMENT},
    ],
)
def test_a_damaged_value_does_not_break_the_form(state: Store, browser: Browser, page: Page, damaged: Any) -> None:
    state.set(PRESETS_GROUP, "g", damaged)
    good = ["good"] if isinstance(damaged, dict) else []

    page = browser.get(OPERATIONS)
    assert (page.status, choices(page)) == (200, good)
    page = page.submit("Save", type="increment", path="n", preset_name="new")
    assert choices(page) == [*good, "new"]
    kept = state.get(PRESETS_GROUP, "g")
    assert kept == {**(damaged if isinstance(damaged, dict) else {}), "new": INCREMENT}


@pytest.mark.parametrize(
    ("op", "row"),
    [
        ({"type": "append", "value": 1}, ("append", "", "1")),
        ({"type": "set", "path": "a"}, ("set", "a", "null")),
        ({"type": "set", "path": "a", "value": "x", "extra": 1}, ("set", "a", '"x"')),
        ({"type": "increment", "path": "n"}, ("increment", "n", "null")),
        ({"type": "increment", "path": "n", "by": "much"}, ("increment", "n", '"much"')),
    ],
)
def test_an_operation_that_someone_wrote_by_hand_is_shown_as_far_as_there_is_a_field_for_it(
    state: Store, browser: Browser, page: Page, op: dict[str, Any], row: tuple[str, str, str]
) -> None:
    state.set(PRESETS_GROUP, "g", {"p": [op]})

    assert rows_of(browser.get(OPERATIONS).submit("Use", preset="p")) == [row]


def test_presets_do_not_expire(state: Store) -> None:
    state.configure(PRESETS_GROUP, default_ttl=5)
    save_preset(state, "g", "p", INCREMENT)

    item = state.item(PRESETS_GROUP, "g")
    assert item is not None
    assert item.expires_at is None


def test_a_preset_that_is_saved_while_another_is_stays(state: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    look, others = state.item, iter(["second", "third"])

    def slowly(group_id: str, key: str) -> Item | None:
        found = look(group_id, key)
        for name in others:  # somebody is quicker, twice
            save_preset(state, "g", name, INCREMENT)
        return found

    monkeypatch.setattr(state, "item", slowly)
    save_preset(state, "g", "first", INCREMENT)

    assert list(presets_of(state, "g")) == ["first", "second", "third"]


def test_presets_that_are_saved_at_the_same_time_are_all_kept(state: Store) -> None:
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda number: save_preset(state, "g", f"p{number:02}", INCREMENT), range(40)))

    assert list(presets_of(state, "g")) == [f"p{number:02}" for number in range(40)]
