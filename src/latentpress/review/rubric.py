"""``rubric.toml``: what a submission gets points for, read into typed, validated settings."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, model_validator

from latentpress.datasets.settings import DATA_SETS
from latentpress.errors import SettingsError
from latentpress.health import RULES
from latentpress.models.settings import Settings
from latentpress.project import PROFILES
from latentpress.reporting.claim_base import (
    BETTER,
    DESCRIPTIVE,
    FAILS,
    HIGHER,
    HOLDS,
    LOWER,
    NO_DIFFERENCE,
    NOT_TESTABLE,
    WORSE,
)  # fmt: skip
from latentpress.settings_files import line_of, read_toml, suggestion, validate

OUTCOMES = (BETTER, WORSE, HIGHER, LOWER, HOLDS, FAILS, NO_DIFFERENCE, DESCRIPTIVE, NOT_TESTABLE)
EXAMPLE = Path(__file__).with_name("example_rubric.toml")
Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Points = Annotated[float, Field(gt=0, le=10_000, allow_inf_nan=False)]
Number = Annotated[float, Field(allow_inf_nan=False)]
ROUNDING = 1e-6


class Criterion(Settings):
    """What every criterion has."""

    title: Name
    points: Points


class Sections(Criterion):
    """Sections that the report has: each gives its share of the points, and none where a part of it failed."""

    kind: Literal["sections"]
    sections: Annotated[list[Name], Field(min_length=1)]


class MetricRange(Criterion):
    """A measured value: all points from ``min`` to ``max``, or a share that grows from ``zero_at`` to ``full_at``."""

    kind: Literal["metric"]
    id: str = ""
    """As in report.json; or the fields that a single metric has:"""
    quantity: str = ""
    model: str = ""
    data: str = ""
    split: str = ""
    min: Number | None = None
    max: Number | None = None
    zero_at: Number | None = None
    full_at: Number | None = None

    @model_validator(mode="after")
    def _is_complete(self) -> MetricRange:
        if bool(self.id) == bool(self.quantity):
            raise ValueError("found both or neither of id and quantity, expected one of the two")
        if self.id and (self.model or self.data or self.split):
            raise ValueError("found model, data or split beside id, which names a metric alone")
        graded = (self.zero_at, self.full_at)
        if graded == (None, None) and (self.min, self.max) == (None, None):
            raise ValueError("found no range, expected min, max, or zero_at and full_at")
        if graded != (None, None):
            if None in graded or (self.min, self.max) != (None, None):
                raise ValueError("expected zero_at and full_at together, without min and max")
            if self.zero_at == self.full_at:
                raise ValueError("found equal zero_at and full_at, expected two values; one limit is min or max")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"found min {self.min:g} above max {self.max:g}")
        return self


class ClaimHolds(Criterion):
    """A computed sentence with one of these outcomes."""

    kind: Literal["claim"]
    claim: Name
    fields: dict[str, str | int | float | bool] = {}
    section: str = ""
    outcomes: Annotated[list[str], Field(min_length=1)] = [HOLDS]


class HealthPassed(Criterion):
    """Health checks: the points by the share that passed of those that were assessed."""

    kind: Literal["health"]
    checks: list[str] = []
    """Names; all when none is named."""
    models: list[str] = []
    all_or_nothing: Annotated[bool, Field(strict=True)] = False


class Verified(Criterion):
    """The report is what a build has made: nothing in it was altered since."""

    kind: Literal["verified"]


class Setup(Criterion):
    """What the report was built with."""

    kind: Literal["setup"]
    profiles: Annotated[list[str], Field(min_length=1)] = ["default", "thorough", "published"]
    data: Literal["real", "embedded", "any"] = "real"
    seeds: Annotated[int, Field(ge=1, le=1000, strict=True)] = 1
    """Trainings of each experiment, at least."""


class Reproduced(Criterion):
    """Parts that are equal to those of a reference report, without running anything: each gives its share."""

    kind: Literal["reproduced"]
    reference: Name
    """A report, named relative to the rubric."""
    parts: Annotated[list[Literal["data", "code", "settings", "results"]], Field(min_length=1)] = ["data", "code"]
    stages: Name = "train/*"
    """Pattern of the stages whose code, settings and results are compared."""


class Copies(Settings):
    """What is told of submissions that have too much in common."""

    reference: str = ""
    """The report that was handed out, relative to the rubric; what equals it is nobody's copy."""


KINDS: Mapping[str, type[Criterion]] = {
    "sections": Sections,
    "metric": MetricRange,
    "claim": ClaimHolds,
    "health": HealthPassed,
    "verified": Verified,
    "setup": Setup,
    "reproduced": Reproduced,
}


class RubricFile(Settings):
    """The file before its criteria are read, each by the class of its kind."""

    title: Name
    points: Points
    unverified: Literal["flag", "cap", "zero"] = "flag"
    cap: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    step: Annotated[float, Field(gt=0, le=100, allow_inf_nan=False)] | None = None
    copies: Copies = Copies()
    criteria: Annotated[list[dict[str, Any]], Field(min_length=1, max_length=100)]

    @model_validator(mode="after")
    def _cap_goes_with_its_rule(self) -> RubricFile:
        if (self.unverified == "cap") != (self.cap is not None):
            raise ValueError('expected cap = … with unverified = "cap", and only there')
        return self


class Rubric(Settings):
    """All that submissions are scored by.

    ``step`` rounds the sum to a multiple, ``0.5``. ``unverified`` says what an altered report gets: its points with
    a flag, at most ``cap``, or nothing.
    """

    title: str
    points: float
    unverified: Literal["flag", "cap", "zero"]
    cap: float | None
    step: float | None
    copies: Copies
    criteria: tuple[Sections | MetricRange | ClaimHolds | HealthPassed | Verified | Setup | Reproduced, ...]

    @property
    def references(self) -> list[str]:
        """The reports that it refers to, as they are named."""
        named = [criterion.reference for criterion in self.criteria if isinstance(criterion, Reproduced)]
        return list(dict.fromkeys(filter(None, [*named, self.copies.reference])))


def read_rubric(path: Path) -> Rubric:
    """Read and check a rubric.

    Raises:
        SettingsError: naming file, line, key, what was found, what was expected and a way out.
    """
    found = validate(RubricFile, read_toml(path), path)
    criteria = [_criterion(values, path, str(index)) for index, values in enumerate(found.criteria)]
    total = math.fsum(criterion.points for criterion in criteria)
    if abs(total - found.points) > ROUNDING:
        raise SettingsError(
            f"{path}{line_of(path, ['points'])}: points: found {found.points:g}, expected the sum of the criteria's, "
            f"{total:g}",
            f"Write points = {total:g}, or correct a criterion.",
        )
    titles = [criterion.title for criterion in criteria]
    twice = next((title for title in titles if titles.count(title) > 1), None)
    if twice is not None:
        raise SettingsError(f'{path}: two criteria have the title "{twice}"', "Give each a title of its own.")
    return Rubric(**{**dict(found), "criteria": tuple(criteria)})


def _criterion(values: Mapping[str, Any], path: Path, index: str) -> Criterion:
    keys = ["criteria", index]
    kind = values.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        told = "missing" if kind is None else f"found {kind!r}"
        raise SettingsError(
            f"{path}{line_of(path, [*keys, 'kind'])}: criteria.{index}.kind: {told}, "
            f"expected one of {', '.join(KINDS)}",
            suggestion(str(kind), KINDS),
        )
    criterion = validate(KINDS[kind], values, path, keys)
    known: Mapping[str, tuple[str, ...]] = {
        "outcomes": OUTCOMES,
        "checks": tuple(dict.fromkeys(rule.name for rule in RULES)),
        "profiles": PROFILES,
    }
    for key, choices in known.items():
        for name in getattr(criterion, key, ()):
            if name not in choices:
                raise SettingsError(
                    f'{path}{line_of(path, [*keys, key])}: criteria.{index}.{key}: found "{name}", '
                    f"expected some of {', '.join(choices)}",
                    suggestion(name, choices),
                )
    data = getattr(criterion, "data", "")
    if isinstance(criterion, MetricRange) and data and data not in DATA_SETS:
        raise SettingsError(
            f'{path}{line_of(path, [*keys, "data"])}: criteria.{index}.data: unknown data set "{data}"',
            suggestion(data, DATA_SETS),
        )
    return criterion
