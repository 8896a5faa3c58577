"""What each evaluation declares at its top, read from the source without importing it.

Evaluations import numerical libraries that take seconds to load; the graph of stages is built without them.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from latentpress.errors import SettingsError, UsageError
from latentpress.settings_files import line_of, suggestion

FOLDER = Path(__file__).parent / "evaluations"
OWN = "evaluations"
"""The folder of a project for evaluations of its own, and the package that its modules are imported from."""
_LITERALS = {"SCOPE", "NEEDS", "SETTINGS", "SMOKE", "EMBEDDED", "SECONDS", "BACKEND", "FIGURES", "TITLE"}


@dataclass(frozen=True, slots=True)
class Declaration:
    """The literals at an evaluation's top.

    Attributes:
        name: of the file.
        module: that holds the evaluation: latentpress' own, or one of the project's.
        scope: ``"model"`` once per model and seed, ``"data"`` once per data set, ``"comparison"`` once over
            all models of a section.
        needs: ``"data"``, ``"codes"``, ``"model"``, or names of other evaluations.
        settings: the defaults.
        smoke: settings that the smoke profile replaces.
        embedded: settings that change, where nobody set them, on embedded data.
        seconds: about how long it takes in the default profile.
        backend: whether it loads the model.
        figures: whether it has any.
        title: for people.
    """

    name: str
    module: str
    scope: Literal["model", "data", "comparison"]
    needs: tuple[str, ...]
    settings: Mapping[str, Any]
    smoke: Mapping[str, Any]
    embedded: Mapping[str, Any]
    seconds: float
    backend: bool
    figures: bool
    title: str


def own_packages(root: Path) -> dict[str, str]:
    """The package of a project's own evaluations and the folder that holds it; none where there is no such folder."""
    return {OWN: str(root.absolute())} if (root / OWN).is_dir() else {}


def evaluation(name: str, root: Path | None = None) -> Declaration:
    """Read one evaluation's declaration.

    Args:
        name: of the evaluation.
        root: the project's folder, whose ``evaluations/`` may hold it; None for latentpress' own only.

    Raises:
        UsageError: there is no such evaluation.
        SettingsError: a file of the project's is no Python, or its declaration no literal.
    """
    folders = [FOLDER, *([root / OWN] if root is not None else [])]
    found = [folder for folder in folders if name.isidentifier() and (folder / f"{name}.py").is_file()]
    literals = read_literals(found[-1] / f"{name}.py") if found else {}
    if not literals.keys() >= {"SCOPE", "NEEDS"}:
        raise UsageError(f'unknown evaluation "{name}"', suggestion(name, evaluation_files(root)))
    package = "latentpress.evaluations" if found[-1] == FOLDER else OWN
    return Declaration(
        name=name,
        module=f"{package}.{name}",
        scope=literals["SCOPE"],
        needs=tuple(literals["NEEDS"]),
        settings=literals.get("SETTINGS", {}),
        smoke=literals.get("SMOKE", {}),
        embedded=literals.get("EMBEDDED", {}),
        seconds=literals.get("SECONDS", 1.0),
        backend=literals.get("BACKEND", False),
        figures=literals.get("FIGURES", True),
        title=literals.get("TITLE", name),
    )


def evaluation_files(root: Path | None = None) -> dict[str, Path]:
    """Evaluation to its file: latentpress' own, then those of a project."""
    folders = [FOLDER, *([root / OWN] if root is not None else [])]
    files = (file for folder in folders for file in sorted(folder.glob("*.py")))
    return {file.stem: file for file in files if read_literals(file).keys() >= {"SCOPE", "NEEDS"}}


def read_literals(path: Path) -> dict[str, Any]:
    """What a file declares at its top; nothing for a module that evaluations share.

    Raises:
        SettingsError: it is no Python, or what it declares is computed.
    """
    try:
        body = ast.parse(path.read_bytes(), str(path)).body
    except (SyntaxError, ValueError) as error:  # the latter of bytes that are no text
        line = f", line {error.lineno}" if isinstance(error, SyntaxError) and error.lineno else ""
        reason = error.msg if isinstance(error, SyntaxError) else str(error)
        raise SettingsError(f"{path}{line}: not valid Python: {reason}", "Correct that line.") from None
    found: dict[str, ast.expr] = {}
    for node in body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            found[node.targets[0].id] = node.value
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None:
            found[node.target.id] = node.value
    if not found.keys() & {"SCOPE", "NEEDS"}:
        return {}  # such names mean something else there
    return {name: _literal(name, value, path) for name, value in found.items() if name in _LITERALS}


def _literal(name: str, value: ast.expr, path: Path) -> Any:
    try:
        return ast.literal_eval(value)
    except (ValueError, TypeError):
        raise SettingsError(
            f"{path}, line {value.lineno}: {name}: found an expression, expected a value written out",
            f"Write what {name} is: it is read without running the file.",
        ) from None


def merge_settings(declared: Declaration, given: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """The evaluation's defaults with those keys replaced that a report sets.

    Args:
        declared: the evaluation.
        given: from the report's TOML.
        path: of that TOML, for messages.

    Raises:
        SettingsError: an unknown key, or a value of another type than the default's.
    """
    for key, value in given.items():
        where = f'{path}{line_of(path, [key])}: evaluation "{declared.name}": {key}'
        if key not in declared.settings:
            raise SettingsError(f"{where}: unknown key", suggestion(key, declared.settings))
        default = declared.settings[key]
        if not _same_type(value, default):
            expected = f"a value like {default!r}"
            raise SettingsError(f"{where}: found {value!r}, expected {expected}", f"Correct {key} in {path.name}.")
    return {**declared.settings, **given}


def _same_type(value: Any, default: Any) -> bool:
    if default is None:
        return True
    if isinstance(default, bool) or isinstance(value, bool):
        return isinstance(value, bool) and isinstance(default, bool)
    if isinstance(default, float):
        return isinstance(value, int | float)
    if isinstance(default, list | tuple):
        return isinstance(value, list) and (not default or all(_same_type(item, default[0]) for item in value))
    return isinstance(value, type(default))
