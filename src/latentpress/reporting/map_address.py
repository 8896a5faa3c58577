"""Where the map of a model's codes can be turned: a page beside the report, and the model's name behind it."""

from __future__ import annotations

import re

PAGE = "tsne.html"
MODEL = re.compile(r"[a-z][a-z0-9_]*")
"""An experiment's name. Nothing else comes into an address."""


def address(model: str) -> str:
    """The address of a model's map, relative to the report.

    >>> address("sparse")
    'tsne.html#sparse'

    Raises:
        ValueError: the name is none that an experiment can have.
    """
    if not MODEL.fullmatch(model):
        raise ValueError(f"expected the name of an experiment, received {model!r}")
    return f"{PAGE}#{model}"


def is_address(text: str) -> bool:
    """Whether a text is the address of some model's map, and nothing else."""
    name, _, model = text.partition("#")
    return name == PAGE and MODEL.fullmatch(model) is not None
