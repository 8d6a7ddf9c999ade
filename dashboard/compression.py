"""Answers made smaller for browsers that take gzip."""

from __future__ import annotations

import gzip
import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

_LEAST: Final = 500  # bytes: less fits into one packet anyway
_LEVEL: Final = 4  # a page is compressed for each request: more takes twice as long for a twentieth less
_REFUSED: Final = re.compile(r"q=0(\.0*)?")


def takes_gzip(request: Request) -> bool:
    """Whether a browser takes gzip; one that rather has something else, but takes it, does."""
    parts = (part.partition(";") for part in request.headers.get("accept-encoding", "").lower().split(","))
    weights = {name.strip(): weight.replace(" ", "") for name, _, weight in parts}
    return "gzip" in weights and not _REFUSED.fullmatch(weights["gzip"])


def compress(request: Request, response: Response) -> None:
    """Compress a page.

    That its length tells of both what a URL asks for and what is stored (BREACH) helps nobody: another site cannot have
    a page made with somebody's access, since cookies are for this site only, and no page holds a token.
    """
    response.headers.add_vary_header("Accept-Encoding")
    if len(response.body) >= _LEAST and takes_gzip(request):
        response.body = gzip.compress(response.body, _LEVEL, mtime=0)
        response.headers["Content-Encoding"] = "gzip"
        response.headers["Content-Length"] = str(len(response.body))
