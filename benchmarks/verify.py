"""False alarms and time of ``latentpress verify``: honest rebuilds of one report, each verified.

    python benchmarks/verify.py --rebuilds 20                      # smoke builds, 6 to 20 s each
    python benchmarks/verify.py --time build/assignment/report.pdf   # seconds, process start included

Each rebuild changes what honest authors change: title and names (hostile characters among them), the language, how fast
a model is trained; every tenth trains each model twice.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
NAMES = (
    "Ada Lovelace",
    "Nguyễn Thị Hoa",
    'O"Brien & Sons',
    "Ærøskøbing 50 %",
    "Παλαιός",
    "小明",
    "a_b #1 {x}",
    "Łukasz",
)
TIMES = 7


def variant(root: Path, number: int) -> None:
    """Change a copy of the project, as its authors would."""
    path = root / "report_templates" / "assignment" / "report.toml"
    text = (ROOT / "report_templates" / "assignment" / "report.toml").read_text(encoding="utf-8")
    name = json.dumps(NAMES[number % len(NAMES)], ensure_ascii=False)
    text = re.sub(r'^name = "Ada Example"$', lambda _: f"name = {name}", text, flags=re.MULTILINE)
    text = re.sub(r'^title = "', f'title = "Rebuild {number}: ', text, count=1, flags=re.MULTILINE)
    if number % 5 == 0:
        text = text.replace('language = "en-GB"', 'language = "en-US"')
    path.write_text(text, encoding="utf-8")
    experiment = root / "experiments" / "vae.toml"
    source = (ROOT / "experiments" / "vae.toml").read_text(encoding="utf-8")
    if number % 4 == 3:
        faster = f"peak_rate = {4e-3 + number / 1e5}"
        source = re.sub(r"^peak_rate = .*$", faster, source, count=1, flags=re.MULTILINE)
    experiment.write_text(source, encoding="utf-8")


def run(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "LATENTPRESS_DATA": "", "TF_CPP_MIN_LOG_LEVEL": "3"}
    return subprocess.run(
        [sys.executable, "-m", "latentpress", *arguments], cwd=cwd, env=environment, capture_output=True, text=True,
        check=False,
    )  # fmt: skip


def rebuild(count: int, store: Path | None) -> int:
    """Build and verify; the number of false alarms."""
    alarms = 0
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for name in ("experiments", "report_templates"):
            shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("audit"))
        if store is not None:
            shutil.copytree(store, root / "build" / "store")
        digests = set()
        for number in range(count):
            variant(root, number)
            seeds = ("--seeds", "2") if number % 10 == 9 else ()
            built = run("build", "assignment", "--profile", "smoke", "--data", "embedded", *seeds, cwd=root)
            if built.returncode:
                print(built.stdout[-2000:], built.stderr[-2000:])
                raise SystemExit("a rebuild failed")
            answer = run("verify", "build/assignment/report.pdf", "--output", "verify.json", cwd=root)
            review = json.loads((root / "verify.json").read_text(encoding="utf-8"))
            digests.add(review["sha256"])
            findings = [finding for check in review["checks"] for finding in check["findings"]]
            print(f"rebuild {number + 1}: {review['verdict']}, {len(findings)} findings", flush=True)
            if answer.returncode or findings:
                alarms += 1
                print(answer.stdout)
        print(f"{count} rebuilds, {len(digests)} different PDFs, {alarms} false alarms")
    return alarms


def measure(path: Path) -> None:
    """Seconds of one report, the first time apart: it parses the sources of this clone."""
    taken = []
    for _ in range(TIMES):
        start = time.perf_counter()
        answer = run("verify", str(path.resolve()), cwd=ROOT)
        taken.append(time.perf_counter() - start)
    print(f"{path}: exit status {answer.returncode}; first {taken[0]:.2f} s, then median "
          f"{statistics.median(taken[1:]):.2f} s of {TIMES - 1}, longest {max(taken[1:]):.2f} s")  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rebuilds", type=int, default=0)
    parser.add_argument("--store", type=Path, help="a store of a smoke build on embedded data, to start from")
    parser.add_argument("--time", type=Path, metavar="REPORT")
    chosen = parser.parse_args()
    if chosen.time:
        measure(chosen.time)
    if chosen.rebuilds and rebuild(chosen.rebuilds, chosen.store):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
