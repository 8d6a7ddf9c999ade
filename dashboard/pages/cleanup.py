"""Cleaning up: rules, what they choose, and clearing what was chosen of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from dashboard import forms, jobs
from dashboard.clearing import Chosen, Clearing, fingerprints, parse_fingerprints
from dashboard.formats import count
from dashboard.rendering import render, store_of
from dashboard.rule_fields import RuleFields
from dashboard.urls import Urls
from store import UNDO_SECONDS, InvalidArgument

if TYPE_CHECKING:
    from collections.abc import Collection

    from starlette.datastructures import FormData
    from starlette.requests import Request
    from starlette.responses import Response

    from store import CleanupReport, GroupInfo, Rule

SHOWN: Final = 500


@dataclass(frozen=True, slots=True)
class SavedRules:
    """The rules that are saved, or what is wrong with them."""

    rules: list[Rule]
    error: str = ""


@dataclass(frozen=True, slots=True)
class Saving:
    """The form that saves the rules under a name; `taken` is what has that name already."""

    name: str = ""
    error: str = ""
    taken: Rule | None = None


@dataclass(frozen=True, slots=True)
class CleanupPage:
    """The rules, what was wrong with them, what they choose now, and what is ticked of it.

    `ticked` are names (None: all), `rest` are the groups that are chosen but not shown.
    """

    fields: RuleFields
    saved: SavedRules
    saving: Saving = Saving()
    report: CleanupReport | None = None
    error: str = ""
    ticked: Collection[str] | None = None
    rest: bool = True
    undo_minutes: int = UNDO_SECONDS // 60
    title: str = "Cleanup"
    section: Literal["cleanup"] = "cleanup"

    @property
    def shown(self) -> list[GroupInfo]:
        """The groups that there is room for."""
        return self.report.groups[:SHOWN] if self.report else []

    @property
    def more(self) -> list[GroupInfo]:
        """The others that are chosen."""
        return self.report.groups[SHOWN:] if self.report else []

    @property
    def fingerprints(self) -> str:
        """What tells later which groups the others were."""
        return fingerprints(self.more)


def show(request: Request) -> Response:
    """GET: the rules and what they would clear."""
    fields = RuleFields.of(lambda name: request.query_params.get(name, ""))
    if fields.given or "preview" in request.query_params:
        return preview(request, fields)
    return render(request, "cleanup.html", CleanupPage(fields, saved_rules(request)))


def clear(request: Request, form: FormData) -> Response:
    """POST: clear the groups that were ticked, as far as the rules still choose them."""
    fields, chosen = typed_rules(form), _chosen(form)
    if fields.problem:
        return preview(request, fields)
    if not chosen:
        none = "No group is ticked, so nothing was cleared."
        return preview(request, fields, error=none, status=422, ticked=chosen.named, rest=False)
    work = Clearing(store_of(request), fields.rule(), chosen)
    back = Urls.of(request).cleanup(**fields.named)
    return jobs.run(request, f"Clearing {count(len(chosen), 'group')}", work, back, "Back to Cleanup")


def typed_rules(form: FormData) -> RuleFields:
    """The rules that a form holds."""
    return RuleFields.of(lambda name: forms.text(form, name))


def saved_rules(request: Request) -> SavedRules:
    """The rules that are saved."""
    try:
        return SavedRules(store_of(request).rules())
    except InvalidArgument as error:
        return SavedRules([], forms.FieldError.of(error).message)


def preview(
    request: Request,
    fields: RuleFields,
    *,
    saving: Saving = Saving(),
    error: str = "",
    status: int = 200,
    ticked: Collection[str] | None = None,
    rest: bool = True,
) -> Response:
    """Answer with the page: the rules and what they choose now, or what is wrong with them."""
    saved = saved_rules(request)
    if fields.problem:
        return render(request, "cleanup.html", CleanupPage(fields, saved, error=fields.problem), 422)
    report = store_of(request).cleanup(**fields.rule().arguments, dry_run=True)
    page = CleanupPage(fields, saved, saving, report, error, ticked, rest)
    return render(request, "cleanup.html", page, status)


def _chosen(form: FormData) -> Chosen:
    """The groups that are ticked, and those that the page had no room for if they are wanted too."""
    others = parse_fingerprints(forms.text(form, "seen")) if "rest" in form else frozenset()
    return Chosen(forms.names_seen(form, "group"), others)
