"""The list of references is BibTeX's, and citations are natbib's."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from latentpress.errors import TemplateError
from latentpress.reporting.web import bibtex, dialect
from latentpress.reporting.web.plainnat import references

ROOT = Path(__file__).parents[3]
BIBLIOGRAPHY = r"""
@string{jmlr = "Journal of Machine Learning Research"}
@comment{not this}
@article{one, author = {Ada Lovelace and Charles Babbage}, title = {On the {E}ngine: A Note On it}, journal = jmlr,
  volume = 3, pages = {1-9}, year = 1843}
@article{two, author = "Lovelace, Ada and de la Babbage, Charles", title = "Another", journal = jmlr, year = 1843}
@book{three, author = {Ludwig van Beethoven and others}, title = {Grosse Fuge}, publisher = {Artaria}, year = {1826},
  edition = {Second}, doi = {10.1/x}}
@misc{four, author = {{The Committee}}, title = {Minutes},
  howpublished = {\url{https://example.org/a_b}}, year = {1900}, note = {Lost.}}
@phdthesis{five, author = {Emmy Noether}, title = {Invariants}, school = {Erlangen}, year = {1907}, month = dec}
@inproceedings{six, author = {Turing, Jr., A. B. and C. Church and D. Kleene},
  title = {What? Numbers}, editor = {G. Peano and D. Hilbert},
  booktitle = {Logic}, number = {4}, series = {Notes},
  pages = {7}, address = {Paris}, publisher = {Springer},
  year = {1936}, url = {https://example.org}}
@techreport{seven, author = {X. Y. Zeta}, title = {Report}, institution = {Lab}, number = {12}, year = {1999}}
@incollection{eight, author = {Q. W. Erty}, title = {Keys}, booktitle = {Boards},
  editor = {M. N. Op}, chapter = 3, publisher = {P}, year = {2001}}
@unpublished{nine, author = {U. N. Known}, title = {Draft}, note = {In preparation}, year = {2020}}
@mastersthesis{ten, author = {M. A. Ster}, title = {Thesis Title}, school = {ETH}, year = {2010}}
"""


def read(tex: str) -> str:
    """The text of a TeX of the list."""
    tex = re.sub(r"\\(penalty0|newblock)\s*", lambda match: " " if "block" in match[1] else "", tex)
    tex = re.sub(r"\\doi\{([^}]*)\}", r"doi: \1", tex)
    from latentpress.reporting.web.converting import Converter
    from latentpress.reporting.web.numbering import Numbering

    return re.sub(r"\s+", " ", Converter(Numbering()).text(tex).striptags()).strip()


def bibtex_list(folder: Path, bibliography: str, keys: list[str]) -> dict[str, tuple[str, str]]:
    """What BibTeX makes: key to label and text, in its order."""
    (folder / "references.bib").write_text(bibliography)
    lines = [*(rf"\citation{{{key}}}" for key in keys), r"\bibstyle{plainnat}", r"\bibdata{references}"]
    (folder / "report.aux").write_text("\n".join(lines))
    subprocess.run(["bibtex", "report"], cwd=folder, capture_output=True, timeout=60, check=False)
    body = (folder / "report.bbl").read_text().split(r"\bibitem")[1:]
    found = {}
    for item in body:
        match = re.match(
            r"\[((?:[^\[\]]|\{[^}]*\})*?)\]\{([^}]*)\}(.*)", item.replace(r"\end{thebibliography}", ""), re.DOTALL
        )
        assert match, item
        label = re.match(r"(.*?\([^()]*\))", re.sub(r"\s+", " ", match[1]))
        assert label
        found[match[2]] = (read(label[1]), read(match[3]))
    return found


@pytest.mark.skipif(shutil.which("bibtex") is None, reason="BibTeX is not installed")
@pytest.mark.parametrize("name", ["assignment", "invented"])
def test_the_list_is_that_of_bibtex(name: str, tmp_path: Path) -> None:
    path = ROOT / "report_templates" / name / "references.bib"
    text = path.read_text() if path.is_file() else BIBLIOGRAPHY
    entries = bibtex.entries(text)
    expected = bibtex_list(tmp_path, text, list(entries))
    found = references(entries, entries)
    assert [work.key for work in found] == list(expected)
    for work in found:
        assert read(" ".join(work.blocks)) == expected[work.key][1]
        assert read(f"{work.authors}({work.year})") == expected[work.key][0]


@pytest.mark.parametrize(
    ("tex", "shown"),
    [
        (r"\citep{one}", "(Lovelace and Babbage, 1843)"),
        (r"\citet{three}", "Beethoven et al. (1826)"),
        (r"\citep[SSIM;][]{six}", "(SSIM; Turing et al., 1936)"),
        (r"\citep[p.~3]{five}", "(Noether, 1907, p. 3)"),
        (r"\citep[a \emph{probe};][p.~2]{five}", "(a probe; Noether, 1907, p. 2)"),
        (r"\citep{five,four}", "(Noether, 1907; The Committee, 1900)"),
        (r"\citet{five,four}", "Noether (1907); The Committee (1900)"),
        (r"\citealp{five}", "Noether, 1907"),
        (r"\citeauthor{five}'s \citeyear{five} \citeyearpar{five}", "Noether’s 1907 (1907)"),
    ],
)
def test_citations_read_as_natbib_s(converter: Any, text: Any, tex: str, shown: str) -> None:
    _, page = converter(tex, BIBLIOGRAPHY)
    assert text(page).replace("van Beethoven", "Beethoven") == shown


def test_years_of_the_same_authors_are_told_apart() -> None:
    twice = BIBLIOGRAPHY.replace(
        '@article{two, author = "Lovelace, Ada and de la Babbage, Charles"',
        "@article{two, author = {Ada Lovelace and Charles Babbage}",
    )
    found = references(bibtex.entries(twice), ["one", "two"])
    assert [(work.key, work.year) for work in found] == [("two", "1843a"), ("one", "1843b")]


def test_a_brace_that_is_not_closed_is_an_error_with_its_line() -> None:
    with pytest.raises(TemplateError, match=r"references\.bib:2"):
        bibtex.entries("% nothing\n@misc{x, title = {never closed}")


def test_the_list_s_entries_can_be_led_to(converter: Any) -> None:
    _, page = converter(r"\citep{five} \bibliography{references}", BIBLIOGRAPHY)
    assert 'href="#ref-five"' in page
    assert '<li id="ref-five">' in page
    assert dialect.read("x")
