from __future__ import annotations

import contextlib
import socket
import sys
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from latentpress import cli
from latentpress.engine import cluster, events
from latentpress.engine.dask_client import connect, workers_of
from latentpress.engine.dask_workers import DaskWorker
from latentpress.engine.stage import Stage
from latentpress.errors import ClusterError, UsageError

if TYPE_CHECKING:
    from tests.conftest import DaskCluster, TinyProject

# Each stage says in a file of the project which Dask worker ran it, and where.
WORK = """
import os, time
from pathlib import Path

def f(task):
    by = Path(task.settings["root"]) / "by"
    by.mkdir(exist_ok=True)
    (by / task.name).write_text(os.environ.get("DASK_NAME", "") + " " + str(task.scratch))
    time.sleep(task.settings.get("pause", 0))
    task.report(epoch=1, epochs=1)
    return Result(values={"x": 1 + sum(artifact.json("x") for artifact in task.inputs.values())})

def fails(task):
    print("what it printed")
    raise ValueError("no good")

def counted(task):
    import numpy
    return Result(values={"x": int(numpy.arange(4).sum())})
"""


def diamond(tiny: TinyProject, **settings: Any) -> list[Stage]:
    tiny.write("work", WORK)
    common = {"root": str(tiny.root), **settings}
    return [
        Stage("a", "tiny.work:f", common),
        Stage("b", "tiny.work:f", common, inputs={"a": "a"}),
        Stage("c", "tiny.work:f", common, inputs={"a": "a"}, threads=2),
        Stage("d", "tiny.work:f", common, inputs={"b": "b", "c": "c"}),
    ]


def digests(outcome: Any) -> dict[str, str]:
    return {name: artifact.digest for name, artifact in outcome.artifacts.items()}


def ran_by(tiny: TinyProject) -> dict[str, str]:
    return {path.name: path.read_text().partition(" ")[0] for path in (tiny.root / "by").iterdir()}


def test_a_cluster_gives_the_same_artifacts_under_the_same_keys(
    tiny: TinyProject, two_workers: DaskCluster, tmp_path_factory: pytest.TempPathFactory
) -> None:
    stages = diamond(tiny)
    with connect(two_workers.address) as client:
        there = tiny.build(*stages, cluster=client, workers=0)
    assert set(ran_by(tiny).values()) <= {"ada", "bob"}
    told = [event.text for event in tiny.told(events.Notice)]
    assert told == [f"cluster   {two_workers.address}: 2 workers with 2 threads"]
    assert tiny.build(*stages).ran == [], "the keys are those of a local build"
    tiny.store = type(tiny.store)(tmp_path_factory.mktemp("other") / "store")
    assert digests(tiny.build(*stages)) == digests(there)


def test_notes_of_remote_workers_reach_the_listener(tiny: TinyProject, two_workers: DaskCluster) -> None:
    with connect(two_workers.address) as client:
        tiny.build(*diamond(tiny, pause=1.0), cluster=client, workers=0)
    assert {event.stage for event in tiny.told(events.StageStarted)} == {"a", "b", "c", "d"}
    assert {event.host for event in tiny.told(events.StageStarted)} == {socket.gethostname()}


def test_a_failed_stage_is_told_with_its_log(tiny: TinyProject, two_workers: DaskCluster) -> None:
    tiny.write("work", WORK)
    with connect(two_workers.address) as client:
        outcome = tiny.build(Stage("s", "tiny.work:fails"), cluster=client, workers=0)
    assert outcome.failures["s"].first_lines.startswith("no good")
    assert "what it printed" in outcome.logs["s"].read_text()


def test_an_edit_while_a_build_runs_runs_the_stage_again(tiny: TinyProject, two_workers: DaskCluster) -> None:
    stages = diamond(tiny, pause=1.0)
    edited = []

    def listen(event: events.Event) -> None:
        if isinstance(event, events.StageStarted) and not edited:
            edited.append(tiny.write("work", WORK.replace("1 + sum", "5 + sum")))

    with connect(two_workers.address) as client:
        outcome = tiny.build(*stages, cluster=client, workers=0, listener=listen)
    assert outcome.stale == ["a"]
    assert outcome.artifacts["d"].json("x") == 25


def test_a_scheduler_that_does_not_answer_is_wrong_usage(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("latentpress.engine.dask_client._CONNECTING", 0.5)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        for address in (f"tcp://127.0.0.1:{silent.getsockname()[1]}", "tcp://127.0.0.1:1", "nonsense://x"):
            with (
                pytest.raises(UsageError, match=r"no Dask scheduler answers at[\s\S]*tcp://HOST:8786"),
                connect(address),
            ):
                pass
    root = Path(__file__).parents[2]
    arguments = ["latentpress", "build", "--scheduler", "tcp://127.0.0.1:1", "--project", str(root)]
    monkeypatch.setattr(sys, "argv", arguments)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 2
    assert "error: no Dask scheduler answers at tcp://127.0.0.1:1" in capsys.readouterr().err


@pytest.mark.parametrize(
    "greeting",
    [b"SSH-2.0-OpenSSH_9.6p1\r\n", b"HTTP/1.0 400 Bad request\r\n\r\n", bytes(200), b"\1" + bytes(7) + b"\5"],
)
def test_another_program_at_the_address_is_wrong_usage(greeting: bytes) -> None:
    def greet() -> None:
        with contextlib.suppress(OSError):
            while True:
                channel, _ = server.accept()
                channel.sendall(greeting)
                channel.close()

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=greet, daemon=True).start()
        address = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(UsageError, match=f"no Dask scheduler answers at {address}"), connect(address):
            pass


def test_a_scheduler_that_went_away_is_told_by_the_state_of_the_connection() -> None:
    """The client has an empty answer then, in which workers are missing."""
    client = SimpleNamespace(status="closing", scheduler_info=dict)
    with pytest.raises(OSError, match=r"^the connection is closing$"):
        workers_of(client)
    here = {"tcp://127.0.0.1:1": {"nthreads": 1}}
    client = SimpleNamespace(status="running", scheduler_info=lambda: {"workers": here})
    assert workers_of(client) == here


BLOCKING = """
import sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "latentpress":
            raise ModuleNotFoundError("No module named 'latentpress'", name="latentpress")

sys.meta_path.insert(0, Blocker())
"""


def test_a_worker_without_the_package_is_told_to_install_it(
    tiny: TinyProject, dask_cluster: DaskCluster, tmp_path: Path
) -> None:
    tiny.write("work", WORK)
    (tmp_path / "sitecustomize.py").write_text(BLOCKING)
    dask_cluster.worker("bare", PYTHONPATH=str(tmp_path))
    dask_cluster.wait_for(1)
    with connect(dask_cluster.address) as client, pytest.raises(ClusterError) as caught:
        tiny.build(Stage("s", "tiny.work:counted"), cluster=client, workers=0)
    message = str(caught.value)
    assert "found no package that can be imported (No module named 'latentpress'); install the same version" in message
    assert "start it again" not in message


def test_a_worker_with_other_sources_and_versions_is_refused_before_any_work(
    tiny: TinyProject, dask_cluster: DaskCluster, tmp_path: Path
) -> None:
    tiny.write("work", WORK)
    elsewhere = type(tiny)(tmp_path / "elsewhere")
    elsewhere.write("work", WORK.replace("1 + sum", "2 + sum"))
    (tmp_path / "elsewhere" / "src" / "numpy-0.0.1.dist-info").mkdir()
    path = ":".join([str(tmp_path / "elsewhere" / "src"), *filter(None, sys.path)])
    dask_cluster.worker("wrong", PYTHONPATH=path)
    dask_cluster.wait_for(1)
    with connect(dask_cluster.address) as client, pytest.raises(ClusterError) as caught:
        tiny.build(Stage("s", "tiny.work:counted"), cluster=client, workers=0)
    message = str(caught.value)
    (address,) = [word.rstrip(":") for word in message.split() if word.startswith("tcp://127")][1:2]
    assert f"Dask worker {address}: found numpy 0.0.1, expected numpy " in message
    assert f"found other sources of tiny.work in {tmp_path / 'elsewhere' / 'src'}" in message
    assert "nothing was run" in message
    assert tiny.told(events.StageStarted) == []


def test_workers_that_join_late_get_work_if_they_are_fit(
    tiny: TinyProject, dask_cluster: DaskCluster, tmp_path: Path
) -> None:
    tiny.write("work", WORK)
    stages = [Stage(f"s{n}", "tiny.work:f", {"root": str(tiny.root), "pause": 1.5, "n": n}) for n in range(8)]
    outcomes: list[Any] = []
    with connect(dask_cluster.address) as client:
        scheduler = tiny.scheduler(*stages, cluster=client, workers=0)
        build = threading.Thread(target=lambda: outcomes.append(scheduler.run()))
        build.start()
        dask_cluster._until(lambda: tiny.told(events.Notice))
        assert "has no worker; start one: dask worker" in tiny.told(events.Notice)[0].text
        dask_cluster.worker("first")
        dask_cluster._until(lambda: tiny.told(events.StageStarted))
        elsewhere = type(tiny)(tmp_path / "elsewhere")
        elsewhere.write("work", WORK.replace("1 + sum", "2 + sum"))
        dask_cluster.worker("wrong", PYTHONPATH=":".join([str(elsewhere.root / "src"), *filter(None, sys.path)]))
        dask_cluster.worker("late", threads=2)
        build.join()
    assert sorted(outcomes[0].ran) == [stage.name for stage in stages]
    assert set(ran_by(tiny).values()) == {"first", "late"}
    told = "\n".join(event.text for event in tiny.told(events.Notice))
    assert "joined    Dask worker tcp://127.0.0.1" in told
    assert "no work   for Dask worker tcp://127.0.0.1" in told


def test_another_processor_is_told_and_gets_work(
    tiny: TinyProject, two_workers: DaskCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("latentpress.engine.requirements.processor", lambda: "Abacus 3000")
    with connect(two_workers.address) as client:
        assert len(tiny.build(*diamond(tiny), cluster=client, workers=0).ran) == 4
    warnings = [event.text for event in tiny.told(events.Notice) if event.text.startswith("warning")]
    assert len(warnings) == 2
    assert all('the submitting machine\'s is "Abacus 3000"' in warning for warning in warnings)


def test_a_store_that_workers_do_not_see_is_told(
    tiny: TinyProject, two_workers: DaskCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    hidden = "/nowhere/store/seen-1"
    with connect(two_workers.address) as client:
        scheduler = tiny.scheduler(*diamond(tiny), cluster=client, workers=0)
        original = cluster.ClusterCrew.__init__

        def with_hidden_store(self: Any, client: Any, requirements: Any, *others: Any) -> None:
            from dataclasses import replace

            original(self, client, lambda: replace(requirements(), token=hidden), *others)

        monkeypatch.setattr(cluster.ClusterCrew, "__init__", with_hidden_store)
        with pytest.raises(ClusterError, match=r"the store /nowhere/store is not visible .*; mount .*--mirror"):
            scheduler.run()


def test_a_dask_worker_takes_what_it_has_threads_and_memory_for() -> None:
    worker = DaskWorker.of("tcp://x", {"nthreads": 3, "memory_limit": 2000 * 2**20})
    small = Stage("s", "m:f", threads=1, memory_mb=900)
    assert not worker.has_room(small), "it was not examined yet"
    worker.take(([], []))
    assert worker.has_room(Stage("huge", "m:f", threads=9, memory_mb=99_000)), "alone"
    worker.jobs["s"] = small
    assert worker.has_room(Stage("t", "m:f", threads=2, memory_mb=1100))
    assert not worker.has_room(Stage("t", "m:f", threads=3, memory_mb=1100))
    assert not worker.has_room(Stage("t", "m:f", threads=2, memory_mb=1101))
    worker.running = False
    assert not worker.has_room(small)
