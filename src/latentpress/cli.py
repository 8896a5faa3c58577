"""The commands. Imports nothing heavy: what a command needs is imported when it runs."""

from __future__ import annotations

import signal
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from latentpress.errors import LatentPressError

app = typer.Typer(
    help="Presses autoencoder experiments into finished, reproducible PDF reports.",
    epilog="Exit status: 0 done; 1 failed; 2 wrong usage or settings; 3 built, but a health check failed; "
    "4 built without a PDF since TeX is missing.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)


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


@app.command()
def build(
    reports: Annotated[
        list[str] | None, typer.Argument(metavar="[REPORT]...", help="Reports to build; all when none is named.")
    ] = None,
    section: Annotated[
        str | None,
        typer.Option(
            "--section",
            metavar="ID",
            help="Run this section's evaluations again even when they are up to date, and rebuild the PDF. "
            "Its trainings are kept, unless --retrain.",
        ),
    ] = None,
    retrain: Annotated[bool, typer.Option("--retrain", help="With --section: train its models again, too.")] = False,
    data: Annotated[
        DataMode,
        typer.Option(
            "--data",
            help="auto: find or download the real data, else use the embedded; real: fail without the real; "
            "embedded: never look for the real.",
        ),
    ] = DataMode.auto,
    data_dir: Annotated[
        Path | None,
        typer.Option(
            "--data-dir",
            metavar="DIR",
            help="Where the real data lie: mnist/ and frey/. Default: the variable LATENTPRESS_DATA.",
        ),
    ] = None,
    profile: ProfileOption = Profile.default,
    seeds: Annotated[
        int | None,
        typer.Option(
            "--seeds", parser=positive, metavar="N", help="Train each model N times; tables show mean and interval."
        ),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            "--workers",
            parser=positive,
            metavar="N",
            help="Stages at once; default: the cores, or with --scheduler the cluster's threads. "
            "Changes no byte of the result.",
        ),
    ] = None,
    backend: Annotated[
        Backend, typer.Option("--backend", help="The library that Keras computes with.")
    ] = Backend.tensorflow,
    build_dir: BuildDirOption = None,
    no_install_tex: Annotated[
        bool, typer.Option("--no-install-tex", help="Never install TeX, even where that needs no question.")
    ] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Stop at the first failed stage instead of delivering the rest.")
    ] = False,
    scheduler: Annotated[
        str | None,
        typer.Option(
            "--scheduler",
            metavar="ADDRESS",
            help="Run the stages on the workers of the Dask scheduler at this address, tcp://HOST:PORT. "
            "Changes no byte of the result on machines of one kind.",
        ),
    ] = None,
    mirror: Annotated[
        str | None,
        typer.Option(
            "--mirror",
            metavar="URL",
            help="Take finished artifacts from this folder or address (file:///..., s3://...), and send new ones "
            "there; with --scheduler for workers that share no disk with this machine.",
        ),
    ] = None,
    project: ProjectOption = None,
) -> None:
    """Train, measure and typeset: from settings to the finished PDF.

    Only what changed since the last build, and what depends on it, runs again. The result is in
    build/REPORT/: report.pdf, report.tex, report.json, tables/, figures/ and run.json.
    """
    from latentpress.building import Request
    from latentpress.building import build as run_build
    from latentpress.project import find_root

    request = Request(
        root=find_root((project or Path.cwd()).resolve()),
        reports=tuple(reports or ()),
        section=section,
        retrain=retrain,
        data=data.value,
        data_dir=data_dir,
        profile=profile.value,
        seeds=seeds,
        workers=workers,
        backend=backend.value,
        build_dir=build_dir,
        install_tex=not no_install_tex,
        strict=strict,
        scheduler=scheduler,
        mirror=mirror,
    )
    raise typer.Exit(run_build(request, say))


@app.command(name="list")
def list_all(profile: ProfileOption = Profile.default, project: ProjectOption = None) -> None:
    """List reports with their sections, and experiments."""
    from latentpress.listing import list_project
    from latentpress.project import find_root

    list_project(find_root((project or Path.cwd()).resolve()), profile.value, say)


@app.command()
def status(
    reports: Annotated[
        list[str] | None, typer.Argument(metavar="[REPORT]...", help="Reports to look at; all when none is named.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
    profile: ProfileOption = Profile.default,
    data: Annotated[DataMode, typer.Option("--data", help="As in build.")] = DataMode.auto,
    data_dir: Annotated[Path | None, typer.Option("--data-dir", metavar="DIR", help="As in build.")] = None,
    build_dir: BuildDirOption = None,
    project: ProjectOption = None,
) -> None:
    """Say what is up to date, what a build would run, and how the last build ended. Runs nothing."""
    from latentpress.building import Request
    from latentpress.listing import print_status
    from latentpress.project import find_root

    request = Request(
        root=find_root((project or Path.cwd()).resolve()),
        reports=tuple(reports or ()),
        data=data.value,
        data_dir=data_dir,
        profile=profile.value,
        build_dir=build_dir,
    )
    print_status(request, say, as_json)


def say(line: str) -> None:
    """Print one line at once; a console that cannot show a character gets a question mark for it."""
    encoding = sys.stdout.encoding or "utf-8"
    print(line.encode(encoding, "replace").decode(encoding), flush=True)


def complain(text: str) -> None:
    """Print an error."""
    print(text, file=sys.stderr, flush=True)


def main() -> None:
    """Entry point: run a command; turn what went wrong into a message and an exit status."""
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        code = app(standalone_mode=False)
    except LatentPressError as error:
        complain(f"error: {error.message}")
        if error.hint:
            complain(f"  {error.hint}")
        sys.exit(error.exit_status)
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    except Exception as error:
        usage = _usage_message(error)
        if usage is not None:
            complain(usage)
            sys.exit(2)
        complain(f"error: LatentPress itself failed: {type(error).__name__}: {error}")
        complain(f"  The traceback is in {_write_traceback(error)}; please report it.")
        sys.exit(1)
    status = code if isinstance(code, int) else 0
    if status in MEANINGS:
        complain(f"exit status {status}: {MEANINGS[status]}")
    sys.exit(status)


INTERRUPTED = 130  # what shells give a command that Ctrl-C ended; Typer returns it, too
MEANINGS = {
    1: "a stage failed; the report shows which, and the rest is delivered",
    3: "built, but a health check failed; see the box on page one",
    4: "built without a PDF, since TeX is missing",
    INTERRUPTED: "stopped; finished stages are kept, and the same command goes on from here",
}
"""Why a build that ran to its end did not end with 0."""


def _interrupt(number: int, frame: Any) -> None:
    del number, frame
    raise KeyboardInterrupt


def _usage_message(error: Exception) -> str | None:
    """Click's own message for a wrong option, or None for any other fault."""
    format_message = getattr(error, "format_message", None)
    if format_message is None:
        return None
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "latentpress"
    return f"error: {format_message()}\n  Try: {command} --help"


def _write_traceback(error: Exception) -> Path:
    import tempfile
    import traceback

    handle, name = tempfile.mkstemp(prefix="latentpress-", suffix=".log", text=True)
    with open(handle, "w", encoding="utf-8") as stream:  # noqa: PTH123 - a descriptor, not a path
        stream.writelines(traceback.format_exception(error))
    return Path(name)
