"""The contract of load, on every backend."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import Any

import pytest

from store import InvalidArgument, InvalidValue, LoadReport, Store, loading, open_store
from tests.conftest import ManualClock
from tests.store.support import moment
from tests.store.transfers import everything, line, load, numbered


def test_exact_expiry_whatever_the_groups_default(state: Store) -> None:
    state.configure("g", default_ttl=5)

    load(state, line(key="never") + line(key="late", expires_at="2099-12-31T23:59:59.999Z"))
    assert everything(state) == {
        ("g", "never"): (1, None),
        ("g", "late"): (1, datetime(2099, 12, 31, 23, 59, 59, 999000, tzinfo=UTC)),
    }


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [
        ("2030-01-02T03:04:05Z", 1893553445000),
        ("2030-01-02T03:04:05.6Z", 1893553445600),
        ("2030-01-02T03:04:05.67Z", 1893553445670),
        ("2030-01-02T03:04:05.678Z", 1893553445678),
        ("9999-12-31T23:59:59.999Z", 253402300799999),
    ],
)
def test_times(state: Store, text: str, milliseconds: int) -> None:
    load(state, line(expires_at=text))
    item = state.item("g", "k")
    assert item
    assert item.expires_at == moment(milliseconds)


def test_overwriting_is_a_write_like_any_other(state: Store, clock: ManualClock) -> None:
    state.set("g", "k", "old", ttl=5)
    before = state.item("g", "k")
    clock.advance(1)
    writes = state.stats().writes

    assert load(state, line(value="new")) == LoadReport(1, len(line(value="new")), overwritten=1)
    after = state.item("g", "k")
    assert before
    assert after
    assert (after.value, after.version, after.expires_at) == ("new", before.version + 1, None)
    assert (after.created_at, after.updated_at) == (before.created_at, moment(clock.now))
    assert state.stats().writes == writes + 1


def test_what_has_expired_is_left_out_and_counted(state: Store, clock: ManualClock) -> None:
    clock.now = 1_900_000_000_000
    state.set("g", "kept", "there before")
    gone, left = "2030-03-17T17:46:40.000Z", "2030-03-17T17:46:40.001Z"
    text = (
        line(key="kept", expires_at=gone)
        + line(key="old", expires_at="0001-01-01T00:00:00Z")
        + line(key="new", expires_at=left)
    )

    assert load(state, text) == LoadReport(3, len(text), created=1, expired=2)
    assert everything(state) == {
        ("g", "kept"): ("there before", None),
        ("g", "new"): (1, moment(1_900_000_000_001)),
    }
    assert load(state, line(expires_at=gone) * 3) == LoadReport(3, 3 * len(line(expires_at=gone)), expired=3)


@pytest.mark.parametrize("batch", [1, 2, 3, 1000])
def test_a_key_several_times_last_wins_also_in_the_counts_of_a_dry_run(
    state: Store, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    monkeypatch.setattr(loading, "BATCH_LINES", batch)
    state.set("a", "there", 0)
    rows = [("a", "k"), ("a", "k"), ("a", "there"), ("b", "k"), ("a", "k"), ("a", "there"), ("b", "k"), ("a", "l")]
    text = b"".join(line(group, key, number) for number, (group, key) in enumerate(rows))

    would = load(state, text, dry_run=True)
    assert everything(state) == {("a", "there"): (0, None)}
    assert would == load(state, text) == LoadReport(8, len(text), created=3, overwritten=5)
    assert everything(state) == {
        ("a", "k"): (4, None),
        ("a", "l"): (7, None),
        ("a", "there"): (5, None),
        ("b", "k"): (6, None),
    }


def test_members_in_any_order_spaces_and_escapes(state: Store) -> None:
    text = b' { "value" : {"\\u0061": [1, 2]} ,\t"expires_at": null, "key":"\\ud83d\\uded2", "group" :"g"}\r\n'

    assert load(state, text + line().rstrip()) == LoadReport(2, len(text) + len(line()) - 1, created=2)
    assert state.get("g", "🛒") == {"a": [1, 2]}


def test_nothing_to_load(state: Store) -> None:
    assert load(state, b"") == LoadReport()
    assert state.groups().items == []


def test_progress_comes_with_each_batch_and_a_load_can_go_on_behind_any(
    state: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, "BATCH_LINES", 10)
    text = numbered(25) + numbered(5, "h") + line("h", "gone", 1, "1999-12-31T23:59:59Z") + numbered(4, "g")
    reports: list[LoadReport] = []
    whole = load(state, text, progress=reports.append)

    assert [report.lines for report in reports] == [10, 20, 25, 31, 35]
    assert [text[: report.offset].count(b"\n") for report in reports] == [10, 20, 25, 31, 35]
    assert reports[-1] == whole == LoadReport(35, len(text), created=30, overwritten=4, expired=1)
    for report in reports:
        with open_store("memory://", sweep_interval=None) as other:
            load(other, text[: report.offset])
            file = io.BytesIO(text)
            file.seek(report.offset)
            assert other.load(file, after=report) == whole
            assert everything(other) == everything(state)


def test_lines_are_counted_from_where_a_load_goes_on(state: Store) -> None:
    with pytest.raises(InvalidValue, match="line 12, column 1: "):
        load(state, line() + b"oops\n", after=LoadReport(lines=10, offset=500))


def test_large_lines_are_written_soon(state: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "BATCH_BYTES", 1000)
    reports: list[LoadReport] = []
    sizes = [600, 300, 300, 5000, 10]
    load(state, b"".join(line(key=str(size), value="x" * size) for size in sizes), progress=reports.append)

    assert [report.lines for report in reports] == [1, 3, 4, 5]


def test_a_reader_that_fails_leaves_whole_batches(state: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "BATCH_LINES", 10)

    class Torn(io.BytesIO):
        def readline(self, size: int | None = -1, /) -> bytes:
            return super().readline(size) or self._fail()

        def _fail(self) -> bytes:
            raise OSError("torn")

    reports: list[LoadReport] = []
    with pytest.raises(OSError, match="torn"):
        state.load(Torn(numbered(25)), progress=reports.append)
    assert reports[-1].lines == 20
    assert state.list("g") == list(range(20))


def test_a_file_that_is_open_for_text_is_refused(state: Store) -> None:
    file: Any = io.StringIO(line().decode())
    with pytest.raises(InvalidValue, match="open for reading bytes") as raised:
        state.load(file)
    assert isinstance(raised.value.__cause__, InvalidArgument)
