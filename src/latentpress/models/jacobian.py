"""Products with an encoder's Jacobian dz/dx, in forward mode."""

from __future__ import annotations

from typing import Any

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
    """The whole Jacobian of every image, one column per pixel.

    Each image is repeated once per pixel and pushed along the unit vectors, so the cost is that of
    H·W·C forward passes, and the memory that of one image's.

    Args:
        encoder: as in `jacobian_products`.
        images: float32 (n, H, W, C).

    Returns:
        float32 (n, code, H·W·C).
    """
    shape = images.shape[1:]
    pixels = int(np.prod(shape))
    directions = np.eye(pixels, dtype="float32").reshape(pixels, *shape)
    columns = []
    for image in images:
        repeated = np.broadcast_to(image, directions.shape)
        products = jacobian_products(encoder, ops.convert_to_tensor(repeated), ops.convert_to_tensor(directions))
        columns.append(np.asarray(ops.convert_to_numpy(products)).T)
    return np.stack(columns)
