"""A random part of a report trained and measured again, by the code of this clone, and compared within tolerances."""

from __future__ import annotations

import math
import random
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from latentpress import machine
from latentpress.datasets import sources
from latentpress.declarations import own_packages
from latentpress.engine.outcome import Outcome
from latentpress.engine.progress import make_listener
from latentpress.engine.scheduler import Scheduler
from latentpress.engine.stage import Stage
from latentpress.engine.store import Store
from latentpress.errors import DataError
from latentpress.metrics import from_json_number, from_records
from latentpress.review.compare_tolerances import SAME_BITS, tolerance_of, within
from latentpress.review.document import Document
from latentpress.review.findings import CheckDone, Finding
from latentpress.review.here import differs_here
from latentpress.review.shown import DIGITS
from latentpress.review.stages import stage_of

if TYPE_CHECKING:
    from latentpress.engine.store import Artifact

Entry = Mapping[str, Any]


@dataclass(slots=True)
class Sample:
    """What is run again.

    Attributes:
        trainings: names of their stages.
        evaluations: of these trainings, and of data sets.
    """

    trainings: list[str] = field(default_factory=list)
    evaluations: list[str] = field(default_factory=list)


def draw_sample(entries: Sequence[Entry], share: float, seed: int) -> Sample:
    """A share of the trainings with all that is measured on them alone, and as large a share of what needs none.

    Args:
        entries: report.json's ``provenance``.
        share: above 0, at most 1; at least one of each kind is drawn.
        seed: of the draw.
    """
    chosen = random.Random(seed)  # noqa: S311 - a sample that can be drawn again
    needs = {entry["stage"]: _above(entry["stage"], entries) for entry in entries}
    trained = [stage for stage in needs if stage.startswith("train/")]
    measured = [stage for stage in needs if stage.startswith("evaluate/")]
    trainings = set(_part(chosen, trained, share))
    free = [stage for stage in measured if not any(name.startswith("train/") for name in needs[stage])]
    on_models = [
        stage
        for stage in measured
        if (used := {name for name in needs[stage] if name.startswith("train/")}) and used <= trainings
    ]
    return Sample(sorted(trainings), sorted([*on_models, *_part(chosen, free, share)]))


def _part(chosen: random.Random, names: Sequence[str], share: float) -> list[str]:
    return chosen.sample(sorted(names), min(len(names), max(1, math.ceil(share * len(names))))) if names else []


def _above(stage: str, entries: Sequence[Entry]) -> set[str]:
    by_name = {entry["stage"]: entry for entry in entries}
    made_by = {entry["artifact"]: entry["stage"] for entry in reversed(entries)}
    found: set[str] = set()
    waiting = [stage]
    while waiting:
        for digest in by_name[waiting.pop()]["inputs"].values():
            name = made_by.get(digest)
            if name is not None and name not in found:
                found.add(name)
                waiting.append(name)
    return found


def stages_of(names: Iterable[str], entries: Sequence[Entry], files: Mapping[str, Mapping[str, Path]]) -> list[Stage]:
    """Some stages of a report and all above them, wired as the report says.

    Args:
        names: of the stages.
        entries: report.json's ``provenance``.
        files: data set to its files on this machine.
    """
    by_name = {entry["stage"]: entry for entry in entries}
    made_by = {entry["artifact"]: entry["stage"] for entry in reversed(entries)}
    wanted = set(names)
    for name in list(wanted):
        wanted |= _above(name, entries)
    return [
        stage_of(
            by_name[name],
            {label: made_by[digest] for label, digest in by_name[name]["inputs"].items()},
            files.get(by_name[name]["settings"]["data"], {}) if name.startswith("data/") else None,
        )
        for name in sorted(wanted)
    ]


def rerun(
    document: Document,
    share: float,
    seed: int,
    say: Callable[[str], None],
    data_dir: Path | None = None,
    workers: int | None = None,
    root: Path | None = None,
) -> CheckDone:
    """Train and measure a random share again, in a store of its own, and compare.

    Args:
        document: the report.
        share: of the trainings and of the evaluations that need none.
        seed: of the draw.
        say: prints a line.
        data_dir: where the real data lie.
        workers: stages at once.
        root: of the project, for evaluations of its own.
    """
    entries = document.report["provenance"]
    sample = draw_sample(entries, share, seed)
    say(f"Running again (draw {seed}): {', '.join(sample.trainings)}; {len(sample.evaluations)} evaluations")
    try:
        files = _files(document, sample, entries, data_dir, say)
    except DataError as error:
        return CheckDone("rerun", 0, "", skipped=f"{error.message} {error.hint}")
    stages = stages_of([*sample.trainings, *sample.evaluations], entries, files)
    greedy = [stage.name for stage in stages if stage.threads > machine.cores()]
    if greedy:
        told = f"{machine.cores()} threads on this machine, and {greedy[0]} asks for more"
        return CheckDone("rerun", 0, "", skipped=told)
    with tempfile.TemporaryDirectory(prefix="latentpress-rerun-") as folder:
        scheduler = Scheduler(
            Store(Path(folder)),
            stages,
            workers=workers or machine.cores(),
            cores=machine.cores(),
            memory_mb=machine.memory_mb(),
            listener=make_listener(say),
            places=own_packages(root) if root is not None else None,
        )
        outcome = scheduler.run()
        return compared(document, sample, outcome, exact=not differs_here(document, root))


def _files(
    document: Document, sample: Sample, entries: Sequence[Entry], data_dir: Path | None, say: Callable[[str], None]
) -> dict[str, Mapping[str, Path]]:
    import os

    used = {name for stage in (*sample.trainings, *sample.evaluations) for name in _above(stage, entries)}
    found: dict[str, Mapping[str, Path]] = {}
    for data in sorted(name.removeprefix("data/") for name in used if name.startswith("data/")):
        if document.report["facts"][data]["source"] != "embedded":
            located = sources.locate(
                data, mode="real", data_dir=data_dir, environ=os.environ, download=True, announce=say
            )
            found[data] = located.files
    return found


def compared(document: Document, sample: Sample, outcome: Outcome, *, exact: bool) -> CheckDone:
    """Where nothing differs here, the same bits are promised; elsewhere a quantity may differ by its tolerance."""
    by_name = {entry["stage"]: entry for entry in document.report["provenance"]}
    told = {record["id"]: record for record in document.report["metrics"]}
    findings = [
        Finding("rerun", stage, f"a failure: {failure.error}", "its artifact")
        for stage, failure in outcome.failures.items()
    ]
    count = same = 0
    for stage in sample.evaluations:
        artifact = outcome.artifacts.get(stage)
        if artifact is None:
            continue
        entry = by_name[stage]
        same += artifact.digest == entry["artifact"]
        if exact and artifact.digest != entry["artifact"]:
            findings.append(
                Finding("rerun", stage, entry["artifact"][:DIGITS], f"{artifact.digest[:DIGITS]}, run again")
            )
        if artifact.digest == entry["artifact"]:
            findings += _delivered(document, artifact)
        for record in artifact.json("metrics") if "metrics.json" in artifact.names() else []:
            reported = _reported(record, entry, told)
            if reported is None:
                continue  # pooled over seeds, or no section shows it
            count += 1
            tolerance = SAME_BITS if exact else tolerance_of(record["quantity"])
            for end in ("value", "low", "high"):
                there, here = (from_json_number(one[end]) for one in (reported, record))
                if not within(there, here, tolerance):
                    again = f"{here}, run again (tolerance: {tolerance.words()})"
                    findings.append(Finding("rerun", f"{reported['id']}, {end}", f"{there}", again))
    if not count:
        findings.append(Finding("rerun", "the sample", "no metric that its stages measure", "some"))
    equal = f"{same} of {len(sample.evaluations)} artifacts equal to the bit"
    return CheckDone("rerun", count, f"metrics measured again within tolerances; {equal}", findings)


def _delivered(document: Document, artifact: Artifact) -> Iterator[Finding]:
    """What a report tells of its delivered files, against the artifact that holds them, made again to the bit."""
    for entry in document.report["files"]:
        if entry["artifact"] == artifact.digest:
            made = artifact.entries().get(entry["file"], {}).get("sha256", "no such file")
            if made != entry["sha256"]:
                again = f"{made[:DIGITS]}, run again"
                yield Finding("rerun", entry["file"], f"SHA-256 {entry['sha256'][:DIGITS]}", again)


def _reported(
    record: Mapping[str, Any], entry: Entry, told: Mapping[str, Mapping[str, Any]]
) -> Mapping[str, Any] | None:
    """What the report says of a metric of one stage; a mean over several seeds is no one stage's."""
    (metric,) = from_records([record])
    for seed in (entry["seed"], None):
        found = told.get(replace(metric, seed=seed).id)
        if found is not None and (seed is not None or len(found["seeds"]) <= 1):
            return found
    return None
