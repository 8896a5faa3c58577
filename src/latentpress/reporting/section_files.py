"""Files that a report delivers beside its PDF: a template names them, report.json lists them, an export copies them.

They are too large to be attached or carried through sections: what is handed on is the digest of the artifact that
holds the file.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from latentpress.errors import TemplateError
from latentpress.reporting import values
from latentpress.reporting.evidence import Missing
from latentpress.reporting.latex import Tex, escape
from latentpress.reporting.numbers import MISSING
from latentpress.reporting.section_material import Material
from latentpress.reporting.section_shown import Shown
from latentpress.reporting.tracing import mark

if TYPE_CHECKING:
    from latentpress.engine.store import Artifact

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_TAKEN = re.compile(
    r"report\..*|references\.bib|run\.json|settings\.json|environment\.txt|requirements\.txt|text\.json|seal\.json"
    r"|tsne\.html|tables|figures|warnings\.json|typeset\.log|sources\.json|health\.json|unknown\.json",
    re.IGNORECASE,
)


def is_deliverable(name: str) -> bool:
    """Whether a file may have this name beside a report: a plain one, and none that a report gives its own files."""
    return bool(_PLAIN.fullmatch(name)) and not _TAKEN.fullmatch(name)


class SectionFiles:
    """The files that a section's template delivers beside the report.

    Args:
        material: what the section is made of.
        shown: takes down what is delivered.
    """

    def __init__(self, material: Material, shown: Shown) -> None:
        self._evidence = material.evidence
        self._shown = shown

    def exported(self) -> dict[str, Callable[..., Any]]:
        """Name to function, for the template."""
        return {"delivered": self.delivered}

    def delivered(self, evaluation: str, subject: str, file: str) -> Tex:
        """Deliver a file of an evaluation beside the report; of several trainings, that of the first seed.

        Args:
            evaluation, subject: what made it, of what.
            file: its name, with its ending.

        Returns:
            The name, and the mark that leads to its origin; the marker of a missing value where the evaluation failed.

        Raises:
            TemplateError: the evaluation has no such file, the name cannot stand beside a report, or another file of
                that name is delivered.
        """
        name = values.identifier(file)
        maker, of = values.identifier(evaluation), values.identifier(subject)
        artifact = self._evidence.artifact("evaluate", maker, of)
        if isinstance(artifact, Missing):
            return MISSING
        entries = artifact.entries()
        if name not in entries:
            raise TemplateError(
                f"the evaluation {maker!r} of {of!r} has no file {name!r}.",
                f"It has {', '.join(sorted(entries)) or 'none'}.",
            )
        if not is_deliverable(name):
            raise TemplateError(
                f"a file named {name!r} cannot be delivered beside a report.",
                "Names have letters, digits, and . _ - only, and are none of the report's own, such as report.pdf.",
            )
        told = entries[name]
        self._shown.deliver(
            {"file": name, "artifact": artifact.digest, "sha256": told["sha256"], "bytes": int(told["size"])}
        )
        return Tex(rf"\code{{{escape(name)}}}{mark([artifact.digest])}")


def files_of_sections(artifacts: Mapping[str, Artifact]) -> list[dict[str, Any]]:
    """What the sections of a report deliver, each file once, with the first section that names it.

    Args:
        artifacts: section to its artifact.

    Raises:
        TemplateError: two sections deliver different files under one name.
    """
    found: dict[str, dict[str, Any]] = {}
    for section, artifact in artifacts.items():
        for entry in artifact.json("delivered"):
            known = found.setdefault(entry["file"], {**entry, "section": section})
            if known["sha256"] != entry["sha256"]:
                raise TemplateError(
                    f"the sections {known['section']!r} and {section!r} deliver different files named {entry['file']}.",
                    "Deliver one of them only: a report has one file of a name beside it.",
                )
    return list(found.values())
