"""Undoing what was done in the dashboard: each kind of it, and what stands in the way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from dashboard import restoring
from store import Store
from tests.dashboard.caches import counted, keep
from tests.dashboard.pages import Browser, Page
from tests.dashboard.support import SetBackClock, dump

ITEM = "/groups/g/items/k"
Do = Callable[[Browser], Page]


def delete(browser: Browser) -> Page:
    return browser.get(ITEM).submit("Delete")


def delete_ticked(browser: Browser) -> Page:
    page = browser.get("/groups/g")
    return page.submit("Delete…", key=list(page.boxes("key").values())).confirm()


def delete_all(browser: Browser) -> Page:
    return browser.post("/groups/g/selected", {"do": "delete", "all": "yes"}).confirm()


def clear(browser: Browser) -> Page:
    return browser.get("/groups/g").click("Clear…").submit("Clear 2 items")


def clean_up(browser: Browser) -> Page:
    return browser.get("/cleanup?match=g&preview=yes").submit("Clear the ticked groups")


def edit(browser: Browser) -> Page:
    return browser.get(f"{ITEM}/edit").submit("Save", value='{"edited": true}', ttl="9h")


def operate(browser: Browser) -> Page:
    return browser.get(f"{ITEM}/operations").submit("Apply 1 operation", type="set", path="n", value="2")


EVERY_KIND = pytest.mark.parametrize("do", [delete, delete_ticked, delete_all, clear, clean_up, edit, operate])


def values(store: Store) -> dict[str, dict[str, Any]]:
    return {group.id: {item.key: item.value for item in store.items(group.id).items} for group in store.groups().items}


@pytest.fixture
def filled(state: Store, clock: SetBackClock) -> Store:
    """Two items, one of them with a TTL; a cleanup's preview vouches for groups that are older than a second."""
    clock.behind = 5
    state.set("g", "k", {"n": 1}, ttl=100)
    state.set("g", "other", [1])
    clock.behind = 0
    return state


@EVERY_KIND
def test_everything_can_be_undone_by_the_messages_button(filled: Store, browser: Browser, do: Do) -> None:
    before = values(filled)
    done = do(browser)
    assert values(filled) != before
    after = done.submit("Undo")

    assert after.status == 200
    assert after.notice.startswith("Restored ")
    assert values(filled) == before
    assert 90 < (filled.ttl("g", "k") or 0) <= 96
    assert filled.trash().items == []
    assert not after.has("Undo")


@pytest.mark.parametrize(
    ("do", "path", "notice"),
    [
        (delete, ITEM, "Restored k."),
        (delete_ticked, "/groups/g", "Restored 2 items of g."),
        (clear, "/groups/g", "Restored 2 items of g."),
        (clean_up, "/groups/g", "Restored 2 items of g."),
        (edit, ITEM, "Restored k."),
    ],
)
def test_undoing_stays_on_the_page_and_leads_to_where_it_was(
    filled: Store, browser: Browser, do: Do, path: str, notice: str
) -> None:
    done = do(browser)
    after = done.submit("Undo")

    assert after.path == done.path
    assert after.notice.startswith(notice)
    assert after.path == path or after.click("Look at it").path == path


def test_undoing_on_a_page_that_it_ends_leads_to_what_is_left(filled: Store, browser: Browser) -> None:
    filled.set("g", "made", 1, undo="x")
    after = browser.post("/trash/x/restore", {"back": "/groups/g/items/made"})

    assert after.path == "/groups/g"


def test_a_restored_item_has_the_time_that_it_had_left(filled: Store, browser: Browser, clock: SetBackClock) -> None:
    done = delete(browser)
    clock.behind = -300
    done.submit("Undo")

    assert 90 < (filled.ttl("g", "k") or 0) <= 96


def test_dropping_cached_results_can_be_undone(state: Store, browser: Browser) -> None:
    counted(state, "rates", hits=7)
    keep(state, "rates", a=60, b=60)
    before = values(state)["rates"]
    browser.get("/cache/groups/rates").click("Drop a").submit("Drop the entry").submit("Undo")
    assert values(state)["rates"] == before
    browser.get("/cache").click("Clear rate").submit("Clear 2 entries").submit("Undo")
    assert values(state)["rates"] == before


def test_stale_results_that_were_dropped_come_back(state: Store, browser: Browser) -> None:
    counted(state, "rates", hits=1, stale=3600)
    keep(state, "rates", a=60)
    before = values(state)["rates"]
    dropped = browser.get("/cache/stale").submit("Drop it")
    assert "rates" not in values(state)
    dropped.submit("Undo")

    assert values(state)["rates"] == before


def test_the_message_stays_on_the_pages_that_follow(filled: Store, browser: Browser) -> None:
    delete(browser)
    page = browser.get("/groups/g").click("Cleanup")

    assert page.tree.one(id="undo").one("p").text == "Deleted k."
    assert page.notice == ""  # it is no news there
    after = page.submit("Undo")
    assert after.path == "/cleanup"
    assert after.click("Look at it").path == ITEM


def test_the_message_goes_when_the_time_is_up(filled: Store, browser: Browser, clock: SetBackClock) -> None:
    done = delete(browser)
    clock.behind = -601

    assert not browser.get("/").has("Undo")
    late = done.submit("Undo")
    assert late.status == 404
    assert "It is too late to undo this" in late.text
    assert late.click("What can be undone").path == "/trash"


def test_a_second_undo_says_that_it_is_done(filled: Store, browser: Browser) -> None:
    done = delete(browser)
    done.submit("Undo")

    assert done.submit("Undo").status == 404
    assert filled.get("g", "k") == {"n": 1}


def test_dismissing_leads_back_and_the_trash_has_it_still(filled: Store, browser: Browser) -> None:
    delete(browser)
    page = browser.get("/groups/g?sort=-key").submit("Dismiss")

    assert page.path == "/groups/g?sort=-key"
    assert not page.has("Undo")
    assert page.click("Trash").submit("Restore").notice.startswith("Restored k.")


@pytest.mark.parametrize("back", ["//evil.example/", "https://evil.example/", "/\\evil.example", ""])
def test_dismissing_leads_nowhere_else(filled: Store, browser: Browser, back: str) -> None:
    done = delete(browser)
    (kept,) = filled.trash().items

    assert done.has("Undo")
    assert browser.post(f"/trash/{kept.id}/dismiss", {"back": back}).path == "/trash"


def test_what_changed_nothing_offers_no_undo(filled: Store, browser: Browser) -> None:
    page = browser.get(ITEM)
    filled.delete("g", "k")

    assert not page.submit("Delete").has("Undo")


@pytest.mark.parametrize("cookie", ["", "x", "x:", ":text", "x:text", "\x7f:text", "x" * 200 + ":text"])
def test_a_cookie_that_stands_for_nothing_is_passed_by(filled: Store, browser: Browser, cookie: str) -> None:
    browser.client.cookies.set("stepstate_undo", cookie)

    assert browser.get("/").status == 200
    assert not browser.get("/").has("Undo")


def conflict(store: Store, browser: Browser) -> Page:
    done = clear(browser)
    store.set("g", "k", "newer")
    return done.submit("Undo")


def test_newer_values_are_not_overwritten_without_asking(filled: Store, browser: Browser) -> None:
    page = conflict(filled, browser)

    assert page.status == 409
    assert page.errors == ["Nothing was restored: 1 item was written or removed since."]
    assert page.link("k") == ITEM
    assert values(filled) == {"g": {"k": "newer"}}
    assert page.click("Cancel").path == "/"


def test_the_others_can_be_restored(filled: Store, browser: Browser) -> None:
    after = conflict(filled, browser).submit("Restore the others")

    assert after.notice.startswith("Restored 1 item of g. 1 item changed since and stayed in the trash.")
    assert values(filled) == {"g": {"k": "newer", "other": [1]}}
    assert filled.trash().items[0].items == 1


def test_the_old_values_can_be_put_back(filled: Store, browser: Browser) -> None:
    assert conflict(filled, browser).submit("Overwrite with the old values").status == 200
    assert values(filled) == {"g": {"k": {"n": 1}, "other": [1]}}


def test_where_all_changed_there_are_no_others(filled: Store, browser: Browser) -> None:
    done = delete(browser)
    filled.set("g", "k", "newer")
    page = done.submit("Undo")

    assert not page.has("Restore the others")
    assert page.has("Overwrite with the old values")


def test_undoing_an_edit_after_another_asks(filled: Store, browser: Browser) -> None:
    done = edit(browser)
    filled.set("g", "k", "newer")

    assert done.submit("Undo").status == 409
    assert filled.get("g", "k") == "newer"


def test_much_is_restored_by_a_job(state: Store, browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dashboard.jobs.PATIENCE", 30.0)
    state.set_many("g", {f"k{number:04}": 1 for number in range(restoring.WHOLE_ITEMS + 1)})
    state.clear("g", undo="x")
    page = browser.post("/trash/x/restore")

    assert (page.path, page.notice) == ("/groups/g", "Restored 1,001 items of g.")
    assert len(state.list("g")) == 1001


def test_a_job_that_meets_newer_values_leads_to_the_choice(
    state: Store, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dashboard.jobs.PATIENCE", 30.0)
    state.set_many("g", {f"k{number:04}": 1 for number in range(restoring.WHOLE_ITEMS + 1)})
    state.clear("g", undo="x")
    state.set("g", "k0000", "newer")
    before = dump(state)
    failed = browser.post("/trash/x/restore")
    assert "Changed since, so nothing was restored" in failed.text
    assert dump(state) == before

    after = failed.click("Choose what to do").submit("Restore the others")
    assert after.notice.startswith("Restored 1,000 items of g. 1 item changed since")
    assert state.get("g", "k0000") == "newer"
