"""Running the dashboard on an address of this machine."""

from __future__ import annotations

import signal
import socket
from typing import TYPE_CHECKING

import click
import uvicorn

from dashboard.app import create_app

if TYPE_CHECKING:
    from types import FrameType

    from store import Store

_LOOPBACK = ("127.", "::1")


def serve(store: Store, host: str, port: int) -> None:
    """Serve the dashboard until Ctrl+C or SIGTERM; prints its address. Port 0 takes any free one.

    Raises:
        click.ClickException: the address cannot be had.
    """
    signal.signal(signal.SIGTERM, _interrupt)  # uvicorn hands signals on when it is done: end as with Ctrl+C
    with _listen(host, port) as listening:
        address, bound = listening.getsockname()[:2]
        shown = f"[{address}]" if ":" in address else address
        click.echo(f"stepstate is at http://{shown}:{bound} (store: {store.location}). Ctrl+C stops it.")
        if not address.startswith(_LOOPBACK):
            click.echo("warning: there is no login; whoever reaches this address can change the store", err=True)
        config = uvicorn.Config(create_app(store), log_level="warning", access_log=False)
        try:
            uvicorn.Server(config).run(sockets=[listening])
        except KeyboardInterrupt:
            click.echo("stopped")


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
