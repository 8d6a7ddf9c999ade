"""The groups as a tree."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from store import Store
from tests.dashboard.pages import Browser, Page
from tests.dashboard.support import ODD_NAMES, SetBackClock


def fill(state: Store, *groups: str) -> None:
    for name in groups:
        state.set(name, "k", 1)


def way(page: Page) -> list[str]:
    return [node.text for node in page.tree.one("nav", aria_label="The way to this branch").all("a")]


def beside(page: Page) -> list[str]:
    return [" ".join(part.text for part in node.all("span")) for node in page.tree.one("aside").one("ul").all("a")]


@pytest.fixture
def runs(state: Store) -> Store:
    fill(state, "orders", "wf-2026:10:a", "wf-2026:11:a", "wf-2026:11:b", "wf-2026:11:c", "logs/web", "logs/api")
    return state


def test_groups_are_gathered_by_the_beginnings_of_their_names(runs: Store, browser: Browser) -> None:
    page = browser.get("/").click("Tree")

    assert page.path == "/?view=tree"
    assert [(row[0], row[1], row[2]) for row in page.rows] == [
        ("logs/", "2", "2"),
        ("orders", "", "1"),
        ("wf-2026:", "4", "4"),
    ]


def test_a_branch_opens_its_own_level(runs: Store, browser: Browser) -> None:
    page = browser.get("/?view=tree").click("wf-2026:")
    assert page.column(0) == ["10:a", "11:"]
    page = page.click("11:")

    assert page.path == "/?view=tree&under=wf-2026:11:"
    assert page.column(0) == ["a", "b", "c"]
    assert way(page) == ["all", "wf-2026:", "11:"]
    assert "3 groups · 3 items · 3 B" in page.content.text
    assert page.click("b").path == "/groups/wf-2026:11:b"
    assert page.click("wf-2026:").column(0) == ["10:a", "11:"]
    assert page.click("all").column(0) == ["logs/", "orders", "wf-2026:"]


def test_a_branch_sums_up_what_is_in_it(state: Store, browser: Browser, clock: SetBackClock) -> None:
    clock.behind = 3 * 3600 + 60
    state.set_many("wf:1", {"a": 1, "b": 2}, ttl=4 * 3600 + 60)
    clock.behind = 7200
    state.set("wf:2", "a", "x" * 98, ttl=7200 + 290.9)
    state.set("wf:3", "a", 1)
    clock.behind = 0
    state.finish("wf:1")
    state.finish("wf:3")

    assert browser.get("/?view=tree").rows == [["wf:", "3", "4", "103 B", "idle 2 h", "4:50", "2 finished"]]


def test_a_branch_in_which_all_is_finished_is_marked(state: Store, browser: Browser) -> None:
    fill(state, "wf:1", "wf:2")
    state.finish("wf:1")
    assert not browser.get("/?view=tree").tree.all("tr", class_="done")
    state.finish("wf:2")

    (row,) = browser.get("/?view=tree").tree.all("tr", class_="done")
    assert row.all("td")[-1].text == "2 finished"


def test_a_group_is_shown_as_in_the_list(state: Store, browser: Browser) -> None:
    state.set("wf:1", "k", 1)
    state.configure("wf:1", default_ttl=300)
    state.set("wf:2", "k", 1)
    state.finish("wf:2", keep_for=290.9)
    rows = browser.get("/?view=tree&under=wf:").rows

    assert rows[0] == ["1", "", "1", "1 B", "idle 0 s", "never", "open TTL 5m"]
    assert rows[1] == ["2", "", "1", "1 B", "idle 0 s", "cleared in 4:50", "finished"]
    assert [row[4] for row in browser.get("/?view=list").rows] == ["never", "cleared in 4:50"]


def test_a_group_that_waits_for_the_sweep_is_being_cleared(state: Store, browser: Browser, clock: SetBackClock) -> None:
    clock.behind = 300
    state.configure("wf", default_ttl=300)
    state.finish("wf", keep_for=60)
    clock.behind = 0
    for view, column in (("list", 4), ("tree", 5)):
        assert browser.get(f"/?view={view}").rows[0][column] == "being cleared"


def test_what_expires_before_a_group_is_cleared_is_shown_first(state: Store, browser: Browser) -> None:
    state.set("wf", "k", 1, ttl=290.9)
    state.finish("wf", keep_for=3600)

    assert browser.get("/").rows[0][4] == "4:50"


def test_names_are_cut_at_the_characters_that_are_chosen(state: Store, browser: Browser) -> None:
    fill(state, "a:b/1", "a:b/2", "a:c.1", "d.1", "d.2")
    page = browser.get("/?view=tree")
    assert page.column(0) == ["a:", "d."]

    page = page.submit("Cut", by=["/", "."])
    assert page.column(0) == ["a:b/", "a:c.1", "d."]
    assert [node.attrs["value"] for node in page.tree.all("input", name="by") if "checked" in node.attrs] == ["/", "."]
    assert page.click("a:b/").path == "/?view=tree&under=a:b/&by=/."
    assert page.submit("Cut", by=[]).column(0) == ["a:", "d."]


def test_cutting_elsewhere_keeps_the_place(state: Store, browser: Browser) -> None:
    fill(state, "a:b/1", "a:b/2", "a:c/1", "a:c/2")
    page = browser.get("/?view=tree&under=a:").submit("Cut", by=[":"])

    assert page.column(0) == ["b/1", "b/2", "c/1", "c/2"]
    assert way(page) == ["all", "a:"]


def test_the_way_of_looking_is_remembered(runs: Store, browser: Browser) -> None:
    page = browser.get("/?view=tree").submit("Cut", by=["/"])
    assert page.column(0)[0] == "logs/"
    assert browser.get("/").path == "/?view=tree&by=/"
    assert browser.get("/groups/orders").click("Groups").path == "/?view=tree&by=/"

    assert browser.get("/").click("List").column(0)[0] == "logs/api"
    assert browser.get("/").path == "/"
    assert browser.get("/").click("Tree").path == "/?view=tree&by=/"


def test_an_address_that_says_what_to_list_is_a_list_whatever_is_remembered(runs: Store, browser: Browser) -> None:
    browser.get("/?view=tree")

    assert len(browser.get("/?sort=-id").rows) == 7
    assert browser.get("/?search=logs").column(0) == ["logs/api", "logs/web"]
    assert browser.get("/").path == "/?view=tree"


@pytest.mark.parametrize("kept", ["nonsense", "tree", "tree%20xyz", "list%20", "%ff", "tree%20:/.:/."])
def test_a_cookie_that_says_nothing_is_no_error(runs: Store, browser: Browser, kept: str) -> None:
    browser.client.cookies.set("stepstate_groups", kept)
    page = browser.get("/")

    assert page.status == 200
    assert page.path == ("/?view=tree" if kept.startswith("tree") else "/")


def test_the_message_about_a_change_is_shown_in_the_tree(runs: Store, browser: Browser) -> None:
    browser.get("/?view=tree")
    page = browser.get("/groups/orders/clear").submit("Clear 1 item")

    assert page.path == "/?view=tree"
    assert "Cleared orders" in page.notice


def test_the_switch_keeps_the_search(runs: Store, browser: Browser) -> None:
    page = browser.get("/").submit("Search", search="log").click("Tree")
    assert page.field("search") == "log"
    assert page.column(0) == ["logs/api", "logs/web"]
    assert "Searched in all branches." in page.text

    page = page.click("List")
    assert page.field("search") == "log"
    assert page.column(0) == ["logs/api", "logs/web"]
    assert "Searched in all branches." not in page.text


def test_a_search_in_the_tree_leads_back_to_the_branch_that_was_open(runs: Store, browser: Browser) -> None:
    opened = browser.get("/?view=tree&under=wf-2026:&by=:")
    found = opened.submit("Search", search="log")
    assert found.column(0) == ["logs/api", "logs/web"]
    assert found.click("Last change").column(0) == ["logs/api", "logs/web"]
    assert "Searched in all branches." in found.click("Last change").text

    assert found.submit("Search", search="").column(0) == opened.column(0)
    nothing = opened.submit("Search", search="<nothing>")
    assert nothing.click("Show all groups").column(0) == opened.column(0)


def test_a_long_level_comes_in_pages(state: Store, browser: Browser) -> None:
    for number in range(230):
        fill(state, f"wf:{number:03}:a", f"wf:{number:03}:b")
    page = first = browser.get("/?view=tree&under=wf:")
    names = page.column(0)
    assert len(names) == 100
    assert "groups ·" not in page.content.one(class_="branch").text
    while page.has("Next page »"):
        page = page.click("Next page »")
        assert way(page) == ["all", "wf:"]
        names += page.column(0)

    assert names == [f"{number:03}:" for number in range(230)]
    assert page.click("« First page").column(0) == first.column(0)


def test_a_page_behind_the_last_branch_leads_back(state: Store, browser: Browser) -> None:
    fill(state, *(f"wf:{number:03}" for number in range(120)))
    behind = browser.get("/?view=tree&under=wf:").link("Next page »")
    for number in range(50, 120):
        state.clear(f"wf:{number:03}")
    page = browser.get(behind)

    assert page.rows == []
    assert len(page.click("First page").rows) == 50


def test_a_branch_that_is_gone_says_so(runs: Store, browser: Browser) -> None:
    page = browser.get("/?view=tree&under=<gone>:")

    assert "No group’s name begins with “<gone>:”." in page.text
    assert not page.has("Clear this branch…")
    assert page.click("All groups").column(0) == ["logs/", "orders", "wf-2026:"]


def test_an_empty_store_says_so_in_the_tree(browser: Browser) -> None:
    assert "The store is empty." in browser.get("/?view=tree").text


def test_a_token_of_other_branches_is_refused_in_words(state: Store, browser: Browser) -> None:
    fill(state, *(f"wf:{number:03}" for number in range(120)))
    token = parse_qs(urlsplit(browser.get("/?view=tree&under=wf:").link("Next page »")).query)["after"][0]
    page = browser.get(f"/?view=tree&after={token}")

    assert page.status == 400
    assert "After was made for " in page.text


@pytest.mark.parametrize("name", ODD_NAMES)
def test_every_name_has_its_place_in_the_tree(state: Store, browser: Browser, name: str) -> None:
    state.set(name, "k", 1)
    page = browser.get("/?view=tree")
    (link,) = page.tree.one("tbody").all("a")

    assert browser.get(link.attrs["href"]).status == 200
    assert page.rows[0][2] == "1"


@pytest.mark.parametrize("part", ["a[1]", "*", "?", "<b>", " x", "é", "100%", "a&b=c", "#", "[!x]"])
def test_a_branch_of_any_name_opens_and_its_cleanup_chooses_it_alone(state: Store, browser: Browser, part: str) -> None:
    fill(state, f"{part}:1", f"{part}:2", "other:1", "other:2", "a1:1", "x:1", "xx:1", "y:1")
    opened = next(node for node in browser.get("/?view=tree").tree.all("a") if node.text == f"{part}:".strip())
    page = browser.get(opened.attrs["href"])
    assert page.column(0) == ["1", "2"]

    cleanup = page.click("Clear this branch…")
    assert cleanup.status == 200
    links = [node.attrs["href"] for row in cleanup.tree.all("tbody") for node in row.all("a")]
    assert [browser.get(link).title.removesuffix(" · stepstate") for link in links] == [f"{part}:1", f"{part}:2"]


def test_beside_a_group_stand_its_siblings_and_the_way_up(runs: Store, browser: Browser) -> None:
    page = browser.get("/groups/wf-2026:11:b")
    assert beside(page) == ["a 1", "b 1", "c 1"]
    assert page.tree.one("aside").one("a", aria_current="true").text == "b1"
    up = page.tree.one("nav", aria_label="Branches above").all("a")

    assert [node.text for node in up] == ["all", "wf-2026:", "11:"]
    assert browser.get(up[1].attrs["href"]).column(0) == ["10:a", "11:"]


def test_beside_a_group_of_the_first_level_stand_branches(runs: Store, browser: Browser) -> None:
    page = browser.get("/groups/orders")

    assert beside(page) == ["logs/ 2", "orders 1", "wf-2026: 4"]
    assert page.tree.all("nav", aria_label="Branches above") == []
    assert page.click("logs/2").column(0) == ["api", "web"]


def test_a_group_that_is_alone_in_its_branch_stands_one_level_above(runs: Store, browser: Browser) -> None:
    assert beside(browser.get("/groups/wf-2026:10:a")) == ["10:a 1", "11: 3"]
    fill(runs, "very:deep:and.alone")
    assert beside(browser.get("/groups/very:deep:and.alone"))[2:] == ["very:deep:and.alone 1", "wf-2026: 4"]


def test_beside_a_group_names_are_cut_as_in_the_tree(runs: Store, browser: Browser) -> None:
    browser.get("/?view=tree&by=/")

    assert beside(browser.get("/groups/orders"))[:2] == ["logs/ 2", "orders 1"]
    assert len(beside(browser.get("/groups/orders"))) == 6


def test_a_group_far_down_a_long_level_is_shown_before_the_first_of_it(state: Store, browser: Browser) -> None:
    fill(state, *(f"wf:{number:03}" for number in range(120)))
    page = browser.get("/groups/wf:100")

    assert beside(page)[:2] == ["100 1", "000 1"]
    assert len(beside(page)) == 61
    assert page.click("All groups here").path == "/?view=tree&under=wf:"
    assert beside(browser.get("/groups/wf:003"))[:4] == ["000 1", "001 1", "002 1", "003 1"]


def test_no_search_engine_of_names_is_asked_for_more_than_a_page(state: Store, browser: Browser) -> None:
    fill(state, *(f"wf:{number:04}" for number in range(1500)))

    assert len(browser.get("/?view=tree&under=wf:").rows) == 100
    assert len(browser.get("/?view=tree").rows) == 1


@pytest.mark.parametrize("root", ["/_state", "/a/b"])
def test_the_tree_works_where_it_is_mounted(state: Store, root: str) -> None:
    from starlette.applications import Starlette
    from starlette.routing import Mount
    from starlette.testclient import TestClient

    from dashboard import create_app

    fill(state, "wf:1", "wf:2")
    with TestClient(Starlette(routes=[Mount(root, create_app(state))])) as client:
        page = Browser(client, root).get(f"{root}/").click("Tree").click("wf:")
        assert page.path == f"{root}/?view=tree&under=wf:"
        assert client.cookies.get("stepstate_groups", path=f"{root}/")
        assert Browser(client, root).get(f"{root}/").path == f"{root}/?view=tree"
