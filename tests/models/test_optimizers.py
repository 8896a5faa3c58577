"""The learning-rate schedule and the optimizers that settings choose."""

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from latentpress.models.optimizers import MuonDecoder, OneCycle, make_optimizer
from latentpress.models.settings import TrainingSettings


def rates(schedule, steps):
    return np.asarray(schedule(np.arange(steps + 1)))


@settings(max_examples=25, deadline=None)
@given(st.integers(10, 500), st.floats(0.05, 0.9))
def test_one_cycle_rises_to_the_peak_once_and_falls_to_zero(steps, warm_up):
    values = rates(OneCycle(2e-3, steps, warm_up), steps)
    top = values.argmax()
    assert (np.diff(values[: top + 1]) >= -1e-9).all()
    assert (np.diff(values[top:]) <= 1e-9).all()
    assert values.max() <= 2e-3 * (1 + 1e-6)
    assert values[-1] == pytest.approx(0, abs=1e-8)


@pytest.mark.parametrize(("name", "kind"), [("adam", "Adam"), ("adamw", "AdamW"), ("muon_decoder", "MuonDecoder")])
def test_settings_choose_the_optimizer(name, kind):
    assert type(make_optimizer(TrainingSettings(optimizer=name), steps=10)).__name__ == kind


def test_constant_schedule_keeps_the_rate():
    optimizer = make_optimizer(TrainingSettings(schedule="constant", peak_rate=0.5, optimizer="adam"), steps=10)
    assert float(optimizer.learning_rate) == 0.5


def test_muon_steps_are_orthogonal_up_to_the_iterations_accuracy():
    update = np.asarray(
        MuonDecoder(1e-3).zeropower_via_newtonschulz5(keras.random.normal((3, 3, 8, 16), seed=0), 5)
    )
    update = update.transpose(2, 0, 1, 3).reshape(8, 144)  # a row for each channel out
    singular = np.linalg.svd(update, compute_uv=False)
    assert singular.min() > 0.5
    assert singular.max() < 1.4
