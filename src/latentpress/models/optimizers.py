"""Optimizers and the learning-rate schedule that the settings choose among."""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import ops

from latentpress.models.settings import TrainingSettings

Tensor = Any


class OneCycle(keras.optimizers.schedules.LearningRateSchedule):
    """A rate that rises along a cosine to its peak and falls along another to zero.

    Source: L. N. Smith and N. Topin, *Super-convergence*, 2018 (arXiv:1708.07120).

    Args:
        peak: the highest rate.
        steps: the number of steps of the whole training.
        warm_up: the fraction of the steps in which the rate rises, in (0, 1].
    """

    start = 0.04
    """The first rate, as a fraction of the peak."""

    def __init__(self, peak: float, steps: int, warm_up: float) -> None:
        self.peak, self.steps, self.warm_up = peak, steps, warm_up

    def __call__(self, step: Tensor) -> Tensor:
        """Rate at a step."""
        done = ops.minimum(ops.cast(step, "float32") / self.steps, 1.0)
        rising = self.start + (1 - self.start) * 0.5 * (1 - ops.cos(math.pi * done / self.warm_up))
        falling = 0.5 * (1 + ops.cos(math.pi * (done - self.warm_up) / max(1 - self.warm_up, 1e-9)))
        return self.peak * ops.where(done < self.warm_up, rising, falling)

    def get_config(self) -> dict[str, Any]:
        """Keras' way to save the schedule."""
        return {"peak": self.peak, "steps": self.steps, "warm_up": self.warm_up}


class AdamL2(keras.optimizers.Adam):
    """Adam on the loss and half of a factor times the sum of the squared weights, as torch's ``weight_decay`` has it.

    Unlike AdamW's, this decay goes through Adam's averages, and is scaled by them as any other gradient.

    Args:
        rate: of learning.
        factor: of the penalty on the weights.
    """

    def __init__(self, rate: Any, factor: float, **options: Any) -> None:
        super().__init__(rate, **options)
        self.factor = factor

    def update_step(self, gradient: Tensor, variable: Any, learning_rate: Tensor) -> None:
        """One step of one variable."""
        super().update_step(
            ops.add(gradient, self.factor * ops.cast(variable, gradient.dtype)), variable, learning_rate
        )


class MuonDecoder(keras.optimizers.Muon):
    """Muon on the decoder's kernels, AdamW on everything else.

    The decoder has to turn one code into an image and gains most from orthogonalised steps; an encoder
    trained so reconstructs well but its codes separate the classes less (see docs/results.md). Kernels of
    transposed convolutions (height, width, out, in) are flattened to matrices with a row for each channel out.
    Source: K. Jordan et al., *Muon*, 2024; scale of the step: J. Liu et al., 2025 (arXiv:2502.16982).
    """

    def _should_use_adamw(self, variable: Any) -> bool:
        is_kernel = len(variable.shape) in (2, 4) and min(variable.shape[-2:]) > 1
        return not (is_kernel and variable.path.startswith(("expand", "upconv")))

    def zeropower_via_newtonschulz5(self, x: Tensor, steps: int) -> Tensor:
        """Orthogonalise the flattened kernel; in bfloat16, whose precision the iteration tolerates."""
        if len(x.shape) == 2:
            return ops.cast(super().zeropower_via_newtonschulz5(ops.cast(x, "bfloat16"), steps), x.dtype)
        height, width, channels, channels_in = x.shape
        flat = ops.reshape(ops.transpose(x, (2, 0, 1, 3)), (channels, -1))
        orthogonal = super().zeropower_via_newtonschulz5(ops.cast(flat, "bfloat16"), steps)
        back = ops.reshape(orthogonal, (channels, height, width, channels_in))
        return ops.cast(ops.transpose(back, (1, 2, 0, 3)), x.dtype)

    def lr_adjust(self, x: Tensor) -> Tensor:
        """Scale the step to the size of an AdamW step, by the flattened kernel's larger side."""
        rows = x.shape[-2]
        return x * (0.2 * math.sqrt(max(rows, math.prod(x.shape) // rows)))


def make_optimizer(settings: TrainingSettings, steps: int) -> keras.optimizers.Optimizer:
    """The optimizer that the settings name.

    Args:
        settings: optimizer, rate, schedule and weight decay.
        steps: the number of steps of the whole training.
    """
    rate: Any = settings.peak_rate
    if settings.schedule == "one_cycle":
        rate = OneCycle(settings.peak_rate, max(steps, 1), settings.warm_up)
    decay = settings.weight_decay
    if settings.optimizer == "adam":
        return keras.optimizers.Adam(rate)
    if settings.optimizer == "adam_l2":
        return AdamL2(rate, decay)
    if settings.optimizer == "adamw":
        return keras.optimizers.AdamW(rate, weight_decay=decay, beta_2=0.99)
    return _muon_decoder(rate, decay)


def make_decoder_optimizer(settings: TrainingSettings, steps: int) -> keras.optimizers.Optimizer:
    """The optimizer of the epochs in which the decoder alone is trained: Muon, whose rate makes one cycle.

    Args:
        settings: rate and weight decay.
        steps: the number of steps of these epochs.
    """
    return _muon_decoder(OneCycle(settings.decoder_rate, max(steps, 1), settings.warm_up), settings.weight_decay)


def _muon_decoder(rate: Any, decay: float) -> MuonDecoder:
    return MuonDecoder(rate, weight_decay=decay, adam_weight_decay=decay, adam_beta_2=0.99)
