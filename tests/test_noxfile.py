"""The sessions that the README names, and what they refuse."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

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
    for name in ("all", "report", "section", "verify", "tests", "lint", "types", "lock"):
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


def test_tests_run_several_files_at_a_time_unless_arguments_say_what_to_run(monkeypatch):
    spec = importlib.util.spec_from_file_location("noxfile", ROOT / "noxfile.py")
    noxfile = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(noxfile)
    ran = []
    monkeypatch.setattr(noxfile, "run", lambda session, *command: ran.append(command))
    for arguments in ([], ["tests/test_cli.py", "-k", "help"]):
        noxfile.tests(SimpleNamespace(posargs=arguments))
    together, alone = ran
    assert together[:4] == ("development", "pytest", "-n", "logical")
    assert "loadfile" in together, "the tests of a file share fixtures, and some change what the next finds"
    assert alone == ("development", "pytest", "tests/test_cli.py", "-k", "help")


def test_processes_that_share_the_tests_begin_the_longest_files_first():
    from tests.conftest import LONGEST, pytest_collection_modifyitems

    for name in LONGEST:
        assert (ROOT / "tests" / name).is_file(), name
    names = ["test_a.py", LONGEST[1], "reporting/test_b.py", LONGEST[0], LONGEST[1]]
    items = [SimpleNamespace(path=ROOT / "tests" / name) for name in names]
    pytest_collection_modifyitems(SimpleNamespace(), items)
    assert [item.path for item in items] == [ROOT / "tests" / name for name in names], "one process keeps the order"
    pytest_collection_modifyitems(SimpleNamespace(workerinput={}), items)
    expected = [LONGEST[0], LONGEST[1], LONGEST[1], "test_a.py", "reporting/test_b.py"]
    assert [item.path for item in items] == [ROOT / "tests" / name for name in expected]


def test_locked_sets_have_hashes_and_name_no_host():
    for path in (ROOT / "requirements").glob("*.txt"):
        text = path.read_text()
        assert "--hash=sha256:" in text
        assert "://" not in text
