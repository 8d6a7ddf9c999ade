"""Hostile text everywhere, and every page in Chromium: nothing of it runs, and nothing breaks the content policy."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import uvicorn
from playwright.sync_api import Browser, ConsoleMessage, Dialog, Page

from dashboard import create_app
from dashboard.presets import MAX_NAME, save_preset
from dashboard.urls import encode_name
from store import Rule, Store, open_store
from tests.dashboard.caches import counted, keep
from tests.dashboard.routes import addresses

HOSTILE = {
    "markup": "</script></textarea></title>--><script>alert(1)</script><img src=x onerror=alert(1)><svg onload=f()>",
    "attributes": "\"'> autofocus onfocus=alert(1) ' hx-get='/groups' hx-on:load='alert(1)' \" hx-trigger=load x=`",
    "templates": "{{ 7 * 7 }}{% raw %}${7*7}]]>&lt;&#x3c;script&#x3e;<%= 1 %>",
    "address": "javascript:alert(1)",
    "document": "data:text/html,<script>alert(1)</script>",
    "invisible": "\u202eevil\u200b\u2066\ufeff\u2028 CR\rLF\r\n\tSet-Cookie: a=b",
    "long": "<b>" * 170,
}
SECONDS = 20
CODE = """[...document.querySelectorAll("[onerror], [onload], [onfocus], script:not([src]), iframe, a[href]")]
    .filter((one) => one.tagName !== "A" || !/^https?:$/.test(one.protocol)).map((one) => one.outerHTML)"""


@contextmanager
def serving(store: Store) -> Iterator[str]:
    """The dashboard over a store, served by a thread."""
    server = uvicorn.Server(uvicorn.Config(create_app(store), port=0, log_level="error", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            thread.join(0.01)
            assert thread.is_alive(), "the server did not start"
        host, port = server.servers[0].sockets[0].getsockname()
        yield f"http://{host}:{port}"
    finally:
        server.should_exit = True
        thread.join(SECONDS)


def fill(store: Store, text: str) -> dict[str, str]:
    """Put a text everywhere; what the parts of addresses are then called."""
    name, rule = encode_name(text), "".join(filter(str.isprintable, text))[:90].strip()  # no others are allowed
    store.set(text, text, {text: text, "list": [{text: [text]}], "": text, "a": {text: 1}}, ttl=600)
    store.set(text, f"{text}2", text)
    store.set(text, "old", [text])
    store.delete(text, "old", undo="kept")
    store.save_rule(Rule(rule, match=text))
    counted(store, text, function=f"app.{text}", misses=2)
    keep(store, text, **{f"{text}3": 60})
    save_preset(store, text, text[:MAX_NAME], [{"type": "set", "path": text, "value": text}])
    return {
        "group": name,
        "key": name,
        "rule": encode_name(rule),
        "entry": "kept",
        "job": name,
        "import": name,
        "path:path": name,
    }


@pytest.fixture(scope="module")
def watched(browser: Browser) -> Iterator[tuple[Page, list[str]]]:
    """A tab, and what has happened in it that must not."""
    context = browser.new_context()
    tab, wrong = context.new_page(), list[str]()

    def dismiss(dialog: Dialog) -> None:
        wrong.append(f"dialog {dialog.message}")
        dialog.dismiss()

    tab.on("dialog", dismiss)
    tab.on("pageerror", lambda error: wrong.append(str(error)))

    def complain(said: ConsoleMessage) -> None:
        # Chromium reports answers from 400 on as errors too; some of the pages are meant to be such.
        if said.type == "error" and "Failed to load resource" not in said.text:
            wrong.append(said.text)

    tab.on("console", complain)
    tab.add_init_script(
        "addEventListener('securitypolicyviolation', (e) => console.error('policy', e.violatedDirective))"
    )
    yield tab, wrong
    context.close()


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_nothing_hostile_runs_on_any_page(watched: tuple[Page, list[str]], text: str) -> None:
    tab, wrong = watched
    with open_store("memory://", sweep_interval=None) as store:
        names = fill(store, text)
        # Files are no pages: a browser would save them, and the stream does not end.
        files = ("/raw", "/export", "/live", "/part", "/found", "/running", "/count")
        paths = [path for path in addresses(create_app(store), "GET", names) if not path.endswith(files)]
        group = names["group"]
        paths += ["/?view=tree", f"/groups/{group}?columns={group}", "/cleanup?match=*&preview=yes"]
        paths += [f"/groups/{group}/items/{names['key']}2"]
        with serving(store) as address:
            shown = 0
            for path in paths:
                answer = tab.goto(f"{address}{path}", wait_until="load")
                shown += bool(answer and answer.ok)
                assert tab.evaluate(CODE) == [], path
                assert wrong == [], path
            assert shown >= 20
            tab.goto("about:blank")  # and so its stream ends


def test_a_violation_would_be_seen(watched: tuple[Page, list[str]]) -> None:
    tab, wrong = watched
    with open_store("memory://", sweep_interval=None) as store, serving(store) as address:
        tab.goto(address)
        tab.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=alert(1)>')")
        tab.wait_for_function("document.images[document.images.length - 1].complete")
        tab.evaluate("new Promise((done) => setTimeout(done, 0))")
        tab.goto("about:blank")
    assert [text for text in wrong if "policy script-src" in text]
    wrong.clear()
