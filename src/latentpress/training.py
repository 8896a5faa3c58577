"""Stage: one experiment and one seed to a trained model."""

from __future__ import annotations

import time
from typing import Any

import keras
import numpy as np
import pandas as pd

from latentpress import checkpoint
from latentpress.engine.stage import Result, Task
from latentpress.models import penalties
from latentpress.models.description import describe
from latentpress.models.loading import build_model, named_weights
from latentpress.models.optimizers import make_optimizer
from latentpress.models.settings import ModelSettings, ObjectiveSettings, TrainingSettings

VALIDATION_BATCH = 500
REPORT_EVERY = 2.0  # seconds between two progress reports within an epoch


def train(task: Task) -> Result:
    """Train one model; a killed training resumes after its last finished epoch and ends with the same bits.

    Args:
        task: input ``data``; settings ``model``, ``objective``, ``training``; the seed.

    Returns:
        arrays ``weights``; table ``history`` (epoch, loss, reconstruction, penalty, and each of them on the
        validation split as ``val_…``); values ``architecture`` (tables, see `describe`) and ``training``.
    """
    settings = TrainingSettings.model_validate(task.settings["training"])
    objective = ObjectiveSettings.model_validate(task.settings["objective"])
    model = ModelSettings.model_validate(task.settings["model"])
    seed = task.seed or 0
    pixels = task.inputs["data"].arrays("images")
    images = {split: pixels[split].astype("float32") / 255.0 for split in ("train", "validation")}
    shape = images["train"].shape[1:]

    keras.utils.set_random_seed(seed)
    autoencoder = build_model(model, objective, shape, settings.precision, seed, settings.input_noise)
    batches = len(images["train"]) // settings.batch_size
    optimizer = make_optimizer(settings, steps=batches * settings.epochs)
    compile_model(autoencoder, optimizer, objective)
    history = _run_epochs(task, autoencoder, images, settings, seed)

    architecture = describe(
        {"encoder": autoencoder.encoder, "bottleneck": autoencoder.bottleneck, "decoder": autoencoder.decoder}
    )
    seen = settings.epochs * batches * settings.batch_size
    return Result(
        arrays={"weights": named_weights(autoencoder)},
        tables={"history": pd.DataFrame(history, columns=HISTORY_COLUMNS)},
        values={
            "architecture": architecture,
            "training": {
                "image_shape": list(shape),
                "epochs": settings.epochs,
                "batches": batches,
                # A backward pass costs two forward passes; penalties and the optimizer are not counted.
                "training_flops": 3 * architecture["flops_per_image"] * seen,
            },
        },
    )


HISTORY_COLUMNS = [
    "epoch",
    *(f"{split}{term}" for split in ("", "val_") for term in ("loss", "reconstruction", "penalty")),
]


def compile_model(autoencoder: Any, optimizer: Any, objective: ObjectiveSettings) -> None:
    """Give the model its reconstruction loss, which is also kept as a metric of its own.

    Args:
        autoencoder: built.
        optimizer: of Keras.
        objective: names the loss: ``mse``, the mean over pixels, or ``bernoulli``, the sum over them.
    """
    loss = keras.losses.mean_squared_error if objective.reconstruction == "mse" else penalties.bernoulli_loss
    metric = keras.metrics.MeanMetricWrapper(loss, name="reconstruction")
    autoencoder.compile(optimizer=optimizer, loss=loss, metrics=[metric], jit_compile="auto" if _on_gpu() else False)


def _on_gpu() -> bool:
    return any("gpu" in name.lower() for name in keras.distribution.list_devices())


def _run_epochs(
    task: Task, autoencoder: Any, images: dict[str, np.ndarray], settings: TrainingSettings, seed: int
) -> list[dict[str, float]]:
    autoencoder.optimizer.build(autoencoder.trainable_variables)
    variables = [*autoencoder.trainable_variables, *autoencoder.optimizer.variables]
    path = task.scratch / "checkpoint.npz"
    finished, history = checkpoint.load(path, variables)
    count = len(images["train"]) // settings.batch_size * settings.batch_size
    progress = Progress(task, settings.epochs, started_at=finished)
    for epoch in range(finished, settings.epochs):
        # Everything random in an epoch follows from (seed, epoch) alone, so that a resumed training needs
        # no state but the weights and the optimizer's variables.
        _reset_randomness(autoencoder, seed, epoch)
        order = np.random.default_rng((seed, epoch)).permutation(len(images["train"]))[:count]
        shuffled = images["train"][order]
        progress.epoch = epoch
        fitted = autoencoder.fit(
            shuffled,
            shuffled,
            batch_size=settings.batch_size,
            epochs=1,
            shuffle=False,
            verbose=0,
            callbacks=[progress],
        )
        record = {name: float(values[0]) for name, values in fitted.history.items()}
        validated = autoencoder.evaluate(
            images["validation"],
            images["validation"],
            batch_size=VALIDATION_BATCH,
            verbose=0,
            return_dict=True,
        )
        record |= {f"val_{name}": float(value) for name, value in validated.items()}
        for split in ("", "val_"):
            record[f"{split}penalty"] = record[f"{split}loss"] - record[f"{split}reconstruction"]
        history.append({"epoch": epoch + 1, **record})
        checkpoint.save(path, epoch + 1, history, variables)
    return history


def _reset_randomness(autoencoder: Any, seed: int, epoch: int) -> None:
    states = [v for v in autoencoder.non_trainable_variables if "seed_generator_state" in v.path]
    draws = np.random.default_rng((seed, epoch, 1)).integers(0, 2**31, size=(len(states) + 1, 2))
    keras.utils.set_random_seed(int(draws[-1, 0]))
    for state, draw in zip(states, draws[:-1], strict=True):
        state.assign(draw.astype("uint32"))


class Progress(keras.callbacks.Callback):
    """Tells the live view epoch, loss and time left, every few seconds.

    Up to the first report most of the time goes into compiling the graph, so that only later ones tell the time left.

    Args:
        task: of the training.
        epochs: in all.
        started_at: epochs that an earlier attempt finished.
    """

    def __init__(self, task: Task, epochs: int, started_at: int) -> None:
        super().__init__()
        self._task, self._epochs = task, epochs
        self._first: tuple[float, float] | None = None
        self._last = time.monotonic()
        self.epoch = started_at

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Report, unless the last report is recent."""
        now = time.monotonic()
        batches = self.params["steps"]
        if now - self._last < REPORT_EVERY and batch + 1 < batches:
            return
        self._last = now
        done = self.epoch + (batch + 1) / batches
        left = {}
        if self._first is None:
            self._first = now, done
        else:
            begun, before = self._first
            left = {"seconds_left": (now - begun) / (done - before) * (self._epochs - done)}
        loss = float((logs or {}).get("loss", float("nan")))
        self._task.report(
            epoch=self.epoch + 1,
            epochs=self._epochs,
            batch=batch + 1,
            batches=batches,
            loss=loss,
            **left,
        )
