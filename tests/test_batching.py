"""Batching: Keras sees the arrays in their order, and nothing tunes itself behind its back."""

import keras
import numpy as np
import pytest

from latentpress.batching import batches

tensorflow_only = pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="data sets are TensorFlow's")


def seen_by_fit(inputs, targets, size):
    """What reaches a model's loss, batch by batch."""
    seen = []

    class Recorder(keras.Model):
        def call(self, x):
            return x

        def train_on(self, arguments):
            self.compile(loss=self.keep, run_eagerly=True)
            self.fit(**arguments, shuffle=False, verbose=0)

        def keep(self, y, predicted):
            seen.append((np.array(predicted), np.array(y)))
            return keras.ops.mean(predicted, axis=-1)

    Recorder().train_on(batches(inputs, targets, size))
    return seen


def test_every_image_is_seen_once_in_its_order_with_its_target():
    """The last batch has what is left."""
    inputs = np.arange(14, dtype="float32").reshape(7, 2)
    seen = seen_by_fit(inputs, -inputs, 3)
    assert [len(x) for x, _ in seen] == [3, 3, 1]
    np.testing.assert_array_equal(np.concatenate([x for x, _ in seen]), inputs)
    np.testing.assert_array_equal(np.concatenate([y for _, y in seen]), -inputs)


@tensorflow_only
def test_data_sets_do_not_tune_themselves():
    """A thread that tunes makes whoever is done with the data wait for up to a minute."""
    dataset = batches(np.zeros((4, 2), "float32"), np.zeros((4, 2), "float32"), 2)["x"]
    assert dataset.options().autotune.enabled is False
    assert int(dataset.cardinality()) == 2


def test_other_backends_get_the_arrays_as_they_are(monkeypatch):
    """JAX and torch need no data set of TensorFlow's."""
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    inputs, targets = np.zeros((4, 2), "float32"), np.ones((4, 2), "float32")
    arguments = batches(inputs, targets, 2)
    assert arguments["x"] is inputs
    assert arguments["y"] is targets
    assert arguments["batch_size"] == 2
