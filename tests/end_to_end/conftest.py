"""One finished smoke build, shared by all tests that look at a report or harm a copy of it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def copy_of_the_project(root: Path, without: str = "audit") -> Path:
    """The settings of the project in a folder of their own, without one of the reports and its experiments."""
    for folder in ("experiments", "report_templates"):
        shutil.copytree(ROOT / folder, root / folder, ignore=shutil.ignore_patterns(without))
    return root


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project's settings with its report built; first.pdf is the report as it was then."""
    if shutil.which("pdflatex") is None or shutil.which("latexmk") is None:
        pytest.skip("no TeX on this machine")
    root = copy_of_the_project(tmp_path_factory.mktemp("project"))
    command = [sys.executable, "-m", "latentpress", "build", "--profile", "smoke", "--data", "embedded"]
    answer = subprocess.run(
        command, cwd=root, env={**os.environ, "LATENTPRESS_DATA": ""}, capture_output=True, text=True, timeout=900
    )
    assert answer.returncode == 0, answer.stdout[-4000:] + answer.stderr[-4000:]
    shutil.copy(root / "build" / "assignment" / "report.pdf", root / "first.pdf")
    return root


@pytest.fixture(scope="session")
def project(finished: Path) -> Path:
    """The finished build. Whoever changes it restores it."""
    return finished


@pytest.fixture
def fresh_project(tmp_path: Path) -> Path:
    """The same settings, of which nothing is built."""
    return copy_of_the_project(tmp_path)
