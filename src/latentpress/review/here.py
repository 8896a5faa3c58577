"""A report against this clone: what its code, settings and packages differ in from those that made the report."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from latentpress import machine, pipeline
from latentpress import project as projects
from latentpress.declarations import own_packages
from latentpress.engine.fingerprint import Fingerprinter, differences, provenance
from latentpress.engine.sources import find_packages
from latentpress.errors import LatentPressError
from latentpress.review.document import Document
from latentpress.review.findings import CheckDone, Finding
from latentpress.review.stages import stage_of

PACKAGE = "latentpress"


def check_clone(document: Document, root: Path | None) -> CheckDone:
    """Code, packages, machine and settings of the report against those at hand; differences are notes.

    Args:
        document: the report.
        root: of the project, for its settings and its cache of parsed sources; None where there is none.
    """
    report = document.report
    findings = [*_stages(report, root), *_machine(report)]
    if root is not None:
        findings += _settings(report, root)
    what = "stages, packages, machine and settings against this clone"
    skipped = "" if root is not None else "settings: no project here to hold them against"
    return CheckDone("clone", len(report["provenance"]), what, findings, skipped)


def differs_here(document: Document, root: Path | None) -> bool:
    """Whether anything differs here on which the bits of a measurement depend: code, packages, Python, processor."""
    measuring = [entry for entry in document.report["provenance"] if entry["stage"].startswith(MEASURING)]
    report = {**document.report, "provenance": measuring}
    return any(True for _ in (*_stages(report, root), *_machine(report)))


def sections_differ_here(document: Document, root: Path | None) -> bool:
    """Whether the code that computed the report's sentences is another than that of this clone."""
    rendering = [entry for entry in document.report["provenance"] if entry["stage"].startswith("section/")]
    return any(True for _ in _stages({**document.report, "provenance": rendering}, root))


MEASURING = ("data/", "train/", "encode/", "evaluate/")
"""Stages by whose work a number comes about; the others print it."""


def _stages(report: Mapping[str, Any], root: Path | None) -> Iterator[Finding]:
    # Sources are parsed once; a build keeps what came of it in the same place.
    cache = root / "build" / "store" / "cache" if root is not None else None
    places = own_packages(root) if root is not None else None
    fingerprinter = Fingerprinter([PACKAGE], find_packages([PACKAGE]), cache, places)
    packages: dict[str, tuple[str, str]] = {}
    code: dict[tuple[str, str, str], list[str]] = {}
    for entry in report["provenance"]:
        try:
            taken = fingerprinter.take(stage_of(entry), {})
        except (KeyError, ValueError, LatentPressError) as error:
            yield Finding("clone", entry["stage"], "a stage that this version cannot run", str(error), "note")
            continue
        here = provenance("", "", taken.components)
        if here.source != entry["source"]:
            code.setdefault((entry["function"], entry["source"], here.source), []).append(entry["stage"])
        for name, version in entry["packages"].items():
            if here.packages.get(name) not in (None, version):
                packages[name] = (version, here.packages[name])
    if root is not None:
        with contextlib.suppress(OSError):  # a read-only clone is verified against all the same
            fingerprinter.save()
    for (function, there, here_source), stages in code.items():
        more = f" and {len(stages) - 1} more" if len(stages) > 1 else ""
        yield Finding("clone", f"code of {stages[0]}{more} ({function})", there[:12], here_source[:12], "note")
    for name, (version, installed) in sorted(packages.items()):
        yield Finding("clone", f"package {name}", version, installed, "note")


def _machine(report: Mapping[str, Any]) -> Iterator[Finding]:
    known = report["environment"]
    here = {"python": f"{sys.version_info.major}.{sys.version_info.minor}", "processor": machine.processor()}
    for name, value in here.items():
        if known.get(name) != value:
            yield Finding("clone", name, str(known.get(name)), value, "note")


def _settings(report: Mapping[str, Any], root: Path) -> Iterator[Finding]:
    try:
        project = projects.load(root, report["profile"])
    except LatentPressError as error:
        yield Finding("clone", str(root), "settings that cannot be read", error.message, "note")
        return
    embedded = [data for data, facts in report["facts"].items() if facts.get("source") == "embedded"]
    project = pipeline.on_data(project, embedded)
    for name, settings in report["settings"]["experiments"].items():
        if name not in project.experiments:
            yield Finding("clone", f"experiment {name}", "it", "no such experiment here", "note")
            continue
        mine = project.experiments[name].model_dump(mode="json", exclude={"profiles", "embedded"})
        for key, there, here in differences(settings, mine):
            yield Finding("clone", f"setting {name}: {key}", repr(there), repr(here), "note")
