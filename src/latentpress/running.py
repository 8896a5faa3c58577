"""The step of a build that runs stages: which of them again though up to date, on what, and about how long."""

from __future__ import annotations

from collections.abc import Mapping

from latentpress import machine
from latentpress.builds import Build, about
from latentpress.declarations import own_packages
from latentpress.engine.events import Plan
from latentpress.engine.presence import in_use
from latentpress.engine.progress import make_listener
from latentpress.engine.scheduler import Scheduler
from latentpress.engine.stage import Stage
from latentpress.engine.store import Store
from latentpress.errors import TemplateError
from latentpress.project import Report


def run_stages(build: Build) -> None:
    """Say what will be done, on what, and about how long it takes; then do it."""
    request = build.request
    build.store = Store(request.build_folder / "store")
    build.held.enter_context(in_use(build.store, about(build)))  # until the reports are copied out of it
    scheduler = make_scheduler(build, forced_stages(build))
    plan = scheduler.plan()
    announce_plan(build, plan)
    announce_template_faults(build, plan)
    build.outcome = scheduler.run(plan)


def make_scheduler(build: Build, force: set[str]) -> Scheduler:
    """A scheduler of the build's graph."""
    return Scheduler(
        build.store,
        build.graph.stages.values(),
        workers=build.request.workers or (machine.cores() if build.cluster is None else 0),
        cores=machine.cores(),
        memory_mb=machine.memory_mb(),
        cluster=build.cluster,
        mirror=build.mirror,
        listener=make_listener(build.say),
        force=force,
        strict=build.request.strict,
        about=about(build),
        places=own_packages(build.request.root),
    )


def forced_stages(build: Build) -> set[str]:
    """The stages that run again though they are up to date: a section's evaluations, with --retrain all above."""
    if build.request.section is None:
        return set()
    section = f"section/{build.reports[0].name}/{build.request.section}"
    prefixes: tuple[str, ...] = ("evaluate/", "draw/", "section/")
    if build.request.retrain:
        prefixes += ("train/", "encode/")
    return {name for name in above(build.graph.stages, [section]) if name.startswith(prefixes)}


def final_stages(report: Report) -> list[str]:
    """The stages that a report comes out of, as far as the graph has them."""
    return [f"{kind}/{report.name}" for kind in ("assemble", "html", "tsne", "typeset")]


def above(stages: Mapping[str, Stage], names: list[str]) -> set[str]:
    """The named stages that exist, and every stage that they depend on."""
    found: set[str] = set()
    queue = list(names)
    while queue:
        name = queue.pop()
        if name in stages and name not in found:
            found.add(name)
            queue.extend(stages[name].inputs.values())
    return found


def announce_plan(build: Build, plan: Plan) -> None:
    """Say of what and on what stages will run, which the listener counts; nothing where none will."""
    if not plan.must_run:
        return
    say = build.say
    say(f"Reports: {', '.join(report.name for report in build.reports)}; profile {build.request.profile}")
    for name, located in build.located.items():
        say(f"Data {name}: {located.source}")
    say(f"Device: {machine.gpu() or machine.processor()} ({build.request.backend}), {machine.cores()} cores")


def announce_template_faults(build: Build, plan: Plan) -> None:
    """Say at once what would fail only after all trainings; a build goes on, for the rest is delivered."""
    paths = {
        path
        for name in plan.to_run
        if name.startswith(("section/", "assemble/"))
        for path in build.graph.stages[name].files.values()
        if path.suffix == ".j2"
    }
    if not paths:
        return
    from latentpress.reporting.templating import check_syntax  # Jinja takes a tenth of a second to load

    for path in sorted(paths):
        try:
            check_syntax(path)
        except TemplateError as error:
            build.say(f"warning: this part of the report will fail: {error.message}")
            build.say(f"  {error.hint} An edit while the build runs is taken up.")
        except OSError:
            continue  # the stage tells it, with the file's name
