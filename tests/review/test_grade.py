"""Grading a folder: real reports, hostile files, the table, the sheets, the exit status."""

from __future__ import annotations

import csv
import io
import json
import os
import random
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import pikepdf
import pytest

from latentpress.errors import LatentPressError, SettingsError, TexMissingError
from latentpress.reporting.attachments import REPORT_FORMAT
from latentpress.reporting.page_text import page_texts
from latentpress.review import grading
from latentpress.review.grading import GradingError, Order, grade

RUBRIC = """title = "A course & its 100 % rubric"
points = 10
unverified = "cap"
cap = 5

[[criteria]]
kind = "verified"
title = "=unaltered"
points = 4

[[criteria]]
kind = "metric"
title = "accuracy"
points = 4
id = "mnist/sparse/test/probe_accuracy"
zero_at = 0.8852
full_at = 1.0852

[[criteria]]
kind = "sections"
title = "sections"
points = 2
sections = ["q1c"]
"""
HOSTILE = "=cmd|' /C calc'!A0 \\input{/etc} $x_1^ % & <b>#~\n{\\bye.pdf"


def rubric(folder: Path, text: str = RUBRIC) -> Path:
    path = folder / "rubric.toml"
    path.write_text(text)
    return path


def bomb(genuine: bytes, size: int) -> bytes:
    """A report whose report.json inflates to many bytes."""
    squeeze = zlib.compressobj(9, wbits=-15)
    block = squeeze.compress(bytes(1 << 24)) + squeeze.flush(
        zlib.Z_FULL_FLUSH
    )  # stands for itself, so it can be repeated
    data = b"\x78\xda" + block * (size >> 24) + b"\x03\x00"
    with pikepdf.open(io.BytesIO(genuine)) as pdf:
        pdf.attachments["report.json"].obj.EF.F.write(data, filter=pikepdf.Name.FlateDecode)
        buffer = io.BytesIO()
        pdf.save(buffer, compress_streams=False)
    return buffer.getvalue()


def many_pages(count: int) -> bytes:
    with pikepdf.new() as pdf:
        page = pikepdf.Dictionary(Type=pikepdf.Name.Page, MediaBox=[0, 0, 9, 9], Parent=pdf.Root.Pages)
        pdf.Root.Pages.Kids = pikepdf.Array([pdf.make_indirect(pikepdf.Dictionary(page)) for _ in range(count)])
        pdf.Root.Pages.Count = count
        pdf.attachments["report.json"] = pikepdf.AttachedFileSpec(pdf, REPORT, filename="report.json")
        buffer = io.BytesIO()
        pdf.save(buffer)
    return buffer.getvalue()


LISTS = ("metrics", "claims", "numbers", "health", "figures", "tables", "files", "failures", "provenance")
REPORT = json.dumps(
    {
        "format": REPORT_FORMAT,
        **{key: [] for key in LISTS},
        **{key: {} for key in ("report", "settings", "facts", "environment", "evidence")},
    }
).encode()


def cyclic(genuine: bytes) -> bytes:
    with pikepdf.open(io.BytesIO(genuine)) as pdf:
        pdf.Root.Pages.Kids.append(pdf.Root.Pages)
        buffer = io.BytesIO()
        pdf.save(buffer)
    return buffer.getvalue()


def encrypted(genuine: bytes) -> bytes:
    with pikepdf.open(io.BytesIO(genuine)) as pdf:
        buffer = io.BytesIO()
        pdf.save(buffer, encryption=pikepdf.Encryption(owner="a", user="b"))
    return buffer.getvalue()


def edited(genuine: bytes) -> bytes:
    with pikepdf.open(io.BytesIO(genuine)) as pdf:
        del pdf.pages[-1]
        buffer = io.BytesIO()
        pdf.save(buffer)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def classroom(genuine: bytes, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two sound reports, an edited one, and what students who wish the grader ill hand in; graded."""
    root = tmp_path_factory.mktemp("class")
    folder = root / "submissions"
    folder.mkdir()
    deep = b"[" * 100_000
    files = {
        "Ada": genuine,
        "Ben": genuine + b"% another file\n",
        "Ben again": genuine + b"% another file\n",
        "Eve edits": edited(genuine),
        "broken": genuine[: len(genuine) // 2],
        "noise": b"%PDF-1.7\n" + random.Random(0).randbytes(50_000),
        "empty": b"",
        "encrypted": encrypted(genuine),
        "cyclic": cyclic(genuine),
        "pages": many_pages(2_000),
        "deep": b"%PDF-1.7\n1 0 obj\n<</Type/Catalog/Pages " + deep + b">>\nendobj\ntrailer<</Root 1 0 R>>\n%%EOF",
        "bomb": bomb(genuine, 1 << 32),
        "x" * 240: b"",
    }
    for name, data in files.items():
        (folder / f"{name}.pdf").write_bytes(data)
    with (folder / "sparse.pdf").open("wb") as file:
        file.write(b"%PDF-1.7\n")
        file.truncate(1 << 30)
    (folder / HOSTILE.replace("/", "\u2215")).write_bytes(genuine + b"% hostile name\n")
    os.close(os.open(os.fsencode(folder) + b"/lat\xe9n.pdf", os.O_CREAT))
    (folder / "link.pdf").symlink_to("/etc/hostname")
    os.mkfifo(folder / "pipe.pdf")
    with pytest.raises(GradingError, match="13 of 18"):
        grade(Order(folder, rubric(root), root / "grades"), print)
    return root


@pytest.fixture(scope="module")
def rows(classroom: Path) -> dict[str, dict[str, str]]:
    with (classroom / "grades" / "grades.csv").open(newline="", encoding="utf-8") as file:
        return {row["student"]: row for row in csv.DictReader(file)}


def test_sound_reports_get_their_points(rows: dict[str, dict[str, str]]) -> None:
    for name in ("Ada", "Ben"):
        assert (rows[name]["verdict"], rows[name]["points"], rows[name]["of"]) == ("verified", "8.0", "10.0")
        assert (rows[name]["accuracy"], rows[name]["sections"], rows[name]["'=unaltered"]) == ("2.0", "2.0", "4.0")
        assert rows[name]["authors"] == "Ada Lovelace"


def test_an_altered_report_gets_what_the_rubric_says(rows: dict[str, dict[str, str]]) -> None:
    assert (rows["Eve edits"]["verdict"], rows["Eve edits"]["points"]) == ("altered", "4.0")
    assert "page" in rows["Eve edits"]["reason"]


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("broken", "no PDF that can be read"),
        ("noise", "no PDF that can be read"),
        ("empty", "the file is empty"),
        ("encrypted", "encrypted"),
        ("cyclic", "Loop detected"),
        ("pages", "2,000 pages"),
        ("deep", "no PDF that can be read"),
        ("bomb", "memory"),
        ("sparse", "1,073,741,824 bytes"),
        ("link", "symbolic link"),
        ("pipe", "named pipe"),
        ("lat\\xe9n", "the file is empty"),
    ],
)
def test_what_cannot_be_read_costs_its_own_row_only(rows: dict[str, dict[str, str]], name: str, told: str) -> None:
    assert (rows[name]["verdict"], rows[name]["points"]) == ("unreadable", "0.0")
    assert told in rows[name]["reason"]
    assert "/tmp" not in rows[name]["reason"] and "0x" not in rows[name]["reason"]


def test_no_cell_of_the_table_is_a_formula(classroom: Path) -> None:
    with (classroom / "grades" / "grades.csv").open(newline="", encoding="utf-8") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
    assert any(cell.startswith("'=cmd") for cell in cells)


def test_every_student_has_a_sheet_of_their_own_that_names_no_other(classroom: Path) -> None:
    told = json.loads((classroom / "grades" / "grades.json").read_text())["submissions"]
    sheets = classroom / "grades" / "sheets"
    assert {path.stem for path in sheets.iterdir()} == {row["sheet"] for row in told}
    for row in told:
        text = "\n".join(page_texts((sheets / f"{row['sheet']}.pdf").read_bytes()))
        assert "of 10 points" in text
        others = {other["student"] for other in told} & {"Ada", "Ben", "Eve edits"} - {row["student"]}
        assert not [name for name in others if f"{name}\n" in text]
    hostile = next(row for row in told if row["student"].startswith("=cmd"))
    assert "calc'!A0 \\input" in page_texts((sheets / f"{hostile['sheet']}.pdf").read_bytes())[0].replace("’", "'")


def test_the_summary_tells_what_to_look_at_and_what_is_in_common(classroom: Path) -> None:
    text = " ".join("\n".join(page_texts((classroom / "grades" / "summary.pdf").read_bytes())).split())
    for part in ("18", "Criteria", "To be looked at first", "Same file", "Same authors", "All submissions"):
        assert part in text
    told = json.loads((classroom / "grades" / "grades.json").read_text())
    kinds = {group["kind"]: group["members"] for group in told["groups"]}
    names = {row["number"]: row["student"] for row in told["submissions"]}
    assert {names[member] for member in kinds["same file"]} == {"Ben", "Ben again"}


def test_nothing_is_written_elsewhere_and_no_submission_is_touched(classroom: Path) -> None:
    assert {path.name for path in classroom.iterdir()} == {"submissions", "rubric.toml", "grades"}
    assert {path.name for path in (classroom / "grades").iterdir()} == {
        ".grading.json", "grades.csv", "grades.json", "sheets", "summary.pdf",
    }  # fmt: skip
    assert len(list((classroom / "submissions").iterdir())) == 18


@pytest.fixture
def small(genuine: bytes, tmp_path: Path) -> Path:
    """A class of two."""
    folder = tmp_path / "submissions"
    folder.mkdir()
    (folder / "Ada.pdf").write_bytes(genuine)
    (folder / "Ben").mkdir()
    (folder / "Ben" / "mine.pdf").write_bytes(genuine + b"% other\n")
    return tmp_path


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_same_submissions_give_the_same_bytes_whoever_looks_at_them(small: Path) -> None:
    for workers in (1, 2):
        grade(Order(small / "submissions", rubric(small), small / f"grades{workers}", workers), lambda line: None)
    assert files(small / "grades1") == files(small / "grades2")
    assert "summary.pdf" in files(small / "grades1")


def test_without_tex_sheets_are_html(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grading, "find_tex", lambda: None)
    (small / "submissions" / "<b>&.pdf").write_bytes(b"")
    with pytest.raises(TexMissingError) as error:
        grade(Order(small / "submissions", rubric(small), small / "grades"), lambda line: None)
    assert error.value.exit_status == 4
    made = files(small / "grades")
    assert {"grades.csv", "summary.html", "sheets/Ada.html", "sheets/Ben.html", "sheets/b.html"} <= set(made)
    assert b"&lt;b&gt;&amp;" in made["sheets/b.html"] and b"<b>" not in made["sheets/b.html"]
    assert b"8 of 10 points" in made["sheets/Ada.html"]


def test_a_reference_that_cannot_be_read_is_a_fault_of_the_rubric(small: Path) -> None:
    text = RUBRIC.replace("[[criteria]]", '[copies]\nreference = "absent.pdf"\n\n[[criteria]]', 1)
    with pytest.raises(SettingsError, match=r'the reference "absent\.pdf"'):
        grade(Order(small / "submissions", rubric(small, text), small / "grades"), lambda line: None)
    assert not (small / "grades").exists()


def test_what_equals_the_handed_out_report_is_nobodys_copy(small: Path, genuine: bytes) -> None:
    (small / "handout.pdf").write_bytes(genuine)
    text = RUBRIC.replace("[[criteria]]", '[copies]\nreference = "handout.pdf"\n\n[[criteria]]', 1)
    grade(Order(small / "submissions", rubric(small, text), small / "grades"), lambda line: None)
    assert json.loads((small / "grades" / "grades.json").read_text())["groups"] == []


def run(*arguments: Any) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "latentpress", "grade", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


def test_the_command_prints_a_rubric_and_refuses_to_guess(tmp_path: Path) -> None:
    printed = run("--example-rubric")
    assert printed.returncode == 0
    assert "[[criteria]]" in printed.stdout
    for arguments in (
        [],
        [tmp_path],
        [tmp_path / "absent", "--rubric", rubric(tmp_path)],
        [tmp_path, "--workers", "0"],
    ):
        answer = run(*arguments)
        assert answer.returncode == 2, answer
        assert answer.stderr.startswith("error: ")


def test_errors_of_grading_are_ones_that_the_user_can_mend() -> None:
    assert issubclass(GradingError, LatentPressError)
    assert GradingError("a").exit_status == 1
