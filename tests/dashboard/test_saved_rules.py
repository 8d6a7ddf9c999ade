"""The saved rules of cleanups, on the cleanup page."""

from __future__ import annotations

import shlex

import pytest

from dashboard.rule_fields import RuleFields, command, in_words
from dashboard.urls import Urls
from store import Rule, Store
from tests.dashboard.commands import Run
from tests.dashboard.pages import Browser, Page
from tests.dashboard.support import DAY, SetBackClock, dump

NIGHTLY = Rule("nightly", idle=9 * DAY, match="wf-*")
RULE_NAMES = [
    "a/b",
    "?q=1&r=#x",
    "100%",
    'it\'s "odd"',
    "<script>alert(1)</script>",
    "🛒 emoji 👩",
    "..",
    "~2E",
    "-x",
    "--help",
    "$HOME `id`",
    "{{ 7 * 7 }}",
    "x" * 100,
]


@pytest.fixture
def runs(state: Store, clock: SetBackClock) -> Store:
    """A store with groups of different age, and a rule for the old ones."""
    for name, age in (("wf-older", 40), ("wf-old", 30), ("orders", 10), ("wf-new", 0)):
        clock.behind = age * DAY + 2
        state.set_many(name, {"a": "x" * 98, "b": 1})
    clock.behind = 0
    state.save_rule(NIGHTLY)
    return state


def saved(page: Page) -> list[str]:
    return [node.raw for node in page.tree.one(class_="saved").all("h3")]


def save(browser: Browser, name: str, **rules: str) -> Page:
    return browser.get("/cleanup").submit("Preview", **rules).submit("Save", name=name)


def test_what_is_previewed_is_saved_under_a_name(runs: Store, browser: Browser) -> None:
    page = save(browser, "weekly", idle="1w", finished="no", match="wf-*", empty="no")

    assert page.notice == "Saved the rule “weekly”."
    assert saved(page) == ["nightly", "weekly"]
    assert runs.rule("weekly") == Rule("weekly", 7 * DAY, False, "wf-*", False)
    assert "idle for 7 d · not finished · named wf-* · holding items" in page.text
    assert [page.fields(name)[0] for name in ("idle", "finished", "match", "empty")] == ["1w", "no", "wf-*", "no"]


def test_rules_that_choose_nothing_now_can_be_saved(runs: Store, browser: Browser) -> None:
    assert saved(save(browser, "later", match="nothing-*")) == ["later", "nightly"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("", "The name of a rule is 1 to 100 printable characters"),
        ("x" * 101, "The name of a rule is 1 to 100 printable characters"),
        ("tab\tname", "The name of a rule is 1 to 100 printable characters"),
        ("🛒" * 200, "at most 512 bytes"),
    ],
)
def test_what_is_no_name_is_refused_where_it_was_typed(runs: Store, browser: Browser, name: str, message: str) -> None:
    page = save(browser, name, match="wf-*")

    assert page.status == 422
    assert message in page.errors[0]
    assert "open" in page.tree.one("details", id="save-rule").attrs
    assert page.field("name") == name
    assert page.fields("match")[0] == "wf-*"
    assert runs.rules() == [NIGHTLY]


def test_a_name_is_not_taken_from_other_rules_without_asking(runs: Store, browser: Browser) -> None:
    page = save(browser, "nightly", finished="yes")
    assert page.status == 422
    assert page.errors == ["“nightly” is saved already: idle for 9 d · named wf-*."]
    assert runs.rules() == [NIGHTLY]

    assert page.submit("Replace it").notice == "Saved the rule “nightly”."
    assert runs.rules() == [Rule("nightly", finished=True)]


def test_the_same_rules_can_be_saved_again(runs: Store, browser: Browser) -> None:
    assert save(browser, "nightly", idle="216h", match="wf-*").notice == "Saved the rule “nightly”."


@pytest.mark.parametrize("fields", [{}, {"name": "r"}, {"name": "r", "idle": "soon"}, {"name": "r", "finished": "x"}])
def test_a_form_made_by_hand_is_refused(runs: Store, browser: Browser, fields: dict[str, str]) -> None:
    page = browser.post("/cleanup/rules", fields)

    assert page.status == 422
    assert len(page.errors) == 1
    assert runs.rules() == [NIGHTLY]


def test_preview_fills_the_form(runs: Store, browser: Browser) -> None:
    page = browser.get("/cleanup").click("Preview nightly")

    assert [page.fields(name)[0] for name in ("idle", "match")] == ["9d", "wf-*"]
    assert page.column(1) == ["wf-old", "wf-older"]


def test_how_much_it_would_clear_now_is_counted_when_it_is_asked_for(runs: Store, browser: Browser) -> None:
    runs.save_rule(Rule("none", match="nothing"))
    places = browser.get("/cleanup").tree.one(class_="saved").all("span", class_="muted")
    counts = [browser.client.get(node.attrs["data-count"]) for node in places]

    assert [count.text for count in counts] == ["2 groups · 4 items · 202 B", "nothing now"]
    assert counts[0].headers["content-type"] == "text/plain; charset=utf-8"


def test_running_a_rule_asks_and_clears_what_was_counted(runs: Store, browser: Browser) -> None:
    page = browser.get("/cleanup").click("Run nightly")
    assert page.title == "Run nightly? · stepstate"
    assert "idle for 9 d · named wf-*" in page.text
    assert "This clears 2 groups with 4 items, 202 B: wf-old wf-older" in page.text
    runs.set("wf-old", "fresh", 1)
    page = page.submit("Clear 2 groups")

    assert page.notice.startswith("Cleared 1 group: 2 items, 101 B. 1 group stayed: changed since")
    assert [page.fields(name)[0] for name in ("idle", "match")] == ["9d", "wf-*"]
    assert sorted(dump(runs)) == ["orders", "stepstate:rules", "wf-new", "wf-old"]


def test_the_question_names_the_first_and_counts_the_others(runs: Store, browser: Browser) -> None:
    for number in range(12):
        runs.set(f"a-{number:02}", "k", 1)
    runs.save_rule(Rule("all a", match="a-*"))
    page = browser.get("/cleanup").click("Run all a")

    assert [node.text for node in page.tree.one("ul").all("li")] == [f"a-{number:02}" for number in range(10)]
    assert "and 2 more groups." in page.text
    assert len(page.click("Look at all of them").rows) == 12


def test_a_rule_that_chooses_nothing_now_asks_nothing(runs: Store, browser: Browser) -> None:
    runs.save_rule(Rule("none", match="nothing"))
    page = browser.get("/cleanup").click("Run none")

    assert "No group fits this rule now." in page.text
    assert not page.tree.one("main").all("form")


def test_deleting_a_rule_can_be_undone(runs: Store, browser: Browser) -> None:
    page = browser.get("/cleanup").submit("Delete nightly")
    assert page.notice == "Deleted the rule “nightly”."
    assert saved(page) == []
    assert "None yet." in page.text

    runs.restore(runs.trash().items[0].id)
    assert runs.rules() == [NIGHTLY]


def test_a_rule_that_has_gone_meanwhile_is_said(runs: Store, browser: Browser) -> None:
    page = browser.get("/cleanup")
    runs.drop_rule("nightly")

    assert page.submit("Delete nightly").notice == "The rule “nightly” had gone already."
    for answer in (page.click("Run nightly"), browser.get("/cleanup/rules/nightly/count")):
        assert answer.status == 404
        assert "There is no saved rule “nightly”." in answer.text
        assert answer.click("Cleanup").path == "/cleanup"


@pytest.mark.parametrize("path", ["/cleanup/rules/a%20b/run", "/cleanup/rules/~2e/count"])
def test_an_address_that_names_no_rule(browser: Browser, path: str) -> None:
    assert "This address names no rule." in browser.get(path).text


@pytest.mark.parametrize("name", RULE_NAMES)
def test_a_rule_of_any_name_works(state: Store, browser: Browser, name: str) -> None:
    page = save(browser, name, match="wf-*")
    assert saved(page) == [name]
    assert page.click(f"Preview {name}").fields("match")[0] == "wf-*"
    assert page.click(f"Run {name}").title == f"Run {name}? · stepstate"
    assert browser.client.get(Urls("").rule(name, "count")).text == "nothing now"
    assert shlex.split(page.tree.one("code", id="cron-1").raw) == ["stepstate", "cleanup", "--rule", name]
    assert saved(page.submit(f"Delete {name}")) == []


@pytest.mark.parametrize("name", [name for name in RULE_NAMES if "$" not in name])
def test_the_command_that_is_shown_runs_the_rule(run: Run, url: str, name: str) -> None:
    run("set", "wf-1", "k", "1")
    run("rule", "save", "--match", "wf-*", "--", name)
    _, *arguments = shlex.split(command(Rule(name, match="wf-*")))

    assert "cleared 1 group" in run(*arguments).out


def test_an_item_that_is_no_rule_is_said_and_the_page_works(runs: Store, browser: Browser) -> None:
    runs.set("stepstate:rules", "spoilt", {"older": 1})
    page = browser.get("/cleanup")

    assert "The item 'spoilt' of the group 'stepstate:rules' is no cleanup rule" in page.errors[0]
    assert page.click("Look at it").path == "/groups/stepstate:rules"
    assert page.submit("Preview", idle="9d").column(1) == ["orders", "wf-old", "wf-older"]
    assert (
        "is no cleanup rule"
        in browser.get("/cleanup").submit("Preview", idle="9d").submit("Save", name="spoilt").errors[-1]
    )


@pytest.mark.parametrize(
    "rule",
    [
        Rule("r", idle=90.5),
        Rule("r", idle=0.001),
        Rule("r", idle=100 * 365 * DAY),
        Rule("r", finished=True, empty=False),
        Rule("r", finished=False, empty=True),
        Rule("r", match=" two  spaces "),
    ],
)
def test_a_rule_is_typed_as_it_is_meant(rule: Rule) -> None:
    assert RuleFields.of_rule(rule).rule("r") == rule


def test_rules_in_words() -> None:
    assert (
        in_words(Rule("r", 90, True, "a\nb", True))
        == "idle for 1 min 30 s · finished · named a␊b · empty or only expired"
    )
    assert in_words(Rule("r", finished=False, empty=False)) == "not finished · holding items"
