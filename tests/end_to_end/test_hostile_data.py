"""Data that nothing can be learned from: the report is delivered, and says on page one that it is worth nothing."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pypdf
import pytest

from latentpress.review.verify import verify

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]

# In the place of the module that draws the digits; the build knows nothing of it.
DATA = '''
"""Images of no use."""

import numpy as np

from latentpress.datasets.content import DataSet

COUNTS = {"train": 128, "validation": 32, "test": 64}


def load(files):
    """Every split by a generator of its own."""
    rng = np.random.default_rng(0)
    shapes = {name: (count, 28, 28, 1) for name, count in COUNTS.items()}
    images = {name: PIXELS(rng, shape).astype(np.uint8) for name, shape in shapes.items()}
    labels = {name: rng.integers(0, CLASSES, count).astype(np.uint8) for name, count in COUNTS.items()}
    return DataSet(
        title="images of no use", citation="", images=images, labels=labels, split="At random.", preprocessing=(),
        origins={name: np.arange(count) for name, count in COUNTS.items()},
        class_names=tuple("0123456789")[:CLASSES],
    )
'''
NOISE = "lambda rng, shape: rng.integers(0, 256, shape)"
KINDS = {
    "noise": (NOISE, 10),
    "one class": (NOISE, 1),
}
FAILED = {
    "noise": {"error below the mean image's", "probe beats the commonest class"},
    "one class": {"every class occurs", "nothing is missing"},
}

EXPERIMENT = """
title = "Plain autoencoder"
data = "mnist"
model = { name = "convolutional", code_size = 8 }
training = { epochs = 1, batch_size = 32 }
"""
REPORT = """
title = "What is left of nothing"
authors = [{ name = "Ada Example" }]

[[sections]]
id = "all"
title = "All"
template = "all.tex.j2"
models = ["plain"]
evaluations = [
  "dataset_summary", { name = "controls", settings = { components = 8 } }, "architecture", "training_curves",
  "reconstruction", "reconstruction_comparison", { name = "embedding", settings = { points = 64, iterations = 250 } },
  "interpolation", "classification",
]
"""
TEMPLATE = r"""
\section{All}
<< metric_table("tab:all", "Errors.", "Model", model_rows(["plain", "mean_image", "pca_8"]),
     [("MSE", {"quantity": "test_mse"}, {"interval": True}), ("PSNR", {"quantity": "test_psnr"}),
      ("Accuracy", {"quantity": "probe_accuracy"})], where={"data": "mnist", "split": "test"}, missing="--") >>
<< metric_table("tab:map", "Maps.", "Model", model_rows(["plain"]),
     [("Trust", {"quantity": "trustworthiness"}), ("kNN", {"quantity": "knn_accuracy"})],
     where={"data": "mnist", "split": "test"}) >>
<< claim("reconstruction_against", a="plain", b="mean_image", data="mnist") >>
<< claim("interpolation_weakest", a="plain", data="mnist") >>
<< claim("probe_trustworthy", a="plain", data="mnist", classes=10) >>
<< figure("embedding", "plain", "tsne", "Map.", "fig:map") >>
<< figure("interpolation", "plain", "pair_0", "A pair.", "fig:pair") >>
<< figure("classification", "plain", "confusion_probe", "Confusion.", "fig:confusion") >>
<< figure("reconstruction", "plain", "reconstructions", "Copies.", "fig:copies") >>
"""


@pytest.mark.skipif(shutil.which("latexmk") is None, reason="no TeX on this machine")
@pytest.mark.parametrize("kind", ["noise", "one class"])  # constant images: tests/evaluations/test_health_of_models.py
def test_a_report_on_data_of_no_use_is_delivered_and_fails_its_checks(tmp_path: Path, kind: str) -> None:
    pixels, classes = KINDS[kind]
    sources, project = tmp_path / "src", tmp_path / "project"
    shutil.copytree(ROOT / "src", sources, ignore=shutil.ignore_patterns("__pycache__"))
    text = DATA.replace("PIXELS(", f"({pixels})(").replace("CLASSES", str(classes))
    (sources / "latentpress" / "datasets" / "embedded_digits.py").write_text(text)
    report = project / "report_templates" / "hostile"
    report.mkdir(parents=True)
    (project / "experiments").mkdir()
    shutil.copytree(ROOT / "report_templates" / "common", report.parent / "common")
    (project / "experiments" / "plain.toml").write_text(EXPERIMENT)
    (report / "report.toml").write_text(REPORT)
    (report / "all.tex.j2").write_text(TEMPLATE)
    answer = subprocess.run(
        [sys.executable, "-m", "latentpress", "build", "hostile", "--data", "embedded"],
        cwd=project,
        env={**os.environ, "LATENTPRESS_DATA": "", "PYTHONPATH": str(sources)},
        capture_output=True,
        text=True,
        timeout=1500,
        check=False,
    )
    assert answer.returncode == 3, answer.stdout[-4000:] + answer.stderr[-4000:]
    made = project / "build" / "hostile"
    facts = json.loads((made / "report.json").read_text())
    found = {check["name"] for check in facts["health"] if check["verdict"] == "failed"}
    assert found >= FAILED[kind]
    assert facts["failures"] == []
    first = pypdf.PdfReader(made / "report.pdf").pages[0].extract_text().replace("\n", " ")
    for name in FAILED[kind]:
        assert name.replace("'", "’") in first
    review = verify(made / "report.pdf")
    assert review.verdict == "verified", [finding.told() for finding in review.altered]
