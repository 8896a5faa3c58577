"""The whole way: settings to PDF on the smoke profile, the PDF opened and held against its own data."""

import json
import math
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pypdf
import pytest

from latentpress.review.verify import verify

pytestmark = pytest.mark.slow

OUTLINE = [
    "Team member contributions",
    "Introduction",
    "Team details and contributions",
    "Question 1a: Objective",
    "Tools and libraries",
    "Workflow summary",
    "Autoencoder architecture",
    "Reconstruction",
    "Latent space visualization",
    "Question 1b: Interpolation analysis",
    "Workflow",
    "Data preparation",
    "Metrics for evaluation",
    "Interpolation process",
    "Implementation details",
    "Sparse autoencoder metrics",
    "Contractive autoencoder metrics",
    "Visual reconstructions",
    "Question 1c: Objective",
    "Tools",
    "Workflow",
    "Data preparation",
    "Autoencoder models",
    "Evaluation via classification",
    "Results",
    "Conclusion",
    "Question 2: Objective",
    "Data pipeline and preprocessing",
    "Model architecture",
    "Encoder",
    "Latent space sampling",
    "Decoder",
    "Objective function and training",
    "Reconstruction loss",
    "KL divergence",
    "Optimization",
    "Evaluation and results",
    "Generative sampling from the prior",
    "Latent traversal and disentanglement",
    "Conclusion",
    "References",
]
"""The parts that a grader of the assignment looks for, in order."""


def build(root, *arguments):
    command = [sys.executable, "-m", "latentpress", "build", "--profile", "smoke", "--data", "embedded", *arguments]
    return subprocess.run(
        command,
        cwd=root,
        env={**os.environ, "LATENTPRESS_DATA": ""},
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )


def last_run(root):
    return json.loads((root / "build" / "last_run.json").read_text())


@pytest.fixture(scope="module")
def report(project):
    return project / "build" / "assignment"


@pytest.fixture(scope="module")
def facts(report):
    return json.loads((report / "report.json").read_text())


@pytest.fixture(scope="module")
def text(report):
    return "\n".join(page.extract_text() for page in pypdf.PdfReader(report / "report.pdf").pages)


def titles(outline):
    for entry in outline:
        if isinstance(entry, list):
            yield from titles(entry)
        else:
            yield re.sub(r"^[A-Z0-9.]+\s+", "", entry.title)


def test_outline_has_every_part_of_the_assignment_in_order(report):
    found = [title.casefold() for title in titles(pypdf.PdfReader(report / "report.pdf").outline)]
    position = 0
    for wanted in OUTLINE:
        matches = [i for i in range(position, len(found)) if found[i].startswith(wanted.casefold())]
        assert matches, f"{wanted!r} is missing after {found[position - 1] if position else 'the start'!r}: {found}"
        position = matches[0] + 1


def test_every_deliverable_is_there(report):
    for name in ("report.pdf", "report.html", "tsne.html", "report.tex", "report.json", "run.json"):
        assert (report / name).stat().st_size > 0
    figures = {path.stem for path in (report / "figures").glob("*.pdf")}
    assert figures
    assert figures == {path.stem for path in (report / "figures").glob("*.png")}
    assert list((report / "tables").glob("*.csv"))


def test_pdf_shows_no_placeholder_and_nothing_undefined(text):
    assert "??" not in text
    assert not re.search(r"\bnan\b", text, re.IGNORECASE)
    assert "Undefined" not in text


def test_layout_has_no_overfull_box_and_no_missing_character(project):
    artifacts = (project / "build" / "store" / "artifacts").glob("*/warnings.json")
    warnings = [warning for path in artifacts for warning in json.loads(path.read_text())]
    assert warnings == []


def test_every_figure_that_the_record_names_is_included(report, facts):
    source = (report / "report.tex").read_text()
    assert facts["figures"]
    for figure in facts["figures"]:
        assert (report / figure["file"]).is_file()
        assert Path(figure["file"]).stem in source


def test_record_has_the_promised_parts_and_fields(facts):
    assert {"metrics", "claims", "health", "figures", "tables", "settings", "provenance"} <= facts.keys()
    fields = {"id", "section", "model", "data", "split", "quantity", "alpha", "conditions", "seed", "value", "low",
              "high", "unit", "artifact"}  # fmt: skip
    for metric in facts["metrics"]:
        assert fields <= metric.keys()
    ids = [metric["id"] for metric in facts["metrics"]]
    assert {"mnist/sparse/test/probe_accuracy", "mnist/contractive/test/test_mse", "frey/vae/test/elbo"} <= set(ids)
    assert all(check["verdict"] == "not assessed" for check in facts["health"])


def test_infinite_psnr_stands_only_at_the_ends(facts):
    psnr = [metric for metric in facts["metrics"] if metric["quantity"] == "interpolation_psnr_mean"]
    assert psnr
    for metric in psnr:
        assert (metric["value"] == "inf") == (metric["alpha"] in (0.0, 1.0)), metric["id"]


def test_interpolation_tables_print_the_recorded_numbers(text, facts):
    metrics = {metric["id"]: metric["value"] for metric in facts["metrics"]}
    for model in ("sparse", "contractive"):
        for alpha in ("0.2", "0.4", "0.6", "0.8"):
            value = metrics[f"mnist/{model}/test/interpolation_psnr_mean/alpha={alpha}"]
            assert f"{value:.1f}" in text, (model, alpha, value)
    assert "∞" in text


def test_accuracies_are_printed_as_recorded(text, facts):
    metrics = {metric["id"]: metric["value"] for metric in facts["metrics"]}
    flat = text.replace("\u2009", " ").replace("\xa0", " ")
    for model in ("sparse", "contractive", "untrained"):
        value = metrics[f"mnist/{model}/test/probe_accuracy"]
        percent, fraction = f"{100 * value:.1f}", f"{value:.3f}"
        assert percent in flat or fraction in flat, (model, value)


def test_every_claim_rests_on_recorded_metrics_and_is_printed(text, facts):
    known = {metric["id"] for metric in facts["metrics"]}
    assert facts["claims"]
    for claim in facts["claims"]:
        assert set(claim["metrics"]) <= known, claim["id"]
        assert claim["sentence"]


def test_embedded_data_are_announced_on_title_page_and_in_the_running_head(report, project):
    pages = [page.extract_text() for page in pypdf.PdfReader(report / "report.pdf").pages]
    assert "embedded" in pages[0].casefold()
    assert "embedded" in pages[len(pages) // 2][:200].casefold()
    assert last_run(project)["data"] == {"frey": "embedded", "mnist": "embedded"}


def test_documents_metadata_carry_title_and_authors(report):
    information = pypdf.PdfReader(report / "report.pdf").metadata
    assert information.title == "Autoencoders of Handwritten Digits and of Faces"
    assert "Ada Example" in information.author


def test_nothing_in_the_report_tells_when_or_where_it_was_built(report, finished):
    host = os.uname().nodename
    for name in ("report.tex", "report.json"):
        content = (report / name).read_text()
        assert str(report.parent) not in content
        assert str(finished) not in content
        assert len(host) < 4 or host not in content


def test_second_build_runs_nothing_and_changes_no_byte(project, report):
    before = (report / "report.pdf").read_bytes()
    assert build(project).returncode == 0
    told = last_run(project)
    assert told["stages_run"] == []
    assert told["exit_status"] == 0
    assert told["reports"] == ["assignment"]
    assert (report / "report.pdf").read_bytes() == before


def test_deleted_and_edited_exports_are_restored_without_a_stage(project, report):
    before = (report / "report.pdf").read_bytes()
    (report / "report.pdf").write_bytes(b"edited")
    next((report / "tables").glob("*.csv")).unlink()
    assert build(project).returncode == 0
    assert last_run(project)["stages_run"] == []
    assert (report / "report.pdf").read_bytes() == before


def test_changed_word_in_a_template_runs_that_section_and_the_typesetting_only(project, report):
    template = project / "report_templates" / "assignment" / "sections" / "introduction.tex.j2"
    original = template.read_text()
    try:
        template.write_text(original + "\nAn added sentence about herons.\n")
        assert build(project).returncode == 0
        assert set(last_run(project)["stages_run"]) == {
            "section/assignment/introduction",
            "assemble/assignment",
            "html/assignment",
            "tsne/assignment",
            "typeset/assignment",
        }
        pages = pypdf.PdfReader(report / "report.pdf").pages
        assert any("herons" in page.extract_text() for page in pages)
    finally:
        template.write_text(original)
        build(project)


def test_section_runs_its_evaluations_again_but_no_training(project):
    assert build(project, "assignment", "--section", "q1c").returncode == 0
    ran = last_run(project)["stages_run"]
    assert "evaluate/classification/sparse/seed0" in ran
    assert "section/assignment/q1c" in ran
    assert not [name for name in ran if name.startswith(("train/", "encode/", "data/"))]
    assert not [name for name in ran if name.startswith("evaluate/interpolation")]


def test_latex_error_in_a_users_template_is_told_with_section_and_line(project, report):
    before = (report / "report.pdf").read_bytes()
    template = project / "report_templates" / "assignment" / "sections" / "introduction.tex.j2"
    original = template.read_text()
    try:
        template.write_text(original + "\nA \\mispelt command.\n")
        answer = build(project)
        assert answer.returncode == 1
        assert "Traceback" not in answer.stdout + answer.stderr
        assert "introduction" in answer.stdout
        assert "mispelt" in answer.stdout
        assert (report / "report.pdf").read_bytes() == before
    finally:
        template.write_text(original)
        assert build(project).returncode == 0


def test_hostile_title_and_names_are_typeset_as_typed(project, report):
    path = project / "report_templates" / "assignment" / "report.toml"
    original = path.read_text()
    title = "100 % & _ # $ { } ^ ~ <b> é"
    try:
        text = original.replace("Autoencoders of Handwritten Digits and of Faces", title)
        text = text.replace("Ada Example", "Ø \\\\input{x} 北 Ω 🦆 O'Neil")
        path.write_text(text)
        answer = build(project)
        assert answer.returncode == 0, answer.stdout[-3000:]
        reader = pypdf.PdfReader(report / "report.pdf")
        assert reader.metadata.title == title
        assert "北" in reader.metadata.author
        first = reader.pages[0].extract_text()
        for word in ("100 %", "&", "#", "$", "<b>", "é"):
            assert word in first, word
    finally:
        path.write_text(original)
        assert build(project).returncode == 0


def test_without_tex_everything_but_the_pdf_is_made(project, tmp_path):
    """The PATH keeps the Python that runs the tests and loses TeX."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("git", "sh"):
        if found := shutil.which(name):
            (programs / name).symlink_to(found)
    answer = subprocess.run(
        [sys.executable, "-m", "latentpress", "build", "--profile", "smoke", "--data", "embedded", "--no-install-tex"],
        cwd=project,
        env={**os.environ, "PATH": str(programs), "LATENTPRESS_DATA": ""},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert answer.returncode == 4, answer.stdout[-2000:] + answer.stderr
    assert "install" in answer.stdout
    assert (project / "build" / "assignment" / "report.tex").is_file()
    assert last_run(project)["exit_status"] == 4
    assert build(project).returncode == 0


def test_failed_evaluation_is_shown_in_the_report_and_the_rest_is_delivered(project, report):
    path = project / "report_templates" / "assignment" / "report.toml"
    original = path.read_text()
    try:
        # The faces have no classes, so this evaluation fails whatever else is right.
        path.write_text(original.replace('  "vae_samples"', '  "classification",\n  "vae_samples"'))
        answer = build(project)
        assert answer.returncode == 1
        assert "Traceback" not in answer.stdout + answer.stderr
        text = "\n".join(page.extract_text() for page in pypdf.PdfReader(report / "report.pdf").pages)
        assert "has no classes" in text
        assert "assignment/q2" in text or "--section q2" in text
        assert "References" in text
        assert verify(report / "report.pdf").verdict == "verified"
    finally:
        path.write_text(original)
        assert build(project).returncode == 0


def test_numbers_in_the_record_are_finite_or_infinite_but_never_nan(facts):
    for metric in facts["metrics"]:
        value = metric["value"]
        assert value is None or value == "inf" or math.isfinite(value), metric["id"]
