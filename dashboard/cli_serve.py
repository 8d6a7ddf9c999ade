"""The commands that serve the dashboard."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from typing import Any

import click
from click.core import ParameterSource

from dashboard.demo import running_demo
from dashboard.serving import Serving
from dashboard.serving import serve as serve_dashboard
from store import open_store

_ROOT = re.compile(r"(/[A-Za-z0-9_~:-][A-Za-z0-9_~:.-]*)*/?")
_OPTIONS = (
    click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on."),
    click.option(
        "--port", default=8040, show_default=True, type=click.IntRange(0, 65535), help="0 takes any free one."
    ),
    click.option("--token", envvar="STEPSTATE_TOKEN", help="Whoever has it may do everything [default: see below]."),
    click.option(
        "--read-only-token", envvar="STEPSTATE_READ_ONLY_TOKEN", help="Whoever has it may look at everything."
    ),
    click.option("--read-only", is_flag=True, help="Nobody may change anything."),
    click.option("--no-auth", is_flag=True, help="Whoever reaches the address may do everything."),
    click.option(
        "--allow-host",
        "allow_hosts",
        metavar="NAME",
        multiple=True,
        help="A host name that it is reached by; repeatable.",
    ),
    click.option("--root-path", metavar="PATH", default="", help="The path that a proxy serves it under."),
)


def _serving(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of serving, as one argument."""

    @functools.wraps(command)
    def with_serving(**given: Any) -> None:
        own = {name: given.pop(name) for name in ("url",) if name in given}
        command(**own, serving=_checked(**given))

    return functools.reduce(lambda wrapped, option: option(wrapped), reversed(_OPTIONS), with_serving)


@click.command()
@click.argument("url", required=False)
@_serving
def serve(url: str | None, serving: Serving) -> None:
    """Serve the dashboard over the store at URL, made if it is not there.

    On a loopback address there is no login unless a token is given. On any other there is one: without --token or
    $STEPSTATE_TOKEN a token is made and printed, unless --no-auth says that everybody may do everything.
    """
    with open_store(url) as store:
        serve_dashboard(store, serving)


@click.command()
@_serving
def demo(serving: Serving) -> None:
    """Serve the dashboard over a small order workflow that runs in a temporary store."""
    with running_demo() as store:
        serve_dashboard(store, serving)


def _checked(*, no_auth: bool, token: str | None, read_only_token: str | None, root_path: str, **rest: Any) -> Serving:
    context = click.get_current_context()
    for name in ("token", "read_only_token") if no_auth else ():
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            raise click.UsageError("--no-auth and a token contradict each other")
    if not _ROOT.fullmatch(root_path):
        raise click.UsageError(f"--root-path is like /tools/state, not {root_path!r}")
    tokens = (None, None) if no_auth else (token or None, read_only_token or None)
    return Serving(*tokens, no_auth=no_auth, root_path=root_path, **rest)
