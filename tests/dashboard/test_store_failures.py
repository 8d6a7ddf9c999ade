"""A store that fails under the dashboard: a page in words."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest
from starlette.testclient import TestClient

from dashboard import create_app
from store import Store, open_store
from tests.dashboard.pages import PARTIAL, Browser

PATHS = ["/", "/add", "/cleanup?match=*", "/groups/g", "/groups/g/items/k", "/groups/g/items/k/edit"]
FORMS = [
    ("/add", {"group": "g", "key": "k2", "value": "1"}),
    ("/groups/g/clear", {}),
    ("/groups/g/items/k/ttl", {"ttl": "5m"}),
    ("/cleanup", {"match": "*", "group": "g"}),
]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the database is."""
    return tmp_path / "state.db"


@pytest.fixture
def on_disk(file: Path) -> Iterator[Store]:
    """A store with one item in a SQLite file."""
    with open_store(f"sqlite:///{file}", sweep_interval=None, timeout=0.05) as store:
        store.set("g", "k", {"a": 1})
        yield store


@pytest.fixture
def client(on_disk: Store) -> Iterator[TestClient]:
    """Requests to the dashboard over that store."""
    with TestClient(create_app(on_disk)) as opened:
        yield opened


def check_failure(client: TestClient, words: str, paths: list[str]) -> None:
    for path in paths:
        for headers in ({}, PARTIAL):
            response = client.get(path, headers=headers)
            assert response.status_code == 503, path
            assert "The store does not answer" in response.text
            assert words in response.text
            assert "Traceback" not in response.text
    for path, fields in FORMS:
        response = client.post(path, data=fields)
        assert response.status_code == 503, path
        assert words in response.text


def test_a_closed_store(on_disk: Store, client: TestClient) -> None:
    on_disk.close()

    check_failure(client, "The store was closed.", [path for path in PATHS if path != "/add"])


def test_a_file_that_became_noise_while_it_was_open(on_disk: Store, file: Path, client: TestClient) -> None:
    apsw.Connection(str(file)).pragma("wal_checkpoint(TRUNCATE)")
    file.write_bytes(b"noise" * 10_000)
    file.with_name("state.db-wal").write_bytes(b"")

    check_failure(client, "was emptied or overwritten since it was opened", [path for path in PATHS if path != "/add"])


def test_a_busy_file(on_disk: Store, file: Path, client: TestClient) -> None:
    other = apsw.Connection(str(file))
    other.execute("BEGIN IMMEDIATE")
    response = client.post("/groups/g/items/k/ttl", data={"ttl": "5m"})
    other.execute("ROLLBACK")
    other.close()

    assert response.status_code == 503
    assert "Try again in a moment." in response.text
    assert on_disk.ttl("g", "k") == float("inf")
    assert client.post("/groups/g/items/k/ttl", data={"ttl": "5m"}).status_code == 200


@pytest.mark.parametrize(
    ("address", "button", "typed"),
    [
        ("/groups/g/items/k/edit", "Save", {"value": "[1,  2]", "ttl": "5m"}),
        ("/groups/g/add", "Add item", {"key": "new", "value": "[1,  2]", "ttl": "5m"}),
        ("/groups/g/items/k", "Set TTL", {"ttl": "5m"}),
        ("/groups/g/settings", "Save", {"default_ttl": "5m"}),
        ("/groups/g/items/k/operations", "Apply 1 operation", {"path": "a", "value": "[1,  2]"}),
    ],
)
def test_a_busy_file_is_said_in_the_form_that_keeps_what_was_typed(
    on_disk: Store, file: Path, client: TestClient, address: str, button: str, typed: dict[str, str]
) -> None:
    page = Browser(client).get(address)
    other = apsw.Connection(str(file))
    other.execute("BEGIN IMMEDIATE")
    after = page.submit(button, **typed)
    other.execute("ROLLBACK")
    other.close()

    assert after.status == 503
    assert "was locked by other writers for 0.05 s. Try again in a moment." in after.side.text
    assert {name: after.field(name) for name in typed} == typed
    assert on_disk.get("g", "k") == {"a": 1}
    assert after.submit(button).status == 200


def test_previewing_operations_waits_for_no_writer(file: Path, client: TestClient) -> None:
    page = Browser(client).get("/groups/g/items/k/operations")
    other = apsw.Connection(str(file))
    other.execute("BEGIN IMMEDIATE")
    previewed = page.submit("Preview", path="a", value="2")
    other.close()

    assert previewed.status == 200
    assert '"a": 2' in previewed.side.text


def test_the_pages_name_the_file(client: TestClient, file: Path) -> None:
    assert str(file) in Browser(client).get("/").tree.one(class_="where").text


def test_the_main_job_on_a_file(on_disk: Store, client: TestClient) -> None:
    page = (
        Browser(client).get("/").click("g").click("k").click("Edit").submit("Save", value='{"a": 18446744073709551615}')
    )

    assert page.submit("Set TTL", ttl="never").status == 200
    assert on_disk.get("g", "k") == {"a": 18446744073709551615}
    page = page.click("Close")
    assert page.submit("Delete…", key=[page.boxes("key")["Select k"]]).confirm().path == "/"


def test_a_newer_schema_while_it_is_open(on_disk: Store, file: Path, client: TestClient) -> None:
    apsw.Connection(str(file)).pragma("user_version", 9999)

    response = client.get("/")
    assert response.status_code in (200, 503)  # either goes on with what it knows, or says so in words
    assert "Traceback" not in response.text


@pytest.mark.parametrize(
    ("address", "button", "typed"),
    [("/groups/g/items/k/edit", "Save", {}), ("/groups/g/add", "Add item", {"key": "new"})],
)
def test_a_form_keeps_what_was_typed_even_when_nothing_can_be_read(
    on_disk: Store, client: TestClient, address: str, button: str, typed: dict[str, str]
) -> None:
    page = Browser(client).get(address)
    on_disk.close()
    after = page.submit(button, value='{"typed": true}', **typed)

    assert after.status == 503
    assert "The store was closed." in after.text
    assert after.field("value") == '{"typed": true}'
