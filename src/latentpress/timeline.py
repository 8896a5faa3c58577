"""``latentpress timeline``: which worker ran which stage when, out of the journal."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from latentpress.engine.history import Attempt, PastBuild, past_builds
from latentpress.engine.presence import running_builds
from latentpress.engine.progress import duration
from latentpress.engine.store import Store, writing
from latentpress.errors import UsageError
from latentpress.listing import headline
from latentpress.settings_files import suggestion

FORMATS = (".svg", ".pdf", ".png")
LONGEST = 8
MOST_LISTED = 20


@dataclass(frozen=True, slots=True)
class Bar:
    """One attempt on the time axis, in seconds since the build's start."""

    attempt: Attempt
    start: float
    end: float
    again: bool
    """Whether the stage was attempted once more."""

    @property
    def seconds(self) -> float:
        """How long it took."""
        return self.end - self.start

    @property
    def lost(self) -> bool:
        """Whether it gave no result."""
        return self.attempt.outcome != "done"


@dataclass(frozen=True, slots=True)
class Timeline:
    """A build on the time axis.

    Attributes:
        build: the build.
        rows: worker (host, pid) to its bars, in the order in which the workers began.
        wall: seconds from the build's start to its end.
    """

    build: PastBuild
    rows: dict[tuple[str, int], list[Bar]]
    wall: float

    @property
    def bars(self) -> list[Bar]:
        """All bars."""
        return [bar for row in self.rows.values() for bar in row]

    def share(self, worker: tuple[str, int]) -> float:
        """The part of the wall time in which a worker had a stage in hand."""
        return sum(bar.seconds for bar in self.rows[worker]) / self.wall if self.wall else 0.0


def print_timeline(
    build_folder: Path, report: str | None, build_id: str | None, output: Path | None, say: Callable[[str], None]
) -> None:
    """Draw the timeline of a build, and print what it shows.

    Args:
        build_folder: ``build/``.
        report: whose last build; None for any.
        build_id: the beginning of a build's id, ``"list"`` to list the builds, None for the last that ran stages.
        output: the file; its ending says how it is drawn. None for ``build/timeline.svg``.
        say: prints a line.

    Raises:
        UsageError: no such build, or an ending that is none of svg, pdf and png.
        StoreError: the file cannot be written.
    """
    target = output or build_folder / "timeline.svg"
    if target.suffix.lower() not in FORMATS:
        raise UsageError(
            f"--output {target}: found the ending {target.suffix!r}, expected .svg, .pdf or .png",
            "Name the file with one of these endings.",
        )
    store = Store(build_folder / "store")
    builds = [build for build in past_builds(store.journal) if build.attempts]
    if build_id == "list":
        for build in builds[-MOST_LISTED:]:
            say(headline(build))
        return
    chosen = choose(builds, report, build_id, build_folder)
    now = time.time() if chosen.id in {one["build"] for one in running_builds(store)} else None
    line = lay_out(chosen, now)
    say_facts(line, say)

    from latentpress.timeline_drawing import draw

    with writing(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        draw(line, target)
    say(f"drawn: {target}")


def choose(builds: list[PastBuild], report: str | None, build_id: str | None, folder: Path) -> PastBuild:
    """The build that is meant: by the beginning of its id, or the last one, of a report where one is named.

    Raises:
        UsageError: there is none, or the beginning is that of several.
    """
    if not builds:
        raise UsageError(f"no build in {folder} has run a stage yet", "Run `latentpress build` first.")
    if report is not None:
        known = {name for build in builds for name in build.about.get("reports", ())}
        builds = [build for build in builds if report in build.about.get("reports", ())]
        if not builds:
            raise UsageError(f'no build on record ran stages for report "{report}"', suggestion(report, known))
    if build_id is None:
        return builds[-1]
    found = [build for build in builds if build.id.startswith(build_id)]
    if len(found) != 1:
        what = "no build" if not found else f"{len(found)} builds"
        raise UsageError(f'{what} on record with an id that begins with "{build_id}"', "See: timeline --build list")
    return found[0]


def lay_out(build: PastBuild, now: float | None = None) -> Timeline:
    """Put a build's attempts on the time axis.

    Args:
        build: the build, with at least one attempt.
        now: the time until which it has been running; None for one that runs no more.
    """
    known = [attempt.ended or attempt.started for attempt in build.attempts]
    end = max(build.ended or now or 0.0, *known)
    rows: dict[tuple[str, int], list[Bar]] = {}
    last = {attempt.stage: attempt for attempt in build.attempts}
    for attempt in build.attempts:
        until = attempt.ended if attempt.ended is not None else end
        again = last[attempt.stage] is not attempt
        bar = Bar(attempt, attempt.started - build.started, until - build.started, again)
        rows.setdefault((attempt.host, attempt.worker), []).append(bar)
    return Timeline(build, rows, end - build.started)


def say_facts(line: Timeline, say: Callable[[str], None]) -> None:
    """Print wall time, attempts that gave no result, each worker's busy share, the longest stages."""
    bars = line.bars
    work = sum(bar.seconds for bar in bars)
    stages = len({bar.attempt.stage for bar in bars})
    say(headline(line.build))
    say(
        f"wall time {duration(line.wall)}; {stages} stages run, {duration(work)} of work: "
        f"{work / line.wall if line.wall else 0:.2f} stages at once on average"
    )
    for bar in bars:
        if bar.lost:
            say(f"{fate(bar)}: {bar.attempt.stage}, attempt {bar.attempt.number}, after {duration(bar.seconds)}")
    for worker, row in line.rows.items():
        busy = duration(sum(bar.seconds for bar in row))
        count = f"{len(row)} stage{'' if len(row) == 1 else 's'}"
        say(f"worker {worker[1]} on {worker[0]}: {count}, busy {busy}, {line.share(worker):.0%} of the wall time")
    for bar in longest(bars):
        attempt = bar.attempt
        say(f"  {duration(bar.seconds):>12}  {attempt.peak_memory_mb:6.0f} MB  {attempt.stage}")


def fate(bar: Bar) -> str:
    """What became of an attempt that gave no result."""
    words = {"": "not finished", "died": "worker died", "damaged": "input damaged", "outdated": "source changed"}
    return words.get(bar.attempt.outcome, bar.attempt.outcome)


def longest(bars: Iterable[Bar]) -> list[Bar]:
    """The bars that took the longest, longest first."""
    return sorted(bars, key=lambda bar: -bar.seconds)[:LONGEST]
