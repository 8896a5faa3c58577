"""One build, from the command line's choices to the exported reports and the exit status."""

from __future__ import annotations

import contextlib
import os
import platform
import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from latentpress import machine, pipeline
from latentpress import project as projects
from latentpress.datasets import sources
from latentpress.engine.events import Plan
from latentpress.engine.locks import exclusive
from latentpress.engine.outcome import Outcome
from latentpress.engine.presence import in_use
from latentpress.engine.progress import duration, make_listener
from latentpress.engine.scheduler import Scheduler
from latentpress.engine.stage import Stage
from latentpress.engine.store import DamagedArtifactError, Store
from latentpress.errors import TexMissingError, UsageError
from latentpress.export import export, write_json
from latentpress.reporting import tex
from latentpress.settings_files import suggestion

if TYPE_CHECKING:
    from latentpress.engine.mirror import Mirror

DONE, FAILED, USAGE, UNHEALTHY, NO_PDF = 0, 1, 2, 3, 4


@dataclass(frozen=True, slots=True)
class Request:
    """What the user asked for; see ``latentpress build --help``."""

    root: Path
    reports: tuple[str, ...] = ()
    section: str | None = None
    retrain: bool = False
    data: sources.Mode = "auto"
    data_dir: Path | None = None
    profile: str = "default"
    seeds: int | None = None
    workers: int | None = None
    backend: str = "tensorflow"
    build_dir: Path | None = None
    install_tex: bool = True
    strict: bool = False
    scheduler: str | None = None
    mirror: str | None = None

    @property
    def build_folder(self) -> Path:
        """Where everything generated goes."""
        return (self.build_dir or self.root / "build").resolve()


@dataclass(slots=True)
class Build:
    """A build under way: what each step found."""

    request: Request
    say: Callable[[str], None]
    started: float = field(default_factory=time.time)
    project: projects.Project = field(init=False)
    reports: list[projects.Report] = field(init=False)
    cluster: Any = None
    mirror: Mirror | None = None
    tex_missing: TexMissingError | None = None
    located: dict[str, sources.Located] = field(default_factory=dict)
    graph: pipeline.Graph = field(init=False)
    store: Store = field(init=False)
    outcome: Outcome = field(init=False)
    status: int = DONE
    health: dict[str, list[str]] = field(default_factory=dict)
    held: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)


def build(request: Request, say: Callable[[str], None]) -> int:
    """Build reports.

    Args:
        request: what the user asked for.
        say: prints one line on the console.

    Returns:
        The exit status: 0 done, 1 a stage failed, 3 a health check failed, 4 no TeX and so no PDF.

    Raises:
        LatentPressError: bad input; nothing was run.
    """
    running = Build(request, say)
    with running.held:
        for step in STEPS:
            step(running)
    return running.status


def read_project(build: Build) -> None:
    """Read settings, and find the reports that are asked for."""
    machine.check_python()
    request = build.request
    build.project = projects.load(request.root, request.profile)
    known = build.project.reports
    for name in request.reports:
        if name not in known:
            raise UsageError(f'unknown report "{name}"', suggestion(name, known))
    build.reports = [report for name, report in known.items() if not request.reports or name in request.reports]
    if not build.reports:
        raise UsageError(
            f"{request.root / 'report_templates'} holds no report", "Add a folder with a report.toml to it."
        )
    if request.section is not None:
        ids = [section.settings.id for report in build.reports for section in report.sections]
        if len(build.reports) != 1:
            raise UsageError(
                "--section needs exactly one report", f"latentpress build REPORT --section {request.section}"
            )
        if request.section not in ids:
            raise UsageError(
                f'report "{build.reports[0].name}" has no section "{request.section}"',
                suggestion(request.section, ids),
            )


def reach_cluster(build: Build) -> None:
    """Connect to the Dask scheduler and try the mirror, where either is asked for, before anything is done."""
    request = build.request
    if request.mirror is not None:
        from latentpress.engine.mirror import open_mirror

        build.mirror = open_mirror(request.mirror)
    if request.scheduler is not None:
        from latentpress.engine.dask_client import connect

        build.cluster = build.held.enter_context(connect(request.scheduler))


def find_tex(build: Build) -> None:
    """Look for TeX before anything is trained; without it the .tex is still made."""
    try:
        tex.ensure_tex(build.request.install_tex, build.say)
    except TexMissingError as error:
        build.tex_missing = error
        build.say(f"No PDF will be made: {error}")


def find_data(build: Build) -> None:
    """Find, download or replace each data set."""
    request = build.request
    for name in pipeline.data_sets(build.project, build.reports):
        build.located[name] = sources.locate(
            name, mode=request.data, data_dir=request.data_dir, environ=os.environ, download=True, announce=build.say
        )


def make_graph(build: Build) -> None:
    """Lay out the stages."""
    request = build.request
    device = "gpu" if machine.gpu() else "cpu"
    hardware = pipeline.Machine(request.backend, device, max(1, machine.cores() // 2))
    choices = pipeline.Choices(seeds=seeds_of(request), typeset=build.tex_missing is None)
    found = {name: pipeline.DataSource(located.source, located.files) for name, located in build.located.items()}
    build.graph = pipeline.build_graph(build.project, build.reports, found, hardware, choices)


def seeds_of(request: Request) -> int:
    """Trainings of each experiment: as asked for, else six in the thorough profile and one elsewhere."""
    return request.seeds or (6 if request.profile == "thorough" else 1)


def run_stages(build: Build) -> None:
    """Say what will be done, on what, and about how long it takes; then do it."""
    request = build.request
    build.store = Store(request.build_folder / "store")
    build.held.enter_context(in_use(build.store, about(build)))  # until the reports are copied out of it
    scheduler = make_scheduler(build, forced_stages(build))
    plan = scheduler.plan()
    announce_plan(build, plan)
    build.outcome = scheduler.run(plan)


def make_scheduler(build: Build, force: set[str]) -> Scheduler:
    """A scheduler of the build's graph."""
    return Scheduler(
        build.store,
        build.graph.stages.values(),
        workers=build.request.workers or (machine.cores() if build.cluster is None else 0),
        cores=machine.cores(),
        memory_mb=machine.memory_mb(),
        cluster=build.cluster,
        mirror=build.mirror,
        listener=make_listener(build.say),
        force=force,
        strict=build.request.strict,
        about=about(build),
    )


def about(build: Build) -> dict[str, Any]:
    """What the journal tells of a build; those that agree in the first of these are the most alike."""
    return {
        "profile": build.request.profile,
        "data": {name: located.source for name, located in build.located.items()},
        "backend": build.request.backend,
        "seeds": seeds_of(build.request),
        "reports": [report.name for report in build.reports],
    }


def forced_stages(build: Build) -> set[str]:
    """The stages that run again though they are up to date: a section's evaluations, with --retrain all above."""
    if build.request.section is None:
        return set()
    section = f"section/{build.reports[0].name}/{build.request.section}"
    prefixes: tuple[str, ...] = ("evaluate/", "draw/", "section/")
    if build.request.retrain:
        prefixes += ("train/", "encode/")
    return {name for name in above(build.graph.stages, [section]) if name.startswith(prefixes)}


def above(stages: Mapping[str, Stage], names: list[str]) -> set[str]:
    """The named stages that exist, and every stage that they depend on."""
    found: set[str] = set()
    queue = list(names)
    while queue:
        name = queue.pop()
        if name in stages and name not in found:
            found.add(name)
            queue.extend(stages[name].inputs.values())
    return found


def announce_plan(build: Build, plan: Plan) -> None:
    """Say what will be done; nothing where nothing will be."""
    if not plan.must_run:
        return
    say = build.say
    say(f"Reports: {', '.join(report.name for report in build.reports)}; profile {build.request.profile}")
    for name, located in build.located.items():
        say(f"Data {name}: {located.source}")
    say(f"Device: {machine.gpu() or machine.processor()} ({build.request.backend}), {machine.cores()} cores")
    say(
        f"Stages: {len(plan.must_run)} to run, {len(plan.may_run)} to follow where these change them, "
        f"{len(plan.up_to_date)} up to date; about {duration(plan.seconds)}"
    )


def export_reports(build: Build) -> None:
    """Copy finished reports out of the store; a damaged artifact is found here at the latest, and made again."""
    for _ in range(MOST_REPAIRS):
        try:
            with export_lock(build):
                return copy_out(build)
        except DamagedArtifactError as error:
            build.say(f"damaged, to be made again: {error}")
            build.store.discard(error.artifact)
            ran = build.outcome.ran
            build.outcome = make_scheduler(build, set()).run()
            build.outcome.ran = [*ran, *build.outcome.ran]
    with export_lock(build):
        return copy_out(build)


MOST_REPAIRS = 3


def export_lock(build: Build) -> AbstractContextManager[None]:
    """Keep builds that export into one folder apart; where nobody may write there is nothing to keep apart."""
    return exclusive(build.store.root / "locks" / "export.lock") if may_write(build) else nullcontext()


def may_write(build: Build) -> bool:
    """Whether the build folder can be written; one on a read-only disk still serves a build with nothing to do."""
    return os.access(build.request.build_folder, os.W_OK)


def copy_out(build: Build) -> None:
    """Export each report, and write the record of its run."""
    for report in build.reports:
        folder = build.request.build_folder / report.name
        stages = [f"assemble/{report.name}", f"typeset/{report.name}"]
        made = [build.outcome.artifacts[name] for name in stages if name in build.outcome.artifacts]
        if made:
            # A PDF that could not be typeset anew is better than none; what failed is told.
            failed = f"typeset/{report.name}" in build.outcome.failures
            keep = ["run.json", *(["report.pdf"] if failed else [])]
            export(made, folder, skip=INTERNAL_FILES, keep=keep)
            if may_write(build):
                write_json(folder / "run.json", run_record(build, report))
        build.health[report.name] = failed_checks(build, report)


INTERNAL_FILES = ("warnings.json", "typeset.log", "sources.json", "health.json")


def failed_checks(build: Build, report: projects.Report) -> list[str]:
    """Names of the health checks that a report failed."""
    artifact = build.outcome.artifacts.get(f"assemble/{report.name}")
    if artifact is None:
        return []
    return [check_name(check) for check in artifact.json("report")["health"] if check["verdict"] == "failed"]


def check_name(check: Mapping[str, Any]) -> str:
    """A health check and the model that it is of."""
    return f"{check['name']} ({check['model']})" if check.get("model") else str(check["name"])


def run_record(build: Build, report: projects.Report) -> dict[str, Any]:
    """What differs from run to run and so stands in no artifact: times, host, commit, workers."""
    names = above(build.graph.stages, [f"typeset/{report.name}", f"assemble/{report.name}"])
    ended = {
        record["stage"]: {name: record.get(name) for name in RECORDED}
        for record in build.store.journal.read()
        if record["event"] == "stage_end" and record["stage"] in names and record["outcome"] == "done"
    }
    return {
        "report": report.name,
        "profile": build.request.profile,
        "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(build.started)),
        "seconds": round(time.time() - build.started, 3),
        "host": socket.gethostname(),
        "processor": machine.processor(),
        "gpu": machine.gpu(),
        "cores": machine.cores(),
        "workers": build.request.workers or machine.cores(),
        "python": platform.python_version(),
        "commit": commit(build.request.root),
        "stages": ended,
    }


RECORDED = ("host", "start", "seconds", "peak_memory_mb", "key", "artifact")
"""What ``run.json`` takes over from the journal for each stage."""


def commit(root: Path) -> str:
    """The git commit of the project, or nothing outside a repository."""
    try:
        answer = subprocess.run(
            ["git", "-C", str(root), "rev-parse", "HEAD"],  # noqa: S607 - git is looked for on the PATH
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return answer.stdout.strip() if answer.returncode == 0 else ""


def decide_status(build: Build) -> None:
    """The exit status: a failure outweighs a missing TeX, and that a failed health check."""
    if build.outcome.failures:
        build.status = FAILED
    elif build.tex_missing is not None:
        build.status = NO_PDF
    elif any(build.health.values()):
        build.status = UNHEALTHY


def write_last_run(build: Build) -> None:
    """``build/last_run.json``, which other tools read."""
    if not may_write(build):
        return
    record = {
        "reports": [report.name for report in build.reports],
        "stages_run": list(build.outcome.ran),
        "stages_reused": build.outcome.reused,
        "seconds": round(time.time() - build.started, 3),
        "data": {name: located.source for name, located in build.located.items()},
        "health": build.health,
        "exit_status": build.status,
    }
    with export_lock(build):
        write_json(build.request.build_folder / "last_run.json", record)


def say_results(build: Build) -> None:
    """End with the path of each report, its time and its health."""
    for report in build.reports:
        folder = build.request.build_folder / report.name
        name = f"typeset/{report.name}" if build.tex_missing is None else f"assemble/{report.name}"
        if name not in build.outcome.artifacts:
            earlier = "; report.pdf is that of an earlier build" if (folder / "report.pdf").is_file() else ""
            build.say(f"{report.name}: not made{earlier}")
            continue
        path = folder / ("report.tex" if build.tex_missing else "report.pdf")
        build.say(
            f"{report.name}: {path} ({duration(time.time() - build.started)}; health: {health_line(build, report)})"
        )
    for failure in build.outcome.failures.values():
        build.say(f"failed: {failure.stage}: {failure.first_lines}")
    if build.tex_missing is not None:
        build.say(f"The PDF is missing: {build.tex_missing}")


def health_line(build: Build, report: projects.Report) -> str:
    """One phrase on the health of a report's results."""
    failed = build.health[report.name]
    if failed:
        return "FAILED: " + ", ".join(failed)
    checks = build.outcome.artifacts[f"assemble/{report.name}"].json("report")["health"]
    passed = sum(check["verdict"] == "passed" for check in checks)
    return f"all {passed} checks passed" if passed else "not assessed"


STEPS = (
    read_project,
    reach_cluster,
    find_tex,
    find_data,
    make_graph,
    run_stages,
    export_reports,
    decide_status,
    write_last_run,
    say_results,
)
"""The story of a build."""
