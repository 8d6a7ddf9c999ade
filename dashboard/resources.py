"""Where the files lie that the pages are made with."""

from __future__ import annotations

from pathlib import Path


def resources(name: str) -> Path:
    """The folder `templates` or `static`: inside this package when installed, beside it in a checkout."""
    package = Path(__file__).parent
    inside = package / name
    return inside if inside.is_dir() else package.parent / name
