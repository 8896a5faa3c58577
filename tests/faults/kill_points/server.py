"""Forks one build of a tiny project after another: started once, so that no build pays for Python's own start.

Reads orders as lines of JSON: ``root`` the project's folder, ``kill`` an order for `kill_points` or null, ``after``
seconds after which a kill comes from outside, to ``victims``, or null, and ``options`` for the scheduler. Answers with
a line of JSON: ``status`` as a shell would tell it, and ``outcome``.
"""

from __future__ import annotations

import json
import os
import select
import signal
import sys
from pathlib import Path
from typing import Any

import filelock  # noqa: F401 - loaded here once instead of in each build

from latentpress.engine import crew, executors, progress  # noqa: F401
from latentpress.engine.guardian import descendants
from latentpress.engine.locks import exclusive
from latentpress.engine.scheduler import Scheduler
from latentpress.engine.stage import Stage
from latentpress.engine.store import Store
from latentpress.export import export, write_json

_PATIENCE = 600  # seconds; a build that hangs is a failure, not a wait


def main() -> None:
    """Serve until the pipe closes."""
    for line in sys.stdin:
        print(json.dumps(run(json.loads(line))), flush=True)


def run(order: dict[str, Any]) -> dict[str, Any]:
    """One build in a process of its own."""
    answer, tell = os.pipe()
    child = os.fork()
    if child == 0:
        signal.alarm(_PATIENCE)
        os.close(answer)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        try:
            build(order, tell)
        except BaseException:
            sys.excepthook(*sys.exc_info())
            os._exit(1)
        os._exit(0)
    os.close(tell)
    if order.get("after") is not None:
        select.select([answer], [], [], order["after"])
        kill_from_outside(child, order["victims"])
    with os.fdopen(answer) as reader:
        outcome = reader.read()
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    return {"status": code, "outcome": json.loads(outcome) if code == 0 else None}  # a kill may have torn it


def kill_from_outside(build: int, victims: list[str]) -> None:
    """Kill the build, its workers, or both; a build that has ended already is not hit."""
    pids = descendants(build) if "worker" in victims else []
    for pid in [*pids, *([build] if "build" in victims else [])]:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue


def build(order: dict[str, Any], tell: int) -> None:
    """What a project's command does: bring the stages up to date, export, write down what was run."""
    root = Path(order["root"])
    os.environ["LATENTPRESS_BUILD_ID"] = order["root"]
    names: dict[str, Any] = {"Stage": Stage, "ROOT": root}
    exec((root / "graph.py").read_text(), names)
    if order.get("kill"):
        import kill_points

        kill_points.arm(json.dumps(order["kill"]), "build")
    store = Store(root / "store")
    outcome = Scheduler(
        store, names["STAGES"], package="tiny", source_dirs=[root / "src"], **order.get("options", {})
    ).run()
    artifacts = [outcome.artifacts[name] for name in sorted(outcome.artifacts)]
    with exclusive(store.root / "locks" / "export.lock"):
        export(artifacts, root / "out")
        write_json(root / "last_run.json", {"ran": outcome.ran})
    os.write(tell, json.dumps({"ran": outcome.ran, "failures": sorted(outcome.failures)}).encode())


if __name__ == "__main__":
    main()
