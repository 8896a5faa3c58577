from __future__ import annotations

import errno
import os
import pickle
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from latentpress.engine import codec
from latentpress.engine.stage import Result
from latentpress.engine.store import (
    Artifact,
    DamagedArtifactError,
    Record,
    Store,
    store_error,
    write_artifact,
)
from latentpress.errors import StoreError

RESULT = Result(
    tables={"table": pd.DataFrame({"a": [1.5, 2.5]})},
    arrays={"array": np.arange(3), "arrays": {"x": np.ones(2)}},
    values={"value": {"b": 1}},
    texts={"text.tex": "é"},
    files={"figures/f.pdf": b"%PDF"},
)


def put(store: Store, result: Result, key: str = "k1") -> Artifact:
    digest = write_artifact(store.workplace(key).result, codec.encode(result))
    return store.commit(Record(key, "stage", digest, {"seed": 1}))


def test_what_is_committed_can_be_read(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    artifact = put(store, RESULT)
    assert artifact.names() == {"table.csv", "array.npy", "arrays.npz", "value.json", "text.tex", "figures/f.pdf"}
    assert artifact.table("table")["a"].tolist() == [1.5, 2.5]
    assert artifact.array("array").tolist() == [0, 1, 2]
    assert artifact.arrays("arrays")["x"].tolist() == [1, 1]
    assert artifact.json("value") == {"b": 1}
    assert artifact.text("text.tex") == "é"
    assert artifact.data("figures/f.pdf") == b"%PDF"
    assert store.record("k1") == Record("k1", "stage", artifact.digest, {"seed": 1})
    assert not store.workplace("k1").root.exists()


def test_equal_results_are_one_artifact(tmp_path: Path) -> None:
    store = Store(tmp_path)
    assert put(store, RESULT, "k1").digest == put(store, RESULT, "k2").digest
    assert len(list((tmp_path / "artifacts").iterdir())) == 1
    assert put(store, Result(), "k3").digest != put(store, RESULT, "k1").digest


@pytest.mark.parametrize("harm", ["flip", "truncate", "delete"])
@pytest.mark.parametrize("name", [*sorted(codec.encode(RESULT)), ".manifest.json"])
def test_damage_of_any_file_is_found_when_it_is_read(tmp_path: Path, name: str, harm: str) -> None:
    store = Store(tmp_path)
    artifact = put(store, RESULT)
    path = artifact.path / name
    data = path.read_bytes()
    if harm == "delete":
        path.unlink()
    else:
        path.write_bytes(data[:-1] if harm == "truncate" else bytes([data[0] ^ 1]) + data[1:])
    with pytest.raises(DamagedArtifactError) as caught:
        store.artifact(artifact.digest).verify()
    assert caught.value.file == name
    assert put(store, RESULT, "again").data("figures/f.pdf") == b"%PDF", "a damaged artifact is replaced"
    store.artifact(artifact.digest).verify()


@pytest.mark.parametrize("number", [errno.EIO, errno.EACCES, errno.EMFILE, errno.ESTALE])
def test_an_artifact_that_cannot_be_read_is_not_taken_for_damaged_and_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    artifact = put(Store(tmp_path), RESULT)

    def refuse(path: Path) -> bytes:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patched:
        patched.setattr(Path, "read_bytes", refuse)
        for act in (artifact.verify, lambda: Store(tmp_path).discard_damaged(artifact.digest)):
            with pytest.raises(StoreError, match=f"cannot be read: {os.strerror(number)}") as raised:
                act()
            assert not isinstance(raised.value, DamagedArtifactError)
    artifact.verify()


def test_only_an_artifact_that_is_damaged_is_discarded(tmp_path: Path) -> None:
    artifact = put(Store(tmp_path), RESULT)
    assert not Store(tmp_path).discard_damaged(artifact.digest)
    artifact.verify()
    (artifact.path / "value.json").write_text("{}")
    assert Store(tmp_path).discard_damaged(artifact.digest)
    assert not artifact.path.exists()


def test_a_file_that_was_never_written_is_named_with_what_there_is(tmp_path: Path) -> None:
    artifact = put(Store(tmp_path), Result(values={"a": 1}))
    with pytest.raises(LookupError, match=r"has no file 'b\.json'; it has a\.json"):
        artifact.json("b")


@pytest.mark.parametrize("harm", [b"", b"{", b"x" * 500])
def test_a_damaged_record_counts_as_none(tmp_path: Path, harm: bytes) -> None:
    store = Store(tmp_path)
    put(store, RESULT)
    path = tmp_path / "keys" / "k1.json"
    path.write_bytes(harm + path.read_bytes()[len(harm) :] if harm else b"")
    assert store.record("k1") is None


def test_errors_survive_the_way_between_processes() -> None:
    error = pickle.loads(pickle.dumps(DamagedArtifactError("abc", "x.json")))
    assert (error.artifact, error.file) == ("abc", "x.json")


@pytest.mark.parametrize(
    ("number", "said"),
    [(28, "no space left"), (27, "file-size limit"), (30, "cannot be written"), (13, "cannot be written"), (5, "disk")],
)
def test_a_refusal_of_the_disk_names_path_and_way_out(tmp_path: Path, number: int, said: str) -> None:
    error = store_error(tmp_path, OSError(number, "reason", "/some/file"))
    assert "/some/file" in error.message
    assert said in str(error)
    assert error.hint


def test_a_record_that_lies_under_another_key_counts_as_none(tmp_path: Path) -> None:
    store = Store(tmp_path)
    put(store, RESULT, "k1")
    put(store, Result(), "k2")
    (tmp_path / "keys" / "k2.json").write_bytes((tmp_path / "keys" / "k1.json").read_bytes())
    assert store.record("k2") is None
    assert store.record("k1") is not None


def test_a_file_where_an_artifact_belongs_and_a_folder_where_a_record_does_are_replaced(tmp_path: Path) -> None:
    store = Store(tmp_path)
    artifact = put(store, RESULT)
    shutil.rmtree(artifact.path)
    artifact.path.write_text("a file")
    (tmp_path / "keys" / "k1.json").unlink()
    (tmp_path / "keys" / "k1.json" / "deep").mkdir(parents=True)
    assert not store.has(artifact.digest)
    assert store.record("k1") is None
    put(store, RESULT).verify()
    assert store.record("k1") == Record("k1", "stage", artifact.digest, {"seed": 1})
    shutil.rmtree(artifact.path)
    artifact.path.write_text("a file")
    store.discard(artifact.digest)
    assert not artifact.path.exists()
    assert list((tmp_path / "work").iterdir()) == []
