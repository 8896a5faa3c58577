"""Builds of a tiny project with real workers: what runs, what does not, and what is told."""

from __future__ import annotations

import os
import shutil
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


def test_the_plan_counts_forced_stages_as_such_below_others_that_run(chain: TinyProject) -> None:
    chain.build()
    plan = chain.scheduler(force={"double", "report"}).plan()
    assert (set(plan.must_run), set(plan.may_run)) == ({"double", "report"}, set())
    assert chain.build(force={"double", "report"}).ran == ["double", "report"]


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
