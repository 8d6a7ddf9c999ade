"""Update operations as JSON, for programs."""

from __future__ import annotations

import json
from typing import Any

import pytest
from starlette.testclient import TestClient

from dashboard.urls import Urls
from store import Store
from tests.dashboard.support import ODD_NAMES, dump

OPERATIONS = "/groups/g/items/k/operations"
INCREMENT = [{"type": "increment", "path": "n", "by": 1}]


def post(
    client: TestClient, body: Any, url: str = OPERATIONS, kind: str = "application/json", **headers: str
) -> tuple[int, Any]:
    """Status and JSON of the answer; a body that is no text is sent as JSON."""
    content = body if isinstance(body, str | bytes) else json.dumps(body)
    response = client.post(url, content=content, headers={"Content-Type": kind, **headers})
    assert response.headers["content-type"] == "application/json"
    return response.status_code, response.json()


def test_operations_are_applied_and_both_values_come_back(state: Store, client: TestClient) -> None:
    state.set("g", "k", {"n": 18446744073709551614}, ttl=600)
    status, answer = post(client, {"ops": INCREMENT})

    assert (status, answer) == (200, {"new_value": {"n": 18446744073709551615}, "old_value": {"n": 2**64 - 2}})
    assert state.get("g", "k") == {"n": 18446744073709551615}
    assert 599 <= (state.ttl("g", "k") or 0) <= 600


def test_an_item_that_is_not_there_is_made(state: Store, client: TestClient) -> None:
    assert post(client, {"ops": INCREMENT, "if_version": 0}) == (200, {"new_value": {"n": 1}, "old_value": None})
    assert state.get("g", "k") == {"n": 1}


@pytest.mark.parametrize(("ttl", "left"), [(60, 60), ("5m", 300), ("never", float("inf")), (None, 600), (0.5, 0.5)])
def test_a_ttl_is_set_along(state: Store, client: TestClient, ttl: Any, left: float) -> None:
    state.set("g", "k", {"n": 1}, ttl=600)

    assert post(client, {"ops": INCREMENT, "ttl": ttl})[0] == 200
    assert state.ttl("g", "k") == pytest.approx(left, abs=1)


def test_the_version_that_is_named_has_to_be_there(state: Store, client: TestClient) -> None:
    state.set("g", "k", {"n": 1})
    version = post(client, {"ops": INCREMENT, "if_version": 99})[1]["error"]["version"]
    before = dump(state)

    status, answer = post(client, {"ops": INCREMENT, "if_version": version + 1})
    assert (status, answer["error"]["code"], answer["error"]["version"]) == (409, "VersionConflict", version)
    assert dump(state) == before
    assert post(client, {"ops": INCREMENT, "if_version": version})[0] == 200


def test_a_conflict_with_an_item_that_is_gone_names_version_0(client: TestClient) -> None:
    status, answer = post(client, {"ops": INCREMENT, "if_version": 3})

    assert (status, answer["error"]["version"]) == (409, 0)


def test_operations_that_do_not_fit_are_named_one_by_one(state: Store, client: TestClient) -> None:
    state.set("g", "k", {"n": "text"})
    before = dump(state)
    status, answer = post(client, {"ops": [{"type": "set", "path": "a", "value": 1}, *INCREMENT]})

    assert status == 422
    assert answer["error"]["code"] == "UpdateRejected"
    assert answer["error"]["errors"] == [
        {"op_index": 1, "code": "increment.not_number", "message": "the target is a string, not a number"}
    ]
    assert dump(state) == before


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("", "InvalidValue"),
        ("{", "InvalidValue"),
        (b"\xff", "InvalidValue"),
        ('{"ops": [], "ops": []}', "InvalidValue"),
        ("[]", "InvalidValue"),
        ({}, "InvalidValue"),
        ({"ops": INCREMENT, "dry_run": True}, "InvalidValue"),
        ('{"ops": [{"type": "set", "path": "a", "value": 18446744073709551616}]}', "InvalidValue"),
        ({"ops": 1}, "InvalidOp"),
        ({"ops": ["x"]}, "InvalidOp"),
        ({"ops": [{"type": "multiply", "path": "n"}]}, "InvalidOp"),
        ({"ops": [{"type": "set", "path": "n", "value": "x" * 100_001}]}, "ValueTooLarge"),
        ({"ops": INCREMENT, "if_version": "1"}, "InvalidArgument"),
        ({"ops": INCREMENT, "if_version": True}, "InvalidArgument"),
        ({"ops": INCREMENT, "ttl": 0}, "InvalidTTL"),
        ({"ops": INCREMENT, "ttl": True}, "InvalidTTL"),
        ({"ops": INCREMENT, "ttl": [1]}, "InvalidTTL"),
        ({"ops": INCREMENT, "ttl": "soon"}, "InvalidTTL"),
    ],
)
def test_a_body_that_says_no_update_is_refused_in_words(state: Store, client: TestClient, body: Any, code: str) -> None:
    state.set("g", "k", {"n": 1})
    before = dump(state)
    status, answer = post(client, body)

    assert (status, answer["error"]["code"]) == (422, code)
    assert answer["error"]["message"]
    assert dump(state) == before


def test_a_body_too_large_for_any_value_is_refused(client: TestClient) -> None:
    status, answer = post(client, b" " * 1_000_000)

    assert (status, answer["error"]["code"]) == (413, "TooLarge")


@pytest.mark.parametrize("name", ODD_NAMES)
def test_any_name_can_be_called(state: Store, client: TestClient, name: str) -> None:
    url = Urls("").item(name, name, action="operations")

    assert post(client, {"ops": INCREMENT}, url)[0] == 200
    assert state.get(name, name) == {"n": 1}


def test_an_address_that_is_no_items_is_not_found(client: TestClient) -> None:
    status, answer = post(client, {"ops": INCREMENT}, "/groups/g/items/~zz/operations")

    assert (status, answer["error"]["code"]) == (404, "NotFound")


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}])
def test_another_sites_page_changes_nothing(state: Store, client: TestClient, headers: dict[str, str]) -> None:
    state.set("g", "k", {"n": 1})
    before = dump(state)
    status, answer = post(client, {"ops": INCREMENT}, **headers)

    assert (status, answer["error"]["code"]) == (403, "Forbidden")
    assert dump(state) == before


@pytest.mark.parametrize("kind", ["text/plain", "application/jsonp", "", "text/plain; application/json"])
def test_what_another_site_may_send_unasked_is_no_call(state: Store, client: TestClient, kind: str) -> None:
    state.set("g", "k", {"n": 1})
    before = dump(state)
    client.post(OPERATIONS, content=json.dumps({"ops": INCREMENT}), headers={"Content-Type": kind})

    assert dump(state) == before


@pytest.mark.parametrize("kind", ["Application/JSON", "application/json; charset=utf-8", "application/json ;x"])
def test_the_type_may_be_written_in_other_ways(state: Store, client: TestClient, kind: str) -> None:
    assert post(client, {"ops": INCREMENT}, kind=kind)[0] == 200


def test_a_value_as_deep_as_may_be_comes_back(state: Store, client: TestClient) -> None:
    deep: Any = 1
    for _ in range(254):
        deep = [deep]
    state.set("g", "k", deep)
    status, answer = post(client, {"ops": [{"type": "set", "path": "", "value": 1}]})

    assert (status, answer) == (200, {"new_value": 1, "old_value": deep})


def test_a_store_that_is_closed_says_so_as_json(state: Store, client: TestClient) -> None:
    state.close()

    assert post(client, {"ops": INCREMENT})[0] == 503
