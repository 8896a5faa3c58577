"""A report as it was built is verified, however it was saved again."""

from __future__ import annotations

import hashlib
import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import pikepdf
import pytest

from latentpress.review.document import open_document
from latentpress.review.findings import CheckDone, Finding, Review
from latentpress.review.recomputed import check_claims
from latentpress.review.verify import told_by_other_code, verified_document, verify
from latentpress.review.verifying import tell


def checked(data: bytes, folder: Path, **options: Any) -> Any:
    path = folder / "report.pdf"
    path.write_bytes(data)
    return verify(path, **options)


def test_a_report_as_it_was_built_is_verified(genuine: bytes, tmp_path: Path) -> None:
    review = checked(genuine, tmp_path)
    assert review.verdict == "verified", [finding.told() for finding in review.altered]
    assert {check.name for check in review.checks} >= {"attachments", "seal", "numbers", "figures", "claims", "health"}
    done = {check.name: check.looked_at for check in review.checks}
    assert done["numbers"] >= 10 and done["figures"] == 2 and done["claims"] == 1 and done["health"] >= 1


def saved_again(data: bytes, **options: Any) -> bytes:
    with pikepdf.open(io.BytesIO(data)) as pdf:
        buffer = io.BytesIO()
        pdf.save(buffer, **options)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "options",
    [
        {"object_stream_mode": pikepdf.ObjectStreamMode.disable},
        {"linearize": True},
        {"compress_streams": False, "stream_decode_level": pikepdf.StreamDecodeLevel.generalized},
        {"recompress_flate": True, "force_version": "1.7"},
        {"static_id": True, "preserve_pdfa": True},
    ],
    ids=["without object streams", "linearised", "uncompressed", "compressed anew", "another identifier"],
)
def test_a_report_that_was_saved_by_another_program_is_verified(
    options: dict[str, Any], genuine: bytes, tmp_path: Path
) -> None:
    again = saved_again(genuine, **options)
    assert again != genuine
    review = checked(again, tmp_path)
    assert review.verdict == "verified", [finding.told() for finding in review.altered]


def test_dates_that_a_program_writes_are_no_edit(genuine: bytes, tmp_path: Path) -> None:
    with pikepdf.open(io.BytesIO(genuine)) as pdf:
        pdf.docinfo["/ModDate"] = pikepdf.String("D:20260101120000Z")
        pdf.docinfo["/Producer"] = pikepdf.String("another program")
        buffer = io.BytesIO()
        pdf.save(buffer)
    assert checked(buffer.getvalue(), tmp_path).verdict == "verified"


def test_the_digest_that_is_expected_tells_copies_from_others(genuine: bytes, tmp_path: Path) -> None:
    digest = hashlib.sha256(genuine).hexdigest()
    assert checked(genuine, tmp_path, expect=digest).verdict == "verified"
    assert checked(genuine, tmp_path, expect=f" {digest[:16].upper()}\n").verdict == "verified"
    for wrong in ("0" * 64, digest[:5]):
        review = checked(genuine, tmp_path, expect=wrong)
        assert [finding.check for finding in review.altered] == ["digest"]
    resaved = checked(saved_again(genuine, linearize=True), tmp_path, expect=digest)
    assert [finding.check for finding in resaved.altered] == ["digest"]


def test_every_traced_number_leads_to_its_row_of_the_appendix(genuine: bytes) -> None:
    with pikepdf.open(io.BytesIO(genuine)) as pdf:
        tree = pdf.Root.Names.Dests
        names = _names(tree)
        annotations = [one for page in pdf.pages for one in page.obj.get("/Annots", []) if "/Contents" in one]
        goals = {str(one.A.D) if "/A" in one else str(one.Dest) for one in annotations}
    assert len(annotations) > 15 and goals <= names
    assert {"provenance-2", "provenance-3", "provenance-4"} <= goals


def _names(tree: Any) -> set[str]:
    own = {str(tree.Names[index]) for index in range(0, len(tree.get("/Names", [])), 2)}
    return own.union(*(_names(child) for child in tree.get("/Kids", [])))


def test_attached_files_say_what_they_are(genuine: bytes) -> None:
    with pikepdf.open(io.BytesIO(genuine)) as pdf:
        files = {name: pdf.attachments[name] for name in pdf.attachments}
        assert {"report.json", "settings.json", "environment.txt", "probe.csv", "seal.json"} <= files.keys()
        for name, specification in files.items():
            content = bytes(specification.get_file().read_bytes())
            assert hashlib.sha256(content).hexdigest() in specification.description, name
            assert specification.obj.AFRelationship == "/Data"
            assert not {"/CreationDate", "/ModDate"} & specification.obj.EF.F.Params.keys()
        assert len(pdf.Root.AF) == len(files)


def test_what_a_review_says_obeys_no_terminal(genuine: bytes, tmp_path: Path) -> None:
    path = tmp_path / "report.pdf"
    path.write_bytes(genuine)
    review = verify(path)
    review.checks.append(CheckDone("x", 1, "", [Finding("x", "a\x1b[31m\u202eb\nc", "d", "e")]))
    lines: list[str] = []
    tell(review, lines.append)
    told = "\n".join(lines)
    assert "\x1b" not in told and "\u202e" not in told and "a\N{REPLACEMENT CHARACTER}[31m" in told
    assert review.as_json()["verdict"] == "altered" and "ALTERED" in lines[-1]


def test_a_report_of_other_code_whose_sentences_come_out_otherwise_is_undecided(genuine: bytes, tmp_path: Path) -> None:
    """The sections of the small report name code that this clone does not have."""
    path = tmp_path / "report.pdf"
    path.write_bytes(genuine)
    document = open_document(path)
    section = {**document.report["provenance"][0], "stage": "section/assignment/q1c", "source": "99" * 32,
               "function": "latentpress.reporting.sections:render", "settings": {}, "backend": None}  # fmt: skip
    claims = [{**claim, "sentence": "Another wording."} for claim in document.report["claims"]]
    told = {**document.report, "provenance": [*document.report["provenance"], section], "claims": claims}
    other = replace(document, report=told)
    check = check_claims(other, [])
    assert check.findings
    (decided,) = told_by_other_code([check], other, None)
    assert {finding.weight for finding in decided.findings} == {"undecided"}
    assert [check] == told_by_other_code([check], document, None), "without such a section the code is this clone's"
    review = Review("x", checks=[decided])
    assert review.verdict == "undecided" and not review.altered


def test_of_a_folder_the_data_in_the_pdf_count_and_not_those_beside_it(genuine: bytes, tmp_path: Path) -> None:
    (tmp_path / "report.pdf").write_bytes(genuine)
    (tmp_path / "report.json").write_text("{}")
    assert verify(tmp_path).verdict == "verified"
    document = verified_document(tmp_path)
    assert document.report["metrics"] and document.sha256 == hashlib.sha256(genuine).hexdigest()
