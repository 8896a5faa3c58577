"""What a health check looks at: one model's measures beside those of its controls."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from latentpress.metrics import Metric

CONTROLS = (
    "mean_image",
    "pca_",
    "untrained",
    "noisy_input",
    "gaussian_filter",
    "total_variation",
    "nonlocal_means",
)
"""How the names of controls begin; they may be as bad as they are."""


@dataclass(frozen=True, slots=True)
class Subject:
    """One model on one data set, with all that was measured in the report.

    Attributes:
        data: the data set.
        model: as in `Check`.
        facts: of the data set.
        metrics: of every model, pooled over seeds.
    """

    data: str
    model: str
    facts: Mapping[str, Any]
    metrics: tuple[Metric, ...]

    def of(self, quantity: str, model: str | None = None) -> list[Metric]:
        """The metrics of a quantity of this model, or of another on the same data."""
        name = self.model if model is None else model
        return [m for m in self.metrics if (m.data, m.model, m.quantity) == (self.data, name, quantity)]

    def value(self, quantity: str, model: str | None = None) -> float | None:
        """The value of such a metric, the first with the fewest conditions; None where nothing was measured."""
        found = sorted(self.of(quantity, model), key=lambda metric: len(metric.conditions))
        return found[0].value if found else None

    @property
    def is_control(self) -> bool:
        """Whether it is held against nothing, being what others are held against."""
        return not self.model or "_vs_" in self.model or self.model.startswith(CONTROLS)

    @property
    def is_variational(self) -> bool:
        """Whether the model trades reconstruction for a divergence."""
        return bool(self.of("kl_nats"))

    @property
    def origin(self) -> str:
        """The data set and whether it is the real one: ``"mnist/real"``."""
        return f"{self.data}/{self.facts.get('source', 'real')}"


Number = Callable[[Subject], float | None]
"""What a rule looks at or holds it against; None where it is unknown."""


def the(quantity: str, model: str | None = None) -> Number:
    """The value of a quantity."""
    return lambda subject: subject.value(quantity, model)


def size_of(quantity: str) -> Number:
    """The absolute value of a quantity."""
    return each(abs, the(quantity))


def fixed(threshold: float) -> Number:
    """The same threshold for every model and data set."""
    return lambda subject: threshold


def each(function: Callable[..., float], *numbers: Number) -> Number:
    """A function of other numbers; unknown where one of them is."""

    def apply(subject: Subject) -> float | None:
        values = [number(subject) for number in numbers]
        return None if any(value is None for value in values) else function(*values)

    return apply
