"""Backup, export and import as commands: what they say, and what is there afterwards."""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from store import Store, StoreBusy, open_store
from tests.dashboard.commands import Run, check_error, numbered, offset_in, stored, values
from tests.dashboard.support import ODD_NAMES

EXPORTED = b"""\
{"group":"a","key":"k","value":18446744073709551615,"expires_at":null}
{"group":"b","key":"k1","value":[1,2.0],"expires_at":"2126-11-24T05:29:14.123Z"}
{"group":"b","key":"k2","value":{"n":"\xf0\x9f\x9b\x92"},"expires_at":null}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the commands write; empty."""
    made = tmp_path / "files"
    made.mkdir()
    return made


@pytest.fixture
def filled(run: Run, url: str) -> str:
    """The store's URL; it holds what EXPORTED says."""
    assert run("import", "-", stdin=EXPORTED) == (0, "imported 3 items: 3 created, 0 overwritten\n", "")
    return url


# Backup


def test_backup(run: Run, filled: str, folder: Path) -> None:
    answer = run("backup", str(folder / "copy.db"))

    assert re.fullmatch(rf"backed up to {folder}/copy.db, [0-9.]+ KB\n", answer.out)
    assert (answer.status, answer.err) == (0, "")
    assert stored(f"sqlite:///{folder}/copy.db") == stored(filled)


def test_backup_overwrites_nothing(run: Run, filled: str, folder: Path) -> None:
    (folder / "copy.db").write_bytes(b"mine")

    check_error(run("backup", str(folder / "copy.db")), f"{folder}/copy.db exists already")
    check_error(run("backup", str(folder / "nowhere" / "copy.db")), f"{folder}/nowhere")
    assert (folder / "copy.db").read_bytes() == b"mine"
    assert os.listdir(folder) == ["copy.db"]


@pytest.mark.parametrize("command", [["backup", "copy.db"], ["export"], ["export", "file"]])
def test_a_store_that_is_not_there_is_not_made_to_copy_it(
    run: Run, tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    monkeypatch.chdir(folder)
    check_error(run(*command), f"there is no store at {tmp_path}/state.db")
    assert os.listdir(folder) == []
    assert os.listdir(tmp_path) == ["files"]


@pytest.mark.parametrize("command", [["backup", "file"], ["export"], ["import", "-"]])
def test_memory_is_refused(run: Run, command: list[str]) -> None:
    check_error(run(*command, "--url", "memory://"), "memory:// holds nothing beyond one process")


# Export


def test_export_writes_the_items_to_standard_output(run: Run, filled: str) -> None:
    assert run("export") == (0, EXPORTED.decode(), "exported 3 items of 2 groups\n")
    assert run("export", "-").out == EXPORTED.decode()


def test_export_of_some_groups(run: Run, filled: str) -> None:
    lines = EXPORTED.decode().splitlines(keepends=True)

    assert run("export", "--group", "a", "-") == (0, lines[0], "exported 1 item of 1 group\n")
    assert run("export", "--group", "b", "--group", "a", "--group", "b").out == lines[1] + lines[2] + lines[0]
    check_error(run("export", "--group", "a", "--group", "x", "--group", "y\n"), "there is no group 'x', 'y\\n'")
    check_error(run("export", "--group", ""), "a group name must not be empty")


def test_export_of_nothing(run: Run, url: str) -> None:
    with open_store(url, sweep_interval=None) as store:
        store.configure("g", default_ttl=5)

    assert run("export") == (0, "", "exported 0 items of 0 groups\n")
    assert run("export", "--group", "g") == (0, "", "exported 0 items of 0 groups\n")


def test_export_to_a_file(run: Run, filled: str, folder: Path) -> None:
    assert run("export", str(folder / "file")) == (0, "exported 3 items of 2 groups\n", "")
    assert (folder / "file").read_bytes() == EXPORTED
    assert os.listdir(folder) == ["file"]


def test_export_overwrites_only_with_force(run: Run, filled: str, folder: Path) -> None:
    file, link = folder / "file", folder / "link"
    file.write_bytes(b"mine")
    link.symlink_to("file")

    for path in (file, link):
        check_error(run("export", str(path)), f"{path} exists already; --force overwrites it")
    assert file.read_bytes() == b"mine"
    assert run("export", "--force", str(link)).status == 0
    assert link.is_symlink()
    assert file.read_bytes() == EXPORTED


def test_a_failed_export_leaves_no_file_and_the_old_one(
    run: Run, filled: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Store.export

    def export(self: Store, groups: Any = None) -> Iterator[bytes]:
        yield from itertools.islice(whole(self, groups), 1)
        raise StoreBusy("locked")

    (folder / "old").write_bytes(b"old")
    monkeypatch.setattr(Store, "export", export)
    check_error(run("export", str(folder / "new")), "locked")
    check_error(run("export", "--force", str(folder / "old")), "locked")
    assert os.listdir(folder) == ["old"]
    assert (folder / "old").read_bytes() == b"old"


@pytest.mark.parametrize(
    ("file", "words"),
    [("", "Is a directory"), ("nowhere/file", "No such file or directory"), ("x" * 300, "File name too long")],
)
def test_export_to_what_cannot_be_written(run: Run, filled: str, folder: Path, file: str, words: str) -> None:
    check_error(run("export", "--force", f"{folder}/{file}"), f"cannot write {folder}/{file}: {words}")
    assert os.listdir(folder) == []


def test_export_to_a_full_disk_and_to_devices(run: Run, filled: str) -> None:
    check_error(run("export", "/dev/full"), "cannot write /dev/full: No space left on device")
    assert run("export", "/dev/null").status == 0
    assert not Path("/dev/null").is_file()


# Import


def test_import_makes_the_store(run: Run, url: str, folder: Path) -> None:
    file = folder / "file"
    file.write_bytes(EXPORTED)

    assert run("import", str(file)) == (0, "imported 3 items: 3 created, 0 overwritten\n", "")
    assert run("import", str(file)) == (0, "imported 3 items: 0 created, 3 overwritten\n", "")
    assert run("export").out == EXPORTED.decode()


def test_odd_names_travel(run: Run, url: str, tmp_path: Path) -> None:
    with open_store(url, sweep_interval=None) as store:
        for name in ODD_NAMES:
            store.set(name, name, [name], ttl=3600)
    other = f"sqlite:///{tmp_path}/other.db"
    run("import", "--url", other, "-", stdin=run("export").out.encode())

    def without_versions(url: str) -> dict[str, Any]:
        return {name: [item[:2] + item[3:] for item in items] for name, (_, _, items) in stored(url).items()}

    assert without_versions(other) == without_versions(url)


def test_what_had_expired_is_counted(run: Run, url: str) -> None:
    text = EXPORTED.replace(b"2126", b"2026")

    assert run("import", "-", stdin=text).out == "imported 2 items: 2 created, 0 overwritten; 1 had expired\n"


def test_a_dry_run_only_says_what_would_happen(run: Run, filled: str, tmp_path: Path) -> None:
    before = stored(filled)
    more = (
        EXPORTED.replace(b'"k2"', b'"k3"') + b'{"group":"a","key":"k","value":1,"expires_at":"2020-01-01T00:00:00Z"}\n'
    )
    would = "would import 3 items: 1 created, 2 overwritten; 1 had expired\n"

    assert run("import", "--dry-run", "-", stdin=more) == (0, would, "")
    check_error(
        run("import", "--dry-run", "-", stdin=more + b"oops"),
        "line 5, column 1: not JSON: ",
        "; the first 4 lines are good",
    )
    assert stored(filled) == before


def test_a_dry_run_makes_no_store(run: Run, tmp_path: Path) -> None:
    would = "would import 3 items: 3 created, 0 overwritten\n"

    assert run("import", "--dry-run", "-", stdin=EXPORTED) == (0, would, "")
    assert os.listdir(tmp_path) == []


def test_a_bad_line_stops_an_import_and_it_goes_on_there(run: Run, url: str, folder: Path) -> None:
    file, good = folder / "file", numbered(2500)
    file.write_bytes(good + b'{"group":"g","key":"late","value":"ab}\n' + EXPORTED)
    answer = run("import", str(file))

    check_error(answer, "stepstate: line 2501, column 39: not JSON: ")
    check_error(answer, "; the first 2,500 lines are imported, nothing after; go on with --offset")
    assert offset_in(answer.err) == str(len(good))
    assert values(url) == list(range(2500))
    assert list(stored(url)) == ["g"]

    lines = file.read_bytes().replace(b'"ab}', b'"ab","expires_at":null}').splitlines(keepends=True)
    file.write_bytes(b"".join([*lines[:2502], b"oops\n", *lines[2502:]]))
    answer = run("import", str(file), "--offset", str(len(good)))
    check_error(answer, "line 2503, column 1: ", f"; 2 lines from --offset {len(good)} on are imported, nothing after")

    file.write_bytes(b"".join(lines))
    answer = run("import", str(file), "--offset", offset_in(answer.err))
    assert answer == (0, "imported 2 items: 2 created, 0 overwritten\n", "")
    assert values(url) == [*range(2500), "ab"]
    assert values(url, "b") == [[1, 2.0], {"n": "🛒"}]


def test_a_bad_first_line(run: Run, url: str) -> None:
    check_error(run("import", "-", stdin=b"[]\n"), "line 1: a line is an object with ", "; nothing is imported\n")
    assert stored(url) == {}


def test_an_offset_counts_in_standard_input_too(run: Run, url: str) -> None:
    offset = EXPORTED.index(b"\n") + 1

    assert run("import", "-", "--offset", str(offset), stdin=EXPORTED).out.startswith("imported 2 items")
    assert run("import", "-", "--offset", str(len(EXPORTED)), stdin=EXPORTED).out.startswith("imported 0 items")
    assert list(stored(url)) == ["b"]


@pytest.mark.parametrize(
    ("offset", "words"),
    [
        ("5", "--offset 5 is not where a line starts"),
        (str(len(EXPORTED) + 1), f"is behind the end, at byte {len(EXPORTED)}"),
        ("-1", "Invalid value for '--offset'"),
        ("x", "Invalid value for '--offset'"),
    ],
)
def test_an_offset_that_is_none(run: Run, tmp_path: Path, offset: str, words: str) -> None:
    check_error(run("import", "-", "--offset", offset, stdin=EXPORTED), words)
    assert os.listdir(tmp_path) == []


def test_import_of_what_cannot_be_read(run: Run, tmp_path: Path, folder: Path) -> None:
    check_error(run("import", str(folder / "file")), f"cannot read {folder}/file: No such file or directory")
    check_error(run("import", str(folder)), f"cannot read {folder}: Is a directory")
    check_error(run("import"), "Missing argument 'FILE'")
    assert os.listdir(tmp_path) == ["files"]
