"""Who may do what: the tokens, and the session that a browser gets for one."""

from __future__ import annotations

import hmac
import secrets
import time
from collections.abc import Callable
from enum import Enum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from starlette.requests import Request

SESSION_SECONDS: Final = 30 * 24 * 3600
ACCESS: Final = "stepstate.access"
"""Where a request's scope holds its Access. No client can write there."""


class Access(Enum):
    """What somebody may do: look at everything, or change it too."""

    READ = "read"
    FULL = "full"


def access_of(request: Request) -> Access | None:
    """The access that a request was found to have; None before it was looked at, and where none is needed."""
    access: Access | None = request.scope.get(ACCESS)
    return access


class Tokens:
    """The tokens of a dashboard, and sessions signed with them.

    A session holds no token, and every process with the same tokens takes it; with another token it is worth nothing.
    """

    def __init__(self, full: str | None, read: str | None, clock: Callable[[], float] = time.time) -> None:
        """`clock` gives seconds since 1970.

        Raises:
            ValueError: for a token that cannot be one, and for the same token twice.
        """
        tokens = {Access.FULL: full, Access.READ: read}
        given = {access: _checked(token) for access, token in tokens.items() if token is not None}
        if len(set(given.values())) < len(given):
            raise ValueError("the token and the read-only token are the same")
        self._clock = clock
        self._digests = {access: _digest(token, b"token") for access, token in given.items()}
        self._keys = {access: _digest(token, f"session {access.value}".encode()) for access, token in given.items()}
        # Cookies are shared by all ports of a host: two dashboards there log nobody out of the other.
        self.cookie = f"stepstate_{_digest(b'|'.join(self._keys.values()), b'cookie').hex()[:8]}"

    def access(self, token: bytes) -> Access | None:
        """What a token allows. It takes the same time for every wrong one."""
        digest = _digest(token, b"token")
        fits = [access for access, known in self._digests.items() if hmac.compare_digest(known, digest)]
        return fits[0] if fits else None

    def session(self, access: Access) -> str:
        """A new session, good for SESSION_SECONDS."""
        said = f"{access.value}.{int(self._clock()) + SESSION_SECONDS}.{secrets.token_hex(8)}"
        return f"{said}.{self._signature(access, said)}"

    def access_of_session(self, session: str) -> Access | None:
        """What a session allows; None if it is over or none of ours."""
        said, _, signature = session.rpartition(".")
        for access in self._keys:
            if hmac.compare_digest(self._signature(access, said).encode(), signature.encode()):
                return access if int(said.split(".")[1]) > self._clock() else None
        return None

    def _signature(self, access: Access, said: str) -> str:
        return _digest(self._keys[access], said.encode()).hex()


def _checked(token: str) -> bytes:
    if not token or not token.isprintable() or any(map(str.isspace, token)):
        raise ValueError("a token is a text without spaces, and not empty")
    return token.encode()


def _digest(key: bytes, said: bytes) -> bytes:
    return hmac.digest(key, said, "sha256")
