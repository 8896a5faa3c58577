"""The probe that the classification fitted, for evaluations that show it other codes or look at its probabilities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import log_softmax

if TYPE_CHECKING:
    from latentpress.engine.store import Artifact

PROBE = "probe"
"""Name of the arrays that the classification leaves: the fields of `LinearProbe`; none where it did not converge."""


@dataclass(frozen=True, slots=True)
class LinearProbe:
    """Multinomial logistic regression on standardised codes.

    Attributes:
        mean, scale: what is taken away from each code dimension, and what it is divided by then; (code,).
        coefficients: (classes, code).
        intercepts: (classes,).
        classes: the label that each row of the coefficients stands for, int64 (classes,).
    """

    mean: np.ndarray
    scale: np.ndarray
    coefficients: np.ndarray
    intercepts: np.ndarray
    classes: np.ndarray

    def log_probabilities(self, codes: np.ndarray) -> np.ndarray:
        """Logarithms of the classes' probabilities, in nats: (n, code) as the encoder gives them to (n, classes)."""
        standardised = (codes - self.mean) / self.scale
        return np.asarray(log_softmax(standardised @ self.coefficients.T + self.intercepts, axis=1))

    def predict(self, codes: np.ndarray) -> np.ndarray:
        """The likeliest class of each code (n, code), int64 (n,)."""
        return np.asarray(self.classes[np.argmax(self.log_probabilities(codes), axis=1)])


def read_probe(classification: Artifact) -> LinearProbe | None:
    """The probe of a classification's artifact; None where it did not converge."""
    if f"{PROBE}.npz" not in classification.names():
        return None
    return LinearProbe(**classification.arrays(PROBE))
