"""The stage that writes an assembled report as one HTML file. It needs no TeX, and the file needs no network."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from latentpress.engine.stage import Result, Task
from latentpress.reporting.floats import file_name
from latentpress.reporting.web import (
    bibtex,
    citations,
    dialect,
    images,
    interactive,
    material,
    numbering,
    page,
    plainnat,
)
from latentpress.reporting.web.converting import Converter
from latentpress.reporting.web.floating import ENVIRONMENTS
from latentpress.reporting.web.provenance import Origins

if TYPE_CHECKING:
    from latentpress.engine.store import Artifact


def publish(task: Task) -> Result:
    """Write the one report among the inputs as HTML.

    Returns:
        ``report.html``.

    Raises:
        StageError: the report was not assembled, the page's template is missing, or the page would be too large.
        TemplateError: its TeX or its bibliography cannot be read.
    """
    assembled = material.assembled(task)
    facts = assembled.json("report")
    text = dialect.body(assembled.text("report.tex"))
    nodes = dialect.read(text)
    found = numbering.number(nodes)
    origins = Origins(facts)
    parts = material.parts(task, facts)
    converter = Converter(
        found,
        _works(assembled, nodes),
        ENVIRONMENTS,
        pictures=_Pictures(assembled, _descriptions(task)),
        traced=origins.traced,
        marked=origins.marked,
        row_id=(lambda _: "") if r"\provenancerow" in text else origins.row_id,
        behind=_behind(text, parts.blocks),
    )
    content = converter.blocks(nodes)
    content += Markup("").join(block for block in parts.blocks.values() if block not in converter.behind.values())
    html = page.render(
        task.files,
        report=facts["report"],
        content=content,
        contents=page.contents(converter, found.headings),
        footnotes=converter.footnotes,
        data={**parts.data, "provenance": origins.data(parts.metrics)},
        libraries=material.libraries(parts),
    )
    return Result(
        texts={"report.html": material.sendable("report.html", html)},
        values={"unknown": sorted(set(converter.unknown))},
    )


def _descriptions(task: Task) -> dict[str, str]:
    """Path of a figure, without its ending, to what it shows, in words."""
    found: dict[str, str] = {}
    for label, artifact in task.inputs.items():
        kind, _, rest = label.partition("/")
        if kind == "draw" and "descriptions.json" in artifact.names():
            evaluation, _, subject = rest.partition("/")
            for name, text in artifact.json("descriptions").items():
                found[file_name(evaluation, subject, name)] = text
    return found


def _behind(text: str, blocks: Mapping[str, Markup]) -> dict[str, Markup]:
    """Path of a picture to the part that stands behind its figure: behind the last one of the same evaluation."""
    paths = re.findall(r"(?<=\{)figures/[A-Za-z0-9_+-]+(?=\.pdf\})", text)
    found: dict[str, Markup] = {}
    for evaluation, block in blocks.items():
        prefix = f"figures/{interactive.FIGURES[evaluation]}-"
        last = next((path for path in reversed(paths) if path.startswith(prefix)), None)
        if last is not None:
            found[last] = found.get(last, Markup("")) + block
    return found


def _works(assembled: Artifact, nodes: Any) -> Mapping[str, plainnat.Reference]:
    if "references.bib" not in assembled.names():
        return {}
    entries = bibtex.entries(assembled.text("references.bib"))
    return {work.key: work for work in plainnat.references(entries, citations.keys_of(nodes))}


class _Pictures:
    """Writes the images of a report.

    Args:
        assembled: holds ``figures/*.png``.
        descriptions: path of a figure, without its ending, to what it shows.
    """

    def __init__(self, assembled: Artifact, descriptions: Mapping[str, str]) -> None:
        self._assembled = assembled
        self._descriptions = descriptions
        self._names = set(assembled.names())

    def __call__(self, path: str, alternative: str, width: str) -> Markup:
        """One image, as wide as in the PDF but no wider than the column."""
        if f"{path}.png" not in self._names:
            return Markup('<div class="missing-figure"><strong>Figure missing</strong><p>{}</p></div>').format(path)
        png = self._assembled.data(f"{path}.png")
        across, down, density = images.size(png)
        told = f"{alternative} {self._descriptions.get(path, '')}".strip()
        return Markup(
            '<div class="picture"><img src="{}" alt="{}" width="{}" height="{}" style="max-width:{}mm"></div>\n'
        ).format(images.data_address(png), told, across, down, f"{across / density * 25.4:.1f}")
