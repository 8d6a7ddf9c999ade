"""How a request shows what access it has: by a token or a session, or as the host application says."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Protocol

from starlette.concurrency import run_in_threadpool

from dashboard.access import Access, Tokens

if TYPE_CHECKING:
    from starlette.requests import Request

    from dashboard.throttle import Throttle

Authorize = Callable[["Request"], Access | Awaitable[Access | None] | None]


class Door(Protocol):
    """Says what a request may do."""

    async def access(self, request: Request) -> Access | None:
        """Its access; None if it has none."""


class Open:
    """Lets everybody in."""

    async def access(self, _request: Request) -> Access | None:
        """All there is."""
        return Access.FULL


class HostDoor:
    """Asks the host application."""

    def __init__(self, authorize: Authorize) -> None:
        self._authorize = authorize

    async def access(self, request: Request) -> Access | None:
        """What the host application says; a callable that is no coroutine function runs in the thread pool.

        Raises:
            TypeError: for an answer that is none, which gives nobody access.
        """
        if inspect.iscoroutinefunction(self._authorize):
            said = await self._authorize(request)
        else:
            said = await run_in_threadpool(self._authorize, request)
            said = await said if inspect.isawaitable(said) else said
        if said is not None and not isinstance(said, Access):
            raise TypeError(f"authorize returns Access.FULL, Access.READ or None, not {type(said).__name__}")
        return said


class TokenDoor:
    """Looks for `Authorization: Bearer`, then for the cookie of a session."""

    def __init__(self, tokens: Tokens, throttle: Throttle) -> None:
        self.tokens = tokens
        self._throttle = throttle

    async def access(self, request: Request) -> Access | None:
        """What the token or else the session of a request allows.

        Raises:
            HTTPException: 429 for guesses that come too fast.
        """
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return self.try_token(request, token.strip().encode("latin-1"))
        return self.tokens.access_of_session(request.cookies.get(self.tokens.cookie, ""))

    def try_token(self, request: Request, token: bytes) -> Access | None:
        """What a token that somebody sent allows.

        Raises:
            HTTPException: 429 for guesses that come too fast.
        """
        address = request.client.host if request.client else ""
        self._throttle.check(address)
        access = self.tokens.access(token)
        if access is None:
            self._throttle.wrong(address)
        elif access is Access.FULL:  # with the other one could go on guessing
            self._throttle.right(address)
        return access
