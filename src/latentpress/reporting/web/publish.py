"""The stage that writes an assembled report as one HTML file. It needs no TeX, and the file needs no network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from latentpress.engine.stage import Failure, Result, Task
from latentpress.errors import StageError
from latentpress.reporting.web import bibtex, citations, dialect, images, numbering, page, plainnat
from latentpress.reporting.web.converting import Converter
from latentpress.reporting.web.floating import ENVIRONMENTS, percent

if TYPE_CHECKING:
    from latentpress.engine.store import Artifact

MOST_BYTES = 15_000_000
"""What a report in HTML may weigh, so that it can be sent by mail."""


def publish(task: Task) -> Result:
    """Write the one report among the inputs as HTML.

    Returns:
        ``report.html``.

    Raises:
        StageError: the report was not assembled, or the page would be too large.
        TemplateError: its TeX or its bibliography cannot be read.
    """
    assembled = _assembled(task)
    facts = assembled.json("report")
    nodes = dialect.read(dialect.body(assembled.text("report.tex")))
    found = numbering.number(nodes)
    works = _works(assembled, nodes)
    converter = Converter(found, works, ENVIRONMENTS, pictures=_Pictures(assembled))
    content = converter.blocks(nodes)
    html = page.render(
        task.files,
        report=facts["report"],
        content=content,
        contents=page.contents(converter, found.headings),
        footnotes=converter.footnotes,
        data={},
        libraries={},
    )
    if len(html.encode()) > MOST_BYTES:
        raise StageError(
            f"report.html would have {len(html.encode()):,} bytes, more than {MOST_BYTES:,}.",
            "Show fewer figures, or fewer points in the map of the codes.",
        )
    return Result(texts={"report.html": html}, values={"unknown": sorted(set(converter.unknown))})


def _assembled(task: Task) -> Artifact:
    for label, artifact in task.inputs.items():
        if label.startswith("assemble/"):
            return artifact
    failure = next((f for label, f in task.failures.items() if label.startswith("assemble/")), None)
    told = failure or Failure("assemble", "it is missing", "")
    raise StageError(f"{told.stage} failed, so that there is nothing to publish: {told.error}")


def _works(assembled: Artifact, nodes: Any) -> Mapping[str, plainnat.Reference]:
    if "references.bib" not in assembled.names():
        return {}
    entries = bibtex.entries(assembled.text("references.bib"))
    return {work.key: work for work in plainnat.references(entries, citations.keys_of(nodes))}


class _Pictures:
    """Writes the images of a report.

    Args:
        assembled: holds ``figures/*.png``.
    """

    def __init__(self, assembled: Artifact) -> None:
        self._assembled = assembled
        self._names = set(assembled.names())

    def __call__(self, path: str, alternative: str, width: str) -> Markup:
        """One image, as wide as in the PDF but no wider than the column."""
        if f"{path}.png" not in self._names:
            return Markup('<div class="missing-figure"><strong>Figure missing</strong><p>{}</p></div>').format(path)
        png = self._assembled.data(f"{path}.png")
        across, down, density = images.size(png)
        return Markup(
            '<div class="picture"><img src="{}" alt="{}" width="{}" height="{}" style="max-width:{}mm" data-natural="{}"></div>\n'
        ).format(
            images.data_address(png), alternative, across, down, f"{across / density * 25.4:.1f}", percent(width) or "100"
        )
