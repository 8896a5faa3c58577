"""What the pages of a report are made of: the assembled report, the interactive parts, and the library of the map."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from latentpress.engine.stage import Failure, Task
from latentpress.errors import StageError
from latentpress.reporting.web import interactive

if TYPE_CHECKING:
    from latentpress.engine.store import Artifact

MOST_BYTES = 15_000_000
"""What a page may weigh, so that it can be sent by mail."""


def sendable(name: str, html: str) -> str:
    """The same page, if it is small enough to be sent.

    Raises:
        StageError: it is larger.
    """
    size = len(html.encode())
    if size > MOST_BYTES:
        raise StageError(
            f"{name} would have {size:,} bytes, more than {MOST_BYTES:,}.",
            "Show fewer figures, or fewer points in the map of the codes.",
        )
    return html


def libraries(parts: interactive.Parts) -> dict[str, str]:
    """Name to source of the libraries that the parts need."""
    return {"plotly": plotly()} if "embedding_3d" in parts.data else {}


def plotly() -> str:
    """Plotly's source, its licence at the top, as its Python package has it."""
    from plotly.offline import get_plotlyjs

    source: str = get_plotlyjs()
    if "</script" in source.lower() or "<!--" in source:
        raise StageError("plotly's source cannot stand in a page: it holds the end of a script element.")
    return source


def parts(task: Task, facts: Mapping[str, Any]) -> interactive.Parts:
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


def assembled(task: Task) -> Artifact:
    """The one assembled report among the inputs.

    Raises:
        StageError: it was not assembled, or the page's template is missing.
    """
    if "page" not in task.files:
        raise StageError(
            "report_templates/common/web/page.html.j2 is missing, which the HTML report is made with.",
            "Copy the folder report_templates/common/web from LatentPress.",
        )
    for label, artifact in task.inputs.items():
        if label.startswith("assemble/"):
            return artifact
    failure = next((f for label, f in task.failures.items() if label.startswith("assemble/")), None)
    told = failure or Failure("assemble", "it is missing", "")
    raise StageError(f"{told.stage} failed, so that there is nothing to publish: {told.error}")
