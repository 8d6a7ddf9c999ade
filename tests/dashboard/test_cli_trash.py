"""What the command removed, and bringing it back."""

from __future__ import annotations

import re

import pytest

from store import Store, open_store
from tests.dashboard.commands import Answer, Run, check_error, stored, values


@pytest.fixture
def filled(url: str) -> Store:
    """A store, closed again."""
    with open_store(url, sweep_interval=None) as store:
        store.set_many("g", {"a": 1, "b": 2})
        store.set("h", "k", 3, ttl=7200)
        store.configure("settings", default_ttl=60)
    return store


def id_in(answer: Answer) -> str:
    """The id under which a command says it has kept what it removed."""
    assert (answer.status, answer.err) == (0, "")
    found = re.search(r"; to undo it within 10 minutes: stepstate restore ([0-9a-f]+)\n$", answer.out)
    assert found, answer.out
    return found[1]


def test_a_group_that_was_cleared_comes_back(run: Run, filled: Store, url: str) -> None:
    before = stored(url)
    answer = run("clear", "g", "--undo")
    assert answer.out.startswith("cleared 2 items; ")
    assert values(url) == []
    assert run("restore", id_in(answer)) == (0, "restored 2 items\n", "")
    assert values(url) == [1, 2]
    assert list(stored(url)) == list(before)


def test_a_cleanup_comes_back(run: Run, filled: Store, url: str) -> None:
    answer = run("cleanup", "--match", "[gh]", "--undo")
    assert answer.out.splitlines()[-1].startswith("cleared 2 groups: 3 items, 3 B; ")
    assert (values(url, "g"), values(url, "h")) == ([], [])
    assert run("restore", id_in(answer)).out == "restored 3 items\n"
    assert (values(url, "g"), values(url, "h")) == ([1, 2], [3])


def test_a_cleanup_by_rule_can_be_undone(run: Run, filled: Store, url: str) -> None:
    run("rule", "save", "r", "--match", "g")
    assert run("restore", id_in(run("cleanup", "--rule", "r", "--undo"))).out == "restored 2 items\n"
    assert values(url) == [1, 2]


def test_an_empty_group_that_was_removed_comes_back(run: Run, filled: Store, url: str) -> None:
    answer = run("cleanup", "--empty", "--undo")
    assert "settings" not in run("groups").out
    assert run("restore", id_in(answer)).status == 0
    with open_store(url, sweep_interval=None) as store:
        group = store.group("settings")
    assert group is not None
    assert group.default_ttl == 60


@pytest.mark.parametrize(
    "command", [["cleanup", "--match", "nothing", "--undo"], ["cleanup", "--match", "*", "--undo", "--dry-run"]]
)
def test_where_nothing_was_removed_there_is_nothing_to_undo(run: Run, filled: Store, command: list[str]) -> None:
    answer = run(*command)
    assert (answer.status, answer.err) == (0, "")
    assert "restore" not in answer.out
    assert run("trash").out == "ID  ACTION  WHAT  ITEMS  SIZE  LEFT\n"


def test_nothing_is_kept_unless_it_is_asked_for(run: Run, filled: Store) -> None:
    assert run("clear", "g").out == "cleared 2 items\n"
    run("cleanup", "--match", "h")
    assert run("trash").out.count("\n") == 1


def test_the_trash_is_listed_latest_first(run: Run, filled: Store, url: str) -> None:
    cleared = id_in(run("clear", "g", "--undo"))
    with open_store(url, sweep_interval=None) as store:
        store.delete("h", "k", undo="by-hand")
        store.set_many("two", {"a": 1})
        store.set_many("lines\n", {"a": 1})
    cleaned = id_in(run("cleanup", "--match", "[tl]*", "--undo"))
    lines = [re.split("  +", line) for line in run("trash").out.splitlines()]
    assert [line[:5] for line in lines] == [
        ["ID", "ACTION", "WHAT", "ITEMS", "SIZE"],
        [cleaned, "cleanup", "2 groups", "2", "2 B"],
        ["by-hand", "delete", "k of h", "1", "1 B"],
        [cleared, "clear", "g", "2", "2 B"],
    ]
    assert all(line[5] in ("9 min", "10 min") for line in lines[1:])


def test_what_was_cleared_is_a_group_though_it_held_a_single_item(run: Run, filled: Store) -> None:
    run("clear", "h", "--undo")
    assert re.split("  +", run("trash").out.splitlines()[1])[1:3] == ["clear", "h"]


def test_all_of_the_trash_is_listed(run: Run, filled: Store, url: str) -> None:
    with open_store(url, sweep_interval=None) as store:
        for number in range(1001):
            store.set("g", "a", number, undo=f"id{number}")
    assert run("trash").out.count("\n") == 1002


def test_what_was_changed_since_is_not_overwritten_unasked(run: Run, filled: Store, url: str) -> None:
    kept_as = id_in(run("clear", "g", "--undo"))
    run("set", "g", "b", "22")
    before = stored(url)
    check_error(run("restore", kept_as), "'b' of 'g'", "--skip-conflicts leaves these, --overwrite replaces")
    assert stored(url) == before


def test_conflicts_are_skipped_or_overwritten(run: Run, filled: Store, url: str) -> None:
    kept_as = id_in(run("clear", "g", "--undo"))
    run("set", "g", "b", "22")
    answer = run("restore", kept_as, "--skip-conflicts")
    assert answer == (0, "restored 1 item; 1 item left in the trash\n", "")
    assert values(url) == [1, 22]
    assert run("restore", kept_as, "--overwrite") == (0, "restored 1 item\n", "")
    assert values(url) == [1, 2]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["restore", "unknown"], "there is nothing to restore under 'unknown'"),
        (["restore", "two\nlines"], "an id of the trash is 1 to 128 printable ASCII characters"),
        (["restore", ""], "an id of the trash is"),
        (["restore"], "Missing argument 'ID'"),
        (["restore", "x", "--skip-conflicts", "--overwrite"], "exclude each other"),
        (["clear", "unknown", "--undo"], "there is no group 'unknown'"),
    ],
    ids=str,
)
def test_bad_input_is_one_line_and_writes_nothing(
    run: Run, filled: Store, url: str, arguments: list[str], words: str
) -> None:
    before = stored(url)
    check_error(run(*arguments), words)
    assert stored(url) == before


def test_each_command_explains_itself(run: Run) -> None:
    for command in ("trash", "restore"):
        assert f"  {command} " in run("--help").out
        assert run(command, "-h").out.startswith(f"Usage: stepstate {command} ")
