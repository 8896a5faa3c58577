"""The report of a real build is verified, and a part of it that is run again tells an invented result."""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from latentpress.review.document import open_document
from latentpress.review.rerun import draw_sample, rerun

HEAVY = ("tensorflow", "keras", "jax", "torch")


def test_the_report_of_a_build_is_verified_and_no_difference_to_this_clone_is_told(finished: Path) -> None:
    output = finished.parent / "verify.json"
    command = [sys.executable, "-m", "latentpress", "verify", "build/assignment", "--output", str(output)]
    answer = subprocess.run(command, cwd=finished, capture_output=True, text=True, timeout=120)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    review = json.loads(output.read_text(encoding="utf-8"))
    assert review["verdict"] == "verified"
    assert [finding for check in review["checks"] for finding in check["findings"]] == []
    looked_at = {check["name"]: check["looked_at"] for check in review["checks"]}
    assert looked_at["numbers"] > 900 and looked_at["figures"] > 30 and looked_at["claims"] > 50
    assert looked_at["clone"] > 100 and looked_at["tables"] > 500 and looked_at["health"] > 80


def test_no_command_that_reviews_loads_a_backend(finished: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from latentpress.review.verify import verify; "
        "assert verify(Path('build/assignment/report.pdf')).verdict == 'verified'; "
        f"print(set({HEAVY}) & set(sys.modules))"
    )
    answer = subprocess.run([sys.executable, "-c", code], cwd=finished, capture_output=True, text=True, timeout=120)
    assert answer.stdout.strip() == "set()", answer.stdout + answer.stderr


def test_a_result_that_was_invented_consistently_is_told_when_a_part_is_run_again(finished: Path) -> None:
    """One number is raised in report.json; the rest of the sample comes out as it was, to the bit."""
    document = open_document(finished / "build" / "assignment" / "report.pdf")
    entries = document.report["provenance"]
    draw = next(n for n in range(1000) if draw_sample(entries, 0.01, n).trainings == ["train/vae/seed0"])
    report = copy.deepcopy(dict(document.report))
    (record,) = [one for one in report["metrics"] if one["id"] == "frey/vae/test/elbo"]
    record["value"] += 5.0
    lines: list[str] = []
    environment, os.environ["LATENTPRESS_DATA"] = os.environ.get("LATENTPRESS_DATA"), ""
    try:
        check = rerun(replace(document, report=report), 0.01, draw, lines.append)
    finally:
        os.environ["LATENTPRESS_DATA"] = environment or ""
    assert [finding.where for finding in check.findings] == ["frey/vae/test/elbo, value"], check.findings
    assert check.looked_at > 30
    assert any("train/vae/seed0" in line for line in lines)
