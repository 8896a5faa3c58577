"""Times and peak memory of whole builds: cold, with nothing changed, with one word changed, on embedded data."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]


def main() -> None:
    """Measure and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=["cold", "embedded"], help="measure one cold build and what follows it")
    parser.add_argument("--report", default="assignment", help="the report that is built")
    options = parser.parse_args()
    print("| what | wall | peak of one process |\n| --- | --- | --- |")
    for name, data in (("cold", "real"), ("embedded", "embedded")):
        if options.only in (None, name):
            measure(options.report, name, data)


def measure(report: str, name: str, data: str) -> None:
    """A cold build of a copy of the project, then a no-op, then a changed word."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for part in ("experiments", "report_templates"):
            shutil.copytree(ROOT / part, root / part)
        row(f"{name}: whole report, cold store, {data} data", *build(root, report, data))
        no_ops = sorted(build(root, report, data)[0] for _ in range(5))
        row(f"{name}: nothing changed, median of 5", no_ops[2], None)
        template = root / "report_templates" / report / "sections" / "introduction.tex.j2"
        template.write_text(template.read_text() + "\nOne more word.\n")
        row(f"{name}: one word of a template changed", *build(root, report, data))


def build(root: Path, report: str, data: str) -> tuple[float, float | None]:
    """Seconds of one build, and the largest peak memory of its stages in MB."""
    begun = time.perf_counter()
    command = [sys.executable, "-m", "latentpress", "build", report, "--data", data]
    answer = subprocess.run(command, cwd=root, capture_output=True, text=True, env=os.environ, check=False)
    seconds = time.perf_counter() - begun
    if answer.returncode not in (0, 3):
        sys.exit(f"{' '.join(command)} ended with {answer.returncode}:\n{answer.stdout[-2000:]}{answer.stderr}")
    if answer.returncode == 3:
        print(answer.stdout.splitlines()[-1], file=sys.stderr)
    stages = json.loads((root / "build" / report / "run.json").read_text())["stages"].values()
    return seconds, max((stage["peak_memory_mb"] for stage in stages), default=None)


def row(what: str, seconds: float, peak: float | None) -> None:
    """One line of the table."""
    memory = f"{peak:,.0f} MB" if peak else ""
    print(f"| {what} | {seconds:.2f} s | {memory} |", flush=True)


if __name__ == "__main__":
    main()
