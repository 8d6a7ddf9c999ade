"""The stepstate command as a process of its own."""

from __future__ import annotations

import contextlib
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def running(*command: str | Path, cwd: Path) -> Iterator[str]:
    """Run a command that serves the dashboard; gives the address that it prints, and ends it with the block."""
    with subprocess.Popen(command, cwd=cwd, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            address = re.search(r"http://[^ ]+", line)
            assert address, f"the command printed {line!r} and no address"
            yield address[0]
        finally:
            process.terminate()
            process.wait(timeout=20)
