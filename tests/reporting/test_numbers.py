"""Numbers have as many digits as they deserve."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from latentpress.metrics import Metric
from latentpress.reporting.latex import to_text
from latentpress.reporting.numbers import (
    agreed_decimals,
    column_decimals,
    decimals_for,
    format_metric,
    format_setting,
    format_value,
    p_phrase,
    p_value,
    scale_of,
    supported_decimals,
)


@pytest.mark.parametrize(
    ("metric", "options", "text"),
    [
        (Metric("probe_accuracy", 0.98523), {}, "98.52 %"),
        (Metric("active_share", 0.98523), {"percent": True}, "98.5 %"),
        (Metric("probe_accuracy", 0.98523, low=0.98261, high=0.98743), {"interval": True}, "98.52 % [98.26, 98.74]"),
        (Metric("test_mse", 0.0036, low=0.003552, high=0.003641), {"interval": True}, "0.00360 [0.00355, 0.00364]"),
        (Metric("trustworthiness", 0.9355), {"digits": 3}, "0.936"),
        (Metric("trustworthiness", 0.8975), {"digits": 3}, "0.898"),
        (Metric("test_mse", 0.00421), {}, "0.0042"),
        (Metric("test_mse", 0.000421), {}, "0.00042"),
        (Metric("test_psnr", 26.3776, unit="dB"), {"unit": True}, "26.38 dB"),
        (Metric("test_psnr", math.inf, unit="dB"), {}, "∞"),
        (Metric("interpolation_latent_l2_mean", 38.29653), {}, "38.30"),
        (Metric("parameters", 1331339), {}, "1,331,339"),
        (Metric("training_flops", 1.234e14), {}, "1.2×10^14"),
        (Metric("best_epoch", 1.5), {}, "1.5"),
        (
            Metric("probe_accuracy_difference", -0.00132, low=-0.0035, high=0.0001),
            {"interval": True},
            "−0.13 [−0.35, 0.01]",
        ),
        (Metric("svm_accuracy_difference", -5.6e-17, low=-0.03, high=0.03), {"interval": True}, "0.0 [−3.0, 3.0]"),
        (Metric("mcnemar_p", 0.0004), {}, "< 0.001"),
        (Metric("x", 3.14159265), {"digits": 3}, "3.142"),
        (Metric("x", None), {}, "[missing]"),
        (Metric("jacobian_estimate_z", -0.0001), {"digits": 2}, "0.00"),
    ],
)
def test_formats(metric: Metric, options: dict[str, object], text: str) -> None:
    shown = format_metric(metric, **options).replace(r"\missingvalue{}", "[missing]")  # type: ignore[arg-type]
    assert to_text(shown) == text


def test_an_interval_limits_the_digits() -> None:
    """Two digits of its half-width are all that it supports."""
    wide = Metric("test_ssim", 0.86812, low=0.70, high=0.99)
    assert format_metric(wide) == "0.87"


@given(st.floats(-1e8, 1e8, allow_subnormal=False), st.integers(0, 6))
def test_a_printed_value_reads_back_to_its_precision(value: float, decimals: int) -> None:
    text = to_text(format_value(value, decimals)).replace(",", "").replace("−", "-")
    match = re.fullmatch(r"(-?[\d.]+)(?:×10\^(-?\d+))?", text)
    if match is None:
        mantissa, exponent = "1", re.fullmatch(r"10\^(-?\d+)", text)[1]  # type: ignore[index]
    else:
        mantissa, exponent = match[1], match[2] or "0"
    tolerance = 10.0**-decimals if exponent == "0" else 0.06 * abs(value)
    assert float(mantissa) * 10.0 ** int(exponent) == pytest.approx(value, abs=tolerance)


def test_a_column_has_one_number_of_decimals() -> None:
    column = [Metric("test_mse", 0.0034), Metric("test_mse", 0.00042), Metric("test_mse", math.inf)]
    assert column_decimals(column) == 5
    assert column_decimals([]) == 0


def test_metrics_that_agree_on_their_digits_show_what_all_intervals_bear_and_tell_all_ends_apart() -> None:
    narrow = Metric("test_mse", 0.0036, low=0.00355, high=0.00364)
    wide = Metric("test_mse", 0.0966, low=0.0960, high=0.0972)
    assert agreed_decimals([narrow, wide]) == 5
    psnr = [Metric("test_psnr", 24.0, low=24 - half, high=24 + half) for half in (0.9, 1.3)]
    assert agreed_decimals(psnr) == 1


def test_a_column_of_different_sizes_leaves_each_number_its_digits() -> None:
    """0.06326 beside 275.93546 would claim too much."""
    assert column_decimals([Metric("code_variance", 275.93546), Metric("code_variance", 0.06326)]) is None


def test_p_values() -> None:
    assert p_value(0.0432) == "0.043"
    assert p_value(0.5) == "0.50"
    assert p_phrase(1e-9) == "$p < 0.001$"
    assert p_phrase(0.0432) == "$p = 0.043$"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1e-3, "$10^{-3}$"),
        (3e-4, r"$3\times10^{-4}$"),
        (0.002, "0.002"),
        (0.05, "0.05"),
        (1.0, "1"),
        (-2.0, "$-2$"),
        (64, "64"),
        (55000, "55,000"),
        (True, "yes"),
        (None, "none"),
        ("mixed_bfloat16", "mixed bfloat16"),
        ("kl_sparsity", "KL to target"),
        ("R&D_50", r"R\&D\_50"),
        ([0.0, 0.5], "0, 0.5"),
        ([], "none"),
        ({"a": 1}, "a = 1"),
    ],
)
def test_settings_values(value: object, text: str) -> None:
    assert format_setting(value) == text


QUANTITIES = (
    "test_mse", "test_psnr", "probe_accuracy", "probe_accuracy_difference", "test_mse_difference", "contraction_ratio",
    "code_variance", "jacobian_squared_norm", "kl_nats", "hoyer_samples", "images", "sample_diversity",
)  # fmt: skip


@st.composite
def estimates(draw: st.DrawFn) -> Metric:
    """A value of any size in an interval of any width, uneven about it."""
    value = draw(st.floats(1e-3, 1e4)) * draw(st.sampled_from([-1, 1]))
    below, above = (draw(st.floats(1e-5, 3.0)) * abs(value) for _ in range(2))
    quantity = draw(st.sampled_from(QUANTITIES))
    return Metric(quantity, value, data="x", model=quantity, low=value - below, high=value + above)


def printed_decimals(text: str) -> int:
    match = re.match(r"−?[\d,]+(?:\.(\d+))?", to_text(text))  # type: ignore[arg-type]
    assert match is not None, text
    return len(match[1] or "")


def two_digits_of_half_width(metric: Metric) -> int:
    """Written apart from the code: the last digit is worth at least a hundredth of the half-width."""
    assert metric.low is not None and metric.high is not None
    half = (metric.high - metric.low) / 2 * scale_of(metric.quantity)
    decimals = 0
    while 10.0 ** -(decimals + 1) > half / 100 * 1.001 and decimals < 12:
        decimals += 1
    return decimals


@given(estimates())
def test_no_number_has_more_digits_than_its_interval_supports(metric: Metric) -> None:
    text = format_metric(metric, interval=True)
    if "times" not in text:  # a power of ten has two digits in any case
        assert printed_decimals(text) <= two_digits_of_half_width(metric)
        supported = supported_decimals(metric)
        assert supported is None or decimals_for(metric) <= supported


@given(st.lists(estimates(), min_size=1, max_size=6))
def test_no_column_gives_one_number_the_digits_that_only_another_supports(metrics: list[Metric]) -> None:
    decimals = column_decimals(metrics)
    for metric in metrics:
        text = format_metric(metric, decimals=decimals)
        if "times" not in text and not metric.quantity.endswith("_p"):
            assert printed_decimals(text) <= two_digits_of_half_width(metric)


@given(st.lists(estimates(), min_size=1, max_size=6), st.sampled_from(QUANTITIES))
def test_models_that_share_their_digits_have_no_more_than_half_of_their_intervals_support(
    metrics: list[Metric], quantity: str
) -> None:
    same = [Metric(quantity, m.value, low=m.low, high=m.high) for m in metrics]
    bearing = sum(agreed_decimals(same) <= two_digits_of_half_width(metric) for metric in same)
    assert bearing >= len(same) / 2


@pytest.mark.parametrize(
    ("quantity", "value", "printed"),
    [
        ("denoised_snr", 7.8558, "7.86"),
        ("denoised_snr_gain", 8.5763, "8.58"),
        ("denoised_psnr", 21.9792, "21.98"),
        ("denoised_mse", 0.003714, "0.00371"),
        ("denoised_ssim", 0.69031, "0.690"),
    ],
)
def test_measures_of_denoising_have_digits_that_tell_them_apart(quantity: str, value: float, printed: str) -> None:
    assert format_metric(Metric(quantity, value)) == printed
