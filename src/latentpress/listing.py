"""Commands that only look: what the project holds, and what a build would do."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from latentpress import machine, pipeline, project
from latentpress.builds import Build, Request
from latentpress.datasets import sources
from latentpress.declarations import FOLDER, evaluation, evaluation_files, own_packages
from latentpress.engine.history import PastBuild, past_builds
from latentpress.engine.presence import running_builds
from latentpress.engine.scheduler import Scheduler
from latentpress.engine.store import Store
from latentpress.preparing import make_graph, read_project


def list_project(root: Path, profile: str, say: Callable[[str], None]) -> None:
    """Print reports with their sections, then experiments and evaluations.

    Args:
        root: the project's folder.
        profile: in whose settings.
        say: prints a line.
    """
    found = project.load(root, profile)
    for name, report in found.reports.items():
        say(f"report {name}: {report.settings.title}{' (on request)' if report.settings.on_request else ''}")
        for section in report.sections:
            shown = ", ".join(dict.fromkeys(entry.declaration.name for entry in section.evaluations))
            say(f"  {name}/{section.settings.id}: {section.settings.title}{f' ({shown})' if shown else ''}")
    for name, experiment in found.experiments.items():
        training = experiment.training
        trained = f"{training.epochs} epochs, {training.optimizer}" if training.epochs else "not trained"
        say(f"experiment {name}: {experiment.title}; {experiment.model.name} on {experiment.data}, {trained}")
    for name, path in evaluation_files(root).items():
        own = "" if path.parent == FOLDER else f" ({path.relative_to(root)})"
        say(f"evaluation {name}: {evaluation(name, root).title}{own}")


def look_at(request: Request, say: Callable[[str], None]) -> Build:
    """Lay out the graph of a build that is not run: no download, no TeX, nothing written.

    Args:
        request: as for a build.
        say: prints a line.
    """
    build = Build(request, say)
    read_project(build)
    for name in pipeline.data_sets(build.project, build.reports):
        build.located[name] = sources.locate(
            name, mode=request.data, data_dir=request.data_dir, environ=os.environ, download=False, announce=_silent
        )
    make_graph(build)
    build.store = Store(request.build_folder / "store")
    return build


def print_status(request: Request, say: Callable[[str], None], as_json: bool) -> None:
    """Print which stages are up to date, which builds run now and how the last one ended.

    Args:
        request: as for a build.
        say: prints a line.
        as_json: print JSON instead of lines.
    """
    build = look_at(request, say)
    cores = machine.cores()
    places = own_packages(request.root)
    plan = Scheduler(build.store, build.graph.stages.values(), workers=cores, cores=cores, places=places).plan()
    last = read_last_run(request.build_folder)
    running = running_builds(build.store)
    if as_json:
        here = {one["build"] for one in running}
        ended = [one for one in past_builds(build.store.journal) if one.id not in here]
        values = {
            "schema": SCHEMA,
            "reports": [report.name for report in build.reports],
            "profile": request.profile,
            "up_to_date": sorted(plan.up_to_date),
            "must_run": sorted(plan.must_run),
            "may_run": sorted(plan.may_run),
            "estimated_seconds": round(plan.seconds, 1),
            "running": running,
            "last_build": build_summary(ended[-1]) if ended else None,
            "last_run": last,
        }
        say(json.dumps(values, indent=2, sort_keys=True))
        return
    for name in plan.must_run:
        say(f"to run: {name}")
    for name in plan.may_run:
        say(f"may follow: {name}")
    say(f"{len(plan.up_to_date)} stages up to date, {len(plan.must_run)} to run, {len(plan.may_run)} that may follow")
    for one in running:
        names = ", ".join(one["about"].get("reports", ()))
        say(f"running: {names} since {moment(one['started'])} (process {one['pid']} on {one['host']})")
    if last is not None:
        say(f"last build: {', '.join(last['reports'])}; exit status {last['exit_status']}; {last['seconds']:.0f} s")


SCHEMA = 1
"""Raised when a field of a command's JSON is removed or changes its meaning; new fields do not raise it."""


def build_summary(build: PastBuild) -> dict[str, Any]:
    """A past build in JSON: the journal's facts, without the list of its stages."""
    return {
        "build": build.id,
        "host": build.host,
        "pid": build.pid,
        "started": build.started,
        "ended": build.ended,
        "outcome": build.outcome or "killed",
        "about": dict(build.about),
        "stages_run": sum(attempt.outcome == "done" for attempt in build.attempts),
        "stages_failed": sorted({attempt.stage for attempt in build.attempts if attempt.outcome == "failed"}),
    }


def headline(build: PastBuild) -> str:
    """One line on a build: ``build 18e9… of 2025-01-01 12:00:00: assignment (default); done, 87 stages run``."""
    names = ", ".join(build.about.get("reports", ()))
    profile = build.about.get("profile")
    what = f": {names}{f' ({profile})' if profile else ''}" if names else ""
    ran = len({attempt.stage for attempt in build.attempts if attempt.outcome == "done"})
    return f"build {build.id} of {moment(build.started)}{what}; {build.outcome or 'no end on record'}, {ran} stages run"


def moment(seconds: float) -> str:
    """A time of the journal, as the clock on the wall shows it."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))


def read_last_run(folder: Path) -> dict[str, Any] | None:
    """The record of the last build, or None before the first and where a crash has torn it."""
    try:
        record = json.loads((folder / "last_run.json").read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    return record if isinstance(record, dict) and record.keys() >= {"reports", "exit_status", "seconds"} else None


def _silent(line: str) -> None:
    """A look announces nothing."""
