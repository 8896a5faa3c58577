"""Dask workers and builds that are killed: no stage process is left, and work goes on from its checkpoint."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from latentpress.engine import events
from latentpress.engine.dask_client import connect
from latentpress.engine.mirror import Mirror, MirrorDamageError, open_mirror
from latentpress.engine.stage import Stage
from latentpress.errors import ClusterError

if TYPE_CHECKING:
    from tests.conftest import DaskCluster, TinyProject

# Counts steps in its scratch folder, as a training counts epochs, and notes where each attempt began.
STEPS = """
import os, time
from pathlib import Path

def f(task):
    done = task.scratch / "steps"
    start = len(done.read_text()) if done.exists() else 0
    with (Path(task.settings["root"]) / "began").open("a") as file:
        file.write(f"{os.environ['DASK_NAME']} {start}\\n")
    for step in range(start, task.settings["steps"]):
        with done.open("a") as file:
            file.write("x")
        time.sleep(0.5)
    return Result(values={"x": len(done.read_text())})
"""


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def gone(pid: int, seconds: float = 6.0) -> bool:
    end = time.monotonic() + seconds
    while alive(pid) and time.monotonic() < end:
        time.sleep(0.05)
    return not alive(pid)


def saved(folder: Path, mirror: Mirror | None) -> int:
    """How many steps a Dask worker that is killed now does not lose."""
    if mirror is None:
        return max((len(path.read_bytes()) for path in (folder / "store" / "work").glob("*/scratch/steps")), default=0)
    with contextlib.suppress(MirrorDamageError):  # a newer checkpoint takes its place while we look
        return max(
            (len(mirror.pull_scratch(path.name).get("steps", b"")) for path in folder.glob("mirror/scratch/*")),
            default=0,
        )
    return 0


def stage_of(tiny: TinyProject, steps: int) -> Stage:
    tiny.write("work", STEPS)
    return Stage("s", "tiny.work:f", {"steps": steps, "root": str(tiny.root)})


@pytest.mark.parametrize("mirrored", [False, True], ids=["common disk", "mirror"])
def test_a_stage_goes_on_elsewhere_when_its_dask_worker_is_killed(
    tiny: TinyProject, dask_cluster: DaskCluster, tmp_path: Path, mirrored: bool
) -> None:
    stage = stage_of(tiny, 14)
    processes = {
        name: dask_cluster.worker(name, LATENTPRESS_WORKER_STORE=str(tmp_path / name)) for name in ("ada", "bob")
    }
    dask_cluster.wait_for(2)
    began = tiny.root / "began"
    mirror = open_mirror(f"file://{tmp_path / 'mirror'}") if mirrored else None
    outcomes: list[Any] = []
    with connect(dask_cluster.address) as client:
        scheduler = tiny.scheduler(stage, cluster=client, workers=0, mirror=mirror)
        build = threading.Thread(target=lambda: outcomes.append(scheduler.run()))
        build.start()
        dask_cluster._until(lambda: began.exists() and tiny.told(events.StageStarted))
        dask_cluster._until(lambda: saved(tmp_path, mirror) >= 2)
        first = began.read_text().split()[0]
        dask_cluster.kill(processes[first])
        (started,) = tiny.told(events.StageStarted)
        assert gone(started.pid), "the stage's process ends with its Dask worker"
        build.join()
    assert outcomes[0].artifacts["s"].json("x") == 14
    (reason,) = [event.reason for event in tiny.told(events.StageRetried)]
    assert "which left the cluster" in reason
    (_, start), (second, resumed) = [line.split() for line in began.read_text().splitlines()]
    assert start == "0"
    assert second != first
    assert int(resumed) >= 2, "it went on from the checkpoint"
    if mirrored:
        assert not list((tmp_path / "mirror" / "scratch").glob("*/*")), "checkpoints of finished stages are removed"
        assert not (tmp_path / first / "artifacts").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_stopping_or_killing_the_build_ends_its_remote_processes_and_no_others(
    tiny: TinyProject, two_workers: DaskCluster, number: signal.Signals
) -> None:
    tiny.write("work", STEPS)
    tiny.graph('STAGES = [Stage("s", "tiny.work:f", {"steps": 200, "root": str(ROOT)})]')
    process = tiny.start(scheduler=two_workers.address, workers=0)
    assert process.stdout is not None
    told = (json.loads(line) for line in process.stdout)
    pid = next(event for event in told if event[0] == "StageStarted")[2]
    assert alive(pid)
    os.kill(process.pid, number)
    assert gone(pid)
    process.wait()
    tiny.graph('STAGES = [Stage("s", "tiny.work:f", {"steps": 1, "root": str(ROOT)})]')
    with connect(two_workers.address) as client:
        assert tiny.build(cluster=client, workers=0).ran == ["s"], "the cluster's workers go on"


def test_a_scheduler_that_goes_away_ends_the_build_with_the_reason(
    tiny: TinyProject, dask_cluster: DaskCluster
) -> None:
    stage = stage_of(tiny, 200)
    dask_cluster.worker("ada")
    dask_cluster.wait_for(1)

    def listen_and_kill(event: events.Event) -> None:
        tiny.events.append(event)
        if isinstance(event, events.StageStarted):
            dask_cluster.kill(dask_cluster._processes[0])

    with connect(dask_cluster.address) as client:
        scheduler = tiny.scheduler(stage, cluster=client, workers=0, listener=listen_and_kill)
        with pytest.raises(ClusterError, match=r"went away[\s\S]*finished stages are kept"):
            scheduler.run()
    assert gone(tiny.told(events.StageStarted)[0].pid)
