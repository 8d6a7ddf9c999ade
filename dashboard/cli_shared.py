"""What the commands share: the --url option, opening a store, and the standard streams."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, BinaryIO

import click

from store import open_store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from store import GroupInfo, Store

url_option = click.option(
    "--url", metavar="URL", help="The store [default: $STEPSTATE_URL, else sqlite:///.stepstate/state.db]."
)


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
