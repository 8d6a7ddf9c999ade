"""The saved rules of cleanups: saving and deleting them, what each would clear now, and running one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from starlette.responses import PlainTextResponse

from dashboard import forms
from dashboard.clearing import fingerprints
from dashboard.formats import count, oneline, size
from dashboard.pages.cleanup import Saving, preview, typed_rules
from dashboard.pages.errors import NotFound, rule_in
from dashboard.rendering import redirect, render, store_of
from dashboard.rule_fields import RuleFields
from dashboard.undoing import new_id
from dashboard.urls import Urls
from store import UNDO_SECONDS, StoreError

if TYPE_CHECKING:
    from starlette.datastructures import FormData
    from starlette.requests import Request
    from starlette.responses import Response

    from store import CleanupReport, GroupInfo, Rule

NAMED: Final = 10


@dataclass(frozen=True, slots=True)
class RunPage:
    """What is asked before a rule is run: what it would clear now."""

    rule: Rule
    report: CleanupReport
    undo_minutes: int = UNDO_SECONDS // 60
    section: Literal["cleanup"] = "cleanup"

    @property
    def title(self) -> str:
        """The question."""
        return f"Run {self.rule.name}?"

    @property
    def fields(self) -> RuleFields:
        """The rule for the form that runs it."""
        return RuleFields.of_rule(self.rule)

    @property
    def named(self) -> list[GroupInfo]:
        """The first of the groups."""
        return self.report.groups[:NAMED]

    @property
    def fingerprints(self) -> str:
        """What tells later which groups were counted."""
        return fingerprints(self.report.groups)


def save(request: Request, form: FormData) -> Response:
    """POST: save the rules under a name; one that stands for other rules is only taken if that is what is wanted."""
    fields, name, store = typed_rules(form), forms.text(form, "name").strip(), store_of(request)
    try:
        rule = fields.rule(name)
        taken = store.rule(name) if name else None
        if taken not in (None, rule) and "replace" not in form:
            return preview(request, fields, saving=Saving(name, taken=taken), status=422)
        store.save_rule(rule)
    except StoreError as error:
        saving = Saving(name, forms.FieldError.of(error).message)
        return preview(request, fields, saving=saving, status=forms.status_of(error))
    return redirect(request, Urls.of(request).cleanup(**fields.named), f"Saved the rule “{oneline(name)}”.")


def delete(request: Request, _form: FormData) -> Response:
    """POST: forget a saved rule."""
    name, undo = rule_in(request), new_id()
    gone = store_of(request).drop_rule(name, undo=undo)
    notice = f"Deleted the rule “{oneline(name)}”." if gone else f"The rule “{oneline(name)}” had gone already."
    return redirect(request, Urls.of(request).cleanup(), notice, undo)


def run_form(request: Request) -> Response:
    """GET: the question before a saved rule is run."""
    rule = _known_rule(request)
    return render(request, "cleanup_run.html", RunPage(rule, _chosen(request, rule)))


def count_chosen(request: Request) -> Response:
    """GET: how much a saved rule would clear now, in words."""
    report = _chosen(request, _known_rule(request))
    groups, items = count(len(report.groups), "group"), count(report.items, "item")
    return PlainTextResponse(f"{groups} · {items} · {size(report.size)}" if report.groups else "nothing now")


def _chosen(request: Request, rule: Rule) -> CleanupReport:
    return store_of(request).cleanup(**rule.arguments, dry_run=True)


def _known_rule(request: Request) -> Rule:
    name = rule_in(request)
    rule = store_of(request).rule(name)
    if rule is None:
        raise NotFound(f"There is no saved rule “{oneline(name)}”.", Urls.of(request).cleanup(), "Cleanup")
    return rule
