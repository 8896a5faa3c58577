"""Each fault in a real, small network, or in the data that it is measured on, fails the check that is there for it."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import keras
import numpy as np
import pandas as pd
import pytest

from latentpress.encoding import encode
from latentpress.engine.stage import Result, Task
from latentpress.engine.store import Artifact
from latentpress.errors import StageError
from latentpress.evaluations import (
    classification,
    contraction,
    controls,
    dataset_summary,
    embedding,
    interpolation,
    latent_traversal,
    reconstruction,
    sparsity,
    training_curves,
    vae_objective,
    vae_samples,
)
from latentpress.health import Check, assess
from latentpress.metrics import Metric, from_records
from latentpress.models.autoencoder import Autoencoder
from latentpress.models.loading import TrainedModel, build_model
from latentpress.models.settings import ModelSettings, ObjectiveSettings

SHAPE, CODE = (16, 12, 1), 8
QUICK = {contraction: {"exact_images": 8, "images": 16}, embedding: {"iterations": 300, "points": 40}}
ON_CODES, ON_MODELS = (reconstruction, classification, embedding), (interpolation, contraction)


def principal_autoencoder(digits: Artifact) -> Autoencoder:
    """A linear network whose weights are principal components: what a training would find, without one."""
    pixels = digits.arrays("images")["train"].reshape(-1, 192) / 255
    mean = pixels.mean(axis=0)
    directions = np.linalg.svd(pixels - mean, full_matrices=False)[2][:CODE]
    layers = keras.layers
    encoder = keras.Sequential([layers.Input(SHAPE), layers.Flatten(), layers.Dense(CODE, name="code")])
    decoder = keras.Sequential([layers.Input((CODE,)), layers.Dense(192, name="pixels"), layers.Reshape(SHAPE)])
    encoder.get_layer("code").set_weights([directions.T, -directions @ mean])
    decoder.get_layer("pixels").set_weights([directions, mean])
    return Autoencoder(encoder, decoder)


def scaled(part: str, layer: str, kernel: float, bias: float = 1.0) -> Callable[[Autoencoder], None]:
    """A fault: a layer's weights times a factor."""

    def spoil(model: Autoencoder) -> None:
        dense = getattr(model, part).get_layer(layer)
        weights, offset = dense.get_weights()
        dense.set_weights([weights * kernel, offset * bias])

    return spoil


def shrunken(model: Autoencoder) -> None:
    """Codes a 128th as long, and a decoder that makes up for it: nothing is contracted."""
    scaled("encoder", "code", 1 / 128, 1 / 128)(model)
    scaled("decoder", "pixels", 128)(model)


def black_frame(model: Autoencoder) -> None:
    inside = np.zeros(SHAPE)
    inside[3:-3, 3:-3] = 1
    dense = model.decoder.get_layer("pixels")
    dense.set_weights([weights * inside.ravel() for weights in dense.get_weights()])


class Bench:
    """Runs evaluations on a model and a data set, and checks what they found."""

    def __init__(self, make_task: Any, artifact: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        self.make_task, self.artifact, self.monkeypatch = make_task, artifact, monkeypatch

    def metrics(self, module: ModuleType, inputs: dict[str, Artifact], **fields: Any) -> list[Metric]:
        settings = {**QUICK.get(module, {}), **fields.pop("settings", {})}
        task = self.make_task(module, inputs, {"model": {"code_activation": "sigmoid"}}, **fields, **settings)
        return from_records(module.measure(task).values["metrics"])

    def measured(
        self,
        network: Autoencoder,
        digits: Artifact,
        name: str = "plain",
        modules: tuple[ModuleType, ...] = (*ON_CODES, *ON_MODELS),
        **settings: Any,
    ) -> list[Metric]:
        """What the evaluations say of a model on its codes."""
        model = TrainedModel(network)
        images = {split: pixels.astype("float32") / 255 for split, pixels in digits.arrays("images").items()}
        codes = {split: model.encode(pixels) for split, pixels in images.items()}
        inputs = {
            "data": digits,
            "codes": self.artifact(Result(arrays={"codes": codes, "reconstructions": model.decode(codes["test"])})),
        }
        found = []
        for module in modules:
            if hasattr(module, "load_model"):
                self.monkeypatch.setattr(module, "load_model", lambda task: model)
            found += self.metrics(
                module, inputs, experiment=name, settings=settings.get(module.__name__.rpartition(".")[2], {})
            )
        return found

    def of_data(self, data: Artifact, name: str = "mnist", components: int = CODE) -> list[Metric]:
        """What the evaluations say of the data, controls included."""
        return [
            *self.metrics(dataset_summary, {"data": data}, data=name, experiment=None),
            *self.metrics(controls, {"data": data}, data=name, experiment=None, settings={"components": components}),
        ]


@pytest.fixture
def bench(task: Any, artifact: Any, monkeypatch: pytest.MonkeyPatch) -> Bench:
    return Bench(task, artifact, monkeypatch)


def checks(metrics: list[Metric], data: Artifact) -> dict[tuple[str, str], Check]:
    facts = data.json("facts")
    return {(check.name, check.model): check for check in assess(metrics, {facts["data"]: facts})}


def failed(metrics: list[Metric], data: Artifact) -> set[str]:
    return {name for (name, _), check in checks(metrics, data).items() if check.verdict == "failed"}


def with_labels(artifact: Any, digits: Artifact, change: Callable[[str, np.ndarray], np.ndarray]) -> Artifact:
    labels = {split: change(split, values.copy()) for split, values in digits.arrays("labels").items()}
    values = {"facts": digits.json("facts")}
    return artifact(Result(arrays={"images": digits.arrays("images"), "labels": labels}, values=values))


def test_a_sound_network_on_sound_data_passes(bench: Bench, digits: Any) -> None:
    metrics = [*bench.of_data(digits), *bench.measured(principal_autoencoder(digits), digits)]
    # Small as it is, its map has too few points, and chance spreads widely over 45 images in three clusters.
    small = {"map shows enough points", "map ran long enough", "shuffled labels give chance"}
    assert {"map shows enough points", "map ran long enough"} <= failed(metrics, digits) <= small
    assert checks(metrics, digits)["codes differ", "plain"].verdict == "passed"
    assert checks(metrics, digits)["no class is taken for another", "plain"].verdict == "passed"


@pytest.mark.parametrize(
    ("spoil", "names"),
    [
        (
            scaled("decoder", "pixels", 0.0),
            {"outputs vary", "error below the mean image's", "no infinite PSNR between the ends"},
        ),
        (scaled("encoder", "code", 0.0), {"codes differ", "probe beats the commonest class", "nothing is missing"}),
        (black_frame, {"ink in the frame"}),
    ],
    ids=["stuck decoder", "constant codes", "black frame"],
)
def test_a_broken_network_fails(bench: Bench, digits: Any, spoil: Callable[[Autoencoder], None], names: set) -> None:
    network = principal_autoencoder(digits)
    spoil(network)
    assert names <= failed([*bench.of_data(digits), *bench.measured(network, digits)], digits)


def test_codes_that_shrink_while_the_decoder_grows_are_no_contraction(bench: Bench, digits: Any) -> None:
    plain, contractive = principal_autoencoder(digits), principal_autoencoder(digits)
    shrunken(contractive)
    metrics = [
        *bench.measured(plain, digits, modules=(contraction, reconstruction)),
        *bench.measured(contractive, digits, "contractive", (contraction, reconstruction)),
    ]
    norm = {m.model: m.value for m in metrics if m.quantity == "jacobian_squared_norm"}
    assert norm["contractive"] < norm["plain"] / 10_000
    assert "contraction ratio below the plain model's" in failed(metrics, digits)


def test_a_penalty_on_another_map_fails(bench: Bench, digits: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    network, other = principal_autoencoder(digits), principal_autoencoder(digits)
    scaled("encoder", "code", 1.5)(other)
    of_other = TrainedModel(other).encoder_jacobian_products
    monkeypatch.setattr(TrainedModel, "encoder_jacobian_products", lambda self, *given: of_other(*given))
    metrics = bench.measured(network, digits, modules=(contraction,))
    assert "penalty agrees with the exact Jacobian" in failed(metrics, digits)


def test_a_probe_that_was_stopped_fails(bench: Bench, digits: Any) -> None:
    network = principal_autoencoder(digits)
    metrics = bench.measured(network, digits, modules=(classification,), classification={"most_iterations": 1})
    assert {"probe converged", "SVM converged", "nothing is missing"} <= failed(metrics, digits)


def test_labels_that_are_swapped_in_the_test_split_fail(bench: Bench, artifact: Any, digits: Any) -> None:
    def swap(split: str, labels: np.ndarray) -> np.ndarray:
        return np.array([0, 2, 1], np.uint8)[labels] if split == "test" else labels

    metrics = bench.measured(principal_autoencoder(digits), with_labels(artifact, digits, swap))
    assert "no class is taken for another" in failed(metrics, digits)
    assert next(m.value for m in metrics if m.quantity == "classes_mistaken") == 2


def test_labels_that_do_not_belong_to_the_images_fail(bench: Bench, artifact: Any, digits: Any) -> None:
    def shuffle(split: str, labels: np.ndarray) -> np.ndarray:
        return np.random.default_rng(len(labels)).permutation(labels)

    metrics = bench.measured(principal_autoencoder(digits), with_labels(artifact, digits, shuffle))
    assert "probe beats the commonest class" in failed(metrics, digits)


def test_a_split_that_leaks_fails(bench: Bench, artifact: Any, digits: Any) -> None:
    images = dict(digits.arrays("images"))
    images["test"] = np.concatenate([images["train"][:5], images["test"][5:]])
    values = {"facts": digits.json("facts")}
    leaking = artifact(Result(arrays={"images": images, "labels": digits.arrays("labels")}, values=values))
    assert failed(bench.of_data(leaking), leaking) == {"training and test images differ"}


def test_a_dense_code_fails(bench: Bench, artifact: Any, digits: Any) -> None:
    dense = artifact(Result(arrays={"codes": {"test": np.full((45, CODE), 0.5, np.float32)}}))
    assert failed(bench.metrics(sparsity, {"codes": dense}), digits) == {"code is sparse"}


def test_a_training_that_diverged_is_told_by_its_losses_and_refused_by_what_needs_its_codes(
    bench: Bench, artifact: Any, digits: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    terms = ["loss", "reconstruction", "penalty", "val_loss", "val_reconstruction", "val_penalty"]
    history = pd.DataFrame([[1, *[0.1] * 6], [2, *[np.nan] * 6]], columns=["epoch", *terms])
    told = {"training": {"kept_epoch": 2, "early_stopping": False}}
    model = artifact(Result(tables={"history": history}, values=told))
    assert failed(bench.metrics(training_curves, {"model": model}), digits) == {
        "training stayed finite",
        "nothing is missing",
    }
    network = principal_autoencoder(digits)
    scaled("encoder", "code", np.nan)(network)
    monkeypatch.setattr("latentpress.encoding.restore", lambda *arguments: TrainedModel(network))
    settings = {"model": {}, "objective": {}, "precision": "float32"}
    task = Task("encode/plain/seed0", settings, {"data": digits, "model": model}, {}, tmp_path)
    with pytest.raises(StageError, match=r"360 numbers in the codes of the test split, 360 are .* none at all"):
        encode(task)
    for module in ON_MODELS:
        with pytest.raises(StageError, match="training diverged"):
            bench.measured(network, digits, modules=(module,))


def variational(mean_weights: float = 1.0, output_weights: float = 1.0) -> Autoencoder:
    objective = ObjectiveSettings(reconstruction="bernoulli", penalty="kl_divergence")
    network = build_model(ModelSettings(name="variational", hidden=16, code_size=3), objective, (28, 20, 1))
    scaled("encoder", "mean_and_log_variance", 4 * mean_weights)(network)
    scaled("decoder", "output", output_weights)(network)
    return network


def faces_measured(bench: Bench, artifact: Any, faces: Artifact, network: Autoencoder) -> list[Metric]:
    model = TrainedModel(network)
    columns = ["epoch", "val_reconstruction", "val_penalty"]
    history = artifact(
        Result(
            tables={"history": pd.DataFrame([[1, 1.0, 1.0]], columns=columns)}, values={"training": {"kept_epoch": 1}}
        )
    )
    found = []
    for module in (vae_objective, vae_samples, latent_traversal):
        bench.monkeypatch.setattr(module, "load_model", lambda task: model)
        settings = {"measured": 20} if module is vae_samples else {"dimension": 0} if module is latent_traversal else {}
        found += bench.metrics(
            module, {"data": faces, "model": history}, data="frey", experiment="vae", settings=settings
        )
    return found


def test_a_collapsed_posterior_and_samples_that_are_all_one_fail(bench: Bench, artifact: Any, faces: Any) -> None:
    sound = failed(faces_measured(bench, artifact, faces, variational()), faces)
    assert "code is used" not in sound
    collapsed = faces_measured(bench, artifact, faces, variational(mean_weights=0.0, output_weights=0.0))
    assert {"code is used", "samples differ from each other"} <= failed(collapsed, faces)
    # The losses above are no training's: both terms are far from their closed forms, and that is told, too.
    assert {"divergence matches its closed form", "reconstruction matches its closed form"} <= sound


def hostile(artifact: Any, faces: bool, pixels: Callable[[int], np.ndarray], classes: int = 10) -> Artifact:
    """A small data set of the images that a function of their number makes."""
    counts = {"train": 60, "validation": 20, "test": 40}
    images = {split: pixels(count).astype(np.uint8) for split, count in counts.items()}
    labels = {split: np.arange(count, dtype=np.uint8) % classes for split, count in counts.items()}
    height, width = images["train"].shape[1:3]
    facts = {
        "data": "frey" if faces else "mnist",
        "source": "real",
        "counts": counts,
        "height": height,
        "width": width,
        "channels": 1,
        "classes": None if faces else classes,
        "class_names": None if faces else [str(index) for index in range(classes)],
    }
    arrays = {"images": images, **({} if faces else {"labels": labels})}
    return artifact(Result(arrays=arrays, values={"facts": facts}))


def noise(*shape: int) -> Callable[[int], np.ndarray]:
    return lambda count: np.random.default_rng(count).integers(0, 256, (count, *shape, 1))


def constant(*shape: int) -> Callable[[int], np.ndarray]:
    return lambda count: np.full((count, *shape, 1), 90)


@pytest.mark.filterwarnings("ignore:invalid value encountered:RuntimeWarning")  # shares of a variance of 0, in PCA
@pytest.mark.parametrize(
    ("pixels", "classes", "names"),
    [
        (
            constant(16, 12),
            10,
            {
                "training and test images differ", "outputs vary", "error below the mean image's", "codes differ",
                "no infinite PSNR between the ends", "probe beats the commonest class", "nothing is missing",
            },
        ),
        (noise(16, 12), 10, {"error below the mean image's", "probe beats the commonest class"}),
        (noise(16, 12), 1, {"every class occurs", "nothing is missing", "SVM converged"}),
    ],
    ids=["constant images", "noise", "one class"],
)  # fmt: skip
def test_digits_that_nothing_can_be_learned_from_fail_and_crash_nothing(
    bench: Bench, artifact: Any, pixels: Callable[[int], np.ndarray], classes: int, names: set[str]
) -> None:
    data = hostile(artifact, False, pixels, classes)
    metrics = [*bench.of_data(data), *bench.measured(principal_autoencoder(data), data)]
    assert names <= failed(metrics, data)


@pytest.mark.filterwarnings("ignore:invalid value encountered:RuntimeWarning")
@pytest.mark.parametrize(
    ("pixels", "names"),
    [
        (constant(28, 20), {"training and test images differ", "nothing is missing", "code is used"}),
        (noise(28, 20), {"error below the mean image's"}),
    ],
    ids=["constant images", "noise"],
)
def test_faces_that_nothing_can_be_learned_from_fail_and_crash_nothing(
    bench: Bench, artifact: Any, pixels: Callable[[int], np.ndarray], names: set[str]
) -> None:
    data = hostile(artifact, True, pixels)
    network = variational()
    model = TrainedModel(network)
    codes = {split: model.encode(images / np.float32(255)) for split, images in data.arrays("images").items()}
    stored = artifact(Result(arrays={"codes": codes, "reconstructions": model.decode(codes["test"])}))
    metrics = [
        *bench.of_data(data, "frey", 3),
        *bench.metrics(reconstruction, {"data": data, "codes": stored}, data="frey", experiment="vae"),
        *faces_measured(bench, artifact, data, network),
    ]
    assert names <= failed(metrics, data)
