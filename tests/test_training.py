"""Training: what it records, and that a killed one ends with the same bits."""

import math

import numpy as np
import pytest

from latentpress import checkpoint
from latentpress.engine.stage import Task
from latentpress.subsets import first_images
from latentpress.training import HISTORY_COLUMNS, train


class InMemory:
    """Stands in for a data artifact."""

    def __init__(self, images):
        self._images = images

    def arrays(self, name):
        assert name == "images"
        return self._images


def task(folder, penalty="none", epochs=3, optimizer="adamw", reconstruction=None, model=None, **training):
    rng = np.random.default_rng(0)
    variational = penalty == "kl_divergence"
    shape = (28, 20, 1) if variational and model is None else (28, 28, 1)
    default = "bernoulli" if variational else "mse"
    images = {
        name: rng.integers(0, 256, (n, *shape), dtype=np.uint8) for name, n in (("train", 70), ("validation", 20))
    }
    return Task(
        name="train/x/seed3",
        settings={
            "model": {
                "name": "variational" if variational else "convolutional",
                "code_size": 8,
                "code_activation": "sigmoid" if penalty == "kl_sparsity" else "linear",
                **(model or {}),
            },
            "objective": {"penalty": penalty, "weight": 1e-2, "reconstruction": reconstruction or default},
            "training": {
                "epochs": epochs,
                "batch_size": 16,
                "decoder_batch_size": 32,
                "optimizer": optimizer,
                **training,
            },
        },
        inputs={"data": InMemory(images)},
        files={},
        scratch=folder,
        seed=3,
    )


class Killed(BaseException):
    """What a kill looks like from inside."""


@pytest.mark.parametrize(
    ("penalty", "optimizer"),
    [("none", "muon_decoder"), ("kl_sparsity", "adamw"), ("contractive", "adamw"), ("kl_divergence", "adamw")],
)
def test_training_killed_between_epochs_ends_with_the_same_bits(tmp_path, monkeypatch, penalty, optimizer):
    kill_twice(tmp_path, monkeypatch, penalty, optimizer=optimizer, input_noise=0.1, input_shift=1.0)


def test_training_killed_while_the_decoder_alone_is_trained_ends_with_the_same_bits(tmp_path, monkeypatch):
    kill_twice(tmp_path, monkeypatch, "kl_sparsity", epochs=1, decoder_epochs=2)


def test_training_with_gaussian_pixels_lowers_their_error_and_survives_kills(tmp_path, monkeypatch):
    kill_twice(tmp_path, monkeypatch, "kl_divergence", reconstruction="gaussian", peak_rate=1e-3)


STRIDED = {"name": "strided", "filters": (8, 6, 4), "code_activation": "relu"}


@pytest.mark.parametrize(
    ("penalty", "model"),
    [
        ("none", {"dropout": 0.2}),
        ("none", {"normalization": "batch"}),
        ("kl_divergence", {"dropout": 0.1}),
        ("none", {"name": "dense", "widths": (16, 12)}),
    ],
)
def test_networks_with_state_of_their_own_survive_kills(tmp_path, monkeypatch, penalty, model):
    """Dropout draws, and a batch normalisation keeps averages that no gradient changes."""
    noise = {"input_noise": 0.3, "input_noise_from": 0.0, "input_clip": True}
    kill_twice(
        tmp_path,
        monkeypatch,
        penalty,
        reconstruction="mse",
        model=STRIDED | model,
        patience=5,
        kept_epochs=(1, 2),
        **noise,
    )


def test_weights_of_kept_epochs_are_those_of_a_training_that_ends_there(tmp_path):
    runs = {}
    for name, epochs, kept in (("long", 3, (1, 2)), ("short", 2, ())):
        (tmp_path / name).mkdir()
        settings = {"schedule": "constant", "model": STRIDED, "kept_epochs": kept}
        runs[name] = train(task(tmp_path / name, epochs=epochs, **settings))
    kept = runs["long"].arrays["weights_epoch_2"]
    assert kept.keys() == runs["short"].arrays["weights"].keys()
    assert all(np.array_equal(kept[name], runs["short"].arrays["weights"][name]) for name in kept)
    assert runs["long"].values["training"]["kept_epochs"] == [1, 2]
    assert "weights_epoch_3" not in runs["long"].arrays


def test_early_stopping_ends_a_training_and_gives_the_weights_of_its_best_epoch(tmp_path):
    settings = {"schedule": "constant", "model": STRIDED, "peak_rate": 0.5}  # a rate at which nothing improves for long
    for name in ("stopped", "until_the_best"):
        (tmp_path / name).mkdir()
    stopped = train(task(tmp_path / "stopped", epochs=30, patience=2, **settings))
    losses = stopped.tables["history"]["val_loss"].tolist()
    best = losses.index(min(losses)) + 1
    assert len(losses) == best + 2 < 30
    assert stopped.values["training"]["kept_epoch"] == best
    assert stopped.values["training"]["epochs"] == len(losses)
    shorter = train(task(tmp_path / "until_the_best", epochs=best, **settings))
    for name, weights in shorter.arrays["weights"].items():
        assert np.array_equal(weights, stopped.arrays["weights"][name]), name


def kill_twice(tmp_path, monkeypatch, *args, **settings):
    (tmp_path / "whole").mkdir()
    (tmp_path / "killed").mkdir()
    whole = train(task(tmp_path / "whole", *args, **settings))

    save = checkpoint.save

    def save_then_die(*arguments):
        save(*arguments)
        raise Killed

    for _ in range(2):
        monkeypatch.setattr(checkpoint, "save", save_then_die)
        with pytest.raises(Killed):
            train(task(tmp_path / "killed", *args, **settings))
    monkeypatch.undo()
    resumed = train(task(tmp_path / "killed", *args, **settings))

    assert whole.tables["history"].equals(resumed.tables["history"])
    assert whole.arrays.keys() == resumed.arrays.keys()
    for kind in whole.arrays:
        for name, weights in whole.arrays[kind].items():
            assert np.array_equal(weights, resumed.arrays[kind][name]), (kind, name)


def test_history_has_every_term_of_every_epoch(tmp_path):
    history = train(task(tmp_path, "kl_sparsity", epochs=2)).tables["history"]
    assert list(history.columns) == HISTORY_COLUMNS
    assert list(history["epoch"]) == [1, 2]
    assert np.isfinite(history.to_numpy()).all()
    assert (history["val_penalty"] > 0).all()
    assert history["loss"].to_numpy() == pytest.approx(history["reconstruction"] + history["penalty"])


def test_decoder_epochs_leave_the_encoder_as_it_was_and_improve_the_reconstruction(tmp_path):
    (tmp_path / "joint").mkdir()
    (tmp_path / "longer").mkdir()
    joint = train(task(tmp_path / "joint", "kl_sparsity", epochs=2))
    longer = train(task(tmp_path / "longer", "kl_sparsity", epochs=2, decoder_epochs=3, decoder_rate=1e-2))
    before, after = joint.arrays["weights"], longer.arrays["weights"]
    same = {name for name in before if np.array_equal(before[name], after[name])}
    assert {name for name in same if name.startswith(("conv_", "code"))} == same
    assert {name for name in before if name.startswith(("conv_", "code"))} == same
    history = longer.tables["history"]
    assert list(history["epoch"]) == [1, 2, 3, 4, 5]
    assert history["reconstruction"].iloc[4] < history["reconstruction"].iloc[1]
    assert set(history["penalty"].iloc[1:]) == {history["penalty"].iloc[1]}
    assert set(history["val_penalty"].iloc[1:]) == {history["val_penalty"].iloc[1]}
    assert np.array_equal(history["val_loss"], history["val_reconstruction"] + history["val_penalty"])


def test_decoder_epochs_cost_less_than_joint_ones(tmp_path):
    flops = {}
    for name, epochs, decoder_epochs in (("none", 2, 0), ("decoder", 1, 1), ("joint", 1, 0)):
        (tmp_path / name).mkdir()
        done = train(task(tmp_path / name, epochs=epochs, decoder_epochs=decoder_epochs))
        flops[name] = done.values["training"]["training_flops"]
    assert flops["joint"] < flops["decoder"] < flops["none"]


def test_training_of_no_epochs_is_the_untrained_control(tmp_path):
    result = train(task(tmp_path, epochs=0))
    assert result.tables["history"].empty
    assert result.values["training"]["training_flops"] == 0
    assert math.prod(result.arrays["weights"]["code/kernel"].shape) == 2304 * 8


def test_training_lowers_the_loss(tmp_path):
    losses = train(task(tmp_path, epochs=4)).tables["history"]["loss"]
    assert losses.iloc[-1] < losses.iloc[0]


def test_progress_tells_epoch_loss_and_time_left(tmp_path):
    told = []
    given = task(tmp_path, epochs=2)
    train(
        Task(
            **{name: getattr(given, name) for name in ("name", "settings", "inputs", "files", "scratch", "seed")},
            report=lambda **values: told.append(values),
        )
    )
    assert sorted({values["epoch"] for values in told}) == [1, 2]
    assert all(math.isfinite(values["loss"]) for values in told)
    assert told[-1]["seconds_left"] == pytest.approx(0)
    assert "seconds_left" not in told[0], "the graph was compiled until then"


def test_a_training_on_some_of_the_images_sees_no_other(tmp_path):
    """The first ones, and the same share of those that validate."""
    few = task(tmp_path / "few", epochs=1, images=48)
    cut = task(tmp_path / "cut", epochs=1)
    images = cut.inputs["data"].arrays("images")
    cut.inputs["data"] = InMemory({"train": images["train"][:48], "validation": images["validation"][:14]})
    for one in (few, cut):
        one.scratch.mkdir()
    first, second = train(few), train(cut)
    assert first.tables["history"].equals(second.tables["history"])
    assert all(np.array_equal(first.arrays["weights"][name], value) for name, value in second.arrays["weights"].items())


def test_more_images_than_there_are_is_all_of_them():
    assert first_images(None, {"train": 70, "validation": 20}) == {"train": 70, "validation": 20}
    assert first_images(100, {"train": 70, "validation": 20}) == {"train": 70, "validation": 20}
    assert first_images(7, {"train": 70, "validation": 20}) == {"train": 7, "validation": 2}
