"""What a build shows while it runs: a live view on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TextIO

from latentpress.engine import events

if TYPE_CHECKING:
    from rich.console import RenderableType

Listener = Callable[[events.Event], None]
# Plain lines go to log files: a training says at most this often (in seconds) how far it is.
_PLAIN_INTERVAL = 15.0


def make_listener(say: Callable[[str], None], terminal: TextIO | None = None) -> Listener:
    """A listener for `Scheduler`: a live view where ``terminal`` is one, else lines.

    Args:
        say: is given plain lines, without their end.
        terminal: standard output when left out.
    """
    terminal = terminal or sys.stdout
    return LiveProgress(terminal) if terminal.isatty() else PlainProgress(say)


def duration(seconds: float) -> str:
    """``0.4 s``, ``12 s``, ``3 min 20 s``, ``2 h 05 min``."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def measures(values: Mapping[str, float | str]) -> str:
    """What a stage reported, in a line: ``epoch 2/4, loss 0.0123, 1 min 05 s left``."""
    parts = []
    if "epoch" in values:
        parts.append(f"epoch {values['epoch']}/{values.get('epochs', '?')}")
    for name, value in values.items():
        if name not in ("epoch", "epochs", "seconds_left", "batch", "batches"):
            text = f"{value:.4g}" if isinstance(value, float) else str(value)
            parts.append(f"{name.replace('_', ' ')} {text}")
    if "seconds_left" in values:
        parts.append(f"{duration(float(values['seconds_left']))} left")
    return ", ".join(parts)


def notice(event: events.Event) -> str | None:
    """The line for an event that both views write down, or None."""
    match event:
        case events.PlanReady(plan):
            done, left = len(plan.up_to_date), len(plan.to_run)
            if left == 0:
                return f"all {done} stages are up to date"
            if done == 0:
                return f"{left} stages to run, about {duration(plan.seconds)}"
            follow = f", {len(plan.may_run)} that follow where their inputs change" if plan.may_run else ""
            most = "at most" if follow else "about"
            return f"{done} stages up to date, {len(plan.must_run)} to run{follow}; {most} {duration(plan.seconds)}"
        case events.StageFailed(stage, failure, log):
            where = "" if log is None else f"\n  log: {log}"
            lines = failure.first_lines.replace("\n", "\n  ")
            return f"failed    {stage}: {failure.error}: {lines}{where}"
        case events.StageSkipped(stage, failure):
            return f"skipped   {stage}: it needs {failure.stage}, which failed"
        case events.StageRetried(stage, attempt, reason):
            return f"retried   {stage}: its worker {reason}; attempt {attempt}"
        case events.StageElsewhere(stage):
            return f"waiting   {stage}: another build works on it"
        case events.ArtifactDamaged(artifact, file, stages):
            makers = ", ".join(stages) or "an unknown stage"
            return f"damaged   {file} of artifact {artifact[:12]}; made anew by {makers}"
        case events.SourceChanged(stage, changed):
            return f"changed   {stage}: {', '.join(changed)} changed meanwhile; it runs again"
        case events.Notice(text):
            return text
        case events.StageFinished(stage, previous=str(previous)):
            return f"differs   {stage}: the same inputs gave another result before ({previous[:12]})"
    return None


@dataclass(slots=True)
class Counts:
    """How many stages are done, run, wait and failed, by the events so far."""

    total: int = 0
    running: set[str] = field(default_factory=set)
    settled: dict[str, str] = field(default_factory=dict)

    def take(self, event: events.Event) -> None:
        """Count an event."""
        match event:
            case events.PlanReady(plan):
                self.total = len(plan.up_to_date) + len(plan.to_run)
            case events.StageStarted(stage):
                self.running.add(stage)
            case events.StageFinished(stage) | events.StageReused(stage):
                self._settle(stage, "done")
            case events.StageFailed(stage) | events.StageSkipped(stage):
                self._settle(stage, "failed")
            case events.SourceChanged(stage) | events.StageRetried(stage):
                self.running.discard(stage)
                self.settled.pop(stage, None)
            case events.ArtifactDamaged(_, _, stages):
                for stage in stages:
                    self.settled.pop(stage, None)

    def _settle(self, stage: str, how: str) -> None:
        self.running.discard(stage)
        self.settled[stage] = how

    def __str__(self) -> str:
        """``12/95 done, 2 running, 81 waiting``."""
        outcomes = list(self.settled.values())
        failed = outcomes.count("failed")
        counts = [f"{outcomes.count('done')}/{self.total} done", f"{len(self.running)} running"]
        counts.append(f"{max(0, self.total - len(outcomes) - len(self.running))} waiting")
        return ", ".join([*counts, *([f"{failed} failed or skipped"] if failed else [])])


@dataclass(slots=True)
class PlainProgress:
    """A line for each stage that starts and ends, and now and then one for a training's epochs."""

    say: Callable[[str], None]
    _told: dict[str, float] = field(default_factory=dict)
    _counts: Counts = field(default_factory=Counts)

    def __call__(self, event: events.Event) -> None:
        """Write down an event."""
        self._counts.take(event)
        line = notice(event)
        if line is not None:
            self.say(line)
        match event:
            case events.StageStarted(stage):
                self._told[stage] = time.monotonic()
                self.say(f"started   {stage}")
            case events.StageProgress(stage, values):
                if time.monotonic() - self._told.get(stage, 0.0) >= _PLAIN_INTERVAL:
                    self._told[stage] = time.monotonic()
                    self.say(f"          {stage}: {measures(values)}")
            case events.StageFinished(stage, seconds=seconds):
                self.say(f"finished  {stage} in {duration(seconds)}; {self._counts}")


@dataclass(slots=True)
class _Running:
    start: float
    values: Mapping[str, float | str] = field(default_factory=dict)


class LiveProgress:
    """Counts of stages, and a row for each that runs: how far, its loss, the time left.

    It is on the screen from the first event of a build to the last; notices are printed above it.

    Args:
        terminal: where it is shown.
    """

    def __init__(self, terminal: TextIO) -> None:
        from rich.console import Console
        from rich.live import Live

        self._start = time.monotonic()
        self._counts = Counts()
        self._running: dict[str, _Running] = {}
        self._console = Console(file=terminal, highlight=False)
        self._live = Live(console=self._console, get_renderable=self.render, refresh_per_second=5, transient=True)

    def __call__(self, event: events.Event) -> None:
        """Take an event into the view."""
        line = notice(event)
        if line is not None:
            self._console.print(line, markup=False, soft_wrap=True)
        self._counts.take(event)
        match event:
            case events.PlanReady():
                self._live.start()
            case events.BuildEnded():
                self._live.stop()
            case events.StageStarted(stage):
                self._running[stage] = _Running(time.monotonic())
            case events.StageProgress(stage, values) if stage in self._running:
                self._running[stage].values = values
            case _:
                for stage in self._running.keys() - self._counts.running:
                    self._running.pop(stage)

    def render(self) -> RenderableType:
        """The live part as it stands; called from the display's own thread."""
        from rich.console import Group
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        now = time.monotonic()
        rows = Table.grid(padding=(0, 2))
        for stage, entry in list(self._running.items()):
            done = share(entry.values)
            bar = ProgressBar(total=1.0, completed=done, width=20) if done is not None else Text("")
            rows.add_row(Text(stage), bar, Text(measures(entry.values)), Text(duration(now - entry.start)))
        return Group(Text(f"{self._counts}; {duration(now - self._start)}", style="bold"), rows)


def share(values: Mapping[str, float | str]) -> float | None:
    """How much of a training is done, from 0 to 1; None where it did not say."""
    try:
        epoch, epochs = float(values["epoch"]), float(values["epochs"])
        within = float(values["batch"]) / float(values["batches"]) if "batch" in values else 1.0
        return min(1.0, max(0.0, (epoch - 1 + within) / epochs))
    except (KeyError, ValueError, ZeroDivisionError):
        return None
