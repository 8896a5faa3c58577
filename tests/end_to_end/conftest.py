"""The project built once on the smoke profile, for all tests that look at the result."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def copy_of_the_project(root):
    """The settings of the project in a folder of their own."""
    for folder in ("experiments", "report_templates"):
        shutil.copytree(ROOT / folder, root / folder)
    return root


@pytest.fixture(scope="session")
def project(tmp_path_factory):
    """A copy of the project's settings, built once; first.pdf is the report as it was then."""
    if shutil.which("pdflatex") is None or shutil.which("latexmk") is None:
        pytest.skip("no TeX on this machine")
    root = copy_of_the_project(tmp_path_factory.mktemp("project"))
    answer = subprocess.run(
        [sys.executable, "-m", "latentpress", "build", "--profile", "smoke", "--data", "embedded"],
        cwd=root,
        env={**os.environ, "LATENTPRESS_DATA": ""},
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert answer.returncode == 0, answer.stdout[-4000:] + answer.stderr[-4000:]
    shutil.copy(root / "build" / "assignment" / "report.pdf", root / "first.pdf")
    return root


@pytest.fixture
def fresh_project(project, tmp_path):
    """The same settings, of which nothing is built."""
    for folder in ("experiments", "report_templates"):
        shutil.copytree(project / folder, tmp_path / folder)
    return tmp_path
