"""Closed forms of a variational autoencoder's objective, in numpy and double precision.

They are written apart from the training's own, so that each can be held against the other.
"""

from __future__ import annotations

import numpy as np
from scipy.special import xlog1py, xlogy

_SMALLEST = 1e-7  # probabilities are kept this far from 0 and 1


def kl_by_dimension(mean: np.ndarray, log_variance: np.ndarray) -> np.ndarray:
    r"""KL divergence of N(μ, σ²) from N(0, 1), in nats: :math:`\tfrac12(μ^2 + σ^2 - 1 - \log σ^2)`.

    Args:
        mean, log_variance: of q(z|x), (n, code).

    Returns:
        float64 (n, code).
    """
    mu, log_var = mean.astype(np.float64), log_variance.astype(np.float64)
    return np.asarray(0.5 * (mu**2 + np.expm1(log_var) - log_var))


def cross_entropy(images: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    r"""Bernoulli cross-entropy :math:`-\sum_k x_k \log p_k + (1-x_k)\log(1-p_k)` of each image, in nats.

    Args:
        images: x in [0, 1], (n, H, W, C).
        probabilities: p, the same shape.

    Returns:
        float64 (n,).
    """
    x = images.astype(np.float64).reshape(len(images), -1)
    p = probabilities.astype(np.float64).reshape(len(images), -1).clip(_SMALLEST, 1 - _SMALLEST)
    return np.asarray(-np.sum(xlogy(x, p) + xlog1py(1 - x, -p), axis=1))


def entropy(images: np.ndarray) -> np.ndarray:
    """The least that `cross_entropy` can be: that of grey levels with themselves, float64 (n,) in nats."""
    x = images.astype(np.float64).reshape(len(images), -1)
    return np.asarray(-np.sum(xlogy(x, x) + xlog1py(1 - x, -x), axis=1))


def active_units(mean: np.ndarray, threshold: float = 0.01) -> int:
    """Number of dimensions that the data moves: Var(μ) over images above 0.01 (Burda et al., ICLR 2016).

    Args:
        mean: of q(z|x), (n, code).
        threshold: of the variance.
    """
    return int(np.sum(np.var(mean, axis=0, dtype=np.float64) > threshold))


SMALLEST_VARIANCE = 1 / (12 * 255**2)  # of what rounding to 256 grey levels does to a pixel in [0, 1]


def optimal_variance(images: np.ndarray, means: np.ndarray) -> float:
    """The most likely variance that all pixels share: their mean squared error, but no less than rounding leaves.

    Args:
        images, means: (n, H, W, C).
    """
    return max(float(np.mean(np.square(images.astype(np.float64) - means))), SMALLEST_VARIANCE)


def negative_log_density(images: np.ndarray, means: np.ndarray, variance: float) -> np.ndarray:
    r"""That of Gaussian pixels, :math:`\tfrac12\sum_k\bigl(\log 2πσ^2 + (x_k - m_k)^2/σ^2\bigr)`, in nats.

    Args:
        images, means: x and m, (n, H, W, C).
        variance: σ².

    Returns:
        float64 (n,); negative where the density is above one.
    """
    squares = np.square(images.astype(np.float64) - means).reshape(len(images), -1)
    return np.asarray(0.5 * (squares.shape[1] * np.log(2 * np.pi * variance) + squares.sum(axis=1) / variance))
