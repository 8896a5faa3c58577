"""How a measured number is printed: digits by quantity, never more than its interval supports."""

from __future__ import annotations

import math
import re
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from latentpress.metrics import Metric
from latentpress.reporting.latex import Tex, escape
from latentpress.reporting.tracing import INTERVAL, traced

MOST_DIGITS = 6
"""Of one number in a column, where the others set its decimals."""
MISSING = Tex(r"\missingvalue{}")
INFINITY = Tex(r"$\infty$")


@dataclass(frozen=True, slots=True)
class Format:
    """How the numbers of a quantity are printed.

    Attributes:
        decimals: digits after the point; None where `significant` rules.
        significant: digits in all, for quantities that range over orders of magnitude.
        percent: printed as a percentage.
        whole: a count; printed with thousands separated, with one decimal when it is a mean.
    """

    decimals: int | None = None
    significant: int = 4
    percent: bool = False
    whole: bool = False


# The first pattern that matches a whole quantity name rules.
FORMATS: tuple[tuple[str, Format], ...] = (
    (r".*_p", Format(significant=2)),
    (r".*flops.*", Format(significant=3)),
    (
        r"(?:predicted_)?images|height|width|pixels|parameters|points|epochs|best_epoch|kept_epoch|.*_iterations|.*_iteration_limit|"
        r"(?:dead|active)_units|.*_converged|dimensions|code_size",
        Format(decimals=0, whole=True),
    ),
    (r".*accuracy.*|test_error", Format(decimals=4, percent=True)),
    (r".*psnr.*|.*snr.*", Format(decimals=2)),
    (r"denoised_mse.*", Format(decimals=5)),
    (r".*mse.*|.*_loss|output_variance|.*calibration_error.*|.*brier_score|.*overconfidence", Format(decimals=4)),
    (r".*ssim.*|trustworthiness|.*_share|frame_ink|hoyer.*|.*kl|.*_ratio|.*relative.*", Format(decimals=3)),
    (r".*difference", Format(significant=2)),
    (r".*_nats|elbo|importance_weighted_bound|.*_excess|.*_entropy_floor", Format(decimals=2)),
    (r".*information_gap.*|(?:decoder|pixel)_deviation", Format(decimals=3)),
    (r".*_z", Format(decimals=2)),
)
OTHER = Format(significant=4)


def format_of(quantity: str) -> Format:
    """The format of a quantity; four significant digits where none is listed."""
    for pattern, chosen in FORMATS:
        if re.fullmatch(pattern, quantity):
            return chosen
    return OTHER


def decimals_for(metric: Metric, *, digits: int | None = None, percent: bool = False) -> int:
    """Digits after the point for one metric by itself; see `agreed_decimals`. ``digits`` overrules that."""
    return digits if digits is not None else agreed_decimals([metric], percent=percent)


def agreed_decimals(metrics: Sequence[Metric], *, percent: bool = False) -> int:
    """Digits after the point that all of some metrics are given, one at least.

    The listed decimals, raised until two significant digits of the median value show; lowered to what the widest
    interval supports, two significant digits of its half-width; but never so far that the ends of the median
    interval cannot be told apart, one digit of its half-width. (The median, so that a control whose values are a
    hundredth of the others' does not set their digits.)
    """
    listed: list[int] = []
    supported: list[int] = []
    needed: list[int] = []
    for metric in metrics:
        scale = scale_of(metric.quantity, percent=percent)
        listed.append(_listed_decimals(metric, scale))
        half = _half_width(metric) * scale
        if half > SMALLEST:
            supported.append(_decimals_of_significant(half, 2))
            needed.append(_decimals_of_significant(half, 1))
    wanted, least = (statistics.median_high(digits or [0]) for digits in (listed, needed))
    return max(min([wanted, *supported]), least)


def supported_decimals(metric: Metric, *, percent: bool = False) -> int | None:
    """The most digits after the point that an interval supports: two significant ones of its half-width.

    Returns:
        None where there is no interval, or one so narrow that it is printed with a power of ten.
    """
    half = _half_width(metric) * scale_of(metric.quantity, percent=percent)
    return _decimals_of_significant(half, 2) if half > SMALLEST else None


def _half_width(metric: Metric) -> float:
    if metric.low is None or metric.high is None:
        return 0.0
    return (_finite(metric.high) - _finite(metric.low)) / 2


def _listed_decimals(metric: Metric, scale: float) -> int:
    chosen, value = format_of(metric.quantity), _finite(metric.value) * scale
    if chosen.whole:
        return 0 if float(_finite(metric.value)).is_integer() else 1
    if chosen.decimals is None:
        return _decimals_of_significant(value, chosen.significant)
    decimals = max(chosen.decimals - (2 if scale > 1 else 0), 0)
    return max(decimals, _decimals_of_significant(value, 2)) if abs(value) >= SMALLEST else decimals


def scale_of(quantity: str, *, percent: bool = False) -> float:
    """What a value is multiplied with before it is printed: 100 for percentages."""
    return 100.0 if percent or format_of(quantity).percent else 1.0


SMALLEST = 1e-6
"""What is smaller is printed with a power of ten."""


def _finite(value: float | None) -> float:
    return value if value is not None and math.isfinite(value) else 0.0


def _decimals_of_significant(value: float, significant: int) -> int:
    if not value:
        return 0
    # Rounding may carry to the next power of ten (0.0996 → 0.10), so look at the rounded number.
    exponent = int(f"{abs(value):.{max(significant - 1, 0)}e}".split("e")[1])
    return max(significant - 1 - exponent, 0)


def format_value(value: float | None, decimals: int) -> Tex:
    """One number: ``0.9852``, ``12,345``, ``$-0.5$``, ``$1.2\\times10^{14}$``, an infinity, or a marker."""
    if value is None:
        return MISSING
    if math.isinf(value):
        return INFINITY if value > 0 else Tex(r"$-\infty$")
    if abs(value) >= 1e9 or decimals > 6 or 0 < abs(value) < 1e-6:
        return scientific(value, 2)
    # As people round: 0.8975 is the decimal number, not the binary one next to it, and its half goes up.
    rounded = Decimal(repr(float(value))).quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)
    text = f"{rounded:,f}"
    if text.startswith("-"):
        return Tex(text[1:]) if not float(text.replace(",", "")) else Tex(f"$-{text[1:].replace(',', '{,}')}$")
    return Tex(text)


def scientific(value: float, significant: int) -> Tex:
    """A number as ``$1.2\\times10^{-7}$``."""
    if not value:
        return Tex("0")
    mantissa, exponent = f"{value:.{significant - 1}e}".split("e")
    if float(mantissa) == 1 and set(mantissa) <= set("1.0"):
        return Tex(f"$10^{{{int(exponent)}}}$")
    return Tex(f"${mantissa}\\times10^{{{int(exponent)}}}$")


def format_metric(
    metric: Metric,
    *,
    digits: int | None = None,
    interval: bool = False,
    unit: bool = False,
    percent: bool = False,
    decimals: int | None = None,
    origin: str = "",
    negated: bool = False,
) -> Tex:
    """A metric's value as it is printed.

    Args:
        metric: what to print.
        digits: digits after the point, in place of the quantity's own.
        interval: add the 95 % interval in brackets, where there is one.
        unit: add the unit.
        percent: print a share as a percentage.
        decimals: digits agreed upon for a whole column (`column_decimals`).
        origin: the artifact that holds it, where what is printed is to be traced to it.
        negated: that artifact has the negated value.
    """
    places = decimals if decimals is not None else decimals_for(metric, digits=digits, percent=percent)
    key = f"{'-' if negated else ''}{metric.id}"

    def told(text: Tex, part: str = "") -> Tex:
        return traced(text, f"{key}{part}", origin) if origin else text

    if metric.value is None:
        return MISSING
    if metric.quantity.endswith("_p") and digits is None:
        return told(p_value(metric.value))
    scale = scale_of(metric.quantity, percent=percent)
    value = metric.value * scale
    if abs(value) < SMALLEST and supported_decimals(metric, percent=percent) is not None:
        value = 0.0  # what rounding left of a difference of 0, in an interval that is far wider
    apart = metric.quantity.endswith("_difference")
    text = format_value(value, places)
    parts = [told(Tex(rf"{text}\,\%") if scale > 1 and not apart else text)]
    if scale > 1 and apart:
        parts.append(Tex(" percentage points" if unit else ""))
    elif scale == 1 and unit and metric.unit:
        parts.append(Tex(r"\,") + escape(metric.unit))  # type: ignore[arg-type]  # Tex + Tex is Tex
    if interval and metric.low is not None and metric.high is not None and math.isfinite(metric.value):
        parts.append(Tex(f" {told(format_interval(metric, decimals=places, percent=percent), INTERVAL)}"))
    return Tex("".join(parts))


def format_interval(metric: Metric, *, decimals: int | None = None, percent: bool = False) -> Tex:
    """The 95 % interval alone, ``[0.1, 0.2]``; a marker where there is none."""
    if metric.low is None or metric.high is None:
        return MISSING
    places = decimals_for(metric, percent=percent) if decimals is None else decimals
    scale = scale_of(metric.quantity, percent=percent)
    low, high = (format_value(bound * scale, places) for bound in (metric.low, metric.high))
    return Tex(rf"\interval{{{low}}}{{{high}}}")


def p_phrase(value: float) -> Tex:
    """``$p < 0.001$`` or ``$p = 0.04$``."""
    return Tex("$p < 0.001$" if value < 0.001 else f"$p = {p_value(value)}$")


def p_value(value: float) -> Tex:
    """A p value; below 0.001 only that it is."""
    if value < 0.001:
        return Tex("$< 0.001$")
    return Tex(f"{min(value, 1.0):.{3 if value < 0.1 else 2}f}")


def column_decimals(metrics: Iterable[Metric], *, digits: int | None = None, percent: bool = False) -> int | None:
    """Digits after the point that all finite numbers of a table's column are given.

    Returns:
        None where each number keeps its own: for p values, for numbers of such different sizes that the
        digits of the smallest would give the largest more than `MOST_DIGITS`, and where the interval of one does
        not support the digits of another.
    """
    finite = [m for m in metrics if m.value is not None and math.isfinite(m.value)]
    if any(metric.quantity.endswith("_p") for metric in finite):
        return None
    most = max((decimals_for(m, digits=digits, percent=percent) for m in finite), default=digits or 0)
    supported = [supported_decimals(metric, percent=percent) for metric in finite]
    if digits is None and any(known is not None and known < most for known in supported):
        return None
    largest = max((abs(metric.value or 0.0) for metric in finite), default=0.0)
    whole = len(str(int(largest * max((scale_of(m.quantity, percent=percent) for m in finite), default=1.0))))
    return None if digits is None and most and whole + most > MOST_DIGITS else most


SETTING_WORDS = {
    "adam": "Adam",
    "adamw": "AdamW",
    "muon_decoder": "Muon, AdamW",
    "mixed_bfloat16": "mixed bfloat16",
    "one_cycle": "one cycle",
    "mse": "MSE",
    "bernoulli": "Bernoulli",
    "gaussian": "Gaussian",
    "kl_sparsity": "KL to target",
    "kl_divergence": "KL to prior",
}
"""What the names of choices stand for, where a report prints them."""


def format_setting(value: object, *, digits: int | None = None) -> Tex:
    """A settings value: numbers as short as they are exact, yes or no, lists joined, text escaped."""
    if isinstance(value, bool):
        return Tex("yes" if value else "no")
    if isinstance(value, int):
        return format_value(value, 0)
    if isinstance(value, float):
        if digits is not None:
            return format_value(value, digits)
        if value and not 1e-3 < abs(value) < 1e6:
            mantissa = f"{value:e}".split("e")[0].rstrip("0").rstrip(".")
            return scientific(value, max(len(mantissa.lstrip("-").replace(".", "")), 1))
        text = repr(value).removesuffix(".0")
        return Tex(f"$-{text[1:]}$" if text.startswith("-") else text)
    if isinstance(value, list | tuple):
        return Tex(", ".join(format_setting(entry, digits=digits) for entry in value)) if value else Tex("none")
    if isinstance(value, dict):
        pairs = (f"{escape(key)} = {format_setting(entry)}" for key, entry in sorted(value.items()))
        return Tex(", ".join(pairs)) if value else Tex("none")
    if value is None or value == "":
        return Tex("none")
    return escape(SETTING_WORDS.get(str(value), value))
