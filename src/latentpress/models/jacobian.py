"""Products with an encoder's Jacobian dz/dx, and the whole of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import ops

Tensor = Any


def jacobian_products(encoder: Any, images: Tensor, tangents: Tensor) -> Tensor:
    """Jv for every image: the derivative of its code along its tangent.

    Args:
        encoder: a Keras model, images (n, H, W, C) to codes (n, code).
        images: where the Jacobian is taken.
        tangents: v, the shape of the images.

    Returns:
        Shape (n, code).
    """
    _, products = ops.jvp(lambda batch: encoder(batch, training=False), (images,), (tangents,))
    return products


def exact_jacobian(encoder: Any, images: np.ndarray) -> np.ndarray:
    """The whole Jacobian of every image, one row per code unit.

    In reverse mode: one backward pass per unit of the code. Forward mode would take one pass per pixel, six
    times as many, and shares nothing with it but the network, so each checks the other.

    Args:
        encoder: as in `jacobian_products`.
        images: float32 (n, H, W, C).

    Returns:
        float32 (n, code, H·W·C).
    """
    codes, pull_back = _pullback(encoder, ops.convert_to_tensor(images))
    rows = []
    for unit in range(codes.shape[-1]):
        cotangents = np.zeros(codes.shape, "float32")
        cotangents[:, unit] = 1.0
        gradient = ops.convert_to_numpy(pull_back(ops.convert_to_tensor(cotangents)))
        rows.append(np.asarray(gradient).reshape(len(images), -1))
    return np.stack(rows, axis=1)


def _pullback(encoder: Any, images: Tensor) -> tuple[Tensor, Callable[[Tensor], Tensor]]:
    """Codes, and the map from cotangents (n, code) to gradients (n, H, W, C); Keras has no operation for it."""
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        with tf.GradientTape(persistent=True) as tape:
            tape.watch(images)
            codes = encoder(images, training=False)
        return codes, lambda cotangents: tape.gradient(codes, images, output_gradients=cotangents)
    if backend == "jax":
        import jax

        codes, pull_back = jax.vjp(lambda batch: encoder(batch, training=False), images)
        return codes, lambda cotangents: pull_back(cotangents)[0]
    import torch

    images = images.detach().requires_grad_()
    codes = encoder(images, training=False)
    return codes, lambda cotangents: torch.autograd.grad(codes, images, cotangents, retain_graph=True)[0]
