"""The step of a build that copies finished reports out of the store, each with the record of its run."""

from __future__ import annotations

import json
import platform
import socket
import subprocess
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from latentpress import machine
from latentpress import project as projects
from latentpress.builds import Build, may_write
from latentpress.engine.file_digests import FileDigests
from latentpress.engine.locks import exclusive
from latentpress.engine.store import DamagedArtifactError
from latentpress.export import export, write_json
from latentpress.running import above, final_stages, make_scheduler


def export_reports(build: Build) -> None:
    """Copy finished reports out of the store; a damaged artifact is found here at the latest, and made again."""
    for _ in range(MOST_REPAIRS):
        try:
            with export_lock(build):
                return copy_out(build)
        except DamagedArtifactError as error:
            build.say(f"damaged, to be made again: {error}")
            build.store.discard_damaged(error.artifact)
            ran = build.outcome.ran
            build.outcome = make_scheduler(build, set()).run()
            build.outcome.ran = [*ran, *build.outcome.ran]
    with export_lock(build):
        return copy_out(build)


MOST_REPAIRS = 3


def export_lock(build: Build) -> AbstractContextManager[None]:
    """Keep builds that export into one folder apart; where nobody may write there is nothing to keep apart."""
    return exclusive(build.store.root / "locks" / "export.lock") if may_write(build) else nullcontext()


def copy_out(build: Build) -> None:
    """Export each report, and write the record of its run."""
    digests = FileDigests(build.store.root / "cache" / "exported.json")
    for report in build.reports:
        told = report_json(build, report)
        folder = build.request.build_folder / report.name
        made = [build.outcome.artifacts[name] for name in final_stages(report) if name in build.outcome.artifacts]
        if made:
            # A PDF that could not be typeset anew is better than none, and so is a page; what failed is told.
            failed = [file for kind, file in FINALS.items() if f"{kind}/{report.name}" in build.outcome.failures]
            keep = ["run.json", *failed]
            beside = {entry["file"]: build.store.artifact(entry["artifact"]) for entry in (told or {}).get("files", [])}
            export(made, folder, skip=INTERNAL_FILES, keep=keep, delivered=beside, digests=digests)
            if may_write(build) and not is_recorded(build, report, folder / "run.json"):
                write_json(folder / "run.json", run_record(build, report))
        build.health[report.name] = None if told is None else failed_checks(told)
    digests.save()


FINALS = {"typeset": "report.pdf", "html": "report.html", "tsne": "tsne.html"}
"""What each of a report's last stages makes, one file each."""
INTERNAL_FILES = ("warnings.json", "typeset.log", "sources.json", "health.json", "unknown.json")


def report_json(build: Build, report: projects.Report) -> Mapping[str, Any] | None:
    """The content of a report's report.json; None where the report was not made."""
    artifact = build.outcome.artifacts.get(f"assemble/{report.name}")
    return None if artifact is None else artifact.json("report")


def failed_checks(told: Mapping[str, Any]) -> list[str]:
    """Names of the health checks that a report failed, by its report.json."""
    return [check_name(check) for check in told["health"] if check["verdict"] == "failed"]


def check_name(check: Mapping[str, Any]) -> str:
    """A health check and the model that it is of."""
    return f"{check['name']} ({check['model']})" if check.get("model") else str(check["name"])


def is_recorded(build: Build, report: projects.Report, path: Path) -> bool:
    """Whether a report's ``run.json`` is of the build that made it, so that one that ran nothing of it leaves it."""
    if above(build.graph.stages, final_stages(report)) & set(build.outcome.ran):
        return False
    try:
        known = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(known, dict) and known.get("artifacts") == final_artifacts(build, report)


def final_artifacts(build: Build, report: projects.Report) -> dict[str, str]:
    """Stage to digest of what a report is copied from."""
    made = build.outcome.artifacts
    return {name: made[name].digest for name in final_stages(report) if name in made}


def run_record(build: Build, report: projects.Report) -> dict[str, Any]:
    """What differs from run to run and so stands in no artifact: times, host, commit, workers."""
    names = above(build.graph.stages, final_stages(report))
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
        "artifacts": final_artifacts(build, report),
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
