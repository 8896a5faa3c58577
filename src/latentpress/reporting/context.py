"""What a section's template can call: values, figures and tables, computed sentences."""

from __future__ import annotations

from typing import Any

from latentpress.reporting import claims, values
from latentpress.reporting.claim_base import Look
from latentpress.reporting.evidence_records import packed
from latentpress.reporting.latex import Tex
from latentpress.reporting.section_files import SectionFiles
from latentpress.reporting.section_floats import SectionFloats
from latentpress.reporting.section_material import Material
from latentpress.reporting.section_shown import Shown
from latentpress.reporting.section_values import SectionValues


class SectionContext:
    """The names that a section's template can use, and the record of what it has used.

    Args:
        material: what the section is made of.

    Attributes:
        shown: what the template has shown so far.
    """

    def __init__(self, material: Material) -> None:
        self._material = material
        self.shown = Shown()
        self._values = SectionValues(material, self.shown)
        self._floats = SectionFloats(material, self.shown)
        self._files = SectionFiles(material, self.shown)

    def exported(self) -> dict[str, Any]:
        """Name to function or value, for the template."""
        settings = self._material.settings
        return {
            **self._values.exported(),
            **self._floats.exported(),
            **self._files.exported(),
            "claim": self.claim,
            "report": values.attributes(settings["report"]),
            "section": values.attributes(settings["section"]),
            "profile": settings.get("profile", "default"),
            "trainings": self._material.evidence.trainings,
        }

    def claim(self, name: str, **fields: Any) -> Tex:
        """A sentence that is computed from metrics."""
        plain = {key: values.plain(value) for key, value in fields.items()}
        look = Look(
            self._material.evidence,
            self._material.names,
            self._material.published,
            self._material.settings.get("profile", "default"),
        )
        made = claims.make(look, str(name), plain)
        section = self._material.settings["section"]["id"]
        entry = made.as_json(values.claim_id(section, str(name), plain))
        asked = {key: packed(value) for key, value in plain.items()}
        self.shown.claim({**entry, "section": section, "name": str(name), "fields": asked}, made.sentence)
        return made.sentence
