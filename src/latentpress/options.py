"""What several commands take: the options, and the values that they may have."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class DataMode(StrEnum):
    """Which data a build may use."""

    auto = "auto"
    real = "real"
    embedded = "embedded"


class Profile(StrEnum):
    """How much work a build does."""

    smoke = "smoke"
    default = "default"
    thorough = "thorough"
    published = "published"


class Backend(StrEnum):
    """Which library Keras computes with."""

    tensorflow = "tensorflow"
    jax = "jax"
    torch = "torch"


def whole(text: str) -> int:
    """Read a whole number of at least 0."""
    if not text.isdecimal():
        raise typer.BadParameter(f"found {text!r}, expected a whole number of at least 0")
    return int(text)


def positive(text: str) -> int:
    """Read a whole number of at least 1."""
    if not text.isdecimal() or int(text) < 1:
        raise typer.BadParameter(f"found {text!r}, expected a whole number of at least 1")
    return int(text)


ProjectOption = Annotated[
    Path | None,
    typer.Option("--project", metavar="DIR", help="The project's folder; by default found from here upwards."),
]
BuildDirOption = Annotated[
    Path | None, typer.Option("--build-dir", metavar="DIR", help="Put everything generated there instead of build/.")
]
ProfileOption = Annotated[
    Profile,
    typer.Option(
        "--profile",
        help="How much work: smoke (seconds, for tests), default, thorough (six paired seeds), "
        "published (the epochs that the original assignment used).",
    ),
]
DataOption = Annotated[DataMode, typer.Option("--data", help="As in build.")]
DataDirOption = Annotated[Path | None, typer.Option("--data-dir", metavar="DIR", help="As in build.")]
SeedsOption = Annotated[int | None, typer.Option("--seeds", parser=positive, metavar="N", help="As in build.")]
BackendOption = Annotated[Backend, typer.Option("--backend", help="As in build.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
