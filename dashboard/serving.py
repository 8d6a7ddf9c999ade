"""Running the dashboard on an address of this machine."""

from __future__ import annotations

import secrets
import signal
import socket
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import click
import uvicorn
from starlette.routing import Route

from dashboard.app import create_app
from dashboard.rooted import Rooted
from dashboard.security import is_loopback

if TYPE_CHECKING:
    from collections.abc import Collection
    from types import FrameType

    from store import Store

_ANY = ("0.0.0.0", "::")  # noqa: S104  compared with, not bound to


@dataclass(frozen=True, slots=True)
class Serving:
    """Where the dashboard listens, and who may do what there; as the options of `stepstate serve`."""

    token: str | None = None
    read_only_token: str | None = None
    host: str = "127.0.0.1"
    port: int = 8040
    read_only: bool = False
    no_auth: bool = False
    allow_hosts: tuple[str, ...] = ()
    root_path: str = ""

    @property
    def locked(self) -> bool:
        """Whether it takes a token to get in."""
        return bool(self.token or self.read_only_token)

    def needs_token(self, address: str) -> bool:
        """Whether one has to be made for this address."""
        wanted = self.read_only_token or not is_loopback(address)
        return bool(wanted and not self.no_auth and not self.token and not (self.read_only_token and self.read_only))

    def hosts(self, address: str) -> Collection[str] | None:
        """The names that it answers to; None for all, since a session is bound to the name that it was had by."""
        names = {self.host, socket.gethostname(), socket.getfqdn()} if not is_loopback(address) else set()
        return None if self.locked and not self.allow_hosts else {*map(str.lower, names), *self.allow_hosts}


def serve(store: Store, serving: Serving) -> None:
    """Serve the dashboard until Ctrl+C or SIGTERM; prints its address. Port 0 takes any free one.

    Raises:
        click.ClickException: the address cannot be had, or a token cannot be one.
    """
    signal.signal(signal.SIGTERM, _interrupt)  # uvicorn hands signals on when it is done: end as with Ctrl+C
    with _listen(serving.host, serving.port) as listening:
        address, port = listening.getsockname()[:2]
        made = secrets.token_urlsafe(24) if serving.needs_token(address) else None
        serving = replace(serving, token=made or serving.token, port=port)
        app = _app(store, serving, address)
        click.echo(f"stepstate is at {_url(address, serving)} (store: {store.location}). Ctrl+C stops it.")
        _tell(serving, address, made)
        try:
            uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False)).run(sockets=[listening])
        except KeyboardInterrupt:
            click.echo("stopped")


def _app(store: Store, serving: Serving, address: str) -> Rooted:
    try:
        app = create_app(
            store,
            token=serving.token,
            read_only_token=serving.read_only_token,
            read_only=serving.read_only,
            allowed_hosts=serving.hosts(address),
        )
    except ValueError as error:
        raise click.ClickException(str(error)) from None
    own = {route.path.split("/")[1] for route in app.routes if isinstance(route, Route)}
    if serving.root_path.partition("/")[2].partition("/")[0] in own - {""}:  # then it is not clear what a proxy strips
        raise click.ClickException(f"--root-path {serving.root_path} begins like a path of the dashboard's own")
    return Rooted(app, serving.root_path)


def _tell(serving: Serving, address: str, made: str | None) -> None:
    """Say how to get in. A token that was given is known, and stays out of what may be logged."""
    if made:
        hosts = (socket.gethostname(), "127.0.0.1") if address in _ANY else (address,)
        click.echo(f"log in at {' or '.join(f'{_url(host, serving)}/login?token={made}' for host in hosts)}")
    elif serving.locked:
        click.echo("log in with the token")
    elif not is_loopback(address):
        can = "look at" if serving.read_only else "change"
        click.echo(f"warning: there is no login; whoever reaches this address can {can} the store", err=True)


def _url(host: str, serving: Serving) -> str:
    return f"http://{f'[{host}]' if ':' in host else host}:{serving.port}{serving.root_path.rstrip('/')}"


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listening = socket.socket(family, kind, protocol)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen()  # from here on a browser that opens the address waits instead of being refused
    except OSError as error:
        raise click.ClickException(f"cannot listen on {host} port {port}: {error.strerror}") from None
    except UnicodeError:
        raise click.ClickException(f"cannot listen on {host} port {port}: that is no name of a host") from None
    return listening


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
