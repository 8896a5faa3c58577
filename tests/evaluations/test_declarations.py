"""Every evaluation declares what the pipeline reads, and keeps to its side of the walls."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest

from latentpress import declarations

SOURCES = sorted(declarations.FOLDER.glob("*.py"))
EVALUATIONS = [path.stem for path in SOURCES if "\ndef measure(" in path.read_text(encoding="utf-8")]


def test_all_evaluations_of_the_assignment_are_there() -> None:
    assert set(EVALUATIONS) >= {
        "architecture",
        "classification",
        "contraction",
        "controls",
        "dataset_summary",
        "disentanglement",
        "embedding",
        "interpolation",
        "latent_traversal",
        "probe_comparison",
        "reconstruction",
        "sparsity",
        "training_curves",
        "vae_bound",
        "vae_bound_comparison",
        "vae_objective",
        "vae_samples",
    }


@pytest.mark.parametrize("name", EVALUATIONS)
def test_each_evaluation_declares_itself_in_literals(name: str) -> None:
    declared = declarations.evaluation(name)
    assert declared.scope in {"model", "data", "comparison"}
    assert set(declared.needs) <= {"data", "codes", "model", *EVALUATIONS}
    assert declared.seconds > 0
    assert declared.title != name
    assert json.loads(json.dumps(dict(declared.settings))) == dict(declared.settings)
    declarations.merge_settings(declared, declared.smoke, Path("report.toml"))  # raises where a type differs


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_evaluations_neither_draw_nor_touch_files(path: Path) -> None:
    imported, called = set(), set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add(node.module)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
            called.add(node.func.id if isinstance(node.func, ast.Name) else node.func.attr)
    assert not {name for name in imported if name.startswith(("matplotlib", "pathlib", "latentpress.reporting"))}
    assert not called & {"open", "savefig", "to_csv", "save", "savez", "write_text", "write_bytes"}


@pytest.mark.parametrize("name", EVALUATIONS)
def test_only_evaluations_with_a_backend_load_models(name: str) -> None:
    source = (declarations.FOLDER / f"{name}.py").read_text(encoding="utf-8")
    assert ("latentpress.models" in source) == declarations.evaluation(name).backend
