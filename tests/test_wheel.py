"""The wheel works in an empty virtual environment, away from the checkout."""

from __future__ import annotations

import re
import subprocess
import sys
import urllib.request
import zipfile
from pathlib import Path

import pytest

from tests.processes import running

CHECKOUT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    _pip(sys.executable, "wheel", "--no-deps", "--wheel-dir", str(folder), str(CHECKOUT))
    (built,) = folder.glob("stepstate-*.whl")
    return built


def test_the_wheel_carries_templates_static_files_and_the_schema_inside_its_two_packages(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == {"store", "dashboard"}
    assert {"store/backends/schema.sql", "store/py.typed", "dashboard/py.typed"} <= names
    for folder in ("templates", "static"):
        files = {f"dashboard/{path.relative_to(CHECKOUT)}" for path in (CHECKOUT / folder).rglob("*") if path.is_file()}
        assert files
        assert files <= names


def test_the_installed_wheel_serves_pages(wheel: Path, tmp_path: Path) -> None:
    python = tmp_path / "venv/bin/python"
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    _pip(python, "install", "--require-hashes", "-r", str(CHECKOUT / "requirements.lock"))
    _pip(python, "install", "--no-deps", str(wheel))
    _pip(python, "check")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    with running(tmp_path / "venv/bin/stepstate", "demo", "--port", "0", cwd=elsewhere) as address:
        page = _read(f"{address}/groups/orders")
        assert "order-0001" in page
        for asset in re.findall(r'(?:src|href)="(/static/[^"]+)"', page):
            assert _read(address + asset)


def _pip(python: str | Path, *arguments: str) -> None:
    subprocess.run([python, "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments], check=True)


def _read(url: str) -> str:
    with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310  an address of ours
        text: str = answer.read().decode()
    return text
