"""Imports that a stage's closure does not cover are noticed, also in a warm worker."""

from __future__ import annotations

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
