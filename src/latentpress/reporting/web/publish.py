"""The stage that writes an assembled report as one HTML file. It needs no TeX, and the file needs no network."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from latentpress.engine.stage import Failure, Result, Task
from latentpress.errors import StageError
from latentpress.reporting.floats import file_name
from latentpress.reporting.web import bibtex, citations, dialect, images, interactive, numbering, page, plainnat
from latentpress.reporting.web.converting import Converter
from latentpress.reporting.web.floating import ENVIRONMENTS
from latentpress.reporting.web.provenance import Origins

if TYPE_CHECKING:
    from latentpress.engine.store import Artifact

MOST_BYTES = 15_000_000
"""What a report in HTML may weigh, so that it can be sent by mail."""


def publish(task: Task) -> Result:
    """Write the one report among the inputs as HTML.

    Returns:
        ``report.html``.

    Raises:
        StageError: the report was not assembled, the page's template is missing, or the page would be too large.
        TemplateError: its TeX or its bibliography cannot be read.
    """
    if "page" not in task.files:
        raise StageError(
            "report_templates/common/web/page.html.j2 is missing, which the HTML report is made with.",
            "Copy the folder report_templates/common/web from LatentPress.",
        )
    assembled = _assembled(task)
    facts = assembled.json("report")
    text = dialect.body(assembled.text("report.tex"))
    nodes = dialect.read(text)
    found = numbering.number(nodes)
    origins = Origins(facts)
    parts = _parts(task, facts)
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
        libraries={"plotly": plotly()} if "embedding_3d" in parts.data else {},
    )
    if len(html.encode()) > MOST_BYTES:
        raise StageError(
            f"report.html would have {len(html.encode()):,} bytes, more than {MOST_BYTES:,}.",
            "Show fewer figures, or fewer points in the map of the codes.",
        )
    return Result(texts={"report.html": html}, values={"unknown": sorted(set(converter.unknown))})


def plotly() -> str:
    """Plotly's source, its licence at the top, as its Python package has it."""
    from plotly.offline import get_plotlyjs

    source: str = get_plotlyjs()
    if "</script" in source.lower() or "<!--" in source:
        raise StageError("plotly's source cannot stand in a page: it holds the end of a script element.")
    return source


def _parts(task: Task, facts: Mapping[str, Any]) -> interactive.Parts:
    """The interactive parts, of what the pipeline has laid beside the assembled report."""
    shown: dict[str, list[interactive.Shown]] = {}
    test: dict[str, Any] = {}
    titles = facts["settings"]["experiments"]
    for extra in task.settings.get("interactive", []):
        label, model, data = extra["label"], extra["model"], extra["data"]
        found = task.inputs.get(label) or task.failures.get(label) or Failure(label, "it is missing", "")
        title = titles.get(model, {}).get("title", model)
        shown.setdefault(extra["evaluation"], []).append(interactive.Shown(model, title, found, data))
        if extra["evaluation"] == "embedding_3d" and f"data/{data}" in task.inputs:
            test[data] = task.inputs[f"data/{data}"].arrays("images")["test"]
    return interactive.make(shown, {metric["id"]: metric for metric in facts["metrics"]}, test)


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
