"""Exports: what is in the files, and how they come."""

from __future__ import annotations

import orjson
import pytest
from starlette.testclient import TestClient

from dashboard.urls import Urls, encode_name
from store import Store
from tests.dashboard.pages import Browser
from tests.dashboard.support import ODD_NAMES, SetBackClock

URLS = Urls("")


@pytest.fixture
def orders(state: Store) -> Store:
    """More items than are read at once, and another group."""
    state.set_many("orders", {f"o-{number:04}": {"n": number, "paid": number % 2 == 0} for number in range(1100)})
    state.set("other", "k", [1, "two"], ttl=3600)
    return state


def keys(lines: bytes) -> list[str]:
    return [orjson.loads(line)["key"] for line in lines.splitlines()]


def test_a_group_as_ndjson_is_what_the_store_imports(orders: Store, client: TestClient) -> None:
    answer = client.get("/groups/orders/export?format=ndjson")

    assert answer.content == b"".join(orders.export(["orders"]))
    assert answer.headers["content-type"].startswith("application/x-ndjson")
    assert answer.headers["content-disposition"] == 'attachment; filename="orders.ndjson"'
    assert answer.headers["cache-control"] == "no-store"


def test_json_is_one_array_of_the_same_objects(orders: Store, client: TestClient) -> None:
    answer = client.get("/groups/orders/export?format=json")

    lines = list(orders.export(["orders"]))
    assert answer.content == b"[\n%b\n]\n" % b",\n".join(line.rstrip() for line in lines)
    assert orjson.loads(answer.content) == [orjson.loads(line) for line in lines]
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["content-disposition"] == 'attachment; filename="orders.json"'


def test_the_whole_store(orders: Store, client: TestClient) -> None:
    assert client.get("/export?format=ndjson").content == b"".join(orders.export())


@pytest.mark.parametrize(("format", "nothing"), [("ndjson", b""), ("json", b"[]\n")])
def test_a_store_without_items(state: Store, client: TestClient, format: str, nothing: bytes) -> None:
    answer = client.get(f"/export?format={format}")
    assert (answer.status_code, answer.content) == (200, nothing)


def test_what_is_listed_on_all_pages(orders: Store, client: TestClient) -> None:
    def listed(query: str) -> list[str]:
        return keys(client.get(f"/groups/orders/export?format=ndjson&{query}").content)

    assert listed("search=o-109") == [f"o-{number}" for number in range(1090, 1100)]
    assert listed("where=paid+%3D+false&where=n+%3E+1095") == ["o-1097", "o-1099"]
    assert listed("search=%22n%22:1099&in=values") == ["o-1099"]
    assert len(listed("sort=-size&size=50&page=3")) == 1100


def test_the_page_links_to_what_it_lists(orders: Store, browser: Browser) -> None:
    page = browser.get("/groups/orders?where=n+%3E+1097&sort=-key")
    link = next(node for node in page.tree.all("a") if node.text.startswith("NDJSON"))

    assert keys(browser.client.get(link.attrs["href"]).content) == ["o-1098", "o-1099"]
    assert "Only what matches the search and the filters." in page.text
    assert "Only what matches" not in browser.get("/groups/orders").text


def test_an_item(orders: Store, browser: Browser) -> None:
    link = next(node for node in browser.get("/groups/other/items/k").side.all("a") if node.text.startswith("JSON an"))
    answer = browser.client.get(link.attrs["href"])

    (line,) = orders.export(["other"])
    assert orjson.loads(answer.content) == [orjson.loads(line)]
    assert answer.headers["content-disposition"] == 'attachment; filename="k.json"'


def test_the_ticked_items(orders: Store, browser: Browser) -> None:
    page = browser.get("/groups/orders")
    form, _ = page.form("Export NDJSON")
    ticked = [page.boxes("key")[f"Select {key}"] for key in ("o-0003", "o-0001")]
    answer = browser.client.post("/groups/orders/export", data={"key": ticked, "format": "ndjson"})

    assert form.one("button", value="json").attrs["formaction"] == "/groups/orders/export"
    assert keys(answer.content) == ["o-0003", "o-0001"]
    assert answer.headers["content-disposition"] == 'attachment; filename="orders.ndjson"'


def test_all_that_match_instead_of_the_ticked_ones(orders: Store, client: TestClient) -> None:
    form = {"key": "o-0001@1", "all": "yes", "format": "ndjson"}
    assert keys(client.post("/groups/orders/export?search=o-109", data=form).content)[0] == "o-1090"


def test_nothing_ticked(orders: Store, browser: Browser) -> None:
    page = browser.post("/groups/orders/export", {"format": "json"})
    assert (page.notice, page.path) == ("Nothing was selected.", "/groups/orders")


def test_expired_items_are_left_out(orders: Store, clock: SetBackClock, client: TestClient) -> None:
    clock.behind = -3601
    assert client.get("/groups/other/items/k/export?format=json").status_code == 404
    assert b"two" not in client.get("/export?format=json").content


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/groups/orders/export", 400),
        ("/groups/orders/export?format=xml", 400),
        ("/groups/orders/export?format=json&where=n+~+1", 400),
        ("/groups/nothing/export?format=json", 404),
        ("/groups/orders/items/nothing/export?format=json", 404),
        ("/export?format=", 400),
    ],
)
def test_what_cannot_be_exported_has_a_page(orders: Store, browser: Browser, path: str, status: int) -> None:
    assert browser.get(path).status == status


@pytest.mark.parametrize("name", ODD_NAMES)
def test_odd_names(state: Store, client: TestClient, name: str) -> None:
    state.set(name, name, name)

    for url in (URLS.export("ndjson", name), URLS.export("ndjson", name, name)):
        answer = client.get(url)
        assert answer.content == b"".join(state.export())
        assert answer.headers["content-disposition"] == f'attachment; filename="{encode_name(name)[:100]}.ndjson"'


def test_asking_for_the_head_reads_no_item(orders: Store, client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orders._backend, "scan_items", None)
    answer = client.head("/groups/orders/export?format=json")
    assert (answer.status_code, answer.content) == (200, b"")
    assert "attachment" in answer.headers["content-disposition"]
