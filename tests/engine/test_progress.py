from __future__ import annotations

import io
from pathlib import Path

import pytest

from latentpress.engine import events, progress
from latentpress.engine.stage import Failure

STORY: list[events.Event] = [
    events.PlanReady(events.Plan(("data",), ("train", "draw"), ("report",), 90.0)),
    events.StageReused("data", "d" * 64),
    events.StageStarted("train", 7, "host", 1),
    events.StageProgress("train", {"epoch": 2, "epochs": 4, "loss": 0.01234, "seconds_left": 65.0}),
    events.StageRetried("train", 2, "was killed by SIGKILL"),
    events.StageStarted("train", 8, "host", 2),
    events.StageFinished("train", "e" * 64, 12.3, 100.0),
    events.StageStarted("draw", 7, "host", 1),
    events.StageFailed("draw", Failure("draw", "ValueError", "no good"), Path("log.txt")),
    events.StageSkipped("report", Failure("draw", "ValueError", "no good")),
    events.ArtifactDamaged("a" * 64, "x.csv", ("data",)),
    events.SourceChanged("data", ("source.p.m",)),
    events.BuildEnded(14.0),
]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_plain_lines_tell_the_story() -> None:
    said: list[str] = []
    listener = progress.make_listener(said.append, io.StringIO())
    for event in STORY:
        listener(event)
    assert said == [
        "1 stages up to date, 2 to run, 1 that follow where their inputs change; at most 1 min 30 s",
        "started   train",
        "retried   train: its worker was killed by SIGKILL; attempt 2",
        "started   train",
        "finished  train in 12 s; 2/4 done, 0 running, 2 waiting",
        "started   draw",
        "failed    draw: ValueError: no good\n  log: log.txt",
        "skipped   report: it needs draw, which failed",
        "damaged   x.csv of artifact aaaaaaaaaaaa; made anew by data",
        "changed   data: source.p.m changed meanwhile; it runs again",
    ]


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        (events.Plan(("a", "b"), (), (), 0.0), "all 2 stages are up to date"),
        (events.Plan((), ("a",), ("b", "c"), 90.0), "3 stages to run, about 1 min 30 s"),
        (events.Plan(("a",), ("b", "c"), (), 90.0), "1 stages up to date, 2 to run; about 1 min 30 s"),
    ],
)
def test_what_a_build_will_do_is_told_once(plan: events.Plan, said: str) -> None:
    assert progress.notice(events.PlanReady(plan)) == said


def test_a_training_says_now_and_then_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    said: list[str] = []
    listener = progress.PlainProgress(said.append)
    listener(STORY[2])
    for _ in range(40):
        now[0] += 1
        listener(STORY[3])
    assert said == ["started   train"] + ["          train: epoch 2/4, loss 0.01234, 1 min 05 s left"] * 2


def test_a_terminal_gets_the_live_view() -> None:
    terminal = Terminal()
    listener = progress.make_listener(print, terminal)
    assert isinstance(listener, progress.LiveProgress)
    from rich.console import Console

    console = Console(file=io.StringIO(), width=100)
    for event in STORY[:4]:
        listener(event)
    console.print(listener.render())
    for event in STORY[4:]:
        listener(event)
    console.print(listener.render())
    shown = console.file.getvalue()  # type: ignore[attr-defined]
    assert "1/4 done, 1 running, 2 waiting" in shown
    assert "epoch 2/4, loss 0.01234, 1 min 05 s left" in shown
    assert "1/4 done, 0 running, 1 waiting, 2 failed or skipped" in shown
    assert "failed    draw: ValueError: no good" in terminal.getvalue()


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.04, "0.0 s"), (12.4, "12 s"), (200, "3 min 20 s"), (7500, "2 h 05 min")]
)
def test_durations_are_for_people(seconds: float, text: str) -> None:
    assert progress.duration(seconds) == text


@pytest.mark.parametrize(
    ("values", "share"),
    [
        ({"epoch": 1, "epochs": 4}, 0.25),
        ({"epoch": 1, "epochs": 2, "batch": 5, "batches": 10}, 0.25),
        ({"loss": 1.0}, None),
        ({"epoch": 1, "epochs": 0}, None),
    ],
)
def test_the_bar_knows_epochs_and_batches(values: dict[str, float | str], share: float | None) -> None:
    assert progress.share(values) == share
