"""Serving under a path, behind a proxy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import RedirectResponse

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send


class Rooted:
    """ASGI middleware for an application whose users see it under a path: all of its links start from there.

    It does not matter whether the proxy strips the path from what it passes on or keeps it.
    """

    def __init__(self, app: ASGIApp, root: str) -> None:
        """`root` is "/tools/state", say; "" or "/" for none."""
        self._app = app
        self._root = root.rstrip("/")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._root and scope["type"] != "lifespan":
            path = scope["path"]
            if path == self._root:
                await RedirectResponse(f"{self._root}/")(scope, receive, send)
                return
            kept = path.startswith(f"{self._root}/")
            scope = {**scope, "root_path": self._root, "path": path if kept else f"{self._root}{path}"}
        await self._app(scope, receive, send)
