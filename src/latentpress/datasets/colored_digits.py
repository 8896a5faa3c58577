"""What takes the place of colored MNIST where there is none: the embedded digits, coloured in the same way."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from latentpress.datasets import embedded_digits
from latentpress.datasets.colouring import coloured
from latentpress.datasets.content import DataSet


def load(files: Mapping[str, Path]) -> DataSet:
    """Draw the embedded digits, and colour them; the same bytes every time.

    Args:
        files: nothing; the originals come with scikit-learn.
    """
    return coloured(embedded_digits.load(files), "scikit-learn's handwritten digits, coloured")
