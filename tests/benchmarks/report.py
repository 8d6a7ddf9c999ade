"""The table, the goals, and the same as JSON."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import apsw

from tests.benchmarks.caching import CACHED
from tests.benchmarks.goals import GOALS
from tests.benchmarks.pages import PAGES, WHOLE
from tests.benchmarks.rounds import Row, Settings
from tests.benchmarks.works import SUBJECTS

OURS = "stepstate"
COLUMNS = [kind.name for kind in SUBJECTS if not kind.only]
PACKAGES = (
    *("stepstate", "apsw", "cachetools", "orjson", "diskcache", "py-key-value-aio", "sqlitedict", "lmdb"),
    *("cashews", "aiocache", "dogpile.cache", "datasette", "rq-dashboard"),
)


def number(value: float) -> str:
    """Three digits, more only before the point."""
    return f"{value:,.2f}" if value < 10 else f"{value:,.1f}" if value < 100 else f"{value:,.0f}"


def _ratio(value: float) -> str:
    digits = ".0f" if value >= 10 else ".2f" if value >= 0.1 else ".1g"
    return f"{value:{digits}}x"


def _cell(name: str, numbers: dict[str, float]) -> str:
    if name not in numbers:
        return "-"
    ours = numbers.get(OURS)
    if name == OURS or not ours:
        return number(numbers[name])
    return f"{number(numbers[name])} {_ratio(numbers[name] / ours)}"


def _line(title: str, numbers: dict[str, float]) -> list[str]:
    variants = [f"{name} {_cell(name, numbers)}" for name in numbers if name not in COLUMNS]
    return [title, *(_cell(name, numbers) for name in COLUMNS), ", ".join(variants)]


def _lines(rows: Sequence[Row]) -> list[list[str]]:
    lines = []
    for row in rows:
        lines.append(_line(row.title, {name: figure.median for name, figure in row.figures.items()}))
        p99 = {name: figure.median_p99 for name, figure in row.figures.items() if figure.p99}
        if p99:
            lines.append(_line("  its slowest hundredth", p99))
    return lines


def _aligned(lines: Sequence[Sequence[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    rule = ["-" * width for width in widths]

    def drawn(cells: Sequence[str]) -> str:
        first, *others = zip(cells, widths, strict=True)
        return "  ".join([first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)]).rstrip()

    return "\n".join(map(drawn, [lines[0], rule, *lines[1:]]))


def _turned(rows: Sequence[Row]) -> str:
    """A line for each subject: these rows have too many for columns."""
    medians = [{name: figure.median for name, figure in row.figures.items()} for row in rows]
    names = dict.fromkeys(name for numbers in medians for name in numbers)
    lines = [[name, *(_cell(name, numbers) for numbers in medians)] for name in names]
    return _aligned([["a cached function", *(row.title for row in rows)], *lines])


def _pages(rows: Sequence[Row]) -> str:
    """A line for each page, with milliseconds."""
    peers = list(dict.fromkeys(name for row in rows for name in row.figures if name != OURS))
    head = ["milliseconds of the server for a page", OURS, "p95", *(cell for name in peers for cell in (name, "p95"))]
    ordinary = [row for row in rows if not row.id.startswith(WHOLE)]
    whole = [row for row in rows if row not in ordinary]
    lines = [_page(row, [OURS, *peers]) for row in ordinary]
    if whole:
        lines += [
            ["looking through the whole group:", *[""] * (len(head) - 1)],
            *(_page(row, [OURS, *peers]) for row in whole),
        ]
    return _aligned([head, *lines])


def _page(row: Row, names: Sequence[str]) -> list[str]:
    figures = [row.figures.get(name) for name in names]
    times = [time for figure in figures for time in ((figure.median, figure.p95) if figure else (None, None))]
    return [row.title, *("-" if time is None else number(time / 1000) for time in times)]


def table(rows: Sequence[Row], settings: Settings) -> str:
    """All rows, a column for each subject; then those of cached functions, and the dashboard's pages."""
    heads = [name.replace("py-key-value", "py-kv") for name in COLUMNS]
    legend = (
        f"Microseconds a call, the median of {settings.rounds} rounds in turns, and how many times what {OURS} takes.\n"
        "With several processes: the time of one call of all that they make together."
    )
    cached = [row for row in rows if row.id.startswith(CACHED)]
    paged = [row for row in rows if row.id.startswith(PAGES)]
    others = [row for row in rows if row not in cached and row not in paged]
    drawn = [legend] if others or cached else []
    if others:
        drawn.append(_aligned([["", *heads, "also"], *_lines(others)]))
    if cached:
        drawn.append(_turned(cached))
    if paged:
        drawn.append(_pages(paged))
    return "\n\n".join(drawn)


def goals(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Each goal with what was measured of it, None if nothing was."""
    by_id = {row.id: row for row in rows}
    found = []
    for goal in GOALS:
        measured = goal.measured(by_id)
        met = None if measured is None else goal.is_met(measured)
        found.append({"goal": goal.text, "bound": goal.bound, "measured": measured, "unit": goal.unit, "met": met})
    return found


def goals_table(found: Sequence[dict[str, Any]]) -> str:
    """The goals that were measured, and how many were not."""
    words = {True: "met", False: "NOT MET"}
    lines = [
        [goal["goal"], goal["bound"], f"{number(goal['measured'])} {goal['unit']}".strip(), words[goal["met"]]]
        for goal in found
        if goal["met"] is not None
    ]
    left = len(found) - len(lines)
    counted = f"{sum(line[3] == 'met' for line in lines)} of {len(lines)} met"
    unmeasured = f", {left} not measured in this run" if left else ""
    return f"{_aligned([['goal', 'bound', 'measured', ''], *lines])}\n\n{counted}{unmeasured}"


def circumstances() -> dict[str, Any]:
    """When, where and with what."""
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors",
        "python": platform.python_version(),
        "sqlite": apsw.sqlite_lib_version(),
        "versions": {name: version(name) for name in PACKAGES},
    }


def as_json(rows: Sequence[Row], settings: Settings, found: Sequence[dict[str, Any]]) -> str:
    """Everything that was measured, round by round."""
    measured = [
        {
            "id": row.id,
            "title": row.title,
            "figures": {name: {"median": figure.median, **asdict(figure)} for name, figure in row.figures.items()},
        }
        for row in rows
    ]
    kept = {name: value for name, value in asdict(settings).items() if not isinstance(value, Path)}
    return json.dumps({**circumstances(), "settings": kept, "rows": measured, "goals": list(found)}, indent=1)
