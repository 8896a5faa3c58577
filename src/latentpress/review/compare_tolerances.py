"""How far apart two measurements of a quantity may be and still be the same result: one table, with reasons.

The promise of a build is equal bits for equal code, settings, data, seed, threads and packages on one processor model;
there the tolerance is nothing at all. The table is for everything else: another machine, other threads or packages,
another seed. Its figures are judgements of what no reader would call another result, not measurements.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

_ROUNDING = 1e-9
"""A share of the tolerance: 0.945 and 0.95 are 0.005 apart, and a little more in binary."""


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How far two values may be apart.

    Attributes:
        absolute: in the quantity's own unit.
        relative: as a share of the larger of the two magnitudes. The larger of both allowances counts.
        reason: why so much.
    """

    absolute: float
    relative: float
    reason: str

    def allowed(self, a: float, b: float) -> float:
        """The largest distance between two finite values that are still the same."""
        return max(self.absolute, self.relative * max(abs(a), abs(b)))

    def words(self) -> str:
        """``±0.005``, ``5 %``, ``±0.0001 or 5 %``, ``exact``."""
        parts = [f"±{self.absolute:g}"] if self.absolute else []
        parts += [f"{100 * self.relative:g} %"] if self.relative else []
        return " or ".join(parts) or "exact"


SAME_BITS = Tolerance(
    0.0, 0.0, "the same code, settings, data, seed, threads and packages on one processor model give the same bits"
)
COUNTED = Tolerance(0.0, 0.0, "it is counted or chosen, not measured")

# The first pattern that matches a whole quantity name rules.
TOLERANCES: tuple[tuple[str, Tolerance], ...] = (
    (
        r"parameters|.*flops.*|(?:predicted_)?images|height|width|pixels|channels|code_size|points|epochs|dimensions|"
        r"classes_present|test_images_in_train|nonfinite_epochs|.*_iteration_limit|.*_converged",
        COUNTED,
    ),
    (r".*_inverse_penalty", Tolerance(0.0, 0.7, "chosen from a grid in steps of about three; ties fall either way")),
    (r"best_epoch|classes_mistaken", Tolerance(1.0, 0.0, "one more or less where two are nearly equal")),
    (r".*_iterations", Tolerance(2.0, 0.25, "where an optimiser stops hangs on the last bits")),
    (r"(?:dead|active)_units", Tolerance(2.0, 0.0, "units near the limit fall on either side")),
    (r".*_p", Tolerance(0.2, 0.0, "a probability moves far with what it tests; outcomes are compared as claims")),
    (r".*_z", Tolerance(1.0, 0.0, "one standard error")),
    (
        r".*accuracy.*_difference",
        Tolerance(0.01, 0.0, "each of the two accuracies may move by 0.005"),
    ),
    (r".*accuracy.*|commonest_class_share", Tolerance(0.005, 0.0, "no reader would call it another result")),
    (r".*(?:brier_score|calibration_error|overconfidence).*", Tolerance(0.005, 0.0, "as the accuracy")),
    (r".*log_loss.*", Tolerance(0.01, 0.05, "5 % of the loss; its differences are near zero")),
    (r".*mse_difference", Tolerance(4e-4, 0.0, "each of the two may move by 5 % of 0.004")),
    (r".*(?:psnr|snr).*_difference", Tolerance(0.5, 0.0, "each of the two may move by 0.25 dB")),
    (r".*(?:psnr|snr).*", Tolerance(0.25, 0.0, "5 % of the MSE is 0.22 dB")),
    (r".*mse.*|.*_loss", Tolerance(1e-5, 0.05, "no reader would call it another result")),
    (r".*ssim.*|trustworthiness|hoyer.*|.*_share.*|frame_ink", Tolerance(0.01, 0.0, "a hundredth of a share")),
    (r"active_share.*", Tolerance(0.01, 0.0, "a hundredth of a share")),
    (r".*information_gap.*", Tolerance(0.05, 0.0, "estimated from a few hundred images")),
    (r"kl_dimension_nats", Tolerance(0.25, 0.05, "dimensions trade places; their sum hardly moves")),
    (
        r"elbo|importance_weighted_bound|.*_entropy_floor|reconstruction_(?:nats|excess)",
        Tolerance(0.5, 0.005, "half a nat, of hundreds an image"),
    ),
    (r"importance_weighted_bound_difference|(?:kl|reconstruction)_difference", Tolerance(1.0, 0.0, "twice half a nat")),
    (r".*_nats|.*_kl", Tolerance(0.25, 0.05, "5 % of a few nats")),
    (
        r"contraction_ratio.*|.*jacobian.*|.*_norm.*|.*_variance.*",
        Tolerance(1e-6, 0.10, "a mean over few images of what ranges over orders of magnitude"),
    ),
    (r".*relative.*", Tolerance(0.01, 0.05, "a ratio of two distances between codes")),
)
OTHER = Tolerance(1e-9, 0.05, "no rule for this quantity: 5 %")


def tolerance_of(quantity: str) -> Tolerance:
    """The tolerance of a quantity; 5 % where the table has no rule."""
    for pattern, tolerance in TOLERANCES:
        if re.fullmatch(pattern, quantity):
            return tolerance
    return OTHER


def within(a: float | None, b: float | None, tolerance: Tolerance) -> bool:
    """Whether two values are the same within a tolerance.

    Missing values are the same as missing ones alone, and an infinity as the infinity of its sign alone.
    """
    if a is None or b is None:
        return a is b
    if a == b:
        return True
    if math.isinf(a) or math.isinf(b):
        return False
    return abs(a - b) <= tolerance.allowed(a, b) * (1 + _ROUNDING)
