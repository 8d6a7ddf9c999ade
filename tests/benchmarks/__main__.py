"""`python -m tests.benchmarks [--quick] [--only PATTERN] [--json FILE] [--folder FOLDER]`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Generator
from contextlib import closing
from fnmatch import fnmatchcase
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic

from tests.benchmarks import caching, large, pages, processes, report, stampede, startup, works
from tests.benchmarks.rounds import Row, Settings
from tests.benchmarks.workers import Team


def main() -> int:
    """Run what was asked for, and print and write what came out."""
    asked = _arguments()
    with TemporaryDirectory(prefix="stepstate-bench-", dir=asked.folder, ignore_cleanup_errors=True) as folder:
        settings = _settings(Path(folder), quick=asked.quick)
        rows = []
        began = monotonic()
        with closing(_rows(settings, lambda id_: fnmatchcase(id_, f"*{asked.only}*"))) as measured:
            for row in measured:
                rows.append(row)
                print(f"{monotonic() - began:5.0f} s  {row.title}", file=sys.stderr)
    if not rows:
        print(f"no row is called anything like {asked.only!r}", file=sys.stderr)
        return 2
    found = report.goals(rows)
    print(f"\n{report.table(rows, settings)}\n\n{report.goals_table(found)}")
    asked.json.parent.mkdir(parents=True, exist_ok=True)
    asked.json.write_text(report.as_json(rows, settings, found), encoding="utf-8")
    print(f"\nwritten to {asked.json}")
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=works.__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="fewer rounds and 50,000 items for 1,000,000: to try things"
    )
    parser.add_argument("--only", default="", metavar="PATTERN", help="only rows whose id contains this; * and ? work")
    parser.add_argument("--json", type=Path, default=Path("build/bench.json"), metavar="FILE")
    parser.add_argument("--folder", type=Path, help="where the stores are made, for another disk")
    return parser.parse_args()


def _settings(folder: Path, *, quick: bool) -> Settings:
    if quick:
        return Settings(3, 0.01, 50_000, 1000, 20_000, 0.1, folder)
    return Settings(9, 0.04, 1_000_000, 10_000, 100_000, 0.25, folder)


def _rows(settings: Settings, wanted: Callable[[str], bool]) -> Generator[Row]:
    yield from works.run(settings, wanted)
    yield from caching.run(settings, wanted)
    yield from stampede.run(settings, wanted)
    yield from startup.run(settings, wanted)
    with Team(processes.PROCESSES) as team:
        yield from processes.run(settings, team, wanted)
        yield from large.run(settings, team, wanted)
    yield from pages.run(settings, wanted)


if __name__ == "__main__":
    sys.exit(main())
