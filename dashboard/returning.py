"""Back to where somebody was: which URLs are pages of this application, and whether what they are about is there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from starlette.routing import Match

from dashboard.urls import Urls, decode_name

if TYPE_CHECKING:
    from starlette.requests import Request

    from store import Store

# No host, nothing that browsers leave out or take for a slash, and nothing that is decoded to another path.
_PAGE: Final = re.compile(r"(/[A-Za-z0-9_~:.-]+)*/?(\?[!-\[\]-~]*)?")


def own_page(request: Request, url: str) -> str:
    """The URL, path and query, if it is below the application's own root; else "", because it may lead anywhere."""
    inside = url.startswith(Urls.of(request).groups()) and _PAGE.fullmatch(url)
    return url if inside and "/../" not in f"{url.partition('?')[0]}/" else ""


def is_there(request: Request, store: Store, url: str) -> bool:
    """Whether the group and the item that one of our pages is about are there; so is what is about neither."""
    names = _names_in(request, url.partition("?")[0])
    group_id, key = (decode_name(names[part]) if part in names else None for part in ("group", "key"))
    if group_id is None:
        return "group" not in names
    return (store.group(group_id) if key is None else store.item(group_id, key)) is not None


def _names_in(request: Request, path: str) -> dict[str, Any]:
    scope = {"type": "http", "method": "GET", "path": path, "root_path": request.scope.get("root_path", "")}
    matches = (route.matches(scope) for route in request.app.routes)
    names: dict[str, Any] = next((child["path_params"] for found, child in matches if found is Match.FULL), {})
    return names
