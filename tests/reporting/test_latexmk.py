"""Runs of LaTeX that are cut short: nothing of them may pass for the report."""

from __future__ import annotations

import dataclasses
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from latentpress.engine.orphans import MARK
from latentpress.errors import LatexError
from latentpress.reporting import latexmk
from latentpress.reporting.latexmk import Run, run_latexmk
from latentpress.reporting.tex import find_tex
from latentpress.reporting.typeset import ATTEMPTS

needs_tex = pytest.mark.skipif(find_tex() is None, reason="TeX is not installed")

BODY = r"""\section{One}\label{sec:one}
See Section~\ref{sec:two} and \cite{berthelot2019}.
\section{Two}\label{sec:two}
<< contributions_table("tab:who", "Who did what.") >>
"""
KILL_ITSELF = "kill -9 $$"
# latexmk leads the group of processes.
KILL_LATEXMK = "kill -9 $(ps -o pgid= -p $$)"


def disturb(monkeypatch: pytest.MonkeyPatch, folder: Path, program: str, call: str, deed: str) -> Path:
    """Have a program of TeX's do something at one of its calls, or at "every" one, and count its calls."""
    folder.mkdir()
    installation = find_tex()
    assert installation is not None
    count = folder / "count"
    condition = "true" if call == "every" else f'[ "$n" = "{call}" ]'
    script = folder / program
    script.write_text(
        f'#!/bin/sh\necho x >> {count}\nn=$(wc -l < {count} | tr -d " ")\nif {condition}; then {deed}; fi\n'
        f'exec {shutil.which(program, path=installation.path)} "$@"\n'
    )
    script.chmod(0o755)
    told = dataclasses.replace(installation, path=f"{folder}:{installation.path}")
    monkeypatch.setattr(latexmk, "find_tex", lambda: told)
    return count


@pytest.fixture(scope="module")
def report(shared_workshop: Any) -> Any:
    inputs = {"data/mnist": shared_workshop.facts(source="embedded")}
    references = shared_workshop.root / "references.bib"
    references.write_text("@book{berthelot2019, author = {A. Berthelot}, title = {T}, publisher = {P}, year = 2019}\n")
    sections = {"q1c": shared_workshop.section(BODY, inputs)}
    return shared_workshop.assembled(sections, files={"bibliography": references})


@pytest.fixture(scope="module")
def whole(shared_workshop: Any, report: Any) -> bytes:
    return bytes(shared_workshop.typeset(report).files["report.pdf"])


@needs_tex
@pytest.mark.parametrize(
    ("program", "call", "deed"),
    [
        ("pdflatex", "1", KILL_ITSELF),
        ("pdflatex", "2", KILL_ITSELF),
        ("pdflatex", "2", KILL_LATEXMK),
        ("bibtex", "1", KILL_ITSELF),
        ("bibtex", "2", KILL_ITSELF),
        ("pdflatex", "2", 'head -c 9000 report.pdf > half; mv half report.pdf; kill -9 "$$"'),
    ],
)  # fmt: skip
def test_a_program_that_is_killed_once_changes_no_byte(
    shared_workshop: Any, report: Any, whole: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    program: str, call: str, deed: str,
) -> None:  # fmt: skip
    """The PDF of an earlier pass, with question marks for references, is on the disk when a later one is killed."""
    count = disturb(monkeypatch, tmp_path / "bin", program, call, deed)
    assert shared_workshop.typeset(report).files["report.pdf"] == whole
    assert len(count.read_text().split()) > int(call), "the fault was never made"


@needs_tex
def test_what_is_killed_again_and_again_is_told(
    shared_workshop: Any, report: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = disturb(monkeypatch, tmp_path / "bin", "pdflatex", "every", KILL_ITSELF)
    with pytest.raises(LatexError, match=f"no whole PDF in {ATTEMPTS} attempts") as caught:
        shared_workshop.typeset(report)
    assert "memory" in str(caught.value.hint)
    assert len(count.read_text().split()) == ATTEMPTS


@needs_tex
def test_errors_of_bibtex_are_no_kill(tmp_path: Path) -> None:
    (tmp_path / "references.bib").write_text("@article{a, title = {T}, year = 2000\n@book{b,}")
    (tmp_path / "report.tex").write_text(
        "\\documentclass{article}\\begin{document}\\cite{a}\\bibliographystyle{plain}"
        "\\bibliography{references}\\end{document}"
    )
    run = run_latexmk(tmp_path, 60)
    assert run.status > 0 and run.bibtex_complained and not run.unfinished


@pytest.mark.parametrize(
    ("status", "bibtex_complained", "unfinished"),
    [(0, False, False), (0, True, False), (-9, False, True), (-9, True, True), (12, False, True), (12, True, False)],
)
def test_only_a_run_that_ended_well_or_with_errors_of_bibtex_is_finished(
    status: int, bibtex_complained: bool, unfinished: bool
) -> None:
    assert Run("", status, bibtex_complained).unfinished is unfinished


@needs_tex
def test_a_document_without_references_needs_no_bibtex(tmp_path: Path) -> None:
    (tmp_path / "report.tex").write_text("\\documentclass{article}\\begin{document}x\\end{document}")
    run = run_latexmk(tmp_path, 60)
    assert run.status == 0 and "bibtex" not in run.output.lower() and (tmp_path / "report.pdf").is_file()


@needs_tex
def test_latex_bears_the_mark_by_which_orphans_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It gets an environment of its own; without the mark nothing would end it when all above it are killed."""
    monkeypatch.setenv(MARK, "here:1:2")
    program = f"import os; print(os.environ['{MARK}'])"
    monkeypatch.setattr(latexmk, "LATEXMK", [sys.executable, "-c", program])
    monkeypatch.setattr(latexmk, "give_head_start", lambda folder, variables: None)
    assert run_latexmk(tmp_path, 60).output.strip() == "here:1:2"
