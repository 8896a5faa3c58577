"""The commands. Imports nothing heavy: what a command needs is imported when it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from latentpress.console import leave, run, say
from latentpress.options import (
    FLAG,
    Backend,
    BackendOption,
    BuildBackendOption,
    BuildDataDirOption,
    BuildDataOption,
    BuildDirOption,
    BuildSeedsOption,
    DataDirOption,
    DataMode,
    DataOption,
    JsonOption,
    MirrorOption,
    NoInstallTexOption,
    Profile,
    ProfileOption,
    ProjectOption,
    RetrainOption,
    SchedulerOption,
    SectionOption,
    SeedsOption,
    StrictOption,
    VersionOption,
    WorkersOption,
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


@app.callback()
def latentpress(version: VersionOption = False) -> None:
    """What stands before a command."""


@app.command()
def new(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="The project's folder; absent or empty.")],
    title: Annotated[str, typer.Option("--title", metavar="TEXT", help="Of the report.")] = "Two Small Autoencoders",
    author: Annotated[
        list[str] | None, typer.Option("--author", metavar="NAME", help="An author; once for each of them.")
    ] = None,
) -> None:
    """Begin a project: two experiments, one evaluation of its own, and a report that shows them.

    It builds as it is, in a minute or two. Its README.md says which file to
    edit for what, its docs/extending.md how to add to it.

    latentpress new demo --title "My Codes" --author "Ada Example"
    """
    from latentpress.starting import start_project

    start_project(folder, title, author or (), say)


@app.command()
def build(
    reports: Annotated[
        list[str] | None, typer.Argument(metavar="[REPORT]...", help="Reports to build; all when none is named.")
    ] = None,
    section: SectionOption = None,
    retrain: RetrainOption = False,
    data: BuildDataOption = DataMode.auto,
    data_dir: BuildDataDirOption = None,
    profile: ProfileOption = Profile.default,
    seeds: BuildSeedsOption = None,
    workers: WorkersOption = None,
    backend: BuildBackendOption = Backend.tensorflow,
    build_dir: BuildDirOption = None,
    no_install_tex: NoInstallTexOption = False,
    strict: StrictOption = False,
    scheduler: SchedulerOption = None,
    mirror: MirrorOption = None,
    project: ProjectOption = None,
) -> None:
    """Train, measure and typeset: from settings to the finished PDF.

    Only what changed since the last build, and what depends on it, runs again. The result is in
    build/REPORT/: report.pdf, report.tex, report.json, tables/, figures/, files that it delivers, and run.json.
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
    """List reports with their sections, experiments, and evaluations."""
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
    everything: Annotated[
        bool, typer.Option("--all", metavar=FLAG, help="List the stages that are up to date, too.")
    ] = False,
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
    dry_run: Annotated[bool, typer.Option("--dry-run", metavar=FLAG, help="Only say what would be removed.")] = False,
    build_dir: BuildDirOption = None,
    project: ProjectOption = None,
) -> None:
    """Free the disk of what the last N builds did not use: artifacts, records, checkpoints, left locks.

    The builds that are kept stay up to date: building them again runs nothing.
    One that failed or was interrupted does not count as one of the N, but what
    it finished and its checkpoints stay where it is newer than the oldest that
    is kept. The exported reports in build/REPORT/ and the journal are never
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


@app.command()
def verify(
    report: Annotated[Path, typer.Argument(metavar="REPORT", help="A report.pdf, or the folder that it lies in.")],
    expect: Annotated[
        str, typer.Option("--expect", metavar="SHA256", help="The digest that the PDF should have; a build prints it.")
    ] = "",
    rerun: Annotated[
        float,
        typer.Option("--rerun", metavar="SHARE", help="Train and measure a random share again, and compare: 0.2."),
    ] = 0.0,
    draw: Annotated[
        int | None,
        typer.Option("--draw", parser=whole, metavar="N", help="Which random share; a run with --rerun prints it."),
    ] = None,
    data_dir: DataDirOption = None,
    output: Annotated[
        Path | None, typer.Option("--output", metavar="FILE", help="Write all findings there, as verify.json.")
    ] = None,
    project: ProjectOption = None,
) -> None:
    """Say whether a report is what a build has made: attachments, pages, numbers, sentences, figures, health checks.

    Exit status: 0 verified; 1 altered; 2 no report that can be read, or wrong
    usage; 3 undecided, since other code made it and results that follow from
    its data come out otherwise here. What else differs from this clone (code,
    packages, settings) is told, and is no fault of the report. Nothing is
    trained without --rerun.

    An edit that changes the pages and all attached data consistently is
    caught by --rerun, or by --expect with a digest that you hold from
    elsewhere, alone. docs/reviewing.md lists what is caught by what.

    latentpress verify report.pdf
    latentpress verify report.pdf --expect 3f2a… --output verify.json
    latentpress verify report.pdf --rerun 0.2
    """
    from latentpress.project import root_or_none
    from latentpress.review.verifying import Wish, print_verdict

    root = root_or_none((project or Path.cwd()).resolve())
    leave(print_verdict(Wish(report, expect, rerun, draw, data_dir, output, root), say))


@app.command()
def compare(
    a: Annotated[Path, typer.Argument(metavar="A", help="A report: its PDF, its folder in build/, or a report.json.")],
    b: Annotated[Path, typer.Argument(metavar="B", help="The other report.")],
    everything: Annotated[
        bool, typer.Option("--all", metavar=FLAG, help="Show what is equal, too, not only the differences.")
    ] = False,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write one self-contained page, figures included.")
    ] = None,
    pdf: Annotated[
        Path | None, typer.Option("--pdf", metavar="FILE", help="Typeset the comparison; needs TeX.")
    ] = None,
    json: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write it for programs; docs/json.md has the fields.")
    ] = None,
) -> None:
    """Hold two finished reports against each other: results within tolerances, and what may have caused a difference.

    Shows metrics by id, health verdicts, claims, figures and tables that
    differ, and differences of settings, data, environment and code. How far
    two numbers may be apart depends on what they measure; where code,
    settings, data, seed and machine are the same, not a bit. Nothing is run.

    Exit status: 0 the results are the same within tolerances; 1 they differ;
    2 one is no report, or a file cannot be written; 4 no TeX for --pdf.

    latentpress compare build/assignment theirs.pdf
    latentpress compare old.pdf new.pdf --html compare.html
    """
    from latentpress.review.compare import Request, run_compare

    leave(run_compare(Request(a, b, everything, html, pdf, json), say))


@app.command()
def grade(
    submissions: Annotated[
        Path | None,
        typer.Argument(metavar="SUBMISSIONS", help="A folder of PDFs, or of a folder a student with a PDF inside."),
    ] = None,
    rubric: Annotated[
        Path | None, typer.Option("--rubric", metavar="FILE", help="What gives points: a TOML file.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", metavar="FOLDER", help="Where the grades go. Default: SUBMISSIONS-grades beside it."),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option("--workers", parser=positive, metavar="N", help="Submissions at once; default: 2."),
    ] = None,
    time_limit: Annotated[
        int | None,
        typer.Option("--time-limit", parser=positive, metavar="SECONDS", help="Of computing for one; default: 60."),
    ] = None,
    example_rubric: Annotated[
        bool, typer.Option("--example-rubric", metavar=FLAG, help="Print a rubric to start from, and end.")
    ] = False,
    project: ProjectOption = None,
) -> None:
    """Grade a folder of submitted reports by a rubric: a table, a sheet for each student, a summary of the class.

    Each submission is verified, scored and compared with the others, in a
    process of its own with limits: one that is broken, encrypted, huge or
    hostile costs its own row only. Nothing is trained.

    Exit status: 0 graded; 1 graded, but some submissions could not be read;
    2 wrong usage or rubric; 4 graded, with sheets as HTML since TeX is missing.

    latentpress grade --example-rubric > rubric.toml
    latentpress grade submissions/ --rubric rubric.toml
    """
    from latentpress.review.grading import SECONDS, WORKERS, Order
    from latentpress.review.grading import grade as grade_all
    from latentpress.review.rubric import EXAMPLE

    if example_rubric:
        say(EXAMPLE.read_text(encoding="utf-8").rstrip())
        return
    if submissions is None or rubric is None:
        raise typer.BadParameter("expected SUBMISSIONS and --rubric FILE; --example-rubric prints one")
    folder = output or submissions.resolve().with_name(f"{submissions.resolve().name}-grades")
    order = Order(submissions, rubric, folder, workers or WORKERS, time_limit or SECONDS, project or Path.cwd())
    grade_all(order, say)


def main() -> None:
    """Entry point."""
    run(app)
