"""Failures that a report declares: models with a fault on purpose, and the check that has to catch each.

A declared check that fails is "caught". One that does not fail for the faulty model, or does not pass for the mended
one, fails the report: a check that no longer sees the fault that it is meant for is no check.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from latentpress.health import Check

FAULT = "the fault is caught"


def expect(checks: Iterable[Check], faults: Sequence[Mapping[str, Any]], profile: str = "default") -> list[Check]:
    """The checks with the declared failures turned to "caught", and one more for every fault.

    Args:
        checks: of the whole report.
        faults: each with ``model``, ``mended``, ``check`` (has to fail for the one and pass for the other) and
            ``consequences`` (checks that may fail, too, for the faulty model).
        profile: in ``smoke`` no fault is assessed.
    """
    found = list(checks)
    declared = {(fault["model"], name) for fault in faults for name in (fault["check"], *fault["consequences"])}
    turned = [
        replace(check, verdict="caught")
        if check.verdict == "failed" and (check.model, check.name) in declared
        else check
        for check in found
    ]
    return [*(_of_fault(fault, found, profile) for fault in faults), *turned]


def verdicts(fault: Mapping[str, Any], checks: Iterable[Check]) -> tuple[Check | None, Check | None]:
    """The fault's check of its faulty model, and of its mended one; None where there is none."""
    by_model = {check.model: check for check in checks if check.name == fault["check"]}
    return by_model.get(fault["model"]), by_model.get(fault["mended"])


def _of_fault(fault: Mapping[str, Any], checks: Sequence[Check], profile: str) -> Check:
    from latentpress.health import UNASSESSED_PROFILE, Check  # loads numerical libraries, as in `health_missing`

    faulty, mended = verdicts(fault, checks)
    right = int(faulty is not None and faulty.verdict == "failed") + int(
        mended is not None and mended.verdict == "passed"
    )
    data = next((check.data for check in checks if check.model == fault["model"]), "")
    return Check(
        name=FAULT,
        model=fault["model"],
        value=float(right),
        threshold=2.0,
        verdict="not assessed" if profile == UNASSESSED_PROFILE else "passed" if right == 2 else "failed",
        why="one for the declared check that fails for the faulty model, and one for the same check that passes for "
        "the mended one",
        data=data,
        relation="at least",
        guards_against="a health check that does not see the fault that it is meant for",
    )
