"""The stage that writes the map of the codes as a page of its own, which the PDF links to: light, and for one thing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from latentpress.engine.stage import Result, Task
from latentpress.health import UNASSESSED_PROFILE
from latentpress.reporting.map_address import PAGE
from latentpress.reporting.values import UNASSESSED_NOTICE
from latentpress.reporting.web import material, page
from latentpress.reporting.web.provenance import Origins

REPORT = "report.html"
"""The page of the whole report, beside this one."""
EMBEDDED_NOTICE = (
    "The images are those of {title}: embedded data in the place of the original, and no number here is a result "
    "on that."
)


def publish(task: Task) -> Result:
    """Write the maps of all models of the one report among the inputs as a page: the same part as in the report's own.

    Returns:
        ``tsne.html``.

    Raises:
        StageError: the report was not assembled, the page's template is missing, or the page would be too large.
    """
    facts = material.assembled(task).json("report")
    parts = material.parts(task, facts)
    data = dict(parts.data)
    if "embedding_3d" in data:
        data["embedding_3d"] = {**data["embedding_3d"], "alone": True}
    data["provenance"] = {**Origins(facts).data(parts.metrics), "page": REPORT}
    html = page.render(
        task.files,
        report=facts["report"],
        content=_head(facts, task) + parts.blocks["embedding_3d"],
        contents=Markup(""),
        footnotes=(),
        data=data,
        libraries=material.libraries(parts),
        alone=True,
    )
    return Result(texts={PAGE: material.sendable(PAGE, html)})


def _head(facts: Mapping[str, Any], task: Task) -> Markup:
    """The title, the way to the report, and what the title page of the report warns of, too."""
    notices = [UNASSESSED_NOTICE.format(profile=facts["profile"])] if facts["profile"] == UNASSESSED_PROFILE else []
    for data in sorted({entry["data"] for entry in task.settings["interactive"]}):
        found = facts["facts"].get(data, {})
        if found.get("source") == "embedded":
            notices.append(EMBEDDED_NOTICE.format(title=found.get("title", data)))
    boxes = [Markup('<aside class="box warning"><p>{}</p></aside>\n').format(notice) for notice in notices]
    return Markup(
        '<h1>{}</h1>\n<p class="subtitle">Its codes in three dimensions. <a href="{}">The whole report</a></p>\n{}'
    ).format(facts["report"]["title"], REPORT, Markup("").join(boxes))
