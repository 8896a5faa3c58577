from __future__ import annotations

import ast
from pathlib import Path

import latentpress.engine
from latentpress.engine.fingerprint import source_closure
from latentpress.engine.sources import Sources

ENGINE = Path(latentpress.engine.__file__).parent
HEAVY = {"keras", "tensorflow", "torch", "jax", "sklearn", "matplotlib", "scipy", "pydantic"}


def test_the_engine_imports_nothing_of_the_project_but_errors() -> None:
    sources = Sources([ENGINE.parent.parent], ["latentpress"])
    for path in ENGINE.glob("*.py"):
        module = f"latentpress.engine.{path.stem}".removesuffix(".__init__")
        found = source_closure(module, sources=sources)
        outside = {name for name in found.modules if not name.startswith("latentpress.engine")}
        assert outside <= {"latentpress", "latentpress.errors"}, path.name
        assert not HEAVY & set(found.packages), path.name


def test_looking_at_a_graph_loads_no_numerical_library() -> None:
    """Imports at the top of a module are paid by every command, also one that only looks."""
    for path in ENGINE.glob("*.py"):
        for node in ast.parse(path.read_text()).body:
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not {name.partition(".")[0] for name in names} & {"numpy", "pandas", "rich", "filelock"}, path
