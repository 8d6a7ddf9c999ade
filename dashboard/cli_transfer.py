"""The commands that copy a store: backup, export and import."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Self

import click

from dashboard import formats
from dashboard.cli_shared import all_groups, any_store, existing_store, standard_input, standard_output, url_option
from store import LoadReport, Store, StoreError, StoreUnavailable, open_store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager

    from store import GroupInfo

_CHUNK = 1024 * 1024


@click.command()
@url_option
@click.argument("file")
def backup(url: str | None, file: str) -> None:
    """Copy the store to a new FILE.

    The copy is of one moment, also while others write, and a store itself: groups' default TTLs, finished marks and
    the items' versions are in it. `stepstate sqlite:///FILE` opens it.
    """
    with existing_store(url) as store:
        store.backup(file)
    click.echo(f"backed up to {click.format_filename(file)}, {formats.size(Path(file).stat().st_size)}")


@click.command()
@url_option
@click.option("--group", "groups", metavar="NAME", multiple=True, help="Only this group; may be given several times.")
@click.option("--force", is_flag=True, help="Overwrite FILE if it is there.")
@click.argument("file", default="-")
def export(url: str | None, groups: tuple[str, ...], force: bool, file: str) -> None:
    """Write items as NDJSON to FILE or standard output.

    A line is {"group": …, "key": …, "value": …, "expires_at": …}, where expires_at is null or a time in UTC such as
    "2026-11-24T05:29:14.123Z". Groups' default TTLs and finished marks are not in it. While others write, the items are
    not all of one moment: for that, export a backup.
    """
    with existing_store(url) as store:
        chosen = _groups(store, groups)
        if file == "-":
            done = _export(store, chosen, standard_output(), watched=not sys.stdout.isatty())
        else:
            with _new_file(file, force=force) as out:
                done = _export(store, chosen, out, watched=True)
    click.echo(f"exported {done}", err=file == "-")


@click.command("import")
@url_option
@click.option("--offset", metavar="BYTES", default=0, type=click.IntRange(0), help="Start at this byte of FILE.")
@click.option("--dry-run", is_flag=True, help="Only check FILE and say what would be imported.")
@click.argument("file")
def load(url: str | None, offset: int, dry_run: bool, file: str) -> None:
    """Store the items that `export` wrote to FILE.

    They go over those that are there; what has expired meanwhile is left out. FILE may be - for standard input. If it
    stops before the end it says how far it came, and all up to there is stored: go on with --offset, or from the start.
    """
    with _source(file) as source:
        start = _skip(source, offset)
        with _target(url, dry_run=dry_run) as store:
            report = _load(store, source, file, start, dry_run=dry_run)
    imported = formats.count(report.created + report.overwritten, "item")
    parts = f"{formats.number(report.created)} created, {formats.number(report.overwritten)} overwritten"
    expired = f"; {formats.number(report.expired)} had expired" if report.expired else ""
    click.echo(f"{'would import' if dry_run else 'imported'} {imported}: {parts}{expired}")


def _groups(store: Store, names: Sequence[str]) -> list[GroupInfo]:
    if not names:
        return list(all_groups(store))
    found = {name: store.group(name) for name in names}
    if missing := [name for name, group in found.items() if group is None]:
        raise click.ClickException(f"there is no group {', '.join(map(repr, missing))}")
    return [group for group in found.values() if group is not None]


def _export(store: Store, groups: Sequence[GroupInfo], out: BinaryIO, *, watched: bool) -> str:
    """Write the groups' items; what was written, in words."""
    items = filled = 0
    with _progress_bar(sum(group.items for group in groups), "exporting", watched=watched) as forward:
        for group in groups:
            before = items
            for line in store.export([group.id]):
                out.write(line)
                items += 1
                forward(1)
            filled += items > before
        out.flush()
    return f"{formats.count(items, 'item')} of {formats.count(filled, 'group')}"


@contextlib.contextmanager
def _new_file(name: str, *, force: bool) -> Iterator[BinaryIO]:
    """A file that appears under its name when it is written to its end."""
    path = Path(name)
    try:
        if path.exists() and not path.is_file():  # a pipe or a device: there is nothing to overwrite
            with path.open("wb") as out:
                yield out
            return
        if path.exists() and not force:
            raise click.ClickException(f"{click.format_filename(name)} exists already; --force overwrites it")
        path = Path(os.path.realpath(path))  # the file that a link points to
        part = path.with_name(f".{path.name}.{os.getpid()}.part")
        with _removed_if_failed(part):
            with part.open("xb") as out:
                yield out
                out.flush()
                os.fsync(out.fileno())
            part.replace(path)
    except OSError as error:
        raise click.ClickException(f"cannot write {click.format_filename(name)}: {error.strerror}") from None


@contextlib.contextmanager
def _removed_if_failed(path: Path) -> Iterator[None]:
    try:
        yield
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _source(name: str) -> AbstractContextManager[BinaryIO]:
    if name == "-":
        return contextlib.nullcontext(standard_input())
    try:
        return Path(name).open("rb")
    except OSError as error:
        raise click.ClickException(f"cannot read {click.format_filename(name)}: {error.strerror}") from None


def _target(url: str | None, *, dry_run: bool) -> Store:
    try:
        return any_store(url, create=not dry_run)
    except StoreUnavailable as error:
        if dry_run and isinstance(error.__cause__, FileNotFoundError):
            return open_store("memory://", sweep_interval=None)  # as empty as the store that would be made
        raise


def _skip(source: BinaryIO, offset: int) -> LoadReport:
    """Read up to `offset`, which also tells the number of the line there."""
    lines, left, last = 0, offset, b"\n"
    while left:
        part = source.read(min(left, _CHUNK))
        if not part:
            raise click.ClickException(f"--offset {offset} is behind the end, at byte {offset - left}")
        lines, left, last = lines + part.count(b"\n"), left - len(part), part[-1:]
    if last != b"\n":
        raise click.ClickException(f"--offset {offset} is not where a line starts")
    return LoadReport(lines=lines, offset=offset)


def _load(store: Store, source: BinaryIO, name: str, start: LoadReport, *, dry_run: bool) -> LoadReport:
    done = start

    def progress(report: LoadReport) -> None:
        nonlocal done
        forward(report.offset - done.offset)
        done = report

    size = 0 if name == "-" else os.fstat(source.fileno()).st_size
    with _progress_bar(size, "importing", watched=name != "-") as forward, _Stoppable(source) as lines:
        forward(start.offset)
        try:
            return store.load(lines, after=start, dry_run=dry_run, progress=progress)
        except StoreError as error:
            reason = str(error)
        except OSError as error:
            reason = f"cannot read {click.format_filename(name)}: {error.strerror}"
        except KeyboardInterrupt:
            reason = "stopped"
    raise click.ClickException(f"{reason}; {_so_far(start, done, dry_run=dry_run)}")


def _so_far(start: LoadReport, done: LoadReport, *, dry_run: bool) -> str:
    lines = formats.count(done.lines - start.lines, "line")
    which = f"{lines} from --offset {start.offset} on" if start.offset else f"the first {lines}"
    are = "is" if done.lines - start.lines == 1 else "are"
    if dry_run:
        return f"{which} {are} good"
    if not done.offset:
        return "nothing is imported"
    return f"{which} {are} imported, nothing after; go on with --offset {done.offset}"


class _Stoppable:
    """Has Ctrl+C and SIGTERM stop the reading of lines only: a batch that is being written is written and counted."""

    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self._reading = self._stopped = False

    def __enter__(self) -> Self:
        self._handlers = [(number, signal.signal(number, self._stop)) for number in (signal.SIGINT, signal.SIGTERM)]
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._handlers:
            signal.signal(number, handler)

    def readline(self, size: int, /) -> bytes:
        self._reading = True
        try:
            if self._stopped:
                raise KeyboardInterrupt
            return self._source.readline(size)
        finally:
            self._reading = False

    def _stop(self, *_: object) -> None:
        again, self._stopped = self._stopped, True
        if self._reading and not again:
            raise KeyboardInterrupt


@contextlib.contextmanager
def _progress_bar(length: int, label: str, *, watched: bool) -> Iterator[Callable[[int], None]]:
    """A bar on standard error, if that is a terminal; it is told of each step forward."""
    hidden = not watched or sys.stderr is None or not sys.stderr.isatty()
    steps = max(1, length // 500)
    with click.progressbar(length=length, label=label, hidden=hidden, file=sys.stderr, update_min_steps=steps) as bar:
        yield bar.update
