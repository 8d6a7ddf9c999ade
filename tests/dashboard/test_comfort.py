"""Light or dark, and the list of keys."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from dashboard import create_app
from store import Store
from tests.dashboard.pages import parse


def theme_of(client: TestClient, path: str = "/") -> str:
    return parse(client.get(path).text).one("html").attrs["data-theme"]


def choose(client: TestClient, theme: str, back: str = "/cleanup") -> str:
    response = client.post("/theme", data={"theme": theme, "back": back}, follow_redirects=False)
    assert response.status_code == 303
    return response.headers["location"]


def test_a_theme_is_remembered_until_the_system_is_to_choose_again(client: TestClient) -> None:
    assert theme_of(client) == "system"
    for theme in ("dark", "light", "system"):
        assert choose(client, theme) == "/cleanup"
        assert theme_of(client) == theme
        page = parse(client.get("/").text)
        assert [node.text for node in page.one("form", action="/theme").all("option", selected="")] == [theme]
        scheme = page.one("meta", name="color-scheme").attrs["content"]
        assert scheme == ("light dark" if theme == "system" else theme)
    assert "stepstate_theme" not in client.cookies


def test_the_form_leads_back_to_the_page_that_it_stands_on(client: TestClient, state: Store) -> None:
    state.set("g", "k", 1)
    form = parse(client.get("/groups/g?sort=-size").text).one("form", action="/theme")
    assert form.one("input", name="back").attrs["value"] == "/groups/g?sort=-size"


@pytest.mark.parametrize("theme", ["", "purple", 'dark" onload="'])
def test_another_theme_is_the_systems(client: TestClient, theme: str) -> None:
    choose(client, theme)
    assert theme_of(client) == "system"
    client.cookies.set("stepstate_theme", theme.replace('"', "%22"))
    assert theme_of(client) == "system"


@pytest.mark.parametrize("back", ["", "https://elsewhere.example/", "//elsewhere.example", "/../x"])
def test_it_leads_nowhere_else(client: TestClient, back: str) -> None:
    assert choose(client, "dark", back) == "/"


def test_readers_have_themes_too_and_the_keys_that_they_may_use(state: Store) -> None:
    with TestClient(create_app(state, read_only=True)) as client:
        choose(client, "dark")
        assert theme_of(client) == "dark"
        keys = parse(client.get("/keys").text).one("main").text
    assert "search" in keys
    assert "delete" not in keys


def test_the_keys_are_listed_on_a_page_as_in_the_dialog(client: TestClient) -> None:
    page = parse(client.get("/keys").text)
    there, dialog = (page.one(tag).one(class_="shortcuts").text for tag in ("main", "dialog"))
    assert there == dialog
    assert "delete the item" in there


def test_without_access_nothing_can_be_chosen(state: Store) -> None:
    with TestClient(create_app(state, token="full"), follow_redirects=False) as client:
        assert client.post("/theme", data={"theme": "dark"}).status_code == 401
        assert client.get("/keys").status_code == 401
        login = parse(client.get("/login").text)
    assert login.all("form", action="/theme") == login.all("dialog") == []
