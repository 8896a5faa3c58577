"""Stage: one experiment and one seed to a trained model."""

from __future__ import annotations

import time
from typing import Any

import keras
import numpy as np
import pandas as pd

from latentpress import checkpoint, keeping
from latentpress.batching import VALIDATION_BATCH, batches
from latentpress.engine.stage import Result, Task
from latentpress.models import penalties
from latentpress.models.corruption import make_corruption, noisy_images
from latentpress.models.description import describe
from latentpress.models.loading import build_model, named_weights
from latentpress.models.optimizers import make_decoder_optimizer, make_optimizer
from latentpress.models.settings import ModelSettings, ObjectiveSettings, TrainingSettings
from latentpress.subsets import first_images

REPORT_EVERY = 2.0  # seconds between two progress reports within an epoch


def train(task: Task) -> Result:
    """Train one model; a killed training resumes after its last finished epoch and ends with the same bits.

    Args:
        task: input ``data``; settings ``model``, ``objective``, ``training``; the seed.

    Returns:
        arrays ``weights``, ``weights_epoch_<k>`` of each of the kept epochs that was run, and ``codes`` {``train`` and
        ``validation``: float32 (n, code)} where the decoder was trained alone; table ``history`` (epoch, loss,
        reconstruction, penalty, and each of them on the validation split, noisy where the training's is, as ``val_…``;
        while the decoder alone is trained, the penalties are those of the epoch before, or 0 if there was none); values
        ``architecture`` (tables, see `describe`) and ``training``.
    """
    settings = TrainingSettings.model_validate(task.settings["training"])
    objective = ObjectiveSettings.model_validate(task.settings["objective"])
    model = ModelSettings.model_validate(task.settings["model"])
    seed = task.seed or 0
    pixels = task.inputs["data"].arrays("images")
    chosen = first_images(settings.images, {split: len(pixels[split]) for split in ("train", "validation")})
    images = {split: pixels[split][:count].astype("float32") / 255.0 for split, count in chosen.items()}
    shape = images["train"].shape[1:]

    keras.utils.set_random_seed(seed)
    corruption = make_corruption(settings, seed)
    autoencoder = build_model(model, objective, shape, settings.precision, seed, corruption)
    steps = len(images["train"]) // settings.batch_size
    compile_model(autoencoder, make_optimizer(settings, steps=steps * settings.epochs), objective)
    if settings.decoder_epochs:
        decoder_steps = len(images["train"]) // settings.decoder_batch_size * settings.decoder_epochs
        compile_model(autoencoder.decoder, make_decoder_optimizer(settings, decoder_steps), objective)
    history, codes, kept = _run_epochs(task, autoencoder, images, settings, seed)
    kept_epoch = keeping.finish(kept, autoencoder, history, settings)

    architecture = describe(
        {"encoder": autoencoder.encoder, "bottleneck": autoencoder.bottleneck, "decoder": autoencoder.decoder}
    )
    return Result(
        arrays={
            "weights": named_weights(autoencoder),
            **{f"weights_epoch_{epoch}": kept[epoch] for epoch in settings.kept_epochs if epoch in kept},
            **({} if codes is None else {"codes": codes}),
        },
        tables={"history": pd.DataFrame(history, columns=HISTORY_COLUMNS)},
        values={
            "architecture": architecture,
            "training": {
                "image_shape": list(shape),
                "epochs": len(history) - settings.decoder_epochs,
                "kept_epoch": kept_epoch,
                "early_stopping": settings.patience is not None,
                "kept_epochs": [epoch for epoch in settings.kept_epochs if epoch in kept],
                "decoder_epochs": settings.decoder_epochs,
                "batches": steps,
                "training_flops": training_flops(architecture, settings, len(images["train"]), len(history)),
            },
        },
    )


def training_flops(architecture: dict[str, Any], settings: TrainingSettings, images: int, epochs: int) -> int:
    """Floating-point operations of all forward and backward passes; penalties and the optimizer are not counted.

    Args:
        architecture: of `describe`.
        settings: epochs and batch size.
        images: in the training split.
        epochs: that were run, those of the decoder alone included.
    """
    # A backward pass costs two forward passes.
    together = epochs - settings.decoder_epochs
    joint = 3 * architecture["flops_per_image"] * _whole_batches(images, settings.batch_size) * together
    if not settings.decoder_epochs:
        return int(joint)
    decoder = architecture["decoder_flops_per_image"]
    encoded_once = (architecture["flops_per_image"] - decoder) * images
    seen = _whole_batches(images, settings.decoder_batch_size) * settings.decoder_epochs
    return int(joint + encoded_once + 3 * decoder * seen)


def _whole_batches(images: int, batch_size: int) -> int:
    return images // batch_size * batch_size


HISTORY_COLUMNS = [
    "epoch",
    *(f"{split}{term}" for split in ("", "val_") for term in ("loss", "reconstruction", "penalty")),
]


def compile_model(autoencoder: Any, optimizer: Any, objective: ObjectiveSettings) -> None:
    """Give a model its reconstruction loss, which is also kept as a metric of its own.

    Args:
        autoencoder: built; or its decoder, to train that alone.
        optimizer: of Keras.
        objective: names the loss: ``mse``, the mean over pixels, or ``bernoulli`` or ``gaussian``, sums over them.
    """
    losses = {
        "mse": keras.losses.mean_squared_error,
        "bernoulli": penalties.bernoulli_loss,
        "gaussian": penalties.gaussian_loss,
    }
    loss = losses[objective.reconstruction]
    metric = keras.metrics.MeanMetricWrapper(loss, name="reconstruction")
    autoencoder.compile(optimizer=optimizer, loss=loss, metrics=[metric], jit_compile="auto" if _on_gpu() else False)


def _on_gpu() -> bool:
    return any("gpu" in name.lower() for name in keras.distribution.list_devices())


def _run_epochs(
    task: Task, autoencoder: Any, images: dict[str, np.ndarray], settings: TrainingSettings, seed: int
) -> tuple[list[dict[str, float]], dict[str, np.ndarray] | None, checkpoint.Kept]:
    trained = [autoencoder, autoencoder.decoder] if settings.decoder_epochs else [autoencoder]
    for network in trained:
        network.optimizer.build(network.trainable_variables)
    variables = [*autoencoder.weights, *(v for network in trained for v in network.optimizer.variables)]
    path = task.scratch / "checkpoint.npz"
    finished, history, kept = checkpoint.load(path, variables)
    epochs = settings.epochs + settings.decoder_epochs
    progress = Progress(task, epochs, started_at=finished)
    codes: dict[str, np.ndarray] | None = None
    noisy = noisy_images(images["validation"], settings, seed)
    for epoch in range(finished, epochs):
        if keeping.is_over(history, settings.patience):
            break
        # Everything random in an epoch follows from (seed, epoch) alone, so that a resumed training needs
        # no state but the weights and the optimizers' variables.
        _reset_randomness(autoencoder, seed, epoch)
        order = np.random.default_rng((seed, epoch)).permutation(len(images["train"]))
        progress.epoch = epoch
        network, inputs, batch_size = autoencoder, images, settings.batch_size
        if epoch >= settings.epochs:
            codes = codes or _encode(autoencoder.encoder, images)
            network, inputs, batch_size = autoencoder.decoder, codes, settings.decoder_batch_size
        order = order[: _whole_batches(len(order), batch_size)]
        shown = inputs["train"][order]
        fitted = network.fit(
            **batches(shown, shown if inputs is images else images["train"][order], batch_size),
            epochs=1,
            shuffle=False,
            verbose=0,
            callbacks=[progress],
        )
        record = {name: float(values[0]) for name, values in fitted.history.items()}
        validated = network.evaluate(
            **batches(noisy if inputs is images else inputs["validation"], images["validation"], VALIDATION_BATCH),
            verbose=0,
            return_dict=True,
        )
        record |= {f"val_{name}": float(value) for name, value in validated.items()}
        for split in ("", "val_"):
            record[f"{split}penalty"] = record[f"{split}loss"] - record[f"{split}reconstruction"]
        if network is not autoencoder:
            # The encoder stays as it is, and with it what its penalties were when they were last computed.
            for split in ("", "val_"):
                record[f"{split}penalty"] = history[-1][f"{split}penalty"] if history else 0.0
                record[f"{split}loss"] = record[f"{split}reconstruction"] + record[f"{split}penalty"]
        history.append({"epoch": epoch + 1, **record})
        kept = keeping.keep(kept, autoencoder, history, settings)
        checkpoint.save(path, epoch + 1, history, variables, kept)
    if settings.decoder_epochs and codes is None:  # an earlier attempt ended after its last epoch
        codes = _encode(autoencoder.encoder, images)
    return history, codes, kept


def _encode(encoder: Any, images: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    codes = {}
    for split, pixels in images.items():
        starts = range(0, len(pixels), VALIDATION_BATCH)
        found = [encoder.predict_on_batch(pixels[start : start + VALIDATION_BATCH]) for start in starts]
        codes[split] = np.concatenate([np.asarray(batch, "float32") for batch in found])
    return codes


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
