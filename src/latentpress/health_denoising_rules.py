"""The health check of models that denoise."""

from __future__ import annotations

from latentpress.health_rules import Rule
from latentpress.health_subject import the

NOISY_INPUT = "noisy_input"

DENOISING_RULES = (
    Rule(
        name="denoised images hold less noise",
        quantity="denoised_snr",
        relation="above",
        threshold=the("denoised_snr", NOISY_INPUT),
        guards_against="a model whose images are farther from the clean ones than the noisy images that it was given",
        why="the signal-to-noise ratio of the noisy images in dB, at the stated noise",
    ),
)
