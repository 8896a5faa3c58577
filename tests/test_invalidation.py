"""Exact invalidation on the project itself: which keys an edit changes, held against another program's idea of it."""

from __future__ import annotations

import ast
import modulefinder
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from latentpress import pipeline, project
from latentpress.datasets.settings import DATA_SETS
from latentpress.engine.fingerprint import Fingerprinter
from latentpress.engine.graph import Graph
from latentpress.engine.stage import Stage
from latentpress.pipeline import Choices, DataSource, Machine

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "latentpress"
TRAINED = ("contractive", "plain", "sparse", "untrained", "vae")
STARTER = PACKAGE / "starter"  # the files of a new project; nothing imports them
MODULES = sorted(
    path.relative_to(ROOT / "src").as_posix() for path in PACKAGE.rglob("*.py") if not path.is_relative_to(STARTER)
)


def stages(edit: Callable[[project.Project], project.Project] | None = None) -> dict[str, Stage]:
    """The graph of all reports."""
    found = project.load(ROOT, "default")
    found = edit(found) if edit is not None else found
    sources = {name: DataSource("embedded") for name in DATA_SETS}
    return pipeline.build_graph(found, list(found.reports.values()), sources, Machine(), Choices()).stages


def keys(source: Path, graph: dict[str, Stage], cache: Path | None = None, chained: bool = False) -> dict[str, str]:
    """Every stage's key, the sources being those in a folder; an input counts as equal, or as what its key is."""
    fingerprinter = Fingerprinter(["latentpress"], [source], cache)
    found: dict[str, str] = {}
    for name, stage in Graph(graph.values()).stages.items():
        inputs = {label: found[above] if chained else "equal" for label, above in stage.inputs.items()}
        found[name] = fingerprinter.take(stage, inputs).key
    fingerprinter.save()
    return found


def changed(before: dict[str, str], after: dict[str, str]) -> set[str]:
    return {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}


@pytest.fixture(scope="module")
def graph() -> dict[str, Stage]:
    return stages()


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Parsed sources, as one build leaves them to the next."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def before(graph: dict[str, Stage], cache: Path) -> dict[str, str]:
    return keys(ROOT / "src", graph, cache)


def copied(folder: Path) -> Path:
    source = folder / "src"
    shutil.copytree(PACKAGE, source / "latentpress", ignore=shutil.ignore_patterns("__pycache__"))
    return source


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the sources, to be edited."""
    return copied(tmp_path)


@pytest.fixture(scope="module")
def restored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the sources that whoever edits it restores."""
    return copied(tmp_path_factory.mktemp("edited"))


@pytest.fixture(scope="module")
def reach(graph: dict[str, Stage], tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """Module file to the stages that can run it, as the standard library's modulefinder sees it in the byte code."""
    source = copied(tmp_path_factory.mktemp("found"))
    for path in source.rglob("*.py"):
        # Never true when a program runs; the compiler drops it in this form.
        path.write_text(re.sub(r"\bif TYPE_CHECKING:", "if False:", path.read_text()))
    imports = {name: imported_by(name, source) for name in map(module_name, MODULES)}
    found: dict[str, set[str]] = {file: set() for file in MODULES}
    for name, stage in graph.items():
        waiting = [stage.function.partition(":")[0], *stage.roots]
        seen: set[str] = set()
        while waiting:
            module = waiting.pop()
            if module and module not in seen:
                seen.add(module)
                waiting += [*imports[module], module.rpartition(".")[0]]
        for file in MODULES:
            if module_name(file) in seen:
                found[file].add(name)
    return found


def module_name(file: str) -> str:
    return file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def imported_by(module: str, source: Path) -> set[str]:
    """The project modules that one module imports itself, in functions too."""

    class Finder(modulefinder.ModuleFinder):
        def scan_opcodes(self, co: object) -> Iterator[tuple[str, tuple[object, ...]]]:
            # Only the module in question is looked into, not what it imports.
            yield from super().scan_opcodes(co) if self.scanning else ()

        scanning = True

        def scan_code(self, co: object, m: object) -> None:
            if m.__name__ == module:  # type: ignore[attr-defined]
                super().scan_code(co, m)

    finder = Finder(path=[str(source)])
    finder.import_hook(module)
    return {name for name in finder.modules if name.startswith("latentpress") and name != module}


@pytest.mark.parametrize("file", MODULES)
def test_an_edit_of_a_module_changes_exactly_the_stages_that_can_run_it(
    file: str, graph: dict[str, Stage], before: dict[str, str], reach: dict[str, set[str]], restored: Path, cache: Path
) -> None:
    original = (restored / file).read_text()
    (restored / file).write_text(f"{original}\n_EDITED = True\n")
    try:
        assert changed(before, keys(restored, graph, cache)) == reach[file]
    finally:
        (restored / file).write_text(original)


def test_an_edit_of_the_code_that_writes_artifacts_changes_every_key(
    graph: dict[str, Stage], before: dict[str, str], copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = copy / "latentpress" / "engine"
    monkeypatch.setattr("latentpress.engine.fingerprint.__file__", str(engine / "fingerprint.py"))
    assert changed(before, keys(copy, graph)) == set()
    with (engine / "codec.py").open("a") as module:
        module.write("\n_EDITED = True\n")
    assert changed(before, keys(copy, graph)) == set(graph)


def test_the_sources_are_not_all_in_every_stage(reach: dict[str, set[str]], graph: dict[str, Stage]) -> None:
    """Else the test above would hold for an engine that runs everything after any edit."""
    numbers = [len(reach[file]) for file in MODULES]
    assert min(numbers) == 0, "the command line is in no stage"
    assert sorted(numbers)[len(numbers) // 2] < len(graph) / 4


def test_comments_docstrings_and_formatting_change_no_key(
    graph: dict[str, Stage], before: dict[str, str], copy: Path
) -> None:
    for path in copy.rglob("*.py"):
        tree = ast.parse(path.read_text())
        for node in ast.walk(tree):
            if isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node) is not None:
                node.body[0] = ast.Expr(ast.Constant("Another docstring."))
        path.write_text(f"# A comment.\n{ast.unparse(tree)}\n# Another.\n")
    assert changed(before, keys(copy, graph)) == set()


def test_another_folder_and_another_time_change_no_key(
    graph: dict[str, Stage], before: dict[str, str], copy: Path
) -> None:
    for path in copy.rglob("*.py"):
        os.utime(path, (time.time() + 100, time.time() + 100))
    assert changed(before, keys(copy, graph)) == set()


@pytest.mark.parametrize(
    ("module", "trained"),
    [
        ("penalties", {"contractive", "plain", "sparse", "untrained", "vae"}),  # every training can use their losses
        ("sparse", {"sparse"}),
        ("contractive", {"contractive"}),
        ("variational", {"vae"}),
    ],
)
def test_an_edit_of_a_model_trains_those_again_that_use_it_and_makes_no_data_set(
    module: str, trained: set[str], graph: dict[str, Stage], before: dict[str, str], copy: Path, cache: Path
) -> None:
    with (copy / "latentpress" / "models" / f"{module}.py").open("a") as file:
        file.write("\n_EDITED = True\n")
    found = changed(before, keys(copy, graph, cache))
    assert {name.split("/")[1] for name in found if name.startswith("train/")} & set(TRAINED) == trained
    assert not any(name.startswith("data/") for name in found)


@pytest.mark.parametrize(
    ("module", "base", "run_again"),
    [
        ("engine/mirror", "MirrorError", set()),
        ("reporting/typeset", "LatexError", {"typeset"}),
        ("evaluations/classification", "DataError", {"evaluate"}),
        (
            "errors",
            "LatentPressError",
            {"data", "train", "encode", "evaluate", "draw", "section", "assemble", "html", "tsne", "typeset"},
        ),
    ],
)
def test_a_new_error_beside_what_raises_it_trains_nothing_again(
    module: str, base: str, run_again: set[str], graph: dict[str, Stage], before: dict[str, str], copy: Path
) -> None:
    """In errors.py itself it would, which is why that is not the place for it."""
    path = copy / "latentpress" / f"{module}.py"
    assert base in path.read_text()
    with path.open("a") as file:
        file.write(f"\n\nclass NewError({base}):\n    pass\n")
    assert {name.split("/")[0] for name in changed(before, keys(copy, graph))} == run_again


def test_a_setting_of_one_experiment_changes_its_stages_and_what_shows_them(graph: dict[str, Stage]) -> None:
    def longer(found: project.Project) -> project.Project:
        sparse = found.experiments["sparse"]
        training = sparse.training.model_copy(update={"epochs": sparse.training.epochs + 1})
        edited = sparse.model_copy(update={"training": training})
        return replace(found, experiments={**found.experiments, "sparse": edited})

    found = changed(keys(ROOT / "src", graph, chained=True), keys(ROOT / "src", stages(longer), chained=True))
    assert "train/sparse/seed0" in found
    own = {name for name in found if name.startswith(("data/", "train/", "encode/"))}
    assert own == {name for name in graph if name.startswith(("train/sparse/", "encode/sparse/"))}
    others = set(project.load(ROOT, "default").experiments) - {"sparse"}
    of_others = {name for name in found if name.startswith("evaluate/") and set(name.split("/")) & others}
    assert of_others == set()
