"""``build/<report>`` is an export: always what the store holds, whatever happened to it."""

import json

import pytest

from latentpress.engine.codec import encode
from latentpress.engine.stage import Result
from latentpress.engine.store import Store, write_artifact
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
