"""One finished smoke build, shared by all tests that look at a report or harm a copy of it, in whatever process."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

ROOT = Path(__file__).parents[2]

_SPEC = importlib.util.spec_from_file_location("browsing", Path(__file__).with_name("browsing.py"))
assert _SPEC is not None and _SPEC.loader is not None
browsing = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(browsing)


def copy_of_the_project(root: Path, without: str = "audit") -> Path:
    """The settings of the project in a folder of their own, without one of the reports and its experiments."""
    for folder in ("experiments", "report_templates"):
        shutil.copytree(ROOT / folder, root / folder, ignore=shutil.ignore_patterns(without))
    return root


def copy_of(build: Path, target: Path) -> Path:
    """A finished build in a folder of its own, to be changed."""
    return Path(shutil.copytree(build, target, symlinks=True))


TRAINED_ON_THE_CLUSTER = ("train/contractive/", "train/vae")
"""Trainings that a cluster does once more. All other stages are made once more under kills, and each gives the same."""


def forget(store: Path, prefixes: tuple[str, ...] = ("",), but: tuple[str, ...] = ()) -> None:
    """Have a store lose the stages whose names begin so, but for some: records and artifacts."""
    for path in (store / "keys").iterdir():
        record = json.loads(path.read_bytes().partition(b"\n")[2])
        if record["stage"].startswith(prefixes) and not record["stage"].startswith(but):
            path.unlink()
            shutil.rmtree(store / "artifacts" / record["artifact"], ignore_errors=True)  # two keys may share it


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project's settings with its report built; first.pdf is the report. Nobody changes any of it.

    Of processes that share the tests, the first that asks builds it, and the others wait for it.
    """
    if shutil.which("pdflatex") is None or shutil.which("latexmk") is None:
        pytest.skip("no TeX on this machine")
    folder = tmp_path_factory.getbasetemp()
    root = (folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder) / "finished"
    with FileLock(root.with_suffix(".lock")):
        if not (root / "first.pdf").exists():
            make(root)
    return root


def make(root: Path) -> None:
    """Build the report; first.pdf comes last, and so says that all is well."""
    shutil.rmtree(root, ignore_errors=True)  # what a process left that could not build it
    copy_of_the_project(root)
    command = [sys.executable, "-m", "latentpress", "build", "--profile", "smoke", "--data", "embedded"]
    answer = subprocess.run(
        command, cwd=root, env={**os.environ, "LATENTPRESS_DATA": ""}, capture_output=True, text=True, timeout=900
    )
    assert answer.returncode == 0, answer.stdout[-4000:] + answer.stderr[-4000:]
    shutil.copy(root / "build" / "assignment" / "report.pdf", root / "first.pdf")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A running Chromium, for a file of tests that look at pages."""
    if browsing.find_chromium() is None:
        pytest.skip("no Chromium on the PATH; install one, or name it in LATENTPRESS_CHROMIUM")
    with browsing.chromium() as found:
        yield found


@pytest.fixture(scope="module")
def project(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The finished build, for a file of tests that change it. Whoever does restores it."""
    return copy_of(finished, tmp_path_factory.mktemp("project") / "project")


@pytest.fixture
def fresh_project(tmp_path: Path) -> Path:
    """The same settings, of which nothing is built."""
    return copy_of_the_project(tmp_path)
