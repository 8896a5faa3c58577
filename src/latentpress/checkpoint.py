"""One atomic file per training, from which it resumes with the same bits."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from keras import ops

from latentpress.engine.checksums import add_checksum, take_checksum

Kept = dict[int, dict[str, np.ndarray]]
"""Epoch to the weights that a model had after it, by their paths."""


def save(
    path: Path,
    epoch: int,
    history: Sequence[dict[str, float]],
    variables: Sequence[Any],
    kept: Mapping[int, Mapping[str, np.ndarray]] | None = None,
) -> None:
    """Write epoch number, history and variables; after a crash the file is the old one or the new one.

    Args:
        path: of the checkpoint.
        epoch: epochs finished.
        history: one record an epoch.
        variables: of model and optimizer, always in the same order.
        kept: epoch to the weights that the model had after it, by their paths, of epochs whose weights are kept.
    """
    weights = {epoch: dict(found) for epoch, found in (kept or {}).items()}
    paths = {str(epoch): list(found) for epoch, found in weights.items()}
    arrays = {f"variable_{number}": ops.convert_to_numpy(v.value) for number, v in enumerate(variables)}
    for number, found in weights.items():
        arrays |= {f"kept_{number}_{index}": array for index, array in enumerate(found.values())}
    state = json.dumps({"epoch": epoch, "history": list(history), "kept": paths}).encode()
    buffer = io.BytesIO()
    np.savez(buffer, state=np.frombuffer(state, dtype=np.uint8), allow_pickle=False, **arrays)
    fresh = path.with_suffix(".new")
    with fresh.open("wb") as stream:
        stream.write(add_checksum(buffer.getvalue()))
        stream.flush()
        os.fsync(stream.fileno())
    fresh.replace(path)


def load(path: Path, variables: Sequence[Any]) -> tuple[int, list[dict[str, float]], Kept]:
    """Assign the saved variables.

    Args:
        path: of the checkpoint; one that does not exist is an empty one.
        variables: as given to `save`.

    Returns:
        Epochs finished, the history, and the kept weights; ``(0, [], {})`` without a checkpoint, or where it is
        damaged.
    """
    if not path.exists():
        return 0, [], {}
    body = take_checksum(path.read_bytes())
    if body is None:
        print(f"{path} is damaged; it is removed, and the training begins again")
        path.unlink()
        return 0, [], {}
    with np.load(io.BytesIO(body), allow_pickle=False) as archive:
        state = json.loads(archive["state"].tobytes())
        for number, variable in enumerate(variables):
            variable.assign(archive[f"variable_{number}"])
        kept = {
            int(epoch): {name: archive[f"kept_{epoch}_{index}"] for index, name in enumerate(names)}
            for epoch, names in state["kept"].items()
        }
    return state["epoch"], state["history"], kept
