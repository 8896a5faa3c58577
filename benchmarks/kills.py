"""kill -9 of a real smoke build at random moments, again and again: how many kills hit, and whether a byte changed.

A build is killed after a random time and started again, with more time after each kill, until one gets to its end; its
report is then held against that of a build that nobody disturbed. The scheduler, one of its processes, or all of them
are killed in turn. Only kills that hit a living build count.

    python benchmarks/kills.py [--kills 300] [--seed 1]
"""

from __future__ import annotations

import argparse
import collections
import hashlib
import itertools
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from latentpress.engine.guardian import descendants

ROOT = Path(__file__).parents[1]
COMMAND = [sys.executable, "-m", "latentpress", "build", "--profile", "smoke", "--data", "embedded"]
# A build that loses one process goes on, and is hit a second time.
VICTIMS = itertools.cycle(["scheduler", "one process below it", "all"])
# Short enough to hit every phase, long enough for a training of the smoke profile to get on.
SHORTEST, LONGEST = 0.3, 8.0
# A build that has just been killed needs its workers' start again; without growth one stage could last for ever.
GROWTH = 1.05


def main() -> None:
    """Kill until enough kills have hit; print what came of it after each build that got to its end."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    moments = random.Random(options.seed)
    hits: collections.Counter[str] = collections.Counter()
    finished = 0
    with tempfile.TemporaryDirectory() as folder:
        whole = project(Path(folder) / "whole")
        if subprocess.run(COMMAND, cwd=whole, env=environment(whole), capture_output=True, check=False).returncode:
            sys.exit("the undisturbed build failed")
        expected = digest(whole)
        while sum(hits.values()) < options.kills:
            root = project(Path(folder) / f"killed{finished}")
            hits += disturbed(root, moments, options.kills - sum(hits.values()))
            if digest(root) != expected:
                sys.exit(f"the report of build {finished} is not that of the undisturbed one; see {keep(root)}")
            left = [path.name for part in ("work", "locks") for path in (root / "build" / "store" / part).iterdir()]
            if left:
                sys.exit(f"left behind after build {finished}: {', '.join(left)}; see {keep(root)}")
            shutil.rmtree(root)
            finished += 1
            told = ", ".join(f"{count} of the {name}" for name, count in sorted(hits.items()))
            print(
                f"{sum(hits.values())} kills ({told}); {finished} builds finished, all with the same bytes", flush=True
            )


def project(root: Path) -> Path:
    """A new copy of the project's settings."""
    for part in ("experiments", "report_templates"):
        shutil.copytree(ROOT / part, root / part)
    return root


def environment(root: Path) -> dict[str, str]:
    """As the user's, with embedded data and a mark by which to find orphans."""
    return {**os.environ, "LATENTPRESS_DATA": "", "LATENTPRESS_BUILD_ID": str(root)}


def disturbed(root: Path, moments: random.Random, limit: int) -> collections.Counter[str]:
    """Kill builds of one folder until one gets to its end; which kills hit."""
    hits: collections.Counter[str] = collections.Counter()
    growth = 1.0
    while True:
        log = root / "said.txt"
        with log.open("w") as output:
            process = subprocess.Popen(COMMAND, cwd=root, env=environment(root), stdout=output, stderr=output)
        while process.poll() is None and sum(hits.values()) < limit:
            try:
                process.wait(growth * moments.uniform(SHORTEST, LONGEST))
            except subprocess.TimeoutExpired:
                victim = next(VICTIMS)
                hits[victim] += kill(process, victim, moments)
                growth *= GROWTH
                if victim != "one process below it":
                    break
        status = process.wait()
        if living := orphans(root):
            sys.exit(f"alive after the end of their build: {living}")
        if status == 0:
            return hits
        if status != -signal.SIGKILL:
            sys.exit(f"a build ended with {status}:\n{log.read_text()[-2000:]}")


def kill(process: subprocess.Popen[bytes], victim: str, moments: random.Random) -> bool:
    """Kill, and say whether anybody was hit."""
    below = descendants(process.pid)
    if victim == "one process below it":
        if not below:
            return False
        chosen = [moments.choice(below)]
    else:
        chosen = [*(below if victim == "all" else []), process.pid]
    hit = False
    for pid in chosen:
        try:
            os.kill(pid, signal.SIGKILL)
            hit = True
        except ProcessLookupError:
            continue
    return hit


def orphans(root: Path) -> list[str]:
    """Processes of a build that live on ten seconds after its end."""
    mark = f"LATENTPRESS_BUILD_ID={root}".encode()
    found: list[str] = []
    for _ in range(100):
        found = []
        for entry in Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and mark in (entry / "environ").read_bytes().split(b"\0"):
                    found.append((entry / "cmdline").read_text().replace("\0", " "))
            except OSError:
                continue  # it ended while we looked
        if not found:
            break
        time.sleep(0.1)
    return found


def digest(root: Path) -> str:
    """Of every exported file but the record of the run, which tells times."""
    folder = root / "build" / "assignment"
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != "run.json")
    told = {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
    assert "report.pdf" in told, "no PDF was made"
    return json.dumps(told)


def keep(root: Path) -> Path:
    """Move a folder to where it outlives the benchmark."""
    return Path(shutil.move(root, tempfile.mkdtemp(prefix="latentpress-kills-")))


if __name__ == "__main__":
    main()
