"""A file that a template delivers is listed with its digest and never carried; one name stands for one file."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from latentpress.engine import codec
from latentpress.engine.stage import Result
from latentpress.engine.store import Artifact
from latentpress.errors import TemplateError
from latentpress.reporting.section_files import is_deliverable

LABEL = "evaluate/predictions/sparse/seed0"
CONTENT = b"row_id,orig_px0\n0,1\n"
ASKED = '<< delivered("predictions", "sparse", "predictions.csv") >>'


def predicted(workshop: Any, content: bytes = CONTENT, name: str = "predictions.csv") -> Artifact:
    result: Result = workshop.evaluation(workshop.metric("predicted_images", 1))
    result.files[name] = content
    stored: Artifact = workshop.store(result)
    return stored


def section(workshop: Any, template: str, artifact: Artifact, name: str = "q1c") -> Any:
    return workshop.section(template, {LABEL: artifact}, section={"id": name, "title": name})


def test_a_delivered_file_is_named_and_listed_but_not_carried(workshop: Any) -> None:
    artifact = predicted(workshop)
    made = section(workshop, ASKED + ASKED, artifact)
    assert workshop.untraced(made).count(r"\code{predictions.csv}") == 2
    assert rf"\provenancemark{{@{artifact.digest}}}" in made.texts["section.tex"]
    (entry,) = made.values["delivered"]
    assert entry == {
        "file": "predictions.csv",
        "artifact": artifact.digest,
        "sha256": hashlib.sha256(CONTENT).hexdigest(),
        "bytes": len(CONTENT),
    }
    assert not any(CONTENT in file.data for file in codec.encode(made).values())


def test_a_report_lists_each_file_once_with_the_first_section_that_names_it(workshop: Any) -> None:
    artifact = predicted(workshop)
    done = {name: section(workshop, ASKED, artifact, name) for name in ("q1a", "q1c")}
    report = workshop.assembled(done)
    (entry,) = report.values["report"]["files"]
    assert (entry["file"], entry["section"], entry["bytes"]) == ("predictions.csv", "q1a", len(CONTENT))
    assert not any(CONTENT in file.data for file in codec.encode(report).values())


def test_two_sections_cannot_deliver_different_files_under_one_name(workshop: Any) -> None:
    done = {
        "q1a": section(workshop, ASKED, predicted(workshop), "q1a"),
        "q1c": section(workshop, ASKED, predicted(workshop, CONTENT + b"1,0\n"), "q1c"),
    }
    with pytest.raises(TemplateError, match="'q1a' and 'q1c' deliver different files"):
        workshop.assembled(done)


def test_one_section_cannot_either(workshop: Any) -> None:
    inputs = {LABEL: predicted(workshop), "evaluate/predictions/vae/seed0": predicted(workshop, b"other")}
    with pytest.raises(TemplateError, match=r"line 1: two different files named predictions.csv are delivered"):
        workshop.section(ASKED + ASKED.replace("sparse", "vae"), inputs)


def test_a_file_that_the_evaluation_does_not_have_is_named_with_those_it_has(workshop: Any) -> None:
    with pytest.raises(TemplateError) as caught:
        section(workshop, ASKED.replace(".csv", ".txt"), predicted(workshop))
    assert "no file 'predictions.txt'" in caught.value.message and "predictions.csv" in caught.value.hint


def test_a_name_that_the_report_itself_takes_is_refused(workshop: Any) -> None:
    artifact = predicted(workshop, name="report.pdf")
    with pytest.raises(TemplateError, match="cannot be delivered"):
        section(workshop, ASKED.replace("predictions.csv", "report.pdf"), artifact)


def test_of_a_failed_evaluation_nothing_is_delivered(workshop: Any) -> None:
    made = workshop.section(ASKED, {}, {LABEL: workshop.failure("train/sparse/seed0")})
    assert r"\missingvalue{}" in made.texts["section.tex"] and made.values["delivered"] == []
    assert workshop.assembled({"q1c": made}).values["report"]["files"] == []


@pytest.mark.parametrize("name", ["predictions.csv", "a", "A_b-1.tar.gz", "2.bin"])
def test_plain_names_can_be_delivered(name: str) -> None:
    assert is_deliverable(name)


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", ".hidden", "a/b", "../a", "a\\b", "a b", "a\n", "ä", "-x", "x" * 101, "Report.PDF", "run.json",
     "tsne.html", "tables"],
)  # fmt: skip
def test_other_names_cannot(name: str) -> None:
    assert not is_deliverable(name)


@given(st.text(max_size=12))
def test_no_name_leads_out_of_the_folder(name: str) -> None:
    assert not is_deliverable(name) or (not set(name) & set("/\\\0") and not name.startswith("."))
