"""Which weights a training keeps: those of the last epoch, or of the best one, and those of chosen ones."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from latentpress.checkpoint import Kept
from latentpress.models.loading import assign_weights, named_weights
from latentpress.models.settings import TrainingSettings

History = Sequence[dict[str, float]]


def best_epoch(history: History) -> int:
    """The epoch with the smallest validation loss, the first of equal ones; the last where no loss is a number."""
    losses = [record["val_loss"] if math.isfinite(record["val_loss"]) else math.inf for record in history]
    best = min(losses, default=math.inf)
    return losses.index(best) + 1 if math.isfinite(best) else len(history)


def is_over(history: History, patience: int | None) -> bool:
    """Whether early stopping ends a training here: so many epochs have gone by since the best one."""
    return patience is not None and bool(history) and len(history) - best_epoch(history) >= patience


def keep(kept: Kept, autoencoder: Any, history: History, settings: TrainingSettings) -> Kept:
    """Take the weights after the last epoch of the history if they are wanted, and leave those no longer wanted."""
    wanted = set(settings.kept_epochs)
    if settings.patience is not None:
        wanted.add(best_epoch(history))
    epoch = len(history)
    fresh = {epoch: named_weights(autoencoder)} if epoch in wanted else {}
    return {number: found for number, found in (kept | fresh).items() if number in wanted}


def finish(kept: Kept, autoencoder: Any, history: History, settings: TrainingSettings) -> int:
    """Give the model the weights that the training ends with.

    Returns:
        The epoch that they are of.
    """
    if settings.patience is None or not history:
        return len(history)
    epoch = best_epoch(history)
    assign_weights(autoencoder, kept[epoch])
    return epoch
