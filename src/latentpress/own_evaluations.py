"""The evaluations of a project's own, checked before anything is run: what they declare is written by users."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from latentpress.declarations import FOLDER, OWN, Declaration, evaluation, merge_settings, read_literals
from latentpress.errors import SettingsError, UsageError

SCOPES = ("model", "data", "comparison")
MATERIAL = ("data", "codes", "model")
"""What an evaluation may need beside other evaluations."""
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_KINDS: Mapping[str, tuple[type | tuple[type, ...], str]] = {
    "SCOPE": (str, 'one of "model", "data", "comparison"'),
    "NEEDS": ((tuple, list), 'a tuple of names such as ("data", "codes")'),
    "SETTINGS": (dict, 'a dict such as {"images": 20}'),
    "SMOKE": (dict, "a dict of some of SETTINGS"),
    "EMBEDDED": (dict, "a dict of some of SETTINGS"),
    "SECONDS": ((int, float), "a number"),
    "BACKEND": (bool, "True or False"),
    "FIGURES": (bool, "True or False"),
    "TITLE": (str, "a text"),
}


def check_own_evaluations(root: Path) -> None:
    """Check every evaluation in a project's ``evaluations/``.

    Raises:
        SettingsError: a file is no Python; a declaration is incomplete or of a wrong type; a name is taken or cannot be
            used; an evaluation needs what it cannot be given.
    """
    files = [path for path in sorted((root / OWN).glob("*.py")) if read_literals(path)]
    for path in files:
        _check_name(path)
        _check_types(path, read_literals(path))
        _check_function(path)
    names = {path.stem for path in files}
    for path in files:
        declared = evaluation(path.stem, root)
        for other in (declared.smoke, declared.embedded):
            merge_settings(declared, other, path)
        _check_needs(declared, path, root)
    for path in files:
        _check_circle(path, root, names)


def _check_name(path: Path) -> None:
    if not _NAME.fullmatch(path.stem) or path.stem in MATERIAL:
        raise SettingsError(
            f"{path}: found an evaluation of the name {path.stem!r}, expected lower-case letters, digits and "
            f"underscores, a letter first, and none of {', '.join(MATERIAL)}",
            "Rename the file.",
        )
    builtin = FOLDER / path.name
    if builtin.is_file() and read_literals(builtin):
        raise SettingsError(
            f'two evaluations have the name "{path.stem}": {path} and {builtin}',
            f"Rename {path}: the other belongs to latentpress.",
        )


def _check_types(path: Path, literals: Mapping[str, Any]) -> None:
    for name in ("SCOPE", "NEEDS"):
        if name not in literals:
            raise SettingsError(
                f"{path}: {name}: missing", f"Add {name} = …, {_KINDS[name][1]}, at the top of the file."
            )
    for name, value in literals.items():
        kind, expected = _KINDS[name]
        fits = isinstance(value, kind) and (kind is bool or not isinstance(value, bool))
        if name == "SCOPE":
            fits = value in SCOPES
        elif name == "NEEDS":
            fits = fits and all(isinstance(need, str) for need in value)
        if not fits:
            raise SettingsError(
                f"{path}: {name}: found {value!r}, expected {expected}",
                f"Correct {name} at the top of the file."
                + (" A single name needs a comma, too." if name == "NEEDS" else ""),
            )


def _check_function(path: Path) -> None:
    if "measure" not in _top_names(path):
        raise SettingsError(
            f"{path}: there is no function measure", "Write it: def measure(task), which returns a Result."
        )


def _top_names(path: Path) -> Iterator[str]:
    for node in ast.parse(path.read_bytes()).body:
        if isinstance(node, ast.FunctionDef):
            yield node.name
        elif isinstance(node, ast.ImportFrom):
            yield from (alias.asname or alias.name for alias in node.names)


def _check_needs(declared: Declaration, path: Path, root: Path) -> None:
    for need in declared.needs:
        if declared.scope == "data" and need != "data":
            raise SettingsError(
                f'{path}: NEEDS: found "{need}", expected "data" alone, which is all that is known of a data set',
                f"Take {need} out of NEEDS, or change SCOPE.",
            )
        if need in MATERIAL:
            continue
        try:
            scope = evaluation(need, root).scope
        except UsageError as error:
            raise SettingsError(f"{path}: NEEDS: {error.message}", error.hint) from None
        if scope == "comparison" or (scope == "data" and declared.scope == "model"):
            fitting = "of one model" + (" or of a data set" if declared.scope == "comparison" else "")
            raise SettingsError(
                f'{path}: NEEDS: found "{need}", which has the scope "{scope}", expected evaluations {fitting}',
                f"Take {need} out of NEEDS, or change SCOPE.",
            )


def _check_circle(path: Path, root: Path, own: set[str]) -> None:
    waiting: list[tuple[str, tuple[str, ...]]] = [(path.stem, (path.stem,))]
    while waiting:
        name, passed = waiting.pop()
        for need in evaluation(name, root).needs:
            if need == path.stem:
                circle = " → ".join((*passed, need))
                raise SettingsError(
                    f"{path}: NEEDS: evaluations that wait for each other: {circle}", "Break the circle."
                )
            if need in own and need not in passed:
                waiting.append((need, (*passed, need)))
