"""One finished smoke build, shared by all tests that look at a report or harm a copy of it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project's settings with its report built."""
    if shutil.which("pdflatex") is None or shutil.which("latexmk") is None:
        pytest.skip("no TeX on this machine")
    root = tmp_path_factory.mktemp("project")
    for folder in ("experiments", "report_templates"):
        shutil.copytree(ROOT / folder, root / folder)
    command = [sys.executable, "-m", "latentpress", "build", "--profile", "smoke", "--data", "embedded"]
    answer = subprocess.run(
        command, cwd=root, env={**os.environ, "LATENTPRESS_DATA": ""}, capture_output=True, text=True, timeout=900
    )
    assert answer.returncode == 0, answer.stdout[-4000:] + answer.stderr[-4000:]
    return root
