"""What several folders of tests share: a tiny project that the engine builds, without any machine learning."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from latentpress.engine import events
from latentpress.engine.scheduler import Outcome, Scheduler
from latentpress.engine.stage import Stage
from latentpress.engine.store import Store

# Run by a process of its own, for tests that kill it. It prints events as they come, then the outcome.
RUNNER = """
import json, sys
from pathlib import Path
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
            listener=self.events.append,
            package="tiny",
            source_dirs=[self.root / "src"],
            **options,
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
