"""What a section is made of: its settings, and what its inputs hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from latentpress.errors import TemplateError
from latentpress.reporting.evidence import Evidence
from latentpress.reporting.names import Names


@dataclass(slots=True)
class Material:
    """What a section is made of.

    Attributes:
        settings: the section stage's settings.
        evidence: what its inputs hold.
        published: rows of the published figures, or none.
        names: of experiments and controls.
    """

    settings: Mapping[str, Any]
    evidence: Evidence
    published: Sequence[Mapping[str, str]] = ()
    names: Names = field(init=False)

    def __post_init__(self) -> None:
        self.names = Names(self.settings.get("experiments", {}))

    def experiment(self, name: str) -> Mapping[str, Any]:
        """All settings of one experiment.

        Raises:
            TemplateError: the section has no such experiment.
        """
        experiments = self.settings.get("experiments", {})
        if str(name) not in experiments:
            raise TemplateError(
                f"this section has no experiment {str(name)!r}.",
                f"It has {', '.join(experiments) or 'none'}; add it to the section's models or controls.",
            )
        found: Mapping[str, Any] = experiments[str(name)]
        return found
