"""Colored MNIST: MNIST's digits, each in a colour that is drawn from the distribution of its class."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from latentpress.datasets import mnist
from latentpress.datasets.colouring import coloured
from latentpress.datasets.content import DataSet


def load(files: Mapping[str, Path]) -> DataSet:
    """Read, check and split MNIST, and colour it.

    Args:
        files: MNIST's own, from `latentpress.datasets.sources.locate`.

    Raises:
        DataError: a file is damaged, or its content is not MNIST's.
    """
    return coloured(mnist.load(files), "colored MNIST")
