"""An assembled report becomes the same PDF each time; what LaTeX refuses is told in plain words."""

from __future__ import annotations

import contextlib
import errno
import io
import re
import shutil
import time
import unicodedata
from pathlib import Path
from typing import Any

import pikepdf
import pypdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from latentpress.errors import LatexError
from latentpress.reporting.characters import TYPESETTABLE
from latentpress.reporting.latex import Tex, escape
from latentpress.reporting.latex_errors import CAUSES, cause, first_fault, place, warnings
from latentpress.reporting.tex import find_tex
from latentpress.reporting.typeset import finish, is_whole, plain_log, refuse_full_disk

needs_tex = pytest.mark.skipif(find_tex() is None, reason="TeX is not installed")

HOSTILE = r"""50% & a_b #1 $x$ {y} \z ^ ~ " < > é Ł ß Παλαιός 小明 😀 -- ?` `` '' ,, [z] * Nguyễn"""

BODY = r"""\section{Results of << report.title >>}
\label{sec:results}
The probe reaches << num("mnist/sparse/test/probe_accuracy", interval=True, percent=True) >>, see Figure~\ref{fig:c}.
<< claim("threshold", a="mnist/sparse/test/probe_accuracy", limit=0.9, side="above", what="the accuracy") >>
<< figure("classification", "sparse", "confusion_probe", "What is taken for what.", "fig:c") >>
<< contributions_table("tab:who", "Who did what.") >>
<< note("A remark.") >><< steps(["One.", "Two."]) >>
"""


def assembled(workshop: Any, body: str = BODY, **report: Any) -> Any:
    evaluation = workshop.evaluation(workshop.accuracy("sparse", 0.98, 0.0026), figures=workshop.confusion())
    inputs = {
        "evaluate/classification/sparse/seed0": evaluation,
        "draw/classification/sparse": workshop.drawn(evaluation),
        "data/mnist": workshop.facts(source="embedded"),
    }
    return workshop.assembled({"q1c": workshop.section(body, inputs, report=report)}, **report)


def text_of(pdf: bytes) -> str:
    return " ".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf)).pages)


@pytest.fixture(scope="module")
def report(shared_workshop: Any) -> Any:
    """A report whose every user string is hostile."""
    authors = [{"name": HOSTILE, "student_number": "12_3 %", "contribution": HOSTILE}]
    return assembled(shared_workshop, title=f"Codes {HOSTILE}", subtitle=HOSTILE, authors=authors)


@pytest.fixture(scope="module")
def typeset(shared_workshop: Any, report: Any) -> Any:
    return shared_workshop.typeset(report, strict_layout=True)


@needs_tex
def test_hostile_strings_typeset_without_a_warning_and_are_read_in_the_page(typeset: Any) -> None:
    assert typeset.values["warnings"] == []
    text = "".join(text_of(typeset.files["report.pdf"]).split())
    for piece in (
        "50% & a_b #1 $x$ {y}",
        "[z] *",
        "U+5C0F",
        "U+1F600",
        "98.00 % [97.74, 98.26]",
        "The accuracy is 98.00 %",
    ):
        assert piece.replace(" ", "") in text


@needs_tex
def test_metadata_carry_what_was_typed(typeset: Any) -> None:
    with pikepdf.open(io.BytesIO(typeset.files["report.pdf"])) as pdf:
        assert str(pdf.docinfo["/Title"]) == f"Codes {HOSTILE}"
        assert str(pdf.docinfo["/Author"]) == HOSTILE
        assert str(pdf.Root.Lang) == "en-GB"
        assert not pdf.docinfo.keys() & {"/CreationDate", "/ModDate", "/PTEX.Fullbanner"}


@needs_tex
def test_bookmarks_carry_what_was_typed(typeset: Any) -> None:
    outline = [
        entry.title
        for entry in pypdf.PdfReader(io.BytesIO(typeset.files["report.pdf"])).outline
        if not isinstance(entry, list)
    ]
    assert outline[0] == f"1 Results of Codes {HOSTILE}"


@needs_tex
def test_the_same_report_gives_the_same_bytes(shared_workshop: Any, report: Any, typeset: Any) -> None:
    again = shared_workshop.typeset(report)
    assert again.files == typeset.files and again.texts == typeset.texts


@needs_tex
def test_nothing_of_this_machine_is_in_the_log(typeset: Any) -> None:
    log = typeset.texts["typeset.log"]
    assert not re.search(r"/tmp|/home|/root|/usr|format=pdflatex", log)
    assert "report.tex" in log


@needs_tex
def test_any_string_typesets(shared_workshop: Any) -> None:
    """Strings of all of Unicode, all typesettable characters, and pairs of ASCII signs: one document."""
    strings: list[str] = []

    @settings(max_examples=150, deadline=None, database=None, derandomize=True)
    @given(st.text(max_size=30))
    def collect(text: str) -> None:
        strings.append(text)

    collect()
    signs = [chr(code) for code in range(33, 127) if not chr(code).isalnum()]
    strings += [a + b for a in signs for b in signs]
    strings += ["".join(sorted(TYPESETTABLE))]
    places = ("{x}", r"\textbf{{{x}}}", r"\begin{{tabular}}{{l}}a\\ {x}\\ {x}\end{{tabular}}", r"\footnote{{{x}}}")
    body = "\n\n".join(places[i % 4 if len(s) > 2 else 0].format(x=escape(s)) for i, s in enumerate(strings))
    report = assembled(shared_workshop, "\\section{All}\n\\sloppy\n<< body >>".replace("<< body >>", Tex(body)))
    found = shared_workshop.typeset(report)
    assert [entry for entry in found.values["warnings"] if "missing character" in entry] == []
    printed = unicodedata.normalize("NFKC", text_of(found.files["report.pdf"]))
    assert {c for c in "äßŁéœ€©§¿ñ" if c not in printed} == set()


@needs_tex
@pytest.mark.parametrize(
    ("body", "line", "words"),
    [
        ("\\section{A}\n\nfine\n\\undefinedthing\n", 4, "no package defines"),
        ("\\section{A}\na_b\n", 2, "outside mathematics"),
        ("\\section{A}\n\\begin{itemise}\n\\end{itemise}", 2, "no package defines"),
        ("\\section{A}\n<% if true %>\nx & y\n<% endif %>\n", 3, "& outside a table"),
        ("\\section{A}\n\\begin{itemize}\n\\item x\n", 0, "no partner"),
        ("\\section{A}\n\\emph{open\n\nnext", 2, "not closed"),
        ("\\section{A}\n\\includegraphics{nowhere}\n", 2, "does not exist"),
        ("\\section{A}\nλόγος\n", 2, "fonts lack"),
    ],
)
def test_latex_errors_name_section_template_line_cause_and_remedy(
    shared_workshop: Any, body: str, line: int, words: str
) -> None:
    with pytest.raises(LatexError) as caught:
        shared_workshop.typeset(assembled(shared_workshop, body))
    if line:
        assert caught.value.message.startswith(f"section q1c, report_templates/assignment/q1c.tex.j2, line {line} ")
    assert words in caught.value.message and caught.value.hint
    assert (shared_workshop.root / "scratch" / "typeset.log").is_file()


@needs_tex
def test_no_template_reads_files_or_runs_programs(shared_workshop: Any) -> None:
    """Files outside the folder of the run are out of reach, and \\write18 is switched off."""
    body = "\\section{A}\n\\immediate\\write18{touch pwned}\n\\InputIfFileExists{/etc/passwd}{READ}{DENIED}\n"
    found = shared_workshop.typeset(assembled(shared_workshop, body))
    assert "DENIED" in text_of(found.files["report.pdf"]) and "root:" not in text_of(found.files["report.pdf"])


@needs_tex
def test_what_spoils_a_page_is_told_and_fails_a_strict_build(shared_workshop: Any) -> None:
    wide = "\\section{A}\n\\noindent\\rule{180mm}{1pt}\n\n\\ref{fig:gone} \\cite{nobody}\n"
    report = assembled(shared_workshop, wide)
    told = shared_workshop.typeset(report).values["warnings"]
    assert any(re.match(r"overfull hbox, \d+ pt too wide: section q1c, .*, line 2", entry) for entry in told)
    assert any("undefined reference fig:gone: section q1c" in entry and "line 4" in entry for entry in told)
    assert any("undefined citation nobody" in entry for entry in told)
    with pytest.raises(LatexError, match="overfull hbox"):
        shared_workshop.typeset(report, strict_layout=True)


@needs_tex
def test_figures_come_before_the_next_heading(shared_workshop: Any) -> None:
    """Also where a report redeclares the looks of its headings."""
    tall = "\n".join(f"\\begin{{figure}}\\rule{{5cm}}{{14cm}}\\caption{{Tower {n}}}\\end{{figure}}" for n in range(3))
    own = shared_workshop.root / "own.tex.j2"
    own.write_text(
        "<% extends 'base' %><% block preamble %>\\RedeclareSectionCommand[tocindent=0pt]{section}<% endblock %>"
    )
    body = f"\\section{{Towers}}\n{tall}\n\\section{{Next heading}}\nText.\n"
    section = shared_workshop.section(body)
    text = text_of(
        shared_workshop.typeset(shared_workshop.assembled({"q1c": section}, files={"template": own})).files[
            "report.pdf"
        ]
    )
    assert text.rindex("Tower 2") < text.rindex("Next heading")


@needs_tex
def test_a_run_without_end_is_stopped_with_all_that_it_started(shared_workshop: Any) -> None:
    started = time.monotonic()
    with pytest.raises(LatexError, match="was not done after 3 s"):
        shared_workshop.typeset(assembled(shared_workshop, "\\section{A}\n\\loop\\iftrue\\repeat\n"), time_limit=3)
    assert time.monotonic() - started < 20


def test_the_first_error_of_a_log_is_read() -> None:
    log = "noise\n./report.tex:12: Undefined control sequence.\nl.12 see \\foo\n  bar\n./report.tex:20: Later.\n"
    fault = first_fault(log)
    assert fault is not None
    assert (fault.message, fault.line, fault.context) == ("Undefined control sequence.", 12, "see \\foo")
    assert first_fault("all is well") is None


def test_lines_lead_to_section_and_template() -> None:
    sources = [{"section": "q1b", "template": "q1b.tex.j2", "first": 10, "lines": [1, 1, 4]}]
    assert place(12, sources) == "section q1b, q1b.tex.j2, line 4"
    assert place(13, sources) == "the report's frame (title page, appendices)"


def test_every_known_cause_has_a_remedy() -> None:
    assert all(why.endswith(".") and remedy.endswith(".") for _, why, remedy in CAUSES)
    assert cause("Something that LaTeX never said")[1]


def test_slightly_overfull_boxes_are_let_pass() -> None:
    assert warnings("Overfull \\hbox (0.3pt too wide) in paragraph at lines 3--4\n", []) == []


def test_a_log_loses_what_differs_between_machines() -> None:
    log = (
        "This is pdfTeX (format=pdflatex 2026.11.21)  21 NOV 2026\n**report.tex\n(/usr/share/x/a.sty\n"
        "/tmp/latentpress-ab1_c/x\nHere is how much of TeX's memory you used:\n 1 string\n"
    )
    assert plain_log(log) == "**report.tex\n(a.sty\n./x\n"


def test_half_characters_do_not_reach_the_metadata() -> None:
    empty = io.BytesIO()
    with pikepdf.new() as pdf:
        pdf.add_blank_page()
        pdf.save(empty)
    data = finish(empty.getvalue(), {"title": "a\ud800b", "authors": [{"name": "x"}]})
    with pikepdf.open(io.BytesIO(data)) as pdf:
        assert str(pdf.docinfo["/Title"]) == "a\ufffdb"


@pytest.mark.parametrize(
    ("free", "limit", "error"),
    [(10, -1, errno.ENOSPC), (10**9, 50, errno.EFBIG), (10**9, -1, None)],
)
def test_a_pdf_that_latex_could_not_write_to_its_end_is_laid_to_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, limit: int, error: int | None
) -> None:
    half = b"%PDF-1.5 half" + bytes(50)
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr("shutil.disk_usage", lambda path: usage._replace(free=free))
    monkeypatch.setattr("resource.getrlimit", lambda which: (limit, limit))
    refuse_full_disk(b"%PDF-1.5 whole %%EOF\n", tmp_path)
    assert is_whole(b"%PDF-1.5 whole %%EOF\n") and not is_whole(half)
    with pytest.raises(OSError) if error else contextlib.nullcontext() as caught:
        refuse_full_disk(half, tmp_path)
    assert error is None or caught.value.errno == error
