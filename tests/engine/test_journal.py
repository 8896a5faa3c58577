from __future__ import annotations

from pathlib import Path

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
