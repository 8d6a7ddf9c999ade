"""A browser without JavaScript: pages as trees, links followed, forms sent as they are rendered.

Every page that comes by is checked for what must hold of all of them, so a broken link or form fails any test.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import TYPE_CHECKING
from urllib.parse import urldefrag, urlencode, urljoin, urlsplit

if TYPE_CHECKING:
    from starlette.testclient import TestClient

PARTIAL = {"HX-Request-Type": "partial"}
_VOID = frozenset(["br", "hr", "img", "input", "link", "meta"])
_TEXT_INPUTS = frozenset(("", "text", "search"))

Typed = str | Sequence[str]


@dataclass(slots=True, eq=False)
class Node:
    """An element, or a whole document."""

    tag: str
    attrs: dict[str, str]
    children: list[Node | str] = field(default_factory=list)

    def walk(self) -> Iterator[Node]:
        """This element and all below it, in order."""
        yield self
        for child in self.children:
            if isinstance(child, Node):
                yield from child.walk()

    def all(self, *tags: str, **attrs: str) -> list[Node]:
        """The elements with one of these tags, if any are given, and these attributes."""
        wanted = {name.rstrip("_").replace("_", "-"): value for name, value in attrs.items()}
        return [node for node in self.walk() if (not tags or node.tag in tags) and wanted.items() <= node.attrs.items()]

    def one(self, *tags: str, **attrs: str) -> Node:
        """The only such element."""
        found = self.all(*tags, **attrs)
        assert len(found) == 1, f"{len(found)} elements {tags} {attrs}"
        return found[0]

    @property
    def raw(self) -> str:
        """The text in it, as it is."""
        return "".join(child if isinstance(child, str) else child.raw for child in self.children)

    @property
    def text(self) -> str:
        """The text in it, with single spaces."""
        return " ".join(self.raw.split())

    @property
    def label(self) -> str:
        """What a person would call it."""
        return self.attrs.get("aria-label") or self.text


class _Builder(HTMLParser):
    """Builds the tree; end tags are never left out or crossed."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Node("", {})
        self._open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        node = Node(tag, {name: value or "" for name, value in attrs})
        assert len(node.attrs) == len(attrs), f"<{tag}> repeats an attribute: {attrs}"
        self._open[-1].children.append(node)
        if tag not in _VOID:
            self._open.append(node)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop().tag == tag, f"</{tag}> closes something else"

    def handle_data(self, data: str) -> None:
        self._open[-1].children.append(data)

    def tree(self, source: str) -> Node:
        self.feed(source)
        self.close()
        assert self._open == [self.root], f"not closed: {[node.tag for node in self._open]}"
        return self.root


def parse(source: str) -> Node:
    """HTML as a tree; browsers read every line end as a newline."""
    return _Builder().tree(re.sub("\r\n?", "\n", source))


class Browser:
    """Asks for pages; `part` as htmx does."""

    def __init__(self, client: TestClient, root: str = "", *, part: bool = False) -> None:
        self.client = client
        self.root = root
        self.headers = PARTIAL if part else {}

    def get(self, url: str) -> Page:
        """The page at a URL, redirects followed."""
        return Page(self, "GET", url)

    def post(self, url: str, fields: Mapping[str, Typed] | None = None) -> Page:
        """What comes after a form that was made by hand."""
        content = urlencode({} if fields is None else fields, doseq=True)
        return Page(self, "POST", url, content)


class Page:
    """An answer, as a person would read it."""

    def __init__(self, browser: Browser, method: str, url: str, content: str | None = None) -> None:
        headers = dict(browser.headers)
        if content is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        response = browser.client.request(method, url, content=content, headers=headers)
        self.browser = browser
        self.status, self.headers, self.source = response.status_code, response.headers, response.text
        self.url = str(response.url)
        self.redirects = [step.headers["location"] for step in response.history]
        self.tree = parse(self.source)
        check(self.tree, browser.root)

    @property
    def path(self) -> str:
        """The path of its URL, query included."""
        parts = urlsplit(self.url)
        return f"{parts.path}?{parts.query}" if parts.query else parts.path

    @property
    def title(self) -> str:
        """The document's title."""
        return self.tree.one("title").raw

    @property
    def content(self) -> Node:
        """The main part."""
        return self.tree.one("main", id="content")

    @property
    def side(self) -> Node:
        """The pane beside the list."""
        return self.tree.one("section", id="pane-side")

    @property
    def text(self) -> str:
        """All text of its body, with single spaces."""
        return self.tree.text

    @property
    def notice(self) -> str:
        """The message about what was done before."""
        return " ".join(node.raw for node in self.tree.all(class_="notice"))

    @property
    def errors(self) -> list[str]:
        """What it says is wrong."""
        return [node.text for node in self.tree.all(role="alert")]

    @property
    def rows(self) -> list[list[str]]:
        """The cells of its table."""
        return [[cell.text for cell in row.all("td")] for body in self.tree.all("tbody") for row in body.all("tr")]

    def column(self, index: int) -> list[str]:
        """One column of its table."""
        return [row[index] for row in self.rows]

    def has(self, text: str) -> bool:
        """Whether there is such a link or button."""
        return any(node.label == text for node in self.tree.all("a", "button"))

    def link(self, text: str) -> str:
        """Where the first link with this text leads."""
        found = [node.attrs["href"] for node in self.content_first("a") if node.label == text]
        assert found, f"no link {text!r} at {self.url}"
        return found[0]

    def content_first(self, tag: str) -> list[Node]:
        """Elements of the main part before those around it."""
        inner = [node for main in self.tree.all("main") for node in main.all(tag)]
        return inner + [node for node in self.tree.all(tag) if node not in inner]

    def click(self, text: str) -> Page:
        """Follow the link with this text."""
        return Page(self.browser, "GET", urldefrag(urljoin(self.url, self.link(text))).url)

    def boxes(self, name: str) -> dict[str, str]:
        """What stands in each checkbox, by its label."""
        found = self.tree.all("input", type="checkbox", name=name)
        return {node.attrs["aria-label"]: node.attrs["value"] for node in found}

    def fields(self, name: str) -> list[str]:
        """What the fields of a name hold, boxes to tick aside; in the side pane, if it has such."""
        panes = [*self.tree.all("section", id="pane-side"), self.tree]
        found = next(filter(None, (pane.all("input", "select", "textarea", name=name) for pane in panes)), [])
        return [_held(node) for node in found if node.attrs.get("type") != "checkbox"]

    def field(self, name: str) -> str:
        """What the one field of a name holds."""
        (value,) = self.fields(name)
        return value

    def form(self, button: str) -> tuple[Node, Node]:
        """The first form with such a button, and the button."""
        for form in self.content_first("form"):
            for node in form.all("button"):
                if node.label == button:
                    return form, node
        raise AssertionError(f"no button {button!r} at {self.url}")

    def submit(self, button: str, **typed: Typed) -> Page:
        """Press a button after filling in fields; for checkboxes the values to tick, for repeated fields all values."""
        form, pressed = self.form(button)
        pairs = list(_sent(form, pressed, typed))
        action = urljoin(self.url, form.attrs.get("action", ""))
        if form.attrs.get("method") != "post":
            return Page(self.browser, "GET", urljoin(action, f"?{urlencode(pairs)}"))
        return Page(self.browser, "POST", action, urlencode(pairs))

    def confirm(self) -> Page:
        """Answer yes to the question what is to be deleted."""
        (button,) = [node.text for node in self.side.all("button") if node.text.startswith("Delete ")]
        return self.submit(button)


def _held(node: Node) -> str:
    if node.tag == "textarea":
        return node.raw.removeprefix("\n")  # the first newline is no part of what it holds
    if node.tag == "select":
        options = node.all("option")
        chosen = next((option for option in options if "selected" in option.attrs), options[0])
        return chosen.attrs.get("value", chosen.text)
    return node.attrs.get("value", "")


def _sent(form: Node, pressed: Node, typed: Mapping[str, Typed]) -> Iterator[tuple[str, str]]:
    queues = {name: [value] if isinstance(value, str) else list(value) for name, value in typed.items()}
    ticked = {name: queues.pop(name) for name in {*queues} if form.all("input", type="checkbox", name=name)}
    for node in form.walk():
        name = node.attrs.get("name")
        if not name:
            continue
        if node.attrs.get("type") == "checkbox":
            chosen = node.attrs["value"] in ticked[name] if name in ticked else "checked" in node.attrs
            if chosen:
                yield name, node.attrs["value"]
        elif node is pressed:
            yield name, node.attrs["value"]
        elif node.tag in ("input", "select", "textarea"):
            value = queues[name].pop(0) if name in queues else _held(node)
            yield name, _as_browsers_send(node, value)
    assert not any(queues.values()), f"the form has no field for {queues}"


def _as_browsers_send(node: Node, value: str) -> str:
    if node.tag == "input" and node.attrs.get("type", "") in _TEXT_INPUTS:
        value = re.sub("[\r\n]", "", value)
    if node.tag == "select":
        assert value in [option.attrs.get("value", option.text) for option in node.all("option")]
    return re.sub("\r\n?|\n", "\r\n", value)


def check(tree: Node, root: str) -> None:
    """What holds of every page."""
    ids = Counter(node.attrs["id"] for node in tree.walk() if "id" in node.attrs)
    assert not [name for name, count in ids.items() if count > 1], "an id is there twice"
    for node in tree.walk():
        for name in ("href", "src", "action"):
            url = node.attrs.get(name)
            if url is None or (node.tag == "img" and url.startswith("data:image/")):
                continue
            if node.attrs.get("target") == "_blank" and node.attrs.get("rel") == "noopener noreferrer":
                assert re.match("https?://", url), f"{name}={url}"
                continue
            assert (url.startswith(f"{root}/") and not url.startswith("//")) or url[1:] in ids, f"{name}={url}"
        for name in ("for", "list", "aria-describedby"):
            assert node.attrs.get(name) is None or node.attrs[name] in ids, f"{name}={node.attrs[name]}"
        assert not [name for name in node.attrs if name == "style" or re.match("on[a-z]", name)], "inline code"
        assert node.tag != "form" or not [inner for inner in node.all("form") if inner is not node], "nested forms"
        assert node.tag != "script" or (node.attrs.get("src") and not node.raw.strip()), "inline script"
        assert node.tag != "style", "inline style"
