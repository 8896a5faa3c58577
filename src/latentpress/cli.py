"""The commands. Imports nothing heavy: what a command needs is imported when it runs."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from latentpress.errors import LatentPressError
from latentpress.options import (
    Backend,
    BackendOption,
    BuildDirOption,
    DataDirOption,
    DataMode,
    DataOption,
    JsonOption,
    Profile,
    ProfileOption,
    ProjectOption,
    SeedsOption,
    positive,
    whole,
)

app = typer.Typer(
    help="Presses autoencoder experiments into finished, reproducible PDF reports.",
    epilog="Exit status: 0 done; 1 failed; 2 wrong usage or settings; 3 built, but a health check failed; "
    "4 built without a PDF since TeX is missing.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)


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
    from latentpress.building import build as run_build
    from latentpress.builds import Request
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
    as_json: JsonOption = False,
    profile: ProfileOption = Profile.default,
    data: DataOption = DataMode.auto,
    data_dir: DataDirOption = None,
    seeds: SeedsOption = None,
    backend: BackendOption = Backend.tensorflow,
    build_dir: BuildDirOption = None,
    project: ProjectOption = None,
) -> None:
    """Say what is up to date, what a build would run, what runs now and how the last build ended. Runs nothing.

    Give it the same options as the build: profile, data, seeds and backend
    decide what is up to date. `latentpress explain` says why a stage would run;
    docs/json.md describes what --json prints.
    """
    from latentpress.builds import Request
    from latentpress.listing import print_status
    from latentpress.project import find_root

    request = Request(
        root=find_root((project or Path.cwd()).resolve()),
        reports=tuple(reports or ()),
        data=data.value,
        data_dir=data_dir,
        profile=profile.value,
        seeds=seeds,
        backend=backend.value,
        build_dir=build_dir,
    )
    print_status(request, say, as_json)


@app.command()
def explain(
    report: Annotated[str | None, typer.Argument(metavar="REPORT", help="The report; all when none is named.")] = None,
    stage: Annotated[
        str | None,
        typer.Argument(
            metavar="STAGE",
            help="Only this stage: its name, the beginning of it where no other begins so, or a pattern such as "
            "'train/*' (in quotes).",
        ),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="List the stages that are up to date, too.")] = False,
    as_json: JsonOption = False,
    profile: ProfileOption = Profile.default,
    data: DataOption = DataMode.auto,
    data_dir: DataDirOption = None,
    seeds: SeedsOption = None,
    backend: BackendOption = Backend.tensorflow,
    build_dir: BuildDirOption = None,
    project: ProjectOption = None,
) -> None:
    """Say of every stage why the next build would run it: what changed, old → new. Runs nothing.

    "to run": a setting, a source module, a file, an input, a package, the
    seed, threads, backend or Python changed; or the stage was never run, it
    failed, or its artifact is gone.
    "may follow": an input will be made again; the stage runs only if that
    comes out otherwise.
    "damaged": up to date, but a file of its artifact is missing or cut.

    A stage is compared with what the newest build used that had the same
    profile, data, backend and seeds, or as many of these in that order as
    any had. So give it the same options as the build.

    latentpress explain assignment
    latentpress explain assignment train/sparse/seed0
    latentpress explain assignment 'evaluate/*' --all --profile smoke
    """
    from latentpress.builds import Request
    from latentpress.explaining import print_explanation
    from latentpress.project import find_root

    if report is not None and "/" in report and stage is None:
        report, stage = None, report  # no report has a slash in its name, every stage has one
    request = Request(
        root=find_root((project or Path.cwd()).resolve()),
        reports=(report,) if report is not None else (),
        data=data.value,
        data_dir=data_dir,
        profile=profile.value,
        seeds=seeds,
        backend=backend.value,
        build_dir=build_dir,
    )
    print_explanation(request, stage, say, everything, as_json)


@app.command()
def clean(
    keep_last: Annotated[
        int,
        typer.Option(
            "--keep-last",
            parser=whole,
            metavar="N",
            help="Keep what the last N builds used, whatever reports they were of. Builds that used the same count "
            "once, so that repeating a build pushes none out. 0 removes all results.",
        ),
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be removed.")] = False,
    build_dir: BuildDirOption = None,
    project: ProjectOption = None,
) -> None:
    """Free the disk of what the last N builds did not use: artifacts, records, checkpoints, left locks.

    The builds that are kept stay up to date: building them again runs nothing.
    One that was interrupted does not count as one of the N, but what it
    finished and its checkpoints stay where it is newer than the oldest that is
    kept. The exported reports in build/REPORT/ and the journal are never
    touched.

    While a build runs in the store nothing is removed (exit status 1). A clean
    that is stopped midway leaves a store that builds work with; run it again
    to remove the rest.

    latentpress clean --keep-last 2 --dry-run
    latentpress clean --keep-last 2
    """
    from latentpress.cleaning import clean_store
    from latentpress.project import find_root

    folder = build_dir or find_root((project or Path.cwd()).resolve()) / "build"
    clean_store(folder.resolve(), keep_last, dry_run, say)


@app.command()
def timeline(
    report: Annotated[
        str | None, typer.Argument(metavar="REPORT", help="The last build of this report; of any when none is named.")
    ] = None,
    build_id: Annotated[
        str | None,
        typer.Option(
            "--build",
            metavar="ID",
            help="This build instead of the last one that ran stages: its id, or the beginning of it. "
            "`latentpress timeline --build list` lists them.",
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", metavar="FILE", help="Where to draw it: .svg, .pdf or .png. Default: build/timeline.svg."
        ),
    ] = None,
    build_dir: BuildDirOption = None,
    project: ProjectOption = None,
) -> None:
    """Draw which worker ran which stage when, and how much memory it took, out of the journal.

    One row per worker process, one bar per stage, coloured by the kind of
    stage; attempts without a result are hatched, those whose result a later
    run replaced are pale. Below, the resident memory of each stage at its
    peak, and the sum of those that ran at once. Also printed: wall time, each
    worker's busy share, and the longest stages.

    latentpress timeline
    latentpress timeline assignment --output timeline.png
    latentpress timeline --build list
    """
    from latentpress.project import find_root
    from latentpress.timeline import print_timeline

    folder = build_dir or find_root((project or Path.cwd()).resolve()) / "build"
    print_timeline(folder.resolve(), report, build_id, output, say)


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
    # Looking for plugins of pydantic reads the metadata of every installed package; none has a say in settings.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
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
