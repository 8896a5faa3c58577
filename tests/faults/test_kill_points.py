"""kill -9 before every write, rename and other operation of a small build: the next build ends with the same bytes."""

from __future__ import annotations

import itertools
import json
import os
import queue
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

HARNESS = Path(__file__).parent / "kill_points"
SIDE_BY_SIDE = 2
RANDOM_KILLS = 60
SEED = 20

# The first stage counts steps in its scratch folder, as a training counts epochs, each as one atomic file.
WORK = """
from latentpress.engine.stage import Result, Task

def first(task):
    done = task.scratch / "steps"
    for step in range(int(done.read_text()) if done.exists() else 0, 2):
        fresh = task.scratch / "steps.new"
        fresh.write_text(str(step + 1))
        fresh.replace(done)
    x = int(done.read_text())
    return Result(values={"x": x}, texts={"folder/a.txt": "one"}, files={"blob.bin": b"0" * 100_000})

def second(task):
    return Result(values={"y": 1 + sum(artifact.json("x") for artifact in task.inputs.values())})
"""
GRAPH = """
STAGES = [
    Stage("first", "tiny.work:first"),
    Stage("second", "tiny.work:second", inputs={"first": "first"}),
]
"""
# Wide enough for two workers, and with two kinds of them.
WIDE_GRAPH = """
STAGES = [
    Stage("a", "tiny.work:first"),
    Stage("b", "tiny.work:first", seed=1),
    Stage("c", "tiny.work:second", inputs={"a": "a", "b": "b"}),
    Stage("d", "tiny.work:second", inputs={"a": "a"}, isolated=True),
]
"""


class Server:
    """A process that forks builds; see kill_points/server.py."""

    def __init__(self) -> None:
        path = os.pathsep.join([str(HARNESS), *filter(None, sys.path)])
        self._process = subprocess.Popen(
            [sys.executable, str(HARNESS / "server.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": path},
        )

    def build(self, root: Path, **order: Any) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps({"root": str(root), **order}), file=self._process.stdin, flush=True)
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


class Servers:
    """Some servers, handed out to whoever has a kill to try."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._names = itertools.count()
        self._all = [Server() for _ in range(SIDE_BY_SIDE)]
        self._idle: queue.SimpleQueue[Server] = queue.SimpleQueue()
        for server in self._all:
            self._idle.put(server)

    def project(self, graph: str = GRAPH) -> Path:
        """A new tiny project."""
        root = self.folder / f"project{next(self._names)}"
        package = root / "src" / "tiny"
        package.mkdir(parents=True)
        (package / "__init__.py").write_text("")
        (package / "work.py").write_text(WORK)
        (root / "graph.py").write_text(graph)
        return root

    def build(self, root: Path, **order: Any) -> dict[str, Any]:
        server = self._idle.get()
        try:
            return server.build(root, **order)
        finally:
            self._idle.put(server)

    def close(self) -> None:
        for server in self._all:
            server.close()


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    found = Servers(tmp_path_factory.mktemp("kills"))
    yield found
    found.close()


def snapshot(root: Path) -> dict[str, bytes]:
    """Every byte that a build is for: artifacts, records, export."""
    folders = [root / "store" / "artifacts", root / "store" / "keys", root / "out"]
    files = (path for folder in folders for path in folder.rglob("*"))
    return {str(path.relative_to(root)): path.read_bytes() if path.is_file() else b"" for path in files}


def leftovers(root: Path) -> list[str]:
    """What a finished build has no use for."""
    # The journal's lists of keys stay, a killed build's, too: clean and explain ask what it used.
    kept = ("src", "out", "store/artifacts", "store/keys", "store/builds")
    usual = {"graph.py", "last_run.json", "store", "store/work", "store/locks", "store/cache", "store/running"}
    usual |= {"store/journal.jsonl", "store/builds.lock", "store/cache/sources.json", *kept}
    found = (path.relative_to(root).as_posix() for path in root.rglob("*"))
    return [name for name in found if name not in usual and not name.startswith(tuple(f"{name}/" for name in kept))]


def orphans(root: Path) -> list[str]:
    """Processes that a build of this project started and that are alive, after a while for the system to end them."""
    mark = f"LATENTPRESS_BUILD_ID={root}".encode()
    for _ in range(500):
        found = []
        for entry in Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and mark in (entry / "environ").read_bytes().split(b"\0"):
                    found.append((entry / "cmdline").read_bytes().replace(b"\0", b" ").decode())
            except OSError:
                continue  # it ended while we looked
        if not found:
            return []
        time.sleep(0.02)
    return found


def order(root: Path, role: str, number: int, victims: tuple[str, ...], **more: Any) -> dict[str, Any]:
    mark = str(root.with_name(f"{root.name}.mark"))
    return {"root": str(root), "role": role, "number": number, "victims": victims, "mark": mark, **more}


def check(servers: Servers, root: Path, expected: dict[str, bytes], killed: bool, what: str) -> None:
    """After a kill: no orphan; the same command goes on and ends with the same bytes and nothing else."""
    assert orphans(root) == [], what
    if killed:
        answer = servers.build(root)
        assert answer["status"] == 0, what
    assert snapshot(root) == expected, what
    assert leftovers(root) == [], what
    assert servers.build(root)["outcome"] == {"ran": [], "failures": []}, what
    shutil.rmtree(root)


@pytest.mark.parametrize(
    ("role", "victims"),
    [
        ("build", ("build",)),
        ("build", ("build", "worker")),
        ("worker", ("worker",)),
        ("worker", ("build",)),
        ("worker", ("build", "worker")),
        ("worker", ("guardian",)),
    ],
    ids=lambda value: value if isinstance(value, str) else "+".join(value),
)
def test_a_kill_at_any_operation_changes_no_byte_of_the_result(
    servers: Servers, role: str, victims: tuple[str, ...]
) -> None:
    whole = servers.project()
    log = whole.with_name(f"{whole.name}.log")
    assert servers.build(whole, kill=order(whole, role, 0, (), log=str(log)))["status"] == 0
    expected = snapshot(whole)
    operations = log.read_text().splitlines()
    assert len(operations) >= (80 if role == "build" else 35), operations

    def attempt(number: int) -> str:
        root = servers.project()
        answer = servers.build(root, kill=order(root, role, number, victims))
        mark = root.with_name(f"{root.name}.mark")
        assert mark.exists(), f"kill {number} of {len(operations)} hit nothing"
        what = f"{'+'.join(victims)} killed at operation {number} of the {role}: {mark.read_text()}"
        assert answer["status"] == (-signal.SIGKILL if "build" in victims else 0), what
        check(servers, root, expected, "build" in victims, what)
        return mark.read_text()

    with ThreadPoolExecutor(SIDE_BY_SIDE) as threads:
        hit = list(threads.map(attempt, range(1, len(operations) + 1)))
    assert len(hit) == len(operations)
    kinds = {label.split()[0] for label in hit}
    assert {"open", "write", "fsync", "mkdir"} | ({"rename", "remove"} if role == "build" else set()) <= kinds


def test_kills_at_random_moments_change_no_byte_of_the_result(servers: Servers) -> None:
    options = {"workers": 2, "cores": 2}
    whole = servers.project(WIDE_GRAPH)
    begun = time.monotonic()
    assert servers.build(whole, options=options)["status"] == 0
    seconds = time.monotonic() - begun
    expected = snapshot(whole)
    print(f"seed {SEED}")
    moments = random.Random(SEED)

    def attempt(moment: float, victims: list[str]) -> int:
        """Kill the build again and again until it is done; how many of the kills hit."""
        root = servers.project(WIDE_GRAPH)
        hits = 0
        answer = servers.build(root, options=options, after=moment, victims=victims)
        while answer["status"] != 0:
            assert answer["status"] == -signal.SIGKILL
            hits += 1
            moment *= 1.5  # or a build that is killed too early would never end
            answer = servers.build(root, options=options, after=moment, victims=victims)
        check(servers, root, expected, False, f"{victims} killed {hits} times")
        # A build that was done before its kill was faster than the one that was timed, when the machine was busier.
        return hits or attempt(moment / 2, victims)

    chosen = [(moments.uniform(0.0, seconds), [["build"], ["build", "worker"]][n % 2]) for n in range(RANDOM_KILLS)]
    with ThreadPoolExecutor(SIDE_BY_SIDE) as threads:
        hits = sum(threads.map(attempt, *zip(*chosen, strict=True)))
    assert hits >= RANDOM_KILLS, "kills that hit nothing prove nothing"
