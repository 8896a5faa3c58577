"""Information about factors against integrals and known extremes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm, spearmanr

from latentpress.engine.stage import Result
from latentpress.evaluations import disentanglement
from latentpress.evaluations.disentanglement import (
    entropies,
    information_gaps,
    mutual_information,
    quantile_bins,
    rank_correlations,
    shift_test,
    shifts,
)
from latentpress.metrics import from_records

RNG = np.random.default_rng


def test_information_about_a_binary_factor_is_its_integral() -> None:
    """z is N(±1, 0.8²): I = H(z) − H(z|v), by quadrature."""
    factor = RNG(0).integers(0, 2, 60_000)
    z = 2 * factor - 1 + 0.8 * RNG(1).standard_normal(len(factor))

    def density(x: float) -> float:
        return float(0.5 * norm.pdf(x, -1, 0.8) + 0.5 * norm.pdf(x, 1, 0.8))

    expected = quad(lambda x: -density(x) * np.log(density(x)), -8, 8)[0] - norm(0, 0.8).entropy()
    found = mutual_information(quantile_bins(z[:, None], 40), factor[:, None])
    assert found[0, 0] == pytest.approx(expected, rel=0.02)


def test_equal_levels_tell_everything_and_independent_ones_nothing() -> None:
    levels = quantile_bins(RNG(0).random((4000, 2)), 10)
    assert entropies(levels) == pytest.approx([np.log(10)] * 2)
    found = mutual_information(levels, levels)
    assert np.diag(found) == pytest.approx([np.log(10)] * 2)
    # By chance 2·n·I is about chi-squared with 81 degrees of freedom.
    assert 60 < 2 * 4000 * found[0, 1] < 110


def test_the_gap_is_between_the_two_best_dimensions() -> None:
    information = np.array([[2.0, 0.5], [0.5, 0.5], [1.0, 0.1]])
    assert information_gaps(information, np.array([2.0, 1.0])) == pytest.approx([0.5, 0])


def test_levels_are_filled_equally() -> None:
    bins = quantile_bins(np.array([[5.0], [1.0], [9.0], [2.0]]), 2)
    assert bins[:, 0].tolist() == [1, 0, 1, 0]


def test_rank_correlations_are_spearman_s_and_zero_for_a_constant() -> None:
    codes, factors = RNG(2).normal(size=(50, 2)), RNG(3).normal(size=(50, 3))
    codes[:, 1] = 4
    found = rank_correlations(codes, factors)
    assert found[0] == pytest.approx([spearmanr(codes[:, 0], column).statistic for column in factors.T])
    assert found[1].tolist() == [0, 0, 0]


def test_shifted_videos_give_the_level_of_chance() -> None:
    assert shifts(1600, 3) == [200, 800, 1400]
    assert shift_test([0.5, 0.1, 0.2, 0.1]) == 0.25
    assert shift_test([0.1, 0.1, 0.2, 0.0]) == 0.75


class Factors:
    """Encodes an image as its number's two factors, and noise."""

    def __init__(self, factors: np.ndarray) -> None:
        self.codes = np.concatenate([factors, np.zeros((len(factors), 1))], axis=1).astype(np.float32)

    def posterior(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return 2 * self.codes[: len(images)], np.tile(np.array([-8, -8, 0], np.float32), (len(images), 1))


def drawn(artifact: Any, factors: np.ndarray | None) -> Any:
    images = {split: np.zeros((400, 4, 3, 1), np.uint8) for split in ("train", "validation", "test")}
    known = {} if factors is None else {"factors": dict.fromkeys(images, factors)}
    names = [] if factors is None else ["pose", "light"]
    return artifact(Result(arrays={"images": images, **known}, values={"facts": {"factor_names": names}}))


def test_a_code_of_the_factors_themselves_is_told_from_chance(
    monkeypatch: pytest.MonkeyPatch, artifact: Any, task: Any
) -> None:
    factors = RNG(4).normal(size=(400, 2)).astype(np.float32)
    monkeypatch.setattr(disentanglement, "load_model", lambda task: Factors(factors))
    stage = task(disentanglement, {"data": drawn(artifact, factors)}, data="frey", experiment="vae", levels=5)
    result = disentanglement.measure(stage)
    value = {metric.id: metric.value for metric in from_records(result.values["metrics"])}
    assert value["frey/vae/train/information_gap/seed=0"] > 0.8
    assert value["frey/vae/train/factor_information_gap/factor=pose/seed=0"] > 0.8
    assert value["frey/vae/train/information_gap_by_chance/seed=0"] < 0.1
    assert value["frey/vae/train/information_gap_p/seed=0"] == 1 / 40
    table = result.tables["correlations"]
    assert sorted(table["dimension"][:2]) == [0, 1] and table["dimension"][2] == 2
    assert table.set_index("dimension").loc[0, "pose"] == 1.0


def test_where_no_factors_are_known_nothing_is_measured(artifact: Any, task: Any) -> None:
    result = disentanglement.measure(
        task(disentanglement, {"data": drawn(artifact, None)}, data="frey", experiment="vae")
    )
    assert result.values["metrics"] == [] and result.tables == {}
