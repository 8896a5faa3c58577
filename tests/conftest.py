"""What several folders of tests share: a tiny project that the engine builds, without any machine learning."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from latentpress.engine import events
from latentpress.engine.dask_client import connect
from latentpress.engine.scheduler import Outcome, Scheduler
from latentpress.engine.stage import Stage
from latentpress.engine.store import Store

# An example takes as long as the machine is busy with: builds run beside it, in this process's workers or another's.
hypothesis.settings.register_profile("busy machine", parent=hypothesis.settings(), deadline=None)
hypothesis.settings.load_profile("busy machine")


LONGEST = (
    "end_to_end/test_assignment.py",  # makes the finished build, which the next three need not wait for
    "end_to_end/test_denoising.py",
    "end_to_end/test_audit.py",
    "end_to_end/test_hostile_data.py",
    "faults/test_kill_points.py",
    "end_to_end/test_faults.py",
    "end_to_end/test_cluster.py",
    "test_training.py",
    "reporting/test_typeset.py",
    "faults/test_cluster_kills.py",
    "engine/test_cluster.py",
)
"""The files of tests that take longest, in the order in which processes that share the tests begin them."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Where several processes share the tests, long files go first: at the end nobody waits for one."""
    if hasattr(config, "workerinput"):
        place = {Path(__file__).parent / name: number for number, name in enumerate(LONGEST)}
        items.sort(key=lambda item: place.get(item.path, len(place)))


# Run by a process of its own, for tests that kill it. It prints events as they come, then the outcome.
RUNNER = """
import contextlib, json, sys
from pathlib import Path
from latentpress.engine.dask_client import connect
from latentpress.engine.scheduler import Scheduler
from latentpress.engine.stage import Stage
from latentpress.engine.store import Store
from latentpress.errors import LatentPressError

root = Path(sys.argv[1])
options = json.loads(sys.argv[2])
names = {"Stage": Stage, "ROOT": root}
exec((root / "graph.py").read_text(), names)

def tell(event):
    print(json.dumps([type(event).__name__, getattr(event, "stage", ""), getattr(event, "pid", 0)]), flush=True)

try:
    address = options.pop("scheduler", None)
    with connect(address) if address else contextlib.nullcontext() as options["cluster"]:
        scheduler = Scheduler(
            Store(root / "store"), names["STAGES"], listener=tell, package="tiny", source_dirs=[root / "src"], **options
        )
        outcome = scheduler.run()
except LatentPressError as error:
    print(json.dumps(["error", type(error).__name__, str(error)]), flush=True)
    sys.exit(1)
except KeyboardInterrupt:
    print(json.dumps(["interrupted", "", 0]), flush=True)
    sys.exit(130)
digests = {name: artifact.digest for name, artifact in outcome.artifacts.items()}
print(json.dumps(["outcome", digests, outcome.ran, sorted(outcome.failures)]), flush=True)
"""


class TinyProject:
    """A package ``tiny`` of stage functions, a graph of stages, a store; all in one folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.store = Store(root / "store")
        self.events: list[events.Event] = []
        self.write("__init__", '"""A tiny project."""')

    def write(self, module: str, source: str) -> Path:
        """Write a module of the package: ``"work"``, ``"sub/__init__"``."""
        path = self.root / "src" / "tiny" / f"{module}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        header = "from latentpress.engine.stage import Result, Task\n" if "Result" in source else ""
        path.write_text(header + textwrap.dedent(source))
        return path

    def graph(self, source: str) -> None:
        """Define the stages: Python that sets STAGES, with Stage and ROOT at hand."""
        (self.root / "graph.py").write_text(textwrap.dedent(source))

    def stages(self) -> list[Stage]:
        names: dict[str, Any] = {"Stage": Stage, "ROOT": self.root}
        exec((self.root / "graph.py").read_text(), names)
        return list(names["STAGES"])

    def scheduler(self, *stages: Stage, **options: Any) -> Scheduler:
        self.events = []
        return Scheduler(
            self.store,
            stages or self.stages(),
            package="tiny",
            source_dirs=[self.root / "src"],
            **{"listener": self.events.append, **options},
        )

    def build(self, *stages: Stage, **options: Any) -> Outcome:
        """Build in this process (with real workers)."""
        return self.scheduler(*stages, **options).run()

    def told(self, kind: type[events.Event]) -> list[Any]:
        """The events of one kind of the last build."""
        return [event for event in self.events if isinstance(event, kind)]

    def start(self, **options: Any) -> subprocess.Popen[str]:
        """Build in a process of its own."""
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        return subprocess.Popen(
            [sys.executable, "-c", RUNNER, str(self.root), json.dumps(options)],
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )


class DaskCluster:
    """A real Dask scheduler on the loopback, and workers in processes of their own; all end with `close`.

    Args:
        folder: where they write.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._processes: list[subprocess.Popen[bytes]] = []
        self._file = folder / "scheduler.json"
        self._spawn("dask_scheduler", "scheduler", ["--port", "0", "--scheduler-file", str(self._file)], {})
        self.address = self._until(self._address)

    def _address(self) -> str:
        try:
            return str(json.loads(self._file.read_text())["address"])
        except (OSError, ValueError):
            return ""

    def _until(self, what: Any, seconds: float = 60.0) -> Any:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if found := what():
                return found
            time.sleep(0.05)
        raise AssertionError(f"it did not happen within {seconds} s: {what}")

    def worker(self, name: str, threads: int = 1, nanny: bool = False, **environment: str) -> subprocess.Popen[bytes]:
        """Start a worker; it joins when it is ready. Its stages see its name in the variable DASK_NAME."""
        options = [self.address, "--name", name, "--nthreads", str(threads), "--local-directory", str(self.folder)]
        options += [] if nanny else ["--no-nanny"]
        return self._spawn("dask_worker", name, options, {"DASK_NAME": name, **environment})

    def wait_for(self, count: int) -> None:
        """Wait until the scheduler has so many workers."""
        with connect(self.address) as client:
            self._until(lambda: len(client.scheduler_info()["workers"]) == count)

    def _spawn(
        self, program: str, name: str, options: list[str], environment: dict[str, str]
    ) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", f"distributed.cli.{program}", "--host", "127.0.0.1", "--no-dashboard"]
        usual = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "MARK": str(self.folder)}
        with (self.folder / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(
                [*command, *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **usual, **environment},
                start_new_session=True,
            )
        self._processes.append(process)
        return process

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        """kill -9, with its nanny if it has one."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def close(self) -> None:
        """End everything."""
        for process in reversed(self._processes):
            self.kill(process)


@pytest.fixture
def dask_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaskCluster]:
    """A Dask scheduler without workers."""
    cluster = DaskCluster(tmp_path_factory.mktemp("dask"))
    yield cluster
    cluster.close()


@pytest.fixture(scope="session")
def two_workers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaskCluster]:
    """A Dask cluster with two workers that tests share, and leave as they are."""
    cluster = DaskCluster(tmp_path_factory.mktemp("dask"))
    for name in ("ada", "bob"):
        cluster.worker(name)
    cluster.wait_for(2)
    yield cluster
    cluster.close()


@pytest.fixture
def tiny(tmp_path: Path) -> TinyProject:
    """An empty tiny project."""
    return TinyProject(tmp_path)


@pytest.fixture
def chain(tiny: TinyProject) -> TinyProject:
    """number → double → report, and a stage beside them."""
    tiny.write("arithmetic", "def double(x):\n    return 2 * x\n")
    tiny.write("numbers", 'def number(task):\n    return Result(values={"x": task.settings["x"]})\n')
    tiny.write(
        "work",
        """
        from tiny.arithmetic import double

        def doubled(task):
            return Result(values={"x": double(task.inputs["number"].json("x"))})
        """,
    )
    tiny.write(
        "telling",
        """
        def report(task):
            return Result(texts={"report.txt": f"x = {task.inputs['double'].json('x')}"})

        def aside(task):
            return Result(texts={"aside.txt": "nothing depends on this"})
        """,
    )
    tiny.graph(
        """
        STAGES = [
            Stage("number", "tiny.numbers:number", {"x": 3}),
            Stage("double", "tiny.work:doubled", inputs={"number": "number"}),
            Stage("report", "tiny.telling:report", inputs={"double": "double"}),
            Stage("aside", "tiny.telling:aside"),
        ]
        """
    )
    return tiny
