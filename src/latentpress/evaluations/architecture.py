"""The model's layers as tables and as a diagram, and what it costs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from latentpress.engine.stage import Result, Task
from latentpress.evaluations.subject import deliver, metric_of
from latentpress.figure_data import Figure

SCOPE = "model"
NEEDS = ("model",)
SETTINGS: dict[str, int] = {}
SECONDS = 0.1
BACKEND = False
TITLE = "Architecture"

COLUMNS = ["layer", "output_shape", "parameters", "description"]
# The first words that a layer's description holds decide how it is drawn.
KINDS = {
    "transposed": "transposed convolution",
    "convolution": "convolution",
    "maximum": "pooling",
    "fully connected": "dense",
    "mean and log variance": "sampling",
    "noise": "sampling",
    "zeros": "padding",
    "input": "input",
}


def measure(task: Task) -> Result:
    """Tables of each part of the model, its parameters and operations, and a diagram of its layers."""
    architecture = task.inputs["model"].json("architecture")
    training = task.inputs["model"].json("training")
    metric = metric_of(task, split="")
    result = deliver(
        [
            metric("parameters", architecture["parameters"]),
            metric("flops_per_image", architecture["flops_per_image"]),
            metric("training_flops", training["training_flops"]),
        ],
        {"diagram": Figure("network", options={"parts": [diagram_part(part) for part in architecture["parts"]]})},
    )
    for part in architecture["parts"]:
        result.tables[part["title"].lower()] = pd.DataFrame(part["layers"], columns=COLUMNS)
    return result


def diagram_part(part: Mapping[str, Any]) -> dict[str, Any]:
    """One part of the model as `latentpress.figure_data.KINDS` describes a network's part."""
    return {"title": part["title"], "layers": [_diagram_layer(layer) for layer in part["layers"]]}


def _diagram_layer(layer: Mapping[str, Any]) -> dict[str, Any]:
    shape = str(layer["output_shape"])
    kind = next((kind for words, kind in KINDS.items() if words in layer["description"]), "reshape")
    return {"layer": layer["layer"], "shape": shape, "units": int(shape.split("×")[-1]), "kind": kind}
