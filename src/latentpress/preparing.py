"""The first steps of a build, and all of a look: settings, cluster, TeX, data, and the graph of stages."""

from __future__ import annotations

import importlib.util
import os
import shlex
import shutil
import sys

from latentpress import machine, pipeline
from latentpress import project as projects
from latentpress.builds import Build, seeds_of
from latentpress.datasets import sources
from latentpress.datasets.settings import FILES_OF
from latentpress.errors import DataError, TexMissingError, UsageError
from latentpress.reporting import tex
from latentpress.settings_files import suggestion


def read_project(build: Build) -> None:
    """Read settings, and find the reports that are asked for."""
    machine.check_python()
    request = build.request
    build.project = projects.load(request.root, request.profile)
    known = build.project.reports
    for name in request.reports:
        if name not in known:
            raise UsageError(f'unknown report "{name}"', suggestion(name, known))
    named = request.reports or [name for name, report in known.items() if not report.settings.on_request]
    build.reports = [report for name, report in known.items() if name in named]
    if not build.reports:
        folder = request.root / "report_templates"
        raise UsageError(
            f"{folder} holds only reports on request: {', '.join(known)}" if known else f"{folder} holds no report",
            "Name one: latentpress build REPORT" if known else "Add a folder with a report.toml to it.",
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
                suggestion(request.section.rpartition("/")[2], ids),  # nox has REPORT/SECTION
            )
    elif request.retrain:
        raise UsageError(
            "--retrain needs --section, whose trainings it is to run again",
            "latentpress build REPORT --section ID --retrain",
        )


def check_backend(build: Build) -> None:
    """Refuse a backend that is not installed, rather than have every training fail.

    Raises:
        UsageError: with the command that installs it into this environment.
    """
    name = build.request.backend
    if importlib.util.find_spec(name) is not None:
        return
    # The environments that nox makes have no pip, since uv fills them.
    command = [sys.executable, "-m", "pip", "install", name]
    if importlib.util.find_spec("pip") is None:
        command = [shutil.which("uv") or "uv", "pip", "install", "--python", sys.executable, name]
    raise UsageError(
        f"--backend {name} needs the package {name}, which is not installed", f"Install it: {shlex.join(command)}"
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
    """Find, download or replace each data set.

    Raises:
        DataError: what is wrong with any of them, so that all can be mended at once.
    """
    request = build.request
    errors: dict[str, DataError] = {}
    found: dict[str, sources.Located] = {}
    for name in pipeline.data_sets(build.project, build.reports):
        origin = FILES_OF.get(name, name)
        if origin in found:  # made of the same files: nothing to look for, or to tell, once more
            build.located[name] = found[origin]
            continue
        try:
            build.located[name] = found[origin] = sources.locate(
                name,
                mode=request.data,
                data_dir=request.data_dir,
                environ=os.environ,
                download=True,
                announce=build.say,
            )
        except DataError as error:
            errors.setdefault(error.message, error)  # a folder that is not there is the same fault for each
    if errors:
        told = errors.values()
        raise DataError("\n".join(error.message for error in told), "\n  ".join(error.hint for error in told))


def make_graph(build: Build) -> None:
    """Lay out the stages."""
    request = build.request
    device = "gpu" if machine.gpu() else "cpu"
    hardware = pipeline.Machine(request.backend, device, max(1, machine.cores() // 2))
    choices = pipeline.Choices(seeds=seeds_of(request), typeset=build.tex_missing is None)
    found = {name: pipeline.DataSource(located.source, located.files) for name, located in build.located.items()}
    build.graph = pipeline.build_graph(build.project, build.reports, found, hardware, choices)
