"""Penalties as pure functions of tensors; each runs on every Keras backend."""

from __future__ import annotations

import math
from typing import Any

from keras import ops

Tensor = Any
_TINY = 1e-6


def kl_sparsity(activations: Tensor, target: float) -> Tensor:
    r"""Divergence of the units' mean activations from a target, summed over units.

    .. math:: \sum_j \rho\log\frac{\rho}{\hat\rho_j} + (1-\rho)\log\frac{1-\rho}{1-\hat\rho_j},
        \qquad \hat\rho_j = \tfrac1n \sum_i z_{ij}

    Source: A. Ng, *Sparse autoencoder*, CS294A lecture notes, 2011.

    Args:
        activations: z, shape (n, units), each in (0, 1).
        target: ρ in (0, 1).

    Returns:
        A scalar in nats, 0 when every unit's mean is the target.
    """
    mean = ops.clip(ops.mean(ops.cast(activations, "float32"), axis=0), _TINY, 1.0 - _TINY)
    on = target * ops.log(target / mean)
    off = (1.0 - target) * ops.log((1.0 - target) / (1.0 - mean))
    return ops.sum(on + off)


def squared_norm_estimate(products: Tensor) -> Tensor:
    r"""Unbiased estimate of the mean squared Frobenius norm of a Jacobian from random projections.

    For :math:`v \sim N(0, I)`, :math:`E\,\lVert Jv\rVert^2 = \lVert J\rVert_F^2`
    (M. F. Hutchinson, *Communications in Statistics* 19, 1990).

    Args:
        products: Jv, one random v per image, shape (n, code).

    Returns:
        The mean of ‖Jv‖² over the images, a scalar.
    """
    return ops.mean(ops.sum(ops.square(ops.cast(products, "float32")), axis=-1))


def code_variance(codes: Tensor) -> Tensor:
    """Trace of the codes' covariance, tr Cov(z), a scalar; codes have shape (n, code)."""
    return ops.sum(ops.var(ops.cast(codes, "float32"), axis=0))


def contraction_ratio(products: Tensor, codes: Tensor) -> Tensor:
    r"""The scale-free contractive penalty :math:`\rho = \lVert J\rVert_F^2 / \mathrm{tr}\,\mathrm{Cov}(z)`.

    The raw norm (S. Rifai et al., *Contractive auto-encoders*, ICML 2011) can be met by shrinking z while
    the decoder grows; the ratio cannot.

    Args:
        products: Jv for random v, shape (m, code); see `squared_norm_estimate`.
        codes: z, shape (n, code).
    """
    return squared_norm_estimate(products) / (code_variance(codes) + _TINY)


def gaussian_kl(mean: Tensor, log_variance: Tensor) -> Tensor:
    r"""Divergence of a diagonal Gaussian from the standard one, summed over the code's dimensions.

    .. math:: \tfrac12 \sum_j \left(\mu_j^2 + \sigma_j^2 - 1 - \log\sigma_j^2\right)

    Source: D. P. Kingma and M. Welling, *Auto-encoding variational Bayes*, ICLR 2014, appendix B.

    Args:
        mean: μ, shape (n, code).
        log_variance: log σ², shape (n, code).

    Returns:
        Nats per image, shape (n,).
    """
    return 0.5 * ops.sum(ops.square(mean) + ops.exp(log_variance) - 1.0 - log_variance, axis=-1)


def bernoulli_loss(targets: Tensor, probabilities: Tensor) -> Tensor:
    r"""Binary cross-entropy summed over the pixels, in nats per image.

    .. math:: -\sum_k x_k \log p_k + (1 - x_k) \log(1 - p_k)

    On grey levels it is bounded below by the images' own entropy, not by zero.

    Args:
        targets: x in [0, 1], shape (n, H, W, C).
        probabilities: p in (0, 1), the same shape.

    Returns:
        Shape (n,).
    """
    p = ops.clip(probabilities, 1e-7, 1.0 - 1e-7)
    terms = targets * ops.log(p) + (1.0 - targets) * ops.log(1.0 - p)
    return -ops.sum(terms, axis=(1, 2, 3))


SMALLEST_VARIANCE = (1 / 255) ** 2 / 12
"""Of a Gaussian decoder: what rounding to 256 grey levels leaves. Below it the density tells of the rounding alone."""


def gaussian_loss(targets: Tensor, means: Tensor) -> Tensor:
    r"""Negative log density of images under Gaussian pixels that share the most likely variance, in nats per image.

    .. math:: \frac{P}{2} \log 2\pi\sigma^2 + \frac{\lVert x - \hat x \rVert^2}{2\sigma^2},
        \qquad \sigma^2 = \max\Bigl(\frac{1}{nP} \sum_i \lVert x_i - \hat x_i \rVert^2,\ \sigma_{\min}^2\Bigr)

    Source: O. Rybkin, K. Daniilidis and S. Levine, *Simple and effective VAE training with calibrated decoders*,
    ICML 2021 (the optimal :math:`\sigma`-VAE). The variance is that of the batch. At the optimum the derivative with
    respect to it vanishes, so that no gradient needs to pass through it.

    Args:
        targets: x, shape (n, H, W, C), P = H·W·C.
        means: of the pixels, the same shape.

    Returns:
        Shape (n,); its mean is P/2·(1 + log 2πσ²). A density can exceed one, and this be negative.
    """
    squares = ops.square(ops.cast(targets, "float32") - ops.cast(means, "float32"))
    variance = ops.stop_gradient(ops.maximum(ops.mean(squares), SMALLEST_VARIANCE))
    pixels = math.prod(targets.shape[1:])
    return 0.5 * (pixels * ops.log(2 * math.pi * variance) + ops.sum(squares, axis=(1, 2, 3)) / variance)
