"""The calls that the operations form shows are run as they stand, and do what the form does."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dashboard.calls import Call
from store import KEEP, NEVER, Store, open_store
from tests.dashboard.support import ODD_NAMES
from tests.processes import running

HOSTILE = [
    "it's",
    "'; touch hacked; '",
    "$(touch hacked) `touch hacked` ${HOME} !! \\",
    '"quoted" \\" \\\\',
    "two\nlines\r\n\ttab",
    "\x00\x01\x1f\x7f\x85",
    "\u2028\u2029\u202e\u200b\u2066\ufeff\xa0",
    "🛒 é 漢",
    "</pre><script>",
    "{{ 7 * 7 }} %s {0}",
    "@/etc/passwd",
    "true false null None",
]
VALUES: list[Any] = [
    *HOSTILE,
    None,
    True,
    False,
    0,
    -1.5,
    1e300,
    5e-324,
    18446744073709551615,
    -9223372036854775808,
    9007199254740993,
    [],
    {},
    {"a": [None, {"true": False, "": "null"}], "it's": '"'},
    {text: text for text in HOSTILE},
]
OPS: list[dict[str, Any]] = [
    *({"type": "set", "path": f"v{number}", "value": value} for number, value in enumerate(VALUES)),
    *({"type": "set", "path": ["deep", text[:200]], "value": number} for number, text in enumerate(HOSTILE)),
    {"type": "increment", "path": "n", "by": 9007199254740993},
    {"type": "decrement", "path": "n", "by": 0.5},
    {"type": "append", "path": "list", "value": {"x": "'"}},
    {"type": "merge", "path": "", "value": {"m": '"'}},
    {"type": "remove", "path": "v0"},
]
EVERYTHING = Call("it's $HOME\n", '"; exit 1 #', OPS, 300)


def needs(program: str) -> pytest.MarkDecorator:
    """Marks a test that runs a program which a machine may lack."""
    return pytest.mark.skipif(shutil.which(program) is None, reason=f"there is no {program}")


def wanted(ops: list[dict[str, Any]]) -> Any:
    """What a store makes of the operations."""
    with open_store("memory://", sweep_interval=None) as state:
        return state.update("g", "k", ops).new_value


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/state.db"


@pytest.fixture
def state(url: str) -> Iterator[Store]:
    with open_store(url, sweep_interval=None) as opened:
        yield opened


@pytest.fixture
def curl(state: Store, url: str, tmp_path: Path) -> Iterator[str]:
    """The address of a dashboard over the store, in a process of its own."""
    with running(sys.executable, "-m", "dashboard", url, "--port", "0", cwd=tmp_path) as address:
        yield address


def output_of(*command: str, folder: Path) -> str:
    return subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, check=True, text=True, timeout=30).stdout


def sent_by_javascript(statement: str, folder: Path) -> Any:
    """What the statement's call hands on, as JSON."""
    recorder = "const state = { update: async (...given) => process.stdout.write(JSON.stringify(given)) };\n"
    (folder / "step.mjs").write_text(recorder + statement)
    return json.loads(output_of("node", "step.mjs", folder=folder))


def run_python(program: str, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STEPSTATE_URL", url)
    names: dict[str, Any] = {}
    exec(compile(program, "call.py", "exec"), names)  # noqa: S102
    names["state"].close()


def test_the_python_text_runs_as_it_is(state: Store, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    run_python(EVERYTHING.python(), url, monkeypatch)

    assert state.get(EVERYTHING.group_id, EVERYTHING.key) == wanted(OPS)
    assert 290 < (state.ttl(EVERYTHING.group_id, EVERYTHING.key) or 0) <= 300


@pytest.mark.parametrize(("ttl", "left"), [(KEEP, "as before"), (NEVER, "never"), (1.5, "1.5")])
def test_the_python_text_says_what_becomes_of_the_expiry(
    state: Store, url: str, monkeypatch: pytest.MonkeyPatch, ttl: Any, left: str
) -> None:
    state.set("g", "k", {}, ttl=600)
    run_python(Call("g", "k", [{"type": "set", "path": "a", "value": 1}], ttl).python(), url, monkeypatch)
    item = state.item("g", "k")

    assert item is not None
    lifetime = item.expires_at and (item.expires_at - item.updated_at).total_seconds()
    assert {"as before": 600, "never": None, "1.5": 1.5}[left] == (lifetime and pytest.approx(lifetime, abs=3))


def test_the_python_text_of_odd_names_runs(state: Store, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ODD_NAMES:
        run_python(Call(name, name, [{"type": "set", "path": "", "value": name}]).python(), url, monkeypatch)

    assert {group: state.get(group, group) for group in ODD_NAMES} == {name: name for name in ODD_NAMES}


@needs("curl")
def test_the_curl_command_does_the_same_in_bash(state: Store, curl: str, tmp_path: Path) -> None:
    call = Call("g", "k", OPS, 300)
    answer = output_of("bash", "-c", call.curl(f"{curl}/groups/g/items/k/operations"), folder=tmp_path)

    assert json.loads(answer) == {"new_value": wanted(OPS), "old_value": None}
    assert state.get("g", "k") == wanted(OPS)
    assert 290 < (state.ttl("g", "k") or 0) <= 300
    assert not (tmp_path / "hacked").exists()


@needs("curl")
def test_the_curl_command_can_drop_the_expiry(state: Store, curl: str, tmp_path: Path) -> None:
    state.set("g", "k", {}, ttl=600)
    call = Call("g", "k", [{"type": "set", "path": "a", "value": 1}], NEVER)
    output_of("bash", "-c", call.curl(f"{curl}/groups/g/items/k/operations"), folder=tmp_path)

    item = state.item("g", "k")
    assert item is not None
    assert (item.value, item.expires_at) == ({"a": 1}, None)


@needs("node")
def test_the_typescript_statement_hands_on_the_same_call(tmp_path: Path) -> None:
    exact = [op for op in OPS if "//" not in Call("g", "k", [op]).typescript()]
    call = Call(EVERYTHING.group_id, EVERYTHING.key, exact)

    assert len(OPS) - len(exact) == 4
    assert sent_by_javascript(call.typescript(), tmp_path) == [call.group_id, call.key, exact]
    assert len(sent_by_javascript(EVERYTHING.typescript(), tmp_path)[2]) == len(OPS)


@needs("node")
@pytest.mark.parametrize("number", [9007199254740993, -9007199254740993, 18446744073709551615, 2**63 - 1, 10**17 + 1])
@pytest.mark.parametrize("shape", ["value", "nested", "by"])
def test_an_integer_that_javascript_changes_is_said_with_what_it_becomes(
    tmp_path: Path, number: int, shape: str
) -> None:
    shapes: dict[str, dict[str, Any]] = {
        "value": {"type": "set", "path": "n", "value": number},
        "nested": {"type": "set", "path": "n", "value": {"a": [{"b": number}]}},
        "by": {"type": "increment", "path": "n", "by": number},
    }
    statement = Call("g", "k", [shapes[shape]]).typescript()
    sent = json.dumps(sent_by_javascript(statement, tmp_path)[2])

    (warning,) = [line for line in statement.splitlines() if line.strip().startswith("//")]
    assert f"JavaScript cannot hold {number} exactly and sends " in warning
    assert warning.split(" sends ")[1].split(";")[0] in sent
    assert str(number) not in sent


@needs("node")
@pytest.mark.parametrize(
    "value", [9007199254740992, -9007199254740992, 10**17, 2**53 + 2, "9007199254740993", 9007199254740993.0, 1e300]
)
def test_what_javascript_keeps_is_not_warned_of(tmp_path: Path, value: Any) -> None:
    statement = Call("g", "k", [{"type": "set", "path": "n", "value": value}]).typescript()

    assert "//" not in statement
    assert sent_by_javascript(statement, tmp_path)[2][0]["value"] == value


@needs("node")
def test_a_field_named_proto_stays_a_field(tmp_path: Path) -> None:
    ops: list[dict[str, Any]] = [
        {"type": "set", "path": "a", "value": {"__proto__": {"b": "__proto__"}, "c": ["__proto__", 1]}}
    ]
    statement = Call("g", "k", ops).typescript()

    assert sent_by_javascript(statement, tmp_path) == ["g", "k", ops]


def test_the_typescript_statement_says_that_it_sets_no_ttl() -> None:
    call = Call("g", "k", [{"type": "remove", "path": "a"}], 300)

    assert call.typescript().startswith("// state.update takes no TTL")
    assert "//" not in Call("g", "k", call.ops).typescript()


@pytest.mark.parametrize("text", [EVERYTHING.python(), EVERYTHING.typescript(), EVERYTHING.curl("http://h/")])
def test_nothing_in_a_call_is_invisible(text: str) -> None:
    assert [char for char in text if not char.isprintable() and char != "\n"] == []
