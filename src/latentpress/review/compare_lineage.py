"""Which stages of two reports were given the same: there a build promises the same bits."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from latentpress.review.document import Document

_OWN = ("function", "source", "settings_digest", "seed", "threads", "backend", "device", "packages", "files")
_MACHINE = ("processor", "device", "threads", "python", "operating_system", "backend")


class Lineage:
    """What stands behind the artifacts of two reports."""

    def __init__(self, a: Document, b: Document) -> None:
        rows_a, rows_b = _by_stage(a), _by_stage(b)
        self._made_by_a, self._made_by_b = _made_by(rows_a), _made_by(rows_b)
        alike = {
            stage
            for stage in rows_a.keys() & rows_b.keys()
            if all(rows_a[stage][name] == rows_b[stage][name] for name in _OWN)
        }
        machines = [[document.report["environment"].get(name) for name in _MACHINE] for document in (a, b)]
        if machines[0] != machines[1]:
            alike = set()
        above_a = {stage: _inputs(rows_a[stage], self._made_by_a) for stage in alike}
        above_b = {stage: _inputs(rows_b[stage], self._made_by_b) for stage in alike}
        self.equal = _closed(alike, above_a, above_b)

    def promises_equal_bits(self, artifact_a: str, artifact_b: str) -> bool:
        """Whether one stage made both artifacts, of the same code, settings, data, seeds, threads and packages."""
        return bool(self._made_by_a.get(artifact_a, set()) & self._made_by_b.get(artifact_b, set()) & self.equal)


def _by_stage(document: Document) -> dict[str, Mapping[str, Any]]:
    return {row["stage"]: row for row in document.report["provenance"]}


def _made_by(rows: Mapping[str, Mapping[str, Any]]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for stage, row in rows.items():
        found[row["artifact"]].add(stage)
    return found


def _inputs(row: Mapping[str, Any], made_by: Mapping[str, set[str]]) -> dict[str, frozenset[str]]:
    """Label of each input, and the stages that made it; what none has made stands for itself."""
    return {label: frozenset(made_by.get(digest) or {digest}) for label, digest in row["inputs"].items()}


def _closed(
    alike: set[str], above_a: Mapping[str, Mapping[str, frozenset[str]]], above_b: Mapping[str, Any]
) -> set[str]:
    """Stages that are alike with all that is above them."""
    equal = {
        stage
        for stage in alike
        if above_a[stage].keys() == above_b[stage].keys()
        and all(above_a[stage][label] & above_b[stage][label] for label in above_a[stage])
    }
    below: dict[str, set[str]] = defaultdict(set)
    for stage in alike:
        for stages in above_a[stage].values():
            for name in stages:
                below[name].add(stage)
    named = {name for stage in equal for stages in above_a[stage].values() for name in stages}
    waiting = [*(alike - equal), *(name for name in named if name not in equal)]
    unequal: set[str] = set()
    while waiting:
        stage = waiting.pop()
        if stage not in unequal:
            unequal.add(stage)
            waiting += below[stage]
    return equal - unequal
