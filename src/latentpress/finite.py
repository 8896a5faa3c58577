"""Refusal of what a diverged training leaves, with a message that names it."""

from __future__ import annotations

import numpy as np

from latentpress.errors import StageError


def check_finite(what: str, values: np.ndarray) -> np.ndarray:
    """Give values back if all of them are numbers.

    Args:
        what: the values, as the message names them: ``"codes of the test split"``.
        values: of any shape.

    Raises:
        StageError: one of them is infinite or NaN.
    """
    wrong = int(np.sum(~np.isfinite(values)))
    if wrong:
        raise StageError(
            f"of {values.size:,} numbers in the {what}, {wrong:,} are infinite or none at all; expected finite ones",
            "The training diverged: look at its losses, and lower training.peak_rate of the experiment.",
        )
    return values
