"""With several seeds, two models are compared by their trainings from the same seeds, not by the images of one."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from latentpress.metrics import Metric
from latentpress.statistics import FEWEST_TO_RESAMPLE, MOST_TO_FLIP, paired_over_seeds, sign_flip

if TYPE_CHECKING:
    from latentpress.reporting.evidence import Evidence, Measured

DIFFERENCE = "_difference"
SIGN_FLIP = "_sign_flip_p"
"""What the quantity of a difference is followed by in the name of its exact p value."""


def sign_flip_id(difference: Metric) -> str:
    """The id of the exact sign-flip p value of a difference over seeds."""
    return replace(difference, quantity=difference.quantity + SIGN_FLIP, seed=None).id


def pair_over_seeds(evidence: Evidence) -> None:
    """Put differences over seeds in the place of those over the items of the first seed, and test them.

    A comparison reads the first training of each model. Where a section has several trainings, its metrics
    ``sparse_vs_plain/…_difference`` become the mean of the differences between trainings from the same seed, with
    an interval over seeds; from six seeds on, the p value of the exact sign-flip test stands beside them. A control
    that needs no training is the same beside every seed. What one of the seeds lacks, in either model, leaves the
    difference unknown.
    """
    seeds = _by_seed(evidence)
    if not seeds:
        return
    for entry in list(evidence.measured.values()):
        metric = entry.metric
        a, separator, b = metric.model.partition("_vs_")
        if not separator or not metric.quantity.endswith(DIFFERENCE):
            continue
        level = replace(metric, quantity=metric.quantity.removesuffix(DIFFERENCE), unit="")
        pairs = _pairs(evidence, seeds, *(replace(level, model=model).id for model in (a, b)))
        if pairs is not None:
            _replace(evidence, entry, pairs)


def _by_seed(evidence: Evidence) -> dict[str, dict[int, float | None]]:
    """Pooled id to seed to value, of what was measured on trainings; a training may be missing."""
    found: dict[str, dict[int, float | None]] = {}
    for entry in evidence.by_seed:
        if entry.metric.seed is not None:
            found.setdefault(replace(entry.metric, seed=None).id, {})[entry.metric.seed] = entry.metric.value
    return found


Pairs = dict[int, tuple[float | None, float | None]]


def _pairs(evidence: Evidence, seeds: dict[str, dict[int, float | None]], a: str, b: str) -> Pairs | None:
    """Every seed of the section to the values of both sides; None where neither is trained, or one is not measured."""
    if a not in evidence.measured or b not in evidence.measured or not (a in seeds or b in seeds):
        return None
    everywhere = sorted({seed for values in seeds.values() for seed in values})
    sides = [_values(evidence.measured[side], seeds.get(side), everywhere) for side in (a, b)]
    return {seed: (sides[0][seed], sides[1][seed]) for seed in everywhere}


def _values(entry: Measured, by_seed: dict[int, float | None] | None, everywhere: list[int]) -> dict[int, float | None]:
    """A side's value at every seed: None where its training failed, the same where it needs no training."""
    if by_seed is None and len(entry.seeds) == 1:  # all its other trainings failed
        by_seed = {entry.seeds[0]: entry.metric.value}
    if by_seed is None:
        return dict.fromkeys(everywhere, entry.metric.value)
    return {seed: by_seed.get(seed) for seed in everywhere}


def _replace(evidence: Evidence, entry: Measured, pairs: Pairs) -> None:
    known = [(a, b) for a, b in pairs.values() if a is not None and b is not None]
    if len(known) < max(2, len(pairs)) or not all(math.isfinite(value) for pair in known for value in pair):
        unknown = replace(entry.metric, value=None, low=None, high=None)
        evidence.measured[entry.metric.id] = replace(entry, metric=unknown, seeds=tuple(pairs))
        return
    mean = paired_over_seeds([a for a, _ in known], [b for _, b in known])
    metric = replace(entry.metric, value=mean.value, low=mean.low, high=mean.high)
    evidence.measured[metric.id] = replace(entry, metric=metric, seeds=tuple(pairs))
    if FEWEST_TO_RESAMPLE <= len(known) <= MOST_TO_FLIP:
        p = replace(metric, quantity=metric.quantity + SIGN_FLIP, low=None, high=None, unit="")
        p = replace(p, value=sign_flip([a - b for a, b in known]))
        evidence.measured[p.id] = replace(entry, metric=p, seeds=tuple(pairs))
