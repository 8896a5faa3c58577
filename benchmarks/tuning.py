"""Train one experiment with changed settings and judge it on held-out training images: how the recipes were chosen.

The test split is never read. The probe is fitted to the codes of the first 45,000 training images and scored on the
other 10,000 and the 5,000 validation images; its penalty is scikit-learn's C.

    python benchmarks/tuning.py sparse training.epochs=2 objective.target=0.05
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import tempfile
import time
import tomllib
from pathlib import Path

# One thread, as a training has on two cores; to be set before TensorFlow is loaded.
os.environ.update(TF_NUM_INTRAOP_THREADS="1", TF_NUM_INTEROP_THREADS="1", OMP_NUM_THREADS="1", TF_CPP_MIN_LOG_LEVEL="3")

import numpy as np

from latentpress.datasets import mnist, sources
from latentpress.datasets.content import DataSet
from latentpress.engine.stage import Result, Task
from latentpress.evaluations.contraction import code_variance, squared_norms
from latentpress.evaluations.perturbations import perturb
from latentpress.evaluations.probes import logistic_regression, standardise
from latentpress.models.loading import TrainedModel, assign_weights, build_model
from latentpress.models.settings import ExperimentSettings
from latentpress.settings_files import override
from latentpress.training import train

ROOT = Path(__file__).parents[1]
PROBE_IMAGES = 45_000
INVERSE_PENALTIES = (0.3, 1.0, 10.0)
NOISE = 0.3


class Images:
    """The part of a data artifact that a training reads."""

    def __init__(self, images: dict[str, np.ndarray]) -> None:
        self._images = images

    def arrays(self, name: str) -> dict[str, np.ndarray]:
        """Images by split."""
        return {"images": self._images}[name]


def main() -> None:
    """Print one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("experiment", help="a file of experiments/, without its ending")
    parser.add_argument("changes", nargs="*", metavar="KEY=VALUE", help="dotted keys and their values")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    values = tomllib.loads((ROOT / "experiments" / f"{options.experiment}.toml").read_text(encoding="utf-8"))
    settings = ExperimentSettings.model_validate(override(values, dict(map(parsed, options.changes))))

    located = sources.locate("mnist", "real", None, os.environ, download=True, announce=print)
    data = mnist.load(located.files)
    result, seconds = trained(settings, dict(data.images), options.seed)
    autoencoder = build_model(settings.model, settings.objective, (28, 28, 1), settings.training.precision)
    assign_weights(autoencoder, result.arrays["weights"])
    print(json.dumps({"seconds": round(seconds), **judge(TrainedModel(autoencoder), data)}))


def trained(settings: ExperimentSettings, images: dict[str, np.ndarray], seed: int) -> tuple[Result, float]:
    """What a training of some images by split gives, and its seconds."""
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as scratch:
        result = train(
            Task(
                name="tuning",
                settings=settings.model_dump(include={"model", "objective", "training"}),
                inputs={"data": Images(images)},  # type: ignore[dict-item]
                files={},
                scratch=Path(scratch),
                seed=seed,
            )
        )
    return result, time.perf_counter() - began


def parsed(change: str) -> tuple[str, object]:
    """``training.epochs=2`` as a key and a value; what is no literal is text."""
    key, _, value = change.partition("=")
    try:
        return key, ast.literal_eval(value)
    except (ValueError, SyntaxError):
        return key, value


def judge(model: TrainedModel, data: DataSet) -> dict[str, object]:
    """Validation error, probe accuracy by C, contraction ratio, and the share of activations above 0.1."""
    assert data.labels is not None
    images = {split: data.images[split].astype("float32") / 255 for split in ("train", "validation")}
    codes = {split: model.encode(pixels) for split, pixels in images.items()}
    error = np.mean((model.decode(codes["validation"]) - images["validation"]) ** 2)
    noisy = model.encode(perturb(images["validation"], "noise", NOISE, 1))
    held_out = np.concatenate([codes["train"][PROBE_IMAGES:], codes["validation"]])
    labels = np.concatenate([data.labels["train"][PROBE_IMAGES:], data.labels["validation"]])
    fitted, scored = standardise(codes["train"][:PROBE_IMAGES], np.concatenate([held_out, noisy]))
    known = data.labels["train"][:PROBE_IMAGES]
    predicted = {c: logistic_regression(fitted, known, scored, 2000, c).predicted for c in INVERSE_PENALTIES}
    few = images["validation"][:256]
    tangents = np.random.default_rng(0).standard_normal((8, *few.shape), dtype=np.float32)
    norms = [squared_norms(model.encoder_jacobian_products(few, tangent)).mean() for tangent in tangents]
    return {
        "validation_mse": round(float(error), 5),
        "probe_accuracy": {c: round(float(np.mean(p[: len(labels)] == labels)), 4) for c, p in predicted.items()},
        f"probe_accuracy_noise_{NOISE}": {
            c: round(float(np.mean(p[len(labels) :] == data.labels["validation"])), 4) for c, p in predicted.items()
        },
        "contraction_ratio": round(float(np.mean(norms)) / code_variance(codes["validation"]), 3),
        "active_share": round(float(np.mean(codes["validation"] > 0.1)), 3),
    }


if __name__ == "__main__":
    main()
