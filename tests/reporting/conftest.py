"""Artifacts and tasks out of results that are made up in memory, through the real codec and store."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from latentpress.engine import codec
from latentpress.engine.stage import Failure, Provenance, Result, Task
from latentpress.engine.store import Artifact, write_artifact
from latentpress.figure_data import Figure, pack
from latentpress.metrics import Metric, to_records
from latentpress.reporting import assemble, figures, sections

COMMON = Path(__file__).parents[2] / "report_templates" / "common"

Store = Callable[[Result], Artifact]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Writes a result as the engine does, and gives the handle on it."""
    root = tmp_path_factory.mktemp("store")

    def write(result: Result) -> Artifact:
        folder = root / str(len(list(root.iterdir())))
        return Artifact(write_artifact(folder, codec.encode(result)), folder)

    return write


def evaluation(*metrics: Metric, figures: Mapping[str, Figure] | None = None, **tables: Any) -> Result:
    """What an evaluation returns."""
    values, arrays = pack(figures or {})
    return Result(tables=tables, arrays=dict(arrays), values={"metrics": to_records(metrics), **values})


def accuracy(model: str, value: float, half: float = 0.002, **fields: Any) -> Metric:
    """A probe accuracy on MNIST's test split."""
    fields = {"data": "mnist", "model": model, "split": "test", **fields}
    return Metric("probe_accuracy", value, low=value - half, high=value + half, **fields)


def facts(data: str = "mnist", source: str = "real", **more: Any) -> Result:
    """What the preparation of a data set returns, as far as reports read it."""
    return Result(
        values={
            "facts": {
                "data": data,
                "source": source,
                "title": "MNIST" if source == "real" else "scikit-learn's handwritten digits",
                "counts": {"train": 55000, "validation": 5000, "test": 10000},
                "height": 28,
                "width": 28,
                "channels": 1,
                "classes": 10,
                "class_names": [str(digit) for digit in range(10)],
                "digests": {"train": "ba89" * 16},
                "split": "The last 5,000 training images validate.",
                "citation": "lecun1998",
                "preprocessing": ["Grey levels are divided by 255."],
                **more,
            }
        }
    )


def confusion() -> dict[str, Figure]:
    """A small figure."""
    return {"confusion_probe": Figure("confusion", {"matrix": np.array([[9, 1], [2, 8]])})}


SETTINGS: dict[str, Any] = {
    "report": {
        "name": "assignment",
        "title": "Autoencoders",
        "subtitle": "",
        "language": "en-GB",
        "authors": [{"name": "Ada Lovelace", "student_number": "1815", "contribution": "All of it"}],
    },
    "section": {"id": "q1c", "title": "Classification", "appendix": False},
    "experiments": {
        "sparse": {"title": "Sparse autoencoder", "training": {"epochs": 2, "peak_rate": 2e-3, "noise": False}},
        "contractive": {"title": "Contractive autoencoder", "objective": {"weight": 1e-3}},
        "vae": {"title": "Variational autoencoder"},
    },
    "profile": "default",
    "evaluations": [{"name": "interpolation", "pairs": 20, "alphas": [0.0, 0.5, 1.0]}],
}


def section_task(
    folder: Path,
    template: str,
    inputs: Mapping[str, Artifact] | None = None,
    failures: Mapping[str, Failure] | None = None,
    published: str | None = None,
    **settings: Any,
) -> Task:
    """A section stage's task for a template that is typed in the test."""
    (folder / "sections").mkdir(parents=True, exist_ok=True)
    path = folder / "sections" / "q1c.tex.j2"
    path.write_text(template, encoding="utf-8", errors="surrogatepass")
    files = {"template": path, "macros": COMMON / "macros.tex.j2"}
    if published is not None:
        files["published"] = folder / "published.csv"
        files["published"].write_text(published, encoding="utf-8")
    return Task(
        name="section/assignment/q1c",
        settings={**SETTINGS, **settings},
        inputs=inputs or {},
        files=files,
        scratch=folder / "scratch",
        failures=failures or {},
    )


def rendered(*arguments: Any, **fields: Any) -> str:
    """The TeX of a section."""
    return sections.render(section_task(*arguments, **fields)).texts["section.tex"]


def drawn(store: Store, result: Result) -> Artifact:
    """The figures of an evaluation."""
    task = Task("draw/x/y", {}, {"evaluation": store(result)}, {}, Path("unused"))
    return store(figures.draw(task))


def provenance(stage: str, **fields: Any) -> Provenance:
    """Made-up provenance."""
    values = {
        "stage": stage,
        "function": "latentpress.training:train",
        "key": "ab" * 32,
        "artifact": "cd" * 32,
        "source": "ef" * 32,
        "settings": {},
        "inputs": {},
        "files": {},
        "packages": {"keras": "3.10.0", "numpy": "2.2.0", "tensorflow": "2.19.0"},
        "seed": 0,
        "threads": 1,
        "backend": "tensorflow",
        "device": "cpu",
    }
    return Provenance(**{**values, **fields})


def assemble_task(
    folder: Path,
    sections_done: Mapping[str, Artifact],
    failures: Mapping[str, Failure] | None = None,
    files: Mapping[str, Path] | None = None,
    **report: Any,
) -> Task:
    """An assemble stage's task for sections by their ids."""
    names = [*sections_done, *(label.split("/")[-1] for label in failures or {})]
    return Task(
        name="assemble/assignment",
        settings={
            "report": {**SETTINGS["report"], **report},
            "sections": [{"id": name, "title": name.title(), "appendix": False} for name in names],
            "experiments": SETTINGS["experiments"],
            "profile": "default",
        },
        inputs={f"section/assignment/{name}": artifact for name, artifact in sections_done.items()},
        files={
            "base": COMMON / "report.tex.j2",
            "macros": COMMON / "macros.tex.j2",
            "sty": COMMON / "report.sty",
            **(files or {}),
        },
        scratch=folder / "scratch",
        failures=failures or {},
        lineage={name: provenance(name) for name in ("train/sparse/seed0", "evaluate/probe_comparison/sparse+vae")},
    )


def assembled(*arguments: Any, **fields: Any) -> Result:
    """An assembled report."""
    return assemble.assemble(assemble_task(*arguments, **fields))
