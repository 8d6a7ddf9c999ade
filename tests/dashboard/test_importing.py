"""What an import would do, and doing it; and the files that wait for that."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from dashboard import staging as module
from dashboard.importing import SHOWN, Existing, Importing, Preview, in_words, preview
from dashboard.jobs import Job, Jobs
from dashboard.staging import Staged, Staging, TooLong
from store import InvalidValue, LoadReport, Store
from tests.store.transfers import everything, line, numbered


@pytest.fixture
def staging() -> Iterator[Staging]:
    opened = Staging()
    yield opened
    opened.end()


def stage(staging: Staging, state: Store, text: bytes, group: str | None = None) -> Staged:
    return staging.put(state.importable(io.BytesIO(text), group=group), "file.ndjson", group)


def look(staging: Staging, state: Store, text: bytes, existing: Existing = "update") -> Preview:
    return preview(state, stage(staging, state, text), existing)


def run(staging: Staging, state: Store, text: bytes, existing: Existing = "update") -> Job:
    taken = staging.take(stage(staging, state, text).id)
    assert taken
    job = Jobs().start("Importing", Importing(state, taken[1], taken[0].lines, existing), "/")
    assert job.wait(10)
    return job


def test_a_preview_counts_and_shows_each_kind(state: Store, staging: Staging) -> None:
    state.set_many("g", {"same": 1, "other": {"n": 1, "deep": [1, 2]}})
    text = line(key="same") + line(key="other", value={"n": 2, "deep": [1, 2]}) + line(key="new", value={"n": 3})
    seen = look(staging, state, text + line(key="gone", expires_at="2001-01-01T00:00:00Z"))

    assert seen.report == LoadReport(4, seen.report.offset, created=1, overwritten=1, expired=1, same=1)
    assert seen.writes == 2
    assert {fate: [row.key for row in rows] for fate, rows in seen.rows.items()} == {
        "same": ["same"],
        "overwritten": ["other"],
        "created": ["new"],
        "expired": ["gone"],
    }
    changed = [(part.mark, part.text.strip()) for part in seen.rows["overwritten"][0].difference if part.mark in "+-"]
    assert changed == [("-", '"n": 1'), ("+", '"n": 2')]
    assert [(part.name, part.text) for part in seen.rows["created"][0].fields] == [("n", "3")]


def test_a_preview_shows_the_first_rows_only(state: Store, staging: Staging) -> None:
    seen = look(staging, state, numbered(SHOWN + 5))
    assert [row.key for row in seen.rows["created"]] == [f"k{number:05}" for number in range(SHOWN)]
    assert seen.report.created == SHOWN + 5


def test_another_expiry_is_a_change(state: Store, staging: Staging) -> None:
    state.set("g", "k", 1)
    (row,) = look(staging, state, line(expires_at="2099-01-01T00:00:00Z")).rows["overwritten"]
    assert (row.renewed, row.difference, row.old_expires_at) == (True, [], None)
    assert row.expires_at is not None


def test_large_values_are_not_compared(state: Store, staging: Staging) -> None:
    state.set("g", "k", "x" * 70_000)
    (row,) = look(staging, state, line(value="y")).rows["overwritten"]
    assert (row.large, row.difference, row.old_size) == (True, [], 70_002)
    (row,) = look(staging, state, line(key="l", value="x" * 70_000)).rows["created"]
    assert (row.large, row.fields) == (True, [])


def test_a_key_that_comes_again_is_marked(state: Store, staging: Staging) -> None:
    (row,) = look(staging, state, line(value=1) + line(value=2)).rows["overwritten"]
    assert (row.again, row.difference) == (True, [])


def test_a_preview_writes_nothing(state: Store, staging: Staging) -> None:
    revision = state.revision()
    look(staging, state, numbered(3))
    assert state.revision() == revision


def test_an_import_is_undone_as_a_whole(state: Store, staging: Staging) -> None:
    state.set_many("g", {"k00000": "old", "k00001": 1, "z": "untouched"})
    before = everything(state)
    job = run(staging, state, numbered(1500) + line("h", "k", 1))

    assert job.said == "Imported 1,500 items: 1,499 new, 1 changed. 1 was the same already."
    assert (job.state, job.done, job.total) == ("done", 1501, 1501)
    assert job.trash_id
    assert state.restore(job.trash_id).items == 1500
    assert everything(state) == before


def test_what_is_there_is_kept_if_so_chosen(state: Store, staging: Staging) -> None:
    state.set("g", "k00000", "old")
    job = run(staging, state, numbered(2), "keep")
    assert job.said == "Imported 1 item: 1 new, 0 changed. 1 was there and was kept."
    assert state.get("g", "k00000") == "old"


def test_the_result_tells_what_was_done_and_not_what_was_seen(state: Store, staging: Staging) -> None:
    staged = stage(staging, state, numbered(3))
    assert preview(state, staged, "update").report.created == 3
    state.set("g", "k00000", "meanwhile")
    taken = staging.take(staged.id)
    assert taken
    job = Jobs().start("Importing", Importing(state, taken[1], 3, "update"), "/")
    assert job.wait(10)
    assert job.said == "Imported 3 items: 2 new, 1 changed."


def test_an_import_that_writes_nothing_has_nothing_to_undo(state: Store, staging: Staging) -> None:
    state.set("g", "k", 1)
    job = run(staging, state, line())
    assert (job.said, job.trash_id) == ("Nothing was imported. 1 was the same already.", None)


class StoppingAt(Job):
    """A job that somebody stops when it is so far."""

    def step(self, done: int, total: int) -> None:
        super().step(done, total)
        if done >= 1000:
            self.stop()


def test_an_import_that_is_stopped_tells_how_far_it_came(state: Store, staging: Staging) -> None:
    staged = stage(staging, state, numbered(2500))
    taken = staging.take(staged.id)
    assert taken
    job = StoppingAt("Importing", "/", "", lambda: 0.0)
    job.run(Importing(state, taken[1], 2500, "update"))

    assert (job.state, job.done) == ("stopped", 1001)  # the line that showed the batch to be full is in the next one
    assert job.said == "Imported 1,001 items: 1,001 new, 0 changed. Stopped: 1,499 lines were not imported."
    assert state.count("g").items == 1001
    assert job.trash_id
    assert state.restore(job.trash_id).items == 1001
    assert taken[1].closed


def test_words() -> None:
    assert in_words(LoadReport(3, 0, kept=2, expired=1), 3) == (
        "Nothing was imported. 2 were there and were kept. 1 had expired."
    )
    assert in_words(LoadReport(), 1) == "Imported 0 items: 0 new, 0 changed. Stopped: 1 line was not imported."


def folder(staging: Staging) -> Path:
    assert staging._folder
    return staging._folder


def test_files_wait_in_a_folder_of_our_own(state: Store, staging: Staging) -> None:
    staged = stage(staging, state, orjson.dumps({"a": 1}), "g")
    assert staged.path.read_bytes() == line(key="a")
    assert (staged.group, staged.lines) == ("g", 1)
    assert folder(staging).stat().st_mode & 0o77 == 0
    assert staging.get(staged.id) == staged
    assert staging.get("unknown") is None


def test_a_file_that_is_taken_is_not_there_any_more(state: Store, staging: Staging) -> None:
    staged = stage(staging, state, line())
    taken = staging.take(staged.id)
    assert taken
    with taken[1] as file:
        assert file.read() == line()
    assert (staging.take(staged.id), staging.get(staged.id)) == (None, None)
    assert list(folder(staging).iterdir()) == []


def test_only_a_few_wait_at_a_time(state: Store, staging: Staging) -> None:
    ids = [stage(staging, state, line()).id for _ in range(module.AT_MOST + 2)]
    assert [staging.get(id_) is not None for id_ in ids] == [False] * 2 + [True] * module.AT_MOST
    assert len(list(folder(staging).iterdir())) == module.AT_MOST


def test_a_file_waits_for_so_long(state: Store) -> None:
    gone = threading.Event()

    class Watched(Staging):
        def drop(self, id: str) -> bool:
            dropped = super().drop(id)
            gone.set()
            return dropped

    staging = Watched(kept_for=0.05)
    staged = stage(staging, state, line())
    assert gone.wait(5)
    assert staging.get(staged.id) is None
    assert not staged.path.exists()
    staging.end()


def test_nothing_is_left_at_the_end_or_of_a_bad_file(state: Store, staging: Staging, monkeypatch: Any) -> None:
    with pytest.raises(InvalidValue):
        stage(staging, state, numbered(5) + b"oops")
    monkeypatch.setattr(module, "MAX_STAGED", 100)
    with pytest.raises(TooLong):
        stage(staging, state, numbered(5))
    home = folder(staging)
    assert list(home.iterdir()) == []

    stage(staging, state, line())
    staging.end()
    assert not home.exists()
    stage(staging, state, line())  # an application may be started again
