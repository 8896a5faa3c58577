"""Builds of a tiny project with real workers: what runs, what does not, and what is told."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from latentpress.engine import events
from latentpress.engine.stage import Stage
from latentpress.errors import UsageError

if TYPE_CHECKING:
    from tests.conftest import TinyProject

ALL = {"number", "double", "report", "aside"}


def test_a_graph_is_built_once(chain: TinyProject) -> None:
    outcome = chain.build(workers=2)
    assert set(outcome.ran) == ALL
    assert outcome.artifacts["report"].text("report.txt") == "x = 6"
    again = chain.build()
    assert (again.ran, again.reused) == ([], 4)
    assert again.artifacts["report"].digest == outcome.artifacts["report"].digest
    assert not (chain.root / "store" / "work").exists() or not any((chain.root / "store" / "work").iterdir())


def test_the_plan_knows_what_must_and_what_may_run(chain: TinyProject) -> None:
    plan = chain.scheduler().plan()
    assert (set(plan.must_run), set(plan.may_run)) == ({"number", "aside"}, {"double", "report"})
    chain.build()
    assert set(chain.scheduler().plan().up_to_date) == ALL
    chain.write("arithmetic", "def double(x):\n    return x + x\n")
    plan = chain.scheduler().plan()
    assert (plan.must_run, plan.may_run) == (("double",), ("report",))
    assert set(plan.to_run) == {"double", "report"}


# ------------------------------------------------------------------------------------- exact invalidation


def test_touching_commenting_and_documenting_run_nothing(chain: TinyProject) -> None:
    chain.build()
    path = chain.write("arithmetic", '# why\ndef double(x):\n    """Twice x."""\n    return (2 * x)\n')
    os.utime(path, (0, 0))
    chain.write("unrelated", "x = 1\n")
    assert chain.build().ran == []


def test_another_folder_runs_nothing(chain: TinyProject, tmp_path_factory: pytest.TempPathFactory) -> None:
    chain.build()
    elsewhere = tmp_path_factory.mktemp("clone") / "deep" / "down"
    shutil.copytree(chain.root, elsewhere)
    assert type(chain)(elsewhere).build().ran == []


def test_a_changed_module_runs_the_stages_that_reach_it(chain: TinyProject) -> None:
    chain.build()
    chain.write("arithmetic", "def double(x):\n    return 3 * x\n")
    outcome = chain.build()
    assert outcome.ran == ["double", "report"]
    assert outcome.artifacts["report"].text("report.txt") == "x = 9"


def test_an_equal_result_stops_the_cascade(chain: TinyProject) -> None:
    chain.build()
    chain.write("arithmetic", "def double(x):\n    return x + x\n")
    assert chain.build().ran == ["double"]


def test_a_change_taken_back_runs_nothing(chain: TinyProject) -> None:
    chain.build()
    path = chain.root / "src" / "tiny" / "arithmetic.py"
    before = path.read_text()
    chain.write("arithmetic", "def double(x):\n    return 3 * x\n")
    chain.build()
    path.write_text(before)
    assert chain.build().ran == []


def test_a_changed_setting_runs_its_stage_and_those_below(chain: TinyProject) -> None:
    chain.build()
    chain.graph((chain.root / "graph.py").read_text().replace('"x": 3', '"x": 4'))
    assert chain.build().ran == ["number", "double", "report"]


def test_a_changed_file_counts_by_content(tiny: TinyProject) -> None:
    template = tiny.root / "template.txt"
    template.write_text("one")
    tiny.write("work", 'def read(task):\n    return Result(texts={"t": task.files["template"].read_text()})\n')
    stage = Stage("read", "tiny.work:read", files={"template": template})
    assert tiny.build(stage).artifacts["read"].text("t") == "one"
    os.utime(template, (0, 0))
    assert tiny.build(stage).ran == []
    moved = template.rename(tiny.root / "moved.txt")
    moved_stage = Stage("read", "tiny.work:read", files={"template": moved})
    assert tiny.build(moved_stage).ran == []
    moved.write_text("two")
    assert tiny.build(moved_stage).artifacts["read"].text("t") == "two"


def test_a_same_sized_edit_within_a_second_is_noticed(tiny: TinyProject) -> None:
    """Python's own byte code cache would run the old code: it compares size and seconds."""
    stage = Stage("s", "tiny.work:f")
    for value in range(4):
        path = tiny.write("work", f'def f(task):\n    return Result(values={{"x": {value}}})\n')
        os.utime(path, (1_700_000_000, 1_700_000_000))
        assert tiny.build(stage).artifacts["s"].json("x") == value


def test_worker_count_changes_no_result(chain: TinyProject) -> None:
    one = chain.build(workers=1).artifacts
    shutil.rmtree(chain.root / "store")
    three = chain.build(workers=3, cores=1).artifacts
    assert {name: artifact.digest for name, artifact in one.items()} == {
        name: artifact.digest for name, artifact in three.items()
    }


# ------------------------------------------------------------------------------------------ which stages run


def test_only_the_targets_and_what_they_need_run(chain: TinyProject) -> None:
    outcome = chain.build(keep={"double"})
    assert set(outcome.artifacts) == {"number", "double"}


def test_forced_stages_run_again(chain: TinyProject) -> None:
    chain.build()
    assert chain.build(force={"double"}).ran == ["double"]
    with pytest.raises(UsageError, match="nothing"):
        chain.build(force={"nothing"})


def test_a_stage_that_gives_another_result_for_the_same_key_is_told(tiny: TinyProject) -> None:
    tiny.write("work", 'import os\ndef f(task):\n    return Result(values={"x": os.urandom(8).hex()})\n')
    stage = Stage("s", "tiny.work:f")
    first = tiny.build(stage).artifacts["s"].digest
    tiny.build(stage, force={"s"})
    assert [event.previous for event in tiny.told(events.StageFinished)] == [first]


def test_the_longest_chain_goes_first_and_threads_are_packed(tiny: TinyProject) -> None:
    tiny.write("work", "import time\ndef f(task):\n    time.sleep(0.2)\n    return Result()\n")
    stages = [
        Stage("short", "tiny.work:f", seconds=1),
        Stage("long", "tiny.work:f", seconds=2),
        Stage("after", "tiny.work:f", inputs={"long": "long"}, seconds=9),
        Stage("wide", "tiny.work:f", threads=2, seconds=5),
    ]
    tiny.build(*stages, workers=3, cores=2)
    running: set[str] = set()
    started = []
    for event in tiny.events:
        if isinstance(event, events.StageStarted):
            running.add(event.stage)
            started.append(event.stage)
            assert "wide" not in running or running == {"wide"}, "two threads on two cores leave room for no other"
        elif isinstance(event, events.StageFinished):
            running.discard(event.stage)
    assert started[0] == "long" or started[1] == "long"
    assert started.index("wide") >= 1


def test_a_stage_larger_than_the_machine_runs_alone(tiny: TinyProject) -> None:
    tiny.write("work", "def f(task):\n    return Result()\n")
    assert tiny.build(Stage("s", "tiny.work:f", threads=64, memory_mb=10**9), cores=1, memory_mb=1).ran == ["s"]


# ------------------------------------------------------------------------------------------- what stages get


def test_a_stage_gets_what_its_task_promises(tiny: TinyProject) -> None:
    tiny.write(
        "work",
        """
        import os

        def f(task):
            task.scratch.joinpath("kept").write_text("x")
            print("chatter")
            return Result(values={
                "seed": task.seed, "threads": task.threads, "name": task.name, "settings": task.settings,
                "environment": {name: os.environ.get(name) for name in
                    ("OMP_NUM_THREADS", "KERAS_BACKEND", "CUDA_VISIBLE_DEVICES", "PYTHONHASHSEED", "MPLBACKEND")},
            })
        """,
    )
    stage = Stage("s", "tiny.work:f", {"t": (1, 2)}, seed=7, threads=2, backend="jax")
    artifact = tiny.build(stage).artifacts["s"]
    assert artifact.json("seed") == 7
    assert (artifact.json("threads"), artifact.json("name"), artifact.json("settings")) == (2, "s", {"t": [1, 2]})
    assert artifact.json("environment") == {
        "OMP_NUM_THREADS": "2",
        "KERAS_BACKEND": "jax",
        "CUDA_VISIBLE_DEVICES": "",
        "PYTHONHASHSEED": "0",
        "MPLBACKEND": "Agg",
    }


def test_progress_reaches_the_listener(tiny: TinyProject) -> None:
    tiny.write("work", "def f(task):\n    task.report(epoch=1, epochs=2, loss=0.5)\n    return Result()\n")
    tiny.build(Stage("s", "tiny.work:f"))
    assert [event.values for event in tiny.told(events.StageProgress)] == [{"epoch": 1, "epochs": 2, "loss": 0.5}]
    kinds = [type(event) for event in tiny.events]
    assert (kinds[0], kinds[-1]) == (events.PlanReady, events.BuildEnded)


def test_lineage_names_every_stage_above_and_counts(chain: TinyProject) -> None:
    chain.write(
        "lineage",
        """
        def f(task):
            return Result(values={name: [p.key, p.artifact, p.settings] for name, p in task.lineage.items()})
        """,
    )
    stage = Stage("lineage", "tiny.lineage:f", inputs={"report": "report"}, lineage=True)
    outcome = chain.build(*chain.stages(), stage)
    assert outcome.artifacts["lineage"].names() == {"number.json", "double.json", "report.json"}
    key, digest, settings = outcome.artifacts["lineage"].json("number")
    assert (key, digest, settings) == (
        outcome.provenance["number"].key,
        outcome.artifacts["number"].digest,
        {"x": 3},
    )
    chain.write("arithmetic", "def double(x):\n    return x + x\n")
    assert chain.build(*chain.stages(), stage).ran == ["double", "lineage"], "another source is another lineage"


# ------------------------------------------------------------------------------------------------- failures


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


# --------------------------------------------------------------------------------------------- late binding


def late(tiny: TinyProject, function: str) -> None:
    tiny.write("vae", "NAME = 'vae'\n")
    tiny.write("plain", "NAME = 'plain'\n")
    tiny.write("work", f"import importlib, sys\n\n{function}")


def test_a_declared_root_is_bound_late_and_counts(tiny: TinyProject) -> None:
    late(
        tiny,
        'def f(task):\n    name = task.settings["model"]\n'
        '    return Result(values={"x": importlib.import_module(f"tiny.{name}").NAME})\n',
    )
    stages = [Stage(name, "tiny.work:f", {"model": name}, roots=(f"tiny.{name}",)) for name in ("vae", "plain")]
    assert tiny.build(*stages).artifacts["vae"].json("x") == "vae"
    tiny.write("vae", "NAME = 'better'\n")
    assert tiny.build(*stages).ran == ["vae"], "an edit of one model leaves the others alone"


@pytest.mark.parametrize(
    "function",
    [
        'def f(task):\n    importlib.import_module("tiny.vae")\n    return Result()\n',
        'def f(task):\n    __import__("tiny.vae")\n    return Result()\n',
        'def f(task):\n    importlib.import_module(".vae", "tiny")\n    return Result()\n',
        'importlib.import_module("tiny.vae")\n\ndef f(task):\n    return Result()\n',
        'def f(task):\n    exec("from tiny import vae")\n    return Result()\n',
    ],
    ids=["import_module", "__import__", "relative", "while loading", "exec"],
)
def test_an_import_that_escapes_the_closure_is_an_error_that_names_it(tiny: TinyProject, function: str) -> None:
    late(tiny, function)
    failure = tiny.build(Stage("s", "tiny.work:f")).failures["s"]
    assert failure.error == "EscapedImportError"
    assert "tiny.vae" in failure.first_lines
    assert tiny.build(Stage("s", "tiny.work:f", roots=("tiny.vae",))).ran == ["s"], "declared, it is fine"


def test_an_escape_is_seen_though_another_stage_loaded_the_module_before(tiny: TinyProject) -> None:
    """Both run in one warm worker; what the first may use, the second may not."""
    late(tiny, 'def f(task):\n    importlib.import_module("tiny.vae")\n    return Result()\n')
    allowed = Stage("a", "tiny.work:f", roots=("tiny.vae",))
    escaping = Stage("b", "tiny.work:f", inputs={"a": "a"})
    outcome = tiny.build(allowed, escaping, workers=1)
    assert (outcome.ran, set(outcome.failures)) == (["a"], {"b"})
    pids = {event.pid for event in tiny.told(events.StageStarted)}
    assert len(pids) == 1


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


# ------------------------------------------------------------------------------------------------- the record


def test_the_journal_tells_who_ran_what_and_at_what_cost(failing: TinyProject) -> None:
    outcome = failing.build()
    records = list(failing.store.journal.read())
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
