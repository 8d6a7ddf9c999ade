"""Every page that the dashboard can show, over a store as the demo leaves it: for what must hold of all of them."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Page, expect

from dashboard.demo import OrderWorkflow
from store import Rule, open_store
from tests.processes import running

TOKEN = "token-of-the-gallery"
ROUNDS = 14
DEEP = {
    "at": {"very": {"deep": [1, {"down": None}]}},
    "photo": "data:image/gif;base64,R0lGODlhAQABAAAAACw=",
    "long": "x" * 900,
}
ORDER = "/groups/orders/items/order-0007"

Step = Callable[[Page], None]


@dataclass(frozen=True, slots=True)
class View:
    """A page: where it is, and what is done there before it is looked at."""

    name: str
    path: str
    step: Step | None = None

    def open(self, page: Page, address: str) -> None:
        """Show it."""
        page.goto(address + self.path)
        if self.step:
            self.step(page)


def press(name: str) -> Step:
    """Press the first button of that name, and see what comes."""

    def step(page: Page) -> None:
        page.get_by_role("button", name=name).first.click()
        expect(page.locator(".htmx-request")).to_have_count(0)

    return step


def press_in_pane(name: str) -> Step:
    """Press a button of the pane, and see the page without it."""

    def step(page: Page) -> None:
        page.locator("#pane-side").get_by_role("button", name=name).click()
        expect(page.locator("#pane-side")).to_have_count(0)

    return step


def follow_first(page: Page) -> None:
    """Follow the first link of a table."""
    page.locator("tbody a").first.click()
    expect(page.locator("table")).to_have_count(0)


def unfold(selector: str) -> Step:
    """Open a card."""
    return lambda page: page.locator(f"{selector} > summary").click()


def tick_and(name: str) -> Step:
    """Ask for something to be done to two items."""

    def step(page: Page) -> None:
        for box in page.locator("tbody input[name=key]").all()[:2]:
            box.check()
        page.locator(".sel").get_by_role("button", name=name).click()
        expect(page.locator("#pane-side")).to_be_visible()

    return step


def edit(version: str, text: str) -> Step:
    """Save a text over a version."""

    def step(page: Page) -> None:
        expect(page.locator("json-editor[data-ready]")).to_be_visible()
        page.evaluate("version => { document.querySelector('form.form [name=version]').value = version; }", version)
        page.get_by_role("textbox", name="Value, as JSON").fill(text)
        page.get_by_role("button", name="Save", exact=True).last.click()
        expect(page.locator(".error:not(:empty), .conflict").first).to_be_visible()

    return step


def editor(page: Page) -> None:
    """The editor has come."""
    expect(page.locator("json-editor[data-ready]")).to_be_visible()


def preview(page: Page) -> None:
    """See what an operation would do."""
    page.get_by_label("Field of operation 1").fill("status")
    page.get_by_label("Value or amount of operation 1").fill('"shipped"')
    page.get_by_role("button", name="Preview").last.click()
    expect(page.locator(".diff ins").first).to_be_visible()


def import_some(page: Page) -> None:
    """See what a file would import."""
    names = (("orders", "order-0007"), ("new", "k"))
    lines = [f'{{"group": "{group}", "key": "{key}", "value": [1], "expires_at": null}}' for group, key in names]
    page.locator("#text").fill("\n".join(lines))
    page.get_by_role("button", name="Preview").click()
    expect(page.locator(".confirm")).to_be_visible()


def show_keys(page: Page) -> None:
    """Open the list of keys."""
    page.locator(".bar .help").click()
    expect(page.locator("dialog")).to_be_visible()


VIEWS: tuple[View, ...] = (
    View("groups", "/?view=list"),
    View("groups-none", "/?search=nothing+like+that"),
    View("tree", "/?view=tree"),
    View("tree-branch", "/?view=tree&under=wf-&by=-"),
    View("group", "/groups/orders"),
    View("group-filtered", "/groups/orders?where=status+%3D+paid&where=total+%3E+20&search=order&sort=-%24.total"),
    View("group-none", "/groups/orders?where=status+%3D+lost"),
    View("group-wrong-filter", "/groups/orders?where=status+%7E+lost"),
    View("group-filter-form", "/groups/orders", unfold("#new-filter")),
    View("group-columns", "/groups/orders", unfold("#choose-columns")),
    View("group-export", "/groups/orders", unfold("#export")),
    View("group-mixed", "/groups/notes"),
    View("group-empty", "/groups/empty"),
    View("item", ORDER),
    View("item-deep", "/groups/notes/items/deep"),
    View("item-found", f"{ORDER}?find=e"),
    View("item-json", f"{ORDER}/json"),
    View("item-gone", "/groups/orders/items/order-9999"),
    View("edit", f"{ORDER}/edit", editor),
    View("edit-error", f"{ORDER}/edit", edit("2", '{"open": ')),
    View("edit-conflict", f"{ORDER}/edit", edit("1", '{"mine": 1}')),
    View("operations", f"{ORDER}/operations"),
    View("operations-preview", f"{ORDER}/operations", preview),
    View("add", "/groups/orders/add", editor),
    View("add-alone", "/add", editor),
    View("settings", "/groups/orders/settings"),
    View("clear", "/groups/orders/clear"),
    View("selected-delete", "/groups/orders", tick_and("Delete…")),
    View("selected-ttl", "/groups/orders", tick_and("Set TTL…")),
    View("cleanup", "/cleanup"),
    View("cleanup-preview", "/cleanup?finished=yes&match=wf-*&preview=yes"),
    View("cleanup-none", "/cleanup?idle=7d&preview=yes"),
    View("cleanup-wrong", "/cleanup?idle=soon&preview=yes"),
    View("rule-run", "/cleanup/rules/nightly/run"),
    View("cache", "/cache"),
    View("cache-function", "/cache/groups/cache:offers"),
    View("cache-stale", "/cache/stale"),
    View("cache-clear", "/cache/groups/cache:rates/clear"),
    View("trash", "/trash"),
    View("trash-restore", "/trash/kept/restore"),
    View("trash-discard", "/trash/kept/discard"),
    View("import", "/import"),
    View("import-group", "/groups/orders/import"),
    View("import-preview", "/import", import_some),
    View("jobs-none", "/jobs"),
    View("keys", "/keys"),
    View("keys-dialog", "/groups/orders", show_keys),
    View("not-found", "/nothing/there"),
    View("no-group", "/groups/unknown"),
    View("undo", "/groups/orders/items/order-0001", press_in_pane("Delete")),
    View("cleaned-up", "/cleanup/rules/nightly/run", press("Clear")),
    View("jobs", "/jobs"),
    View("job", "/jobs", follow_first),
)
LOGIN = View("login", "/login")


@contextlib.contextmanager
def gallery(folder: Path, *options: str) -> Iterator[str]:
    """The address of a dashboard over a store as the demo leaves it, and in which nothing happens any more."""
    url = f"sqlite:///{folder / 'state.db'}"
    with open_store(url, sweep_interval=None) as store:
        workflow = OrderWorkflow(store, api_seconds=0.05)
        for count in range(ROUNDS):
            workflow.tick(count)
        store.set_many("notes", {"deep": DEEP, "text": "only text", "number": 7, "a key " * 12: [1, "two", None]})
        store.configure("empty", default_ttl=300)
        store.save_rule(Rule("nightly", finished=True, match="wf-*"))
        store.save_rule(Rule("old", idle=7 * 86400))
        for group in ("users:eu:ada", "users:eu:lin", "users:us:grace", "mail/2026/11/23", "mail/2026/11/24"):
            store.set_many(group, {"seen": True, "visits": len(group)}, ttl=86400)
        store.set_many("drafts", {f"draft-{n}": n for n in range(3)})
        store.clear("drafts", undo="kept")
        store.set("reports", "kettles", {"sold": 3}, undo=True)
        store.delete("orders", "order-0002", undo=True)
        store.cleanup(match="wf-order-000[1-3]", finished=True, undo=True)
    with running(
        sys.executable, "-m", "dashboard", "serve", "--port", "0", *options, "sqlite:///state.db", cwd=folder
    ) as address:
        yield address
