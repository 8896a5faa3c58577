"""Commands that only look: what the project holds, and what a build would do."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from latentpress import machine, pipeline, project
from latentpress.building import Build, Request, make_graph, read_project
from latentpress.datasets import sources
from latentpress.engine.scheduler import Scheduler
from latentpress.engine.store import Store


def list_project(root: Path, profile: str, say: Callable[[str], None]) -> None:
    """Print reports with their sections, then experiments.

    Args:
        root: the project's folder.
        profile: in whose settings.
        say: prints a line.
    """
    found = project.load(root, profile)
    for name, report in found.reports.items():
        say(f"report {name}: {report.settings.title}")
        for section in report.sections:
            shown = ", ".join(entry.declaration.name for entry in section.evaluations)
            say(f"  {name}/{section.settings.id}: {section.settings.title}{f' ({shown})' if shown else ''}")
    for name, experiment in found.experiments.items():
        training = experiment.training
        say(
            f"experiment {name}: {experiment.title}; {experiment.model.name} on {experiment.data}, "
            f"{training.epochs} epochs, {training.optimizer}"
        )


def print_status(request: Request, say: Callable[[str], None], as_json: bool) -> None:
    """Print which stages are up to date and how the last build ended.

    Args:
        request: as for a build.
        say: prints a line.
        as_json: print JSON instead of lines.
    """
    build = Build(request, say)
    read_project(build)
    for name in pipeline.data_sets(build.project, build.reports):
        build.located[name] = sources.locate(
            name, mode=request.data, data_dir=request.data_dir, environ=os.environ, download=False, announce=_silent
        )
    make_graph(build)
    scheduler = Scheduler(
        Store(request.build_folder / "store"),
        build.graph.stages.values(),
        workers=machine.cores(),
        cores=machine.cores(),
    )
    plan = scheduler.plan()
    last = read_last_run(request.build_folder)
    if as_json:
        values = {
            "up_to_date": sorted(plan.up_to_date),
            "must_run": sorted(plan.must_run),
            "may_run": sorted(plan.may_run),
            "last_run": last,
        }
        say(json.dumps(values, indent=2, sort_keys=True))
        return
    for name in plan.must_run:
        say(f"to run: {name}")
    for name in plan.may_run:
        say(f"to run where the stages above change it: {name}")
    say(f"{len(plan.up_to_date)} stages up to date, {len(plan.must_run)} to run, {len(plan.may_run)} that may follow")
    if last is not None:
        say(f"last build: {', '.join(last['reports'])}; exit status {last['exit_status']}; {last['seconds']:.0f} s")


def read_last_run(folder: Path) -> dict[str, Any] | None:
    """The record of the last build, or None before the first."""
    path = folder / "last_run.json"
    if not path.is_file():
        return None
    record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return record


def _silent(line: str) -> None:
    """A look announces nothing."""
