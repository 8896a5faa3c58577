"""A workshop in which tests make artifacts out of invented results, through the real codec and store."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from latentpress.engine import codec
from latentpress.engine.stage import Failure, Provenance, Result, Task
from latentpress.engine.store import Artifact, write_artifact
from latentpress.figure_data import Figure, pack
from latentpress.metrics import Metric, to_records
from latentpress.reporting import assemble, figures, sections, typeset
from latentpress.reporting.head_start import braced

COMMON = Path(__file__).parents[2] / "report_templates" / "common"

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
        "sparse": {"title": "Sparse autoencoder", "training": {"epochs": 2, "peak_rate": 1e-3, "noise": False}},
        "contractive": {"title": "Contractive autoencoder", "objective": {"weight": 1e-3}},
        "vae": {"title": "Variational autoencoder"},
    },
    "profile": "default",
    "evaluations": [{"name": "interpolation", "pairs": 20, "alphas": [0.0, 0.5, 1.0]}],
}


class Workshop:
    """Makes what the stages of a report read, and runs them.

    Args:
        root: a folder of its own.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.made = 0

    # ------------------------------------------------------------------ results

    @staticmethod
    def accuracy(model: str, value: float | None, half: float | None = 0.002, **fields: Any) -> Metric:
        """A probe accuracy on MNIST's test split, with an interval unless ``half`` is None."""
        low, high = (None, None) if half is None or value is None else (value - half, value + half)
        return Workshop.metric("probe_accuracy", value, model, low=low, high=high, **fields)

    @staticmethod
    def metric(quantity: str, value: float | None, model: str = "sparse", **fields: Any) -> Metric:
        """A metric on MNIST's test split."""
        return Metric(quantity, value, **{"data": "mnist", "model": model, "split": "test", **fields})

    @staticmethod
    def evaluation(*metrics: Metric, figures: Mapping[str, Figure] | None = None, **tables: Any) -> Result:
        """What an evaluation returns."""
        values, arrays = pack(figures or {})
        return Result(tables=tables, arrays=dict(arrays), values={"metrics": to_records(metrics), **values})

    @staticmethod
    def facts(source: str = "real", **more: Any) -> Result:
        """What the preparation of MNIST returns, as far as reports read it."""
        found = {
            "data": "mnist",
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
            "citation": "lecun_1998",
            "preprocessing": ["Grey levels are divided by 255."],
        }
        return Result(values={"facts": {**found, **more}})

    @staticmethod
    def confusion() -> dict[str, Figure]:
        """A small figure."""
        return {"confusion_probe": Figure("confusion", {"matrix": np.array([[9, 1], [2, 8]])})}

    @staticmethod
    def failure(stage: str, error: str = "StageError: no space left") -> Failure:
        """Why an input is missing."""
        return Failure(stage, error, f"{error}\nline_2 of it: 100 % & more")

    @staticmethod
    def provenance(stage: str, **fields: Any) -> Provenance:
        """Where an artifact came from."""
        values: dict[str, Any] = {
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

    # ------------------------------------------------------------------ stages

    def store(self, result: Result) -> Artifact:
        """Write a result as the engine does."""
        self.made += 1
        folder = self.root / "artifacts" / str(self.made)
        return Artifact(write_artifact(folder, codec.encode(result)), folder)

    def drawn(self, result: Result) -> Artifact:
        """The figures of an evaluation."""
        return self.drawn_of(self.store(result))

    def drawn_of(self, evaluation: Artifact) -> Artifact:
        """The figures of an evaluation that is stored."""
        return self.store(figures.draw(Task("draw/x/y", {}, {"evaluation": evaluation}, {}, self.root)))

    def section_task(
        self,
        template: str = "",
        inputs: Mapping[str, Result | Artifact] | None = None,
        failures: Mapping[str, Failure] | None = None,
        published: str | None = None,
        **settings: Any,
    ) -> Task:
        """The task of a section whose template is typed in the test."""
        path = self.root / "report_templates" / "assignment" / "q1c.tex.j2"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(template, encoding="utf-8")
        files = {"template": path, "macros": COMMON / "macros.tex.j2"}
        if published is not None:
            files["published"] = self.root / "published.csv"
            files["published"].write_text(published, encoding="utf-8")
        artifacts = {
            label: entry if isinstance(entry, Artifact) else self.store(entry)
            for label, entry in (inputs or {}).items()
        }
        report = {**SETTINGS["report"], **settings.pop("report", {})}
        return Task(
            name="section/assignment/q1c",
            settings={**SETTINGS, **settings, "report": report},
            inputs=artifacts,
            files=files,
            scratch=self.root / "scratch",
            failures=failures or {},
        )

    def section(self, *arguments: Any, **fields: Any) -> Result:
        """A rendered section."""
        return sections.render(self.section_task(*arguments, **fields))

    def tex(self, *arguments: Any, **fields: Any) -> str:
        """A rendered section's TeX, without what leads its numbers to their origins."""
        return self.untraced(self.section(*arguments, **fields))

    @staticmethod
    def untraced(section: Result) -> str:
        """A rendered section's TeX without links to origins: its numbers, tables and figures alone."""
        return untraced(section.texts["section.tex"])

    def assemble_task(
        self,
        done: Mapping[str, Result],
        failures: Mapping[str, Failure] | None = None,
        files: Mapping[str, Path] | None = None,
        appendices: tuple[str, ...] = (),
        profile: str = "default",
        **report: Any,
    ) -> Task:
        """The task that assembles sections, which are given by their ids."""
        names = [*done, *(label.split("/")[-1] for label in failures or {})]
        lineage = ("train/sparse/seed0", "evaluate/probe_comparison/sparse+vae")
        return Task(
            name="assemble/assignment",
            settings={
                "report": {**SETTINGS["report"], **report},
                "sections": [{"id": n, "title": n.title(), "appendix": n in appendices} for n in names],
                "experiments": SETTINGS["experiments"],
                "profile": profile,
            },
            inputs={f"section/assignment/{name}": self.store(result) for name, result in done.items()},
            files={
                "base": COMMON / "report.tex.j2",
                "macros": COMMON / "macros.tex.j2",
                "sty": COMMON / "report.sty",
                **(files or {}),
            },
            scratch=self.root / "scratch",
            failures=failures or {},
            lineage={name: self.provenance(name) for name in lineage},
        )

    def assembled(self, *arguments: Any, **fields: Any) -> Result:
        """An assembled report."""
        return assemble.assemble(self.assemble_task(*arguments, **fields))

    def typeset(self, report: Result, **settings: Any) -> Result:
        """A typeset report."""
        inputs = {"assemble/assignment": self.store(report)}
        return typeset.typeset(Task("typeset/assignment", settings, inputs, {}, self.root / "scratch"))


def untraced(tex: str) -> str:
    """TeX without links to origins: its numbers, tables and figures alone."""
    match = re.search(r"\\traced\{[^{}]*\}\{[^{}]*\}\{", tex)
    while match is not None:
        inner = braced(tex, match.end())
        assert inner is not None, tex
        tex = tex[: match.start()] + inner + tex[match.end() + len(inner) + 1 :]
        match = re.search(r"\\traced\{[^{}]*\}\{[^{}]*\}\{", tex)
    return re.sub(r" \\provenancemark\{[^{}]*\}", "", tex)


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    """An empty workshop."""
    return Workshop(tmp_path)


@pytest.fixture(scope="module")
def shared_workshop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    """A workshop for what is slow to make and only looked at."""
    return Workshop(tmp_path_factory.mktemp("workshop"))
