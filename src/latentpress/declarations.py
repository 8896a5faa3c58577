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
_LITERALS = {"SCOPE", "NEEDS", "SETTINGS", "SMOKE", "EMBEDDED", "SECONDS", "BACKEND", "FIGURES", "TITLE"}


@dataclass(frozen=True, slots=True)
class Declaration:
    """The literals at an evaluation's top.

    Attributes:
        name: of the module.
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
    scope: Literal["model", "data", "comparison"]
    needs: tuple[str, ...]
    settings: Mapping[str, Any]
    smoke: Mapping[str, Any]
    embedded: Mapping[str, Any]
    seconds: float
    backend: bool
    figures: bool
    title: str

    @property
    def module(self) -> str:
        """The module that holds the evaluation."""
        return f"latentpress.evaluations.{self.name}"


def evaluation(name: str, folder: Path = FOLDER) -> Declaration:
    """Read one evaluation's declaration.

    Raises:
        UsageError: there is no such evaluation.
    """
    path = folder / f"{name}.py"
    if not path.exists():
        known = [file.stem for file in folder.glob("*.py") if _literals(file).keys() >= {"SCOPE", "NEEDS"}]
        raise UsageError(f'unknown evaluation "{name}"', suggestion(name, known))
    literals = _literals(path)
    return Declaration(
        name=name,
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


def _literals(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name = node.targets[0].id
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None:
            name = node.target.id
        else:
            continue
        if name in _LITERALS:
            found[name] = ast.literal_eval(node.value)  # type: ignore[arg-type]
    return found


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
