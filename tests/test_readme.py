"""The README's Python runs as it stands."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


def example(part: str) -> str:
    """The one example that holds some text."""
    (found,) = [text for text in EXAMPLES if part in text]
    return str(found)


@pytest.fixture(autouse=True)
def in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STEPSTATE_URL", "memory://")


def test_the_example_of_the_api_does_what_its_comments_say() -> None:
    names: dict[str, Any] = {}
    exec(example("from store import KEEP"), names)  # noqa: S102  the README is ours
    state = names["state"]
    assert state.get("orders", "order-124") == {"status": "pending", "checked": True}
    assert [group.id for group in state.stale(finished=True)] == ["wf-2026-11-23-a41f"]
    state.close()


def test_the_example_of_mounting_serves_the_dashboard() -> None:
    names: dict[str, Any] = {}
    exec(example('Mount("/_state"'), names)  # noqa: S102
    client = TestClient(names["app"])
    assert "The store is empty" in client.get("/_state/").text
    names["state"].close()


def test_the_example_of_authorizing_asks_the_application() -> None:
    names: dict[str, Any] = {}
    exec(example("authorize="), names)  # noqa: S102
    users: dict[str, str] = {}

    async def with_session(scope: Any, receive: Any, send: Any) -> None:
        await names["app"]({**scope, "session": users}, receive, send)

    client = TestClient(with_session)
    assert client.get("/").status_code == 403
    users["user"] = "bob"
    assert client.get("/").status_code == 200
    assert client.post("/add").status_code == 403
    users["user"] = "ada"
    assert client.post("/add").status_code == 422


def test_the_examples_of_filters_and_undo_run() -> None:
    names: dict[str, Any] = {}
    exec(example("Property.TTL"), names)  # noqa: S102
    assert names["page"].items == []
    names["state"].close()
    names = {}
    undo = example("spring-cleaning")
    before, _, after = undo.partition("state.clear")
    exec(before, names)  # noqa: S102
    names["state"].set("orders", "o-1", 1)
    exec("state.clear" + after, names)  # noqa: S102
    assert names["state"].get("orders", "o-1") == 1
    names["state"].close()


def test_the_example_of_asynchronous_code_runs() -> None:
    body = textwrap.indent(example("open_async_store"), "    ")
    names: dict[str, Any] = {}
    exec(f"async def main():\n{body}\n    return got", names)  # noqa: S102
    assert asyncio.run(names["main"]()) == {"status": "pending"}


def test_the_examples_of_caching_run() -> None:
    names: dict[str, Any] = {"ask_the_rates_api": lambda *_: {"rate": 1.08}}
    exec(example("state.cached("), names)  # noqa: S102
    assert names["rate"]("EUR", "USD") == {"rate": 1.08}
    assert names["rate"].key("EUR", quote="USD") == "base=EUR, quote=USD"
    names["state"].close()


def test_the_examples_of_caching_end_without_a_word(tmp_path: Path) -> None:
    script = f"def ask_the_rates_api(*_): return {{}}\n{example('state.cached(')}"
    run = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stderr) == (0, "")


def test_the_pictures_that_it_shows_are_there() -> None:
    pictures = re.findall(r"!\[[^]]*\]\(([^)]+)\)", README)
    assert pictures
    assert all((Path(__file__).parent.parent / picture).is_file() for picture in pictures)
