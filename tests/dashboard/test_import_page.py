"""The pages for importing a file."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from dashboard import forms, staging
from dashboard.urls import encode_name
from store import Store
from tests.dashboard.pages import Browser, Page, parse
from tests.dashboard.support import ODD_NAMES, dump
from tests.store.transfers import everything, line, numbered

TEXT = line(key="new", value={"n": 9}) + line(key="same") + line(key="other", value=2)


@pytest.fixture
def filled(state: Store) -> Store:
    """Items that TEXT has too."""
    state.set_many("g", {"same": 1, "other": 1})
    return state


def paste(browser: Browser, text: bytes, path: str = "/import", **typed: str) -> Page:
    return browser.get(path).submit("Preview", text=text.decode(), **typed)


def figures(page: Page) -> dict[str, str]:
    (found,) = page.tree.all("dl", class_="figures")
    return dict(zip([node.text for node in found.all("dt")], [node.text for node in found.all("dd")], strict=True))


def test_a_text_is_previewed_then_imported_then_undone(filled: Store, browser: Browser) -> None:
    before = dump(filled)
    page = paste(browser, TEXT)

    assert figures(page) == {"will change": "1", "will be new": "1", "already there, exactly the same": "1"}
    assert "3 items of a text. Nothing is imported yet." in page.text
    assert dump(filled) == before

    page = page.submit("Import 2 items")
    assert page.notice == "Imported 2 items: 1 new, 1 changed. 1 was the same already."
    assert filled.get_many("g", ["new", "same", "other"]) == {"new": {"n": 9}, "same": 1, "other": 2}

    page.submit("Undo")
    assert everything(filled).keys() == {("g", "same"), ("g", "other")}
    assert filled.list("g") == [1, 1]


def test_a_file_is_previewed_too(filled: Store, client: TestClient) -> None:
    answer = client.post("/import", files={"file": ("my <file>.ndjson", TEXT)}, data={"existing": "update"})
    assert answer.status_code == 200
    assert "3 items of my <file>.ndjson. Nothing is imported yet." in parse(answer.text).text


def test_a_change_is_shown_line_by_line(filled: Store, browser: Browser) -> None:
    (difference,) = paste(browser, TEXT).tree.all(class_="diff")
    assert [(node.tag, node.text) for node in difference.all("del", "ins")] == [("del", "1"), ("ins", "2")]


def test_what_is_there_can_be_left_as_it_is(filled: Store, browser: Browser) -> None:
    page = paste(browser, TEXT, existing="keep")
    kept = {"will be new": "1", "already there, and kept as it is": "2"}
    assert figures(page) == kept
    assert figures(page.click("Overwrite")) != kept
    page = page.click("Overwrite").click("Leave as it is")
    assert figures(page) == kept

    page = page.submit("Import 1 item")
    assert page.notice == "Imported 1 item: 1 new, 0 changed. 2 were there and were kept."
    assert filled.get("g", "other") == 1


def test_nothing_to_import(filled: Store, browser: Browser) -> None:
    page = paste(browser, line(key="same"))
    assert "There is nothing to import" in page.text
    assert not any(button.text.startswith("Import") for button in page.content.all("button"))


@pytest.mark.parametrize("text", [b"", b"\n \n", b"[]"])
def test_a_file_without_items_is_told(state: Store, browser: Browser, text: bytes) -> None:
    page = paste(browser, text)
    assert (page.status, page.errors) == (
        422,
        ["There is no item in it. Choose a file, or paste its text. Nothing was imported."],
    )


def test_a_damaged_text_is_kept_and_its_place_told(state: Store, browser: Browser) -> None:
    page = paste(browser, line() + b"oops\n", group="into", existing="keep")

    assert page.status == 422
    (error,) = page.tree.all(role="alert")
    assert error.text.startswith("Line 2, column 1: not JSON")
    assert (error.attrs["data-line"], error.attrs["data-column"]) == ("2", "1")
    assert page.field("text") == (line() + b"oops\n").decode()
    assert (page.field("group"), page.field("existing")) == ("into", "keep")
    assert everything(state) == {}


def test_a_damaged_file_is_named(state: Store, client: TestClient) -> None:
    answer = client.post("/import", files={"file": ("orders.json", b"[1, 2")}, data={"text": ""})

    assert answer.status_code == 422
    (error,) = parse(answer.text).all(role="alert")
    assert error.text.startswith("orders.json: Line 1: a line is an object with group")
    assert everything(state) == {}


def test_into_one_group(state: Store, browser: Browser) -> None:
    page = paste(browser, b'{"a": 1, "b": {"c": 2}}', "/groups/g/import")
    assert "2 items of a text, into g." in page.text
    page = page.submit("Import 2 items")
    assert page.path == "/groups/g"
    assert state.list("g") == [1, {"c": 2}]

    paste(browser, line("elsewhere", "k", 5), group="g").submit("Import 1 item")
    assert state.get("g", "k") == 5
    assert state.group("elsewhere") is None


@pytest.mark.parametrize("name", ODD_NAMES)
def test_odd_names(state: Store, browser: Browser, name: str) -> None:
    state.set(name, name, name)
    exported = b"".join(state.export())
    state.clear(name)

    paste(browser, exported).submit("Import 1 item")
    assert everything(state) == {(name, name): (name, None)}
    state.set(name, "before", 1)
    page = browser.get(f"/groups/{encode_name(name)}").click("Import")
    page.submit("Preview", text='{"after": 2}').submit("Import 1 item")
    assert state.get(name, "after") == 2


def test_the_list_of_groups_leads_there(state: Store, browser: Browser) -> None:
    assert browser.get("/?view=list").click("Import").path == "/import"
    assert browser.get("/?view=tree").click("Import").path == "/import"


def test_an_import_is_begun_once(state: Store, browser: Browser) -> None:
    page = paste(browser, line())
    page.submit("Import 1 item")

    again = page.submit("Import 1 item")
    assert again.status == 404
    assert "it was begun, or waited for over ten minutes" in again.text
    assert browser.get(page.path).status == 404
    assert again.click("Import a file").path == "/import"


@pytest.mark.parametrize("path", ["/import", "/groups/g/import"])
def test_another_site_sends_no_file(state: Store, client: TestClient, path: str) -> None:
    headers = {"Sec-Fetch-Site": "cross-site"}
    assert client.post(path, data={"text": line().decode()}, headers=headers).status_code == 403


def test_another_site_begins_no_import(state: Store, browser: Browser) -> None:
    page = paste(browser, line())
    headers = {"Sec-Fetch-Site": "cross-site"}
    assert browser.client.post(page.path, headers=headers).status_code == 403
    assert everything(state) == {}


def test_an_upload_is_bounded(state: Store, client: TestClient, monkeypatch: Any) -> None:
    monkeypatch.setattr(forms, "MAX_UPLOAD", 300_000)
    text = numbered(20_000)
    answer = client.post("/import", files={"file": ("large.ndjson", text)})

    assert answer.status_code == 413
    assert "The upload is over" in answer.text
    assert client.post("/import", files={"file": ("fits.ndjson", numbered(500))}).status_code == 200


def test_one_file_at_a_time(state: Store, client: TestClient) -> None:
    files = [("file", ("a", line())), ("file", ("b", line()))]
    assert client.post("/import", files=files).status_code == 400


def test_other_forms_take_no_file(state: Store, client: TestClient) -> None:
    assert client.post("/add", files={"value": ("a", b"1")}).status_code == 400


def test_a_full_disk_is_told(state: Store, browser: Browser, monkeypatch: Any) -> None:
    def full(*_args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(staging.Staging, "put", full)
    page = paste(browser, line())
    assert (page.status, page.errors) == (
        503,
        ["The server cannot keep the file: No space left on device. Nothing was imported."],
    )


def test_too_many_bytes_of_items_are_told(state: Store, browser: Browser, monkeypatch: Any) -> None:
    monkeypatch.setattr(staging, "MAX_STAGED", 10)
    assert paste(browser, line()).status == 413
