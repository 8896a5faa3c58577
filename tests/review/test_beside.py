"""Files beside a PDF are held against its report.json; nothing outside the folder, and nothing odd, is opened."""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from latentpress.engine.artifacts import Artifact
from latentpress.engine.codec import encode
from latentpress.engine.outcome import Outcome
from latentpress.engine.stage import Result
from latentpress.engine.store import write_artifact
from latentpress.review.beside import check_files
from latentpress.review.document import Document
from latentpress.review.rerun import Sample, compared

CONTENT = b"row_id,orig_px0\n0,1\n"


@pytest.fixture
def told(reports: Any, tmp_path: Path) -> Document:
    """A report in a folder, whose report.json tells of one file."""

    def change(report: dict[str, Any]) -> None:
        report["files"][0].update(sha256=hashlib.sha256(CONTENT).hexdigest(), bytes=len(CONTENT))

    document: Document = replace(reports.document(change), path=tmp_path / "report.pdf")
    return document


def weights(document: Document, **options: Any) -> list[str]:
    return [finding.weight for finding in check_files(document, **options).findings]


def test_the_file_that_was_made_is_as_it_should_be(told: Document, tmp_path: Path) -> None:
    (tmp_path / "predictions.csv").write_bytes(CONTENT)
    assert weights(told) == []
    assert check_files(told).looked_at == 1


@pytest.mark.parametrize("content", [CONTENT[:-1], CONTENT + b"1,0\n", CONTENT.replace(b"0,1", b"0,2"), b""])
def test_another_file_of_its_name_is_an_altered_one(told: Document, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "predictions.csv").write_bytes(content)
    assert weights(told) == ["altered"]


def test_a_pdf_alone_is_fine(told: Document) -> None:
    assert weights(told) == ["note"]
    assert "no such file" in check_files(told).findings[0].expected


def test_where_a_folder_is_shared_files_beside_the_pdf_are_left_alone(told: Document, tmp_path: Path) -> None:
    (tmp_path / "predictions.csv").write_bytes(b"another's")
    assert weights(told, beside=False) == []
    assert "not the report's own" in check_files(told, beside=False).skipped


def test_links_are_not_followed_and_pipes_not_opened(told: Document, tmp_path: Path) -> None:
    (tmp_path / "predictions.csv").symlink_to("/dev/zero")
    assert weights(told) == ["note"]
    (tmp_path / "predictions.csv").unlink()
    os.mkfifo(tmp_path / "predictions.csv")
    assert weights(told) == ["altered"]


@pytest.mark.parametrize("name", ["../predictions.csv", "/etc/hostname", "report.pdf", "", "a\0b"])
def test_a_name_that_no_build_gives_is_not_looked_up(told: Document, name: str) -> None:
    told.report["files"][0]["file"] = name
    (finding,) = check_files(told).findings
    assert finding.weight == "altered" and "name" in finding.found


def test_a_file_that_no_evaluation_of_the_report_has_made_is_told(told: Document) -> None:
    told.report["files"][0]["artifact"] = "9" * 64
    assert weights(told) == ["altered", "note"]


@pytest.mark.parametrize(("digest", "findings"), [(hashlib.sha256(CONTENT).hexdigest(), 0), ("9" * 64, 1)])
def test_a_digest_that_was_invented_is_told_when_the_stage_is_run_again(
    reports: Any, tmp_path: Path, digest: str, findings: int
) -> None:
    """The artifact is the one that the report names, and so its files have to be."""
    folder = tmp_path / "made"
    result = Result(files={"predictions.csv": CONTENT})
    artifact = Artifact(write_artifact(folder, encode(result)), folder)
    stage = "evaluate/classification/sparse/seed0"

    def change(report: dict[str, Any]) -> None:
        report["files"][0].update(artifact=artifact.digest, sha256=digest)
        next(entry for entry in report["provenance"] if entry["stage"] == stage)["artifact"] = artifact.digest

    check = compared(
        reports.document(change), Sample(evaluations=[stage]), Outcome(artifacts={stage: artifact}), exact=False
    )
    assert len([finding for finding in check.findings if finding.where == "predictions.csv"]) == findings
