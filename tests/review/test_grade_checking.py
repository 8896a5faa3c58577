"""What a checking process answers is short and on one line, whatever a report holds."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pikepdf

from latentpress.reporting.attachments import REPORT_FORMAT
from latentpress.review.checking import LONGEST_FINDING, MOST_AUTHORS, MOST_FINDINGS, check
from latentpress.review.rubric import read_rubric

RUBRIC = """title = "t"
points = 2
[[criteria]]
kind = "claim"
title = "c"
points = 1
claim = "x"
[[criteria]]
kind = "verified"
title = "v"
points = 1
"""
LISTS = ("metrics", "claims", "numbers", "health", "figures", "tables", "files", "failures", "provenance")
TABLES = ("report", "settings", "facts", "environment", "evidence")


def answer(folder: Path, **content: Any) -> dict[str, Any]:
    (folder / "rubric.toml").write_text(RUBRIC)
    report = {"format": REPORT_FORMAT, **{key: [] for key in LISTS}, **{key: {} for key in TABLES}, **content}
    with pikepdf.new() as pdf:
        pdf.add_blank_page()
        data = json.dumps(report).encode()
        pdf.attachments["report.json"] = pikepdf.AttachedFileSpec(pdf, data, filename="report.json")
        buffer = io.BytesIO()
        pdf.save(buffer)
    path = folder / "a\nb.pdf"
    path.write_bytes(buffer.getvalue())
    return check(path, read_rubric(folder / "rubric.toml"), {}, frozenset())


def test_long_and_hostile_texts_are_cut_to_a_line(tmp_path: Path) -> None:
    long = "line\nof \ud800 text\u202e " * 300
    found = answer(
        tmp_path,
        report={"title": long, "authors": [{"name": f"{number} {long}"} for number in range(50)]},
        claims=[{"name": "x", "outcome": "no", "sentence": long, "id": "x"}] * 50,
    )
    assert found["unreadable"] == ""
    assert found["verdict"] == "altered"
    texts = [found["title"], *found["authors"], *found["findings"], *(entry["why"] for entry in found["scored"])]
    assert max(map(len, texts)) <= LONGEST_FINDING
    assert not any("\n" in text or "\ud800" in text or "\u202e" in text for text in texts)
    assert len(found["authors"]) == MOST_AUTHORS
    assert len(found["findings"]) <= MOST_FINDINGS <= found["altered"] or found["altered"] < MOST_FINDINGS
    assert len(json.dumps(found)) < 1_000_000


def test_content_of_another_form_is_told_and_costs_no_more_than_its_points(tmp_path: Path) -> None:
    found = answer(tmp_path, report={"authors": [1]}, claims=[1])
    assert found["unreadable"].startswith("its content is not what a build writes")
    assert str(tmp_path) not in found["unreadable"]


def test_a_report_whose_results_have_another_form_is_scored_and_not_compared(tmp_path: Path) -> None:
    found = answer(tmp_path, provenance=[{"stage": "train/a/seed0"}])
    assert found["unreadable"] == ""
    assert not found["traits"]["results"]
    assert found["notes"] == ["it could not be compared with others: content of another form (KeyError)"]
