"""Contract: cleanup rules that are saved in the store."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from store import InvalidArgument, InvalidTTL, InvalidValue, Rule, Store, open_store
from tests.conftest import ManualClock

NIGHTLY = Rule("nightly", idle=604800, finished=True, match="wf-*")
RULES = "stepstate:rules"


def test_a_saved_rule_is_there_until_it_is_dropped(state: Store) -> None:
    assert state.rule("nightly") is None
    assert state.rules() == []
    state.save_rule(NIGHTLY)
    assert state.rule("nightly") == NIGHTLY
    assert state.rules() == [NIGHTLY]
    assert state.drop_rule("nightly") is True
    assert state.drop_rule("nightly") is False
    assert state.rule("nightly") is None
    assert state.rules() == []


def test_rules_come_in_the_order_of_their_names(state: Store) -> None:
    rules = [Rule(name, empty=True) for name in ("a", "Z", "é", "b c", "wf/1", "🛒")]
    for rule in rules:
        state.save_rule(rule)
    assert [rule.name for rule in state.rules()] == ["Z", "a", "b c", "wf/1", "é", "🛒"]


def test_more_rules_than_fit_one_page_are_all_listed(state: Store) -> None:
    state.set_many(RULES, {f"r{number:04}": {"empty": True} for number in range(1001)})
    assert [rule.name for rule in state.rules()] == [f"r{number:04}" for number in range(1001)]


def test_a_rule_that_is_saved_again_is_replaced(state: Store) -> None:
    state.save_rule(NIGHTLY)
    state.save_rule(Rule("nightly", empty=False))
    assert state.rules() == [Rule("nightly", empty=False)]


def test_a_rule_is_kept_as_readable_json(state: Store) -> None:
    state.save_rule(NIGHTLY)
    assert state.get(RULES, "nightly") == {"idle": 604800, "finished": True, "match": "wf-*", "empty": None}
    assert type(state.get(RULES, "nightly")["idle"]) is int


@pytest.mark.parametrize(("idle", "kept"), [(0.5, 0.5), (90.0, 90), (timedelta(hours=2), 7200)])
def test_idle_is_kept_in_seconds(state: Store, idle: Any, kept: float) -> None:
    state.save_rule(Rule("r", idle=idle))
    assert state.rule("r") == Rule("r", idle=kept)


def test_a_saved_rule_is_applied_by_its_arguments(state: Store, clock: ManualClock) -> None:
    state.set("wf-1", "k", 1)
    state.finish("wf-1")
    state.set("wf-2", "k", 1)
    clock.advance(604800)
    state.save_rule(NIGHTLY)
    rule = state.rule("nightly")
    assert rule is not None
    assert [group.id for group in state.stale(**rule.arguments)] == ["wf-1"]
    assert state.cleanup(**rule.arguments).items == 1
    assert state.list("wf-2") == [1]


def test_every_condition_is_kept_and_applied(state: Store) -> None:
    rule = Rule("all", 1.5, finished=False, match="[a-z]*", empty=True)
    state.save_rule(rule)
    assert state.rule("all") == rule
    assert rule.arguments == {"idle": 1.5, "finished": False, "match": "[a-z]*", "empty": True}


def test_rules_do_not_expire_and_no_cleanup_takes_them(state: Store, clock: ManualClock) -> None:
    state.configure(RULES, default_ttl=5)
    state.save_rule(NIGHTLY)
    clock.advance(10)
    state.cleanup(idle=5)
    state.sweep()
    assert state.rules() == [NIGHTLY]


@pytest.mark.parametrize("name", ["", "x" * 101, "two\nlines", "tab\t", "\u202ename", "\ud800", None, 7], ids=repr)
def test_the_name_of_a_rule_is_printable_and_not_long(state: Store, name: Any) -> None:
    with pytest.raises(InvalidArgument, match="the name of a rule is 1 to 100 printable characters"):
        state.save_rule(Rule(name, empty=True))
    assert state.groups().items == []


def test_a_name_of_a_hundred_characters_is_one(state: Store) -> None:
    state.save_rule(Rule("🛒" * 100, empty=True))
    assert [rule.name for rule in state.rules()] == ["🛒" * 100]


@pytest.mark.parametrize(
    ("rule", "error"),
    [
        (Rule("r"), InvalidArgument),
        (Rule("r", idle=0), InvalidTTL),
        (Rule("r", idle=float("nan"), empty=True), InvalidTTL),
        (Rule("r", idle=cast("Any", "7d")), InvalidTTL),
        (Rule("r", finished=cast("Any", "yes")), InvalidArgument),
        (Rule("r", empty=cast("Any", 1)), InvalidArgument),
        (Rule("r", match=cast("Any", ["a"])), InvalidArgument),
        (Rule("r", match="\ud800"), InvalidValue),
    ],
    ids=repr,
)
def test_a_rule_that_no_cleanup_would_take_is_not_saved(state: Store, rule: Rule, error: type[Exception]) -> None:
    state.save_rule(Rule("r", match="before"))
    with pytest.raises(error):
        state.save_rule(rule)
    assert state.rules() == [Rule("r", match="before")]


@pytest.mark.parametrize(
    "value",
    [
        None,
        7,
        "match",
        [],
        ["a"],
        {},
        {"idle": None},
        {"idle": -1},
        {"idle": "7d"},
        {"idle": True},
        {"finished": "yes"},
        {"empty": 0},
        {"match": 1},
        {"match": "*", "younger": 5},
        {"match": "*", "name": "other"},
        {"match": "*", "": 1},
    ],
    ids=repr,
)
def test_what_is_no_rule_is_named_and_can_be_dropped(state: Store, value: Any) -> None:
    state.save_rule(NIGHTLY)
    state.set(RULES, "spoilt", value)
    for refused in (state.rules, lambda: state.rule("spoilt")):
        with pytest.raises(
            InvalidArgument, match="the item 'spoilt' of the group 'stepstate:rules' is no cleanup rule"
        ):
            refused()
    assert state.rule("nightly") == NIGHTLY
    assert state.drop_rule("spoilt") is True
    assert state.rules() == [NIGHTLY]


def test_an_item_under_what_is_no_name_of_a_rule_is_named_and_can_be_dropped(state: Store) -> None:
    state.set(RULES, "two\nlines", {"match": "*"})
    with pytest.raises(InvalidArgument, match=r"the item 'two\\nlines' of the group"):
        state.rules()
    assert state.drop_rule("two\nlines") is True


def test_conditions_that_are_left_out_say_nothing(state: Store) -> None:
    state.set(RULES, "by hand", {"match": "wf-*"})
    assert state.rules() == [Rule("by hand", match="wf-*")]


def test_rules_stay_with_the_store(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/state.db"
    with open_store(url, sweep_interval=None) as state:
        state.save_rule(NIGHTLY)
    with open_store(url, sweep_interval=None) as state:
        assert state.rules() == [NIGHTLY]


def test_a_rule_that_was_dropped_with_undo_can_be_brought_back(state: Store) -> None:
    state.save_rule(NIGHTLY)
    assert state.drop_rule("nightly", undo="dropped") is True
    assert state.rules() == []
    state.restore("dropped")
    assert state.rules() == [NIGHTLY]
