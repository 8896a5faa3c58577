"""One build, from the command line's choices to the exported reports and the exit status."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable

from latentpress import project as projects
from latentpress.builds import FAILED, NO_PDF, UNHEALTHY, Build, Request, may_write
from latentpress.delivering import check_name, export_lock, export_reports
from latentpress.engine.progress import duration
from latentpress.export import write_json
from latentpress.health_faults import FAULT
from latentpress.health_missing import COMPLETE
from latentpress.preparing import check_backend, find_data, find_tex, make_graph, reach_cluster, read_project
from latentpress.running import above, final_stages, run_stages


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
    """End with the path of each report, its time, its data and its health, or with why there is none."""
    for report in build.reports:
        folder = build.request.build_folder / report.name
        name = f"typeset/{report.name}" if build.tex_missing is None else f"assemble/{report.name}"
        if name not in build.outcome.artifacts:
            stopped = "; --strict stopped the build at the first failure" if build.request.strict else ""
            earlier = (
                f"; {folder / 'report.pdf'} is that of an earlier build" if (folder / "report.pdf").is_file() else ""
            )
            build.say(f"{report.name}: not made{stopped}{earlier}")
            continue
        path = folder / ("report.tex" if build.tex_missing else "report.pdf")
        embedded = [data for data, located in build.located.items() if located.source == "embedded"]
        facts = [
            duration(time.time() - build.started),
            *([f"embedded data: {', '.join(embedded)}"] if embedded else []),
            f"health: {health_line(build, report)}",
        ]
        build.say(f"{report.name}: {path} ({'; '.join(facts)})")
        if path.suffix == ".pdf" and path.is_file():
            # For whoever holds it against a copy that comes back: latentpress verify --expect.
            build.say(f"  SHA-256 {hashlib.sha256(path.read_bytes()).hexdigest()}")
    for failure in build.outcome.failures.values():
        build.say(f"failed: {failure.stage}: {failure.first_lines}")
    if build.tex_missing is not None:
        build.say(f"The PDF is missing: {build.tex_missing}")


def health_line(build: Build, report: projects.Report) -> str:
    """One phrase on the health of a report's results, and on what failed stages left out of it."""
    checks = build.outcome.artifacts[f"assemble/{report.name}"].json("report")["health"]
    missing = [check["model"] or check["data"] for check in checks if check["name"] == COMPLETE]
    failed = [check_name(check) for check in checks if check["verdict"] == "failed" and check["name"] != COMPLETE]
    passed = sum(check["verdict"] == "passed" for check in checks)
    stages = len(build.outcome.failures.keys() & above(build.graph.stages, final_stages(report)))
    phrases = [f"FAILED: {', '.join(failed)}"] if failed else []
    if missing:
        phrases.append(f"not assessed for {', '.join(missing)}")
    if passed and not failed:
        every = f"{counted(passed, 'check')} of the rest" if missing or stages else f"all {passed} checks"
        phrases.append(f"{every} passed")
    caught = sum(check["verdict"] == "passed" for check in checks if check["name"] == FAULT)
    if caught:
        phrases.append(f"{counted(caught, 'fault')} caught")
    if stages:
        phrases.append(f"{counted(stages, 'stage')} failed")
    return "; ".join(phrases) or "not assessed"


def counted(number: int, thing: str) -> str:
    """``1 stage``, ``2 stages``."""
    return f"{number} {thing}{'' if number == 1 else 's'}"


STEPS = (
    read_project,
    check_backend,
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
