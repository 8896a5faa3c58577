"""A small finished report, made by the real stages out of invented results, and tools that forgers use."""

from __future__ import annotations

import importlib.util
import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pikepdf
import pytest

from latentpress.engine.stage import Task
from latentpress.figure_data import Figure
from latentpress.reporting import assemble, typeset
from latentpress.reporting.attachments import TEXT, attach
from latentpress.reporting.sealing import SEAL
from latentpress.reporting.tex import find_tex

BODY = r"""\section{Results}
\label{sec:results}
The probe of the sparse model reaches << num("mnist/sparse/test/probe_accuracy", interval=True) >> and has a PSNR of
<< num("mnist/sparse/test/test_psnr", unit=True) >>; it was trained for << setting("sparse", "training.epochs") >>
epochs.
It took 1234 steps, which no metric tells.

<< claim("threshold", a="mnist/sparse/test/probe_accuracy", limit=0.9, side="above", what="the accuracy") >>
<< claim("reconstruction_against", a="sparse", b="vae", data="mnist") if false else "" >>

<< metric_table("tab:probe", "Accuracy of the probe.", "Model",
     model_rows(["sparse", "contractive"]), [("Accuracy", {"quantity": "probe_accuracy"}, {"interval": true}),
     ("MSE", {"quantity": "test_mse"})], where={"data": "mnist", "split": "test"}) >>
<< data_table("classification", "sparse", "layers", label="tab:layers", caption="Layers.",
     columns={"layer": "Layer", "parameters": "Parameters"}) >>
<< figure("classification", "sparse", "confusion", "What is taken for what.", "fig:c") >>
<< figure("classification", "sparse", "digits", "Some digits.", "fig:d") >>
\clearpage
\subsection{A second page}
Nothing is measured here.
"""
PNG_SIDE = 8


def _workshop(folder: Path) -> Any:
    path = Path(__file__).parents[1] / "reporting" / "conftest.py"
    specification = importlib.util.spec_from_file_location("reporting_workshop", path)
    assert specification is not None and specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module.Workshop(folder)


@pytest.fixture(scope="session")
def genuine(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The PDF of a report with numbers, an interval, a claim, two tables, two figures, health checks and provenance."""
    if find_tex() is None:
        pytest.skip("TeX is not installed")
    workshop = _workshop(tmp_path_factory.mktemp("review"))
    pictures = {
        "confusion": Figure("confusion", {"matrix": np.array([[9, 1], [2, 8]])}),
        "digits": Figure(
            "image_grid",
            {"images": np.linspace(0, 1, 2 * 3 * PNG_SIDE**2).reshape(2, 3, PNG_SIDE, PNG_SIDE, 1)},
            {"row_labels": ["a", "b"], "column_labels": ["x", "y", "z"]},
        ),
    }
    evaluation = workshop.store(
        workshop.evaluation(
            workshop.accuracy("sparse", 0.9852, 0.0026),
            workshop.accuracy("contractive", 0.9761, 0.0031),
            workshop.metric("test_psnr", 23.456, unit="dB"),
            workshop.metric("test_mse", 0.00412),
            workshop.metric("test_mse", 0.00398, "contractive"),
            workshop.metric("active_units", 0.0, "vae"),
            figures=pictures,
            layers=pd.DataFrame({"layer": ["conv_64", "code"], "parameters": [640, 1331339]}),
        )
    )
    label = "evaluate/classification/sparse/seed0"
    facts = workshop.store(workshop.facts())
    inputs = {label: evaluation, "draw/classification/sparse": workshop.drawn_of(evaluation), "data/mnist": facts}
    models = {"id": "q1c", "title": "Classification", "appendix": False, "models": ["sparse", "contractive", "vae"]}
    section = workshop.section(BODY, inputs, section=models)
    task = workshop.assemble_task({"q1c": section})
    lineage = {
        "data/mnist": workshop.provenance(
            "data/mnist", artifact=facts.digest, backend=None, function="latentpress.datasets.prepare:prepare",
            settings={"data": "mnist", "source": "real", "limit": None}, seed=None,
        ),
        "train/sparse/seed0": workshop.provenance("train/sparse/seed0", artifact="cd" * 32),
        label: workshop.provenance(
            label, artifact=evaluation.digest, inputs={"data": facts.digest, "model": "cd" * 32}, source="ba" * 32,
            settings={"evaluation": {"pairs": 20}},
        ),
        "draw/classification/sparse": workshop.provenance(
            "draw/classification/sparse", artifact=inputs["draw/classification/sparse"].digest,
            inputs={"evaluation": evaluation.digest}, source="bc" * 32, seed=None, backend=None,
        ),
    }  # fmt: skip
    # As the engine hands them on: their keys sorted.
    settings = json.loads(json.dumps({**task.settings, "sections": [models], "faults": []}, sort_keys=True))
    result = assemble.assemble(replace(task, settings=settings, lineage=lineage))
    made = typeset.typeset(
        Task("typeset/assignment", {}, {"assemble/assignment": workshop.store(result)}, {}, workshop.root / "scratch")
    )
    return bytes(made.files["report.pdf"])


Forger = Callable[[pikepdf.Pdf], None]


def edited(data: bytes, edit: Forger, **options: Any) -> bytes:
    """A PDF as an editor leaves it, who knows nothing of seals."""
    with pikepdf.open(io.BytesIO(data)) as pdf:
        edit(pdf)
        buffer = io.BytesIO()
        pdf.save(buffer, **options)
    return buffer.getvalue()


def resealed(data: bytes) -> bytes:
    """A PDF as a forger leaves it who knows LatentPress, and makes digests, texts and seal anew."""
    with pikepdf.open(io.BytesIO(data)) as pdf:
        files = {name: bytes(pdf.attachments[name].get_file().read_bytes()) for name in pdf.attachments}
        for name in list(pdf.attachments):
            del pdf.attachments[name]
        if "/AF" in pdf.Root:
            del pdf.Root["/AF"]
        buffer = io.BytesIO()
        pdf.save(buffer)
    return attach(buffer.getvalue(), {name: content for name, content in files.items() if name not in (SEAL, TEXT)})


@pytest.fixture(scope="session")
def forging() -> Any:
    """The tools."""
    return {"edited": edited, "resealed": resealed}
