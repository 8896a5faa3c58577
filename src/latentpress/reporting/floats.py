"""Floating figures: one picture, several side by side, or a box where a picture is missing."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pylatex import Command
from pylatex.base_classes import Environment

from latentpress.engine.stage import Failure
from latentpress.reporting.latex import Tex, escape
from latentpress.reporting.tracing import FIGURE, traced

TEXT_WIDTH = 156 / 25.4
"""Inches, as in report.sty and in the figures' style; this module must not import matplotlib."""
SMALLEST_SCALE = 0.875
"""The smallest labels, drawn with 8 points, are then read with 7."""
GUTTER = 0.02
"""Between two pictures, as a share of the text width."""


class FigureFloat(Environment):  # type: ignore[misc]  # PyLaTeX ships no types
    """A floating figure."""

    _latex_name = "figure"


class SubFigure(Environment):  # type: ignore[misc]
    """One of several pictures in a figure."""

    _latex_name = "subfigure"


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture in a section: its file, natural size, where it came from.

    Attributes:
        file: path in the section's artifact.
        width: inches at which its type has the document's size.
        artifact: digest of the artifact that holds it.
    """

    file: str
    width: float
    artifact: str


def file_name(evaluation: str, subject: str, name: str) -> str:
    """Path of a picture without its ending; identifiers only, never a user's words."""
    words = re.sub(r"[^A-Za-z0-9_-]+", "-", f"{evaluation}-{subject}-{name}")
    return f"figures/{words}"


def figure(picture: Picture | Failure, caption: Tex, label: str, width: float = 1.0) -> Tex:
    """One picture, at its natural size but at most ``width`` of the text."""
    environment = FigureFloat()
    environment.append(Command("centering"))
    environment.append(_graphic(picture, Tex(rf"{width:g}\linewidth")))
    environment.append(Command("caption", caption))
    environment.append(Command("label", Tex(label)))
    return Tex(environment.dumps() + "\n")


def figures(entries: Sequence[tuple[Picture | Failure, Tex]], caption: Tex, label: str) -> Tex:
    """Pictures with captions of their own, in rows; none is made smaller than its labels bear."""
    environment = FigureFloat()
    environment.append(Command("centering"))
    widths = [entry.width / TEXT_WIDTH if isinstance(entry, Picture) else 0.45 for entry, _ in entries]
    index = 0
    for row in rows_of(widths):
        share = min(1.0, (1 - GUTTER * (len(row) - 1)) / sum(row))
        for position, natural in enumerate(row):
            entry, text = entries[index]
            part = SubFigure(options=Tex("t"), arguments=Tex(rf"{natural * share:.4f}\linewidth"))
            part.append(Command("centering"))
            part.append(_graphic(entry, Tex(r"\linewidth")))
            part.append(Command("caption", text))
            part.append(Command("label", Tex(f"{label}-{chr(ord('a') + index)}")))
            environment.append(part)
            if position + 1 < len(row):
                environment.append(Command("hfill"))
            index += 1
        if index < len(entries):
            environment.append(Command("par"))
            environment.append(Command("medskip"))
    environment.append(Command("caption", caption))
    environment.append(Command("label", Tex(label)))
    return Tex(environment.dumps() + "\n")


def rows_of(widths: Sequence[float]) -> list[list[float]]:
    """Break natural widths (shares of the text width) into rows that need not be scaled too far down."""
    rows: list[list[float]] = []
    for width in widths:
        if rows and (sum(rows[-1]) + width) * SMALLEST_SCALE <= 1 - GUTTER * len(rows[-1]):
            rows[-1].append(width)
        else:
            rows.append([width])
    return rows


def _graphic(picture: Picture | Failure, width: Tex) -> Command | Tex:
    if isinstance(picture, Failure):
        text = Tex(f"{escape(picture.stage)}: {escape(picture.error)}")
        return Command("missingfigure", arguments=[width, text])
    placed = Command("fitgraphic", arguments=[width, Tex(f"{picture.file}.pdf")]).dumps()
    return traced(Tex(placed), f"{FIGURE}{picture.file}.pdf", picture.artifact.split(", ")[0])
