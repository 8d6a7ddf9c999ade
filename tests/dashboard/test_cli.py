"""The command's answers; tests/dashboard/test_serving.py runs it as a process."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from store import Store, open_store
from tests.dashboard.commands import Run, check_error, stored
from tests.dashboard.support import DAY, ODD_NAMES, SetBackClock


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
        store.set("orders", "o-1", {"n": 18446744073709551615}, ttl=7200.9)
    return store


def test_set_makes_the_store_and_get_prints_the_value(run: Run) -> None:
    assert run("set", "orders", "o-1", '{"n": 18446744073709551615, "a": []}') == (0, "", "")
    assert run("get", "orders", "o-1") == (0, '{\n  "n": 18446744073709551615,\n  "a": []\n}\n', "")


@pytest.mark.parametrize("options", [[], ["--ttl", "5m"]])
def test_set_takes_a_negative_number(run: Run, options: list[str]) -> None:
    assert run("set", "g", "k", "-5", *options).status == 0
    assert run("get", "g", "k").out == "-5\n"


def test_set_reads_standard_input(run: Run) -> None:
    assert run("set", "g", "k", "-", stdin='["🛒"]\n'.encode()).status == 0
    assert run("get", "g", "k").out == '[\n  "🛒"\n]\n'


@pytest.mark.parametrize(("ttl", "low", "high"), [("5m", 295, 300), ("never", float("inf"), float("inf"))])
def test_set_takes_a_ttl(run: Run, url: str, ttl: str, low: float, high: float) -> None:
    assert run("set", "--ttl", ttl, "g", "k", "1").status == 0
    with open_store(url) as store:
        assert low <= (store.ttl("g", "k") or 0) <= high


@pytest.mark.parametrize("name", [name for name in ODD_NAMES if "\0" not in name])
def test_names_of_any_kind(run: Run, url: str, name: str) -> None:
    assert run("set", "--", name, name, "1").status == 0
    assert list(stored(url)) == [name]
    assert run("get", "--", name, name).out == "1\n"
    assert run("groups").out.count("\n") == 2
    assert run("delete", "--", name, name).out == "deleted 1 item\n"


def test_delete_removes_items(run: Run, filled: Store, url: str) -> None:
    assert run("delete", "wf-old", "a", "b") == (0, "deleted 2 items\n", "")
    assert "wf-old" not in stored(url)


def test_delete_says_what_was_not_there(run: Run, filled: Store) -> None:
    answer = run("delete", "wf-old", "a", "x", "y")

    assert answer.out == "deleted 1 item\n"
    check_error(answer, "not there: 'x', 'y'")


def test_clear_removes_a_group(run: Run, filled: Store, url: str) -> None:
    assert run("clear", "wf-old") == (0, "cleared 2 items\n", "")
    assert "wf-old" not in stored(url)


def test_groups_are_listed(run: Run, filled: Store) -> None:
    assert [line.split() for line in run("groups").out.splitlines()] == [
        ["GROUP", "ITEMS", "SIZE", "IDLE", "NEXT", "EXPIRY", "STATE"],
        ["orders", "1", "26", "B", "0", "s", "2", "h", "open"],
        ["wf-done", "1", "1", "B", "0", "s", "never", "finished"],
        ["wf-old", "2", "101", "B", "8", "d", "never", "open"],
    ]


def test_groups_are_searched(run: Run, filled: Store) -> None:
    assert [line.split()[0] for line in run("groups", "--search", "wf").out.splitlines()[1:]] == ["wf-done", "wf-old"]


def test_all_groups_are_listed(run: Run, url: str) -> None:
    with open_store(url, sweep_interval=None) as store:
        for number in range(1001):
            store.set(f"g{number:04}", "k", 1)

    assert len(run("groups").out.splitlines()) == 1002


def test_cleanup_clears_what_fits_every_rule(run: Run, filled: Store, url: str) -> None:
    answer = run("cleanup", "--idle", "7d", "--match", "wf-*")

    assert answer.status == 0
    assert answer.out.splitlines()[-1] == "cleared 1 group: 2 items, 101 B"
    assert answer.out.splitlines()[1].startswith("wf-old ")
    assert sorted(stored(url)) == ["orders", "wf-done"]


@pytest.mark.parametrize(
    ("rules", "names"),
    [
        (["--finished"], ["wf-done"]),
        (["--unfinished"], ["orders", "wf-old"]),
        (["--match", "wf-*"], ["wf-done", "wf-old"]),
        (["--match", "nothing"], []),
    ],
)
def test_a_dry_run_only_says_what_would_go(
    run: Run, filled: Store, url: str, rules: list[str], names: list[str]
) -> None:
    before = stored(url)
    lines = run("cleanup", "--dry-run", *rules).out.splitlines()

    assert [line.split()[0] for line in lines[1:-1]] == names
    assert lines[-1].startswith(f"would clear {len(names)} group")
    assert stored(url) == before


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["set", "g", "k", "{oops"], "not JSON: "),
        (["set", "g", "k", ""], "not JSON: the text is empty"),
        (["set", "g", "k", "NaN"], "at line 1, column 1"),
        (["set", "g", "k", "18446744073709551616"], "an integer outside -2^63 to 2^64-1"),
        (["set", "g", "k", '"\\ud800"'], "not JSON: "),
        (["set", "g", "k", "\udcff"], "not JSON: "),
        (["set", "", "k", "1"], "a group name must not be empty"),
        (["set", "g", "x" * 513, "1"], "a key name is at most 512 bytes of UTF-8; this one has 513"),
        (["set", "g", "\udcff", "1"], "a key name must be valid Unicode"),
        (["set", "--ttl", "soon", "g", "k", "1"], "'soon' is not a duration"),
        (["set", "--ttl", "0", "g", "k", "1"], "is out of range"),
        (["set", "--ttl", "-1", "g", "k", "1"], "'-1' is not a duration"),
        (["set", "--ttl", "nan", "g", "k", "1"], "'nan' is not a duration"),
        (["set", "g", "k"], "Missing argument 'VALUE'"),
        (["set", "g", "k", "1", "2"], "unexpected extra argument"),
        (["get", "g", "unknown"], "there is no item 'unknown' in group 'g'"),
        (["get", "g", "two\nlines"], "there is no item 'two\\nlines' in group 'g'"),
        (["delete", "g"], "Missing argument 'KEYS...'"),
        (["cleanup"], "a cleanup needs at least one rule"),
        (["cleanup", "--idle", "never"], "never is no duration"),
        (["cleanup", "--idle", "soon"], "'soon' is not a duration"),
        (["unknown"], "No such command 'unknown'"),
        (["--unknown"], "No such option"),
        (["groups", "--unknown"], "No such option"),
        (["groups", "--url", "redis://host"], "no backend answers to 'redis://host'"),
        (["groups", "--url", "nonsense\n"], "no backend answers to"),
        (["serve", "postgres://host"], "no backend answers to 'postgres://host'"),
        (["serve", "--port", "70000"], "70000"),
        (["serve", "--port", "x"], "'x' is not a valid integer"),
        (["serve", "--host", "256.1.1.1"], "cannot listen on 256.1.1.1 port 8040"),
        (["serve", "--host", "a..b"], "cannot listen on a..b port 8040"),
        (["serve", "--host", "x" * 70], "cannot listen on xxx"),
    ],
)
def test_bad_input_is_one_line_and_writes_nothing(
    run: Run, filled: Store, url: str, arguments: list[str], words: str
) -> None:
    before = stored(url)

    check_error(run(*arguments), words)
    assert stored(url) == before


@pytest.mark.parametrize(
    "command", [["get", "g", "k"], ["groups"], ["clear", "g"], ["delete", "g", "k"], ["cleanup", "--finished"]]
)
def test_a_store_that_is_not_there_is_not_made_to_look_into(run: Run, tmp_path: Path, command: list[str]) -> None:
    check_error(run(*command), str(tmp_path / "state.db"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", [["get", "g", "k"], ["set", "g", "k", "1"], ["groups"], ["serve", "--port", "0"]])
def test_a_file_that_is_no_database_is_left_alone(run: Run, tmp_path: Path, command: list[str]) -> None:
    file = tmp_path / "state.db"
    file.write_bytes(b"noise" * 1000)

    check_error(run(*command), "not a database", str(file))
    assert file.read_bytes() == b"noise" * 1000


def test_standard_input_that_is_not_utf8(run: Run) -> None:
    check_error(run("set", "g", "k", "-", stdin=b'"ab\xff"'), "standard input is not UTF-8 at byte 3")


def test_help_and_version(run: Run) -> None:
    assert run("--version").out.startswith("stepstate 0.")
    assert run("--help").status == 0
    for command in (
        "serve",
        "demo",
        "groups",
        "get",
        "set",
        "delete",
        "clear",
        "cleanup",
        "backup",
        "export",
        "import",
    ):
        assert f"  {command} " in run("--help").out
        assert run(command, "-h").out.startswith(f"Usage: stepstate {command} ")


def test_what_set_stores_get_gives_back(run: Run) -> None:
    value = {"": [None, True, -9223372036854775808, 1.5, "\u2028 🛒 </script>"]}
    run("set", "g", "k", json.dumps(value))

    assert json.loads(run("get", "g", "k").out) == value
