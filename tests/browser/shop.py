"""A store in a file with some orders, and the dashboard over it in a process of its own."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path

from store import Store, open_store
from tests.processes import running


@contextlib.contextmanager
def shop(folder: Path, *options: str) -> Iterator[tuple[str, Store]]:
    """The dashboard's address, and the store as another process sees it: 120 orders, 80 of them paid."""
    url = f"sqlite:///{folder / 'state.db'}"
    with open_store(url, sweep_interval=None) as state:
        state.set_many("orders", {f"o-{n:03}": {"status": "paid" if n % 3 else "new"} for n in range(120)}, ttl=600)
        with running(sys.executable, "-m", "dashboard", "serve", "--port", "0", *options, url, cwd=folder) as address:
            yield address, state
