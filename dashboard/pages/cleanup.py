"""Cleaning up: rules, what they choose, and clearing what was chosen of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from dashboard import forms
from dashboard.formats import count, size
from dashboard.rendering import redirect, render, store_of
from dashboard.urls import Urls
from store import InvalidTTL, parse_duration

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from starlette.datastructures import FormData
    from starlette.requests import Request
    from starlette.responses import Response

    from store import CleanupReport

SHOWN = 1000
_FINISHED = {"": None, "yes": True, "no": False}


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules as they are typed."""

    idle: str
    finished: str
    match: str

    @classmethod
    def of(cls, field: Callable[[str], str]) -> Rules:
        """The rules that a form or query names."""
        finished = field("finished")
        return cls(field("idle").strip(), finished if finished in _FINISHED else "", field("match").strip())

    @property
    def given(self) -> bool:
        """Whether there is any rule."""
        return bool(self.idle or self.finished or self.match)

    def arguments(self) -> tuple[float | None, bool | None, str | None]:
        """idle, finished and match as the store takes them.

        Raises:
            InvalidTTL: `idle` is not a duration.
        """
        idle = parse_duration(self.idle) if self.idle else None
        if self.idle and idle is None:
            raise InvalidTTL("idle for takes a duration such as 2h or 7d")
        return idle, _FINISHED[self.finished], self.match or None


@dataclass(frozen=True, slots=True)
class CleanupPage:
    """The rules, what was wrong with them, what they choose now, and what is ticked of it (None: all)."""

    rules: Rules
    report: CleanupReport | None = None
    error: str = ""
    ticked: Collection[str] | None = None
    shown: int = SHOWN
    title: str = "Cleanup"
    section: Literal["cleanup"] = "cleanup"


def show(request: Request) -> Response:
    """GET: the rules and what they would clear."""
    rules = Rules.of(lambda name: request.query_params.get(name, ""))
    if not rules.given:
        asked = "preview" in request.query_params
        return render(request, "cleanup.html", CleanupPage(rules, error="Choose at least one rule." if asked else ""))
    return _preview(request, rules)


def clear(request: Request, form: FormData) -> Response:
    """POST: clear the groups that were ticked, as far as the rules still choose them."""
    rules, ticked = Rules.of(lambda name: forms.text(form, name)), forms.names_seen(form, "group")
    if not rules.given:
        return render(request, "cleanup.html", CleanupPage(rules, error="Choose at least one rule."), 422)
    if not ticked:
        return _preview(request, rules, "No group is ticked, so nothing was cleared.", 422, ticked)
    try:
        idle, finished, match = rules.arguments()
    except InvalidTTL as error:
        return _refused(request, rules, error)
    report = store_of(request).cleanup(idle=idle, finished=finished, match=match, groups=ticked)
    notice = f"Cleared {count(len(report.groups), 'group')}: {count(report.items, 'item')}, {size(report.size)}."
    if kept := len(ticked) - len(report.groups):
        notice += f" {count(kept, 'group')} stayed: changed since, or outside the rules now."
    return redirect(
        request, Urls.of(request).cleanup(idle=rules.idle, finished=rules.finished, match=rules.match), notice
    )


def _preview(
    request: Request, rules: Rules, error: str = "", status: int = 200, ticked: Collection[str] | None = None
) -> Response:
    try:
        idle, finished, match = rules.arguments()
    except InvalidTTL as invalid:
        return _refused(request, rules, invalid)
    report = store_of(request).cleanup(idle=idle, finished=finished, match=match, dry_run=True)
    return render(request, "cleanup.html", CleanupPage(rules, report, error, ticked), status)


def _refused(request: Request, rules: Rules, error: InvalidTTL) -> Response:
    return render(request, "cleanup.html", CleanupPage(rules, error=forms.FieldError.of(error).message), 422)
