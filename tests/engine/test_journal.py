from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from latentpress.engine.history import past_builds
from latentpress.engine.journal import Journal


def test_records_come_back_in_order(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    assert list(journal.read()) == []
    journal.write("stage_start", stage="a")
    Journal(tmp_path / "journal.jsonl").write("stage_end", stage="a", seconds=1.5)
    first, second = journal.read()
    assert (first["event"], first["stage"], first["build"]) == ("stage_start", "a", journal.build)
    assert second["seconds"] == 1.5
    assert second["build"] != journal.build


def test_a_torn_line_is_dropped_and_swallows_nothing(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    journal.write("stage_start", stage="a")
    with journal.path.open("ab") as file:
        file.write(b'{"event": "stage_e')
    journal.write("stage_start", stage="b")
    assert [record["stage"] for record in journal.read()] == ["a", "b"]


def test_a_line_of_which_the_disk_takes_only_a_part_at_a_time_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    write = os.write
    with monkeypatch.context() as patched:
        patched.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:10]))
        journal.write("stage_start", stage="a")
        journal.write("stage_start", stage="b")
    assert [record["stage"] for record in journal.read()] == ["a", "b"]


def test_a_disk_that_is_full_after_a_part_of_a_line_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    write = os.write

    def nearly_full(descriptor: int, data: bytes) -> int:
        if len(data) < 50:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(descriptor, data[:20])

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", nearly_full)
        with pytest.raises(OSError, match="No space left"):
            journal.write("stage_start", stage="a")
    journal.write("stage_start", stage="b")
    assert [record["stage"] for record in journal.read()] == ["b"]


def test_a_line_with_any_bit_altered_is_dropped_and_the_others_are_read(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    journal.write("build_start", about={"profile": "smoke"}, uses="")
    journal.write("stage_end", stage="a", key="k", outcome="done", start=1.0)
    journal.write("clean", kept=[journal.build])
    records, data = list(journal.read()), journal.path.read_bytes()
    assert len(past_builds(journal)[0].attempts) == 1
    for bit in range(8 * len(data)):
        with journal.path.open("r+b") as file:  # in place: some file systems write a truncated file to disk at once
            file.write(data[: bit // 8] + bytes([data[bit // 8] ^ 1 << bit % 8]) + data[bit // 8 + 1 :])
        found = list(journal.read())
        assert 1 <= len(found) < 3, "an altered end of line costs two lines"
        assert all(record in records for record in found)
        past_builds(journal)


def test_lines_that_are_no_records_are_dropped(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    journal.path.write_bytes(b'\n{}\n[1]\nnull\n{"event": "build_start", "build": "b"}\n')
    assert list(journal.read()) == []
    assert past_builds(journal) == []
