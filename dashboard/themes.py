"""Whether pages are light or dark: as the system is, unless the browser remembers a choice, in a cookie."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, TypeAlias

if TYPE_CHECKING:
    from starlette.requests import Request

Theme: TypeAlias = Literal["system", "light", "dark"]
THEMES: Final[tuple[Theme, ...]] = ("system", "light", "dark")
COOKIE: Final = "stepstate_theme"


def theme_of(request: Request) -> Theme:
    """The theme that was chosen last."""
    return theme_named(request.cookies.get(COOKIE, ""))


def theme_named(name: str) -> Theme:
    """The theme of that name; for anything else, the system's."""
    return next((theme for theme in THEMES if theme == name), "system")
