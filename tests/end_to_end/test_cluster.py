"""The assignment's report, built by a Dask cluster that loses a worker and gains another."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import TRAINED_ON_THE_CLUSTER, forget

pytestmark = pytest.mark.slow


def parent(pid):
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def running_training(root):
    """The process that runs a training, as the journal names it."""
    try:
        records = map(json.loads, (root / "build" / "store" / "journal.jsonl").read_text().splitlines())
    except FileNotFoundError:
        return None
    started = (r for r in records if r["event"] == "stage_start" and r["stage"].startswith("train/"))
    return next((record["worker"] for record in started), None)


AGAIN = (*TRAINED_ON_THE_CLUSTER, "section/", "assemble/", "html/", "tsne/", "typeset/")
"""What the cluster does; the evaluations between would take a minute more, and show nothing else."""


def test_a_cluster_that_loses_a_worker_in_a_training_gives_the_same_pdf(finished, fresh_project, dask_cluster):
    shutil.copytree(finished / "build" / "store", fresh_project / "build" / "store")
    forget(fresh_project / "build" / "store", AGAIN)
    (fresh_project / "build" / "store" / "journal.jsonl").unlink()
    workers = {worker.pid: worker for worker in (dask_cluster.worker(name, nanny=True) for name in ("ada", "bob"))}
    dask_cluster.wait_for(2)
    options = ["--profile", "smoke", "--data", "embedded", "--scheduler", dask_cluster.address]
    with (fresh_project / "output").open("wb") as output:
        build = subprocess.Popen(
            [sys.executable, "-m", "latentpress", "build", *options],
            cwd=fresh_project,
            env={**os.environ, "LATENTPRESS_DATA": ""},
            stdout=output,
            stderr=output,
        )
    try:
        training = dask_cluster._until(lambda: running_training(fresh_project), 120.0)
        guardian = parent(training)
        # The Dask worker that owns the training, with its nanny, is in the session that the test began for it.
        dask_cluster.kill(workers[os.getsid(parent(guardian))])
        dask_cluster.worker("late")
        assert build.wait(400) == 0, (fresh_project / "output").read_text()[-4000:]
    finally:
        build.kill()
        build.wait()
    told = (fresh_project / "output").read_text()
    assert "which left the cluster; attempt 2" in told
    assert "joined    Dask worker tcp://127.0.0.1" in told
    assert not Path(f"/proc/{training}").exists()
    ran = json.loads((fresh_project / "build" / "last_run.json").read_text())["stages_run"]
    assert all(name.startswith(AGAIN) for name in ran)
    assert {name.partition("/")[0] for name in ran} == {prefix.partition("/")[0] for prefix in AGAIN}
    assert len([name for name in ran if name.startswith("train/")]) >= 4
    made = (fresh_project / "build" / "assignment" / "report.pdf").read_bytes()
    assert made == (finished / "first.pdf").read_bytes()
