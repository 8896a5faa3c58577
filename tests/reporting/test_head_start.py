"""What LaTeX is told beforehand saves runs and changes no page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from latentpress.reporting import typeset as typesetting
from latentpress.reporting.head_start import braced, give_head_start
from latentpress.reporting.latexmk import Run
from latentpress.reporting.tex import find_tex

needs_tex = pytest.mark.skipif(find_tex() is None, reason="TeX is not installed")

SECTIONS = "\n".join(f"\\section{{Part {name} of \\emph{{a}} report}}\n{'Words. ' * 300}" for name in "abcdefghijkl")


def test_every_heading_of_a_section_has_its_line_of_contents(tmp_path: Path) -> None:
    text = r"\tableofcontents \section{One \emph{and a {half}}} \subsection{No} \unnumberedsection{Two \{}"
    text += r"\appendix \section{Last} \section*[x]"
    (tmp_path / "report.tex").write_text(text)
    give_head_start(tmp_path, {})
    assert (tmp_path / "report.toc").read_text().splitlines() == [
        r"\contentsline {section}{\numberline {1}One \emph{and a {half}}}{1}{}%",
        r"\contentsline {section}{\nonumberline Two \{}{1}{}%",
        r"\contentsline {section}{\numberline {A}Last}{1}{}%",
    ]


@pytest.mark.parametrize(("text", "inner"), [("{a{b}c}d", "a{b}c"), (r"{a\}b}", r"a\}b"), ("{a{b}", None), ("{}", "")])
def test_braces_are_matched(text: str, inner: str | None) -> None:
    assert braced(text, 1) == inner


@needs_tex
def test_the_head_start_saves_a_run_and_changes_no_byte(shared_workshop: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    inputs = {"data/mnist": shared_workshop.facts(source="embedded")}
    report = shared_workshop.assembled({"q1c": shared_workshop.section(SECTIONS, inputs)})
    runs: list[int] = []
    run = typesetting.run_latexmk

    def counted(folder: Path, limit: float) -> Run:
        done = run(folder, limit)
        runs.append(done.output.count("of rule 'pdflatex'"))
        return done

    monkeypatch.setattr(typesetting, "run_latexmk", counted)
    with_it = shared_workshop.typeset(report)
    monkeypatch.setattr("latentpress.reporting.latexmk.give_head_start", lambda folder, variables: None)
    without = shared_workshop.typeset(report)
    assert with_it.files["report.pdf"] == without.files["report.pdf"]
    assert runs[0] < runs[1]
