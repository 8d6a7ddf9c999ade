"""The files under static/, as browsers get them: compressed, and under URLs that may be kept for a year.

All are read once, when the first page is made. A URL holds a digest of them all: files name each other by relative URLs
(modules import modules), so what a page loads is of one version, whichever it was made with.
"""

from __future__ import annotations

import functools
import gzip
import hashlib
import posixpath
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from starlette.exceptions import HTTPException
from starlette.responses import Response

from dashboard.compression import takes_gzip
from dashboard.resources import resources

if TYPE_CHECKING:
    from starlette.requests import Request

_FOREVER: Final = "public, max-age=31536000, immutable"
_VERSION: Final = re.compile(r"[0-9a-f]{12}")
_TYPES: Final = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".json": "application/json"}
_IMPORT: Final = re.compile(rb'^import[^;"(]*"(\.[^"]+)"', re.MULTILINE)  # but not import(), which loads later


@dataclass(frozen=True)
class File:
    """A file's content, and what is said of it."""

    content: bytes
    media_type: str

    @functools.cached_property
    def digest(self) -> str:
        """What differs if the content does."""
        return hashlib.sha256(self.content).hexdigest()[:16]

    @functools.cached_property
    def compressed(self) -> bytes:
        """The content as gzip, as small as that gets."""
        return gzip.compress(self.content, 9, mtime=0)

    def etag(self, *, compressed: bool) -> str:
        """The name of the content as it is sent."""
        return f'"{self.digest}-gzip"' if compressed else f'"{self.digest}"'


class Statics:
    """The files of a folder as they are now, by their paths in it; `version` is their digest."""

    def __init__(self, folder: Path) -> None:
        paths = sorted(path for path in folder.rglob("*") if path.is_file())
        self._files = {
            path.relative_to(folder).as_posix(): File(path.read_bytes(), _TYPES.get(path.suffix, "text/plain"))
            for path in paths
        }
        names = "\n".join(f"{file.digest} {name}" for name, file in self._files.items())
        self.version = hashlib.sha256(names.encode()).hexdigest()[:12]

    def find(self, path: str) -> tuple[File, bool] | None:
        """The file of a URL's path, and whether that names this version; None if there is no such file.

        Another version gets the file as it is now: a page that was opened before an update goes on, and of several
        processes that are updated one by one each answers. Only this version may be kept.
        """
        version, _, name = path.partition("/")
        found = self._files.get(name if _VERSION.fullmatch(version) else path)
        return None if found is None else (found, version == self.version)

    def modules(self, entry: str) -> list[str]:
        """What a module imports, and those import, at once: a browser that is told need not find out one by one."""
        found: dict[str, None] = {}
        remaining = [entry]
        while remaining:
            name = remaining.pop()
            for imported in _IMPORT.findall(self._files[name].content):
                path = posixpath.normpath(posixpath.join(posixpath.dirname(name), imported.decode()))
                if path not in found:
                    found[path] = None
                    remaining.append(path)
        return sorted(found)


@functools.cache
def statics() -> Statics:
    """The files under static/."""
    return Statics(resources("static"))


def serve(request: Request) -> Response:
    """GET: a file under static/. No Mount: that would change the root that an error page's links start from.

    Raises:
        HTTPException: 404.
    """
    found = statics().find(request.path_params["path"])
    if found is None:
        raise HTTPException(404)
    file, is_current = found
    compressed = takes_gzip(request)
    headers = {"ETag": file.etag(compressed=compressed), "Vary": "Accept-Encoding"}
    if is_current:
        headers["Cache-Control"] = _FOREVER
    if headers["ETag"] in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    if not compressed:
        return Response(file.content, 200, headers, file.media_type)
    return Response(file.compressed, 200, {**headers, "Content-Encoding": "gzip"}, file.media_type)
