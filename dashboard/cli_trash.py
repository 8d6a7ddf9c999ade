"""The commands over what was removed: listing it and bringing it back; and the option of others to keep it."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import click

from dashboard import formats
from dashboard.cli_shared import existing_store, print_table, url_option
from store import RestoreConflict

if TYPE_CHECKING:
    from datetime import datetime

    from store import Store, TrashEntry

undo_option = click.option(
    "--undo", is_flag=True, help="Keep what is removed for 10 minutes, and say how to restore it."
)

_HEADS = ("ID", "ACTION", "WHAT", "ITEMS", "SIZE", "LEFT")


def new_id() -> str:
    """An id for the trash that is easy to pass to `restore`: it never begins with a dash."""
    return secrets.token_hex(8)


def how_to_restore(store: Store, undo: str | bool) -> str:
    """What to add to a command's answer, if it has kept anything under that id."""
    kept = isinstance(undo, str) and store.trash_entry(undo) is not None
    return f"; to undo it within 10 minutes: stepstate restore {undo}" if kept else ""


@click.command()
@url_option
def trash(url: str | None) -> None:
    """List what can be restored, the latest first."""
    with existing_store(url) as store:
        now, page = store.now(), store.trash(limit=1000)
        entries = page.items
        while page.next is not None:
            page = store.trash(limit=1000, after=page.next)
            entries += page.items
    print_table(_HEADS, [_row(entry, now) for entry in entries])


@click.command()
@url_option
@click.option("--skip-conflicts", is_flag=True, help="Leave what was changed since.")
@click.option("--overwrite", is_flag=True, help="Replace what was changed since.")
@click.argument("id")
def restore(url: str | None, skip_conflicts: bool, overwrite: bool, id: str) -> None:
    """Bring back what was removed under ID, with the time to live it had left.

    If any of it was changed since, nothing is restored unless an option says how.
    """
    if skip_conflicts and overwrite:
        raise click.UsageError("--skip-conflicts and --overwrite exclude each other")
    with existing_store(url) as store:
        try:
            report = store.restore(id, on_conflict="skip" if skip_conflicts else "overwrite" if overwrite else "raise")
        except RestoreConflict as error:
            raise click.ClickException(
                f"{error}; --skip-conflicts leaves these, --overwrite replaces what is there now"
            ) from None
    left = f"; {formats.count(report.left, 'item')} left in the trash" if report.left else ""
    click.echo(f"restored {formats.count(report.items, 'item')}{left}")


def _row(entry: TrashEntry, now: datetime) -> tuple[str, ...]:
    left = formats.rough((entry.until - now).total_seconds())
    return entry.id, entry.action, _what(entry), formats.number(entry.items), formats.size(entry.size), left


def _what(entry: TrashEntry) -> str:
    if entry.group_id is None:
        return formats.count(entry.groups, "group")
    group = formats.oneline(entry.group_id)
    if entry.key is None or entry.action in ("clear", "cleanup"):  # also where it held a single item
        return group
    return f"{formats.oneline(entry.key)} of {group}"
