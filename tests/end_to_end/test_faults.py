"""The report itself under kill -9, failing disks and builds side by side: the previous PDF stays, the next is right."""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from latentpress.engine.guardian import descendants

from .conftest import TRAINED_ON_THE_CLUSTER, copy_of, forget

ROOT = Path(__file__).parents[2]
HARNESS = ROOT / "tests" / "faults" / "kill_points"
COMMAND = [sys.executable, "-m", "latentpress", "build", "--profile", "smoke", "--data", "embedded"]
SEED = 20
pytestmark = pytest.mark.slow


def environment(**more: str) -> dict[str, str]:
    path = os.pathsep.join([str(HARNESS), *filter(None, sys.path)])
    return {**os.environ, "LATENTPRESS_DATA": "", "PYTHONPATH": path, **more}


def start(root: Path, *arguments: str, **more: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*COMMAND, *arguments],
        cwd=root, env=environment(**more), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


def build(root: Path, *arguments: str) -> tuple[int, str]:
    process = start(root, *arguments)
    said, _ = process.communicate(timeout=600)
    return process.returncode, said


def change(root: Path, word: str) -> None:
    """Add a word to a section: a quick build, with typesetting and export."""
    template = root / "report_templates" / "assignment" / "sections" / "introduction.tex.j2"
    template.write_text(template.read_text() + f"\nAnother {word}.\n")


def export_of(root: Path) -> dict[str, bytes]:
    """The exported files but for the record of the run, which tells times."""
    folder = root / "build" / "assignment"
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != "run.json")
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def orphans(mark: str) -> list[str]:
    """Command lines of living processes with a certain environment, after a while for the system to end them."""
    for _ in range(250):
        found = []
        for entry in Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and mark.encode() in (entry / "environ").read_bytes():
                    found.append((entry / "cmdline").read_text())
            except OSError:
                continue  # it ended while we looked
        if not found:
            return []
        time.sleep(0.04)
    return found


@pytest.fixture
def copy(finished: Path, tmp_path: Path) -> Path:
    """A finished build, to be harmed."""
    return copy_of(finished, tmp_path / "project")


def kill_when_told(process: subprocess.Popen[str], told: str, delay: float, workers_too: bool) -> str:
    """Read what a build says until it says a certain thing, then kill it."""
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if line.startswith(told):
            time.sleep(delay)
            for pid in [*(descendants(process.pid) if workers_too else []), process.pid]:
                with contextlib.suppress(ProcessLookupError):  # a program of TeX's may just have ended
                    os.kill(pid, signal.SIGKILL)
            break
    process.wait()
    return "".join(lines)


def test_a_build_that_is_killed_again_and_again_ends_with_the_same_report(finished: Path, tmp_path: Path) -> None:
    root = tmp_path / "project"
    for folder in ("experiments", "report_templates", "build/store"):
        shutil.copytree(finished / folder, root / folder, symlinks=True)
    forget(root / "build" / "store", but=TRAINED_ON_THE_CLUSTER)
    print(f"seed {SEED}")
    moments = random.Random(SEED)
    mark = f"LATENTPRESS_BUILD_ID={root}"

    def order(role: str, match: str, victims: list[str]) -> dict[str, str]:
        return {
            "LATENTPRESS_KILL": json.dumps(
                {"root": str(root), "role": role, "number": 1, "match": match, "victims": victims}
                | {"mark": str(tmp_path / f"kill {match.replace('/', ' ')}")}
            )
        }

    told: list[tuple[str, dict[str, str]]] = [
        ("started   train/sparse", {}),
        ("", order("worker", "rename build/store/work/.*/scratch/", ["worker", "build"])),  # a checkpoint
        ("", order("build", "rename build/store/keys/", ["build"])),  # a commit
        ("started   evaluate/classification", {}),
        ("started   draw/", {}),
        ("started   typeset/", {}),
        ("", order("worker", "subprocess.Popen .*latexmk", ["build"])),
        ("", order("build", "rename build/assignment/report.json", ["build"])),  # the export
    ]
    hits = []
    for number, (line, more) in enumerate(told):
        process = start(root, LATENTPRESS_BUILD_ID=str(root), **more)
        if line:
            said = kill_when_told(process, line, moments.uniform(0.0, 1.0), workers_too=bool(number % 2))
        else:
            said, _ = process.communicate(timeout=600)
        assert process.returncode == -signal.SIGKILL, said[-2000:]
        hits.append(line or more)
        assert orphans(mark) == []
    assert len(hits) == len(told)
    status, said = build(root)
    assert status == 0, said[-2000:]
    assert export_of(root) == export_of(finished)
    store = root / "build" / "store"
    assert [path for part in ("work", "locks") for path in (store / part).iterdir()] == []
    assert {path.name for path in (root / "build").iterdir()} == {"store", "assignment", "last_run.json"}


def test_builds_at_once_share_the_work_and_mix_nothing(copy: Path) -> None:
    change(copy, "heron")
    processes = [start(copy) for _ in range(3)]
    said = [process.communicate(timeout=600)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0], said
    ran = [line.split()[1] for text in said for line in text.splitlines() if line.startswith("finished")]
    made = [
        "section/assignment/introduction",
        *(f"{kind}/assignment" for kind in ("assemble", "html", "tsne", "typeset")),
    ]
    assert sorted(ran) == sorted(made)
    together = export_of(copy)
    shutil.rmtree(copy / "build" / "assignment")
    assert build(copy)[0] == 0
    assert json.loads((copy / "build" / "last_run.json").read_text())["stages_run"] == []
    assert export_of(copy) == together


def test_a_file_size_limit_leaves_the_previous_report(copy: Path) -> None:
    before = export_of(copy)
    change(copy, "heron")
    limit = len(before["report.pdf"]) // 2048  # half of the PDF, in the blocks of ulimit
    command = ["bash", "-c", f'ulimit -f {limit}; exec "$@"', "bash", *COMMAND]
    answer = subprocess.run(command, cwd=copy, env=environment(), capture_output=True, text=True, timeout=300)
    assert answer.returncode == 1
    assert "Traceback" not in answer.stdout + answer.stderr
    assert "file-size limit" in answer.stderr, answer.stdout[-1500:] + answer.stderr[-1500:]
    assert export_of(copy) == before
    status, said = build(copy)
    assert status == 0, said[-1500:]
    assert export_of(copy)["report.pdf"] != before["report.pdf"]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of a size that tests can fill, where this user may mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=300m", "tmpfs", str(folder)], capture_output=True)
    if mount.returncode:
        pytest.skip("this user may not mount a file system")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_leaves_the_previous_report(copy: Path, small_disk: Path) -> None:
    shutil.move(copy / "build", small_disk / "build")
    (copy / "build").symlink_to(small_disk / "build")
    before = export_of(copy)
    change(copy, "heron")
    free = shutil.disk_usage(small_disk).free
    filler = small_disk / "filler"
    filler.write_bytes(bytes(free - 30_000))
    status, said = build(copy)
    assert status == 1
    assert "Traceback" not in said
    assert "LatentPress itself" not in said
    assert "no space left" in said or "could not be written: No space left" in said
    assert export_of(copy) == before
    filler.unlink()
    status, said = build(copy)
    assert status == 0, said[-1500:]
    assert export_of(copy)["report.pdf"] != before["report.pdf"]


def test_a_read_only_disk_leaves_the_previous_report(copy: Path, small_disk: Path) -> None:
    shutil.move(copy / "build", small_disk / "build")
    (copy / "build").symlink_to(small_disk / "build")
    before = export_of(copy)
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    assert build(copy)[0] == 0, "nothing is to be done, so nothing has to be written"
    change(copy, "heron")
    status, said = build(copy)
    assert status == 1
    assert "Read-only file system" in said
    assert "Traceback" not in said
    assert export_of(copy) == before
    subprocess.run(["mount", "-o", "remount,rw", str(small_disk)], check=True)
    assert build(copy)[0] == 0
    assert export_of(copy)["report.pdf"] != before["report.pdf"]


def test_a_damaged_artifact_of_a_finished_report_is_made_anew_and_told(copy: Path) -> None:
    before: dict[str, Any] = export_of(copy)
    (typeset,) = (copy / "build" / "store" / "artifacts").glob("*/report.pdf")
    assert typeset.read_bytes() == before["report.pdf"]
    typeset.write_bytes(typeset.read_bytes()[:-1])
    (copy / "build" / "assignment" / "report.pdf").unlink()
    status, said = build(copy)
    assert status == 0, said[-1500:]
    assert "damaged" in said
    assert export_of(copy) == before
    assert json.loads((copy / "build" / "last_run.json").read_text())["stages_run"] == ["typeset/assignment"]
