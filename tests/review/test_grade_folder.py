"""The folder of grades: what an earlier grading made is replaced, what it has not made is left alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from latentpress.errors import UsageError
from latentpress.review import grade_folder
from latentpress.review.grade_folder import MADE, check_folder, write_folder

FIRST = {"grades.csv": b"1", "summary.pdf": b"1", "sheets/Ada.pdf": b"1", "sheets/Ben.pdf": b"1"}


def content(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != MADE)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_a_later_grading_replaces_its_own_files_and_no_others(tmp_path: Path) -> None:
    write_folder(tmp_path, FIRST)
    (tmp_path / "sheets" / "notes.txt").write_bytes(b"mine")
    (tmp_path / "remarks.pdf").write_bytes(b"mine")
    second = {"grades.csv": b"2", "sheets/Ben.pdf": b"2", "sheets/Cleo.pdf": b"2"}
    assert write_folder(tmp_path, second) == []
    assert content(tmp_path) == {**second, "sheets/notes.txt": b"mine", "remarks.pdf": b"mine"}


def test_a_file_that_somebody_edited_is_kept_beside_the_new_one(tmp_path: Path) -> None:
    """A grader writes remarks into a sheet, then grades again after a late submission."""
    write_folder(tmp_path, FIRST)
    (tmp_path / "sheets" / "Ada.pdf").write_bytes(b"with remarks")
    (tmp_path / "sheets" / "Ben.pdf").write_bytes(b"with remarks")
    assert write_folder(tmp_path, {"sheets/Ada.pdf": b"2"}) == ["sheets/Ada.pdf", "sheets/Ben.pdf"]
    assert content(tmp_path) == {
        "sheets/Ada.pdf": b"2",
        "sheets/Ada.pdf.edited": b"with remarks",
        "sheets/Ben.pdf.edited": b"with remarks",
    }
    (tmp_path / "sheets" / "Ada.pdf").write_bytes(b"more remarks")
    write_folder(tmp_path, {"sheets/Ada.pdf": b"3"})
    assert content(tmp_path)["sheets/Ada.pdf.edited2"] == b"more remarks"


def test_a_file_of_somebody_else_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "grades.csv").write_bytes(b"mine")
    with pytest.raises(UsageError, match="no earlier grading"):
        write_folder(tmp_path, FIRST)
    assert content(tmp_path) == {"grades.csv": b"mine"}


def test_after_a_kill_midway_the_files_are_still_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_folder(tmp_path, FIRST)
    real, second = grade_folder.write_atomically, {"grades.csv": b"2", "sheets/Zoe.pdf": b"2"}

    def killed(path: Path, data: bytes) -> None:
        real(path, data)
        if path.name == "Zoe.pdf":
            raise KeyboardInterrupt

    monkeypatch.setattr(grade_folder, "write_atomically", killed)
    with pytest.raises(KeyboardInterrupt):
        write_folder(tmp_path, second)
    monkeypatch.undo()
    third = {"grades.csv": b"3", "sheets/Zoe.pdf": b"3"}
    assert write_folder(tmp_path, third) == []
    assert content(tmp_path) == third


def test_a_list_of_files_that_was_tampered_with_removes_nothing_else(tmp_path: Path) -> None:
    folder = tmp_path / "grades"
    write_folder(folder, FIRST)
    (tmp_path / "precious").write_bytes(b"x")
    (folder / MADE).write_text('{"../precious": [], "sheets/../../precious": [], "notes.txt": []}')
    (folder / "notes.txt").write_bytes(b"x")
    with pytest.raises(UsageError):
        write_folder(folder, FIRST)
    assert (tmp_path / "precious").exists() and (folder / "notes.txt").exists()


def test_folders_that_grades_cannot_go_to_are_refused_beforehand(tmp_path: Path) -> None:
    submissions, file, linked = tmp_path / "in", tmp_path / "file", tmp_path / "linked"
    submissions.mkdir()
    file.touch()
    linked.mkdir()
    (linked / "sheets").symlink_to(tmp_path)
    for folder in (submissions, file, linked):
        with pytest.raises(UsageError, match="--output"):
            check_folder(folder, submissions)
    check_folder(tmp_path / "new", submissions)
