"""An item that is not there: its group's list is shown all the same, and the pane beside it says so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dashboard.pages.errors import NoItem
from dashboard.pages.panes import render_side

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response


@dataclass(frozen=True, slots=True)
class GoneSide:
    """What is said in place of an item."""

    group_id: str
    opened: str
    message: str
    item: None = None
    gone: bool = True
    tab: str = ""
    template: str = "partials/side_gone.html"

    @property
    def title(self) -> str:
        """The item's key."""
        return self.opened


def show(request: Request, error: Exception) -> Response:
    """The page for an item that is not there."""
    assert isinstance(error, NoItem)  # noqa: S101  Starlette calls it for nothing else
    response = render_side(request, GoneSide(error.group_id, error.key, error.detail), 404)
    response.headers["HX-Retarget"] = "#page"  # whatever part of the item's page was asked for
    response.headers["HX-Reswap"] = "innerHTML"
    return response
