"""Settings to the graph of stages: data → training → encoding → evaluation → drawing → section → report."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from latentpress import estimates
from latentpress.datasets.settings import LIMITED
from latentpress.datasets.settings import late_modules as data_modules
from latentpress.declarations import evaluation
from latentpress.engine.stage import Stage
from latentpress.models.settings import ExperimentSettings, late_modules
from latentpress.project import Project, Report, Section, SectionEvaluation, embedded_changes
from latentpress.settings_files import override

SMOKE_LIMIT = {"train": 1200, "validation": 300, "test": 400}


@dataclass(frozen=True, slots=True)
class DataSource:
    """Where a data set comes from in this build."""

    source: str
    files: Mapping[str, Path] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Machine:
    """What of the machine goes into the graph."""

    backend: str = "tensorflow"
    device: str = "cpu"
    training_threads: int = 1


@dataclass(frozen=True, slots=True)
class Choices:
    """What the command line chose."""

    seeds: int = 1
    typeset: bool = True
    strict_layout: bool = False


@dataclass(slots=True)
class Graph:
    """Stages by name; adding the same stage twice is adding it once."""

    stages: dict[str, Stage] = field(default_factory=dict)

    def add(self, stage: Stage) -> str:
        """Add a stage and return its name; a different stage of that name gets a suffix of its settings."""
        known = self.stages.get(stage.name)
        if known is not None and known != stage:
            digest = hashlib.sha256(json.dumps(dict(stage.settings), sort_keys=True).encode()).hexdigest()
            stage = Stage(**{**_fields(stage), "name": f"{stage.name}~{digest[:6]}"})
        self.stages[stage.name] = stage
        return stage.name


def _fields(stage: Stage) -> dict[str, Any]:
    return {name: getattr(stage, name) for name in Stage.__slots__}


def build_graph(
    project: Project,
    reports: Iterable[Report],
    sources: Mapping[str, DataSource],
    machine: Machine,
    choices: Choices,
) -> Graph:
    """The whole graph of some reports.

    Args:
        project: experiments and profile.
        reports: what to build.
        sources: data set to where it comes from; every data set that the reports use.
        machine: backend, device, threads.
        choices: seeds, and whether a PDF is wanted.
    """
    chosen = list(reports)
    project = on_data(project, {data for data, source in sources.items() if source.source == "embedded"})
    sections = [section.settings for report in chosen for section in report.sections]
    shown = tuple(dict.fromkeys(name for section in sections for name in (*section.models, *section.controls)))
    builder = _Builder(project, sources, machine, choices, Graph(), shown)
    for report in chosen:
        builder.report(report)
    return builder.graph


def on_data(project: Project, embedded: Collection[str]) -> Project:
    """The project with the settings that its experiments have on their data.

    Args:
        project: with the settings for the original data.
        embedded: the data sets in whose place there are embedded data.
    """
    experiments = {
        name: ExperimentSettings.model_validate(
            override(settings.model_dump(), embedded_changes(settings, project.profile))
        )
        if settings.data in embedded
        else settings
        for name, settings in project.experiments.items()
    }
    return replace(project, experiments=experiments)


INTERACTIVE = ("embedding_3d", "interpolation", "latent_traversal")
"""Evaluations that leave what the page's sliders and its map show."""


def web_files(folder: Path) -> dict[str, Path]:
    """What the page of a report is made with: its template, looks and scripts, by their labels."""
    kinds = {".css": "style", ".js": "script", ".j2": "page"}
    found = [path for path in sorted(folder.glob("*")) if path.suffix in kinds] if folder.is_dir() else []
    return {path.name.split(".")[0]: path for path in found}


def data_sets(project: Project, reports: Iterable[Report]) -> list[str]:
    """The data sets that reports use, sorted."""
    used: set[str] = set()
    for section in (section.settings for report in reports for section in report.sections):
        used.update(section.data)
        used.update(project.experiments[name].data for name in section.models + section.controls)
    return sorted(used)


@dataclass(slots=True)
class _Builder:
    project: Project
    sources: Mapping[str, DataSource]
    machine: Machine
    choices: Choices
    graph: Graph
    shown: tuple[str, ...]

    def report(self, report: Report) -> str:
        common = self.project.root / "report_templates" / "common"
        facts = report.settings.model_dump(exclude={"sections", "profiles", "order", "on_request", "faults"})
        sections = [self.section(report, section, facts) for section in report.sections]
        files = {
            "base": common / "report.tex.j2",
            "macros": common / "macros.tex.j2",
            "sty": common / "report.sty",
            "template": report.folder / "report.tex.j2",
            "bibliography": report.folder / "references.bib",
        }
        assembled = self.graph.add(
            Stage(
                name=f"assemble/{report.name}",
                function="latentpress.reporting.assemble:assemble",
                settings={
                    "report": facts,
                    "sections": [
                        section.settings.model_dump(include={"id", "title", "appendix", "models", "controls", "data"})
                        for section in report.sections
                    ],
                    "experiments": self._experiments(report.sections),
                    "faults": [fault.model_dump() for fault in report.settings.faults],
                    "profile": self.project.profile,
                },
                inputs={name: name for name in sections},
                files={label: path for label, path in files.items() if path.is_file()},
                tolerant=True,
                lineage=True,
            )
        )
        for page in self.pages(report, assembled, common):
            self.graph.add(page)
        if not self.choices.typeset:
            return assembled
        return self.graph.add(
            Stage(
                name=f"typeset/{report.name}",
                function="latentpress.reporting.typeset:typeset",
                settings={"report": facts, "strict_layout": self.choices.strict_layout},
                inputs={assembled: assembled},
                files=self._lock(),
                seconds=6.0,
            )
        )

    def pages(self, report: Report, assembled: str, common: Path) -> list[Stage]:
        """The report as one page, and where it maps codes in three dimensions, a page of these; they need no TeX."""
        moving = self._interactive(report)
        mapped = [(entry, name) for entry, name in moving if entry["evaluation"] == "embedding_3d"]
        images = {name: name for name in sorted({self.data(entry["data"]) for entry, _ in mapped})}
        common_to_both: dict[str, Any] = {"files": web_files(common / "web"), "tolerant": True}

        def inputs(shown: Iterable[tuple[dict[str, str], str]]) -> dict[str, str]:
            return {assembled: assembled, **{entry["label"]: name for entry, name in shown}, **images}

        page = Stage(
            name=f"html/{report.name}",
            function="latentpress.reporting.web.publish:publish",
            settings={"interactive": [entry for entry, _ in moving]},
            inputs={**inputs(moving), **self._drawings(report)},
            seconds=6.0,
            **common_to_both,
        )
        maps = Stage(
            name=f"tsne/{report.name}",
            function="latentpress.reporting.web.tsne:publish",
            settings={"interactive": [entry for entry, _ in mapped]},
            inputs=inputs(mapped),
            seconds=3.0,
            **common_to_both,
        )
        return [page, maps] if mapped else [page]

    def _drawings(self, report: Report) -> dict[str, str]:
        """The drawings of a report's first trainings, which say in words what they show."""
        return {
            label: stage
            for section in report.sections
            for label, stage in self.section_inputs(section).items()
            if label.startswith("draw/")
        }

    def _interactive(self, report: Report) -> list[tuple[dict[str, str], str]]:
        """The evaluations of a report that its page shows in motion, each of the first training, and their stages."""
        found: dict[str, tuple[dict[str, str], str]] = {}
        for section in report.sections:
            for entry in section.evaluations:
                if entry.declaration.name in INTERACTIVE:
                    for model, label, stage in self._evaluation_stages(section, entry):
                        shown = {"evaluation": entry.declaration.name, "label": label, "model": model}
                        if label.endswith("/seed0"):
                            shown["data"] = self.project.experiments[model].data
                            found.setdefault(label, (shown, stage))
        return list(found.values())

    def _lock(self) -> dict[str, Path]:
        """The project's lock of its environment, where it has one."""
        path = self.project.root / "requirements" / ("cuda.txt" if self.machine.device == "gpu" else "run.txt")
        return {"lock": path} if path.is_file() else {}

    def section(self, report: Report, section: Section, facts: Mapping[str, Any]) -> str:
        inputs = self.section_inputs(section)
        files = {
            "template": report.folder / section.settings.template,
            "macros": self.project.root / "report_templates" / "common" / "macros.tex.j2",
        }
        if section.settings.published:
            files["published"] = report.folder / section.settings.published
        return self.graph.add(
            Stage(
                name=f"section/{report.name}/{section.settings.id}",
                function="latentpress.reporting.sections:render",
                settings={
                    "report": {"name": report.name, **facts},
                    "section": section.settings.model_dump(include={"id", "title", "appendix", "models", "controls"}),
                    "experiments": self._experiments([section]),
                    "profile": self.project.profile,
                    "evaluations": [
                        {"name": entry.declaration.name, **entry.settings} for entry in section.evaluations
                    ],
                },
                inputs=inputs,
                files=files,
                tolerant=True,
            )
        )

    def section_inputs(self, section: Section) -> dict[str, str]:
        """Label to stage of the data, evaluations and drawings of a section."""
        inputs = {name: name for name in map(self.data, self._data_of(section))}
        for entry in section.evaluations:
            for subject, label, stage in self._evaluation_stages(section, entry):
                inputs[label] = stage
                if entry.declaration.figures and not label.endswith(
                    tuple(f"/seed{n}" for n in range(1, self.choices.seeds))
                ):
                    inputs[f"draw/{entry.declaration.name}/{subject}"] = self.draw(stage)
        return inputs

    def _evaluation_stages(self, section: Section, entry: SectionEvaluation) -> list[tuple[str, str, str]]:
        """(subject, label, stage name) of every stage of one evaluation in one section."""
        name = entry.declaration.name
        if entry.declaration.scope == "data":
            wanted = [data for data in self._data_of(section) if entry.data is None or data in entry.data]
            stages = [(data, f"evaluate/{name}/{data}", self.on_data(entry, data)) for data in wanted]
        elif entry.declaration.scope == "comparison":
            subject = "+".join(entry.models)
            stages = [(subject, f"evaluate/{name}/{subject}", self.on_models(section, entry, subject))]
        else:
            stages = [
                (model, f"evaluate/{name}/{model}/seed{seed}", self.on_model(section, entry, model, seed))
                for model in entry.models
                for seed in range(self.choices.seeds)
            ]
        return stages

    def data(self, name: str) -> str:
        source = self.sources[name]
        return self.graph.add(
            Stage(
                name=f"data/{name}",
                function="latentpress.datasets.prepare:prepare",
                settings={
                    "data": name,
                    "source": source.source,
                    "limit": SMOKE_LIMIT if self.project.profile == "smoke" and name in LIMITED else None,
                },
                files=dict(source.files),
                roots=data_modules(name, source.source),
                seconds=4.0,
            )
        )

    def train(self, name: str, seed: int) -> str:
        name = self._trained_as(name)
        experiment = self.project.experiments[name]
        return self.graph.add(
            Stage(
                name=f"train/{name}/seed{seed}",
                function="latentpress.training:train",
                settings=experiment.model_dump(include={"model", "objective", "training"}),
                inputs={"data": self.data(experiment.data)},
                roots=late_modules(experiment.model, experiment.objective),
                seed=seed,
                threads=self.machine.training_threads,
                backend=self.machine.backend,
                device=self.machine.device,
                memory_mb=2500,
                seconds=estimates.training_seconds(
                    experiment, self._share_of(experiment), self.machine.device, self.machine.training_threads
                ),
                isolated=experiment.training.epochs > 0,
            )
        )

    def encode(self, name: str, seed: int) -> str:
        name = self._trained_as(name)
        experiment = self.project.experiments[name]
        return self.graph.add(
            self._backend_stage(
                name=f"encode/{name}/seed{seed}",
                function="latentpress.encoding:encode",
                settings={
                    **experiment.model_dump(include={"model", "objective"}),
                    "precision": experiment.training.precision,
                    "images": experiment.training.images,
                },
                inputs={"data": self.data(experiment.data), "model": self.train(name, seed)},
                roots=late_modules(experiment.model, experiment.objective),
                memory_mb=2500,
                seconds=estimates.encoding_seconds(experiment, self._share_of(experiment)),
            )
        )

    def on_model(self, section: Section, entry: SectionEvaluation, model: str, seed: int) -> str:
        """An evaluation of one trained model."""
        declared, experiment = entry.declaration, self.project.experiments[model]
        inputs = {need: self._need(need, section, model, seed) for need in declared.needs}
        stage: dict[str, Any] = {
            "name": f"evaluate/{declared.name}/{model}/seed{seed}",
            "function": f"{declared.module}:measure",
            "settings": {
                "evaluation": self._settings(entry, experiment.data),
                "data": experiment.data,
                "experiment": model,
                **experiment.model_dump(include={"model", "objective"}),
                **({"images": experiment.training.images} if experiment.training.images else {}),
            },
            "inputs": inputs,
            "seed": seed,
            "seconds": estimates.evaluation_seconds(declared.seconds, self._share(experiment.data)),
        }
        if not declared.backend:
            return self.graph.add(Stage(**stage))
        late = late_modules(experiment.model, experiment.objective)
        return self.graph.add(self._backend_stage(**stage, roots=late, memory_mb=2500))

    def on_models(self, section: Section, entry: SectionEvaluation, subject: str) -> str:
        """A comparison of all of a section's models, at seed 0."""
        declared = entry.declaration
        data = self.project.experiments[entry.models[0]].data
        inputs = {"data": self.data(data)}
        for need in declared.needs:
            if need == "data":
                continue
            if need not in ("codes", "model") and evaluation(need, self.project.root).scope == "data":
                inputs[need] = self.on_data(self._shown(need, section, data), data)
                continue
            for model in entry.models:
                inputs[f"{need}:{model}"] = self._need(need, section, model, 0)
        return self.graph.add(
            Stage(
                name=f"evaluate/{declared.name}/{subject}",
                function=f"{declared.module}:measure",
                settings={
                    "evaluation": self._settings(entry, data),
                    "data": data,
                    "experiments": list(entry.models),
                },
                inputs=inputs,
                seed=0,
                seconds=estimates.evaluation_seconds(declared.seconds, self._share(data)),
            )
        )

    def on_data(self, entry: SectionEvaluation, data: str) -> str:
        """An evaluation of a data set."""
        return self.graph.add(
            Stage(
                name=f"evaluate/{entry.declaration.name}/{data}",
                function=f"{entry.declaration.module}:measure",
                settings={"evaluation": self._settings(entry, data), "data": data},
                inputs={"data": self.data(data)},
                seed=0,
                seconds=estimates.evaluation_seconds(entry.declaration.seconds, self._share(data)),
            )
        )

    def draw(self, evaluated: str) -> str:
        return self.graph.add(
            Stage(
                name=evaluated.replace("evaluate/", "draw/", 1).removesuffix("/seed0"),
                function="latentpress.reporting.figures:draw",
                inputs={"evaluation": evaluated},
            )
        )

    def _need(self, need: str, section: Section, model: str, seed: int) -> str:
        if need == "data":
            return self.data(self.project.experiments[model].data)
        if need == "model":
            return self.train(model, seed)
        if need == "codes":
            return self.encode(model, seed)
        return self.on_model(section, self._shown(need, section, model), model, seed)

    def _shown(self, need: str, section: Section, subject: str) -> SectionEvaluation:
        """An evaluation as the section has it of a model or data set, else with its defaults."""
        for entry in section.evaluations:
            on_data = entry.declaration.scope == "data" and (entry.data is None or subject in entry.data)
            if entry.declaration.name == need and (on_data or subject in entry.models):
                return entry
        declared = evaluation(need, self.project.root)
        settings = {**declared.settings, **(declared.smoke if self.project.profile == "smoke" else {})}
        return SectionEvaluation(declared, settings, (subject,))

    def _settings(self, entry: SectionEvaluation, data: str) -> dict[str, Any]:
        """An evaluation's settings; on embedded data, what it declares for that takes the place of its defaults."""
        declared = entry.declaration
        if self.sources[data].source != "embedded":
            return dict(entry.settings)
        return {
            key: declared.embedded.get(key, value) if value == declared.settings[key] else value
            for key, value in entry.settings.items()
        }

    def _backend_stage(self, **fields: Any) -> Stage:
        return Stage(**fields, backend=self.machine.backend, device=self.machine.device)

    def _data_of(self, section: Section) -> list[str]:
        settings = section.settings
        models = [self.project.experiments[name].data for name in settings.models + settings.controls]
        return sorted({*settings.data, *models})

    def _experiments(self, sections: Iterable[Section]) -> dict[str, Any]:
        names = {name for section in sections for name in section.settings.models + section.settings.controls}
        return {
            name: self.project.experiments[name].model_dump(exclude={"profiles", "embedded"}) for name in sorted(names)
        }

    def _share(self, data: str) -> float:
        limit = SMOKE_LIMIT["train"] if self.project.profile == "smoke" else None
        return estimates.images_share(data, self.sources[data].source, limit)

    def _trained_as(self, name: str) -> str:
        """The first model shown that is trained alike; those that differ in their titles alone are trained once."""
        told = {"title", "profiles", "embedded"}
        wanted = self.project.experiments[name].model_dump(exclude=told)
        return next(n for n in self.shown if self.project.experiments[n].model_dump(exclude=told) == wanted)

    def _share_of(self, experiment: ExperimentSettings) -> float:
        """The share of the images that an experiment is trained on."""
        most = estimates.images_share(experiment.data, "real", experiment.training.images)
        return min(self._share(experiment.data), most)
