"""What stands before every handler: cross-site requests are refused, and answers tell the browser what they may do."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException

if TYPE_CHECKING:
    from collections.abc import Collection

    from starlette.requests import Request
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_OTHER_HOST: Final = (
    "The dashboard does not answer to this host name. If it is yours, start stepstate with --allow-host NAME, "
    "or give create_app its allowed_hosts."
)
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


def check_origin(request: Request) -> None:
    """Refuse a changing request that another site's page made the browser send.

    Browsers say where a request comes from in Sec-Fetch-Site, or in Origin at least; what says neither is no browser.
    https://cheatsheetseries.owasp.org/cheatsheets/Cross-Site_Request_Forgery_Prevention_Cheat_Sheet.html

    Raises:
        HTTPException: 403.
    """
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site is not None:
        allowed = site in ("same-origin", "none")
    else:
        allowed = origin is None or _host_of(origin) == request.headers.get("host")
    if not allowed:
        raise HTTPException(403, "This request came from another site, so nothing was changed.")


def _host_of(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return None


def check_host(request: Request, allowed: Collection[str] | None, *, guess: bool) -> None:
    """Refuse a request that was sent to a name which is not ours: another site's name may lead here (DNS rebinding).

    An address instead of a name, and localhost, are always ours. Names are compared without ports; "*" allows all.
    Without `allowed`, all names are; but with `guess`, none are for a connection that this machine made to itself.

    Raises:
        HTTPException: 400.
    """
    if allowed is None and not (guess and is_loopback((request.scope.get("server") or ("",))[0])):
        return
    name = _name_of(request.headers.get("host", ""))
    if name != "localhost" and not _is_address(name) and not {name, "*"} & {*(allowed or ())}:
        raise HTTPException(400, _OTHER_HOST)


def is_loopback(address: str) -> bool:
    """Whether only this machine reaches an address."""
    return _is_address(address) and ipaddress.ip_address(address).is_loopback


def _name_of(host: str) -> str:
    """The name or address of a Host header, without brackets; "" if it is none."""
    try:
        return (urlsplit(f"//{host}").hostname or "").removesuffix(".")
    except ValueError:
        return ""


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


class SecurityHeaders:
    """ASGI middleware that adds the headers every answer carries."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(HEADERS)
                # Static files have an ETag and may be kept as long as they are asked for; pages are private.
                headers.setdefault("Cache-Control", "no-cache" if "etag" in headers else "no-store")
            await send(message)

        await self._app(scope, receive, send_with_headers)
