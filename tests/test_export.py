"""``build/<report>`` is an export: always what the store holds, whatever happened to it."""

import json
import os

import pytest

from latentpress.engine import file_digests
from latentpress.engine.codec import encode
from latentpress.engine.file_digests import FileDigests
from latentpress.engine.stage import Result
from latentpress.engine.store import DamagedArtifactError, Store, write_artifact
from latentpress.errors import StoreError
from latentpress.export import export, write_json


@pytest.fixture
def artifact(tmp_path):
    """An artifact with a PDF and a table."""
    folder = tmp_path / "store" / "artifacts" / "new"
    folder.parent.mkdir(parents=True)
    result = Result(files={"report.pdf": b"%PDF", "tables/a.csv": b"x\n1\n"}, values={"internal": 1})
    digest = write_artifact(folder, encode(result))
    folder.rename(folder.with_name(digest))
    return Store(tmp_path / "store").artifact(digest)


def exported(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_export_copies_everything_but_what_is_internal(artifact, tmp_path):
    out = tmp_path / "out"
    assert export([artifact], out, skip=["internal.json"]) == ["report.pdf", "tables/a.csv"]
    assert exported(out) == {"report.pdf", "tables/a.csv"}


def test_second_export_writes_nothing(artifact, tmp_path):
    export([artifact], tmp_path / "out")
    assert export([artifact], tmp_path / "out") == []


def test_edited_and_deleted_files_are_restored(artifact, tmp_path):
    out = tmp_path / "out"
    export([artifact], out)
    (out / "report.pdf").write_bytes(b"forged")
    (out / "tables" / "a.csv").unlink()
    assert export([artifact], out) == ["report.pdf", "tables/a.csv"]
    assert (out / "report.pdf").read_bytes() == b"%PDF"


def test_files_of_an_earlier_report_are_removed_but_not_the_record_of_the_run(artifact, tmp_path):
    out = tmp_path / "out"
    (out / "figures").mkdir(parents=True)
    (out / "figures" / "old.pdf").write_bytes(b"old")
    write_json(out / "run.json", {"host": "x"})
    export([artifact], out, skip=["internal.json"])
    assert exported(out) == {"report.pdf", "tables/a.csv", "run.json"}
    assert not (out / "figures").exists()


def test_folder_that_cannot_be_written_is_told_with_a_way_out(artifact, tmp_path):
    (tmp_path / "out").write_text("a file where the folder should be")
    with pytest.raises(StoreError, match="could not be written") as caught:
        export([artifact], tmp_path / "out")
    assert "build again" in caught.value.hint


def test_json_is_replaced_whole_and_leaves_no_temporary_file(tmp_path):
    write_json(tmp_path / "run.json", {"a": 1})
    write_json(tmp_path / "run.json", {"a": 2})
    assert json.loads((tmp_path / "run.json").read_text()) == {"a": 2}
    assert [path.name for path in tmp_path.iterdir()] == ["run.json"]


@pytest.mark.parametrize("mark", ["journal.jsonl", "builds.lock", "report.toml", ".git"])
def test_a_folder_that_is_no_export_is_left_as_it_is(artifact, tmp_path, mark):
    out = tmp_path / "out"
    (out / "keys").mkdir(parents=True)
    (out / mark).write_text("")
    (out / "keys" / "precious").write_text("")
    with pytest.raises(StoreError, match=f"holds {mark}") as caught:
        export([artifact], out)
    assert exported(out) == {mark, "keys/precious"}
    assert "--build-dir" in caught.value.hint


LARGE = bytes(range(256)) * 5000
"""More than one piece of a copy, and enough to be remembered."""


@pytest.fixture
def large(tmp_path):
    """An artifact with a file to be delivered, and another that stays where it is."""
    digest = write_artifact(tmp_path / "large", encode(Result(files={"a.csv": LARGE, "b.csv": b"x"})))
    store = Store(tmp_path / "store")
    store.adopt(tmp_path / "large", digest)
    return store.artifact(digest)


def test_a_delivered_file_is_copied_once_and_nothing_else_of_its_artifact(artifact, large, tmp_path):
    out = tmp_path / "out"
    assert export([artifact], out, skip=["internal.json"], delivered={"a.csv": large})[-1] == "a.csv"
    assert exported(out) == {"report.pdf", "tables/a.csv", "a.csv"}
    assert (out / "a.csv").read_bytes() == LARGE
    assert export([artifact], out, skip=["internal.json"], delivered={"a.csv": large}) == []


@pytest.mark.parametrize("harm", ["missing", "longer", "altered", "a link"])
def test_a_delivered_file_is_restored(artifact, large, tmp_path, harm):
    out = tmp_path / "out"
    export([artifact], out, delivered={"a.csv": large})
    if harm in ("missing", "a link"):
        (out / "a.csv").unlink()
    if harm == "a link":
        (out / "a.csv").symlink_to(large.path / "a.csv")
    if harm in ("longer", "altered"):
        (out / "a.csv").write_bytes(LARGE + b"1" if harm == "longer" else b"1" + LARGE[1:])
    assert export([artifact], out, delivered={"a.csv": large}) == ["a.csv"]
    assert (out / "a.csv").read_bytes() == LARGE and not (out / "a.csv").is_symlink()


def test_a_file_that_is_delivered_no_more_is_removed(artifact, large, tmp_path):
    export([artifact], tmp_path / "out", delivered={"a.csv": large})
    export([artifact], tmp_path / "out")
    assert not (tmp_path / "out" / "a.csv").exists()


def test_a_delivered_file_that_nobody_touched_is_not_read_again(artifact, large, tmp_path, monkeypatch):
    out, kept = tmp_path / "out", tmp_path / "exported.json"
    export([artifact], out, delivered={"a.csv": large})
    later = (out / "a.csv").stat().st_ctime_ns + 10**10  # else it might be changed again within a tick of the clock
    monkeypatch.setattr(file_digests.time, "time_ns", lambda: later)
    digests = FileDigests(kept)
    export([artifact], out, delivered={"a.csv": large}, digests=digests)
    digests.save()
    read = []
    honest = file_digests.hashlib.file_digest
    monkeypatch.setattr(
        file_digests.hashlib, "file_digest", lambda file, name: read.append(file.name) or honest(file, name)
    )
    assert export([artifact], out, delivered={"a.csv": large}, digests=FileDigests(kept)) == []
    assert read == []
    status = (out / "a.csv").stat()
    (out / "a.csv").write_bytes(b"1" + LARGE[1:])
    os.utime(out / "a.csv", ns=(status.st_atime_ns, status.st_mtime_ns))  # as if nobody had
    assert export([artifact], out, delivered={"a.csv": large}, digests=FileDigests(kept)) == ["a.csv"]


@pytest.mark.parametrize("harm", ["altered", "missing", "gone"])
def test_a_delivered_file_that_is_damaged_in_the_store_is_told_and_not_copied(artifact, large, tmp_path, harm):
    """The build then makes it anew."""
    out = tmp_path / "out"
    if harm == "altered":
        (large.path / "a.csv").write_bytes(b"1" + LARGE[1:])
    elif harm == "missing":
        (large.path / "a.csv").unlink()
    else:
        Store(tmp_path / "store").discard(large.digest)
    with pytest.raises(DamagedArtifactError) as caught:
        export(
            [artifact],
            out,
            skip=["internal.json"],
            delivered={"a.csv": Store(tmp_path / "store").artifact(large.digest)},
        )
    assert caught.value.artifact == large.digest
    assert exported(out) == {"report.pdf", "tables/a.csv"}
