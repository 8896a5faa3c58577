"""Both contractive penalties against their weight: what they do to the Jacobians of encoder and decoder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from latentpress.engine.stage import Result, Task
from latentpress.evaluations.penalty_scale import OBJECTIVE
from latentpress.evaluations.subject import deliver
from latentpress.figure_data import Figure

SCOPE = "comparison"
NEEDS = ("penalty_scale",)
SETTINGS: dict[str, int] = {}
SECONDS = 0.2
BACKEND = False
TITLE = "Scale of the penalties"

PANELS = {
    "sampled_mse": "Mean squared error",
    "encoder_norm": r"$\Vert J_{\mathrm{enc}} \Vert^2$",
    "decoder_norm": r"$\Vert J_{\mathrm{dec}} \Vert^2$",
    "sampled_ratio": r"Ratio $\rho$",
}
SERIES = {"norm": "norm", "ratio": "ratio"}


def measure(task: Task) -> Result:
    """One figure of all models of the section: a panel a quantity, a line a penalty, dotted the model without one."""
    found = []
    for model in task.settings["experiments"]:
        artifact = task.inputs[f"penalty_scale:{model}"]
        values = {record["quantity"]: record["value"] for record in artifact.json("metrics")}
        found.append((artifact.json(OBJECTIVE), values))
    return deliver([], {"weights": figure(found)})


def figure(models: Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]]) -> Figure:
    """Curves over the weight.

    Args:
        models: of each its objective's settings and its metrics' values by quantity.
    """
    penalised = [entry for entry in models if entry[0]["penalty"] == "contractive"]
    weights = [objective["weight"] for objective, _ in penalised]
    arrays: dict[str, np.ndarray] = {}
    panels: list[dict[str, Any]] = []

    def line(label: str, style: str, points: Sequence[tuple[float, float]]) -> dict[str, Any]:
        number = len(arrays) // 2
        arrays[f"x{number}"], arrays[f"y{number}"] = np.array(sorted(points), dtype=np.float64).T
        return {"x": f"x{number}", "y": f"y{number}", "label": label, "style": style}

    for quantity, title in PANELS.items():
        series = []
        for kind, style in (("norm", "solid"), ("ratio", "dashed")):
            points = [(o["weight"], values[quantity]) for o, values in penalised if o["contraction"] == kind]
            if points:
                series.append(line(SERIES[kind], style, points))
        for objective, values in models:
            if objective["penalty"] == "none":
                series.append(line("none", "dotted", [(w, values[quantity]) for w in (min(weights), max(weights))]))
        panels.append({"title": title, "x_label": "weight", "y_label": title, "log": "both", "series": series})
    return Figure("curves", arrays, {"panels": panels})
