"""Whatever lies in a folder of submissions becomes a row, and nothing outside of it is looked at."""

from __future__ import annotations

import os
import shutil
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from latentpress.errors import UsageError
from latentpress.review.submissions import LONGEST_NAME, Submission, find_submissions, sheet_names, shown


def found(folder: Path, *leave_out: Path) -> dict[str, Submission]:
    return {submission.name: submission for submission in find_submissions(folder, leave_out)}


def test_files_and_folders_are_submissions_by_their_names(tmp_path: Path) -> None:
    for name in ("Ada.pdf", "notes.txt", "Ben/report.pdf", "Ben/figures/a.pdf", "Cleo/deep/er/mine.PDF"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "Eve Doe_12345_assignsubmission_file_").mkdir()
    rows = found(tmp_path)
    assert list(rows) == ["Ada", "Ben", "Cleo", "Eve Doe", "notes.txt"]
    assert [row.number for row in rows.values()] == [1, 2, 3, 4, 5]
    assert rows["Ben"].path == tmp_path / "Ben" / "report.pdf"
    assert rows["Cleo"].place == "Cleo/deep/er/mine.PDF"
    assert rows["Eve Doe"].path is None and "no PDF" in rows["Eve Doe"].reason
    assert [name for name, row in rows.items() if row.own_folder] == ["Ben", "Cleo"]


def test_a_folder_with_several_reports_is_not_guessed_at(tmp_path: Path) -> None:
    for name in ("Ada/a.pdf", "Ada/b.pdf"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    assert found(tmp_path)["Ada"].reason == "found 2 PDFs in this folder (a.pdf, b.pdf), expected one"


def test_links_pipes_and_loops_are_rows_and_are_never_opened(tmp_path: Path) -> None:
    folder, outside = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    outside.mkdir()
    (outside / "secret.pdf").write_bytes(b"x")
    (folder / "link.pdf").symlink_to(outside / "secret.pdf")
    (folder / "dangling.pdf").symlink_to("nowhere")
    (folder / "folder").symlink_to(outside)
    (folder / "loop").mkdir()
    (folder / "loop" / "self").symlink_to(".")
    (folder / "loop" / "inner.pdf").symlink_to(outside / "secret.pdf")
    os.mkfifo(folder / "pipe.pdf")
    rows = found(folder)
    assert all(row.path is None and row.reason for row in rows.values())
    assert set(rows) == {"link", "dangling", "folder", "loop", "pipe"}


def test_hidden_files_and_what_is_left_out_are_no_submissions(tmp_path: Path) -> None:
    for name in (".DS_Store", "Thumbs.db", "rubric.toml", "Ada.pdf", "out/grades.csv", "__MACOSX/a.pdf"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    assert list(found(tmp_path, tmp_path / "rubric.toml", tmp_path / "out")) == ["Ada"]


def test_a_folder_that_is_none_or_empty_is_wrong_usage(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "absent", Path(__file__)):
        with pytest.raises(UsageError):
            find_submissions(path)


def test_a_tree_of_many_folders_is_given_up_in_time(tmp_path: Path) -> None:
    deep = tmp_path / "Ada"
    for _ in range(20):
        deep = deep / "x"
    deep.mkdir(parents=True)
    (deep / "report.pdf").write_bytes(b"x")
    assert found(tmp_path)["Ada"].reason == "found no PDF in this folder"
    shutil.rmtree(tmp_path / "Ada")


def test_names_that_are_no_text_are_shown_all_the_same(tmp_path: Path) -> None:
    os.close(os.open(os.fsencode(tmp_path) + b"/lat\xe9n.pdf", os.O_CREAT))
    (submission,) = find_submissions(tmp_path)
    assert submission.name == "lat\\xe9n"
    assert submission.path is not None and submission.path.exists()


@given(name=st.text(st.characters(codec=None) | st.sampled_from("\ud800\udcff\u202e\n\x00"), max_size=200))
def test_a_shown_name_is_one_line_without_control(name: str) -> None:
    text = shown(name)
    assert len(text) <= LONGEST_NAME
    assert text.encode("utf-8").decode() == text
    assert not any(unicodedata.category(character) in ("Cc", "Cf", "Zl", "Zp") for character in text)


@given(
    names=st.lists(st.text(min_size=0, max_size=90) | st.sampled_from(["a", "A", "a-2", "con", "../x"]), max_size=30)
)
def test_sheets_have_safe_names_that_differ_on_every_system(names: list[str]) -> None:
    rows = [Submission(number, name, name, None) for number, name in enumerate(names, start=1)]
    made = sheet_names(rows)
    assert set(made) == {row.number for row in rows}
    assert len({name.lower() for name in made.values()}) == len(made)
    for name in made.values():
        assert name.isascii() and len(name) < 80
        assert all(character.isalnum() or character in "-_" for character in name)
        assert name.lower() not in ("", "con", "nul") and name[0] not in "-_"
