"""Live pages: what a tab is told of, and what that costs the store."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any, cast

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from dashboard import create_app, live
from store import Store, StoreBusy, open_store
from tests.dashboard.streams import CountingStore, Stream, page_of, query_of, regions_of, tabs, until

INTERVAL = 0.02
FEW = 10 * INTERVAL  # time enough for several looks


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "INTERVAL", INTERVAL)


@pytest.fixture
def store(tmp_path: object) -> Iterator[CountingStore]:
    with open_store(f"sqlite:///{tmp_path}/state.db", sweep_interval=None) as opened:
        opened.set_many("orders", {"a": {"n": 1}, "b": {"n": 2}})
        opened.set("other", "k", 1)
        yield CountingStore(opened)


@pytest.fixture
def app(store: CountingStore) -> Starlette:
    return create_app(cast("Store", store))


def run(work: Callable[[], Awaitable[None]]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(20):
            await work()

    asyncio.run(bounded())


def test_a_change_is_sent_as_the_region_that_it_changes(app: Starlette, store: CountingStore) -> None:
    async def work() -> None:
        async with tabs(app, "/groups/orders") as [tab]:
            store.set("orders", "a", {"n": 3})
            name, regions = await tab.next()
            assert name == "regions"
            assert "groups" not in regions  # the list beside it shows the same as before
            digest, html = regions["rows"]
            assert '<em class="j-number">3</em>' in html
            assert regions_of(await page_of(app, "/groups/orders"))["rows"] == digest

    run(work)


def test_nothing_is_sent_if_the_change_is_not_on_the_page(app: Starlette, store: CountingStore) -> None:
    async def work() -> None:
        async with tabs(app, "/groups/orders") as [tab]:
            rendered = store.calls["items"]
            store.set("other", "k", 2)
            await until(lambda: store.calls["items"] > rendered)
            await asyncio.sleep(FEW)
            assert tab.events == []

    run(work)


def test_nothing_is_rendered_while_nothing_is_written(app: Starlette, store: CountingStore) -> None:
    async def work() -> None:
        async with tabs(app, "/groups/orders", "/", "/groups/orders/items/a") as opened:
            called = dict(store.calls)
            await asyncio.sleep(FEW)
            assert {name for name, calls in store.calls.items() if calls != called.get(name)} == {"revision", "now"}
            assert [tab.events for tab in opened] == [[], [], []]

    run(work)


def test_however_many_tabs_there_are_the_store_is_asked_once_an_interval(app: Starlette, store: CountingStore) -> None:
    async def work() -> None:
        async with tabs(app, *["/groups/orders"] * 100, *["/"] * 100):
            asked, began = store.calls["revision"], time.monotonic()
            await asyncio.sleep(FEW)
            looks = store.calls["revision"] - asked
            assert 1 <= looks <= (time.monotonic() - began) / INTERVAL + 1

    run(work)


def test_a_look_that_takes_long_is_not_overtaken(app: Starlette, store: CountingStore) -> None:
    async def work() -> None:
        async with tabs(app, "/groups/orders") as [tab]:
            store.slow["revision"] = 3 * INTERVAL
            await asyncio.sleep(FEW)
            assert store.most_at_once["revision"] == 1
            store.set("orders", "a", 3)
            await tab.next()

    run(work)


def test_tabs_on_the_same_page_share_its_rendering(app: Starlette, store: CountingStore) -> None:
    async def work() -> None:
        async with tabs(app, *["/groups/orders"] * 20) as opened:
            rendered = store.calls["items"]
            store.set("orders", "a", {"n": 3})
            events = [await tab.next() for tab in opened]
            assert all(event == events[0] for event in events)
            await asyncio.sleep(FEW)
            assert store.calls["items"] == rendered + 1

    run(work)


def test_two_pages_are_rendered_at_a_time(app: Starlette, store: CountingStore) -> None:
    async def work() -> None:
        pages = [f"/groups/orders?sort={sort}" for sort in ("key", "-key", "size", "-size", "updated", "-updated")]
        async with tabs(app, *pages) as opened:
            store.slow["items"] = 0.03
            store.most_at_once.clear()
            store.set("orders", "a", {"n": 3})
            for tab in opened:
                await tab.next()
            assert store.most_at_once["items"] == live.RENDERED_AT_ONCE

    run(work)


def test_a_tab_that_comes_with_a_stale_page_gets_what_differs(app: Starlette, store: CountingStore) -> None:
    async def work() -> None:
        html = await page_of(app, "/groups/orders")
        store.set("orders", "a", {"n": 3})
        async with AsyncExitStack() as stack:
            stream = Stream("/live", query_of(html, "/groups/orders"))
            running = asyncio.create_task(stream.run(app))
            stack.callback(stream.leaving.set)
            name, regions = await stream.next()
            assert (name, "rows" in regions, "groups" in regions) == ("regions", True, False)
        await running

    run(work)


def test_a_tab_that_comes_back_after_other_things_happened_gets_nothing(app: Starlette, store: CountingStore) -> None:
    async def work() -> None:
        async with tabs(app, "/groups/orders", since="123") as [tab]:
            await until(lambda: store.calls["items"] == 2)  # for the page, and for the stream
            await asyncio.sleep(FEW)
            assert tab.events == []

    run(work)


def test_one_that_joins_with_an_older_page_gets_what_differs_and_the_others_nothing(
    app: Starlette, store: CountingStore
) -> None:
    async def work() -> None:
        html = await page_of(app, "/groups/orders")
        store.set("orders", "a", {"n": 3})
        async with tabs(app, "/groups/orders") as [current]:
            older = Stream("/live", query_of(html, "/groups/orders"))
            running = asyncio.create_task(older.run(app))
            name, regions = await older.next()
            assert (name, "rows" in regions) == ("regions", True)
            assert current.events == []
            older.leaving.set()
            await running

    run(work)


def test_an_item_goes_from_the_page_when_its_time_is_up(app: Starlette, store: CountingStore) -> None:
    async def work() -> None:
        store.set("orders", "short", 1, ttl=0.3)
        async with tabs(app, "/groups/orders") as [tab]:
            revision = store.revision()
            name, regions = await tab.next()
            assert name == "regions"
            assert "item-short" not in regions["rows"][1]
            assert store.revision() == revision

    run(work)


def test_the_time_of_an_item_that_came_while_the_page_was_open_counts_too(app: Starlette, store: CountingStore) -> None:
    async def work() -> None:
        async with tabs(app, "/groups/orders") as [tab]:
            store.set("orders", "short", 1, ttl=0.3)
            assert "item-short" in (await tab.next())[1]["rows"][1]
            assert "item-short" not in (await tab.next())[1]["rows"][1]

    run(work)


def test_a_time_that_is_up_and_still_shown_is_not_looked_at_for_ever(app: Starlette, store: CountingStore) -> None:
    async def work() -> None:
        store.finish("orders", keep_for=0.1)  # no sweeper clears it
        async with tabs(app, "/groups/orders"):
            await until(lambda: store.calls["items"] == 2)
            await asyncio.sleep(FEW)
            assert store.calls["items"] == 2

    run(work)


def test_what_is_listed_by_its_age_comes_and_goes_without_a_write(app: Starlette, store: CountingStore) -> None:
    async def work() -> None:
        store.set("orders", "c", 1)
        async with tabs(app, "/groups/orders?where=age+>+1s&columns=n") as [tab]:
            assert "item-c" in (await tab.next())[1]["rows"][1]
            store.set("orders", "d", 1)
            await until(lambda: any("item-d" in regions["rows"][1] for _, regions in tab.events if "rows" in regions))

    run(work)


def test_what_is_written_while_a_page_is_made_is_sent_after_it(app: Starlette, store: CountingStore) -> None:
    async def work() -> None:
        store.once_after["items"] = lambda: store.set("orders", "c", 1)
        async with tabs(app, "/groups/orders") as [tab]:
            assert "item-c" in (await tab.next())[1]["rows"][1]

    run(work)


def test_a_page_that_has_gone_is_said_once_and_followed_on(app: Starlette, store: CountingStore) -> None:
    async def work() -> None:
        async with tabs(app, "/groups/orders") as [tab]:
            store.clear("orders")
            assert await tab.next() == ("gone", {})
            store.set("other", "k", 2)
            await asyncio.sleep(FEW)
            assert len(tab.events) == 1
            store.set("orders", "c", 1)
            name, regions = await tab.next()
            assert (name, "item-c" in regions["rows"][1]) == ("regions", True)

    run(work)


def test_a_slow_reader_gets_the_newest_state_only(app: Starlette, store: CountingStore) -> None:
    async def work() -> None:
        async with tabs(app, "/groups/orders", "/groups/orders") as [slow, quick]:
            slow.flowing.clear()
            for number in range(5):
                store.set("orders", "a", {"n": 100 + number})
                await quick.next()
            slow.flowing.set()
            await until(lambda: "104" in slow.events[-1][1]["rows"][1] if slow.events else False)
            assert len(slow.events) <= 2  # the one that was under way, and the newest

    run(work)


@pytest.mark.parametrize("method", ["revision", "group", "items"])
def test_a_store_in_trouble_is_asked_again(
    app: Starlette, store: CountingStore, method: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def work() -> None:
        async with tabs(app, "/groups/orders") as [tab]:
            store.errors[method] = StoreBusy("locked")
            asked = store.calls[method]
            store.set("orders", "a", {"n": 3})
            await until(lambda: store.calls[method] > asked + 2)
            assert tab.events == []
            del store.errors[method]
            name, regions = await tab.next()
            assert (name, "rows" in regions) == ("regions", True)

    run(work)
    assert caplog.records == []


def test_a_defect_is_logged_and_the_others_are_followed_on(
    app: Starlette, store: CountingStore, caplog: pytest.LogCaptureFixture
) -> None:
    async def work() -> None:
        async with tabs(app, "/groups/orders", "/") as [broken, well]:
            store.errors["items"] = ZeroDivisionError()
            store.set("orders", "c", 1)
            assert (await well.next())[0] == "regions"
            await until(lambda: caplog.records)
            del store.errors["items"]
            store.set("orders", "d", 1)
            assert "item-d" in (await broken.next())[1]["rows"][1]

    run(work)
    assert "/groups/orders could not be rendered" in caplog.text


@pytest.mark.parametrize(
    "page",
    [
        "",
        "/live",
        "/live?page=/",
        "/static/app.css",
        "/groups/orders/items/a/raw",
        "/groups/orders/delete",
        "/groups/orders/finish",
        "/nothing",
        "groups/orders",
        "//groups/orders",
        "https://elsewhere.example/groups/orders",
    ],
)
def test_only_pages_are_followed(app: Starlette, store: CountingStore, page: str) -> None:
    async def work() -> None:
        stream = Stream("/live", f"page={page}&since=1")
        await stream.run(app)
        assert stream.events == [("end", {})]
        assert store.calls == {}

    run(work)


def test_asking_for_the_head_alone_opens_no_stream(app: Starlette) -> None:
    async def work() -> None:
        stream = Stream("/live", "page=/", method="HEAD")
        await stream.run(app)
        assert stream.headers["content-type"].startswith("text/event-stream")

    run(work)


@pytest.mark.parametrize("due", ["", "x", "-1", "9" * 400, "1.5", "²"])
def test_nonsense_in_the_query_does_no_harm(app: Starlette, store: CountingStore, due: str) -> None:
    async def work() -> None:
        async with tabs(app, "/groups/orders", due=due, has="rows,x:,:,,groups:y:z", since="\0") as [tab]:
            await tab.next()
            store.set("orders", "c", 1)
            assert "item-c" in (await tab.next())[1]["rows"][1]

    run(work)


def test_a_stream_is_not_held_back_on_its_way_and_shows_that_it_lives(
    app: Starlette, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def work() -> None:
        monkeypatch.setattr(live, "HEARTBEAT", 0.05)
        async with tabs(app, "/") as [tab]:
            await until(lambda: tab.bytes.count(b"event: beat\ndata: {}\n\n") > 1)
            assert tab.status == 200
            assert tab.headers["content-type"].startswith("text/event-stream")
            assert tab.headers["x-accel-buffering"] == "no"
            assert tab.headers["cache-control"] == "no-store"
            assert "content-security-policy" in tab.headers

    run(work)


def test_without_tabs_nobody_watches(app: Starlette, store: CountingStore) -> None:
    async def work() -> None:
        async with tabs(app, "/groups/orders"):
            assert len(asyncio.all_tasks()) > 2
        await until(lambda: len(asyncio.all_tasks()) == 1)
        asked = store.calls["revision"]
        await asyncio.sleep(FEW)
        assert store.calls["revision"] == asked
        async with tabs(app, "/groups/orders") as [tab]:
            store.set("orders", "c", 1)
            await tab.next()

    run(work)
    run(work)  # also in another event loop


def test_a_dashboard_that_is_mounted_follows_its_pages(app: Starlette, store: CountingStore) -> None:
    async def work() -> None:
        outer = Starlette(routes=[Mount("/my/state", app)])
        async with tabs(outer, "/my/state/groups/orders", live="/my/state/live") as [tab]:
            store.set("orders", "c", 1)
            assert 'href="/my/state/groups/orders/items/c"' in (await tab.next())[1]["rows"][1]
        stream = Stream("/my/state/live", "page=/groups/orders")
        await stream.run(outer)
        assert stream.events == [("end", {})]

    run(work)


PAGES = [
    "/",
    "/?sort=-updated",
    "/groups/orders",
    "/groups/orders?search=a",
    "/groups/orders/items/a",
    "/groups/orders/items/a/edit",
    "/groups/orders/items/a/operations",
    "/groups/orders/add",
    "/groups/orders/settings",
    "/cache",
    "/cache/groups/rates",
]


@pytest.fixture
def filled(store: CountingStore) -> CountingStore:
    """With times of all kinds, and a cached function."""
    store.set("orders", "c", 1, ttl=3000)
    store.set("orders", "d", {"long": "x" * 50_000}, ttl=7000)
    store.configure("orders", default_ttl=5000)
    store.set("done", "k", 1)
    store.finish("done", keep_for=4000)

    @cast("Store", store).cached("rates", ttl=6000, stale=600)
    def rate(base: str) -> Any:
        return {"base": base}

    rate("EUR")
    rate("USD")
    store.cache_stats()
    return store


@pytest.mark.parametrize("page", PAGES)
def test_what_is_rendered_for_tabs_is_what_the_page_shows(app: Starlette, filled: CountingStore, page: str) -> None:
    async def work() -> None:
        html = await page_of(app, page)
        regions = regions_of(html)
        assert regions
        stream = Stream("/live", query_of(html, page, since="1", has=""))
        running = asyncio.create_task(stream.run(app))
        _, sent = await stream.next()
        assert {name: digest for name, (digest, _) in sent.items()} == regions
        stream.leaving.set()
        await running

    run(work)


@pytest.mark.parametrize("page", PAGES)
def test_time_that_passes_changes_nothing_but_running_times(
    app: Starlette, filled: CountingStore, page: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def work() -> None:
        before = await page_of(app, page)
        later = filled.now() + timedelta(seconds=7)
        monkeypatch.setattr(filled._store, "now", lambda: later)
        after = await page_of(app, page)
        assert regions_of(after) == regions_of(before)
        if page.startswith("/groups"):
            assert re.findall(r">\d+ s ago<", after) != re.findall(r">\d+ s ago<", before)  # the clock did move

    run(work)
