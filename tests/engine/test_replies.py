"""What follows from what workers say: failures and what they skip, edits made while a stage ran."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from latentpress.engine import events
from latentpress.engine.stage import Stage

if TYPE_CHECKING:
    from tests.conftest import TinyProject


@pytest.fixture
def failing(tiny: TinyProject) -> TinyProject:
    tiny.write(
        "work",
        """
        from latentpress.errors import DataError

        def ok(task):
            return Result()

        def bad(task):
            print("chatter of a library")
            raise ValueError(task.settings.get("why", "no good"))

        def refused(task):
            raise DataError("the file is short", "Download it again.")

        def section(task):
            return Result(values={label: failure.first_lines for label, failure in task.failures.items()})
        """,
    )
    tiny.graph(
        """
        WHY = "no good"
        STAGES = [
            Stage("ok", "tiny.work:ok"),
            Stage("bad", "tiny.work:bad", {"why": WHY}),
            Stage("below", "tiny.work:ok", inputs={"bad": "bad"}),
            Stage("section", "tiny.work:section", inputs={"below": "below", "ok": "ok"}, tolerant=True),
        ]
        """
    )
    return tiny


def test_a_failure_skips_what_needs_it_and_tolerant_stages_are_told(failing: TinyProject) -> None:
    outcome = failing.build()
    assert set(outcome.failures) == {"bad"}
    assert set(outcome.skipped) == {"below"}
    assert outcome.failures["bad"].error == "ValueError"
    assert outcome.skipped["below"].stage == "bad", "the one to blame is named"
    assert outcome.artifacts["section"].json("below") == "no good\nin work.py, bad"
    log = outcome.logs["bad"].read_text()
    assert "chatter of a library" in log
    assert "Traceback" in log


def test_a_failed_stage_is_tried_again_and_the_report_of_it_is_not(failing: TinyProject) -> None:
    failing.build()
    outcome = failing.build()
    assert (set(outcome.failures), outcome.ran) == ({"bad"}, [])
    failing.graph((failing.root / "graph.py").read_text().replace("no good", "worse"))
    assert failing.build().ran == ["section"], "another failure is another input"


def test_an_error_of_the_project_is_told_with_its_hint(tiny: TinyProject, failing: TinyProject) -> None:
    outcome = tiny.build(Stage("s", "tiny.work:refused"))
    assert outcome.failures["s"].error == "DataError"
    assert outcome.failures["s"].first_lines == "the file is short\nDownload it again."


def test_strict_ends_at_the_first_failure(failing: TinyProject) -> None:
    outcome = failing.build(strict=True)
    assert set(outcome.failures) == {"bad"}
    assert "section" not in outcome.artifacts


@pytest.mark.parametrize(
    ("stage", "said"),
    [
        (Stage("s", "tiny.work:nothing"), "the function 'nothing', which module tiny.work does not have"),
        (Stage("s", "tiny.nowhere:f"), "module tiny.nowhere is not found"),
        (Stage("s", "tiny.work"), "expected 'package.module:name'"),
        (Stage("s", "tiny.work:ok", files={"data": Path("/nowhere/data.csv")}), "needs /nowhere/data.csv (data)"),
        (Stage("s", "tiny.broken:f"), "broken.py, line 1"),
        (Stage("s", "tiny.work:leaves"), "its worker exited with status 3, 3 times"),
    ],
)
def test_a_stage_that_cannot_run_is_a_failure_with_the_reason(tiny: TinyProject, stage: Stage, said: str) -> None:
    tiny.write("work", "import os\ndef ok(task):\n    return Result()\ndef leaves(task):\n    os._exit(3)\n")
    tiny.write("broken", "def f(:\n")
    assert said in tiny.build(stage).failures["s"].first_lines


def test_failures_are_told_in_the_same_words_every_time(tiny: TinyProject) -> None:
    tiny.write("work", "def f(task):\n    raise ValueError(f'{object()} in {task.scratch}')\n")
    first, second = (tiny.build(Stage("s", "tiny.work:f")).failures["s"] for _ in range(2))
    assert first == second
    assert str(tiny.root) not in first.first_lines


# ---------------------------------------------------------------------------- edits while a stage is running


EDIT = """
from tiny.helper import VALUE
from pathlib import Path

def f(task):
    helper = Path(__file__).with_name("{name}")
    if "old" in helper.read_text():
        helper.write_text(helper.read_text().replace("old", "new"))
    return Result(values={{"x": VALUE}})
"""


def test_an_edit_made_while_the_stage_ran_is_noticed(tiny: TinyProject) -> None:
    tiny.write("helper", "VALUE = 'old'\n")
    tiny.write("work", EDIT.format(name="helper.py"))
    stage = Stage("s", "tiny.work:f")
    outcome = tiny.build(stage)
    assert outcome.stale == ["s"]
    assert outcome.artifacts["s"].json("x") == "new"
    assert [event.changed for event in tiny.told(events.SourceChanged)] == [("source.tiny.helper",)]
    assert tiny.build(stage).ran == []
    tiny.write("helper", "VALUE = 'old'\n")
    tiny.write("work", EDIT.format(name="helper.py").replace("old", "never"))
    assert tiny.build(stage).artifacts["s"].json("x") == "old", "the result of new code is not kept for the old"


def test_a_comment_made_while_the_stage_ran_changes_nothing(tiny: TinyProject) -> None:
    tiny.write("helper", "VALUE = 1  # old\n")
    tiny.write("work", EDIT.format(name="helper.py"))
    outcome = tiny.build(Stage("s", "tiny.work:f"))
    assert (outcome.stale, outcome.ran) == ([], ["s"])


WRITE_AND_PUT_BACK = """
def f(task):
    file, mark = task.files["file"], task.scratch / "mark"
    if mark.exists():
        return Result(texts={"read": file.read_text()})
    mark.touch()
    before = file.read_text()
    file.write_text("other")
    read = file.read_text()
    file.write_text(before)
    return Result(texts={"read": read})
"""


def test_a_file_that_is_as_before_but_was_another_while_the_stage_ran_is_noticed(tiny: TinyProject) -> None:
    (tiny.root / "file.txt").write_text("known")
    tiny.write("work", WRITE_AND_PUT_BACK)
    stage = Stage("s", "tiny.work:f", files={"file": tiny.root / "file.txt"})
    outcome = tiny.build(stage)
    assert (outcome.stale, outcome.artifacts["s"].text("read")) == (["s"], "known")
    assert [event.changed for event in tiny.told(events.SourceChanged)] == [("files.file",)]
    assert tiny.build(stage).ran == []


def test_a_file_that_is_only_touched_after_the_stage_ran_runs_nothing_again(tiny: TinyProject) -> None:
    (tiny.root / "file.txt").write_text("known")
    tiny.write(
        "work",
        """
        def reads(task):
            return Result(texts={"read": task.files["file"].read_text()})

        def touches(task):
            task.inputs["reads"].path.parents[2].joinpath("file.txt").touch()
            return Result()
        """,
    )
    reads = Stage("reads", "tiny.work:reads", files={"file": tiny.root / "file.txt"})
    outcome = tiny.build(reads, Stage("touches", "tiny.work:touches", inputs={"reads": "reads"}))
    assert (outcome.ran, outcome.stale) == (["reads", "touches"], [])


def test_an_edit_of_a_stage_that_had_finished_is_noticed_before_the_build_ends(chain: TinyProject) -> None:
    chain.write(
        "late",
        """
        from pathlib import Path

        def f(task):
            path = Path(__file__).with_name("arithmetic.py")
            path.write_text(path.read_text().replace("2 * x", "3 * x"))
            return Result()
        """,
    )
    stage = Stage("late", "tiny.late:f", inputs={"report": "report"})
    outcome = chain.build(*chain.stages(), stage)
    assert outcome.stale == ["double"]
    assert outcome.artifacts["report"].text("report.txt") == "x = 9"
