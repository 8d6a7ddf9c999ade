"""Live regions: the parts of a page that follow the store while somebody looks at it.

A template puts one around what is to follow: `{% call live("rows") %}…{% endcall %}`. It has the same content in a page
as in what dashboard/live.py sends later, but for the text of running times, which the browser writes itself: so content
is compared without it, and a page on which nothing happened but time is the same page.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import jinja2
import orjson
from markupsafe import Markup

if TYPE_CHECKING:
    from starlette.requests import Request

_SCOPE: Final = "stepstate.regions"
# What static/js/times.js writes; no attribute holds a `<` or `>` that the templates have not escaped.
_RUNNING = re.compile(r'(<(?:time|span)\b[^<>]* data-(?:ago|expires)="-?\d+"[^<>]*>)[^<]*')
_BAR = re.compile(r' value="[^"]*"(?= data-until=")')
_EXPIRES = re.compile(r' data-expires="(\d+)"')


@dataclass(frozen=True, slots=True)
class Region:
    """The content of a region: a digest of it, and a member of a JSON object with that and the HTML."""

    digest: str
    member: bytes


@dataclass(slots=True)
class Regions:
    """What the regions of a page hold, by name, and when that changes without a write, in milliseconds since 1970."""

    by_name: dict[str, Region] = field(default_factory=dict)
    due: float = math.inf

    def add(self, name: str, still: str, digest: str, now: float, again: float) -> None:
        """Take down a region."""
        self.by_name[name] = Region(digest, orjson.dumps({name: [digest, still]})[1:-1])
        times = [at for at in map(int, _EXPIRES.findall(still)) if at > now]
        self.due = min([self.due, *times, now + again * 1000 if again else math.inf])

    @property
    def scope(self) -> dict[str, Regions]:
        """What a request's scope holds if it is to be answered with these."""
        return {_SCOPE: self}

    @staticmethod
    def wanted(request: Request) -> Regions | None:
        """What to fill if a request is for a page's regions alone."""
        wanted: Regions | None = request.scope.get(_SCOPE)
        return wanted


@jinja2.pass_context
def live(
    context: jinja2.runtime.Context,
    name: str,
    tag: str = "div",
    *,
    again: float = 0.0,
    caller: Callable[[], Markup],
) -> Markup:
    """An element that follows the store; in templates, `{% call live("rows") %}`.

    Args:
        name: no other region of the page has it.
        tag: what element it is.
        again: seconds after which its content may be another though nothing was written and no time that it shows is
            up; 0 for never.
        caller: gives the content.
    """
    html = caller()
    still = _BAR.sub("", _RUNNING.sub(r"\1", str(html)))  # of Markup, sub would escape what it puts together
    digest = hashlib.blake2b(still.encode(), digest_size=6).hexdigest()
    regions: Regions | None = context["regions"]
    if regions is None:
        start = Markup('<{} id="live-{}" data-live="{}" data-again="{}">').format(tag, name, digest, again)
        return start + html + Markup("</{}>").format(tag)
    regions.add(name, still, digest, context["shell"].now.timestamp() * 1000, again)
    return Markup()  # nobody looks at the page around it
