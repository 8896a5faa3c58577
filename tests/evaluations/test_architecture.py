"""Tables and diagram from what a training stage tells of its model."""

from __future__ import annotations

from typing import Any

from latentpress.engine.stage import Result
from latentpress.evaluations import architecture
from latentpress.figure_data import unpack
from latentpress.metrics import from_records

LAYERS = {
    "images": ("28×28×1", 0, "input"),
    "conv 1": ("26×26×64", 640, "3×3 convolution, valid padding, then ReLU"),
    "pool 1": ("13×13×64", 0, "2×2 maximum"),
    "padding": ("15×15×64", 0, "1 pixels of zeros on every side"),
    "up 1": ("30×30×8", 99, "2×2 transposed convolution, stride 2"),
    "flatten": ("7200", 0, "to a vector"),
    "code": ("128", 1000, "fully connected, then sigmoid"),
    "sampling": ("128", 0, "z = mean + standard deviation × noise; the mean outside training"),
}


def test_the_stage_delivers_tables_and_a_diagram(artifact: Any, task: Any) -> None:
    rows = [
        dict(zip(("layer", "output_shape", "parameters", "description"), (name, *rest), strict=True))
        for name, rest in LAYERS.items()
    ]
    parts = [{"title": "Encoder", "layers": rows[:-1]}, {"title": "Sampling", "layers": rows[-1:]}]
    values = {
        "architecture": {"parts": parts, "parameters": 1739, "flops_per_image": 10},
        "training": {"training_flops": 3000},
    }
    result = architecture.measure(task(architecture, {"model": artifact(Result(values=values))}))
    metrics = {metric.id: metric.value for metric in from_records(result.values["metrics"])}
    assert metrics == {
        "mnist/plain/parameters/seed=0": 1739,
        "mnist/plain/flops_per_image/seed=0": 10,
        "mnist/plain/training_flops/seed=0": 3000,
    }
    stored = artifact(result)
    assert stored.table("encoder")["output_shape"].tolist()[:2] == ["28×28×1", "26×26×64"]
    assert stored.table("sampling")["parameters"].tolist() == [0]
    diagram = unpack(stored)["diagram"].options["parts"]
    assert [layer["kind"] for part in diagram for layer in part["layers"]] == [
        "input",
        "convolution",
        "pooling",
        "padding",
        "transposed convolution",
        "reshape",
        "dense",
        "sampling",
    ]
    assert diagram[0]["layers"][1]["units"] == 64
