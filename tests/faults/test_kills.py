"""kill -9 of workers and builds, Ctrl-C: no orphan, nothing finished is lost, the next build goes on by itself."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from latentpress.engine import events, orphans
from latentpress.engine.guardian import descendants
from latentpress.engine.orphans import end_orphans
from latentpress.engine.stage import Stage

if TYPE_CHECKING:
    from tests.conftest import TinyProject

# Counts steps in its scratch folder, as a training counts epochs, and leaves a process in a session of its own.
STEPS = """
import subprocess, time
from pathlib import Path

def f(task):
    done = task.scratch / "steps"
    for step in range(len(done.read_text()) if done.exists() else 0, task.settings["steps"]):
        with done.open("a") as file:
            file.write("x")
        time.sleep(task.settings["pause"])
    previous = sum(artifact.json("x") for artifact in task.inputs.values())
    return Result(values={"x": previous + len(done.read_text())})

def with_child(task):
    child = subprocess.Popen(["sleep", "60"], start_new_session=True)
    (Path(task.settings["root"]) / "child").write_text(str(child.pid))
    time.sleep(60)
    return Result()

def waits(task):
    while not (Path(task.settings["root"]) / "go").exists():
        time.sleep(0.01)
    return Result(values={"x": 1})

def killed_once(task):
    import os, signal
    mark = task.scratch / "mark"
    if not mark.exists():
        mark.write_text("")
        os.kill(os.getpid(), signal.SIGKILL)
    return Result(values={"x": 1})

def killed(task):
    import os, signal
    os.kill(os.getpid(), signal.SIGKILL)
"""

GRAPH = """
LAST = 0.0
STAGES = [
    Stage("a", "tiny.work:f", {"steps": 5, "pause": 0.01}),
    Stage("b", "tiny.work:f", {"steps": 3, "pause": 0.01}),
    Stage("c", "tiny.work:f", {"steps": 2, "pause": 0.01}, inputs={"a": "a", "b": "b"}),
    Stage("d", "tiny.work:f", {"steps": 1, "pause": LAST}, inputs={"c": "c"}, isolated=True),
]
"""


def lines(process: subprocess.Popen[str]) -> Any:
    assert process.stdout is not None
    return (json.loads(line) for line in process.stdout)


def wait_for(told: Any, kind: str) -> Any:
    return next(event for event in told if event[0] == kind)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def gone(pids: list[int], seconds: float = 3.0) -> bool:
    end = time.monotonic() + seconds
    while any(map(alive, pids)) and time.monotonic() < end:
        time.sleep(0.02)
    return not any(map(alive, pids))


def until(folder: Path, pattern: str) -> str:
    """Wait until a file has been written; what is in it."""
    for _ in range(3000):
        for path in folder.glob(pattern):
            if text := path.read_text():
                return text
        time.sleep(0.01)
    raise AssertionError(f"{pattern} was not written in {folder}")


def test_a_killed_worker_costs_a_retry_that_goes_on_from_the_scratch_folder(tiny: TinyProject) -> None:
    tiny.write("work", STEPS)
    built = tiny.build(Stage("s", "tiny.work:killed_once"))
    assert built.artifacts["s"].json("x") == 1
    assert [event.reason for event in tiny.told(events.StageRetried)] == ["was killed by SIGKILL"]


def test_a_stage_that_is_killed_again_and_again_fails_and_memory_is_named(tiny: TinyProject) -> None:
    tiny.write("work", STEPS)
    failure = tiny.build(Stage("s", "tiny.work:killed", memory_mb=1234)).failures["s"]
    assert failure.first_lines.startswith("its worker was killed by SIGKILL, 3 times")
    assert "1234 MB" in failure.first_lines


def started(tiny: TinyProject, first: str = "") -> tuple[subprocess.Popen[str], dict[str, int]]:
    """A build whose stage has left a process in a session of its own, and the numbers of all of them."""
    tiny.write("work", STEPS)
    tiny.graph(f'{first}\nSTAGES = [Stage("s", "tiny.work:with_child", {{"root": str(ROOT)}})]')
    process = tiny.start()
    worker = wait_for(lines(process), "StageStarted")[2]
    child = int(until(tiny.root, "child"))
    guardian = int(Path(f"/proc/{worker}/stat").read_text().rpartition(")")[2].split()[1])
    assert {worker, child, guardian} <= set(descendants(process.pid))
    return process, {"build": process.pid, "worker": worker, "guardian": guardian, "child": child}


@pytest.mark.parametrize("victims", ["build", "worker", "guardian", "guardian worker", "build worker"])
def test_nothing_lives_on_after_a_kill(tiny: TinyProject, victims: str) -> None:
    process, pids = started(tiny)
    for victim in victims.split():
        os.kill(pids[victim], signal.SIGKILL)
    assert gone([pids[name] for name in ("worker", "child", "guardian")])
    process.kill()
    process.wait()


def test_what_lives_on_when_everything_is_killed_at_once_is_ended_by_the_next_build(
    tiny: TinyProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Any build of this machine would end it, another test's, too; so these builds are told that they are apart.
    own = f"{tiny.root}"
    process, pids = started(tiny, f"from latentpress.engine import orphans\norphans._namespace = lambda: {own!r}")
    for victim in ("build", "guardian", "worker"):
        os.kill(pids[victim], signal.SIGKILL)
    process.wait()
    assert gone([pids["worker"], pids["guardian"]])
    assert alive(pids["child"]), "no one was left to end it"
    tiny.write("other", "def f(task):\n    return Result(values={'x': 1})\n")
    monkeypatch.setattr(orphans, "_namespace", lambda: own)
    assert tiny.build(Stage("t", "tiny.other:f")).ran == ["t"]
    assert gone([pids["child"]])


def test_what_a_build_that_lives_has_started_is_left_alone(tiny: TinyProject) -> None:
    process, pids = started(tiny)
    end_orphans()
    assert all(map(alive, pids.values()))
    process.kill()
    process.wait()
    assert gone([*pids.values()])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_everything_within_seconds_and_keeps_what_is_finished(
    tiny: TinyProject, number: signal.Signals
) -> None:
    tiny.write("work", STEPS)
    tiny.graph(
        """
        STAGES = [
            Stage("quick", "tiny.work:f", {"steps": 1, "pause": 0}),
            Stage("slow", "tiny.work:with_child", {"root": str(ROOT)}, inputs={"quick": "quick"}),
        ]
        """
    )
    process = tiny.start(workers=2)
    told = lines(process)
    wait_for(told, "StageFinished")
    worker = wait_for(told, "StageStarted")[2]
    child = int(until(tiny.root, "child"))
    start = time.monotonic()
    process.send_signal(number)
    assert wait_for(told, "interrupted")
    assert process.wait() == 130
    assert time.monotonic() - start < 3
    assert gone([worker, child], 0.5)
    assert tiny.scheduler().plan().up_to_date == ("quick",)
    assert [record["outcome"] for record in tiny.store.journal.read() if record["event"] == "build_end"] == [
        "interrupted"
    ]


def test_a_build_killed_at_any_moment_is_continued_to_the_same_result(
    tiny: TinyProject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    tiny.write("work", STEPS)
    graph = GRAPH.replace("LAST = 0.0", "LAST = 0.2")  # the last kill finds the build alive, however late it comes
    tiny.graph(graph)
    expected = {name: artifact.digest for name, artifact in tiny.build(workers=2, cores=2).artifacts.items()}
    moments = random.Random(20)
    told_before_the_end = 8  # the plan, and four stages that start and finish, but the last
    hits = 0
    for count in range(told_before_the_end):
        project = type(tiny)(tmp_path_factory.mktemp(f"kill{count}"))
        project.write("work", STEPS)
        project.graph(graph)
        process = project.start(workers=2, cores=2)
        told = lines(process)
        for _ in range(count + 1):
            next(told)
        time.sleep(moments.uniform(0.0, 0.05))
        hits += process.poll() is None
        process.kill()
        process.wait()
        built = project.build(workers=2, cores=2)
        assert {name: artifact.digest for name, artifact in built.artifacts.items()} == expected
        assert not any((project.root / "store" / "work").iterdir())
        assert project.build().ran == []
    assert hits >= told_before_the_end - 2, "kills that hit nothing prove nothing"


def test_a_checkpoint_is_not_lost_to_a_kill(tiny: TinyProject) -> None:
    tiny.write("work", STEPS)
    tiny.graph('STAGES = [Stage("s", "tiny.work:f", {"steps": 10, "pause": 0.1})]')
    process = tiny.start()
    wait_for(lines(process), "StageStarted")
    until(tiny.root / "store" / "work", "*/scratch/steps")
    process.kill()
    process.wait()
    (steps,) = (tiny.root / "store" / "work").glob("*/scratch/steps")
    assert 1 <= len(steps.read_text()) < 10
    assert tiny.build().artifacts["s"].json("x") == 10


def test_two_builds_at_once_share_the_work(tiny: TinyProject) -> None:
    tiny.write("work", STEPS)
    tiny.graph(GRAPH.replace("0.01", "0.1"))
    builds = [tiny.start(workers=2, cores=2) for _ in range(3)]
    ends: list[Any] = []

    def read(process: subprocess.Popen[str]) -> None:
        *_, last = lines(process)
        ends.append(last)

    readers = [threading.Thread(target=read, args=(process,)) for process in builds]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    assert [process.wait() for process in builds] == [0, 0, 0]
    assert sorted(name for end in ends for name in end[2]) == ["a", "b", "c", "d"], "each stage ran once"
    assert all(end[1] == ends[0][1] for end in ends)


def test_a_build_takes_over_from_one_that_was_killed_while_it_waited(tiny: TinyProject) -> None:
    tiny.write("work", STEPS)
    tiny.graph('STAGES = [Stage("s", "tiny.work:waits", {"root": str(ROOT)})]')
    first = tiny.start()
    wait_for(lines(first), "StageStarted")
    second = tiny.start()
    told = lines(second)
    wait_for(told, "StageElsewhere")
    first.kill()
    first.wait()
    (tiny.root / "go").touch()
    wait_for(told, "StageStarted")
    assert wait_for(told, "outcome")[2] == ["s"]
    assert second.wait() == 0
