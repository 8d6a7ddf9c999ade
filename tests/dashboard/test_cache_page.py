"""The cached functions on the dashboard."""

from __future__ import annotations

import re
from typing import Any

import pytest

from dashboard.pages import cache
from store import Store, open_store
from tests.dashboard.caches import COUNTERS, counted, keep
from tests.dashboard.pages import Browser, Node, Page
from tests.dashboard.support import ODD_NAMES


def overview(browser: Browser) -> Page:
    return browser.get("/").click("Cache")


def figures(page: Page) -> dict[str, str]:
    labels, values = ([node.text for node in page.content.all(tag)] for tag in ("dt", "dd"))
    return dict(zip(labels, values, strict=True))


def bars(picture: Node) -> list[str]:
    """What the bars that are drawn are called."""
    return [group.one("title").text for group in picture.all("g") if len(group.all("rect")) > 1]


def test_before_anything_is_cached_the_page_shows_how(browser: Browser) -> None:
    page = overview(browser)

    assert page.status == 200
    assert [node.text for node in page.tree.all("a", class_="on")] == ["Cache"]
    snippet = page.content.one("pre").raw
    assert len(snippet.splitlines()) == 3
    compile(snippet, "snippet", "exec")
    assert ".cached(" in snippet
    assert not page.content.all("table", "form")


def test_a_function_that_was_called_is_listed_with_what_it_did(state: Store, browser: Browser) -> None:
    @state.cached("rates", ttl=250)
    def rate(base: str) -> float:
        return 1.08

    for base in ("EUR", "EUR", "EUR", "USD"):
        rate(base)
    ((name, entries, size, hits, misses, share, stale, saved, picture, clear),) = overview(browser).rows

    assert name.startswith("rate tests.dashboard.test_cache_page.")
    assert name.endswith(" rates")
    assert (entries, size, hits, misses, share, stale, clear) == ("2", "8 B", "2", "2", "50.0%", "0", "Clear…")
    assert re.fullmatch(r"[0-9.e-]+ s", saved)
    assert picture.endswith("next in 4 min")


@pytest.mark.parametrize(
    ("counts", "shown"),
    [
        ({}, ["0", "0", "–", "0", "0 s"]),
        ({"hits": 4, "runs": 1, "seconds": 50, "misses": 1}, ["4", "1", "80.0%", "0", "3 min 20 s"]),
        ({"hits": 1, "stale_hits": 2, "waits": 1}, ["1", "0", "100%", "2", "0 s"]),
        ({"hits": 99_999, "misses": 1}, ["99,999", "1", "99.9%", "0", "0 s"]),
    ],
)
def test_the_figures_are_for_people(state: Store, browser: Browser, counts: dict[str, Any], shown: list[str]) -> None:
    counted(state, "rates", **counts)

    assert overview(browser).rows == [["rate app.steps rates", "0", "0 B", *shown, "nothing is kept", ""]]


def test_counters_outlive_the_process_and_add_up(url: str, client: Any) -> None:
    for _ in range(2):
        with open_store(url, sweep_interval=None) as state:
            get = state.cached("g", ttl=60)(len)
            get("abc")
            get("abc")
    with open_store(url, sweep_interval=None) as state:
        client.app.state.store = state
        page = Browser(client).get("/cache")

        assert page.rows[0][3:6] == ["3", "1", "75.0%"]


def test_the_functions_are_summed_up(state: Store, browser: Browser) -> None:
    counted(state, "a", hits=3, misses=1, runs=1, seconds=2)
    counted(state, "b", hits=4, runs=1, seconds=2)
    keep(state, "a", x=60)
    keep(state, "b", x=60, y=60)

    assert "2 cached functions · 3 entries · 21 B · 87.5% of the calls served · 14 s saved" in overview(browser).text


def test_a_row_leads_to_the_function_and_to_its_group(state: Store, browser: Browser) -> None:
    counted(state, "rates")
    keep(state, "rates", k=60)
    page = overview(browser)

    assert page.click("rate app.steps").path == "/cache/groups/rates"
    assert page.click("rates").path == "/groups/rates"
    assert page.click("rate app.steps").click("rates").path == "/groups/rates"


def test_a_function_of_which_nothing_is_kept_leads_to_no_group(state: Store, browser: Browser) -> None:
    counted(state, "rates")
    page = overview(browser)
    assert not page.has("rates")
    assert not page.has("Clear rate")

    page = page.click("rate app.steps")
    assert page.status == 200
    assert "Nothing is kept of this function" in page.text
    assert not page.has("Clear…")
    assert page.click("the counters").path == "/groups/stepstate:cache/items/rates"


def test_everything_counted_is_told(state: Store, browser: Browser) -> None:
    counts: dict[str, Any] = {"hits": 1000, "stale_hits": 20, "waits": 5, "misses": 10, "errors": 3, "failures": 2}
    counted(state, "rates", runs=30, seconds=45, stale=600, **counts)
    page = browser.get("/cache/groups/rates")

    assert "group rates · 0 entries · 0 B · TTL 1 min, then stale for 10 min" in page.text
    assert figures(page) == {
        "Hit rate": "99.0%",
        "Time saved": "25 min 37 s",
        "Calls": "1,035",
        "Hits": "1,000",
        "Stale hits": "20",
        "Waits": "5",
        "Misses": "10",
        "Runs": "30",
        "Mean run": "1.5 s",
        "Failed runs": "2",
        "Store errors": "3",
    }


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0.00042, "0.42 ms"), (0.21, "210 ms"), (1.84, "1.8 s"), (125, "2 min 5 s")]
)
def test_the_time_of_a_run_is_told_in_its_own_size(seconds: float, shown: str) -> None:
    assert cache.run_time(seconds) == shown


def test_the_picture_shows_when_entries_expire_and_says_so(state: Store, browser: Browser) -> None:
    counted(state, "rates")
    keep(state, "rates", a=30, b=31, c=50 * 60 - 1, d=7200, e=None)
    told = "5 entries: 2 expiring within 10 minutes, 2 within 30, 3 within the hour, 1 later, 1 never."
    small = overview(browser).content.one("svg")
    page = browser.get("/cache/groups/rates")
    large = page.content.one("svg")

    for picture in (small, large):
        assert (picture.attrs["role"], picture.attrs["aria-label"]) == ("img", told)
        assert bars(picture) == ["In 0 to 2 min: 2 expiring", "In 48 to 50 min: 1 expiring"]
    assert told in page.text


def test_stale_entries_are_told_from_fresh_ones(state: Store, browser: Browser) -> None:
    counted(state, "rates", stale=3600)
    keep(state, "rates", fresh=2 * 3600 - 1, stale=3599, kept=None)
    page = overview(browser)
    assert page.rows[0][8].endswith("1 stale · next in 59 min")

    page = page.click("rate app.steps")
    assert [row[:2] for row in page.rows] == [["fresh", "fresh for 59 min"], ["kept", "fresh"], ["stale", "stale"]]
    assert bars(page.content.one("svg")) == ["In 58 to 60 min: 1 becoming stale; 1 stale, dropped then"]


def test_where_nothing_expires_within_the_hour_words_will_do(state: Store, browser: Browser) -> None:
    counted(state, "rates")
    keep(state, "rates", a=7200)

    assert overview(browser).rows[0][8].endswith("next in 1 h")
    page = browser.get("/cache/groups/rates")
    assert not page.content.all("svg")
    assert "0 within the hour, 1 later." in page.text


def test_a_picture_of_many_entries_is_made_of_some_of_them(state: Store, browser: Browser) -> None:
    counted(state, "rates")
    state.set_many("rates", {f"k{number:04}": 1 for number in range(1500)}, ttl=30)
    page = overview(browser)

    assert page.rows[0][1] == "1,500"
    assert (
        page.content.one("svg")
        .attrs["aria-label"]
        .endswith("1,500 within the hour. Estimated from the first 1,000 by key.")
    )


def test_of_large_entries_a_picture_reads_few(state: Store, browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "SAMPLE_BYTES", 300_000)
    counted(state, "rates")
    state.set_many("rates", {str(number): "x" * 99_998 for number in range(9)}, ttl=30)

    assert "Estimated from the first 3 by key." in overview(browser).content.one("svg").attrs["aria-label"]


def test_the_entries_of_a_function_are_a_list_like_a_group_s(state: Store, browser: Browser) -> None:
    counted(state, "rates")
    state.set_many("rates", {f"k{number:02}": "x" * number for number in range(60)}, ttl=600)
    page = browser.get("/cache/groups/rates")
    assert page.column(0) == [f"k{number:02}" for number in range(50)]
    _key, age, ttl, *rest = page.rows[0]
    assert re.fullmatch("[0-9] s", age)
    assert re.fullmatch("9:5[0-9]", ttl)
    assert rest == ["2 B", "Drop…"]

    assert page.click("Next page »").column(0) == [f"k{number}" for number in range(50, 60)]
    assert page.click("Size").column(0)[0] == "k59"
    assert page.submit("Search", search="K0").column(0) == [f"k0{number}" for number in range(10)]
    assert "No key contains “zzz”" in page.submit("Search", search="zzz").text
    assert page.click("k07").path == "/groups/rates/items/k07"


def test_functions_are_searched_sorted_and_paged(state: Store, browser: Browser) -> None:
    for number in range(30):
        counted(state, f"g{number:02}", f"app.f{29 - number:02}", hits=number, misses=1)
    keep(state, "g07", k=60)
    page = overview(browser)
    assert [row[0] for row in page.rows] == [f"f{29 - number:02} app g{number:02}" for number in range(25)]
    rest = page.click("Next page »")
    assert len(rest.rows) == 5
    assert rest.click("« First page").rows == page.rows

    assert page.click("Hits").column(3) == [str(number) for number in range(29, 4, -1)]
    assert page.click("Hits").click("Hits ▼").column(3)[0] == "0"
    assert page.click("Entries").rows[0][0] == "f22 app g07"
    for column in ("Size", "Misses", "Hit rate", "Stale hits", "Time saved", "Function and group ▲"):
        assert page.click(column).status == 200
    assert [row[0] for row in page.submit("Search", search="F03").rows] == ["f03 app g26"]
    assert [row[0] for row in page.submit("Search", search="G26").rows] == ["f03 app g26"]
    assert "name contains “zzz”" in page.submit("Search", search="zzz").text


@pytest.mark.parametrize("after", ["99", "-1", "x", "9" * 30, "²"])
def test_a_page_that_is_not_there(state: Store, browser: Browser, after: str) -> None:
    counted(state, "rates")
    page = browser.get(f"/cache?after={after}")

    assert page.status == 200
    assert page.rows or page.click("First page").rows


@pytest.mark.parametrize("path", ["/cache?sort=colour", "/cache/groups/rates?sort=colour"])
def test_an_unknown_order_is_refused(state: Store, browser: Browser, path: str) -> None:
    counted(state, "rates")
    page = browser.get(path)

    assert page.status == 400
    assert "cannot sort by 'colour'" in page.text.lower()


@pytest.mark.parametrize("path", ["/cache/groups/unknown", "/cache/groups/unknown/clear", "/cache/groups/a%20b"])
def test_a_function_that_nobody_knows_is_not_found(browser: Browser, path: str) -> None:
    assert browser.get(path).status == 404


@pytest.mark.parametrize("spoilt", [None, 7, "x", [1], {"hits": "many", "seconds": None, "function": 3, "ttl": []}])
def test_spoilt_counters_are_shown_as_none(state: Store, browser: Browser, spoilt: object) -> None:
    state.set(COUNTERS, "rates", spoilt)
    page = overview(browser)

    assert page.rows[0][:6] == ["unknown function rates", "0", "0 B", "0", "0", "–"]
    assert page.click("unknown function").status == 200


@pytest.mark.parametrize("name", ODD_NAMES)
def test_a_function_group_and_key_of_any_name(state: Store, browser: Browser, name: str) -> None:
    counted(state, name, f"app.{name}", stale=10)
    state.set(name, name, 1, ttl=60)
    page = overview(browser)
    assert len(page.rows) == 1

    row = page.content.one("tbody")
    (function, group, _clear) = [node.attrs["href"] for node in row.all("a")]
    assert browser.get(group).path == group
    page = browser.get(function)
    assert page.status == 200
    assert browser.get(page.content.one("tbody").all("a")[0].attrs["href"]).status == 200


def test_what_htmx_swaps_in_is_the_page(state: Store, client: Any) -> None:
    counted(state, "rates")
    keep(state, "rates", a=7200)
    for path in ("/cache", "/cache/groups/rates", "/cache/groups/rates/clear"):
        whole, part = Browser(client).get(path), Browser(client, part=True).get(path)
        assert part.content.text == whole.content.text
        assert not part.tree.all("html")
