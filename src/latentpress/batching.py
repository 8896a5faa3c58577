"""Arrays as Keras takes them, a batch at a time."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

VALIDATION_BATCH = 500
"""Images of the validation split that are evaluated together; of a Gaussian decoder they share a variance."""


def batches(inputs: np.ndarray, targets: np.ndarray, size: int) -> dict[str, Any]:
    """Arguments for Keras' ``fit`` and ``evaluate``: the arrays in their order, in batches.

    Args:
        inputs: (n, …), float32.
        targets: (n, …), float32; where they are the inputs themselves, these are held once.
        size: images in a batch; the last one may have fewer.
    """
    if keras.backend.backend() != "tensorflow":
        return {"x": inputs, "y": targets, "batch_size": size}
    import tensorflow as tf

    # From arrays, Keras makes a data set that tunes itself: a thread of TensorFlow's sleeps for up to a minute between
    # two looks at it, and whoever is done with the data waits until it wakes. A training of 231 s took 295 s so.
    options = tf.data.Options()
    options.autotune.enabled = False
    if inputs is targets:  # held once
        whole = tf.data.Dataset.from_tensor_slices(inputs).batch(size).map(lambda batch: (batch, batch))
    else:
        whole = tf.data.Dataset.from_tensor_slices((inputs, targets)).batch(size)
    return {"x": whole.with_options(options)}
