"""The results that docs/results.md quotes, read from a finished report."""

from __future__ import annotations

import json
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
QUANTITIES = (
    "test_mse",
    "probe_accuracy",
    "svm_accuracy",
    "contraction_ratio",
    "jacobian_estimate_z",
    "active_share",
    "reconstruction_difference",
    "kl_difference",
    "sample_nearest_distance",
    "face_nearest_distance",
)


def main() -> None:
    """Print a Markdown table of the quoted metrics, and the failed health checks."""
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "build" / "assignment" / "report.json"
    report = json.loads(path.read_text(encoding="utf-8"))
    print("| metric | value | 95 % interval |\n| --- | --- | --- |")
    for metric in report["metrics"]:
        if metric["quantity"] in QUANTITIES:
            interval = "" if metric["low"] is None else f"{metric['low']:.5g} to {metric['high']:.5g}"
            value = metric["value"] if isinstance(metric["value"], str | None) else f"{metric['value']:.5g}"
            print(f"| {metric['id']} | {value} | {interval} |")
    failed = [check for check in report["health"] if check["verdict"] == "failed"]
    print(f"\nhealth: {len(report['health'])} checks, {len(failed)} failed")
    for check in failed:
        print(f"- {check['name']} ({check['model']}): {check['value']} against {check['threshold']}")


if __name__ == "__main__":
    main()
