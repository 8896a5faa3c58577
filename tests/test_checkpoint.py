"""Checkpoints: what comes back, and that damage costs a training's epochs but never the training."""

from __future__ import annotations

import random
from pathlib import Path

import keras
import numpy as np
import pytest

from latentpress import checkpoint

HISTORY = [{"loss": 0.5}, {"loss": 0.25}]
VALUES = (np.arange(50, dtype=np.float32), np.ones((3, 3), dtype=np.float32))


def variables(*values: np.ndarray) -> list[keras.Variable]:
    return [keras.Variable(value) for value in values]


def blank() -> list[keras.Variable]:
    return variables(*map(np.zeros_like, VALUES))


def are(found: list[keras.Variable], expected: tuple[np.ndarray, ...]) -> bool:
    return all(
        np.array_equal(keras.ops.convert_to_numpy(one), value) for one, value in zip(found, expected, strict=True)
    )


def test_what_was_saved_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint"
    checkpoint.save(path, 2, HISTORY, variables(*VALUES))
    found = blank()
    assert checkpoint.load(path, found) == (2, HISTORY, {})
    assert are(found, VALUES)


def test_kept_weights_come_back_by_epoch_and_path(tmp_path: Path) -> None:
    kept = {1: {"code/kernel": VALUES[0]}, 3: {"code/kernel": 2 * VALUES[0], "code/bias": VALUES[1]}}
    checkpoint.save(tmp_path / "checkpoint", 3, HISTORY, variables(*VALUES), kept)
    found = checkpoint.load(tmp_path / "checkpoint", blank())[2]
    assert {epoch: list(weights) for epoch, weights in found.items()} == {
        1: ["code/kernel"],
        3: ["code/kernel", "code/bias"],
    }
    assert all(np.array_equal(found[epoch][name], kept[epoch][name]) for epoch in kept for name in kept[epoch])


def test_without_one_the_training_begins(tmp_path: Path) -> None:
    assert checkpoint.load(tmp_path / "checkpoint", blank()) == (0, [], {})


def test_a_damaged_one_is_told_and_removed_and_nothing_of_it_is_used(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "checkpoint"
    checkpoint.save(path, 2, HISTORY, variables(*VALUES))
    data = path.read_bytes()
    found, zeros = blank(), tuple(map(np.zeros_like, VALUES))
    bits = random.Random(0).sample(range(8 * len(data)), 200)
    flipped = [data[: bit // 8] + bytes([data[bit // 8] ^ 1 << bit % 8]) + data[bit // 8 + 1 :] for bit in bits]
    for damaged in [*flipped, b"", data[:-1], data[: len(data) // 2], data + b"\0"]:
        path.write_bytes(damaged)
        assert checkpoint.load(path, found) == (0, [], {})
        assert are(found, zeros)
        assert not path.exists()
        assert f"{path} is damaged" in capsys.readouterr().out
