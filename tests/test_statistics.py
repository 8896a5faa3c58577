"""Intervals and tests against independent computations."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from latentpress.metrics import Metric
from latentpress.statistics import (
    Interval,
    bootstrap_mean,
    mcnemar,
    paired_bootstrap,
    paired_over_seeds,
    pairwise_mean,
    pairwise_ratio,
    pool_seeds,
    sign_flip,
    student_mean,
    two_sample_bootstrap,
    wilson,
)

numbers = st.floats(-1e3, 1e3)


@pytest.mark.parametrize("count", [8, 20])
def test_the_bootstrap_interval_covers_the_mean_about_as_often_as_it_says(count: int) -> None:
    generator = np.random.default_rng(5)
    hits = 0
    for _ in range(400):
        interval = bootstrap_mean(generator.normal(3.0, 2.0, count), draws=500)
        assert interval.low is not None
        assert interval.high is not None
        hits += interval.low <= 3.0 <= interval.high
    assert 0.91 <= hits / 400 <= 0.98


def test_the_bootstrap_interval_of_many_values_is_that_of_the_central_limit() -> None:
    values = np.random.default_rng(1).exponential(size=10_000)
    interval = bootstrap_mean(values)
    half = 1.96 * values.std() / 100
    assert interval.low == pytest.approx(values.mean() - half, abs=0.1 * half)
    assert interval.high == pytest.approx(values.mean() + half, abs=0.1 * half)


@given(st.lists(numbers, min_size=2, max_size=30))
def test_the_bootstrap_interval_holds_the_mean_and_lies_within_the_values(values: list[float]) -> None:
    interval = bootstrap_mean(values, draws=200)
    slack = 1e-9 * max(1.0, max(map(abs, values)))
    assert interval.low is not None
    assert interval.high is not None
    assert min(values) - slack <= interval.low <= interval.high <= max(values) + slack


def test_the_bootstrap_is_the_same_every_time() -> None:
    values = np.arange(12.0)
    assert bootstrap_mean(values) == bootstrap_mean(values)
    assert bootstrap_mean(values) != bootstrap_mean(values, seed=1)


def test_a_mean_of_one_value_or_with_an_infinite_one_has_no_interval() -> None:
    assert bootstrap_mean([2.0]).low is None
    infinite = bootstrap_mean([2.0, math.inf])
    assert (infinite.value, infinite.low, infinite.high) == (math.inf, None, None)


@pytest.mark.parametrize("values", [[], [1.0, math.nan]])
def test_a_mean_of_nothing_or_of_a_nan_is_refused(values: list[float]) -> None:
    with pytest.raises(ValueError, match="a mean needs numbers"):
        bootstrap_mean(values)


def test_pairing_takes_out_what_the_pairs_share() -> None:
    shared = np.random.default_rng(0).normal(0, 100, 50)
    interval = paired_bootstrap(shared + 1.0, shared)
    assert interval.value == pytest.approx(1.0)
    assert interval.low == pytest.approx(1.0)


def test_two_samples_need_not_be_of_one_size_and_give_the_interval_of_the_central_limit() -> None:
    generator = np.random.default_rng(2)
    a, b = generator.normal(1.0, 2.0, 400), generator.normal(0.5, 1.0, 150)
    interval = two_sample_bootstrap(a, b)
    half = 1.96 * math.sqrt(a.var() / 400 + b.var() / 150)
    assert interval.value == pytest.approx(a.mean() - b.mean())
    assert interval.low == pytest.approx(interval.value - half, abs=0.1 * half)
    assert interval.high == pytest.approx(interval.value + half, abs=0.1 * half)


def distances(points: np.ndarray) -> np.ndarray:
    return np.abs(points[:, None] - points[None])


def test_the_jackknife_leaves_out_each_item_once() -> None:
    points = np.random.default_rng(3).normal(size=9)
    without = [np.delete(points, left) for left in range(9)]
    means = np.array([distances(rest).sum() / (8 * 7) for rest in without])
    error = math.sqrt(8 / 9 * np.sum((means - means.mean()) ** 2))
    found = pairwise_mean(distances(points))
    assert found.value == pytest.approx(distances(points).sum() / (9 * 8))
    assert found.high == pytest.approx(found.value + 1.959964 * error, rel=1e-5)


def test_the_ratio_of_diversities_covers_the_true_one_about_as_often_as_it_says() -> None:
    generator = np.random.default_rng(4)
    hits = 0
    for _ in range(300):
        found = pairwise_ratio(distances(generator.normal(0, 2, 60)), distances(generator.normal(0, 4, 40)))
        assert found is not None and found.low is not None and found.high is not None
        hits += found.low <= 0.5 <= found.high
    assert 0.91 <= hits / 300 <= 0.98


def test_the_ratio_to_a_sample_without_diversity_is_unknown() -> None:
    assert pairwise_ratio(distances(np.arange(5.0)), np.zeros((5, 5))) is None
    assert pairwise_ratio(np.zeros((5, 5)), distances(np.arange(5.0))) == Interval(0.0, 0.0, 0.0)


def test_student_agrees_with_the_tabled_quantile() -> None:
    interval = student_mean([1.0, 2.0, 3.0])
    assert interval.low == pytest.approx(2 - 4.302653 / math.sqrt(3))


@pytest.mark.parametrize(("successes", "trials"), [(0, 10), (9848, 10_000), (10, 10)])
def test_wilson_agrees_with_its_formula(successes: int, trials: int) -> None:
    share, z = successes / trials, 1.959963984540054
    centre = (share + z * z / (2 * trials)) / (1 + z * z / trials)
    half = z / (1 + z * z / trials) * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    interval = wilson(successes, trials)
    assert interval.value == share
    assert interval.low == pytest.approx(centre - half, abs=1e-12)
    assert interval.high == pytest.approx(centre + half, abs=1e-12)


@given(st.integers(0, 30), st.integers(0, 30), st.integers(0, 5))
def test_mcnemar_agrees_with_the_sum_of_binomial_probabilities(only_a: int, only_b: int, both: int) -> None:
    a = np.array([True] * only_a + [False] * only_b + [True] * both, dtype=bool)
    b = np.array([False] * only_a + [True] * only_b + [True] * both, dtype=bool)
    discordant = only_a + only_b
    tail = sum(math.comb(discordant, k) for k in range(min(only_a, only_b) + 1)) / 2**discordant
    assert mcnemar(a, b) == pytest.approx(min(1.0, 2 * tail))


@settings(max_examples=25)
@given(st.lists(st.integers(-50, 50), min_size=2, max_size=6))
def test_sign_flip_agrees_with_scipy_and_does_not_depend_on_the_direction(differences: list[int]) -> None:
    expected = stats.permutation_test(
        (np.array(differences, dtype=float),), np.sum, permutation_type="samples", n_resamples=np.inf
    ).pvalue
    assert sign_flip(differences) == pytest.approx(expected)
    assert sign_flip(differences) == sign_flip([-value for value in differences])


def test_sign_flip_needs_six_pairs_to_fall_below_five_percent() -> None:
    assert sign_flip([1.0, 2.0, 1.5, 1.0, 3.0]) == 2 / 32
    assert sign_flip([1.0, 2.0, 1.5, 1.0, 3.0, 0.1]) == 2 / 64
    assert sign_flip([0.0, 0.0]) == 1.0
    with pytest.raises(ValueError, match="found 21"):
        sign_flip(np.ones(21))


ACCURACY = Metric("probe_accuracy", 0.98, data="mnist", model="sparse", split="test", seed=0, low=0.97, high=0.99)


def test_a_single_seed_keeps_its_interval_and_loses_its_seed() -> None:
    assert pool_seeds([ACCURACY]) == [replace(ACCURACY, seed=None)]


def test_several_seeds_give_their_mean_with_an_interval_over_seeds() -> None:
    values = [0.980, 0.982, 0.984]
    pooled = pool_seeds([replace(ACCURACY, value=value, seed=seed) for seed, value in enumerate(values)])
    assert len(pooled) == 1
    assert pooled[0].seed is None
    assert pooled[0].value == pytest.approx(0.982)
    assert pooled[0].low == pytest.approx(0.982 - 4.302653 * 0.002 / math.sqrt(3))
    six = pool_seeds([replace(ACCURACY, value=value, seed=seed) for seed, value in enumerate(values * 2)])[0]
    assert six.low == bootstrap_mean(values * 2).low


def test_pooling_keeps_apart_what_differs_by_more_than_the_seed_and_keeps_the_order() -> None:
    others = [
        Metric("mse", 2.0, alpha=0.2, seed=1),
        Metric("images", 7.0),
        Metric("mse", 1.0, alpha=0.2, seed=0),
        Metric("mse", 3.0, alpha=0.4, seed=0),
    ]
    assert [(metric.id, metric.value) for metric in pool_seeds(others)] == [
        ("mse/alpha=0.2", 1.5),
        ("images", 7.0),
        ("mse/alpha=0.4", 3.0),
    ]


@pytest.mark.parametrize(("value", "expected"), [(None, None), (math.inf, math.inf)])
def test_what_is_missing_or_infinite_for_one_seed_shows_in_the_pool(
    value: float | None, expected: float | None
) -> None:
    pooled = pool_seeds([ACCURACY, replace(ACCURACY, value=value, seed=1)])[0]
    assert (pooled.value, pooled.low, pooled.high) == (expected, None, None)


def test_differences_over_few_seeds_have_student_s_interval_and_over_many_the_bootstrap_s() -> None:
    a, b = [3.0, 5.0, 7.0], [1.0, 2.0, 3.0]
    assert paired_over_seeds(a, b) == student_mean([2.0, 3.0, 4.0])
    assert paired_over_seeds(a * 2, b * 2) == bootstrap_mean([2.0, 3.0, 4.0] * 2)


@pytest.mark.parametrize(("values", "expected"), [([0.01, 0.03], 0.04), ([0.9, 0.7], 1.0), ([0.2, None], None)])
def test_probabilities_over_seeds_become_twice_their_mean(values: list[float | None], expected: float | None) -> None:
    pooled = pool_seeds(Metric("mcnemar_p", value, "mnist", "sparse", seed=seed) for seed, value in enumerate(values))
    assert [metric.value for metric in pooled] == [expected if expected is None else pytest.approx(expected)]
    assert pooled[0].low is None
