"""What a build writes into the journal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from latentpress.engine.stage import Stage

if TYPE_CHECKING:
    from tests.conftest import TinyProject


def test_the_journal_tells_who_ran_what_and_at_what_cost(tiny: TinyProject) -> None:
    tiny.write("work", 'def ok(task):\n    return Result()\ndef bad(task):\n    raise ValueError("no good")\n')
    outcome = tiny.build(Stage("ok", "tiny.work:ok"), Stage("bad", "tiny.work:bad"))
    records = list(tiny.store.journal.read())
    ends = {record["stage"]: record for record in records if record["event"] == "stage_end"}
    assert ends["ok"]["outcome"] == "done"
    assert ends["bad"]["outcome"] == "failed"
    assert ends["ok"]["artifact"] == outcome.artifacts["ok"].digest
    assert ends["ok"]["key"] == outcome.provenance["ok"].key
    assert ends["ok"]["peak_memory_mb"] > 1
    assert ends["ok"]["host"]
    assert 0 < ends["ok"]["seconds"] < 60
    assert [record["event"] for record in records][:1] == ["build_start"]
    assert records[-1]["event"] == "build_end"
    assert records[-1]["outcome"] == "failed"
