"""A small finished report, made by the real stages, tools that forgers use, and report.json with few entries."""

from __future__ import annotations

import copy
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
from latentpress.reporting.attachments import REPORT_FORMAT, TEXT, attach
from latentpress.reporting.sealing import SEAL
from latentpress.reporting.tex import find_tex
from latentpress.review.document import Document

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
The images are in << delivered("classification", "sparse", "images.csv") >>.
Its codes can be turned in << interactive_map("three dimensions", "sparse") >>.
\clearpage
\subsection{A second page}
Nothing is measured here.
"""
PNG_SIDE = 8
DELIVERED = b"row_id,orig_px0\n0,0.5\n"
"""What lies beside the PDF."""


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
    measured = workshop.evaluation(
        workshop.accuracy("sparse", 0.9852, 0.0026),
        workshop.accuracy("contractive", 0.9761, 0.0031),
        workshop.metric("test_psnr", 23.456, unit="dB"),
        workshop.metric("test_mse", 0.00412),
        workshop.metric("test_mse", 0.00398, "contractive"),
        workshop.metric("active_units", 0.0, "vae"),
        figures=pictures,
        layers=pd.DataFrame({"layer": ["conv_64", "code"], "parameters": [640, 1331339]}),
    )
    measured.files["images.csv"] = DELIVERED
    evaluation = workshop.store(measured)
    label = "evaluate/classification/sparse/seed0"
    facts = workshop.store(workshop.facts())
    mapped = workshop.store(workshop.evaluation())
    inputs = {
        label: evaluation, "draw/classification/sparse": workshop.drawn_of(evaluation), "data/mnist": facts,
        "evaluate/embedding_3d/sparse/seed0": mapped,
    }  # fmt: skip
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


DIGEST = "0123456789abcdef" * 4


def metric(identifier, value, low=None, high=None, *, seed=0, seeds=(0,), artifact="1" * 64):
    """A record of the metric whose id is data/model/split/quantity."""
    data, model, split, quantity = identifier.split("/")[:4]
    return {
        "id": identifier,
        "section": "q1a",
        "evaluation": "classification",
        "subject": model,
        "model": model,
        "data": data,
        "split": split,
        "quantity": quantity,
        "alpha": None,
        "conditions": {},
        "seed": seed,
        "seeds": list(seeds),
        "value": value,
        "low": low,
        "high": high,
        "unit": "",
        "artifact": artifact,
    }


def stage(name, artifact, *, source="a" * 64, inputs=None, settings_digest="b" * 64, threads=1):
    return {
        "stage": name,
        "function": "latentpress.training:train",
        "source": source,
        "artifact": artifact,
        "key": "c" * 64,
        "settings": {},
        "settings_digest": settings_digest,
        "device": "cpu",
        "backend": "tensorflow",
        "seed": 0,
        "threads": threads,
        "packages": {"numpy": "2.4.6"},
        "inputs": inputs or {},
        "files": {},
        "data": [],
        "mark": 1,
        "command": "nox -s report -- assignment",
    }


REPORT = {
    "format": REPORT_FORMAT,
    "profile": "default",
    "report": {"title": "Autoencoders", "authors": [{"name": "Ada Example"}], "language": "en-GB"},
    "metrics": [
        metric("mnist/sparse/test/probe_accuracy", 0.98, 0.977, 0.983),
        metric("mnist/sparse/test/test_mse", 0.004),
        metric("mnist/sparse/test/interpolation_psnr_mean", "inf"),
        metric("mnist/sparse/test/tsne_kl", None),
        metric("mnist/plain/test/probe_accuracy", 0.97, 0.966, 0.974, artifact="2" * 64),
    ],
    "claims": [
        {
            "id": "q1a/better",
            "name": "better",
            "section": "q1a",
            "outcome": "better",
            "sentence": "The sparse autoencoder has the higher accuracy, 98.0 % against 97.0 % of the plain one.",
            "test": "McNemar",
            "metrics": [],
            "fields": {},
        }
    ],
    "numbers": [],
    "health": [
        {
            "name": "probe converged",
            "data": "mnist",
            "model": "sparse",
            "seed": None,
            "value": 12,
            "threshold": 1000,
            "relation": "below",
            "verdict": "passed",
            "reason": "",
            "why": "",
            "guards_against": "",
        }
    ],
    "figures": [
        {"file": "figures/map-sparse.pdf", "content": DIGEST, "caption": "A map.", "artifact": DIGEST},
    ],
    "tables": [
        {"file": "tables/accuracy.csv", "caption": "Accuracy.", "artifact": ""},
        {"file": "tables/settings.csv", "caption": "Settings.", "artifact": ""},
    ],
    "files": [
        {"file": "predictions.csv", "artifact": "1" * 64, "sha256": DIGEST, "bytes": 80_000_000, "section": "q1a"},
    ],
    "failures": [],
    "provenance": [
        stage("data/mnist", "d" * 64),
        stage("train/sparse/seed0", "3" * 64, inputs={"data": "d" * 64}),
        stage("train/plain/seed0", "4" * 64, inputs={"data": "d" * 64}),
        stage("evaluate/classification/sparse/seed0", "1" * 64, inputs={"model": "3" * 64}),
        stage("evaluate/classification/plain/seed0", "2" * 64, inputs={"model": "4" * 64}),
    ],
    "settings": {
        "experiments": {"sparse": {"objective": {"weight": 0.005}}, "plain": {"objective": {"weight": 0.0}}},
        "sections": [{"id": "q1a", "title": "Objective", "models": ["sparse", "plain"]}],
        "faults": [],
    },
    "evidence": {"q1a": {"evaluations": [{"name": "classification", "shuffles": 8}, {"name": "classification"}]}},
    "facts": {"mnist": {"source": "embedded", "digests": {"images/test": DIGEST}, "counts": {"test": 400}}},
    "environment": {"processor": "EPYC", "python": "3.11", "device": "CPU", "threads": "1", "numpy": "2.4.6"},
}
FILES = {
    "accuracy.csv": b"Model,Accuracy,Images\nSparse,0.98,400\nPlain,0.97,400\n",
    "settings.csv": b"Setting,sparse\nweight,0.005\n",
}


class Reports:
    """Makes documents: the report above, changed."""

    metric = staticmethod(metric)
    stage = staticmethod(stage)

    def content(self):
        """A report.json of one's own to change."""
        return copy.deepcopy(REPORT)

    def document(self, change=None, *, name="a.pdf", files=None, pdf=None):
        """A document whose report.json a function has changed."""
        report = self.content()
        if change is not None:
            change(report)
        return Document(Path(name), "", report, {**FILES, **(files or {})}, pdf)

    def write(self, folder, change=None, files=None):
        """The same as the folder of a build."""
        found = self.document(change, files=files)
        (folder / "tables").mkdir(parents=True)
        (folder / "report.json").write_text(json.dumps(found.report), encoding="utf-8")
        for name, data in found.files.items():
            (folder / "tables" / name).write_bytes(data)
        return folder


@pytest.fixture(scope="session")
def reports():
    return Reports()
