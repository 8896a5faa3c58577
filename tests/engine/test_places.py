"""A package of the project may lie in a place of its own, from which nothing else is taken."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from latentpress.engine.dask_client import connect
from latentpress.engine.fingerprint import Fingerprinter
from latentpress.engine.jobs import JobSite
from latentpress.engine.requirements import collect, examine
from latentpress.engine.stage import Stage

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import DaskCluster, TinyProject

STAGE = Stage("s", "own.work:f")
HEAD = "from latentpress.engine.stage import Result\n"
WORK = f'{HEAD}from own.shared import NAME\n\ndef f(task):\n    return Result(values={{"x": NAME}})\n'


def write(place: Path, **modules: str) -> dict[str, str]:
    """Write modules of a package ``own`` in a place, as a build is told of it."""
    (place / "own").mkdir(parents=True, exist_ok=True)
    for name, text in modules.items():
        (place / "own" / f"{name}.py").write_text(text)
    return {"own": str(place)}


@pytest.fixture
def place(tiny: TinyProject) -> Path:
    return tiny.root / "project"


def build(tiny: TinyProject, place: Path, **options: Any) -> Any:
    return tiny.build(STAGE, places={"own": str(place)}, **options)


def test_an_edit_of_its_modules_counts_and_a_comment_does_not(tiny: TinyProject, place: Path) -> None:
    write(place, work=WORK, shared='NAME = "one"\n')
    assert build(tiny, place).artifacts["s"].json("x") == "one"
    write(place, work=f"{WORK}# a comment\n", beside="another module, that nobody imports")
    assert build(tiny, place).ran == []
    write(place, shared='NAME = "two"\n')
    assert build(tiny, place).artifacts["s"].json("x") == "two"


def test_nothing_else_in_the_place_can_be_imported_or_counts(tiny: TinyProject, place: Path) -> None:
    """A script of the user's with the name of a library does not take that library's place."""
    write(place, work=WORK.replace("from own.shared import NAME", "from fractions import NAME"))
    (place / "fractions.py").write_text('NAME = "of the script"\n')
    assert "cannot import name 'NAME'" in build(tiny, place).failures["s"].first_lines
    write(place, work=WORK.replace("from own.shared import NAME", "import script"))
    (place / "script.py").write_text("")
    assert "No module named 'script'" in build(tiny, place).failures["s"].first_lines


@pytest.mark.parametrize("init", [None, '"""A package."""\n'], ids=["without", "with __init__"])
def test_another_package_of_its_name_does_not_take_its_place(tiny: TinyProject, place: Path, init: str | None) -> None:
    write(tiny.root / "src", __init__="", work=f'{HEAD}def f(task):\n    return Result(values={{"x": "another"}})\n')
    write(place, work=WORK, shared='NAME = "ours"\n', **({"__init__": init} if init else {}))
    assert build(tiny, place).artifacts["s"].json("x") == "ours"


@pytest.mark.parametrize(
    "function",
    [
        'import importlib\ndef f(task):\n    importlib.import_module("own.late")\n    return Result()\n',
        'def f(task):\n    exec(open(__file__.replace("work", "late")).read(), {})\n    return Result()\n',
    ],
    ids=["import_module", "exec of the text"],
)
def test_its_modules_cannot_escape_the_closure(tiny: TinyProject, place: Path, function: str) -> None:
    write(place, work=HEAD + function, late="X = 1\n")
    assert "used own.late, which" in build(tiny, place).failures["s"].first_lines


def test_a_module_that_is_not_there_is_told_with_the_place(tiny: TinyProject, place: Path) -> None:
    write(place, other="")
    failure = build(tiny, place).failures["s"]
    assert "module own.work is not found" in failure.first_lines
    assert f"looked for in {place}." in failure.first_lines


def test_a_machine_that_does_not_see_the_place_is_unfit_and_told_why(tiny: TinyProject, place: Path) -> None:
    places = write(place, work=WORK, shared="NAME = 1\n")
    site = JobSite(tiny.store.root, ("tiny",), (tiny.root / "src",), places)
    fingerprinter = Fingerprinter(site.packages, site.folders, None, site.places)
    required = collect([STAGE], fingerprinter, site, "")
    assert examine(required)[0] == []
    faults, _ = examine(replace(required, places={"own": "/nowhere"}))
    assert len(faults) == 1
    assert "found no own.shared, own.work in /nowhere, or other content" in faults[0]
    assert "mount the project's folder at the same path" in faults[0]


def test_workers_of_a_cluster_that_see_the_place_run_its_modules(
    tiny: TinyProject, dask_cluster: DaskCluster, place: Path
) -> None:
    write(place, work=WORK, shared='NAME = "there"\n')
    dask_cluster.worker("ada")
    dask_cluster.wait_for(1)
    with connect(dask_cluster.address) as client:
        outcome = build(tiny, place, cluster=client, workers=0)
    assert outcome.artifacts["s"].json("x") == "there"


def test_a_function_that_forgets_to_return_its_result_is_told_so(tiny: TinyProject, place: Path) -> None:
    write(place, work="def f(task):\n    x = 1\n")
    failure = build(tiny, place).failures["s"]
    assert "f in module own.work returned NoneType, expected a Result" in failure.first_lines
