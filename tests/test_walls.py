"""The walls between the packages, as docs/architecture.md draws them."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "latentpress"
FRAMEWORKS = {"keras", "tensorflow", "jax", "torch"}


def modules(package):
    path = SOURCE / package
    return sorted(path.rglob("*.py")) if path.is_dir() else [path.with_suffix(".py")]


def imported(path):
    """Every module that a file imports anywhere, type-checking blocks included."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", modules("engine"), ids=lambda path: path.stem)
def test_engine_knows_only_itself_and_the_errors(path):
    own = {name for name in imported(path) if name.startswith("latentpress.")}
    strangers = {n for n in own if not n.startswith(("latentpress.engine", "latentpress.errors"))}
    assert not strangers
    assert not FRAMEWORKS & {name.partition(".")[0] for name in imported(path)}


@pytest.mark.parametrize(
    "package",
    [
        *("reporting", "review"),
        *("cli", "console", "project", "pipeline"),
        *("building", "builds", "preparing", "running", "delivering"),
        *("listing", "explaining", "cleaning", "timeline", "starting"),
    ],
)
def test_reporting_and_commands_reach_no_framework(package):
    """Not even through what they import: a command that only looks must not wait for TensorFlow."""
    reached, queue = set(), modules(package)
    while queue:
        path = queue.pop()
        for name in imported(path):
            assert name.partition(".")[0] not in FRAMEWORKS, f"{path} imports {name}"
            parts = name.split(".")
            if parts[0] == "latentpress":
                target = SOURCE.joinpath(*parts[1:]).with_suffix(".py")
                if target.is_file() and target not in reached:
                    reached.add(target)
                    queue.append(target)


@pytest.mark.parametrize("path", [*modules("evaluations"), *modules("starter/evaluations")], ids=lambda path: path.stem)
def test_evaluations_write_no_file_and_draw_no_figure(path):
    assert not {"matplotlib", "jinja2", "pylatex"} & {name.partition(".")[0] for name in imported(path)}
    calls = {
        node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
    }
    assert not calls & {"open", "write_text", "write_bytes", "savez", "save", "savefig", "to_csv"}


@pytest.mark.parametrize("path", sorted(SOURCE.rglob("*.py")), ids=lambda path: path.stem)
def test_source_does_not_import_experiments(path):
    assert not any(name.partition(".")[0] in {"experiments", "report_templates", "tests"} for name in imported(path))


@pytest.mark.parametrize("path", sorted(SOURCE.rglob("__init__.py")), ids=lambda path: path.parent.name)
def test_package_files_hold_a_docstring_and_nothing_else(path):
    body = ast.parse(path.read_text(encoding="utf-8")).body
    assert len(body) == 1
    assert isinstance(body[0], ast.Expr)
    assert isinstance(body[0].value, ast.Constant)


def test_listing_the_project_loads_nothing_heavy():
    code = (
        "import sys; from latentpress.cli import main\n"
        "sys.argv = ['latentpress', 'list']\n"
        "try: main()\n"
        "except SystemExit as end: assert not end.code\n"
        "print('LOADED', *sorted(sys.modules))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], cwd=SOURCE.parents[1], capture_output=True, text=True, check=True, timeout=120
    )
    loaded = set(answer.stdout.split("LOADED")[1].split())
    assert not loaded & (FRAMEWORKS | {"pandas", "sklearn", "scipy", "matplotlib", "skimage"})
