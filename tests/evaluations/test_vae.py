"""The evaluations of variational models, on a linear one whose terms can be computed by hand."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from latentpress.engine.stage import Result
from latentpress.evaluations import latent_traversal, vae_objective, vae_samples
from latentpress.evaluations.latent_traversal import changes, prior_shares, traverse
from latentpress.evaluations.likelihoods import Likelihood, expected_nats
from latentpress.evaluations.vae_objective import training_differences
from latentpress.evaluations.vae_samples import image_rows, nearest_distances
from latentpress.figure_data import Figure, unpack
from latentpress.metrics import Metric, from_records

BASIS = np.random.default_rng(0).normal(size=(3, 560)).astype(np.float32)


class LinearVae:
    """Three dimensions, of which the last carries nothing."""

    def posterior(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        mean = images.reshape(len(images), -1) @ BASIS.T / 5
        mean[:, 2] = 0
        return mean, np.tile(np.array([-2, -1, 0], np.float32), (len(images), 1))

    def encode(self, images: np.ndarray) -> np.ndarray:
        return self.posterior(images)[0]

    def decode(self, codes: np.ndarray) -> np.ndarray:
        weights = np.array([1, 0.5, 0], np.float32)
        return (1 / (1 + np.exp(-(codes * weights) @ BASIS))).reshape(-1, 28, 20, 1)


def measured(
    module: ModuleType, monkeypatch: pytest.MonkeyPatch, artifact: Any, task: Any, faces: Any, **settings: Any
) -> tuple[dict[str, Metric], dict[str, Figure]]:
    monkeypatch.setattr(module, "load_model", lambda task: LinearVae())
    columns = ["epoch", "val_reconstruction", "val_penalty"]
    model = artifact(
        Result(
            tables={"history": pd.DataFrame([[1, 400.0, 30.0]], columns=columns)},
            values={"training": {"kept_epoch": 1}},
        )
    )
    inputs = {"data": faces, "model": model}
    result = module.measure(task(module, inputs, data="frey", experiment="vae", **settings))
    return {metric.id: metric for metric in from_records(result.values["metrics"])}, unpack(artifact(result))


def test_the_bound_is_the_sum_of_its_terms(
    monkeypatch: pytest.MonkeyPatch, artifact: Any, task: Any, faces: Any
) -> None:
    metrics, figures = measured(vae_objective, monkeypatch, artifact, task, faces)
    value = {name.split("/")[3]: metric.value for name, metric in metrics.items()}
    assert value["elbo"] == pytest.approx(-value["reconstruction_nats"] - value["kl_nats"])
    assert value["reconstruction_excess"] == pytest.approx(
        value["reconstruction_nats"] - value["reconstruction_entropy_floor"]
    )
    assert value["active_units"] == 2
    dimensions = [metrics[f"frey/vae/test/kl_dimension_nats/dimension={k}/seed=0"].value for k in range(3)]
    assert sum(dimensions) == pytest.approx(value["kl_nats"])
    assert dimensions[2] == 0
    bars = figures["kl_dimensions"]
    assert bars.arrays["values"].tolist() == sorted(dimensions, reverse=True)
    assert bars.options["labels"][-1] == "$z_{2}$"


def test_the_expectation_is_over_the_posterior() -> None:
    images = np.full((1, 1, 2, 1), 0.5)
    mean, log_variance = np.zeros((1, 2)), np.log(np.full((1, 2), 0.25))
    found = expected_nats(
        images,
        mean,
        log_variance,
        lambda codes: 1 / (1 + np.exp(-codes.reshape(-1, 1, 2, 1))),
        Likelihood("bernoulli"),
        20_000,
    )
    # −log σ(t)/2 − log σ(−t)/2 = log 2 + t²/8 − t⁴/192 + …, with E t² = 1/4 and E t⁴ = 3/16.
    assert found[0] == pytest.approx(2 * (np.log(2) + 0.25 / 8 - 3 / 16 / 192), abs=1e-3)


@pytest.mark.parametrize("beta", [1.0, 0.05])
def test_what_the_training_recorded_is_held_against_closed_forms(beta: float) -> None:
    model = LinearVae()
    images = np.random.default_rng(0).random((6, 28, 20, 1)).astype(np.float32)
    mean, log_variance = model.posterior(images)
    p, x = model.decode(mean).astype(float), images.astype(float)
    reconstruction = -np.mean(np.sum(x * np.log(p) + (1 - x) * np.log(1 - p), axis=(1, 2, 3)))
    kl = np.mean(0.5 * np.sum(mean.astype(float) ** 2 + np.exp(log_variance) - 1 - log_variance, axis=1))
    history = pd.DataFrame({"val_reconstruction": [0.0, reconstruction], "val_penalty": [0.0, beta * kl]})
    objective = {"reconstruction": "bernoulli", "beta": beta}
    found = training_differences(history, images, mean, log_variance, model.decode, objective)
    assert found == pytest.approx({"reconstruction_difference": 0, "kl_difference": 0}, abs=1e-3)
    averaged = history.assign(val_penalty=beta * kl / 3)
    found = training_differences(averaged, images, mean, log_variance, model.decode, objective)
    assert found["kl_difference"] == pytest.approx(-2 / 3 * kl, rel=1e-4)


def test_an_untrained_model_recorded_nothing() -> None:
    assert training_differences(pd.DataFrame(), *[np.zeros((1, 1))] * 3, lambda codes: codes, {}) == {}


def test_a_gaussian_reconstruction_is_held_against_the_variance_of_each_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vae_objective, "VALIDATION_BATCH", 4)
    images = np.random.default_rng(0).random((6, 28, 20, 1))
    decoded = np.full_like(images, 0.5)
    decoded[4:] = images[4:] + 0.1
    expected = [np.mean((images[:4] - 0.5) ** 2)] * 4 + [0.01] * 2
    nats = [280 * np.log(2 * np.pi * variance) for variance in expected]
    nats += (np.mean((images - decoded) ** 2, axis=(1, 2, 3)) / expected) * 280
    assert vae_objective.recorded_nats(images, decoded, "gaussian") == pytest.approx(nats)
    history = pd.DataFrame({"val_reconstruction": [np.mean(nats) + 2], "val_penalty": [0.0]})
    code = np.zeros((6, 3))
    found = training_differences(
        history, images, code, code, lambda codes: decoded, {"reconstruction": "gaussian", "beta": 1.0}
    )
    assert found == pytest.approx({"reconstruction_difference": 2, "kl_difference": 0})


def test_gaussian_pixels_have_no_floor_and_their_variance_is_told(
    monkeypatch: pytest.MonkeyPatch, artifact: Any, task: Any, faces: Any
) -> None:
    settings = {"objective": {"penalty": "kl_divergence", "reconstruction": "gaussian", "beta": 1.0}}
    metrics, _ = measured(vae_objective, monkeypatch, artifact, task, faces, settings=settings)
    deviation = metrics["frey/vae/train/decoder_deviation/seed=0"].value
    assert deviation is not None and 0.2 < deviation < 0.6
    assert metrics["frey/vae/test/pixel_deviation/seed=0"].value == pytest.approx(deviation, rel=0.2)
    assert not [name for name in metrics if "floor" in name or "excess" in name]
    value = {metric.quantity: metric.value for metric in metrics.values()}
    assert value["elbo"] == pytest.approx(-value["reconstruction_nats"] - value["kl_nats"])


def test_samples_are_measured_beside_real_faces(
    monkeypatch: pytest.MonkeyPatch, artifact: Any, task: Any, faces: Any
) -> None:
    metrics, figures = measured(vae_samples, monkeypatch, artifact, task, faces, measured=40)
    images = faces.arrays("images")
    train, test = (images[split].reshape(len(images[split]), -1) / 255 for split in ("train", "test"))
    expected = np.mean([np.linalg.norm(train - face, axis=1).min() for face in test])
    assert metrics["frey/vae/test/face_nearest_distance/seed=0"].value == pytest.approx(expected, rel=1e-5)
    assert metrics["frey/vae/test/sample_nearest_distance/seed=0"].value > expected
    assert figures["samples"].arrays["images"].shape == (3, 5, 28, 20, 1)
    within = np.mean([np.linalg.norm(a - b) for i, a in enumerate(test) for b in test[:i]])
    value = {metric.quantity: metric.value for metric in metrics.values()}
    assert value["face_diversity"] == pytest.approx(within, rel=1e-5)
    assert value["sample_diversity_share"] == pytest.approx(value["sample_diversity"] / value["face_diversity"])
    assert value["nearest_distance_difference"] == pytest.approx(
        value["sample_nearest_distance"] - value["face_nearest_distance"]
    )


def test_samples_without_variety_are_measured_as_such(
    monkeypatch: pytest.MonkeyPatch, artifact: Any, task: Any, faces: Any
) -> None:
    monkeypatch.setattr(LinearVae, "decode", lambda self, codes: np.full((len(codes), 28, 20, 1), 0.5, np.float32))
    metrics, _ = measured(vae_samples, monkeypatch, artifact, task, faces, measured=40)
    assert metrics["frey/vae/test/sample_diversity_share/seed=0"].high == 0


def test_copies_are_at_no_distance() -> None:
    faces = np.random.default_rng(0).random((5, 8))
    assert nearest_distances(faces[1:3], faces).tolist() == [0, 0]


def test_images_are_laid_out_in_full_rows() -> None:
    images = np.arange(7).reshape(7, 1, 1, 1)
    assert image_rows(images, 3)[..., 0, 0, 0].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert image_rows(images, 10).shape == (1, 7, 1, 1, 1)


def test_a_traversal_changes_one_dimension_and_keeps_the_others() -> None:
    code = np.array([5.0, 6.0, 7.0])
    images = traverse(code, np.array([-1.0, 1.0]), lambda codes: codes.reshape(-1, 1, 3, 1))
    assert images[1, :, 0, :, 0].tolist() == [[5, -1, 7], [5, 1, 7]]
    assert changes(images) == pytest.approx([2 / 3] * 3)


def test_slides_of_a_traversal_are_in_the_order_of_the_dimensions() -> None:
    code, order = np.array([5.0, 7.0], dtype=np.float32), np.array([1, 0])
    found = latent_traversal.slides(
        code, prior_shares(0.1, 3), lambda codes: codes.reshape(-1, 1, 2, 1) / 10, order, np.array([3.0, 1.0])
    )
    assert found["images"].shape == (2, 3, 1, 2, 1)
    assert found["images"][0, 1].ravel().tolist() == [128, 0]  # the second number is set to the prior's median, 0
    assert found["images"][1, 1].ravel().tolist() == [0, 178]
    assert found["start"].tolist() == [7.0, 5.0]
    assert found["kl"].tolist() == [3.0, 1.0]
    assert found["values"][1] == 0


def test_traversals_are_sorted_by_divergence_and_measured(
    monkeypatch: pytest.MonkeyPatch, artifact: Any, task: Any, faces: Any
) -> None:
    metrics, figures = measured(latent_traversal, monkeypatch, artifact, task, faces, dimension=0, steps=5)
    change = [metrics[f"frey/vae/test/traversal_change/dimension={k}/seed=0"].value for k in range(3)]
    assert change[0] > change[1] > change[2] == 0
    shown = figures["dimension"]
    assert shown.options["row_labels"] == ["$z_{0}$", "$z_{1}$"]
    everything = figures["all_dimensions"]
    place = everything.options["row_labels"].index("$z_{0}$")
    assert np.array_equal(shown.arrays["images"][0], everything.arrays["images"][place])
    assert np.array_equal(shown.arrays["images"][1], everything.arrays["images"][0])
    assert figures["all_dimensions"].options["row_labels"][-1] == "$z_{2}$"
    assert figures["all_dimensions"].options["column_labels"] == [
        "2\u2009%",
        "26\u2009%",
        "50\u2009%",
        "74\u2009%",
        "98\u2009%",
    ]


def test_a_traversal_takes_as_much_of_the_prior_in_each_step() -> None:
    shares = prior_shares(0.025, 5)
    assert np.diff(shares) == pytest.approx([0.2375] * 4)
    assert norm.ppf(shares) == pytest.approx([-1.96, -0.636, 0, 0.636, 1.96], abs=1e-3)


def test_the_most_informative_dimension_is_shown_once(
    monkeypatch: pytest.MonkeyPatch, artifact: Any, task: Any, faces: Any
) -> None:
    _, figures = measured(latent_traversal, monkeypatch, artifact, task, faces, dimension=1, steps=5)
    assert figures["dimension"].options["row_labels"] == ["$z_{1}$"]
