"""Imports that a stage's closure does not cover are noticed, also in a warm worker."""

from __future__ import annotations

import py_compile
from typing import TYPE_CHECKING

import pytest

from latentpress.engine import events
from latentpress.engine.stage import Stage

if TYPE_CHECKING:
    from tests.conftest import TinyProject


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
        'import runpy\ndef f(task):\n    runpy.run_module("tiny.vae")\n    return Result()\n',
        'import runpy\ndef f(task):\n    runpy.run_path(__file__.replace("work", "vae"))\n    return Result()\n',
        'def f(task):\n    exec(open(__file__.replace("work", "vae")).read(), {})\n    return Result()\n',
        "import importlib.util as util\ndef f(task):\n"
        '    spec = util.spec_from_file_location("another", __file__.replace("work", "vae"))\n'
        "    spec.loader.exec_module(util.module_from_spec(spec))\n    return Result()\n",
    ],
    ids=[
        "import_module", "__import__", "relative", "while loading", "exec",
        "run_module", "run_path", "exec of the text", "spec_from_file_location",
    ],
)  # fmt: skip
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


BY_FILE = """
import importlib.util

def f(task):
    spec = importlib.util.spec_from_file_location("another", __file__.replace("work", "vae"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return Result(values={"name": module.NAME})
"""


def test_code_that_is_run_from_its_byte_code_escapes_no_more_than_from_its_source(tiny: TinyProject) -> None:
    late(tiny, BY_FILE)
    py_compile.compile(str(tiny.root / "src" / "tiny" / "vae.py"))
    assert "tiny.vae" in tiny.build(Stage("s", "tiny.work:f")).failures["s"].first_lines


def test_a_source_file_that_is_declared_as_a_file_may_be_read_and_counts(tiny: TinyProject) -> None:
    late(tiny, 'def f(task):\n    return Result(texts={"text": task.files["code"].read_text()})\n')
    stage = Stage("s", "tiny.work:f", files={"code": tiny.root / "src" / "tiny" / "vae.py"})
    assert tiny.build(stage).artifacts["s"].text("text") == "NAME = 'vae'\n"
    tiny.write("vae", "NAME = 'better'\n")
    assert tiny.build(stage).artifacts["s"].text("text") == "NAME = 'better'\n"


def test_a_submodule_that_another_stage_loaded_is_not_there_for_one_that_does_not_import_it(tiny: TinyProject) -> None:
    tiny.write("vae", "NAME = 'vae'\n")
    use = 'def f(task):\n    return Result(values={"name": tiny.vae.NAME, "stage": task.name})\n'
    tiny.write("fair", f"import tiny.vae\n{use}")
    tiny.write("sly", f"import tiny\n{use}")
    outcome = tiny.build(Stage("a", "tiny.fair:f"), Stage("b", "tiny.sly:f", inputs={"a": "a"}), workers=1)
    assert (outcome.ran, set(outcome.failures)) == (["a"], {"b"})
    assert len({event.pid for event in tiny.told(events.StageStarted)}) == 1
    assert "module 'tiny' has no attribute 'vae'" in outcome.failures["b"].first_lines


def test_what_was_hidden_from_one_stage_is_there_for_the_next(tiny: TinyProject) -> None:
    tiny.write("vae", "NAME = 'vae'\n")
    use = 'def f(task):\n    return Result(values={"name": tiny.vae.NAME, "stage": task.name})\n'
    tiny.write("fair", f"import tiny.vae\n{use}")
    tiny.write("other", 'import tiny\ndef f(task):\n    return Result(values={"has": hasattr(tiny, "vae")})\n')
    stages = [
        Stage("a", "tiny.fair:f"),
        Stage("b", "tiny.other:f", inputs={"a": "a"}),
        Stage("c", "tiny.fair:f", inputs={"b": "b"}),
    ]
    outcome = tiny.build(*stages, workers=1)
    assert outcome.ran == ["a", "b", "c"]
    assert outcome.artifacts["b"].json("has") is False
    assert len({event.pid for event in tiny.told(events.StageStarted)}) == 1


def test_a_module_beside_the_package_counts_and_cannot_escape_either(tiny: TinyProject) -> None:
    helper = tiny.root / "src" / "helper.py"
    helper.write_text("NAME = 'one'\n")
    tiny.write("open", 'import helper\ndef f(task):\n    return Result(values={"x": helper.NAME})\n')
    late(tiny, 'def f(task):\n    importlib.import_module("helper")\n    return Result()\n')
    stage = Stage("open", "tiny.open:f")
    assert tiny.build(stage).artifacts["open"].json("x") == "one"
    helper.write_text("NAME = 'two'\n")
    outcome = tiny.build(stage, Stage("late", "tiny.work:f", inputs={"open": "open"}), workers=1)
    assert outcome.artifacts["open"].json("x") == "two"
    assert "used helper, which" in outcome.failures["late"].first_lines
    fresh = tiny.build(Stage("alone", "tiny.work:f")).failures["alone"]
    assert "used helper, which" in fresh.first_lines, "in a worker that had not loaded it either"
