"""The commands that end groups: clear, cleanup and its saved rules, finish and reopen."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

import click

from dashboard import formats
from dashboard.cli_shared import Duration, existing_store, print_groups, print_table, url_option
from dashboard.cli_trash import how_to_restore, new_id, undo_option
from store import Rule

if TYPE_CHECKING:
    from collections.abc import Callable

    from store import CleanupReport, Store

_CONDITIONS = (
    click.option("--idle", type=Duration(), help="Groups that have not changed for so long."),
    click.option("--finished/--unfinished", default=None, help="Groups that are marked finished, or are not."),
    click.option("--match", metavar="PATTERN", help="Groups whose name fits a pattern such as 'wf-*'."),
    click.option("--empty/--not-empty", default=None, help="Groups that hold no item, or hold one."),
)


def _conditions(command: Callable[..., None]) -> Callable[..., None]:
    """The options that choose groups."""
    for option in reversed(_CONDITIONS):
        command = option(command)
    return command


@click.command()
@url_option
@undo_option
@click.argument("group")
def clear(url: str | None, undo: bool, group: str) -> None:
    """Remove all items of GROUP."""
    kept_as = undo and new_id()
    with existing_store(url) as store:
        if store.group(group) is None:
            raise _no_such_group(group)
        items = formats.count(store.clear(group, undo=kept_as), "item")
        click.echo(f"cleared {items}{how_to_restore(store, kept_as)}")


@click.command()
@url_option
@_conditions
@click.option("--rule", metavar="NAME", help="The conditions that were saved under this name.")
@click.option("--dry-run", is_flag=True, help="Only say what would be cleared.")
@undo_option
def cleanup(url: str | None, rule: str | None, dry_run: bool, undo: bool, **conditions: Any) -> None:
    """Clear every group that fits all the conditions given.

    Empty groups (--empty) are removed with their default TTL. Groups whose names begin with "stepstate:" are the
    store's own: they stay unless the pattern begins so too.
    """
    if rule is not None and any(value is not None for value in conditions.values()):
        raise click.UsageError("--rule has conditions of its own and takes no others")
    kept_as = undo and new_id()
    with existing_store(url) as store:
        chosen = conditions if rule is None else _saved(store, rule).arguments
        report = store.cleanup(**chosen, dry_run=dry_run, undo=kept_as)
        if report.groups:
            print_groups(report.groups, store.now())
        done = "would clear" if dry_run else "cleared"
        click.echo(f"{done} {_summed_up(report)}{how_to_restore(store, kept_as)}")


@click.command()
@url_option
@click.option("--keep-for", type=Duration(), help="Clear it by itself after so long.")
@click.argument("group")
def finish(url: str | None, keep_for: float | None, group: str) -> None:
    """Mark GROUP as finished, for cleanups of finished groups."""
    with existing_store(url) as store:
        if not store.finish(group, keep_for=keep_for):
            raise _no_such_group(group)
    later = "" if keep_for is None else f"; it is cleared in {formats.short_duration(keep_for)}"
    click.echo(f"finished {formats.oneline(group)}{later}")


@click.command()
@url_option
@click.argument("group")
def reopen(url: str | None, group: str) -> None:
    """Take back that GROUP is finished."""
    with existing_store(url) as store:
        if not store.reopen(group):
            raise _no_such_group(group)
    click.echo(f"reopened {formats.oneline(group)}")


@click.group("rule", no_args_is_help=False)
def rules() -> None:
    """Save conditions for `cleanup --rule NAME`, drop or list them."""


@rules.command("save")
@url_option
@_conditions
@click.argument("name")
def save_rule(url: str | None, name: str, **conditions: Any) -> None:
    """Save conditions under NAME, in place of those it had."""
    rule = Rule(name, **conditions)
    with existing_store(url) as store:
        store.save_rule(rule)
        report = store.cleanup(**rule.arguments, dry_run=True)
    click.echo(f"saved {name}; now it would clear {_summed_up(report)}")


@rules.command("drop")
@url_option
@click.argument("name")
def drop_rule(url: str | None, name: str) -> None:
    """Forget the conditions saved under NAME."""
    with existing_store(url) as store:
        if not store.drop_rule(name):
            raise _no_such_rule(name)
    click.echo(f"dropped {formats.oneline(name)}")


@rules.command("list")
@url_option
def list_rules(url: str | None) -> None:
    """List what is saved."""
    with existing_store(url) as store:
        saved = store.rules()
    print_table(("NAME", "CONDITIONS"), [(rule.name, _options(rule)) for rule in saved])


def _saved(store: Store, name: str) -> Rule:
    rule = store.rule(name)
    if rule is None:
        raise _no_such_rule(name)
    return rule


def _options(rule: Rule) -> str:
    """A rule's conditions as `cleanup` takes them."""
    options = [] if rule.idle is None else [f"--idle {formats.short_duration(rule.idle)}"]
    if rule.finished is not None:
        options.append("--finished" if rule.finished else "--unfinished")
    if rule.match is not None:
        options.append(f"--match {formats.oneline(shlex.quote(rule.match))}")
    if rule.empty is not None:
        options.append("--empty" if rule.empty else "--not-empty")
    return " ".join(options)


def _summed_up(report: CleanupReport) -> str:
    groups, items = formats.count(len(report.groups), "group"), formats.count(report.items, "item")
    return f"{groups}: {items}, {formats.size(report.size)}"


def _no_such_group(group: str) -> click.ClickException:
    return click.ClickException(f"there is no group {group!r}")


def _no_such_rule(name: str) -> click.ClickException:
    return click.ClickException(f"there is no saved rule {name!r}")
