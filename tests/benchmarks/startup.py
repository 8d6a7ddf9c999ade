"""What a program waits for before its first call: importing a library and opening it, in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.benchmarks.rounds import Figure, Row, Settings

FOREIGN = ("starlette", "redis")  # nobody who only stores state should wait for these

_SCRIPT = """
import json, sys
from time import perf_counter
path = sys.argv[1]
start = perf_counter()
{opening}
took = perf_counter() - start
print(json.dumps([took, sorted(sys.modules)]))
"""
_OPENINGS = {
    "stepstate": "from store import open_store; opened = open_store(f'sqlite:///{path}/state.db')",
    "stepstate memory": "from store import open_store; opened = open_store('memory://')",
    "diskcache": "from diskcache import Cache; opened = Cache(path)",
    "py-key-value disk": "from key_value.aio.stores.disk import DiskStore; opened = DiskStore(directory=path)",
    "sqlitedict": "from sqlitedict import SqliteDict; opened = SqliteDict(f'{path}/dict.sqlite')",
    "LMDB": "import lmdb; opened = lmdb.open(path)",
}


def _opened(opening: str, path: Path) -> tuple[float, list[str]]:
    path.mkdir(exist_ok=True)
    command = [sys.executable, "-c", _SCRIPT.format(opening=opening), str(path)]
    took, modules = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    return took, modules


def _foreign_modules() -> int:
    with TemporaryDirectory() as folder:
        _, modules = _opened("import store", Path(folder))
    return sum(module in modules for module in FOREIGN)


def run(settings: Settings, wanted: Callable[[str], bool]) -> Iterator[Row]:
    """Import and open, of a path where nothing is and of one that is there."""
    if not wanted("startup"):
        return
    new = {name: Figure([]) for name in _OPENINGS}
    existing = {name: Figure([]) for name in _OPENINGS}
    with TemporaryDirectory(dir=settings.folder) as folder:
        for turn in range(-1, settings.rounds):
            for name, opening in _OPENINGS.items():
                path = Path(folder) / f"{name} {turn}"
                first, second = _opened(opening, path)[0], _opened(opening, path)[0]
                if turn >= 0:  # the turn before reads the libraries from disk
                    new[name].rounds.append(first * 1e6)
                    existing[name].rounds.append(second * 1e6)
    yield Row("startup-new", "import and open, nothing there", new)
    yield Row("startup-existing", "import and open, existing", existing)
    loaded = f"{' and '.join(FOREIGN)}: how many `import store` loads"
    yield Row("startup-foreign", loaded, {"stepstate": Figure([_foreign_modules()])})
