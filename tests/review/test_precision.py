"""A printed number stands for the values that round to it, and for no other."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from latentpress.metrics import Metric
from latentpress.reporting.latex import to_text
from latentpress.reporting.numbers import format_metric, format_setting
from latentpress.review.precision import agrees


@pytest.mark.parametrize(
    ("text", "value", "quantity"),
    [
        ("98.52 %", 0.98523, "probe_accuracy"),
        ("98.52", 0.98523, "probe_accuracy"),
        ("−0.50", -0.496, "x"),
        ("1,331,339", 1331339, "parameters"),
        ("∞", math.inf, "test_psnr"),
        ("< 0.001", 0.0002, "mcnemar_p"),
        ("0.03", 0.0312, "mcnemar_p"),
        ("1.2×10^-7", 1.24e-7, "x"),
        ("10^-3", 1e-3, ""),
        ("[98.26, 98.78]", (0.9826, 0.9878), "probe_accuracy"),
        ("[−1,234.5, −0.5]", (-1234.5, -0.5), "x"),
        ("0.125", [0.5, 0.1249], "x"),
    ],
)
def test_a_number_of_the_value(text: str, value: Any, quantity: str) -> None:
    assert agrees(text, value, quantity)


@pytest.mark.parametrize(
    ("text", "value", "quantity"),
    [
        ("98.53 %", 0.98523, "probe_accuracy"),
        ("0.50", -0.5, "x"),
        ("∞", 3.0, "x"),
        ("−∞", math.inf, "x"),
        ("3.0", math.inf, "x"),
        ("< 0.001", 0.002, "mcnemar_p"),
        ("1.2×10^-6", 1.2e-7, "x"),
        ("[98.26, 98.79]", (0.9826, 0.9878), "probe_accuracy"),
        ("98.26", (0.9826, 0.9878), "probe_accuracy"),
        ("some", 1.0, "x"),
        ("0.5", None, "x"),
        ("50", 0.5, "x"),
    ],
)
def test_a_number_of_another_value(text: str, value: Any, quantity: str) -> None:
    assert not agrees(text, value, quantity)


QUANTITIES = ("probe_accuracy", "test_mse", "test_psnr", "kl_nats", "parameters", "jacobian_norm", "mcnemar_p", "ssim")
VALUES = st.floats(min_value=-1e8, max_value=1e8, allow_nan=False).filter(lambda value: not 0 < abs(value) < 1e-12)


@given(st.sampled_from(QUANTITIES), VALUES, st.floats(min_value=0, max_value=10))
def test_whatever_is_printed_agrees_with_what_it_was_printed_of(quantity: str, value: float, half: float) -> None:
    value = abs(value) % 1 if quantity.endswith("_p") else value
    metric = Metric(quantity, value, low=value - half, high=value + half)
    text = to_text(format_metric(metric))
    assert agrees(text, metric.value, quantity) or abs(value) < 1e-6, text


@given(st.one_of(st.integers(-(10**9), 10**9), VALUES))
def test_whatever_setting_is_printed_agrees_with_the_setting(value: float) -> None:
    assert agrees(to_text(format_setting(value)), float(value), "")
