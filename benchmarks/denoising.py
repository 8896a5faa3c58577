"""Train one experiment of the denoising report with changed settings and judge it on validation images.

The test split is never read. The noise is clipped Gaussian noise, the same for every experiment.

    python benchmarks/denoising.py dropout_autoencoder model.dropout=0.05 training.images=10000
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import tomllib

from tuning import ROOT, parsed, trained  # first, since it sets the number of threads

import numpy as np  # isort: skip

from latentpress.datasets import sources
from latentpress.datasets.settings import MODULES
from latentpress.evaluations.corruptions import VALIDATION_SEED, corrupt
from latentpress.evaluations.image_quality import ssim
from latentpress.evaluations.signal import signal_to_noise
from latentpress.models.loading import TrainedModel, assign_weights, build_model
from latentpress.models.settings import ExperimentSettings
from latentpress.settings_files import override

LEVELS = (0.1, 0.2, 0.3, 0.4, 0.5)
JUDGED = 2000  # validation images


def main() -> None:
    """Print one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("experiment", help="a file of experiments/denoising/, without its ending")
    parser.add_argument("changes", nargs="*", metavar="KEY=VALUE", help="dotted keys and their values")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    values = tomllib.loads((ROOT / "experiments" / "denoising" / f"{options.experiment}.toml").read_text("utf-8"))
    settings = ExperimentSettings.model_validate(override(values, dict(map(parsed, options.changes))))

    located = sources.locate(settings.data, "real", None, os.environ, download=True, announce=print)
    images = dict(importlib.import_module(MODULES[settings.data, "real"]).load(located.files).images)
    result, seconds = trained(settings, images, options.seed)
    history = result.tables["history"]
    kept = history.iloc[result.values["training"]["kept_epoch"] - 1]
    judged = {
        "seconds": round(seconds),
        "epochs": len(history),
        "validation_mse": round(float(kept["val_reconstruction"]), 5),
    }
    if settings.training.input_noise:
        autoencoder = build_model(settings.model, settings.objective, images["train"].shape[1:])
        assign_weights(autoencoder, result.arrays["weights"])
        judged |= judge(TrainedModel(autoencoder), images["validation"][:JUDGED].astype("float32") / 255)
    print(json.dumps(judged))


def judge(model: TrainedModel, clean: np.ndarray) -> dict[str, object]:
    """SNR in decibels, MSE and SSIM of denoised images, by the noise."""
    found: dict[str, object] = {}
    for level in LEVELS:
        restored = model.decode(model.encode(corrupt(clean, "noise", level, True, VALIDATION_SEED)))
        found[f"noise={level:g}"] = {
            "snr": round(signal_to_noise(clean, restored).value, 2),
            "mse": round(float(np.mean((restored - clean) ** 2)), 5),
            "ssim": round(float(np.mean(ssim(clean, restored))), 3),
        }
    return found


if __name__ == "__main__":
    main()
