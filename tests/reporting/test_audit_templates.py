"""The audit's templates, rendered with what the pipeline gives them: made-up measures, or none at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from latentpress import pipeline, project
from latentpress.engine.stage import Failure, Result, Task
from latentpress.figure_data import Figure, pack
from latentpress.metrics import Metric, to_records
from latentpress.pipeline import Choices, DataSource, Machine
from latentpress.reporting.assemble import assemble
from latentpress.reporting.evidence import read_label
from latentpress.reporting.sections import render

ROOT = Path(__file__).parents[2]
PROJECT = project.load(ROOT)
AUDIT = PROJECT.reports["audit"]
STAGES = pipeline.build_graph(
    PROJECT,
    [AUDIT],
    {"mnist": DataSource("embedded"), "frey": DataSource("embedded")},
    Machine(),
    Choices(),
).stages
SECTIONS = [section.settings.id for section in AUDIT.sections]
# Quantities of each evaluation, with the value of a sound model.
QUANTITIES: dict[str, dict[str, float]] = {
    "training_curves": {"nonfinite_epochs": 0},
    "reconstruction": {"test_mse": 0.02, "output_variance": 0.05, "input_variance": 0.067, "frame_ink": 0.6},
    "vae_objective": {"reconstruction_nats": 350.0, "kl_nats": 9.0, "elbo": -359.0, "kl_difference": 0.0},
    "contractive_objective": {"penalised_norm": 12.0, "encoder_norm_exact": 12.1, "penalised_norm_z": 0.4},
    "penalty_scale": {"sampled_mse": 0.02, "encoder_norm": 90.0, "decoder_norm": 0.3, "sampled_ratio": 1.1},
    "sparsity": {"active_share": 0.3, "hoyer_samples": 0.4, "dead_units": 0},
    "embedding": {"points": 2000, "tsne_iterations": 750, "tsne_kl": 1.2, "trustworthiness": 0.9, "knn_accuracy": 0.8},
}
FAULTY = {
    "averaged_divergence": {"kl_difference": -20.0},
    "contractive_decoder": {"penalised_norm_z": 90.0},
    "sparse_beside": {"active_share": 0.9},
    "late_padding": {"frame_ink": 0.0},
    "random_kernel": {"test_mse": 0.08, "output_variance": 0.0},
    "plain_small_in_haste": {"points": 128, "tsne_iterations": 250},
}
DRAWN = {
    "training_curves": ["curves"],
    "reconstruction": ["reconstructions"],
    "vae_objective": ["kl_dimensions"],
    "sparsity": ["activations"],
    "embedding": ["tsne"],
    "scale_trap": ["weights"],
}


def measures(label: str) -> Result:
    """What an evaluation of this label could have found."""
    parts = read_label(label)
    assert parts is not None
    if parts.evaluation == "controls":
        values = {"test_mse": 0.067, "output_variance": 0.0, "input_variance": 0.067, "frame_ink": 0.05}
        found = [
            Metric(name, value, data=parts.subject, model="mean_image", split="test") for name, value in values.items()
        ]
        return Result(values={"metrics": to_records(found)})
    model = parts.subject
    data = PROJECT.experiments[model].data if model in PROJECT.experiments else "mnist"
    values = {**QUANTITIES.get(parts.evaluation, {})}
    values |= {name: value for name, value in FAULTY.get(model, {}).items() if name in values}
    found = [
        Metric(name, value, data=data, model=model, split="validation" if name == "kl_difference" else "test",
               low=value - 0.001, high=value + 0.001)
        for name, value in values.items()
    ]  # fmt: skip
    return Result(values={"metrics": to_records(found)})


def drawing(workshop: Any, label: str) -> Any:
    """A picture of each name that the evaluation has."""
    parts = read_label(label)
    assert parts is not None
    grid = Figure("image_grid", {"images": np.zeros((2, 10, 28, 28, 1))}, {"row_labels": ["input", "output"]})
    values, arrays = pack(dict.fromkeys(DRAWN[parts.evaluation], grid))
    return workshop.drawn(Result(values=values, arrays={**arrays}))


def rendered(workshop: Any, section: str, *, measured: bool) -> Result:
    """A section of the audit, with made-up measures or with nothing but failures."""
    stage = STAGES[f"section/audit/{section}"]
    inputs: dict[str, Any] = {}
    failures: dict[str, Failure] = {}
    for label in stage.inputs:
        if label.startswith("data/"):
            inputs[label] = workshop.store(workshop.facts(data=label.split("/")[1]))
        elif not measured:
            failures[label] = Failure(label, "StageError: no space left", "no space left")
        elif label.startswith("draw/"):
            inputs[label] = drawing(workshop, label)
        else:
            inputs[label] = workshop.store(measures(label))
    files = {name: Path(path) for name, path in stage.files.items()}
    return render(Task(stage.name, dict(stage.settings), inputs, files, workshop.root, failures=failures))


@pytest.mark.parametrize("section", SECTIONS)
def test_each_section_says_what_was_measured(shared_workshop: Any, section: str) -> None:
    made = rendered(shared_workshop, section, measured=True)
    assert "missingvalue" not in made.texts["section.tex"]
    outcomes = {claim["outcome"] for claim in made.values["claims"] if "fault_caught" in claim["id"]}
    assert outcomes <= {"holds"}
    assert bool(outcomes) == (section not in ("summary", "scale"))


@pytest.mark.parametrize("section", SECTIONS)
def test_each_section_is_delivered_where_everything_failed(shared_workshop: Any, section: str) -> None:
    made = rendered(shared_workshop, section, measured=False)
    assert {claim["outcome"] for claim in made.values["claims"]} <= {"not testable"}


def test_the_whole_report_is_healthy_where_each_check_catches_its_fault(shared_workshop: Any) -> None:
    stage = STAGES["assemble/audit"]
    inputs = {
        label: shared_workshop.store(rendered(shared_workshop, label.split("/")[-1], measured=True))
        for label in stage.inputs
    }
    lineage = {"train/plain_small/seed0": shared_workshop.provenance("train/plain_small/seed0")}
    files = {name: Path(path) for name, path in stage.files.items()}
    task = Task(stage.name, dict(stage.settings), inputs, files, shared_workshop.root, lineage=lineage)
    made = assemble(task)
    verdicts = [check["verdict"] for check in made.values["report"]["health"]]
    assert "failed" not in verdicts
    assert verdicts.count("caught") >= len(FAULTY)
    assert "each of them is caught" in made.texts["report.tex"]
    assert "Health checks that failed" not in made.texts["report.tex"]
