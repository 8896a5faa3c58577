"""Formulas become MathML, numbers plain text; what cannot be converted is seen."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from latentpress.reporting.web import mathml

TEMPLATES = Path(__file__).parents[3] / "report_templates"


@pytest.mark.parametrize(
    ("tex", "shown"),
    [
        ("-0.5", "\u22120.5"),
        (r"\infty", "∞"),
        (r"-\infty", "\u2212∞"),
        ("-12{,}345.6", "\u221212,345.6"),
        (r"2.1\times10^{-13}", "2.1×10<sup>\u221213</sup>"),
        ("10^{-4}", "10<sup>\u22124</sup>"),
        ("< 0.001", "&lt; 0.001"),
        (r"^\circ", "°"),
    ],
)
def test_a_number_is_text(tex: str, shown: str) -> None:
    assert mathml.inline(tex) == shown


def formulas() -> list[str]:
    found: set[str] = set()
    for path in sorted(TEMPLATES.rglob("*.tex.j2")):
        text = re.sub(r"<[<%#].*?[>%#]>", "1", path.read_text(), flags=re.DOTALL)
        found.update(re.findall(r"\\begin\{equation\}(.*?)\\end\{equation\}", text, re.DOTALL))
        found.update(match for match in re.findall(r"(?<!\\)\$([^$\n]+)\$", text))
    return sorted(found)


@pytest.mark.parametrize("tex", formulas())
def test_every_formula_of_the_templates_converts(tex: str) -> None:
    found = str(mathml.display(tex))
    assert "unknown" not in found
    assert "\\" not in re.sub(r"<[^>]*>", "", found)


def test_a_formula_carries_no_label_and_no_provenance() -> None:
    found = mathml.display(r"x = 1 \label{eq:x}")
    assert "label" not in found
    assert mathml.inline(r"p = \traced{3}{mnist/a/b}{0.04}") == mathml.inline("p = 0.04")


def test_what_cannot_be_converted_is_marked_and_escaped() -> None:
    found = mathml.inline(r"\frobnicate{x} < \left(")
    assert 'class="unknown"' in found
    assert "&lt;" in found


def test_distributed_as_is_no_accent() -> None:
    assert "∼" in mathml.inline(r"z \sim p")
