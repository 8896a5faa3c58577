"""The currency between evaluations and reports: one measured number, with all that identifies it."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("data", "model", "split", "quantity", "alpha", "conditions", "seed", "value", "low", "high", "unit")


@dataclass(frozen=True, slots=True)
class Metric:
    """One measured number.

    Attributes:
        quantity: the field's name for it in snake case: ``"probe_accuracy"``.
        value: the number; ``math.inf`` where it is infinite, None where it could not be measured.
        data: the data set, ``"mnist"``.
        model: the experiment or control, ``"sparse"``, ``"pca_128"``; empty for a fact of the data.
        split: ``"train"``, ``"validation"`` or ``"test"``; empty where it does not apply.
        alpha: the interpolation coefficient, for quantities measured along a path.
        conditions: what else varies: ``{"noise": 0.3}``.
        seed: the training's seed, or None for what depends on none or is pooled over seeds.
        low, high: the 95 % interval, where there is one.
        unit: ``"dB"``, ``"nats"``, or empty.
    """

    quantity: str
    value: float | None
    data: str = ""
    model: str = ""
    split: str = ""
    alpha: float | None = None
    conditions: Mapping[str, str | float | int] = field(default_factory=dict)
    seed: int | None = None
    low: float | None = None
    high: float | None = None
    unit: str = ""

    @property
    def id(self) -> str:
        """Stable identifier, for example ``mnist/sparse/test/interpolation_psnr_mean/alpha=0.2``."""
        parts = [self.data, self.model, self.split, self.quantity]
        if self.alpha is not None:
            parts.append(f"alpha={self.alpha:g}")
        parts += [f"{key}={_plain(self.conditions[key])}" for key in sorted(self.conditions)]
        if self.seed is not None:
            parts.append(f"seed={self.seed}")
        return "/".join(part for part in parts if part)

    def as_json(self) -> dict[str, Any]:
        """All fields with ``id``; infinity as ``"inf"``, missing as None."""
        return {
            "id": self.id,
            **{name: getattr(self, name) for name in ("data", "model", "split", "quantity", "alpha")},
            "conditions": dict(self.conditions),
            "seed": self.seed,
            **{name: json_number(getattr(self, name)) for name in ("value", "low", "high")},
            "unit": self.unit,
        }


def _plain(value: str | float | int) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def json_number(value: float | None) -> float | str | None:
    """Write infinities as ``"inf"`` and ``"-inf"``; JSON has no number for them."""
    if value is None or math.isfinite(value):
        return value
    if math.isnan(value):
        raise ValueError("a metric is NaN; a value that could not be measured is None")
    return "inf" if value > 0 else "-inf"


def from_json_number(value: float | str | None) -> float | None:
    """Read what `json_number` wrote."""
    return value if value is None else float(value)


def to_records(metrics: Iterable[Metric]) -> list[dict[str, Any]]:
    """Metrics as JSON records, for ``Result(values={"metrics": to_records(...)})``."""
    return [metric.as_json() for metric in metrics]


def from_records(records: Iterable[Mapping[str, Any]]) -> list[Metric]:
    """Read what `to_records` wrote; extra keys (section, artifact) are ignored."""
    return [
        Metric(
            quantity=record["quantity"],
            value=from_json_number(record["value"]),
            data=record["data"],
            model=record["model"],
            split=record["split"],
            alpha=record["alpha"],
            conditions=record["conditions"],
            seed=record["seed"],
            low=from_json_number(record["low"]),
            high=from_json_number(record["high"]),
            unit=record["unit"],
        )
        for record in records
    ]


def to_table(metrics: Iterable[Metric]) -> pd.DataFrame:
    """Metrics as a data frame, one row each, for people and spreadsheets."""
    import pandas as pd

    rows = [
        {**metric.as_json(), "conditions": json.dumps(dict(metric.conditions), sort_keys=True)} for metric in metrics
    ]
    return pd.DataFrame(rows, columns=["id", *COLUMNS])
