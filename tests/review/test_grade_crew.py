"""A process that dies, hangs or babbles over a submission costs that one alone."""

from __future__ import annotations

import sys
import textwrap
import time
from pathlib import Path

import pytest

from latentpress.review.crew import Checker, CrewError

WORKER = """
import json, os, resource, signal, sys, time
print(json.dumps({"ready": True}), flush=True)
count = 0
for line in sys.stdin:
    path = json.loads(line)["path"]
    count += 1
    if path == "crash": os.kill(os.getpid(), signal.SIGSEGV)
    if path == "exit": sys.exit(3)
    if path == "killed": os.kill(os.getpid(), signal.SIGKILL)
    if path == "babble": print("no json", flush=True); continue
    if path == "hang": time.sleep(600)
    if path == "burn":
        resource.setrlimit(resource.RLIMIT_CPU, (1, resource.RLIM_INFINITY))
        while True: pass
    answer = {"unreadable": "", "pid": os.getpid(), "spent": path == "spent", "long": "x" * 300000}
    print(json.dumps(answer), flush=True)
"""


@pytest.fixture
def checker(tmp_path: Path) -> Checker:
    script = tmp_path / "worker.py"
    script.write_text(textwrap.dedent(WORKER))
    return Checker([sys.executable, "-S", str(script)], 1)


def test_one_process_answers_one_after_another(checker: Checker) -> None:
    first, second = checker.check(Path("a")), checker.check(Path("b"))
    assert first["pid"] == second["pid"]
    assert checker.check(Path("spent"))["pid"] == first["pid"]
    assert checker.check(Path("c"))["pid"] != first["pid"], "a spent process is not asked again"
    checker.close()


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("crash", "crashed over it (SIGSEGV)"),
        ("exit", "gave no answer"),
        ("killed", "was killed twice"),
        ("babble", "gave no answer"),
        ("burn", "more than 1 s of computing"),
    ],
)
def test_the_death_of_a_process_is_told_as_the_reason_and_a_fresh_one_goes_on(
    checker: Checker, path: str, told: str
) -> None:
    assert told in checker.check(Path(path))["unreadable"]
    assert checker.check(Path("a"))["unreadable"] == ""
    checker.close()


def test_a_process_that_hangs_is_ended(checker: Checker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("latentpress.review.crew.PATIENCE", -3.0)
    begun = time.monotonic()
    assert "did not come to an end" in checker.check(Path("hang"))["unreadable"]
    assert time.monotonic() - begun < 20
    checker.close()


def test_a_process_that_cannot_start_is_no_fault_of_the_submission() -> None:
    with pytest.raises(CrewError, match="could not be started"):
        Checker([sys.executable, "-S", "-c", "raise SystemExit(1)"], 1).check(Path("a"))
