"""What this machine is: cores, memory, processor, accelerator."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

from latentpress.engine.processor import processor
from latentpress.errors import UsageError

__all__ = ["check_python", "cores", "gpu", "memory_mb", "processor"]

SUPPORTED = ((3, 11), (3, 13))


def check_python(version: tuple[int, ...] = tuple(sys.version_info[:2])) -> None:
    """Refuse a Python that TensorFlow has no wheel for.

    Raises:
        UsageError: naming the version found and those supported.
    """
    low, high = SUPPORTED
    if not low <= version[:2] <= high:
        raise UsageError(
            f"Python {version[0]}.{version[1]} found, expected {low[0]}.{low[1]} to {high[0]}.{high[1]}: "
            "TensorFlow publishes no wheel for any other",
            "Let uv bring a supported one: uvx --python 3.13 --with 'nox[uv]' nox -s all",
        )


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def memory_mb() -> int:
    """Physical memory in MB."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20


def gpu() -> str:
    """The first NVIDIA GPU's name, or nothing where ``nvidia-smi`` is missing or finds none."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return ""
    query = [program, "--query-gpu=name", "--format=csv,noheader"]
    answer = subprocess.run(query, capture_output=True, text=True, timeout=20, check=False)
    lines = answer.stdout.strip().splitlines()
    return lines[0] if answer.returncode == 0 and lines else ""
