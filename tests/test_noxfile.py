"""The sessions that the README names, and what they refuse."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

nox = pytest.importorskip("nox", reason="nox runs the tests from outside their environment")
ROOT = Path(__file__).parents[1]


def run_nox(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "nox", *arguments],
        cwd=ROOT,
        env={**os.environ, "NOX_ENVDIR": ""},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_every_session_of_the_readme_exists():
    listed = run_nox("--list").stdout
    for name in ("all", "report", "section", "compare", "tests", "lint", "types", "lock"):
        assert f" {name} -> " in listed or f"* {name}" in listed


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-s", "report"], "nox -s report -- assignment"),
        (["-s", "section"], "nox -s section -- assignment/q1b"),
        (["-s", "section", "--", "q1b"], "expected REPORT/SECTION, found 'q1b'"),
    ],
)
def test_missing_arguments_are_told_with_an_example(arguments, message):
    answer = run_nox(*arguments)
    assert answer.returncode != 0
    assert message in answer.stderr + answer.stdout


def test_locked_sets_have_hashes_and_name_no_host():
    for path in (ROOT / "requirements").glob("*.txt"):
        text = path.read_text()
        assert "--hash=sha256:" in text
        assert "://" not in text
