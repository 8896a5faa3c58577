"""A section added to the report delivers a file beside it: built, verified, restored, kept by a clean."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

TEMPLATE = r"""\section{Predictions}
\label{sec:predictions}
All << num("mnist/plain/test/predicted_images") >> test images are in
<< delivered("predictions", "plain", "predictions.csv") >>.
<< data_table("training_curves", "plain", "epochs", "tab:epochs", "The training by epoch.",
   columns={"epoch": "Epoch", "train_loss": "Training", "validation_loss": "Validation"}) >>
"""
SECTION = """
[[sections]]
id = "predictions"
title = "Predictions"
template = "sections/predictions.tex.j2"
models = ["plain"]
evaluations = ["predictions", "training_curves"]
"""


def run(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "latentpress", *arguments],
        cwd=project, env={**os.environ, "LATENTPRESS_DATA": ""}, capture_output=True, text=True, timeout=600,
    )  # fmt: skip


def build(project: Path) -> str:
    answer = run(project, "build", "assignment", "--profile", "smoke", "--data", "embedded")
    assert answer.returncode == 0, answer.stdout[-4000:] + answer.stderr[-4000:]
    return answer.stdout


def test_every_test_image_is_delivered_beside_the_report_and_cannot_be_altered_unseen(project: Path) -> None:
    templates = project / "report_templates" / "assignment"
    with (templates / "report.toml").open("a", encoding="utf-8") as file:
        file.write(SECTION)
    (templates / "sections" / "predictions.tex.j2").write_text(TEMPLATE, encoding="utf-8")
    build(project)

    folder = project / "build" / "assignment"
    beside = folder / "predictions.csv"
    with beside.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert len(rows) == 401 and {len(row) for row in rows} == {1 + 2 * 784}
    assert rows[0][:5] == ["row_id", "orig_px0", "recon_px0", "orig_px1", "recon_px1"]
    assert [row[0] for row in rows[1:]] == [str(number) for number in range(400)]
    (entry,) = json.loads((folder / "report.json").read_text(encoding="utf-8"))["files"]
    made = beside.read_bytes()
    assert (entry["sha256"], entry["bytes"]) == (hashlib.sha256(made).hexdigest(), len(made))
    assert made[:200] not in (folder / "report.pdf").read_bytes()

    beside.write_bytes(made[:-2] + b"9\n")
    altered = run(project, "verify", "build/assignment")
    assert altered.returncode == 1 and "predictions.csv: found SHA-256" in altered.stdout, altered.stdout
    beside.unlink()
    alone = run(project, "verify", "build/assignment/report.pdf")
    assert alone.returncode == 0 and "no such file beside the PDF" in alone.stdout, alone.stdout

    assert run(project, "clean", "--keep-last", "1").returncode == 0
    assert "are up to date" in build(project)
    assert beside.read_bytes() == made
    whole = run(project, "verify", "build/assignment")
    assert whole.returncode == 0 and "1 delivered files against report.json" in whole.stdout, whole.stdout
