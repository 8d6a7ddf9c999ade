"""Every legal name works everywhere: as group and as key, through rendered links and forms only."""

from __future__ import annotations

import re

import pytest

from dashboard.formats import oneline
from store import Store
from tests.dashboard.pages import Browser, Page
from tests.dashboard.support import ODD_NAMES

EVERY_NAME = pytest.mark.parametrize("name", ODD_NAMES)


def shown(name: str) -> str:
    """The text of a link to something of that name."""
    return " ".join(oneline(name).split())


def typed_or_stored(state: Store, page: Page, group: str, key: str) -> None:
    """Add an item by the form; names with line ends cannot be typed."""
    if re.search("[\r\n]", group + key):
        state.set(group, key, {"n": 1})
    else:
        asked = {"group": group} if page.fields("group") else {}
        assert page.submit("Add item", **asked, key=key, value='{"n": 1}').status == 200


@EVERY_NAME
def test_a_group_of_any_name(state: Store, browser: Browser, name: str) -> None:
    typed_or_stored(state, browser.get("/").click("Add item"), name, "k")
    assert [group.id for group in state.groups().items] == [name]

    page = browser.get("/").click(shown(name))
    assert page.content.one("h1").raw == oneline(name)
    assert page.click("Add item").submit("Add item", key="k2", value="1").status == 200
    assert page.click("Settings").submit("Save", default_ttl="5m").status == 200
    assert state.groups().items[0].default_ttl == 300
    assert page.submit("Finish").submit("Reopen").submit("Finish").status == 200
    assert state.groups().items[0].finished_at
    assert page.submit("Search", search="k2").column(1) == ["k2"]
    assert page.click("Key ▲").column(1) == ["k2", "k"]
    assert page.click("k").click("Close").click("Clear…").submit("Clear 2 items").status == 200
    assert state.list(name) == []


@EVERY_NAME
def test_a_key_of_any_name(state: Store, browser: Browser, name: str) -> None:
    state.set("g", "another", 1)
    typed_or_stored(state, browser.get("/groups/g/add"), "g", name)

    page = browser.get("/groups/g").click(shown(name))
    assert page.side.one("h2").raw == oneline(name)
    assert page.click("Edit").submit("Save", value='{"n": 2}').status == 200
    assert page.submit("Set TTL", ttl="5m").status == 200
    assert 299 <= (state.ttl("g", name) or 0) <= 300
    operations = page.click("Operations")
    assert operations.submit("Preview", type="increment", path="n", value="5").status == 200
    assert operations.submit("Apply 1 operation", type="increment", path="n", value="5").status == 200
    assert state.get("g", name) == {"n": 7}
    assert page.submit("Delete").status == 200
    assert state.get_many("g", [name, "another"]) == {"another": 1}


@EVERY_NAME
def test_a_key_of_any_name_can_be_selected_and_deleted(state: Store, browser: Browser, name: str) -> None:
    state.set_many(name, {name: 1, "another": 1})
    page = browser.get("/").click(shown(name))
    box = next(value for label, value in page.boxes("key").items() if label != "Select another")

    assert page.submit("Delete…", key=[box]).confirm().notice == f"Deleted {oneline(name)}."[:300]
    assert state.get_many(name, [name, "another"]) == {"another": 1}


@pytest.mark.parametrize("name", [name for name in ODD_NAMES if len(name.encode()) <= 256])  # the limit for fields
def test_a_field_of_any_name_can_be_operated_on(state: Store, browser: Browser, name: str) -> None:
    state.set("g", "k", {name: 1})
    listed = '["' + "".join(f"\\u{ord(char):04x}" if ord(char) < 0x10000 else char for char in name) + '"]'
    form = browser.get("/groups/g/items/k/operations")

    assert form.submit("Apply 1 operation", type="increment", path=listed, value="1").status == 200
    if not re.search("[\r\n]", name):
        assert form.submit("Apply 1 operation", type="increment", path=name, value="1").status == 200
        assert state.get("g", "k") == {name: 3}
    else:
        assert state.get("g", "k") == {name: 2}


@EVERY_NAME
def test_an_unknown_group_or_item_of_any_name_is_named(state: Store, browser: Browser, name: str) -> None:
    state.set(name, "k", 1)
    group = browser.get("/").click(shown(name))
    state.set(name, name, 1)
    item = group.click("k").path.removesuffix("k") + group.path.removeprefix("/groups/")
    assert browser.get(item).status == 200
    state.delete(name, name)
    missing = browser.get(item)

    assert missing.status == 404
    assert shown(name).strip("␀␁␂␊␍") in missing.text or not name.isprintable()
    assert missing.side.one("a", class_="button").attrs["href"] == group.path
    state.clear(name)
    assert browser.get(group.path).status == 404
