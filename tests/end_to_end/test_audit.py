"""The audit, from settings to PDF on the smoke profile; some of its sections, since each costs two trainings."""

import json
import os
import shutil
import subprocess
import sys

import pypdf
import pytest

from .conftest import copy_of_the_project

pytestmark = pytest.mark.slow
KEPT = ("summary", "divergence", "padding", "map")


@pytest.fixture(scope="module")
def audit(tmp_path_factory):
    if shutil.which("pdflatex") is None or shutil.which("latexmk") is None:
        pytest.skip("no TeX on this machine")
    root = copy_of_the_project(tmp_path_factory.mktemp("project"), without="assignment")
    path = root / "report_templates" / "audit" / "report.toml"
    head, *entries = path.read_text().split("\n[[")
    shown = [entry for entry in entries if not entry.startswith("sections") or entry.split('"')[1] in KEPT]
    models = {"averaged_divergence", "late_padding", "plain_small_in_haste"}
    shown = [entry for entry in shown if not entry.startswith("faults") or entry.split('"')[1] in models]
    path.write_text("\n[[".join([head, *shown]))
    command = [sys.executable, "-m", "latentpress", "build", "audit", "--profile", "smoke", "--data", "embedded"]
    answer = subprocess.run(
        command, cwd=root, env={**os.environ, "LATENTPRESS_DATA": ""}, capture_output=True, text=True, timeout=600
    )
    assert answer.returncode == 0, answer.stdout[-4000:] + answer.stderr[-4000:]
    return root / "build"


def test_the_audit_is_typeset_without_a_fault_of_layout(audit):
    text = "\n".join(page.extract_text() for page in pypdf.PdfReader(audit / "audit" / "report.pdf").pages)
    assert "have a fault on purpose" in text
    assert "ink in the frame" in text
    assert "??" not in text
    assert "faulttable" not in text
    found = [json.loads(path.read_text()) for path in (audit / "store" / "artifacts").glob("*/warnings.json")]
    assert found and not any(found)


def test_the_record_has_the_declared_faults_and_a_check_of_each(audit):
    record = json.loads((audit / "audit" / "report.json").read_text())
    faults = [fault["model"] for fault in record["settings"]["faults"]]
    assert faults == ["averaged_divergence", "late_padding", "plain_small_in_haste"]
    checks = [check for check in record["health"] if check["name"] == "the fault is caught"]
    assert [check["model"] for check in checks] == faults
    assert {check["verdict"] for check in checks} == {"not assessed"}
    values = {metric["id"]: metric["value"] for metric in record["metrics"]}
    assert values["mnist/late_padding/test/frame_ink"] == 0
    assert values["mnist/plain_small_in_haste/test/points"] == 128
    # However short the training, a mean over 20 dimensions is not their sum.
    assert abs(values["frey/summed_divergence/validation/kl_difference"]) < 0.01
    assert values["frey/averaged_divergence/validation/kl_difference"] < -0.05


def test_a_map_of_the_same_model_needs_no_second_training(audit):
    record = json.loads((audit / "audit" / "report.json").read_text())
    stages = {stage["stage"] for stage in record["provenance"]}
    assert {"train/plain_small/seed0", "evaluate/embedding/plain_small_in_haste/seed0"} <= stages
    assert not {"train/plain_small_in_haste/seed0", "encode/plain_small_in_haste/seed0"} & stages
