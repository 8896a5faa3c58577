"""Points of one report by a rubric. Pure: a report's content and the rubric in, points with their reasons out."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from typing import Any

from latentpress.review.findings import VERIFIED
from latentpress.review.rubric import (
    ClaimHolds,
    Criterion,
    HealthPassed,
    MetricRange,
    Reproduced,
    Rubric,
    Sections,
    Setup,
    Verified,
)

PASSED, FAILED = ("passed", "caught"), "failed"
TOLD = 6
"""Names that a reason lists at most."""


@dataclass(frozen=True, slots=True)
class Scored:
    """What one criterion gave.

    Attributes:
        title: of the criterion.
        points: that it gave, 0 to ``most``.
        most: that it gives.
        why: the reason, for the student.
        unmeasured: nothing in the report is what the criterion asks for; if that is so for everybody, the rubric may
            name something that does not exist.
    """

    title: str
    points: float
    most: float
    why: str
    unmeasured: bool = False

    def as_json(self) -> dict[str, Any]:
        """The entry of grades.json."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Share:
    """How much of a criterion is met, from 0 to 1, and why."""

    share: float
    why: str
    unmeasured: bool = False


def score(
    report: Mapping[str, Any], verdict: str, rubric: Rubric, references: Mapping[str, Mapping[str, Any]]
) -> list[Scored]:
    """Points by each criterion of the rubric.

    Args:
        report: report.json, with lists and tables where they belong; what is in them may be anything.
        verdict: of the review.
        rubric: what gives points.
        references: name in the rubric to that report's report.json.
    """
    return [_scored(criterion, report, verdict, references) for criterion in rubric.criteria]


def total(scored: Iterable[Scored], verdict: str, rubric: Rubric) -> tuple[float, str]:
    """The points in sum, by the rubric's rules for altered reports and for rounding, and what these changed."""
    points = math.fsum(entry.points for entry in scored)
    told = ""
    if verdict != VERIFIED:
        if rubric.unverified == "zero" and points:
            points, told = 0.0, "no points, since the report is altered"
        elif rubric.cap is not None and points > rubric.cap:
            points, told = rubric.cap, f"at most {number(rubric.cap)} points, since the report is altered"
    if rubric.step is not None:
        points = min(rubric.points, rubric.step * math.floor(points / rubric.step + 0.5 + 1e-9))
    return round(points, 2), told


def number(value: float) -> str:
    """A number in as few digits as tell it to six places."""
    return f"{value:.6g}"


def _scored(
    criterion: Criterion, report: Mapping[str, Any], verdict: str, references: Mapping[str, Mapping[str, Any]]
) -> Scored:
    try:
        found = _share(criterion, report, verdict, references)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, IndexError) as error:
        found = Share(0.0, f"the report's content is not what a build writes ({type(error).__name__})")
    points = round(criterion.points * min(1.0, max(0.0, found.share)), 2)
    return Scored(criterion.title, points, criterion.points, found.why, found.unmeasured)


def _share(
    criterion: Criterion, report: Mapping[str, Any], verdict: str, references: Mapping[str, Mapping[str, Any]]
) -> Share:
    if isinstance(criterion, Verified):
        return Share(float(verdict == VERIFIED), "unaltered" if verdict == VERIFIED else f"the report is {verdict}")
    if isinstance(criterion, Reproduced):
        return _reproduced(criterion, report, references[criterion.reference])
    for kind, rule in _RULES.items():
        if isinstance(criterion, kind):
            return rule(criterion, report)
    raise TypeError(f"found a criterion {type(criterion).__name__}, which no rule scores")


def _sections(criterion: Sections, report: Mapping[str, Any]) -> Share:
    there = {str(section["id"]) for section in report["settings"].get("sections", [])}
    failed = {str(failure.get("stage", "")).rsplit("/", 1)[-1] for failure in report["failures"]}
    failed |= {name for name, record in report["evidence"].items() if record.get("failures")}
    missing = [name for name in criterion.sections if name not in there]
    partial = [name for name in criterion.sections if name in there and name in failed]
    sound = len(criterion.sections) - len(missing) - len(partial)
    faults = [f"missing: {listed(missing)}"] if missing else []
    faults += [f"a part failed in: {listed(partial)}"] if partial else []
    why = "; ".join(faults) or f"all {len(criterion.sections)} there"
    return Share(sound / len(criterion.sections), why, unmeasured=len(missing) == len(criterion.sections))


def _metric(criterion: MetricRange, report: Mapping[str, Any]) -> Share:
    if criterion.id:
        found = {entry["id"]: entry for entry in report["metrics"] if entry.get("id") == criterion.id}
    else:
        wanted = {key: getattr(criterion, key) for key in ("quantity", "model", "data", "split")}
        wanted = {key: value for key, value in wanted.items() if value}
        matching = (e for e in report["metrics"] if all(e.get(key) == value for key, value in wanted.items()))
        found = {str(entry["id"]): entry for entry in matching}
        # The plain one goes before its variants at some alpha or noise.
        plain = {key: e for key, e in found.items() if e.get("alpha") is None and not e.get("conditions")}
        found = plain or found
    if not found:
        return Share(0.0, f"{criterion.id or criterion.quantity} is not measured", unmeasured=True)
    if len(found) > 1:
        return Share(0.0, f"several metrics fit: {listed(sorted(found))}; the rubric has to name one", unmeasured=True)
    name, entry = next(iter(found.items()))
    value = float(entry["value"]) if entry.get("value") is not None else math.nan
    if math.isnan(value):
        return Share(0.0, f"{name} has no value")
    told = f"{name} = {number(value)}"
    if criterion.zero_at is not None and criterion.full_at is not None:
        told += f"; none at {number(criterion.zero_at)}, all at {number(criterion.full_at)}"
        return Share((value - criterion.zero_at) / (criterion.full_at - criterion.zero_at), told)
    low = -math.inf if criterion.min is None else criterion.min
    high = math.inf if criterion.max is None else criterion.max
    limits = [f"at least {number(low)}"] if criterion.min is not None else []
    limits += [f"at most {number(high)}"] if criterion.max is not None else []
    return Share(float(low <= value <= high), f"{told}; expected {' and '.join(limits)}")


def _claim(criterion: ClaimHolds, report: Mapping[str, Any]) -> Share:
    found = [
        claim
        for claim in report["claims"]
        if claim.get("name") == criterion.claim
        and (not criterion.section or claim.get("section") == criterion.section)
        and all(claim.get("fields", {}).get(key) == value for key, value in criterion.fields.items())
    ]
    if not found:
        return Share(0.0, f"no such sentence: {criterion.claim}", unmeasured=True)
    # All that fit have to hold: a rubric that names a claim loosely asks for all of them.
    wrong = [claim for claim in found if claim.get("outcome") not in criterion.outcomes]
    if wrong:
        return Share(0.0, f"{wrong[0].get('outcome')}: {wrong[0].get('sentence', '')}")
    return Share(1.0, f"{found[0]['outcome']}: {found[0].get('sentence', '')}")


def _health(criterion: HealthPassed, report: Mapping[str, Any]) -> Share:
    concerned = [
        check
        for check in report["health"]
        if (not criterion.checks or check.get("name") in criterion.checks)
        and (not criterion.models or check.get("model") in criterion.models)
    ]
    passed = [check for check in concerned if check.get("verdict") in PASSED]
    failed = [check for check in concerned if check.get("verdict") == FAILED]
    assessed = len(passed) + len(failed)
    if not assessed:
        return Share(
            0.0, f"none of {len(concerned)} checks was assessed (profile {report.get('profile')})", not concerned
        )
    why = f"{len(passed)} of {assessed} passed"
    if failed:
        names = [f"{check.get('name')} ({check.get('model') or check.get('data')})" for check in failed]
        why += f"; failed: {listed(names)}"
    share = len(passed) / assessed
    return Share(float(not failed) if criterion.all_or_nothing else share, why)


def _setup(criterion: Setup, report: Mapping[str, Any]) -> Share:
    faults = []
    if report.get("profile") not in criterion.profiles:
        faults.append(f"profile {report.get('profile')}, expected {' or '.join(criterion.profiles)}")
    if criterion.data != "any":
        others = [name for name, facts in report["facts"].items() if _is_real(facts) != (criterion.data == "real")]
        if others or not report["facts"]:
            faults.append(f"not on {criterion.data} data: {listed(sorted(others)) or 'none named'}")
    seeds: dict[str, set[Any]] = {}
    for entry in report["provenance"]:
        stage = str(entry["stage"])
        if stage.startswith("train/"):
            seeds.setdefault(stage.split("/")[1], set()).add(entry.get("seed"))
    few = sorted(name for name, found in seeds.items() if len(found) < criterion.seeds)
    if few or not seeds:
        faults.append(f"fewer than {criterion.seeds} trainings of {listed(few) or 'anything'}")
    return Share(float(not faults), "; ".join(faults) or f"profile {report['profile']}")


def _is_real(facts: Mapping[str, Any]) -> bool:
    return facts.get("source") != "embedded"


def _reproduced(criterion: Reproduced, report: Mapping[str, Any], reference: Mapping[str, Any]) -> Share:
    differing = [part for part in criterion.parts if not _equal(part, criterion.stages, report, reference)]
    share = 1 - len(differing) / len(criterion.parts)
    if differing:
        return Share(share, f"not those of the reference: {listed(differing)}")
    return Share(share, f"as in the reference: {listed(criterion.parts)}")


def _equal(part: str, pattern: str, report: Mapping[str, Any], reference: Mapping[str, Any]) -> bool:
    if part == "data":
        own, theirs = (
            {name: facts["digests"] for name, facts in document["facts"].items()} for document in (report, reference)
        )
        return bool(theirs) and own == theirs
    key = {"code": "source", "settings": "settings_digest", "results": "artifact"}[part]
    own, theirs = (
        {
            entry["stage"]: entry.get(key)
            for entry in document["provenance"]
            if fnmatchcase(str(entry["stage"]), pattern)
        }
        for document in (report, reference)
    )
    # What the reference has; a report may have more experiments.
    return bool(theirs) and all(own.get(stage) == digest for stage, digest in theirs.items())


def listed(names: Sequence[object]) -> str:
    """Some names, and how many more there are."""
    shown = ", ".join(str(name) for name in names[:TOLD])
    return shown if len(names) <= TOLD else f"{shown} and {len(names) - TOLD} more"


_RULES: Mapping[type[Criterion], Callable[[Any, Mapping[str, Any]], Share]] = {
    Sections: _sections,
    MetricRange: _metric,
    ClaimHolds: _claim,
    HealthPassed: _health,
    Setup: _setup,
}
