"""The list of a group's items: columns, filters, counts and pages."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote_plus

import pytest

from store import Count, Store
from tests.dashboard.pages import Browser, Page
from tests.dashboard.support import ODD_NAMES, SetBackClock

FIELDS_AT = 2  # the first column of a field, after the box and the key


def heads(page: Page) -> list[str]:
    return [node.text for node in page.tree.one("thead").all("th")][1:]


def chips(page: Page) -> list[str]:
    found = [node for node in page.tree.all("span") if "chip" in node.attrs.get("class", "").split()]
    return [node.text.removesuffix("×") for node in found]


def counted(page: Page) -> str:
    return page.tree.one("span", id="counted").text


def listed(page: Page) -> list[str]:
    return page.column(1)


def address(*where: str, **others: str) -> str:
    pairs = [*(("where", text) for text in where), *others.items()]
    return "/groups/g?" + "&".join(f"{name}={quote_plus(value, safe='$,')}" for name, value in pairs)


@pytest.fixture
def orders(state: Store) -> Store:
    """Four orders in the group g."""
    state.set_many(
        "g",
        {
            "o-1": {"id": "o-1", "status": "paid", "total": 120, "note": None, "customer": {"country": "DE"}},
            "o-2": {"id": "o-2", "status": "pending", "total": 99.5, "customer": {"country": "US"}},
            "o-3": {"id": "o-3", "status": "paid", "total": 45, "unit price": "100"},
            "o-4": {"id": "o-4", "status": "declined", "total": 200, "big": 9007199254740993},
        },
    )
    return state


# Columns


def test_fields_that_the_items_share_are_columns(orders: Store, browser: Browser) -> None:
    page = browser.get("/groups/g")

    assert heads(page) == ["Key ▲", "status", "total", "Size", "TTL", "Changed"]
    assert page.rows[0][FIELDS_AT : FIELDS_AT + 2] == ['"paid"', "120"]
    assert page.tree.all("td", class_="c c2 r")[0].text == "120"


def test_the_address_says_which_columns_there_are(orders: Store, browser: Browser) -> None:
    page = browser.get('/groups/g?columns=big,customer,"unit price",note,none')

    assert heads(page)[1:-3] == ["big", "customer", "unit price", "note", "none"]
    assert [row[FIELDS_AT:-3] for row in page.rows] == [
        ["", '{"country":"DE"}', "", "null", ""],
        ["", '{"country":"US"}', "", "", ""],
        ["", "", '"100"', "", ""],
        ["9007199254740993", "", "", "", ""],
    ]


def test_preview_and_time_of_creation_can_be_columns(state: Store, browser: Browser, clock: SetBackClock) -> None:
    clock.behind = 300
    state.set("g", "k", {"a": 1, "b": 2})
    clock.behind = 0
    state.update("g", "k", [{"type": "increment", "path": "a", "by": 1}])
    page = browser.get("/groups/g?columns=a,value,age")

    assert heads(page) == ["Key ▲", "a", "Value", "Type", "Created", "Size", "TTL", "Changed"]
    assert page.rows[0][FIELDS_AT:-3] == ["2", "b 2", "object", "5 min"]


def test_what_is_no_object_is_previewed_across_the_columns(state: Store, browser: Browser) -> None:
    state.set_many("g", {"1": {"a": 1, "b": 2}, "2": [1, 2], "3": {"a": 1, "b": 2}, "4": {"a": 1, "b": 2}})
    row = browser.get("/groups/g").tree.one("tr", id="item-2")

    assert row.one("td", class_="v").attrs["colspan"] == "2"
    assert row.one("td", class_="v").text == "[1,2]"


def test_large_values_are_not_read_for_the_list(state: Store, browser: Browser) -> None:
    state.set_many("g", {"1": {"a": 1, "b": 2}, "2": {"a": 1, "text": "x" * 70_000}, "3": {"a": 1}})

    assert browser.get("/groups/g?columns=a,b").rows[1][FIELDS_AT:-3] == ["68.4 KB of JSON"]
    assert browser.get("/groups/g?columns=value").rows[1][FIELDS_AT:-3] == ["68.4 KB of JSON", ""]
    assert browser.get("/groups/g/items/2").side.one("h2").text == "2"


def test_a_cell_tells_more_of_what_is_cut(state: Store, browser: Browser) -> None:
    state.set("g", "k", {"a": "x" * 300})
    cell = browser.get("/groups/g?columns=a").tree.one("tr", id="item-k").one("td", class_="c c1")

    assert len(cell.text) < 60
    assert cell.attrs["title"] == f'"{"x" * 300}"'


@pytest.mark.parametrize(
    "name", [*(name for name in ODD_NAMES if len(name) <= 100), "a,b", "size", "value", "$.x", "-a"]
)
def test_fields_of_any_name_can_be_columns_and_sorted_by(state: Store, browser: Browser, name: str) -> None:
    state.set_many("g", {"1": {name: "b"}, "2": {name: "c"}, "3": {name: "a"}})
    page = browser.get("/groups/g")
    box = next(value for value in page.boxes("column").values() if value not in ("value", "age"))
    head = page.submit("Show", column=[box]).tree.one("thead").all("th")[2]
    once = browser.get(head.one("a").attrs["href"])
    twice = browser.get(once.tree.one("th", aria_sort="ascending").one("a").attrs["href"])

    assert once.column(FIELDS_AT) == ['"a"', '"b"', '"c"']
    assert twice.column(1) == ["2", "1", "3"]


def test_chosen_columns_are_remembered_for_their_group_only(orders: Store, browser: Browser) -> None:
    orders.set("gg", "k", {"a": 1})
    page = browser.get("/groups/g").submit("Show", column=["total", "customer"])

    assert page.path == "/groups/g?columns=total,customer"
    assert browser.get("/groups/g").path == "/groups/g?columns=total,customer"
    assert browser.get("/groups/g?columns=status").path == "/groups/g?columns=status"
    item = browser.get("/groups/g/items/o-1?where=total+%3E+1")
    assert item.path == "/groups/g/items/o-1?where=total+%3E+1&columns=total,customer"
    assert heads(browser.get("/groups/gg"))[1] == "a"


def test_the_cookie_that_remembers_columns_is_for_the_group_and_the_server(orders: Store, browser: Browser) -> None:
    answer = browser.client.post("/groups/g/columns", data={"column": "total"}, follow_redirects=False)
    (cookie,) = answer.headers.get_list("set-cookie")

    assert cookie.startswith("stepstate_columns=total; HttpOnly; Max-Age=31536000; Path=/groups/g; SameSite=strict")


def test_no_column_chosen_leaves_the_choice_to_the_page(orders: Store, browser: Browser) -> None:
    browser.get("/groups/g").submit("Show", column=["total"])
    page = browser.get("/groups/g").submit("Show", column=[])

    assert page.path == "/groups/g"
    assert heads(browser.get("/groups/g")) == ["Key ▲", "status", "total", "Size", "TTL", "Changed"]


def test_a_field_that_is_not_on_the_page_can_be_named(orders: Store, browser: Browser) -> None:
    page = browser.post("/groups/g/columns", {"column": ["status", "rare field"]})

    assert page.path == "/groups/g?columns=status,%22rare+field%22"
    assert heads(page)[1:3] == ["status", "rare field"]


def test_the_form_offers_what_is_there_and_ticks_what_is_shown(orders: Store, browser: Browser) -> None:
    page = browser.get("/groups/g?columns=rare,total")
    boxes = page.tree.all("input", type="checkbox", name="column")

    assert list(page.boxes("column")) == [
        f"Column {name}"
        for name in (
            *("rare", "total", "id", "status", "note", "customer", "unit price", "big"),
            *("Preview of the value", "Created"),
        )
    ]
    assert [box.attrs["value"] for box in boxes if "checked" in box.attrs] == ["rare", "total"]


def test_choosing_columns_keeps_the_rest_of_the_view_and_the_open_item(orders: Store, browser: Browser) -> None:
    page = browser.get("/groups/g?where=status+%3D+paid&sort=-key").click("o-3").submit("Show", column=["total"])

    assert page.path == "/groups/g/items/o-3?where=status+%3D+paid&sort=-key&columns=total"
    assert listed(page) == ["o-3", "o-1"]


@pytest.mark.parametrize("cookie", ["%FF", '"', "a%00b", "x" * 5000, "%5B", ",,,"])
def test_a_cookie_of_another_kind_does_no_harm(orders: Store, browser: Browser, cookie: str) -> None:
    assert browser.client.get("/groups/g", headers={"Cookie": f"stepstate_columns={cookie}"}).status_code == 200


def test_columns_too_long_for_a_cookie_are_shown_all_the_same(orders: Store, browser: Browser) -> None:
    page = browser.post("/groups/g/columns", {"column": ["x" * 4000]})

    assert heads(page)[1] == "x" * 4000
    assert browser.get("/groups/g").path == "/groups/g"


# Filters


@pytest.mark.parametrize(
    ("where", "keys"),
    [
        (["status = paid"], ["o-1", "o-3"]),
        (["status = paid", "total > 100"], ["o-1"]),
        (["note is null"], ["o-1"]),
        (["big exists"], ["o-4"]),
        (['"unit price" = "100"'], ["o-3"]),
        (['"unit price" = 100'], []),
        (['["customer","country"] = US'], ["o-2"]),
        (["status starts with P"], ["o-1", "o-2", "o-3"]),
        (["key contains 4"], ["o-4"]),
        (["size < 60 B"], ["o-3"]),
        (["ttl missing"], ["o-1", "o-2", "o-3", "o-4"]),
        (["ttl < 5m"], []),
        (["changed < 1m", "age < 1m", "total < 50"], ["o-3"]),
        (["big = 9007199254740992"], []),
        (["big = 9007199254740993"], ["o-4"]),
    ],
)
def test_filters_say_what_is_listed(orders: Store, browser: Browser, where: list[str], keys: list[str]) -> None:
    page = browser.get(address(*where))

    assert page.status == 200
    assert [row[1] for row in page.rows] == keys
    assert counted(page) == f"{len(keys)} of 4"
    assert len(chips(page)) == len(where)


def test_a_filter_is_taken_away_by_its_cross(orders: Store, browser: Browser) -> None:
    page = browser.get(address("status = paid", "total > 100", sort="-key"))
    less = page.click("Remove the filter total > 100")

    assert chips(page) == ["status = paid", "total > 100"]
    assert chips(less) == ["status = paid"]
    assert listed(less) == ["o-3", "o-1"]
    assert less.click("Remove the filter status = paid").path == "/groups/g?sort=-key"


def test_a_filter_is_added_by_the_form(orders: Store, browser: Browser) -> None:
    page = browser.get(address("status = paid", sort="-key")).submit("Add filter", field="total", op="<", value="100")

    assert page.path == "/groups/g?where=status+%3D+paid&where=total+%3C+100&sort=-key"
    assert chips(page) == ["status = paid", "total < 100"]
    assert listed(page) == ["o-3"]


def test_a_field_is_typed_into_the_form_as_it_is_called(orders: Store, browser: Browser) -> None:
    page = browser.get("/groups/g").submit("Add filter", field="unit price", op="exists", value="")

    assert chips(page) == ['"unit price" exists']
    assert listed(page) == ["o-3"]


def test_the_form_offers_the_fields_of_the_page_and_the_properties(orders: Store, browser: Browser) -> None:
    offered = [
        node.attrs["value"] for node in browser.get("/groups/g").tree.one("datalist", id="filter-fields").all("option")
    ]

    assert offered == [
        *("id", "status", "total", "note", "customer", '"unit price"', "big"),
        *("ttl", "age", "changed", "size", "key", "value"),
    ]


def test_what_is_often_wanted_is_one_click_away(state: Store, browser: Browser) -> None:
    state.set("g", "soon", 1, ttl=60)
    state.set("g", "later", 1, ttl=3600)
    state.set("g", "never", 1)
    page = browser.get("/groups/g")

    assert listed(page.click("expires within 5 min")) == ["soon"]
    assert listed(page.click("never expires")) == ["never"]
    assert not page.click("never expires").has("never expires")


def test_a_filter_keeps_the_open_item_open(orders: Store, browser: Browser) -> None:
    page = browser.get("/groups/g/items/o-2").submit("Add filter", field="status", op="=", value="paid")

    assert page.path == "/groups/g/items/o-2?where=status+%3D+paid"
    assert page.side.one("h2").text == "o-2"
    assert listed(page) == ["o-1", "o-3"]
    assert page.click("Close").path == "/groups/g?where=status+%3D+paid"
    assert page.click("Remove the filter status = paid").path == "/groups/g/items/o-2"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("status", "After status comes"),
        ("total > true", "“>” goes with numbers and text, not with true."),
        ("ttl < soon", "is not a duration"),
        ("size > 10 XB", "10 XB is no size"),
        ("<script>", "It begins with no field."),
        ("\x00", "After \x00 comes"),
        ("a = " + "[" * 100_0, None),
    ],
)
def test_a_filter_that_is_none_is_shown_with_what_is_wrong(
    orders: Store, browser: Browser, text: str, why: str | None
) -> None:
    page = browser.get(address("status = paid", text))

    assert page.status == 200
    assert len(chips(page)) == 2
    if why is not None:
        assert listed(page) == ["o-1", "o-3"]  # the other filter holds
        (error,) = page.errors
        assert why in error
        assert listed(page.click("Remove it")) == ["o-1", "o-3"]


def test_there_are_not_more_filters_than_can_be_looked_at(orders: Store, browser: Browser) -> None:
    page = browser.get(address(*(f"f{number} missing" for number in range(25))))

    assert len(page.errors) == 1
    assert page.errors[0].count("There are at most 20 filters.") == 5


def test_filters_that_say_the_same_are_one(orders: Store, browser: Browser) -> None:
    assert chips(browser.get(address("total > 1", "total > 1", " total > 1 ", " "))) == ["total > 1"]


def test_the_search_looks_in_keys_or_in_values(orders: Store, browser: Browser) -> None:
    keys = browser.get("/groups/g").submit("Search", search="3")
    values = keys.submit("Search", search="de", **{"in": "values"})

    assert (keys.path, listed(keys)) == ("/groups/g?search=3&in=keys", ["o-3"])
    assert (values.path, listed(values)) == ("/groups/g?search=de&in=values", ["o-1", "o-4"])
    assert counted(values) == "2 of 4"
    assert "No value contains “nothing”." in values.submit("Search", search="nothing").text
    assert values.click("Key ▲").path == "/groups/g?search=de&in=values&sort=-key"


def test_the_search_keeps_filters_and_order(orders: Store, browser: Browser) -> None:
    page = browser.get(address("status = paid", sort="-key", columns="total")).submit("Search", search="o")

    assert page.path == "/groups/g?search=o&in=keys&where=status+%3D+paid&sort=-key&columns=total"
    assert listed(page) == ["o-3", "o-1"]


def test_where_nothing_fits_everything_can_be_shown(orders: Store, browser: Browser) -> None:
    page = browser.get(address("status = lost", search="o", sort="-key"))

    assert "No item fits." in page.text
    assert page.click("Show all items").path == "/groups/g?sort=-key"


# Counts


def test_without_filters_nothing_is_counted(orders: Store, browser: Browser) -> None:
    assert counted(browser.get("/groups/g")) == ""


def test_more_than_a_page_is_counted_out(state: Store, browser: Browser) -> None:
    state.set_many("g", {f"k{number:04}": number for number in range(1300)})

    page = browser.get(address("[] >= 100", size="200"))

    assert counted(page) == "1,200 of 1,300"
    while page.has("Next page »"):
        page = page.click("Next page »")
        assert counted(page) == "1,200 of 1,300"


def test_very_many_are_not_counted_out(state: Store, browser: Browser) -> None:
    state.set_many("g", dict.fromkeys((f"k{number:05}" for number in range(10050)), 1))

    assert counted(browser.get(address("key contains k"))) == "10,000+ of 10,050"


@pytest.fixture
def slow(state: Store) -> Store:
    """Sixty items that take their time to be looked into, many times longer than the shortest time there is: 1 ms."""
    state.set_many("g", {f"k{number:02}": {"n": number, "list": [0.5] * 14_000} for number in range(60)})
    return state


def test_where_there_is_no_time_to_count_it_says_how_many_at_least(
    slow: Store, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dashboard.pages.item_list.COUNT_SECONDS", 0.001)

    assert re.fullmatch("at least [0-9]{1,2} of 60", counted(browser.get(address("n >= 0"))))


def test_a_page_that_ended_early_says_so_and_goes_on(
    slow: Store, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dashboard.pages.item_list.LOOK_SECONDS", 0.001)
    page = browser.get(address("n > 58"))
    seen = 1
    while not page.rows:
        assert "Looked through part of the group so far, and found nothing yet." in page.text
        assert "No item fits" not in page.text
        assert counted(page) == "at least 0 of 60"
        page, seen = page.click("Search on"), seen + 1

    assert listed(page) == ["k59"]
    assert seen > 1
    assert page.has("‹ Previous page")


def test_what_was_found_so_far_is_shown(slow: Store, browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dashboard.pages.item_list.LOOK_SECONDS", 0.001)
    page = browser.get(address("n >= 0"))

    assert listed(page)[0] == "k00"
    assert "Looked through part of the group so far." in page.text
    assert not page.has("Next page »")
    assert listed(page.click("Search on"))[0] == f"k{len(page.rows):02}"


# Pages


@pytest.mark.parametrize("sort", ["key", "-key", "size", "-updated", "expires", "$.n", "-$.n"])
def test_previous_pages_are_those_that_came_before(state: Store, browser: Browser, sort: str) -> None:
    state.set_many("g", {f"k{number:03}": {"n": number % 7} for number in range(170)})
    pages = [browser.get(address("n >= 0", sort=sort))]
    while pages[-1].has("Next page »"):
        pages.append(pages[-1].click("Next page »"))
    keys = [key for page in pages for key in listed(page)]

    assert len(pages) == 4
    assert sorted(keys) == [f"k{number:03}" for number in range(170)]
    page = pages[-1]
    for before in reversed(pages[:-1]):
        page = page.click("‹ Previous page")
        assert (listed(page), page.path) == (listed(before), before.path)
    assert not page.has("‹ Previous page")
    assert not page.has("« First page")


def test_far_from_the_beginning_the_way_back_is_the_first_page(state: Store, browser: Browser) -> None:
    state.set_many("g", {f"k{number:04}": number for number in range(700)})
    page = browser.get("/groups/g")
    for _ in range(11):
        page = page.click("Next page »")
    assert "Page 12" in page.text
    while page.has("‹ Previous page"):
        page = page.click("‹ Previous page")

    assert page.has("« First page")
    assert len(page.path) < 2000
    assert page.click("« First page").path == "/groups/g"


def test_the_size_of_a_page_can_be_chosen(state: Store, browser: Browser) -> None:
    state.set_many("g", {f"k{number:04}": number for number in range(300)})
    page = browser.get("/groups/g").click("200 items a page")

    assert page.path == "/groups/g?size=200"
    assert len(page.rows) == 200
    assert len(page.click("Next page »").rows) == 100
    assert len(browser.get("/groups/g?size=7").rows) == 50


def test_an_item_opened_on_a_page_stays_on_that_page(state: Store, browser: Browser) -> None:
    state.set_many("g", {f"k{number:04}": {"n": number} for number in range(120)})
    second = browser.get(address("n >= 0", sort="-$.n")).click("Next page »")
    item = second.click("k0050")

    assert listed(item) == listed(second)
    assert item.tree.one("tr", aria_current="true").attrs["id"] == "item-k0050"
    assert item.click("Close").path == second.path
    assert item.click("‹ Previous page").side.one("h2").text == "k0050"


@pytest.mark.parametrize(
    "query",
    ["sort=colour", "sort=-", "after=x", "after=x&page=3&before=y", "sort=size&after=WyJrZXkiLDEsMV0"],
)
def test_an_order_or_a_page_that_is_none_is_refused(orders: Store, browser: Browser, query: str) -> None:
    assert browser.get(f"/groups/g?{query}").status == 400


def test_beside_an_item_that_is_gone_the_list_leads_to_the_group(orders: Store, browser: Browser) -> None:
    page = browser.get("/groups/g/items/unknown?where=status+%3D+paid")

    assert page.status == 404
    assert listed(page) == ["o-1", "o-3"]
    assert page.click("Remove the filter status = paid").path == "/groups/g"


def test_rows_say_which_item_they_are_and_at_which_version(state: Store, browser: Browser) -> None:
    state.set("g", "a/b", 1)
    state.set("g", "a/b", 2)
    row = browser.get("/groups/g").tree.one("tr", id="item-a~2Fb")

    assert row.attrs["data-version"] == str(_version(state, "g", "a/b"))
    assert "data-item" in row.attrs


def _version(state: Store, group_id: str, key: str) -> int:
    item = state.item(group_id, key)
    assert item is not None
    return item.version


def test_without_filters_no_more_than_a_page_is_looked_at(
    state: Store, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    state.set_many("g", {f"k{number:04}": {"n": number} for number in range(300)})

    def count(*_args: Any, **_kwargs: Any) -> Count:
        raise AssertionError("counted")

    monkeypatch.setattr(Store, "count", count)
    asked: list[dict[str, Any]] = []
    items = Store.items

    def remembering(self: Store, group_id: str, **kwargs: Any) -> Any:
        asked.append(kwargs)
        return items(self, group_id, **kwargs)

    monkeypatch.setattr(Store, "items", remembering)

    assert len(browser.get("/groups/g").rows) == 50
    assert [(kwargs["limit"], kwargs["where"]) for kwargs in asked] == [(50, [])]
