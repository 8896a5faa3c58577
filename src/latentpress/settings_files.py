"""TOML files to validated settings, with errors that name file, line, key, what was found and expected."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from latentpress.errors import SettingsError

Model = TypeVar("Model", bound=BaseModel)


def read_toml(path: Path) -> dict[str, Any]:
    """Parse one TOML file.

    Raises:
        SettingsError: it cannot be read, is not UTF-8 or is not TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read: {error.strerror}", "Restore the file.") from None
    except UnicodeDecodeError as error:
        raise SettingsError(
            f"{path}: byte {error.start} is not UTF-8, which TOML requires", "Save the file as UTF-8."
        ) from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(
            f"{path}: not valid TOML: {error}", "Correct that line; strings stand in quotes, lists in brackets."
        ) from None


def validate(model: type[Model], values: Mapping[str, Any], path: Path, within: Sequence[str] = ()) -> Model:
    """Check settings against their class.

    Args:
        model: the settings class.
        values: what the file holds, or a part of it.
        path: of the file, for the message.
        within: the keys under which that part stands, ``("criteria", "3")``.

    Raises:
        SettingsError: naming every fault with its line, what was found, what was expected and a way out.
    """
    try:
        return model.model_validate(dict(values))
    except ValidationError as error:
        faults = [_fault(path, model, fault, list(within)) for fault in error.errors(include_url=False)]
        # A key that is missing is mostly one that is misspelt, which is told as unknown beside it.
        hints = [hint for _, hint in faults]
        best = next((hint for hint in hints if hint.startswith("Did you mean")), hints[0])
        raise SettingsError("\n".join(line for line, _ in faults), best) from None


def _fault(path: Path, model: type[BaseModel], fault: Mapping[str, Any], within: list[str]) -> tuple[str, str]:
    own = [str(key) for key in fault["loc"]]
    keys = within + own
    where = f"{path}{line_of(path, keys)}: {'.'.join(keys) or 'the file'}"
    if fault["type"] == "extra_forbidden":
        known = _known_keys(model, own[:-1])
        return f"{where}: unknown key, expected one of {', '.join(sorted(known))}", suggestion(keys[-1], known)
    if fault["type"] == "missing":
        return f"{where}: missing", f"Add {keys[-1]} = … to the file."
    message = fault["msg"].removeprefix("Value error, ")
    message = message[0].lower() + message[1:]
    if fault["type"] == "value_error":
        return f"{where}: {message}", "Change one of the two."
    return f"{where}: found {fault['input']!r}; {message}", f"Correct {keys[-1]} in {path.name}."


def _known_keys(model: Any, keys: list[str]) -> list[str]:
    for key in keys:
        field = getattr(model, "model_fields", {}).get(key)
        if field is None:
            continue
        annotations = [field.annotation, *getattr(field.annotation, "__args__", ())]
        model = next((a for a in annotations if isinstance(a, type) and issubclass(a, BaseModel)), model)
    return list(model.model_fields)


def line_of(path: Path, keys: list[str]) -> str:
    """``, line N`` of a dotted key in a TOML file, or nothing where it is not written out there.

    Where the key itself is not found at its place, it is looked for inside inline tables, of the same entry of a
    list if the keys have its number (``sections.5.title``); a key that is missing there is the entry's first line.
    """
    if not any(not key.isdigit() for key in keys) or not path.exists():
        return ""
    name = next(key for key in reversed(keys) if not key.isdigit())
    key_line = re.compile(rf"""^\s*["']?(?:[\w.-]+\.)?{re.escape(name)}["']?\s*=""")
    inline = re.compile(rf"""[{{,]\s*["']?{re.escape(name)}["']?\s*=""")
    exact, within, anywhere, entry = [], [], [], []
    for number, table, line in _lines_with_tables(path):
        inside = table == keys[: len(table)]
        if table == keys or (key_line.match(line) and table == keys[:-1]):
            exact.append(number)
        elif inside and any(key.isdigit() for key in table):
            entry.append(number)
            if key_line.match(line) or inline.search(line):
                within.append(number)
        elif key_line.match(line) or inline.search(line) or (table and table[-1] == name and line.lstrip()[:1] == "["):
            anywhere.append(number)
    if any(key.isdigit() for key in keys):
        anywhere = []  # the same key of another entry
    found = exact or within or entry or anywhere
    return f", line {found[0]}" if found else ""


def _lines_with_tables(path: Path) -> Iterator[tuple[int, list[str], str]]:
    """Number, keys of the table that it stands in, and text of each line; entries of lists have numbers as keys."""
    header = re.compile(r"^\s*(\[\[?)\s*([^\]]+?)\s*\]")
    counts: dict[str, int] = {}
    table: list[str] = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if match := header.match(line):
            table = match[2].split(".")
            if match[1] == "[[":
                counts[match[2]] = counts.get(match[2], -1) + 1
                table.append(str(counts[match[2]]))
        yield number, table, line


def suggestion(word: str, known: Iterable[str]) -> str:
    """The way out for a misspelt word: the nearest known one, or the list."""
    choices = sorted(known)
    near = difflib.get_close_matches(word, choices, n=1, cutoff=0.5)
    return f'Did you mean "{near[0]}"?' if near else f"Known: {', '.join(choices) or 'none'}."


def override(values: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of nested settings with dotted keys set: ``override(v, {"training.epochs": 1})``."""
    copied: dict[str, Any] = {k: dict(v) if isinstance(v, Mapping) else v for k, v in values.items()}
    for dotted, value in changes.items():
        *groups, last = dotted.split(".")
        target = copied
        for group in groups:
            target[group] = dict(target.get(group) or {})
            target = target[group]
        target[last] = value
    return copied
