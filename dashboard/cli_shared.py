"""What the commands share: the --url option, durations, opening a store, tables, and the standard streams."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from dashboard import formats
from dashboard.expiry import parse_ttl
from store import NEVER, InvalidTTL, open_store

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from store import GroupInfo, Store

_HEADS = ("GROUP", "ITEMS", "SIZE", "IDLE", "NEXT EXPIRY", "STATE")

url_option = click.option(
    "--url", metavar="URL", help="The store [default: $STEPSTATE_URL, else sqlite:///.stepstate/state.db]."
)


class Duration(click.ParamType[Any]):
    """Seconds of `90`, `90s`, `5m`, `2h` or `7d`; `never` gives NEVER where it is allowed."""

    name = "duration"

    def __init__(self, *, never: bool = False) -> None:
        self._never = never

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float | object:
        try:
            lifetime = parse_ttl(value)
        except InvalidTTL as error:
            self.fail(str(error), param, ctx)
        if lifetime is NEVER and not self._never:
            self.fail("never is no duration", param, ctx)
        return lifetime


def existing_store(url: str | None) -> Store:
    """A store to look into or clean up: one that is not there is an error, not an empty new one."""
    return any_store(url, create=False)


def any_store(url: str | None, *, create: bool) -> Store:
    """A store on disk, without a sweeper; made if it is not there and `create`.

    Raises:
        click.ClickException: it is one of memory only.
    """
    store = open_store(url, sweep_interval=None, create=create)
    if store.location == "memory":
        raise click.ClickException("memory:// holds nothing beyond one process; name a store on disk with --url")
    return store


def all_groups(store: Store, search: str = "") -> Iterator[GroupInfo]:
    """Every group whose name contains `search`, in the order of their names."""
    page = store.groups(search=search, limit=1000)
    yield from page.items
    while page.next is not None:
        page = store.groups(search=search, limit=1000, after=page.next)
        yield from page.items


def print_groups(groups: Iterable[GroupInfo], now: datetime) -> None:
    """Print a table of groups."""
    print_table(_HEADS, [_row(group, now) for group in groups])


def print_table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows in columns under their heads."""
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    for row in (heads, *rows):
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def standard_input() -> BinaryIO:
    """Standard input as bytes."""
    if sys.stdin is None:  # closed, as with <&-
        raise click.ClickException("standard input is closed")
    return sys.stdin.buffer


def standard_output() -> BinaryIO:
    """Standard output as bytes."""
    if sys.stdout is None:  # closed, as with >&-
        raise click.ClickException("standard output is closed")
    return sys.stdout.buffer


def _row(group: GroupInfo, now: datetime) -> tuple[str, ...]:
    expiry = "never" if group.next_expiry is None else formats.rough((group.next_expiry - now).total_seconds())
    idle = formats.rough((now - group.updated_at).total_seconds())
    state = "finished" if group.finished_at else "open"
    about = "≈ " if group.approximate else ""
    items, size = f"{about}{formats.number(group.items)}", f"{about}{formats.size(group.size)}"
    return formats.oneline(group.id), items, size, idle, expiry, state
