"""Which epoch a training ends with, and when early stopping ends it."""

import math

from hypothesis import given
from hypothesis import strategies as st

from latentpress import keeping

LOSSES = st.lists(st.floats(allow_nan=True, allow_infinity=True), min_size=1, max_size=12)


def history(losses):
    return [{"val_loss": loss} for loss in losses]


@given(LOSSES)
def test_the_best_epoch_has_the_smallest_loss_that_is_a_number(losses):
    best = keeping.best_epoch(history(losses))
    finite = [loss for loss in losses if math.isfinite(loss)]
    if finite:
        assert losses[best - 1] == min(finite)
        assert min(finite) not in losses[: best - 1]
    else:
        assert best == len(losses)


@given(LOSSES, st.integers(1, 5))
def test_a_training_is_over_once_patience_is_spent_and_never_while_it_improves(losses, patience):
    told = [keeping.is_over(history(losses[:count]), patience) for count in range(len(losses) + 1)]
    assert not told[0]
    for count in range(1, len(losses) + 1):
        assert told[count] == (count - keeping.best_epoch(history(losses[:count])) >= patience)


def test_without_patience_no_training_is_over_before_its_last_epoch():
    assert not keeping.is_over(history([1.0, 2.0, 3.0, 4.0]), None)
