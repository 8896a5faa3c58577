"""Time and memory of grading many submissions: variants of one finished report, each with bytes of its own."""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pikepdf

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "src" / "latentpress" / "review" / "example_rubric.toml"


def main() -> None:
    """Measure and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("reports", nargs="+", type=Path, help="finished report.pdf files, of which variants are made")
    parser.add_argument("--submissions", type=int, default=200)
    parser.add_argument("--workers", type=int, default=2)
    chosen = parser.parse_args()
    for report in chosen.reports:
        with pikepdf.open(report) as pdf:
            print(f"{report}: {len(pdf.pages)} pages, {report.stat().st_size:,} bytes", file=sys.stderr)
    print("| what | wall | processor time | peak of one process |\n| --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "submissions").mkdir()
        for index in range(chosen.submissions):
            data = chosen.reports[index % len(chosen.reports)].read_bytes()
            # Behind the end of a PDF a comment changes the file and nothing in it.
            (folder / "submissions" / f"student {index:03}.pdf").write_bytes(data + b"%% copy %d\n" % index)
        begun = time.perf_counter()
        command = [sys.executable, "-m", "latentpress", "grade", str(folder / "submissions")]
        command += ["--rubric", str(EXAMPLE), "--output", str(folder / "grades"), "--workers", str(chosen.workers)]
        answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=os.environ, check=False)
        seconds = time.perf_counter() - begun
        if answer.returncode:
            sys.exit(f"{' '.join(command)} ended with {answer.returncode}:\n{answer.stdout[-2000:]}{answer.stderr}")
        made = len(list((folder / "grades" / "sheets").glob("*.pdf")))
        assert made == chosen.submissions, f"{made} sheets"
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    what = f"{chosen.submissions} submissions, {chosen.workers} workers"
    peak = used.ru_maxrss / 1000
    print(f"| {what} | {seconds:.0f} s | {used.ru_utime + used.ru_stime:.0f} s | {peak:,.0f} MB |")


if __name__ == "__main__":
    main()
