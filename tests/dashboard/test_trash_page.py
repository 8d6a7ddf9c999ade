"""The page of what can be undone."""

from __future__ import annotations

import pytest

from dashboard.pages import trash
from store import Store
from tests.dashboard.pages import Browser
from tests.dashboard.support import SetBackClock


@pytest.fixture
def filled(state: Store) -> Store:
    """One entry of each kind."""
    state.set_many("orders", {f"o-{number}": "x" * 98 for number in range(6)})
    state.set_many("wf-1", {"a": 1})
    state.set_many("wf-2", {"a": 1})
    state.delete("orders", "o-0", undo="one")
    state.delete_many("orders", ["o-1", "o-2"], undo="two")
    state.set("orders", "o-3", 1, undo="saved")
    state.update("orders", "o-3", [{"type": "set", "path": "", "value": 2}], undo="updated")
    state.cleanup(match="wf-*", undo="cleaned")
    state.clear("orders", undo="cleared")
    return state


def test_entries_stand_there_in_words_the_latest_first(filled: Store, browser: Browser) -> None:
    page = browser.get("/").click("Trash")

    assert page.column(0) == [
        "Cleared orders",
        "Cleaned up 2 groups",
        "Applied operations to o-3 of orders",
        "Saved o-3 of orders",
        "Deleted 2 items of orders",
        "Deleted o-0 of orders",
    ]
    assert [row[1:4] for row in page.rows][:2] == [["1", "3", "201 B"], ["2", "2", "2 B"]]
    assert page.tree.one("nav", aria_label="Pages").one("a", class_="on").text == "Trash"


def test_it_says_how_long_there_is(filled: Store, browser: Browser, clock: SetBackClock) -> None:
    clock.behind = -61
    row = browser.get("/trash").rows[0]

    assert row[4] == "1 min ago"
    assert row[5].startswith("8:5")


def test_restoring_stays_on_the_page_and_leads_to_the_group(filled: Store, browser: Browser) -> None:
    after = browser.get("/trash").submit("Restore")

    assert (after.path, len(after.rows)) == ("/trash", 5)
    assert after.notice.startswith("Restored 3 items of orders.")
    assert after.click("Look at it").path == "/groups/orders"
    assert len(filled.list("orders")) == 3


@pytest.mark.parametrize("back", ["//evil.example/", "https://evil.example/", "/\\evil.example", "/groups/gone", ""])
def test_restoring_leads_nowhere_else(filled: Store, browser: Browser, back: str) -> None:
    assert browser.post("/trash/cleared/restore", {"back": back}).path == "/groups/orders"


def test_a_conflict_found_on_the_way_leads_back_as_well(filled: Store, browser: Browser) -> None:
    filled.set("orders", "o-4", "newer")
    question = browser.get("/trash").submit("Restore")

    assert question.status == 409
    assert question.submit("Restore the others").path == "/trash"


def test_the_message_about_the_last_change_is_not_repeated_on_the_page(filled: Store, browser: Browser) -> None:
    filled.set("orders", "o-9", 1)
    done = browser.get("/groups/orders/items/o-9").submit("Delete")

    assert done.tree.all(id="undo")
    assert not done.click("Trash").tree.all(id="undo")


def test_several_groups_lead_to_the_list_of_groups(filled: Store, browser: Browser) -> None:
    after = browser.post("/trash/cleaned/restore")

    assert (after.path, after.notice) == ("/", "Restored 2 items of 2 groups.")


def test_undoing_what_made_an_item_leads_to_what_is_left(state: Store, browser: Browser) -> None:
    state.set("g", "new", 1, undo="x")
    assert browser.post("/trash/x/restore").path == "/"
    state.set("g", "old", 1)
    state.set("g", "new", 1, undo="x")
    assert browser.post("/trash/x/restore").path == "/groups/g"


def test_discarding_asks_first(filled: Store, browser: Browser) -> None:
    question = browser.get("/trash").click("Discard…")
    assert "Cleared orders: 3 items, 201 B." in question.text
    assert filled.trash_entry("cleared")

    page = question.submit("Discard")
    assert (page.path, page.notice) == ("/trash", "Discarded: Cleared orders.")
    assert filled.trash_entry("cleared") is None
    assert len(page.rows) == 5


def test_an_empty_trash_says_what_comes_into_it(state: Store, browser: Browser) -> None:
    assert "Nothing to undo." in browser.get("/trash").text


def test_there_are_pages(state: Store, browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trash, "PAGE_SIZE", 2)
    for number in range(3):
        state.set("g", f"k{number}", 1, undo=f"u{number}")
    first = browser.get("/trash")
    second = first.click("Next page »")

    assert [*first.column(0), *second.column(0)] == [f"Saved k{number} of g" for number in (2, 1, 0)]
    assert second.click("« First page").rows[0][0] == "Saved k2 of g"


@pytest.mark.parametrize("entry", ["unknown", "~", "~C3~A4", "x" * 200, "a~20b"])
@pytest.mark.parametrize("action", ["restore", "discard"])
def test_an_entry_that_is_not_there_says_so(browser: Browser, entry: str, action: str) -> None:
    for page in (browser.get(f"/trash/{entry}/{action}"), browser.post(f"/trash/{entry}/{action}")):
        assert page.status == 404
        assert "restored or discarded already, or it is more than 10 minutes ago." in page.text


def test_an_id_of_any_characters_has_an_address(state: Store, browser: Browser) -> None:
    state.set("g", "k", 1)
    state.clear("g", undo="../a b/?#%")
    browser.get("/trash").submit("Restore")

    assert state.get("g", "k") == 1
