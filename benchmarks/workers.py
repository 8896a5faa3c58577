"""Two workers of one thread each against one worker of two threads: a cold build of the assignment report both ways.

Threads change the bits of sums and are part of every key, so that both builds do all the work.

    python benchmarks/workers.py [--data real]
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from latentpress.building import STEPS
from latentpress.builds import Build, Request
from latentpress.running import run_stages

ROOT = Path(__file__).parents[1]


def main() -> None:
    """Print both times and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", choices=["real", "embedded"], default="real")
    data = parser.parse_args().data
    if os.cpu_count() != 2:
        print(f"this machine has {os.cpu_count()} cores; the comparison is meant for two")
    two = seconds(data, workers=2, threads=1)
    print(f"two workers of one thread: {two:.0f} s", flush=True)
    one = seconds(data, workers=1, threads=2)
    print(f"one worker of two threads: {one:.0f} s; ratio {one / two:.2f}")


def seconds(data: str, workers: int, threads: int) -> float:
    """Wall time of a cold build whose stages, all of them, have so many threads."""

    def give_threads(build: Build) -> None:
        stages = build.graph.stages
        for name, stage in stages.items():
            stages[name] = replace(stage, threads=threads)

    at = STEPS.index(run_stages)
    steps = (*STEPS[:at], give_threads, *STEPS[at:])
    with tempfile.TemporaryDirectory() as folder:
        request = Request(ROOT, ("assignment",), data=data, workers=workers, build_dir=Path(folder))  # type: ignore[arg-type]
        build = Build(request, say=lambda line: None)
        begun = time.perf_counter()
        for step in steps:
            step(build)
        return time.perf_counter() - begun


if __name__ == "__main__":
    main()
