"""What is done to many items: those that are ticked, and all that match."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Any

import pytest

from dashboard import selecting
from dashboard.expiry import Extension
from dashboard.jobs import Job
from dashboard.selecting import Deleting, Doing, Matching, SettingTtl
from store import NEVER, Store
from tests.dashboard.pages import Browser, Page
from tests.dashboard.support import SetBackClock, dump

PAID = "/groups/orders?where=status+%3D+paid"
ODD_ENDS = ["two\nlines", "two\r\nlines", "two\rlines", "\n"]


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Jobs are waited for."""
    monkeypatch.setattr("dashboard.jobs.PATIENCE", 30.0)


@pytest.fixture
def orders(state: Store, clock: SetBackClock) -> Store:
    """90 orders, 60 of them paid, from before anything that a test does."""
    clock.behind = 5
    state.set_many("orders", {f"o-{n:02}": {"status": "paid" if n % 3 else "new"} for n in range(90)}, ttl=600)
    clock.behind = 0
    return state


def ticked(page: Page, *keys: str) -> list[str]:
    return [page.boxes("key")[f"Select {key}"] for key in keys]


def keys(store: Store) -> set[str]:
    return {item.key for item in store.items("orders", limit=1000).items}


def paid(store: Store) -> set[str]:
    return {item.key for item in store.items("orders", limit=1000).items if item.value["status"] == "paid"}


def test_ticked_items_are_deleted_after_a_question_that_names_them(orders: Store, browser: Browser) -> None:
    orders.set("orders", "o-88", {"status": "paid", "version": 2})
    before = dump(orders)
    page = browser.get("/groups/orders?sort=-key")
    question = page.submit("Delete…", key=ticked(page, "o-88", "o-86"))

    assert question.side.one("h2").text == "Delete 2 items?"
    assert [node.text for node in question.side.one("ul").all("li")] == ["o-88", "o-86"]
    assert "Can be undone for 10 minutes." in question.side.text
    assert dump(orders) == before

    after = question.confirm()
    assert (after.path, after.notice) == ("/groups/orders?sort=-key", "Deleted 2 items of orders.")
    assert len(keys(orders)) == 88
    assert [entry.items for entry in orders.trash().items] == [2]


@pytest.mark.parametrize("key", ODD_ENDS)
def test_a_key_with_line_ends_is_deleted_and_no_other(state: Store, browser: Browser, key: str) -> None:
    others = {*ODD_ENDS, "twolines"} - {key}
    state.set(key, key, 1)
    page = browser.get("/").click(browser.get("/").column(0)[0])
    state.set_many(key, dict.fromkeys(others, 1))
    page.submit("Delete…", key=list(page.boxes("key").values())).confirm()

    assert {item.key for item in state.items(key).items} == others


def test_a_ticked_item_that_changed_since_stays(orders: Store, browser: Browser) -> None:
    page = browser.get("/groups/orders")
    question = page.submit("Delete…", key=ticked(page, "o-00", "o-01", "o-02"))
    orders.set("orders", "o-00", {"status": "new again"})
    orders.delete("orders", "o-01")

    assert question.confirm().notice == "Deleted 1 item of orders. 2 stayed: changed since, or gone."
    assert orders.get("orders", "o-00") == {"status": "new again"}


def test_a_version_is_that_of_the_page_with_the_boxes(orders: Store, browser: Browser) -> None:
    page = browser.get("/groups/orders")
    orders.set("orders", "o-00", {"status": "new again"})
    page.submit("Delete…", key=ticked(page, "o-00")).confirm()

    assert orders.get("orders", "o-00") == {"status": "new again"}


@pytest.mark.parametrize("button", ["Delete…", "Set TTL…"])
def test_nothing_ticked_says_so(orders: Store, browser: Browser, button: str) -> None:
    before = dump(orders)

    assert browser.get("/groups/orders").submit(button).notice == "Nothing was selected."
    assert dump(orders) == before


@pytest.mark.parametrize("fields", [{"do": "delete"}, {"do": "paint", "all": "yes"}, {"all": "yes"}, {"key": "o-00@x"}])
def test_a_form_that_says_too_little_does_nothing(orders: Store, browser: Browser, fields: dict[str, Any]) -> None:
    before = dump(orders)

    assert browser.post("/groups/orders/selected", {"sure": "yes", **fields}).notice == "Nothing was selected."
    assert dump(orders) == before


def test_all_that_match_are_spelled_out_with_number_and_filter(orders: Store, browser: Browser) -> None:
    before = dump(orders)
    page = browser.get(PAID)
    assert "all 60 of 90 that match, also those not on this page" in page.content.text
    question = page.submit("Delete…", all=["yes"])

    assert question.side.one("h2").text == "Delete 60 items?"
    assert "60 items of orders where status = paid, also those not shown on this page." in question.side.text
    assert dump(orders) == before


def test_all_that_match_are_deleted_and_no_others(orders: Store, browser: Browser) -> None:
    wanted = keys(orders) - paid(orders)
    after = browser.get(PAID).submit("Delete…", all=["yes"]).confirm()

    assert (after.path, after.notice) == (PAID, "Deleted 60 items of orders.")
    assert keys(orders) == wanted
    assert [entry.items for entry in orders.trash().items] == [60]
    after.submit("Undo")
    assert len(keys(orders)) == 90


@pytest.mark.parametrize(
    ("query", "words", "left"),
    [
        ("search=o-0", "10 items of orders where the key contains “o-0”, also", 80),
        ("search=new&in=values", "30 items of orders where value contains new, also", 60),
        (
            "search=o-0&where=status+%3D+new",
            "4 items of orders where status = new and the key contains “o-0”, also",
            86,
        ),
        ("where=ttl+%3C+5m", "0 items of orders where expires within 5 min, also", 90),
        ("", "90 items of orders: all that there are, also", 0),
    ],
)
def test_every_way_of_choosing(orders: Store, browser: Browser, query: str, words: str, left: int) -> None:
    question = browser.post(f"/groups/orders/selected?{query}", {"do": "delete", "all": "yes"})
    assert words in question.side.text
    question.confirm()

    assert len(keys(orders)) == left


def test_what_is_written_after_the_question_stays(orders: Store, browser: Browser, clock: SetBackClock) -> None:
    question = browser.get(PAID).submit("Delete…", all=["yes"])
    clock.behind = -5
    orders.set("orders", "o-01", {"status": "paid", "again": True})
    orders.set("orders", "unseen", {"status": "paid"})

    assert question.confirm().notice == "Deleted 59 items of orders. 2 stayed: changed since, or gone."
    assert paid(orders) == {"o-01", "unseen"}


@pytest.mark.parametrize("asked_at", ["", "x", "9" * 30, "9" * 14])
def test_a_moment_that_is_none_is_now(orders: Store, browser: Browser, asked_at: str) -> None:
    fields = {"do": "delete", "all": "yes", "sure": "yes", "asked_at": asked_at}

    assert browser.post("/groups/orders/selected", fields).path == "/"
    assert keys(orders) == set()


def test_filters_that_are_none_delete_nothing(orders: Store, browser: Browser) -> None:
    page = browser.post("/groups/orders/selected?where=status", {"do": "delete", "all": "yes", "sure": "yes"})

    assert page.status == 422
    assert "cannot be used" in page.text
    assert len(keys(orders)) == 90


def test_a_group_of_one_page_offers_no_more_than_that(state: Store, browser: Browser) -> None:
    state.set("g", "k", 1)

    assert not browser.get("/groups/g").tree.all("input", name="all")


def test_beyond_what_is_counted_it_says_more_than(
    orders: Store, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dashboard.pages.selected.COUNTED", 50)
    question = browser.post("/groups/orders/selected?where=status+%3D+paid", {"do": "delete", "all": "yes"})
    assert "more than 50 items of orders where status = paid" in question.side.text

    assert question.confirm().notice == "Deleted 60 items of orders."


@pytest.mark.parametrize(
    ("typed", "seconds", "notice"),
    [
        ("5m", 300, "Set the TTL of 2 items of orders."),
        ("never", math.inf, "Dropped the TTL of 2 items of orders."),
        ("+10m", 1195, "Extended the TTL of 2 items of orders."),
    ],
)
def test_the_ttl_of_ticked_items(orders: Store, browser: Browser, typed: str, seconds: float, notice: str) -> None:
    page = browser.get("/groups/orders")
    question = page.submit("Set TTL…", key=ticked(page, "o-00", "o-01"))
    assert question.side.one("h2").text == "Set the TTL of 2 items?"
    after = question.submit("Set the TTL", ttl=typed)

    assert after.notice == notice
    assert orders.ttl("orders", "o-00") == pytest.approx(seconds, abs=3)
    assert orders.ttl("orders", "o-02") == pytest.approx(595, abs=3)
    assert not after.has("Undo")


def test_a_preset_for_all_that_match(orders: Store, browser: Browser) -> None:
    question = browser.get(PAID).submit("Set TTL…", all=["yes"])
    form, _ = question.form("Set the TTL")
    fields = {node.attrs["name"]: node.attrs["value"] for node in form.all("input", type="hidden")}
    after = browser.post(form.attrs["action"], {**fields, "preset": "1h"})

    assert after.notice == "Set the TTL of 60 items of orders."
    assert orders.ttl("orders", "o-01") == pytest.approx(3600, abs=3)
    assert orders.ttl("orders", "o-00") == pytest.approx(595, abs=3)


def test_items_without_an_expiry_are_not_extended_and_said(orders: Store, browser: Browser) -> None:
    orders.persist("orders", "o-00")
    page = browser.get("/groups/orders")
    question = page.submit("Set TTL…", key=ticked(page, "o-00", "o-01"))

    told = "Extended the TTL of 1 item of orders. 1 stayed: changed since, gone, or without an expiry."
    assert question.submit("Set the TTL", ttl="+10m").notice == told
    assert orders.ttl("orders", "o-00") == math.inf


@pytest.mark.parametrize("typed", ["soon", "", "0", "2001-01-01"])
@pytest.mark.parametrize("every", [True, False])
def test_a_bad_ttl_is_refused_and_kept(orders: Store, browser: Browser, typed: str, every: bool) -> None:
    before = dump(orders)
    page = browser.get(PAID)
    box = {"all": ["yes"]} if every else {"key": ticked(page, "o-01")}
    refused = page.submit("Set TTL…", **box).submit("Set the TTL", ttl=typed)

    assert refused.status == 422
    assert refused.field("ttl") == typed
    assert len(refused.errors) == 1
    assert dump(orders) == before
    assert refused.submit("Set the TTL", ttl="5m").notice.startswith("Set the TTL of ")


def job_of() -> Job:
    return Job("Deleting", "/", "Go on", lambda: 0.0)


def test_stopping_says_how_many_were_done_and_undo_covers_these(orders: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selecting, "BATCH_ITEMS", 10)
    job = job_of()

    class StopsAtOnce(Deleting):
        def apply(self, store: Store, group_id: str, versions: Any) -> int:
            job.stop()
            return super().apply(store, group_id, versions)

    matching = Matching("orders", "", (), orders.now())
    job.run(Doing(orders, matching, StopsAtOnce("x"), 90, "x"))

    assert (job.state, job.trash_id) == ("stopped", "x")
    assert job.said == "Deleted 10 items of orders. Stopped: 80 items were not touched."
    assert len(keys(orders)) == 80
    assert orders.restore("x").items == 10


def test_progress_is_told_and_batches_end_by_size(orders: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selecting, "BATCH_BYTES", 40)
    parts = [len(versions) for versions, _ in Matching("orders", "", (), orders.now()).batches(orders)]
    job = job_of()
    job.run(Doing(orders, Matching("orders", "", (), orders.now()), Deleting("x"), None, "x"))

    assert max(parts) < 4
    assert sum(parts) == 90
    assert (job.done, job.total, job.state) == (90, 90, "done")


def test_items_reached_late_expire_at_the_same_moment(orders: Store, clock: SetBackClock) -> None:
    action = SettingTtl(300.0, orders.now())
    clock.behind = -100
    versions = {"o-00": orders.items("orders").items[0].version}

    assert action.apply(orders, "orders", versions) == 1
    assert orders.ttl("orders", "o-00") == pytest.approx(200, abs=3)
    late = SettingTtl(300.0, orders.now() - timedelta(seconds=400))
    assert late.apply(orders, "orders", versions) == 1
    assert (orders.ttl("orders", "o-00") or 0) < 1


def test_changed_items_keep_their_ttl(orders: Store) -> None:
    stale = {"o-00": 10**6}
    for expires in (300.0, NEVER, Extension(5.0)):
        assert SettingTtl(expires, orders.now()).apply(orders, "orders", stale) == 0
    assert orders.ttl("orders", "o-00") == pytest.approx(595, abs=3)
