"""What the settings of a data stage may say; light enough to be read without numpy."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

PositiveInt = Annotated[int, Field(gt=0, strict=True)]


class Limit(BaseModel):
    """At most this many images of each split, for quick runs."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    train: PositiveInt
    validation: PositiveInt
    test: PositiveInt


class DataSettings(BaseModel):
    """The settings of one data stage."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    data: Literal["mnist", "colored_mnist", "frey"]
    source: Literal["real", "embedded"]
    limit: Limit | None = None


MODULES = {
    ("mnist", "real"): "latentpress.datasets.mnist",
    ("mnist", "embedded"): "latentpress.datasets.embedded_digits",
    ("colored_mnist", "real"): "latentpress.datasets.colored_mnist",
    ("colored_mnist", "embedded"): "latentpress.datasets.colored_digits",
    ("frey", "real"): "latentpress.datasets.frey",
    ("frey", "embedded"): "latentpress.datasets.drawn_faces",
}
"""The module that makes each data set; its ``load(files)`` returns a `latentpress.datasets.content.DataSet`."""


DATA_SETS = tuple(dict.fromkeys(data for data, _ in MODULES))
FILES_OF = {"colored_mnist": "mnist"}
"""A data set that is made of another's files, to that other one."""
LIMITED = ("mnist", "colored_mnist")
"""Data sets of tens of thousands of images, of which quick runs take some."""


def late_modules(data: str, source: str) -> tuple[str, ...]:
    """The module that `latentpress.datasets.prepare.prepare` binds by name for these settings.

    Raises:
        KeyError: there is no such data set or source.
    """
    return (MODULES[data, source],)
