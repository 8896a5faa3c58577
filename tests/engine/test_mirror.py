from __future__ import annotations

import hashlib
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import fsspec
import pytest

from latentpress.engine import events
from latentpress.engine.dask_client import connect
from latentpress.engine.mirror import MirrorDamageError, open_mirror
from latentpress.engine.mirror_files import open_files
from latentpress.engine.stage import Stage
from latentpress.errors import ClusterError, MirrorError, UsageError

if TYPE_CHECKING:
    from tests.conftest import DaskCluster, TinyProject


@pytest.fixture(params=["memory", "folder"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "folder":
        yield f"file://{tmp_path / 'mirror'}"
        return
    yield "memory://mirror"
    fsspec.filesystem("memory").store.clear()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "mirror"


def digests(outcome: Any) -> dict[str, str]:
    return {name: artifact.digest for name, artifact in outcome.artifacts.items()}


def another(chain: TinyProject, root: Path) -> TinyProject:
    """The same project in another clone, with a store of its own."""
    clone = type(chain)(root)
    for module in ("arithmetic", "numbers", "work", "telling"):
        (root / "src" / "tiny" / f"{module}.py").write_text((chain.root / f"src/tiny/{module}.py").read_text())
    clone.graph((chain.root / "graph.py").read_text())
    return clone


def test_what_one_build_made_another_takes_from_the_mirror(
    chain: TinyProject, url: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    made = chain.build(mirror=open_mirror(url))
    assert len(made.ran) == 4
    clone = another(chain, tmp_path_factory.mktemp("clone"))
    taken = clone.build(mirror=open_mirror(url))
    assert taken.ran == []
    assert digests(taken) == digests(made)
    assert clone.build().ran == [], "its own store has them now"
    clone.write("telling", (clone.root / "src/tiny/telling.py").read_text() + "\nX = 1\n")
    assert sorted(clone.build(mirror=open_mirror(url)).ran) == ["aside", "report"]


def test_a_stage_that_is_forced_is_not_taken_from_the_mirror(
    chain: TinyProject, url: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    chain.build(mirror=open_mirror(url))
    clone = another(chain, tmp_path_factory.mktemp("clone"))
    assert clone.build(mirror=open_mirror(url), force=["double"]).ran == ["double"]


@pytest.mark.parametrize("harm", ["flip", "truncate", "delete", "manifest", "record"])
def test_damage_in_the_mirror_is_told_and_mended(
    chain: TinyProject, folder: Path, harm: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    url = f"file://{folder}"
    made = chain.build(mirror=open_mirror(url))
    digest = made.artifacts["double"].digest
    entry = made.artifacts["double"].entries()["x.json"]
    key = made.provenance["double"].key
    path = folder / "objects" / entry["sha256"]
    if harm == "delete":
        path.unlink()
    elif harm == "manifest":
        (folder / "artifacts" / f"{digest}.json").write_text("{}")
    elif harm == "record":
        (folder / "keys" / f"{key}.json").write_text("{}")
    else:
        data = path.read_bytes()
        path.write_bytes(data[:-1] if harm == "truncate" else data[:-1] + bytes([data[-1] ^ 1]))
    clone = another(chain, tmp_path_factory.mktemp("clone"))
    built = clone.build(mirror=open_mirror(url))
    assert built.ran == ["double"]
    assert digests(built) == digests(made)
    notices = [event.text for event in clone.told(events.Notice)]
    assert len(notices) == 1
    assert notices[0].startswith("ignored   ")
    assert another(chain, tmp_path_factory.mktemp("third")).build(mirror=open_mirror(url)).ran == [], "it is mended"


ESCAPES = ["../escaped", "/tmp/escaped", ".manifest.json", "a/../../escaped", "a\\b", ""]


def forged(folder: Path, manifest: object) -> str:
    """Put an artifact into a mirror as someone might who can write there; gives its digest."""
    data = json.dumps(manifest).encode()
    digest = hashlib.sha256(data).hexdigest()
    (folder / "artifacts").mkdir(parents=True, exist_ok=True)
    (folder / "artifacts" / f"{digest}.json").write_bytes(data)
    return digest


@pytest.mark.parametrize("name", ESCAPES)
def test_an_artifact_of_the_mirror_writes_nothing_outside_its_folder(folder: Path, tmp_path: Path, name: str) -> None:
    mirror = open_mirror(f"file://{folder}")
    content = hashlib.sha256(b"evil").hexdigest()
    (folder / "objects").mkdir(parents=True)
    (folder / "objects" / content).write_bytes(b"evil")
    digest = forged(folder, {name: {"sha256": content, "size": 4}})
    with pytest.raises(MirrorDamageError, match="is damaged"):
        mirror.pull_artifact(digest, tmp_path / "deep" / "er" / "fresh")
    assert not list(tmp_path.rglob("escaped"))
    assert not (tmp_path / "deep").exists()
    assert mirror.pull_artifact(digest, tmp_path / "fresh") is False, "it was removed"


@pytest.mark.parametrize("manifest", [None, 7, ["a"], {"a": None}, {"a": {"size": 4}}])
def test_a_manifest_of_another_shape_is_damage(folder: Path, tmp_path: Path, manifest: object) -> None:
    mirror = open_mirror(f"file://{folder}")
    with pytest.raises(MirrorDamageError, match="is damaged"):
        mirror.pull_artifact(forged(folder, manifest), tmp_path / "fresh")


@pytest.mark.parametrize("name", ["../escaped", "/tmp/escaped", "a/../../escaped"])
def test_a_checkpoint_of_the_mirror_stays_in_the_scratch_folder(folder: Path, name: str) -> None:
    mirror = open_mirror(f"file://{folder}")
    mirror.push_scratch("k", {name: b"1"})
    assert mirror.pull_scratch("k") == {}


def test_a_mirror_that_fails_on_the_way_costs_time_and_not_the_build(chain: TinyProject, folder: Path) -> None:
    mirror = open_mirror(f"file://{folder}")
    folder.rmdir()
    folder.write_text("a file where the folder should be")
    outcome = chain.build(mirror=mirror)
    assert len(outcome.ran) == 4
    (told,) = chain.told(events.Notice)
    assert "cannot be used" in told.text
    assert "the build goes on without it" in told.text


def test_a_mirror_that_cannot_be_written_is_told_at_once(folder: Path) -> None:
    folder.write_text("a file where the folder should be")
    with pytest.raises(MirrorError, match=r"the mirror file://.* cannot be used: [\s\S]*right to write"):
        open_mirror(f"file://{folder}")


def test_a_mirror_that_does_not_answer_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("latentpress.engine.mirror_files._PATIENCE", 0.5)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        files = open_files("memory://silent")
        monkeypatch.setattr(files, "write", lambda *_: silent.accept()[0].recv(1))
        with pytest.raises(MirrorError, match="does not answer within"):
            files.check()
        socket.create_connection(silent.getsockname()).close()


def test_an_address_that_no_library_knows_is_wrong_usage() -> None:
    with pytest.raises(UsageError, match=r"Protocol not known[\s\S]*file:///"):
        open_mirror("gopher://old/times")


@pytest.mark.parametrize("url", ["ftp://127.0.0.1:1/x", "zip://a::b", "github://no:body@/x"])
def test_an_address_whose_file_system_cannot_be_opened_is_told(url: str) -> None:
    """These connect or read as soon as they are made, before anything is written."""
    with pytest.raises((MirrorError, UsageError), match="mirror") as caught:
        open_mirror(url)
    assert caught.value.hint


@pytest.mark.parametrize("url", ["", " "])
def test_an_empty_address_is_wrong_usage(url: str) -> None:
    with pytest.raises(UsageError, match="found the mirror"):
        open_mirror(url)


def test_checkpoints_are_replaced_as_a_whole(url: str) -> None:
    mirror = open_mirror(url)
    assert mirror.pull_scratch("k") == {}
    mirror.push_scratch("k", {"a": b"1", "sub/b": b"2"})
    mirror.push_scratch("k", {"a": b"3", "sub/b": b"2"})
    assert mirror.pull_scratch("k") == {"a": b"3", "sub/b": b"2"}
    mirror.clear_scratch("k")
    assert mirror.pull_scratch("k") == {}


def test_a_damaged_checkpoint_counts_as_none(folder: Path) -> None:
    mirror = open_mirror(f"file://{folder}")
    mirror.push_scratch("k", {"a": b"1"})
    (content,) = [path for path in (folder / "scratch" / "k").iterdir() if path.name != "snapshot.json"]
    content.write_bytes(b"2")
    assert mirror.pull_scratch("k") == {}


def test_a_file_that_changed_meanwhile_is_not_sent(url: str, tmp_path: Path) -> None:
    path = tmp_path / "data"
    path.write_bytes(b"new")
    with pytest.raises(MirrorDamageError, match="changed while it was sent"):
        open_mirror(url).push_file(path, "0" * 64)


def test_a_mirror_that_is_another_place_for_the_workers_is_told(tiny: TinyProject, two_workers: DaskCluster) -> None:
    tiny.write("work", READING)
    with (
        connect(two_workers.address) as client,
        pytest.raises(ClusterError, match="the mirror memory://here is another place there"),
    ):
        tiny.build(Stage("s", "tiny.work:fails"), cluster=client, workers=0, mirror=open_mirror("memory://here"))
    assert tiny.told(events.StageStarted) == []


# Reads a file from outside the store, and shows where it worked.
READING = """
import os
from pathlib import Path

def read(task):
    place = Path(task.settings["root"]) / "places"
    place.mkdir(exist_ok=True)
    (place / task.name).write_text(str(task.scratch))
    above = [artifact.text("t.txt") for artifact in task.inputs.values()]
    return Result(texts={"t.txt": task.files["given"].read_text() + task.files["given"].name + "".join(above)})

def fails(task):
    print("what it printed")
    raise ValueError("no good")
"""


def test_workers_without_a_common_disk_work_through_the_mirror(
    tiny: TinyProject, dask_cluster: DaskCluster, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    tiny.write("work", READING)
    given = tmp_path / "given.txt"
    given.write_text("content")
    settings = {"root": str(tiny.root)}
    stages = [
        Stage("a", "tiny.work:read", settings, files={"given": given}),
        Stage("b", "tiny.work:read", {**settings, "n": 2}, inputs={"a": "a"}, files={"given": given}),
        Stage("c", "tiny.work:read", {**settings, "n": 3}, inputs={"a": "a"}, files={"given": given}),
        Stage("d", "tiny.work:fails"),
    ]
    stores = {name: tmp_path_factory.mktemp(name) for name in ("ada", "bob")}
    for name, store in stores.items():
        dask_cluster.worker(name, LATENTPRESS_WORKER_STORE=str(store))
    dask_cluster.wait_for(2)
    mirror = open_mirror(f"file://{tmp_path / 'mirror'}")
    with connect(dask_cluster.address) as client:
        there = tiny.build(*stages, cluster=client, workers=0, mirror=mirror)
        assert there.failures["d"].first_lines.startswith("no good")
        assert "what it printed" in there.logs["d"].read_text()
        places = [Path(path.read_text()) for path in (tiny.root / "places").iterdir()]
        assert len(places) == 3
        assert all(any(store in place.parents for store in stores.values()) for place in places)
        # A worker's own store is damaged: what it needs of it is pulled again.
        for store in stores.values():
            for path in store.glob(f"artifacts/{there.artifacts['a'].digest}/t.txt"):
                path.write_text("damaged")
        changed = [
            stages[0],
            Stage("b", "tiny.work:read", {**settings, "n": 4}, inputs={"a": "a"}, files={"given": given}),
        ]
        again = tiny.build(*changed, cluster=client, workers=0, mirror=mirror)
        assert again.artifacts["b"].text("t.txt") == "contentgiven.txtcontentgiven.txt"
    tiny.store = type(tiny.store)(tmp_path_factory.mktemp("local") / "store")
    assert digests(tiny.build(*stages)) == digests(there)
