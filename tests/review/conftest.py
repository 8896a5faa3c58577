"""Small reports to review: report.json as a build writes it, with few entries."""

import copy
import json
from pathlib import Path

import pytest

from latentpress.review.document import Document

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
