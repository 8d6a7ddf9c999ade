"""The `stepstate` command."""

from __future__ import annotations

import os
import sys
from datetime import datetime
from importlib.metadata import version
from typing import Any

import click

from dashboard import cli_transfer, formats, jsonview
from dashboard.cli_shared import all_groups, any_store, existing_store, standard_input, url_option
from dashboard.demo import running_demo
from dashboard.serving import serve as serve_dashboard
from store import NEVER, GroupInfo, InvalidTTL, StoreError, open_store, parse_duration, parse_json

_HEADS = ("GROUP", "ITEMS", "SIZE", "IDLE", "NEXT EXPIRY", "STATE")


class _ServeByDefault(click.Group):
    """`stepstate`, `stepstate URL` and `stepstate --port 9000` mean `stepstate serve …`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        first = args[0].partition("=")[0] if args else ""
        if first not in self.commands and (not first or "://" in first or first in ("--host", "--port")):
            args = ["serve", *args]
        return super().parse_args(ctx, args)


class _Duration(click.ParamType[Any]):
    """Seconds of `90`, `90s`, `5m`, `2h` or `7d`; `never` gives NEVER where it is allowed."""

    name = "duration"

    def __init__(self, *, never: bool = False) -> None:
        self._never = never

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float | object:
        try:
            seconds = parse_duration(value)
        except InvalidTTL as error:
            self.fail(str(error), param, ctx)
        if seconds is None and not self._never:
            self.fail("never is no duration", param, ctx)
        return NEVER if seconds is None else seconds


_host = click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
_port = click.option(
    "--port", default=8040, show_default=True, type=click.IntRange(0, 65535), help="0 takes any free one."
)


@click.group(cls=_ServeByDefault, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(version("stepstate"), message="stepstate %(version)s")
def cli() -> None:
    """State for workflow Steps: groups of JSON items with TTL, and a dashboard over them.

    Without a command it serves the dashboard. Durations are 90, 90s, 5m, 2h or 7d.
    """


@cli.command()
@click.argument("url", required=False)
@_host
@_port
def serve(url: str | None, host: str, port: int) -> None:
    """Serve the dashboard over the store at URL, made if it is not there."""
    with open_store(url) as store:
        serve_dashboard(store, host, port)


@cli.command()
@_host
@_port
def demo(host: str, port: int) -> None:
    """Serve the dashboard over a small order workflow that runs in a temporary store."""
    with running_demo() as store:
        serve_dashboard(store, host, port)


@cli.command()
@url_option
@click.option("--search", default="", help="Only groups whose name contains this.")
def groups(url: str | None, search: str) -> None:
    """List the groups."""
    with existing_store(url) as store:
        rows = [_row(group, store.now()) for group in all_groups(store, search)]
    _table(rows)


@cli.command("get")
@url_option
@click.argument("group")
@click.argument("key")
def get_item(url: str | None, group: str, key: str) -> None:
    """Print an item's value as JSON."""
    with existing_store(url) as store:
        item = store.item(group, key)
    if item is None:
        raise click.ClickException(f"there is no item {key!r} in group {group!r}")
    click.echo(jsonview.formatted(item.value))


@cli.command("set", context_settings={"ignore_unknown_options": True})  # a VALUE may be -5
@url_option
@click.option(
    "--ttl", type=_Duration(never=True), help="When it expires [default: the group's default TTL, else never]."
)
@click.argument("group")
@click.argument("key")
@click.argument("value")
def set_item(url: str | None, ttl: Any, group: str, key: str, value: str) -> None:
    """Store VALUE, which is JSON, under KEY in GROUP; - reads it from standard input."""
    parsed = parse_json(_standard_input_text() if value == "-" else value)
    with any_store(url, create=True) as store:
        store.set(group, key, parsed, ttl=ttl)


@cli.command("delete")
@url_option
@click.argument("group")
@click.argument("keys", nargs=-1, required=True)
def delete_items(url: str | None, group: str, keys: tuple[str, ...]) -> None:
    """Delete items of GROUP by their KEYS."""
    with existing_store(url) as store:
        gone = store.delete_many(group, keys)
    click.echo(f"deleted {formats.count(len(gone), 'item')}")
    if missing := [key for key in keys if key not in gone]:
        raise click.ClickException(f"not there: {', '.join(map(repr, missing))}")


@cli.command()
@url_option
@click.argument("group")
def clear(url: str | None, group: str) -> None:
    """Remove all items of GROUP."""
    with existing_store(url) as store:
        click.echo(f"cleared {formats.count(store.clear(group), 'item')}")


@cli.command()
@url_option
@click.option("--idle", type=_Duration(), help="Groups that have not changed for so long.")
@click.option("--finished/--unfinished", default=None, help="Groups that are marked finished, or are not.")
@click.option("--match", metavar="PATTERN", help="Groups whose name fits a pattern such as 'wf-*'.")
@click.option("--dry-run", is_flag=True, help="Only say what would be cleared.")
def cleanup(url: str | None, idle: float | None, finished: bool | None, match: str | None, dry_run: bool) -> None:
    """Clear every group that fits all the rules given."""
    with existing_store(url) as store:
        report = store.cleanup(idle=idle, finished=finished, match=match, dry_run=dry_run)
        rows = [_row(group, store.now()) for group in report.groups]
    if rows:
        _table(rows)
    done = "would clear" if dry_run else "cleared"
    groups_and_items = f"{formats.count(len(report.groups), 'group')}: {formats.count(report.items, 'item')}"
    click.echo(f"{done} {groups_and_items}, {formats.size(report.size)}")


for _command in (cli_transfer.backup, cli_transfer.export, cli_transfer.load):
    cli.add_command(_command)


def main() -> None:
    """Run the command; errors are one line on standard error and exit status 1."""
    try:
        # The exit code of --help and --version is returned rather than raised in this mode.
        sys.exit(cli.main(prog_name="stepstate", standalone_mode=False))
    except click.ClickException as error:
        _fail(error.format_message())
    except StoreError as error:
        _fail(str(error))
    except click.Abort:
        _fail("stopped")
    except BrokenPipeError:
        # The reader (head, say) has seen enough; Python must not complain about it when it closes standard output.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _fail(message: str) -> None:
    click.echo(f"stepstate: {' '.join(message.split())}", err=True)
    sys.exit(1)


def _standard_input_text() -> str:
    try:
        return standard_input().read().decode()
    except UnicodeDecodeError as error:
        raise click.ClickException(f"standard input is not UTF-8 at byte {error.start}") from None


def _row(group: GroupInfo, now: datetime) -> tuple[str, ...]:
    expiry = "never" if group.next_expiry is None else formats.rough((group.next_expiry - now).total_seconds())
    idle = formats.rough((now - group.updated_at).total_seconds())
    state = "finished" if group.finished_at else "open"
    about = "≈ " if group.approximate else ""
    items, size = f"{about}{formats.number(group.items)}", f"{about}{formats.size(group.size)}"
    return formats.oneline(group.id), items, size, idle, expiry, state


def _table(rows: list[tuple[str, ...]]) -> None:
    widths = [max(map(len, column)) for column in zip(_HEADS, *rows, strict=True)]
    for row in (_HEADS, *rows):
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
