"""Every command of the reports' TeX becomes HTML; what is not known is seen, and what is hostile is text."""

from __future__ import annotations

import html
import re
import unicodedata
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from markupsafe import Markup

from latentpress.errors import TemplateError
from latentpress.reporting.latex import escape
from latentpress.reporting.web import dialect
from latentpress.reporting.web.provenance import metric_of


def test_blank_lines_part_paragraphs_also_behind_comments_and_commands(converter: Any) -> None:
    _, page = converter("One\nline.\n\nTwo. % a remark\n\nThree \\dots\n\nFour\\par Five.")
    found = re.findall(r"<p>(.*?)</p>", page)
    assert found == ["One line.", "Two.", "Three …", "Four", "Five."]


@pytest.mark.parametrize(
    ("tex", "expected"),
    [
        (r"\emph{a} \textbf{b} \code{c\_d}", "<p><em>a</em> <strong>b</strong> <code>c_d</code></p>"),
        (r"95\,\% \interval{0.1}{0.2}", '<p>95\u202f% <span class="interval">[0.1, 0.2]</span></p>'),
        (r"a---b -- ``c'' it's", "<p>a—b – “c” it’s</p>"),
        (r"\composed{1EC5}{\~{\^e}} \'{e}\v{s} Fran{\c{c}}ois {\'\i}", "<p>ễ éš François í</p>"),
        (r"\missingglyph{1F600}", "<p><bdi>😀</bdi></p>"),
        (r"\missingglyph{202E}", '<p><span class="glyph">U+202E</span></p>'),
        (r"\missingvalue{} \untestable{not}", '<p><span class="missing">[missing]</span> <em>not</em></p>'),
        (r"\textcolor{warning}{hot} \textcolor{pink}{not}", '<p><span class="color-warning">hot</span> not</p>'),
        (r"{\bfseries all} rest", "<p><strong>all</strong> rest</p>"),
        (r"\interactivemap{batch_norm}{the \emph{map}}", '<p><a href="tsne.html#batch_norm">the <em>map</em></a></p>'),
        (r"\interactivemap{https://example.org}{the map}", "<p>the map</p>"),
        (r"one\allowbreak{}two", "<p>one<wbr>two</p>"),
        (r"\paragraph{Data.} They", '<p><strong class="run-in">Data.</strong>  They</p>'),
        (r"\href{https://example.org/a_b}{here}", '<p><a href="https://example.org/a_b" rel="noreferrer">here</a></p>'),
        (r"\href{javascript:alert(1)}{here}", "<p>here</p>"),
    ],
)  # fmt: skip
def test_commands_in_a_line(converter: Any, tex: str, expected: str) -> None:
    found, page = converter(tex)
    assert page.strip() == expected
    assert found.unknown == []


def test_what_is_not_known_is_marked_and_its_text_kept(converter: Any) -> None:
    found, page = converter("See \\frobnicate{this} and\n\\begin{theatre}the play\\end{theatre}")
    assert found.unknown == ["\\frobnicate", "\\begin{theatre}"]
    assert page.count('class="unknown"') == 2
    assert "this" in page
    assert "the play" in page


def test_unknown_labels_and_works_are_marked(converter: Any) -> None:
    _, page = converter(r"See \ref{nothing} and \citep{nobody}.")
    assert page.count('class="unknown"') == 2


def test_tex_that_cannot_be_read_is_an_error_with_its_line() -> None:
    with pytest.raises(TemplateError, match=r"report\.tex:2"):
        dialect.read("fine\n\\begin{figure} never closed")


def test_boxes_lists_and_footnotes(converter: Any) -> None:
    found, page = converter(
        "\\begin{remark}\nMind.\n\\end{remark}\n\\begin{warningbox}{Beware}\nIt is hot.\n\\end{warningbox}\n"
        "\\failurebox{train/sparse}{no space}{latentpress build}\n"
        "\\begin{enumerate}\n\\item First\\footnote{Of all.}\n\\item Second\n\nwith more\n\\end{enumerate}\n"
        "\\begin{description}\\item[Term] What it is.\\end{description}"
    )
    assert '<aside class="box note" role="note"><p>Mind.</p>' in page
    assert '<p class="box-title">Beware</p>' in page
    assert "This part failed: train/sparse" in page
    assert "<code>latentpress build</code>" in page
    assert "<p>Second</p>\n<p>with more</p>" in page
    assert "<dt>Term</dt><dd>What it is.</dd>" in page
    assert [str(note) for note in found.footnotes] == ["Of all."]


def test_marks_of_captions_lead_to_the_rows_of_the_appendix(converter: Any) -> None:
    _, page = converter(
        "\\begin{figure}\\traced{7}{figure:figures/a.pdf}{\\fitgraphic{1\\linewidth}{figures/a.pdf}}"
        "\\caption{Images. \\provenancemark{\\provenancelink{3}{3--5}, \\provenancelink{9}{9}}}\\end{figure}\n"
        "\\provenanceanchor{}\\begin{tabular}{rl}\\toprule Mark & Stage\\\\ \\midrule"
        "\\provenancerow{3} & train\\\\* & \\provenancebasis{settings \\digest{ab}}\\\\[3pt]\\end{tabular}",
        pictures=lambda path, alternative, width: Markup('<img alt="{}">').format(alternative),
    )
    assert '<sup class="mark">[<a href="#provenance-3">P3–5</a>, <a href="#provenance-9">P9</a>]</sup>' in page
    assert '<img alt="Figure 1: Images.">' in page
    assert '<span id="provenance-3">P3</span>' in page
    assert page.count("<tr") == 3


@pytest.mark.parametrize(
    ("key", "metric"),
    [
        ("mnist/sparse/test/probe\\_accuracy", "mnist/sparse/test/probe_accuracy"),
        ("-frey/vae/test/elbo,interval", "frey/vae/test/elbo"),
        ("setting:sparse:training.epochs", "setting:sparse:training.epochs"),
        ("mnist/x/test/a/noise=!C3!A9", "mnist/x/test/a/noise=é"),
    ],
)
def test_keys_name_their_metric(key: str, metric: str) -> None:
    assert metric_of(key) == metric


def test_a_traced_number_in_a_formula_makes_the_formula_lead_there(converter: Any) -> None:
    told: list[Any] = []
    _, page = converter(
        r"$e^{-\traced{4}{setting:plain:training.input_scale}{0.06}}$",
        traced=lambda row, metric, shown: told.append((row, metric)) or shown,
    )
    assert told == [("4", "setting:plain:training.input_scale")]
    assert "<mn>0.06</mn>" in page
    assert "traced" not in page


def test_traced_numbers_and_marks_reach_their_writers(converter: Any) -> None:
    told: list[Any] = []
    _, page = converter(
        r"It is \traced{7}{mnist/sparse/test/probe\_accuracy}{98.9\,\% \interval{$-0.1$}{0.2}}.\provenancemark{7,12}",
        traced=lambda row, metric, shown: told.append((row, metric)) or shown,
        marked=lambda rows: told.append(list(rows)) or "",
    )
    assert told == [("7", "mnist/sparse/test/probe_accuracy"), ["7", "12"]]
    assert "98.9\u202f%" in page
    assert "[\u22120.1, 0.2]" in page


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example("ᵀ")
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=60))
def test_escaped_text_reads_as_it_was_typed(converter: Any, typed: str) -> None:
    """Whatever a user types, the page's text is that text, and no element is made of it."""
    tex = escape(typed)
    found, page = converter(f"x {tex} y")
    assert found.unknown == []
    tags = set(re.findall(r"</?([a-zA-Z]+)", page))
    assert tags <= {"p", "span", "bdi", "wbr"}
    shown = re.sub(r'<span class="glyph">U\+([0-9A-F]+)</span>', lambda match: chr(int(match[1], 16)), page)
    read = html.unescape(re.sub(r"<[^>]*>", "", shown))

    def squeezed(text: str) -> str:
        """Without spaces, what is no wider than nothing, and the shapes of quotes."""
        return re.sub(r"[\s\u00ad\u200b\u200d\ufe0e\ufe0f\ufeff]+", "", text.replace("’", "'").replace("‘", "`"))

    assert squeezed(read) == squeezed(f"x{unicodedata.normalize('NFC', typed)}y")
