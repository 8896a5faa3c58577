"""Disks that are full, limited, read-only or wrong."""

from __future__ import annotations

import os
import re
import resource
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from latentpress.engine import events
from latentpress.engine.stage import Stage
from latentpress.engine.store import DamagedArtifactError, Store
from latentpress.errors import StoreError

if TYPE_CHECKING:
    from tests.conftest import TinyProject


def files_of(project: TinyProject, digest: str) -> list[Path]:
    return sorted(path for path in project.store.artifact(digest).path.rglob("*") if path.is_file())


@pytest.mark.parametrize("harm", ["flip", "truncate", "delete"])
def test_a_damaged_artifact_is_made_anew_and_told(chain: TinyProject, harm: str) -> None:
    before = chain.build().artifacts
    for path in files_of(chain, before["double"].digest):
        data = path.read_bytes()
        if harm == "delete":
            path.unlink()
        else:
            path.write_bytes(data[: len(data) // 2] if harm == "truncate" else data[:-1] + bytes([data[-1] ^ 1]))
        # Something below has to run, or nobody reads the artifact.
        chain.write("telling", (chain.root / "src/tiny/telling.py").read_text() + f"\nX = {path.name!r}\n")
        outcome = chain.build()
        assert [name for name in outcome.ran if name != "aside"] == ["double", "report"]
        assert {n: a.digest for n, a in outcome.artifacts.items()} == {n: a.digest for n, a in before.items()}
        told = chain.told(events.ArtifactDamaged)
        assert [(event.artifact, event.stages) for event in told] == [(before["double"].digest, ("double",))]
        outcome.artifacts["double"].verify()


# One file of each kind that the codec writes, and a stage that reads one of them.
KINDS = """
import numpy as np
import pandas as pd

def maker(task):
    return Result(
        tables={"table": pd.DataFrame({"a": [1, 2], "b": ["x", "y"]})},
        arrays={"one": np.arange(9.0), "several": {"x": np.arange(3), "y": np.ones((2, 2))}},
        values={"value": {"x": [1, 2.5, "inf"]}},
        texts={"report.tex": "text", "folder/deep.txt": "deep"},
        files={"figure.pdf": bytes(range(256))},
    )

def reader(task):
    return Result(values={"size": len(task.inputs["made"].data(task.settings["file"]))})
"""
FILES = ("table.csv", "one.npy", "several.npz", "value.json", "report.tex", "folder/deep.txt", "figure.pdf")
HARMS: dict[str, Callable[[bytes], bytes]] = {
    "first bit": lambda data: bytes([data[0] ^ 0x80]) + data[1:],
    "middle bit": lambda data: data[: len(data) // 2] + bytes([data[len(data) // 2] ^ 1]) + data[len(data) // 2 + 1 :],
    "last bit": lambda data: data[:-1] + bytes([data[-1] ^ 1]),
    "half of it": lambda data: data[: len(data) // 2],
    "all but a byte": lambda data: data[:-1],
    "nothing left": lambda data: b"",
    "a byte too many": lambda data: data + b"\0",
}


@pytest.fixture(scope="module")
def kinds(tmp_path_factory: pytest.TempPathFactory) -> TinyProject:
    from tests.conftest import TinyProject

    project = TinyProject(tmp_path_factory.mktemp("kinds"))
    project.write("work", KINDS)
    built = project.build(Stage("made", "tiny.work:maker"))
    assert {*FILES} == built.artifacts["made"].names()
    return project


@pytest.mark.parametrize("file", [*FILES, ".manifest.json"])
def test_every_damage_to_a_file_of_any_kind_is_found_where_it_is_read_made_anew_and_told(
    kinds: TinyProject, file: str
) -> None:
    made = Stage("made", "tiny.work:maker")
    digest = kinds.build(made).artifacts["made"].digest
    path = kinds.store.artifact(digest).path / file
    data = path.read_bytes()
    for harm in HARMS.values():
        path.write_bytes(harm(data))
        with pytest.raises(DamagedArtifactError, match=re.escape(f"{file} is missing or altered")):
            kinds.store.artifact(digest).verify()
    read = file if file in FILES else FILES[0]
    built = kinds.build(made, Stage(f"read/{file}", "tiny.work:reader", {"file": read}, inputs={"made": "made"}))
    assert built.ran == ["made", f"read/{file}"]
    assert [(event.file, event.stages) for event in kinds.told(events.ArtifactDamaged)] == [(file, ("made",))]
    assert path.read_bytes() == data


GREEDY = """
import os
from latentpress.engine.artifacts import DamagedArtifactError

def number(task):
    return Result(values={"x": 1})

def too_many_files(task):
    held = []
    try:
        while True:
            held.append(os.open(os.devnull, os.O_RDONLY))
    except OSError:
        pass
    try:
        return Result(values={"x": task.inputs["number"].json("x")})
    finally:
        for descriptor in held:
            os.close(descriptor)

def writes_into_its_input(task):
    number = task.inputs["number"]
    (number.path / "x.json").write_text("7")
    return Result(values={"x": number.json("x")})

def mistaken(task):
    seen = task.scratch / "seen"
    if not seen.exists():
        seen.touch()
        raise DamagedArtifactError(task.inputs["number"].digest, "x.json")
    return Result(values={"x": task.inputs["number"].json("x")})
"""


@pytest.fixture
def greedy(tiny: TinyProject) -> TinyProject:
    tiny.write("work", GREEDY)
    return tiny


def reading(function: str) -> list[Stage]:
    return [
        Stage("number", "tiny.work:number"),
        Stage("reader", f"tiny.work:{function}", inputs={"number": "number"}),
        Stage("aside", "tiny.work:number", {"another": 1}),
    ]


def test_a_stage_that_uses_up_what_its_process_may_have_fails_alone_and_costs_no_artifact(greedy: TinyProject) -> None:
    outcome = greedy.build(*reading("too_many_files"))
    assert (sorted(outcome.ran), set(outcome.failures)) == (["aside", "number"], {"reader"})
    assert "json cannot be read: Too many open files" in outcome.failures["reader"].first_lines
    assert greedy.told(events.ArtifactDamaged) == []
    outcome.artifacts["number"].verify()


def test_a_stage_that_writes_into_its_input_is_given_up(greedy: TinyProject) -> None:
    outcome = greedy.build(*reading("writes_into_its_input"))
    assert set(outcome.failures) == {"reader"}
    assert "x.json of its input 'number'" in outcome.failures["reader"].first_lines
    assert "the stage itself writes there" in outcome.failures["reader"].first_lines
    assert "aside" in outcome.ran
    assert 1 < len(greedy.told(events.ArtifactDamaged)) < 10


def test_an_artifact_that_another_build_has_made_anew_meanwhile_is_not_made_again(greedy: TinyProject) -> None:
    outcome = greedy.build(*reading("mistaken"))
    assert sorted(outcome.ran) == ["aside", "number", "reader"]
    assert greedy.told(events.ArtifactDamaged) == []
    started = [event.stage for event in greedy.told(events.StageStarted)]
    assert (started.count("number"), started.count("reader")) == (1, 2)


def test_a_deleted_artifact_is_made_anew(chain: TinyProject) -> None:
    before = chain.build().artifacts
    shutil.rmtree(before["double"].path)
    assert chain.build().ran == ["double"]


def test_damaged_records_and_caches_cost_a_rerun_and_nothing_else(chain: TinyProject) -> None:
    before = chain.build().artifacts
    for path in (chain.root / "store" / "keys").iterdir():
        path.write_bytes(path.read_bytes()[:-7])
    (chain.root / "store" / "cache" / "sources.json").write_text("{")
    outcome = chain.build()
    assert len(outcome.ran) == 4
    assert {n: a.digest for n, a in outcome.artifacts.items()} == {n: a.digest for n, a in before.items()}


BIG = """
def f(task):
    return Result(files={"big": b"x" * task.settings["size"]})

def checkpoint(task):
    (task.scratch / "checkpoint").write_bytes(b"x" * task.settings["size"])
    return Result()
"""


@pytest.mark.parametrize("function", ["f", "checkpoint"])
def test_a_file_size_limit_is_told_and_the_store_works_afterwards(tiny: TinyProject, function: str) -> None:
    tiny.write("work", BIG)
    tiny.graph(
        f"""
        STAGES = [
            Stage("small", "tiny.work:{function}", {{"size": 10}}),
            Stage("big", "tiny.work:{function}", {{"size": 300_000}}, inputs={{"small": "small"}}),
        ]
        """
    )
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    try:
        with pytest.raises(StoreError, match=r"exceeds the file-size limit[\s\S]*ulimit -f"):
            tiny.build()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert tiny.build().ran == ["big"], "what was finished is kept"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one megabyte, where this user may mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)], capture_output=True)
    if mount.returncode:
        pytest.skip("this user may not mount a file system")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_is_told_and_the_store_works_afterwards(tiny: TinyProject, small_disk: Path) -> None:
    tiny.store = Store(small_disk / "store")
    tiny.write("work", BIG)
    tiny.graph(
        """
        STAGES = [
            Stage("small", "tiny.work:f", {"size": 10}),
            Stage("big", "tiny.work:f", {"size": 700_000}, inputs={"small": "small"}),
        ]
        """
    )
    filler = small_disk / "filler"
    filler.write_bytes(b"x" * 500_000)
    with pytest.raises(StoreError, match=r"no space left for .*MB are free[\s\S]*Free some space"):
        tiny.build()
    filler.unlink()
    assert tiny.build().ran == ["big"]


def test_a_read_only_store_is_told_and_still_serves_a_build_with_nothing_to_do(
    chain: TinyProject, small_disk: Path
) -> None:
    chain.store = Store(small_disk / "store")
    before = chain.build().artifacts
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    again = chain.build()
    assert again.ran == []
    assert again.artifacts["report"].text("report.txt") == before["report"].text("report.txt")
    chain.write("arithmetic", "def double(x):\n    return 5 * x\n")
    with pytest.raises(StoreError, match=r"cannot be written: Read-only file system[\s\S]*--build-dir"):
        chain.build()
    subprocess.run(["mount", "-o", "remount,rw", str(small_disk)], check=True)
    assert chain.build().ran == ["double", "report"]


def test_a_store_without_permission_is_told(chain: TinyProject, tmp_path: Path) -> None:
    if os.geteuid() == 0:
        (tmp_path / "store").write_text("a file where the folder should be")
        said: Any = "cannot be read or written"
    else:
        tmp_path.chmod(0o500)
        said = "cannot be written"
    try:
        with pytest.raises(StoreError, match=said):
            chain.build()
    finally:
        tmp_path.chmod(0o700)
