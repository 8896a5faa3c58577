"""What a section may show: the metrics, figures, tables and facts of its inputs, and what is missing and why."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from latentpress.errors import StageError, TemplateError
from latentpress.metrics import Metric, from_records
from latentpress.reporting.numbers import agreed_decimals, format_of
from latentpress.reporting.seed_pairing import pair_over_seeds
from latentpress.statistics import pool_seeds

if TYPE_CHECKING:
    from latentpress.engine.stage import Failure, Task
    from latentpress.engine.store import Artifact


class EvaluationLabel(NamedTuple):
    """``evaluate/<evaluation>/<subject>[/seed<k>]``, taken apart; also ``draw/<evaluation>/<subject>``."""

    kind: str
    evaluation: str
    subject: str
    seed: int | None


def read_label(label: str) -> EvaluationLabel | None:
    """Take the label of an input apart; None for data sets and whatever else is no evaluation."""
    match = re.fullmatch(r"(evaluate|draw)/([^/]+)/(.+?)(?:/seed(\d+))?(?:~[0-9a-f]+)?", label)
    if match is None:
        return None
    return EvaluationLabel(match[1], match[2], match[3], None if match[4] is None else int(match[4]))


class Missing(NamedTuple):
    """Stands for what a failed evaluation would have given."""

    failure: Failure


@dataclass(frozen=True, slots=True)
class Measured:
    """A metric with its origin.

    Attributes:
        metric: the metric, pooled over seeds unless it is one of several.
        evaluation, subject: what measured it, on what.
        artifact: digest of the artifact that holds it; of several seeds, the first one's.
        seeds: of the trainings that it comes of; none for what needs no training.
    """

    metric: Metric
    evaluation: str
    subject: str
    artifact: str
    seeds: tuple[int, ...] = ()


@dataclass(slots=True)
class Evidence:
    """All that a section's inputs hold.

    Attributes:
        measured: metric id (without seed) to the metric, pooled over seeds.
        by_seed: the same of each seed, where there is more than one.
        evaluated: (evaluation, subject) to the artifact of the first seed.
        drawn: (evaluation, subject) to the artifact with its figures.
        facts: data set to its facts.
        failures: label to failure.
    """

    measured: dict[str, Measured] = field(default_factory=dict)
    by_seed: list[Measured] = field(default_factory=list)
    evaluated: dict[tuple[str, str], Artifact] = field(default_factory=dict)
    drawn: dict[tuple[str, str], Artifact] = field(default_factory=dict)
    facts: dict[str, dict[str, Any]] = field(default_factory=dict)
    failures: Mapping[str, Failure] = field(default_factory=dict)
    _digits: dict[tuple[str, ...], int] = field(default_factory=dict)

    def find(self, identifier: str) -> Measured | Missing:
        """The metric of an id.

        Raises:
            TemplateError: nothing measures it, and nothing that failed would have.
        """
        if identifier in self.measured:
            return self.measured[identifier]
        failure = self._failure_of_metric(identifier)
        if failure is not None:
            return Missing(failure)
        near = difflib.get_close_matches(identifier, list(self.measured), n=3, cutoff=0.5)
        raise TemplateError(
            f"no evaluation of this section measures {identifier!r}.",
            f"Did you mean {', or '.join(near)}?" if near else "Add the evaluation to the section in report.toml.",
        )

    def artifact(self, kind: str, evaluation: str, subject: str) -> Artifact | Missing:
        """The artifact of one evaluation (``kind="evaluate"``) or of its figures (``"draw"``).

        Raises:
            TemplateError: the section has no such evaluation.
        """
        held = self.evaluated if kind == "evaluate" else self.drawn
        if (evaluation, subject) in held:
            return held[evaluation, subject]
        for label, failure in self.failures.items():
            parts = read_label(label)
            if parts and (parts.evaluation, parts.subject) == (evaluation, subject):
                return Missing(failure)
        known = sorted(f"({a!r}, {b!r})" for a, b in held)
        raise TemplateError(
            f"this section has no evaluation {evaluation!r} of {subject!r}.",
            f"It has {', '.join(known) or 'none'}; evaluations and models stand in report.toml.",
        )

    def decimals(self, metric: Metric) -> int | None:
        """Digits after the point that a quantity is given wherever the section prints it, sentence or table.

        Returns:
            None for p values and for what is not among the section's metrics.
        """
        if metric.quantity.endswith("_p"):
            return None
        if not self._digits:
            groups: dict[tuple[str, ...], list[Metric]] = {}
            for entry in self.measured.values():
                groups.setdefault(_digits_group(entry.metric), []).append(entry.metric)
            self._digits.update({group: agreed_decimals(members) for group, members in groups.items()})
        return self._digits.get(_digits_group(metric))

    @property
    def trainings(self) -> int:
        """How many trainings of each model the section pools over; 1 where there is one, or none."""
        return max(1, len({entry.metric.seed for entry in self.by_seed}))

    def subjects(self) -> set[str]:
        """Every model, data set or comparison that is measured here."""
        return {subject for _, subject in self.evaluated}

    def _failure_of_metric(self, identifier: str) -> Failure | None:
        """The failed evaluation that would have measured an id, if there is one."""
        words = identifier.split("/")
        # Several evaluations may measure a quantity: a control's accuracy is another evaluation's than a model's.
        known = {entry.evaluation for entry in self.measured.values() if entry.metric.quantity in words}
        for label, failure in self.failures.items():
            parts = read_label(label)
            if parts is None:
                if label.startswith("data/") and label.split("/")[1] in words:
                    return failure
                continue
            if parts.kind != "evaluate" or self._measured_elsewhere(parts, known):
                continue
            if self._covers(parts.subject, words):
                return failure
        return None

    def _measured_elsewhere(self, parts: EvaluationLabel, known: set[str]) -> bool:
        """Whether a failed evaluation is none of those that measure a quantity.

        That is only sure of an evaluation that did deliver on another subject, and then not this quantity.
        """
        delivered = {evaluation for evaluation, _ in self.evaluated}
        return bool(known) and parts.evaluation in delivered and parts.evaluation not in known

    def _covers(self, subject: str, words: list[str]) -> bool:
        """Whether an evaluation of this subject could give a metric whose id has these words."""
        if subject in words:
            return True
        members = subject.split("+")
        compared = [word for word in words if "_vs_" in word]
        if len(members) > 1:
            return any(word in members for word in words) or any(
                set(word.split("_vs_")) <= set(members) for word in compared
            )
        return False


def _compared_seeds(metric: Metric) -> tuple[int, ...]:
    """A comparison of trained models is of the first seed of each."""
    return (0,) if "_vs_" in metric.model else ()


def _digits_group(metric: Metric) -> tuple[str, ...]:
    """Metrics that are printed with the same digits; those whose size differs from model to model are a model's own.

    What is measured under further conditions, perhaps on fewer images, has digits of its own.
    """
    form = format_of(metric.quantity)
    apart = metric.quantity.endswith("_difference") and not form.percent
    common = metric.data, metric.quantity, "under conditions" if metric.conditions else ""
    return (*common, metric.model) if form.decimals is None or apart else common


def gather(task: Task) -> Evidence:
    """Read a section's inputs.

    Raises:
        StageError: two evaluations give the same id different values.
    """
    evidence = Evidence(failures=dict(task.failures))
    groups: dict[tuple[str, str], list[Measured]] = {}
    for label in sorted(task.inputs):
        artifact = task.inputs[label]
        parts = read_label(label)
        if parts is None:
            if "facts.json" in artifact.names():
                evidence.facts[label.split("/")[-1].split("~")[0]] = artifact.json("facts")
            continue
        place = (parts.evaluation, parts.subject)
        if parts.kind == "draw":
            evidence.drawn[place] = artifact
            continue
        evidence.evaluated.setdefault(place, artifact)
        for metric in from_records(artifact.json("metrics")) if "metrics.json" in artifact.names() else []:
            seeded = replace(metric, seed=parts.seed)
            groups.setdefault(place, []).append(Measured(seeded, *place, artifact.digest))
    for group in groups.values():
        _add(evidence, group)
    pair_over_seeds(evidence)
    return evidence


def _add(evidence: Evidence, group: Iterable[Measured]) -> None:
    entries = list(group)
    origins = {replace(entry.metric, seed=None).id: entry for entry in reversed(entries)}
    for metric in pool_seeds([entry.metric for entry in entries]):
        origin = origins[metric.id]
        known = evidence.measured.get(metric.id)
        if known is not None and known.metric.value != metric.value:
            raise StageError(
                f"{metric.id} is measured twice: {known.metric.value} by {known.evaluation} and {metric.value} by "
                f"{origin.evaluation}.",
                "Give one of the two a quantity or conditions of its own.",
            )
        seeds = tuple(sorted({entry.metric.seed for entry in entries if entry.metric.seed is not None}))
        evidence.measured.setdefault(metric.id, replace(origin, metric=metric, seeds=seeds or _compared_seeds(metric)))
    if len({entry.metric.seed for entry in entries}) > 1:
        evidence.by_seed += entries
