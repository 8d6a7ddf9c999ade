"""The `stepstate` command."""

from __future__ import annotations

import os
import re
import sys
from importlib.metadata import version
from typing import Any

import click

from dashboard import cli_cleanup, cli_serve, cli_transfer, cli_trash, formats, jsonview
from dashboard.cli_shared import (
    Duration,
    all_groups,
    any_store,
    existing_store,
    print_groups,
    standard_input,
    url_option,
)
from store import InvalidValue, StoreError, parse_json

_OTHERS = (
    cli_serve.serve,
    cli_serve.demo,
    cli_cleanup.clear,
    cli_cleanup.cleanup,
    cli_cleanup.rules,
    cli_cleanup.finish,
    cli_cleanup.reopen,
    cli_trash.trash,
    cli_trash.restore,
    cli_transfer.backup,
    cli_transfer.export,
    cli_transfer.load,
)
_NUMBER = re.compile(r"\s*-?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?\s*")


class _ServeByDefault(click.Group):
    """`stepstate`, `stepstate URL` and `stepstate --port 9000` mean `stepstate serve …`."""

    _options = frozenset(name for option in cli_serve.serve.params for name in option.opts)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        first = args[0].partition("=")[0] if args else ""
        if first not in self.commands and (not first or "://" in first or first in self._options):
            args = ["serve", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_ServeByDefault, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(version("stepstate"), message="stepstate %(version)s")
def cli() -> None:
    """State for workflow Steps: groups of JSON items with TTL, and a dashboard over them.

    Without a command it serves the dashboard. Durations are 90, 90s, 5m, 2h or 7d.
    """


@cli.command()
@url_option
@click.option("--search", default="", help="Only groups whose name contains this.")
def groups(url: str | None, search: str) -> None:
    """List the groups."""
    with existing_store(url) as store:
        print_groups(all_groups(store, search), store.now())


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
    "--ttl", type=Duration(never=True), help="When it expires [default: the group's default TTL, else never]."
)
@click.argument("group")
@click.argument("key")
@click.argument("value")
def set_item(url: str | None, ttl: Any, group: str, key: str, value: str) -> None:
    """Store VALUE, which is JSON, under KEY in GROUP; - reads it from standard input."""
    parsed = _parsed(_standard_input_text() if value == "-" else value)
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


for _command in _OTHERS:
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


def _parsed(text: str) -> Any:
    try:
        return parse_json(text)
    except InvalidValue as error:
        if text.lstrip()[:1] in ("{", "[", '"', "") or _NUMBER.fullmatch(text):
            raise
        raise click.ClickException(f"{error}; a text goes in double quotes, as in '\"pending\"'") from None


def _standard_input_text() -> str:
    try:
        return standard_input().read().decode()
    except UnicodeDecodeError as error:
        raise click.ClickException(f"standard input is not UTF-8 at byte {error.start}") from None
