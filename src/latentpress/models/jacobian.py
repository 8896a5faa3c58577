"""Products with an encoder's Jacobian dz/dx, and the whole of it."""

from __future__ import annotations

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
    backend = keras.backend.backend()
    rows = {"tensorflow": _tensorflow_rows, "jax": _jax_rows, "torch": _torch_rows}[backend]
    gradients = np.asarray(ops.convert_to_numpy(rows(encoder, ops.convert_to_tensor(images))))
    return gradients.reshape(*gradients.shape[:2], -1).swapaxes(0, 1)


# The gradient of each unit of the code, (code, n, H, W, C); Keras has no operation for it.


def _tensorflow_rows(encoder: Any, images: Tensor) -> Tensor:
    import tensorflow as tf

    def rows(images: Tensor) -> Tensor:
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(images)
            codes = encoder(images, training=False)

        def row(cotangent: Tensor) -> Tensor:
            return tape.gradient(codes, images, output_gradients=tf.broadcast_to(cotangent, tf.shape(codes)))

        return tf.map_fn(row, tf.eye(codes.shape[-1]))

    # As one graph: half the time of as many calls of the tape, with the same bits.
    return tf.function(rows)(images)


def _jax_rows(encoder: Any, images: Tensor) -> Tensor:
    import jax

    codes, pull_back = jax.vjp(lambda batch: encoder(batch, training=False), images)
    cotangents = jax.numpy.eye(codes.shape[-1])
    return jax.lax.map(lambda row: pull_back(jax.numpy.broadcast_to(row, codes.shape))[0], cotangents)


def _torch_rows(encoder: Any, images: Tensor) -> Tensor:
    import torch

    images = images.detach().requires_grad_()
    codes = encoder(images, training=False)
    units = torch.eye(codes.shape[-1])
    rows = [torch.autograd.grad(codes, images, unit.expand(codes.shape), retain_graph=True)[0] for unit in units]
    return torch.stack(rows)
