"""What matters of a source file: its code without comments, docstrings and layout, and what it imports."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from latentpress.errors import StageError

if TYPE_CHECKING:
    import ast

# What `ast.dump` writes differs between minor versions, and so may this module's own rules some day.
RULES = f"2-{sys.version_info.major}.{sys.version_info.minor}"


@dataclass(frozen=True, slots=True)
class Import:
    """One import statement: ``from ..a import b, c`` is level 2, module "a", names ("b", "c")."""

    level: int
    module: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """What matters of one source file.

    Attributes:
        content: SHA-256 of the file.
        code: SHA-256 of its syntax tree without comments, docstrings (of attributes, too), positions,
            TYPE_CHECKING blocks.
        imports: every import that can be executed, inside functions too.
    """

    content: str
    code: str
    imports: tuple[Import, ...]


def parse(data: bytes, path: str) -> Source:
    """Parse one source file."""
    import ast

    try:
        tree = ast.parse(data, filename=path)
        for node in ast.walk(tree):
            _drop_what_never_runs(node)
        code = hashlib.sha256(ast.dump(tree, annotate_fields=False).encode()).hexdigest()
    except RecursionError:
        raise StageError(
            f"{path}: an expression is nested too deeply to be read",
            "Split it, or read its values from a file; a sum or a chain of thousands of terms does this.",
        ) from None
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None) or 1
        raise StageError(
            f"{path}, line {line}: {getattr(error, 'msg', error)}", "Mend the file and run again."
        ) from None
    return Source(hashlib.sha256(data).hexdigest(), code, tuple(_imports(tree)))


def _drop_what_never_runs(node: ast.AST) -> None:
    import ast

    if isinstance(node, ast.If) and _is_type_checking(node.test):
        node.body = [ast.Pass()]
    elif isinstance(node, ast.Constant):
        node.kind = None  # u"" and "" are the same text
    for block in ("body", "orelse", "finalbody"):
        statements = getattr(node, block, None)
        if isinstance(statements, list) and any(map(_is_text, statements)):
            setattr(node, block, [one for one in statements if not _is_text(one)] or [ast.Pass()])


def _is_text(statement: ast.stmt) -> bool:
    """Whether a statement is a mere string: a docstring of whatever stands around or above it."""
    import ast

    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )


def _is_type_checking(test: ast.expr) -> bool:
    import ast

    name = test.attr if isinstance(test, ast.Attribute) else test.id if isinstance(test, ast.Name) else ""
    return name == "TYPE_CHECKING"


def _imports(tree: ast.AST) -> Iterator[Import]:
    import ast

    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(0, alias.name, ())
        elif isinstance(node, ast.ImportFrom):
            yield Import(node.level, node.module or "", tuple(alias.name for alias in node.names))
