"""The options of the commands, and the values that they may have."""

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


def print_version(wanted: bool) -> None:
    """Print the version and end."""
    if wanted:
        from importlib.metadata import version

        print(f"latentpress {version('latentpress')}")
        raise typer.Exit


VersionOption = Annotated[
    bool,
    typer.Option("--version", metavar=" ", is_eager=True, callback=print_version, help="Print the version and exit."),
]

# What several commands take.
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
        help="How much work: smoke (a minute or two, for a look), default, thorough (six paired seeds), "
        "published (the epochs that the original assignment used).",
    ),
]
DataOption = Annotated[DataMode, typer.Option("--data", help="As in build.")]
DataDirOption = Annotated[Path | None, typer.Option("--data-dir", metavar="DIR", help="As in build.")]
SeedsOption = Annotated[int | None, typer.Option("--seeds", parser=positive, metavar="N", help="As in build.")]
BackendOption = Annotated[Backend, typer.Option("--backend", help="As in build.")]
FLAG = " "
"""What the help shows in place of a value; left out, some versions of Typer show ``<bool>``."""
JsonOption = Annotated[bool, typer.Option("--json", metavar=FLAG, help="Print JSON for programs.")]

# What only a build takes, or explains at length.
SectionOption = Annotated[
    str | None,
    typer.Option(
        "--section",
        metavar="ID",
        help="Run this section's evaluations again even when they are up to date, and rebuild the PDF. "
        "Its trainings are kept, unless --retrain.",
    ),
]
RetrainOption = Annotated[
    bool, typer.Option("--retrain", metavar=FLAG, help="With --section: train its models again, too.")
]
BuildDataOption = Annotated[
    DataMode,
    typer.Option(
        "--data",
        help="auto: find or download the real data, else use the embedded; real: fail without the real; "
        "embedded: never look for the real.",
    ),
]
BuildDataDirOption = Annotated[
    Path | None,
    typer.Option(
        "--data-dir",
        metavar="DIR",
        help="Where the real data lie: mnist/ and frey/. Default: the variable LATENTPRESS_DATA.",
    ),
]
BuildSeedsOption = Annotated[
    int | None,
    typer.Option(
        "--seeds", parser=positive, metavar="N", help="Train each model N times; tables show mean and interval."
    ),
]
WorkersOption = Annotated[
    int | None,
    typer.Option(
        "--workers",
        parser=positive,
        metavar="N",
        help="Stages at once; default: the cores, or with --scheduler the cluster's threads. "
        "Changes no byte of the result.",
    ),
]
BuildBackendOption = Annotated[Backend, typer.Option("--backend", help="The library that Keras computes with.")]
NoInstallTexOption = Annotated[
    bool,
    typer.Option("--no-install-tex", metavar=FLAG, help="Never install TeX, even where that needs no question."),
]
StrictOption = Annotated[
    bool,
    typer.Option("--strict", metavar=FLAG, help="Stop at the first failed stage instead of delivering the rest."),
]
SchedulerOption = Annotated[
    str | None,
    typer.Option(
        "--scheduler",
        metavar="ADDRESS",
        help="Run the stages on the workers of the Dask scheduler at this address, tcp://HOST:PORT. "
        "Changes no byte of the result on machines of one kind.",
    ),
]
MirrorOption = Annotated[
    str | None,
    typer.Option(
        "--mirror",
        metavar="URL",
        help="Take finished artifacts from this folder or address (file:///..., s3://...), and send new ones "
        "there; with --scheduler for workers that share no disk with this machine.",
    ),
]
