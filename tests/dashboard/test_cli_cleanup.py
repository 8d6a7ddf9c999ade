"""The commands that end groups: what they clear, keep and say."""

from __future__ import annotations

from typing import Any

import pytest

from store import NEVER, Rule, Store, open_store
from tests.dashboard.commands import Run, check_error, stored
from tests.dashboard.support import DAY, SetBackClock


@pytest.fixture
def filled(url: str, clock: SetBackClock) -> Store:
    """A store of some age, closed again."""
    clock.behind = 20 * DAY
    with open_store(url, clock=clock, sweep_interval=None) as store:
        clock.behind = 8 * DAY
        store.set_many("wf-old", {"a": 1, "b": "x" * 98})
        clock.behind = 0
        store.set("wf-done", "k", 1)
        store.finish("wf-done")
        store.set("orders", "o-1", 1)
        store.configure("settings", default_ttl=60)
    return store


def groups(run: Run) -> list[str]:
    """The names that `stepstate groups` lists."""
    return [line.split()[0] for line in run("groups").out.splitlines()[1:]]


def saved(url: str) -> list[Rule]:
    """The rules in a store."""
    with open_store(url, sweep_interval=None) as store:
        return store.rules()


def test_clear_of_a_group_that_is_not_there_fails(run: Run, filled: Store, url: str) -> None:
    before = stored(url)
    answer = run("clear", "two\nlines")
    check_error(answer, "there is no group 'two\\nlines'")
    assert answer.out == ""
    assert stored(url) == before


def test_a_group_without_items_can_be_cleared(run: Run, filled: Store) -> None:
    assert run("clear", "settings") == (0, "cleared 0 items\n", "")
    assert "settings" in groups(run)


def test_empty_groups_are_removed(run: Run, filled: Store) -> None:
    assert run("cleanup", "--empty", "--dry-run").out.splitlines()[-1] == "would clear 1 group: 0 items, 0 B"
    answer = run("cleanup", "--empty")
    assert (answer.status, answer.out.splitlines()[-1]) == (0, "cleared 1 group: 0 items, 0 B")
    assert groups(run) == ["orders", "wf-done", "wf-old"]


def test_groups_that_are_not_empty_are_cleared(run: Run, filled: Store) -> None:
    assert (
        run("cleanup", "--not-empty", "--match", "[ow]*").out.splitlines()[-1].startswith("cleared 3 groups: 4 items")
    )
    assert groups(run) == ["settings"]


def test_a_saved_rule_is_applied(run: Run, filled: Store) -> None:
    answer = run("rule", "save", "nightly", "--idle", "7d", "--match", "wf-*")
    assert answer == (0, "saved nightly; now it would clear 1 group: 2 items, 101 B\n", "")
    assert run("cleanup", "--rule", "nightly", "--dry-run").out.splitlines()[-1].startswith("would clear 1 group")
    assert "wf-old" in groups(run)
    answer = run("cleanup", "--rule", "nightly")
    assert answer.out.splitlines()[-1] == "cleared 1 group: 2 items, 101 B"
    assert groups(run) == ["orders", "settings", "stepstate:rules", "wf-done"]


def test_a_saved_rule_that_fits_nothing_prints_one_line(run: Run, filled: Store) -> None:
    run("rule", "save", "nightly", "--match", "nothing")
    assert run("cleanup", "--rule", "nightly") == (0, "cleared 0 groups: 0 items, 0 B\n", "")


@pytest.mark.parametrize("other", [["--idle", "7d"], ["--unfinished"], ["--match", "*"], ["--not-empty"]])
def test_a_rule_goes_with_no_other_condition(run: Run, filled: Store, url: str, other: list[str]) -> None:
    run("rule", "save", "all", "--match", "*")
    before = stored(url)
    check_error(run("cleanup", "--rule", "all", *other), "--rule has conditions of its own and takes no others")
    assert stored(url) == before


@pytest.mark.parametrize(
    ("options", "rule", "shown"),
    [
        (["--idle", "36h"], Rule("r", idle=129600), "--idle 36h"),
        (["--idle", "90"], Rule("r", idle=90), "--idle 90s"),
        (["--finished", "--match", "wf *"], Rule("r", finished=True, match="wf *"), "--finished --match 'wf *'"),
        (["--unfinished", "--empty"], Rule("r", finished=False, empty=True), "--unfinished --empty"),
        (["--not-empty"], Rule("r", empty=False), "--not-empty"),
        (["--match", ""], Rule("r", match=""), "--match ''"),
        (["--match", "a\x1bb"], Rule("r", match="a\x1bb"), "--match 'a␛b'"),
    ],
    ids=str,
)
def test_what_is_saved_is_listed_as_it_was_typed(
    run: Run, filled: Store, url: str, options: list[str], rule: Rule, shown: str
) -> None:
    assert run("rule", "save", "r", *options).status == 0
    assert saved(url) == [rule]
    assert run("rule", "list").out.splitlines() == ["NAME  CONDITIONS", f"r     {shown}"]


def test_a_rule_is_dropped(run: Run, filled: Store, url: str) -> None:
    run("rule", "save", "a", "--empty")
    run("rule", "save", "b", "--finished")
    assert run("rule", "drop", "a") == (0, "dropped a\n", "")
    assert saved(url) == [Rule("b", finished=True)]


def test_finish_and_reopen_mark_a_group(run: Run, filled: Store) -> None:
    assert run("finish", "orders") == (0, "finished orders\n", "")
    assert run("groups", "--search", "orders").out.splitlines()[1].endswith(" finished")
    assert run("reopen", "orders") == (0, "reopened orders\n", "")
    assert run("groups", "--search", "orders").out.splitlines()[1].endswith(" open")


def test_a_group_is_finished_for_some_time(run: Run, filled: Store, url: str) -> None:
    assert run("finish", "orders", "--keep-for", "1h") == (0, "finished orders; it is cleared in 1h\n", "")
    with open_store(url, sweep_interval=None) as store:
        group = store.group("orders")
    assert group is not None
    assert group.finished_at is not None
    assert group.clear_at is not None
    assert (group.clear_at - group.finished_at).total_seconds() == 3600


@pytest.mark.parametrize("value", [None, {"younger": 1}, {"idle": "soon"}])
def test_what_is_no_rule_is_named(run: Run, filled: Store, url: str, value: Any) -> None:
    with open_store(url, sweep_interval=None) as store:
        store.set("stepstate:rules", "spoilt", value, ttl=NEVER)
    before = stored(url)
    for command in (["rule", "list"], ["cleanup", "--rule", "spoilt"]):
        check_error(run(*command), "the item 'spoilt' of the group 'stepstate:rules' is no cleanup rule")
    assert stored(url) == before
    assert run("rule", "drop", "spoilt").status == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["cleanup", "--rule", "unknown"], "there is no saved rule 'unknown'"),
        (["cleanup", "--rule", ""], "a key name must not be empty"),
        (["cleanup", "--rule", "\udcff"], "a key name must be valid Unicode"),
        (["cleanup"], "a cleanup needs at least one rule"),
        (["cleanup", "--dry-run"], "a cleanup needs at least one rule"),
        (["rule"], "Missing command"),
        (["rule", "rename"], "No such command 'rename'"),
        (["rule", "save"], "Missing argument 'NAME'"),
        (["rule", "save", "r"], "a cleanup needs at least one rule"),
        (["rule", "save", "two\nlines", "--empty"], "the name of a rule is 1 to 100 printable characters"),
        (["rule", "save", "r", "--idle", "0"], "out of range"),
        (["rule", "save", "r", "--idle", "never"], "never is no duration"),
        (["rule", "save", "r", "--match", "\udcff"], "lone surrogate"),
        (["rule", "drop", "two\nlines"], "there is no saved rule 'two\\nlines'"),
        (["finish", "unknown"], "there is no group 'unknown'"),
        (["finish", "orders", "--keep-for", "never"], "never is no duration"),
        (["reopen", "unknown"], "there is no group 'unknown'"),
        (["finish", "x" * 513], "a group name is at most 512 bytes of UTF-8"),
        (["set", "g", "k", "pending"], "text goes in double quotes, as in '\"pending\"'"),
        (["set", "g", "k", "not ready"], "text goes in double quotes"),
        (["set", "g", "k", "'quoted'"], "text goes in double quotes"),
        (["set", "g", "k", "2026-11-24"], "text goes in double quotes"),
    ],
    ids=str,
)
def test_bad_input_is_one_line_and_writes_nothing(
    run: Run, filled: Store, url: str, arguments: list[str], words: str
) -> None:
    before = stored(url)
    check_error(run(*arguments), words)
    assert stored(url) == before


@pytest.mark.parametrize("value", ['{"a": pending}', "[1,", '"open', "", "18446744073709551616", "-1.5e999"])
def test_what_is_no_bare_word_gets_no_hint_about_quotes(run: Run, value: str) -> None:
    answer = run("set", "g", "k", value)
    check_error(answer, "not JSON: ")
    assert "double quotes" not in answer.err


def test_each_command_explains_itself(run: Run) -> None:
    for command in ("rule", "finish", "reopen"):
        assert f"  {command} " in run("--help").out
        assert run(command, "-h").out.startswith(f"Usage: stepstate {command} ")
    for command in ("save", "drop", "list"):
        assert run("rule", command, "-h").out.startswith(f"Usage: stepstate rule {command} ")
