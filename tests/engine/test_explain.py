"""Each thing that a key is made of, changed: `explain` names exactly that, with old and new."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from latentpress.engine import fingerprint, packages
from latentpress.engine.changes import changes
from latentpress.engine.explain import Explanation, explain
from latentpress.engine.fingerprint import Fingerprinter
from latentpress.engine.graph import Graph
from latentpress.engine.stage import Stage

if TYPE_CHECKING:
    from tests.conftest import TinyProject

GRAPH = """
STAGES = [
    Stage("data", "tiny.work:data", {"n": 3}),
    Stage("train/a/seed0", "tiny.work:train", {"training": {"epochs": 2, "rates": [{"r": 1.0}, {"r": 0.5}]}},
          inputs={"data": "data"}, files={"template": ROOT / "template.txt"}, seed=0),
    Stage("report", "tiny.telling:report", inputs={"model": "train/a/seed0"}),
]
"""


@pytest.fixture
def built(tiny: TinyProject) -> TinyProject:
    """data → train → report, built; train reads a file, and a module that is two imports away."""
    tiny.write("deep/__init__", '"""Deep."""')
    tiny.write("deep/helper", "def twice(x):\n    return 2 * x\n")
    tiny.write("between", "from tiny.deep.helper import twice\n")
    tiny.write(
        "work",
        """
        import json

        from tiny.between import twice

        def data(task):
            return Result(values={"x": task.settings["n"]})

        def train(task):
            return Result(values={"y": twice(task.inputs["data"].json("x")), "t": task.files["template"].read_text()})
        """,
    )
    tiny.write("telling", 'def report(task):\n    return Result(texts={"r.txt": task.inputs["model"].json("t")})\n')
    (tiny.root / "template.txt").write_text("one")
    tiny.graph(GRAPH)
    assert not tiny.build().failures
    return tiny


def told(project: TinyProject, **about: Any) -> dict[str, Explanation]:
    """Explain the project's graph; what it says agrees with the plan, always."""
    fingerprinter = Fingerprinter(["tiny"], [project.root / "src"], project.store.root / "cache")
    found = explain(project.store, Graph(project.stages()), fingerprinter, about)
    plan = project.scheduler().plan()
    for state in ("up_to_date", "must_run", "may_run"):
        assert {name for name, one in found.items() if one.state == state} == set(getattr(plan, state))
    return found


def texts(one: Explanation) -> list[str]:
    return [reason.text for reason in one.reasons]


def kinds(one: Explanation) -> list[str]:
    return [reason.kind for reason in one.reasons]


def edit_graph(project: TinyProject, old: str, new: str) -> None:
    text = (project.root / "graph.py").read_text()
    assert old in text
    project.graph(text.replace(old, new))


def test_before_the_first_build_every_stage_was_never_run(built: TinyProject) -> None:
    shutil.rmtree(built.store.root)
    assert {name: texts(one) for name, one in told(built).items()} == {
        "data": ["never run"], "train/a/seed0": ["never run"], "report": ["never run"]
    }  # fmt: skip
    assert not built.store.root.exists(), "a look writes nothing"


def test_what_is_up_to_date_has_no_reason(built: TinyProject) -> None:
    found = told(built)
    assert all(one.state == "up_to_date" and one.reasons == () for one in found.values())
    record = built.store.record(found["report"].key)
    assert record is not None
    assert record.artifact == found["report"].artifact


def test_comments_docstrings_and_times_leave_all_up_to_date(built: TinyProject) -> None:
    path = built.write("deep/helper", '# why\ndef twice(x):\n    """Twice x."""\n    return (2 * x)\n')
    os.utime(path, (0, 0))
    os.utime(built.root / "template.txt", (0, 0))
    assert all(one.state == "up_to_date" for one in told(built).values())


def set_epochs(project: TinyProject) -> None:
    edit_graph(project, '"epochs": 2', '"epochs": 3')


def set_rate(project: TinyProject) -> None:
    edit_graph(project, '{"r": 0.5}', '{"r": 0.25}')


def set_seed(project: TinyProject) -> None:
    edit_graph(project, "seed=0)", "seed=1)")


def set_threads(project: TinyProject) -> None:
    edit_graph(project, "seed=0)", "seed=0, threads=2)")


def set_backend(project: TinyProject) -> None:
    edit_graph(project, "seed=0)", 'seed=0, backend="jax")')


def set_function(project: TinyProject) -> None:
    edit_graph(project, "tiny.work:train", "tiny.work:data")


def edit_file(project: TinyProject) -> None:
    (project.root / "template.txt").write_text("two")


def drop_file(project: TinyProject) -> None:
    edit_graph(project, '"template": ROOT / "template.txt"', "")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (set_epochs, ["setting training.epochs: 2 → 3"]),
        (set_rate, ["setting training.rates[1].r: 0.5 → 0.25"]),
        (set_seed, ["seed: 0 → 1"]),
        (set_threads, ["threads: 1 → 2"]),
        (set_backend, ["backend: none → jax", "device: none → cpu"]),
        (set_function, ["function: tiny.work:train → tiny.work:data"]),
        (edit_file, ["file template ({root}/template.txt): content changed (7692c3ad3540 → 3fc4ccfe7458)"]),
        (drop_file, ["file template is no longer read"]),
    ],
)
def test_the_one_change_is_named_with_old_and_new(
    built: TinyProject, change: Callable[[TinyProject], None], said: list[str]
) -> None:
    change(built)
    found = told(built)
    assert found["data"].state == "up_to_date"
    assert found["train/a/seed0"].state == "must_run"
    assert texts(found["train/a/seed0"]) == [text.format(root=built.root) for text in said]
    assert texts(found["report"]) == ["its input train/a/seed0 will be made again"]
    assert found["report"].state == "may_run"


def test_a_file_is_named_as_seen_from_here(built: TinyProject, monkeypatch: pytest.MonkeyPatch) -> None:
    edit_file(built)
    monkeypatch.chdir(built.root)
    (text,) = texts(told(built)["train/a/seed0"])
    assert text.startswith("file template (template.txt): content changed (")


def test_a_module_two_imports_away_is_named(built: TinyProject) -> None:
    built.write("deep/helper", "def twice(x):\n    return x + x\n")
    found = told(built)
    (reason,) = found["train/a/seed0"].reasons[:1]
    assert reason.part == "source of tiny.deep.helper"
    assert (len(reason.old), len(reason.new)) == (64, 64)
    assert reason.text == f"source of tiny.deep.helper changed ({reason.old[:12]} → {reason.new[:12]})"
    assert texts(found["data"]) == [reason.text], "it shares the module"
    assert texts(found["train/a/seed0"]) == [reason.text, "its input data will be made again"]
    assert texts(found["report"]) == ["its input train/a/seed0 will be made again"]


def test_modules_that_come_and_go_are_named(built: TinyProject) -> None:
    built.write("other", "x = 1\n")
    built.write("between", "import tiny.other\n\ndef twice(x):\n    return 2 * x\n")
    said = [text.partition(" changed (")[0] for text in texts(told(built)["data"])]
    assert said == [
        "source of tiny.between",
        "source of tiny.deep counts no more: the stage does not reach it now",
        "source of tiny.deep.helper counts no more: the stage does not reach it now",
        "source of tiny.other is new: the stage did not reach it before",
    ]


def test_an_input_that_came_out_otherwise_is_named(built: TinyProject) -> None:
    """Only `data` is built again, so that `train` is left with another input."""
    before = built.store.record(told(built)["data"].key)
    edit_graph(built, '"n": 3', '"n": 4')
    after = built.build(keep={"data"}).artifacts["data"].digest
    assert before is not None
    found = told(built)
    assert found["data"].state == "up_to_date"
    assert texts(found["train/a/seed0"]) == [f"input data: other content ({before.artifact[:12]} → {after[:12]})"]


def test_a_new_version_of_a_package_is_named(tiny: TinyProject, monkeypatch: pytest.MonkeyPatch) -> None:
    tiny.write("work", "import numpy\ndef f(task):\n    return Result()\n")
    tiny.graph('STAGES = [Stage("s", "tiny.work:f")]')
    tiny.build()
    real = packages.versions
    old = real(frozenset(["numpy"]), None)["numpy"]
    monkeypatch.setattr(packages, "versions", lambda *given: real(*given) | {"numpy": "99.1"})
    assert texts(told(tiny)["s"]) == [f"package numpy: {old} → 99.1"]


def test_another_python_is_named(built: TinyProject, monkeypatch: pytest.MonkeyPatch) -> None:
    found = told(built)["data"]
    version = type("Version", (), {"major": 3, "minor": 99})
    monkeypatch.setattr(fingerprint, "sys", type("sys", (), {"version_info": version}))
    changed = told(built)["data"]
    assert texts(changed) == [f"python: 3.{sys.version_info.minor} → 3.99"]
    assert changed.compared == found.key


def test_several_changes_are_all_named(built: TinyProject) -> None:
    set_epochs(built)
    set_seed(built)
    edit_file(built)
    assert [reason.part for reason in told(built)["train/a/seed0"].reasons] == [
        "file template", "seed", "setting training.epochs"
    ]  # fmt: skip


# ---------------------------------------------------------------------------- what the store lost, what failed


def test_a_missing_artifact_is_said(built: TinyProject) -> None:
    shutil.rmtree(built.store.root / "artifacts" / told(built)["data"].artifact)
    found = told(built)
    assert kinds(found["data"]) == ["artifact_missing"]
    assert kinds(found["train/a/seed0"]) == ["input_again"]


def test_a_damaged_artifact_is_said_though_it_counts_as_up_to_date_until_it_is_read(built: TinyProject) -> None:
    path = built.store.root / "artifacts" / told(built)["data"].artifact / "x.json"
    path.write_text(path.read_text() + " ")
    found = told(built)["data"]
    assert (found.state, kinds(found)) == ("up_to_date", ["artifact_damaged"])
    assert "x.json" in texts(found)[0]


def test_a_damaged_and_a_removed_record_are_said(built: TinyProject) -> None:
    path = built.store.root / "keys" / f"{told(built)['data'].key}.json"
    path.write_bytes(path.read_bytes()[:-5])
    assert kinds(told(built)["data"]) == ["record_damaged"]
    path.unlink()
    assert kinds(told(built)["data"]) == ["removed"]


def test_a_stage_that_failed_says_so_beside_what_changed(built: TinyProject) -> None:
    built.write("telling", "def report(task):\n    raise ValueError('no')\n")
    built.build()
    one = told(built)["report"]
    assert {reason.part.partition(" of ")[2] for reason in one.reasons[:-1]} >= {"tiny.telling"}
    assert kinds(one)[-1] == "failed"
    assert "log.txt" in texts(one)[-1]


def test_a_stage_that_never_succeeded_failed_and_was_not_never_run(tiny: TinyProject) -> None:
    tiny.write("work", "def f(task):\n    raise ValueError('no')\n")
    tiny.graph('STAGES = [Stage("s", "tiny.work:f")]')
    tiny.build()
    assert kinds(told(tiny)["s"]) == ["failed"]


def test_an_input_that_had_failed_is_told_as_that(tiny: TinyProject) -> None:
    """The record was made without the input; afterwards the input works."""
    tiny.write("work", "def f(task):\n    raise ValueError('no')\n")
    tiny.write("telling", 'def report(task):\n    return Result(values={"had": sorted(task.inputs)})\n')
    tiny.graph(
        """
        STAGES = [
            Stage("s", "tiny.work:f"),
            Stage("report", "tiny.telling:report", inputs={"it": "s"}, tolerant=True),
        ]
        """
    )
    tiny.build()
    tiny.write("work", "def f(task):\n    return Result()\n")
    assert kinds(told(tiny)["report"]) == ["input_again"]
    tiny.build(keep={"s"})
    assert texts(told(tiny)["report"]) == ["input it (s) had failed when this was last run"]


def test_a_source_that_cannot_be_read_is_the_reason(built: TinyProject) -> None:
    built.write("telling", "def report(task:\n")
    (reason,) = told(built)["report"].reasons
    assert (reason.kind, "telling.py, line 1" in reason.text) == ("error", True)


def test_a_file_that_is_gone_is_the_reason(built: TinyProject) -> None:
    (built.root / "template.txt").unlink()
    (reason,) = told(built)["train/a/seed0"].reasons
    assert reason.kind == "error"
    assert str(built.root / "template.txt") in reason.text


# -------------------------------------------------------------------------------------- which record is compared


def test_the_last_build_of_the_same_profile_is_compared(built: TinyProject) -> None:
    """Neither an older build of the profile nor a newer one of another."""
    for profile, epochs in (("default", 4), ("default", 5), ("smoke", 1)):
        built.graph(GRAPH.replace('"epochs": 2', f'"epochs": {epochs}'))
        built.build(about={"profile": profile, "data": {"mnist": "real"}})
    built.graph(GRAPH.replace('"epochs": 2', '"epochs": 6'))
    for about, old in [
        ({"profile": "default", "data": {"mnist": "real"}}, 5),
        ({"profile": "default", "data": {"mnist": "embedded"}}, 5),
        ({"profile": "smoke", "data": {"mnist": "embedded"}}, 1),
        ({"profile": "thorough", "data": {"mnist": "real"}}, 1),
        ({}, 1),
    ]:
        assert texts(told(built, **about)["train/a/seed0"]) == [f"setting training.epochs: {old} → 6"], about


def test_without_a_journal_the_youngest_record_is_compared(built: TinyProject) -> None:
    old = told(built)["train/a/seed0"].key
    set_epochs(built)
    built.build()
    young = told(built)["train/a/seed0"].key
    os.utime(built.store.root / "keys" / f"{old}.json", (1, 1))
    built.store.journal.path.unlink()
    edit_graph(built, '"epochs": 3', '"epochs": 9')
    assert texts(told(built)["train/a/seed0"]) == ["setting training.epochs: 3 → 9"]
    os.utime(built.store.root / "keys" / f"{young}.json", (0, 0))
    assert texts(told(built)["train/a/seed0"]) == ["setting training.epochs: 2 → 9"]


def test_an_interrupted_build_is_compared_by_what_it_finished(built: TinyProject) -> None:
    """`train` fails, so that the build ends with a new `data` and the old record of `train`."""
    edit_graph(built, '"n": 3', '"n": 4')
    records = list(built.store.journal.read())
    built.build(keep={"data"})
    text = built.store.journal.path.read_text().splitlines()
    assert len(text) > len(records)
    built.store.journal.path.write_text("\n".join(line for line in text[:-1]) + "\n")  # killed before its end
    found = told(built)
    assert found["data"].state == "up_to_date"
    assert [reason.part for reason in found["train/a/seed0"].reasons] == ["input data"]


# ------------------------------------------------------------------------------------------------- the words


STAGE = Stage("s", "m:f", inputs={"data": "data/mnist"}, files={"sty": Path("/r/report.sty")})
EMPTY: dict[str, Any] = {"inputs": {}, "failures": {}, "settings": {}, "lineage": None}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ({"settings": {"a": None}}, {"settings": {}}, "setting a: none → absent"),
        ({"settings": {}}, {"settings": {"a": None}}, "setting a: absent → none"),
        ({"settings": {"a": [{}]}}, {"settings": {"a": [{"b": None}]}}, "setting a[0].b: absent → none"),
        ({"settings": {"a": None}}, {"settings": {"a": 0}}, "setting a: none → 0"),
        ({"settings": {"a": 1}}, {"settings": {"a": 1.0}}, "setting a: 1 → 1.0"),
        ({"settings": {"a": ""}}, {"settings": {"a": "x"}}, 'setting a: "" → x'),
        ({"settings": {"a": [1, 2]}}, {"settings": {"a": [1]}}, "setting a: [1, 2] → [1]"),
        ({"settings": {"a": "é" * 200}}, {"settings": {}}, f"setting a: {'é' * 79}… → absent"),
        ({"inputs": {"data": "a" * 64}}, {"inputs": {"data": "b" * 64}},
         f"input data (data/mnist): other content ({'a' * 12} → {'b' * 12})"),
        ({"inputs": {}}, {"inputs": {"data": "b" * 64}}, "input data (data/mnist) is new"),
        ({"inputs": {"gone": "b" * 64}}, {"inputs": {}}, "input gone is no longer read"),
        ({"files": {}}, {"files": {"sty": "1"}}, "file sty (/r/report.sty) is new"),
        ({"packages": {"numpy": "2"}}, {"packages": {}}, "package numpy: 2 → not used"),
        ({"source": {"m.n": "1"}}, {"source": {"m.n": "absent"}}, "source of m.n is gone: the module no longer exists"),
        ({"codec": "a" * 64}, {"codec": "b" * 64},
         f"the code that writes artifacts (codec) changed ({'a' * 12} → {'b' * 12})"),
        ({"format": 1}, {"format": 2}, "keys are taken in another way since an update: format 1 → 2"),
        ({"lineage": "1"}, {"lineage": "2"}, "a stage above was made in another way, with the same result"),
    ],
)  # fmt: skip
def test_every_component_has_its_words(old: dict[str, Any], new: dict[str, Any], said: str) -> None:
    assert [reason.text for reason in changes(STAGE, EMPTY | old, EMPTY | new)] == [said]


def test_inputs_that_are_not_known_yet_are_not_compared_but_new_ones_are_told() -> None:
    old = EMPTY | {"inputs": {"data": "1"}, "lineage": "1"}
    new = EMPTY | {"lineage": "2"}
    assert changes(STAGE, old, new, ["data"]) == []
    assert [reason.text for reason in changes(STAGE, EMPTY, EMPTY, ["data"])] == ["input data (data/mnist) is new"]
