"""How long `latentpress compare` takes for two reports, process start included.

Give it two finished reports, PDFs or folders: benchmarks/compare.py A B [--runs N]. Times are of the whole process, on
a machine with nothing else running; beside the median stands the processor time, which other programs hardly change.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def main() -> None:
    """Measure and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("a", type=Path)
    parser.add_argument("b", type=Path)
    parser.add_argument("--runs", type=int, default=10)
    chosen = parser.parse_args()
    print("| what | median | fastest | processor |\n| --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as folder:
        for what, options in (
            ("console", []),
            ("console, everything", ["--all"]),
            ("and JSON", ["--json", f"{folder}/compare.json"]),
            ("and HTML", ["--html", f"{folder}/compare.html"]),
            ("and PDF", ["--pdf", f"{folder}/compare.pdf"]),
        ):
            runs = [measure(chosen.a, chosen.b, options) for _ in range(chosen.runs)]
            walls, processor = zip(*runs, strict=True)
            told = (statistics.median(walls), min(walls), statistics.median(processor))
            print(f"| {what} | {' | '.join(f'{seconds:.2f} s' for seconds in told)} |", flush=True)


def measure(a: Path, b: Path, options: list[str]) -> tuple[float, float]:
    """Seconds of wall time and of processor time of one comparison."""
    command = [sys.executable, "-m", "latentpress", "compare", str(a), str(b), *options]
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    begun = time.perf_counter()
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    wall = time.perf_counter() - begun
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if answer.returncode not in (0, 1):
        sys.exit(f"{' '.join(command)} ended with {answer.returncode}:\n{answer.stderr}")
    return wall, after.ru_utime + after.ru_stime - used.ru_utime - used.ru_stime


if __name__ == "__main__":
    main()
